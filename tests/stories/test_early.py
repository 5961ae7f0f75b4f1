"""Two runs a day, as on GitHub: in the morning yesterday is there as preliminary, in the evening it is proven."""

from datetime import UTC, datetime, timedelta

from amazon_simulator import Fault
from kiosk import DAY, first_pages, right
from night import OpenShop, Shop
from truth import queries_asked_twice

MORNING = datetime(2026, 11, 20, 2, tzinfo=UTC)
EVENING = timedelta(hours=17, minutes=17)


def days(shop: Shop, state: str, code: str) -> list[str]:
    return [key.partition(" ")[2] for key, has in shop.states().items() if has == state and key.startswith(code)]


async def test_what_the_morning_has_as_preliminary_the_evening_proves(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, begin=MORNING)

    morning = await shop.night(early=True)

    assert morning.exit_code == 0
    assert days(shop, "proven", "DE") == ["2026-11-17"]
    assert days(shop, "preliminary", "DE") == ["2026-11-18"]
    assert days(shop, "due", "DE") == ["2026-11-19"], "it ended three hours ago: Amazon has nothing yet"
    assert days(shop, "preliminary", "US") == ["2026-11-18"], "in the west the 19th is not over"
    assert shop.journal == [], "no report"

    shop.clock.advance(MORNING + EVENING - shop.clock.now())
    evening = await shop.night(early=True)

    assert evening.exit_code == 0
    assert days(shop, "proven", "DE") == ["2026-11-17", "2026-11-18"]
    assert days(shop, "proven", "US") == ["2026-11-17", "2026-11-18"]
    assert days(shop, "preliminary", "US") == ["2026-11-19"]
    assert days(shop, "preliminary", "DE") == ["2026-11-19"]
    assert right(shop) == [], "the preliminary days too, as Amazon has them so far"


async def test_nothing_is_asked_twice_in_an_evening_and_a_question_serves_all_marketplaces(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, begin=MORNING + EVENING, marketplaces=("US", "CA", "DE", "AE"))
    await shop.night(early=True)
    asked = len(shop.queries)

    again = await shop.night(early=True)

    assert again.plan.pulls == ()
    assert len(shop.queries) == asked
    assert queries_asked_twice(shop.queries) == {}
    for account in ("NA", "EU"):
        by_day = [entry["start"] for entry in first_pages(shop, "children", account)]
        assert len(by_day) == len(set(by_day))


async def test_a_day_of_which_amazon_has_nothing_before_it_settles_is_neither_late_nor_taken_for_empty(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, begin=MORNING, marketplaces=("DE",))
    yesterday = shop.newest("DE") + 2 * DAY
    shop.goes_wrong(Fault(kind="no_data", account="EU", day=yesterday, times=20))

    for hours in (EVENING, DAY, DAY + EVENING):
        report = await shop.night(early=True)
        assert report.exit_code == 0, [line.reason for line in report.late]
        assert shop.line("DE", yesterday)["state"] == "due"
        shop.clock.advance(MORNING + hours - shop.clock.now())

    shop.amazon.mischief.clear()
    report = await shop.night(early=True)
    assert shop.line("DE", yesterday)["state"] == "proven"
    assert right(shop) == []
