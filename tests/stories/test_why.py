"""What `chalkola why` tells of days to which much has happened."""

from datetime import date, timedelta
from typing import Any

import pytest

from amazon_simulator import Fault
from chalkola.datasets import dataset
from chalkola.marketplaces import marketplace
from chalkola.surfaces.story import tell
from chalkola.surfaces.why import as_object, story_of
from kiosk import AT_ONCE, DAY
from night import OpenShop, Shop


async def told(shop: Shop, day: date, code: str = "DE", name: str = "sales_and_traffic") -> str:
    """Return the story of a day as it is printed."""
    story = await story_of(shop.settings, shop.url, dataset(name), marketplace(code), day)
    return "\n".join(tell(story))


def assert_in_order(story: str, *parts: str) -> None:
    """Every part is in the story, each after the one before."""
    place = 0
    for part in parts:
        found = story.find(part, place)
        assert found >= 0, f"{part!r} does not follow in:\n{story}"
        place = found + len(part)


async def test_a_day_that_met_everything_tells_it_in_order(shop: Shop) -> None:
    day = shop.newest("DE")
    germany: dict[str, Any] = {"account": "EU", "marketplace": "DE"}
    shop.goes_wrong(
        Fault(kind="throttled", operation="createReport", **germany),
        Fault(kind="reset_before", operation="createReport", **germany),
        Fault(kind="reset_after", operation="createReport", **germany),
        Fault(kind="unavailable_html", operation="getReport", account="EU"),
        Fault(kind="totals_differ", day=day, **germany),
    )
    await shop.night(only=["DE"])

    first = await told(shop, day)

    assert_in_order(
        first,
        f"DE {day}, sales_and_traffic: loaded: Amazon's total is the rows and +7 units",
        "It has ", " EUR, ", "by sales_and_traffic.report, asked 2026-11-20",
        "Pull 1: sales_and_traffic.report of account EU, for DE", str(day),
        "2026-11-20 02:00:00 UTC  Asked.",
        'Amazon has throttled createReport (account EU). Amazon says: "QuotaExceeded',
        "Nobody's fault: Amazon's quota.",
        "2026-11-20 02:15:00 UTC  Asked.",
        "Amazon's answer to createReport (account EU) was lost", "Whose fault: the network's.",
        "Amazon's list does not have it: it is asked once more.",
        "Asked.",
        "Amazon's answer to createReport (account EU) was lost", "Whose fault: the network's.",
        "Found in Amazon's list: ticket 5",
        "Amazon cannot answer getReport (account EU) now. HTTP 503", "Whose fault: Amazon's.",
        "Loaded ", f"kept as {shop.settings.archive}/sales_and_traffic.report/EU/{day}/1-20261120T", ".json.gz.",
        "The day is now loaded: Amazon's total is the rows and +7 units", "asked again a day later.",
        "Next: `chalkola pull` asks again, from 2026-11-21 ",
    )  # fmt: skip

    shop.clock.advance(DAY + timedelta(hours=2))
    await shop.night(only=["DE"])

    then = await told(shop, day)
    assert_in_order(
        then,
        f"DE {day}, sales_and_traffic: proven.",
        "Pull 1: ", "The day is now loaded: Amazon's total is the rows and +7 units",
        "Pull ", "Asked: Amazon's ticket is 5", "Loaded ",
        "Amazon had restated its daily_totals: units from ",
        "The day is now proven.",
        "Next: `chalkola pull` reads it again from 2026-11-2", "Amazon may restate it.",
    )  # fmt: skip
    totals = await told(shop, day, name="daily_totals")
    assert_in_order(totals, f"DE {day}, daily_totals: proven.", "Pull 1: ", "restated its daily_totals")


