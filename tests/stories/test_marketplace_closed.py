"""Amazon closes a marketplace to the seller: the others go on, people are told once, and it may come back."""

from datetime import timedelta

import pytest

from alerted import alerts, ends, night, told_shop
from amazon_simulator import Fault
from chalkola.errors import Fault as Ours
from history import open_days
from kiosk import DAY, calls, left_open, right
from night import OpenShop, Shop
from slack_server import SlackServer
from truth import queries_asked_twice

CODES = ("US", "DE", "FR")
HOUR = timedelta(hours=1)
CLOSED = {"marketplace closed/FR": True}


def states(shop: Shop, code: str) -> set[str]:
    return {state for day, state in shop.states().items() if day.startswith(code)}


async def test_a_marketplace_that_closes_overnight_is_told_once_and_its_end_once_and_leaves_no_gap(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=CODES)
    for _ in range(2):
        await night(shop)
    shop.amazon.closures.close("FR")

    for _ in range(4):
        await night(shop)

    assert [report.exit_code for report in shop.reports] == [0] * 6, "the night is complete without it"
    assert calls(shop, "createQuery", 403) == 0
    assert alerts(shop) == CLOSED
    (message,) = slack.texts
    for words in ("A marketplace is not open to us any more: FR", "Account Health", "CHALKOLA_MARKETPLACES"):
        assert words in message

    shop.amazon.closures.reopen("FR")
    for _ in range(2):
        await night(shop)

    assert ends(slack) == ["marketplace closed/FR"]
    assert len(slack.texts) == 2
    assert open_days(shop) == {}
    assert len([day for code, day in shop.loaded_days() if code == "FR"]) == 8, "it has caught up"
    assert right(shop) == []


@pytest.mark.parametrize("kiosk", [True, False], ids=["Data Kiosk", "reports"])
async def test_one_that_closes_between_two_runs_of_an_evening_does_not_take_the_others_with_it(
    opened_shop: OpenShop, slack: SlackServer, kiosk: bool
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=CODES, kiosk=kiosk)
    shop.clock.advance(2 * HOUR)
    # A day settles in between, within the hours for which we believe what Amazon says of an account.
    await night(shop, at_rest=5.5 * HOUR)
    shop.amazon.closures.close("FR")

    await night(shop, at_rest=DAY - 7.5 * HOUR)

    assert shop.reports[-1].exit_code == 0
    assert shop.faults(shop.reports[-1]) == {}, "the source is open"
    assert 0 < calls(shop, "createQuery", 403) + calls(shop, "createReport", 403) <= 3, "refused, and not hammered"
    assert shop.line("DE", shop.newest("DE"))["state"] == "proven"
    assert states(shop, "FR") == {"proven", "closed"}
    assert {row["reason"] for row in shop.rows("SELECT reason FROM sp_slices WHERE state = 'closed'")} <= {
        "Amazon does not let account EU ask for FR any more.", "closed before the story begins"}  # fmt: skip
    assert {key: is_open for key, is_open in alerts(shop).items() if "source" not in key} == CLOSED
    assert left_open(shop) == []
    assert queries_asked_twice(shop.queries) == {}
    assert right(shop) == []

    shop.amazon.closures.reopen("FR")
    for _ in range(2):
        await night(shop)

    assert open_days(shop) == {}
    assert right(shop) == []


async def test_days_that_are_late_when_a_marketplace_closes_belong_to_that(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=CODES)
    for _ in range(2):
        await night(shop)
    shop.goes_wrong(Fault(kind="fatal", marketplace="FR", times=None))
    for _ in range(2):
        await night(shop)
    assert alerts(shop)["late/FR"]
    shop.amazon.mischief.clear()
    shop.amazon.closures.close("FR")
    await night(shop)

    assert alerts(shop)["marketplace closed/FR"]
    assert alerts(shop)["late/FR"], "its days are not here"
    assert not [end for end in ends(slack) if end.endswith("FR")]

    shop = shop.set(CHALKOLA_MARKETPLACES="US,DE")
    await night(shop)

    assert not any(is_open for name, is_open in alerts(shop).items() if name.endswith("FR"))
    assert sorted(end for end in ends(slack) if end.endswith("FR")) == ["late/FR", "marketplace closed/FR"]


async def test_one_that_the_settings_name_is_a_fault_of_its_own_and_the_others_go_on(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=CODES, environment={"CHALKOLA_MARKETPLACES": "US,DE,FR"})
    await shop.nights(1)
    shop.amazon.closures.close("FR")

    (report,) = await shop.nights(1)

    assert report.exit_code == 1
    fault = shop.faults(report)["marketplace:FR"]
    assert isinstance(fault, Ours)
    assert "CHALKOLA_MARKETPLACES names FR, and no refresh token opens it." in str(fault)
    assert shop.line("DE", shop.newest("DE") - DAY)["state"] == "proven"
    assert (await shop.set(CHALKOLA_MARKETPLACES="US,DE").night()).exit_code == 0
    assert right(shop) == []


async def test_one_that_closes_in_the_middle_of_a_backfill_ends_as_what_it_has_and_the_others_are_filled(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE", "FR"), parents=4, children=10, processing_seconds=0)

    class Closes:
        def __init__(self) -> None:
            self.steps = 0

        def claimed(self, pull: object) -> None: ...

        def waiting(self, until: object) -> None: ...

        def planned(self, outlook: object) -> None: ...

        def stepped(self, pull: object, ended: object) -> None:
            self.steps += 1
            if self.steps == 6:
                shop.amazon.closures.close("FR")

    report = await shop.backfill(days=200, observer=Closes())

    assert report.worked.why_left is None
    assert report.worked.faults == {}
    assert {name for name in open_days(shop) if "marketplace:DE" in name} == set()
    assert states(shop, "FR") - {"proven"} <= {"closed", "due", "loaded"}
    assert left_open(shop) == []
    assert not [wrong for wrong in right(shop) if wrong.startswith("DE")]
    shop.amazon.closures.reopen("FR")
    shop.clock.advance(DAY)

    await shop.backfill(days=201)

    assert open_days(shop) == {}
    assert right(shop) == []


async def test_what_was_left_open_of_a_marketplace_that_closes_waits_for_nothing(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE", "FR"), kiosk=False)
    await night(shop)
    shop.goes_wrong(Fault(kind="server_error", operation="createReport", marketplace="FR", times=None))
    await night(shop)
    assert alerts(shop)["outage/Amazon"]
    shop.amazon.closures.close("FR")

    await night(shop)

    assert not alerts(shop)["outage/Amazon"]
    assert alerts(shop)["marketplace closed/FR"]
    assert left_open(shop) == []