async def test_a_day_of_data_kiosk_tells_of_its_totals_and_of_asins_asked_by_name(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, parents=8, children=24, marketplaces=("UK", "DE"), **AT_ONCE)
    day = shop.newest("DE")

    await shop.nights(3)

    assert_in_order(
        await told(shop, day),
        f"DE {day}, sales_and_traffic: proven.",
        f": sales_and_traffic.by_asin of account EU, for UK DE {day}.",
        ": sales_and_traffic.trends of account EU, for UK DE ", " ASINs of DE by name.",
    )  # fmt: skip
    assert f", daily_totals beside it: daily_totals.by_date of account EU, for UK DE {day}." in await told(shop, day)
    verdicts = [line.partition("now ")[2] for line in (await told(shop, day)).splitlines() if " is now " in line]
    assert verdicts[-1] == "proven.", "whichever of rows and totals came later has judged them"


@pytest.mark.parametrize(
    ("fault", "whose", "says"),
    [
        ({"kind": "throttled", "operation": "getReport"}, "quota", "has throttled getReport"),
        ({"kind": "server_error", "operation": "getReport"}, "amazon", "HTTP 500"),
        ({"kind": "reset_before", "operation": "getReport"}, "network", "cannot answer getReport"),
        ({"kind": "cut_body"}, "network", "could not be downloaded whole"),
        ({"kind": "fatal"}, "amazon", "Given up. Amazon could not make report"),
        ({"kind": "missing_field"}, "amazon", "unitsOrdered"),
        ({"kind": "corrupt_gzip", "times": None}, "network", "Given up. The document"),
        ({"kind": "access_denied", "operation": "createReport", "times": None}, "account", "Brand Analytics"),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
async def test_a_failure_says_whose_fault_it_was(
    opened_shop: OpenShop, fault: dict[str, Any], whose: str, says: str
) -> None:
    shop = await opened_shop(parents=4, children=8, marketplaces=("DE",), **AT_ONCE)
    shop.goes_wrong(Fault(**fault))

    await shop.night()

    day = shop.newest("DE")
    story = await story_of(shop.settings, shop.url, dataset("sales_and_traffic"), marketplace("DE"), day)
    events = as_object(story)["pulls"][0]["events"]  # type: ignore[index]
    assert {one["whose"] for one in events} - {None} == {whose}
    assert says in "\n".join(tell(story))


async def test_a_day_that_nobody_asked_for_says_what_asks_for_it(shop: Shop) -> None:
    await shop.night(only=["DE"])
    newest = shop.newest("DE")

    assert (await told(shop, newest - 100 * DAY)).splitlines() == [
        f"DE {newest - 100 * DAY}, sales_and_traffic: never asked.", "", "Next: `chalkola backfill` asks.",
    ]  # fmt: skip
    assert (await told(shop, newest, "JP")).splitlines()[-1] == "Next: `chalkola pull` asks."
    assert "Amazon no longer answers for it" in await told(shop, date(2020, 1, 1))
    assert (await told(shop, date(2020, 1, 1))).endswith("Next: `chalkola import` takes a Business Report of it.")
    unsettled = await told(shop, newest + DAY)
    assert "not settled yet" in unsettled
    assert unsettled.endswith("Next: `chalkola pull` asks, from 2026-11-20 09:00 UTC on.")


async def test_a_pull_that_goes_on_says_what_it_waits_for_and_one_of_a_dead_worker_that_it_was_taken_over(
    shop: Shop,
) -> None:
    shop.goes_wrong(Fault(kind="slow_report", marketplace="DE", hours=5))
    day = shop.newest("DE")

    await shop.night(only=["DE"])

    waits = await told(shop, day)
    assert_in_order(
        waits, "asked: Amazon is at work on it.", "Asked: Amazon's ticket is 5",
        "Under way: waiting for Amazon to finish it (IN_PROGRESS), from 2026-11-20 0",
        "Next: `chalkola pull` goes on with it.",
    )  # fmt: skip
    shop.rows("UPDATE sp_pulls SET lease_owner = 'killed', lease_until = now() - interval '1 hour' RETURNING id")
    shop.clock.advance(6 * timedelta(hours=1))
    await shop.night(only=["DE"])
    assert_in_order(
        await told(shop, day), "proven.", "Asked: Amazon's ticket", "Taken over: whoever had it in hand is gone.",
        "Loaded ", "The day is now proven.",
    )  # fmt: skip
