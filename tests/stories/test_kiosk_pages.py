"""Answers of several pages: each costs a query, and nothing is loaded before the last of them is there."""

import asyncio
from typing import Any

import pytest

from amazon_simulator import Fault
from chalkola.store.pulls import Claimed
from kiosk import BY_ASIN, DAY, asked, calls, first_pages, left_open, not_proven, right, said
from night import OpenShop, Shop, Silent
from truth import queries_asked_twice

PAGED: dict[str, Any] = {"query_page_rows": 20, "processing_seconds": 0, "marketplaces": ("UK", "DE", "JP")}


class Watching(Silent):
    """Notes how many rows are there whenever a step is over, and what the pull was at."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.seen: list[tuple[int, str, int]] = []

    def stepped(self, pull: Claimed, ended: object) -> None:
        if pull.source == "sales_and_traffic.by_asin" and pull.account == "EU":
            rows = self.shop.rows("SELECT count(*) FROM sp_daily_asin_data WHERE currency_code <> 'JPY'")
            self.seen.append((len(pull.pages), "over" if ended else "on its way", rows[0]["count"]))


async def test_an_answer_of_several_pages_is_loaded_after_its_last_page(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    watching = Watching(shop)

    report = await shop.night(observer=watching)

    assert report.exit_code == 0
    rows = shop.rows("SELECT count(*) FROM sp_daily_asin_data WHERE currency_code <> 'JPY'")[0]["count"]
    pages = -(-rows // 20)
    assert pages >= 4
    assert asked(shop, "EU")["children"] == pages, "a query for each page"
    assert {count for _, state, count in watching.seen if state == "on its way"} == {0}, "nothing is half loaded"
    assert [count for _, state, count in watching.seen if state == "over"] == [rows]
    (pull,) = shop.rows("SELECT * FROM sp_pulls WHERE source = 'sales_and_traffic.by_asin' AND account = 'EU'")
    assert len(pull["pages"]) == len(pull["page_tickets"]) == pages - 1
    assert len({*pull["page_tickets"], pull["ticket"]}) == pages
    assert queries_asked_twice(shop.queries) == {}
    assert calls(shop, "createQuery", 202) == len(shop.queries)
    assert right(shop) == []
    assert not_proven(shop) == {}


async def test_several_nights_of_pages_equal_the_truth(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, restated=0.1, **PAGED)
    for _ in range(3):
        before = len(shop.queries)
        await shop.nights(1)
        assert queries_asked_twice(shop.queries[before:]) == {}
    assert asked(shop)["trends"] > 2
    assert left_open(shop) == []
    assert right(shop) == []


async def test_a_token_that_is_never_taken_ends_the_pull_after_a_few_beginnings(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    shop.goes_wrong(Fault(kind="page_token_expired", account="EU", query=BY_ASIN, times=None))

    report = await shop.night()

    assert report.exit_code == 3
    refused = calls(shop, "createQuery", 400)
    pulls = shop.rows("SELECT * FROM sp_pulls WHERE account = 'EU' AND stage = 'refused'")
    assert {pull["source"] for pull in pulls} == {"sales_and_traffic.by_asin", "daily_parents.by_asin"}
    assert refused == 4 * len(pulls), "four beginnings each"
    assert all("next page" in pull["failure"] for pull in pulls)
    assert left_open(shop) == []
    assert shop.rows("SELECT FROM sp_daily_asin_data WHERE currency_code = 'EUR'") == [], "nothing is half loaded"

    shop.amazon.mischief.clear()
    shop.clock.advance(DAY)
    await shop.night()
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_token_that_has_expired_starts_again_from_the_first_page(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    shop.goes_wrong(Fault(kind="page_token_expired", account="EU", query=BY_ASIN, skip=1))

    report = await shop.night()

    assert report.exit_code == 0
    assert calls(shop, "createQuery", 400) == 1
    firsts = [*first_pages(shop, "children", "EU"), *first_pages(shop, "parents", "EU")]
    assert len(firsts) == 3, "one of the two from its first page twice"
    (pull,) = shop.rows("SELECT * FROM sp_pulls WHERE setbacks > 0")
    assert (pull["setbacks"], pull["stage"]) == (1, "loaded")
    assert right(shop) == []
    assert not_proven(shop) == {}


async def test_a_token_that_amazon_forgets_over_night_starts_again_from_the_first_page(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **PAGED, page_token_hours=1.0)
    stop = asyncio.Event()

    class StopsAtThePages(Silent):
        def stepped(self, pull: Claimed, ended: object) -> None:
            if pull.pages:
                stop.set()

    await shop.night(observer=StopsAtThePages(), stop=stop)
    assert shop.rows("SELECT FROM sp_pulls WHERE finished_at IS NULL AND page_token IS NOT NULL")
    shop.clock.advance(DAY)

    report = await shop.night()

    assert report.exit_code == 0
    assert calls(shop, "createQuery", 400) > 0
    assert left_open(shop) == []
    assert not_proven(shop) == {}
    assert right(shop) == []


@pytest.mark.parametrize("after", [1, 2, 3, 4])
async def test_a_run_stopped_between_pages_goes_on_where_it_was(opened_shop: OpenShop, after: int) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    stop = asyncio.Event()

    class StopsAfterPages(Silent):
        def stepped(self, pull: Claimed, ended: object) -> None:
            if pull.source == "sales_and_traffic.by_asin" and len(pull.pages) >= after:
                stop.set()

    report = await shop.night(observer=StopsAfterPages(), stop=stop)
    assert report.exit_code == 0
    assert left_open(shop), "stopped in good order, with the rest in the ledger"

    again = await shop.night()

    assert again.exit_code == 0
    assert queries_asked_twice(shop.queries) == {}
    assert left_open(shop) == []
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_page_whose_answer_was_lost_is_found_among_its_sisters(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    shop.goes_wrong(
        Fault(kind="lost_answer", operation="createQuery", account="EU", query=BY_ASIN, skip=1),
        Fault(kind="reset_after", operation="createQuery", account="EU", query=BY_ASIN, skip=3),
    )
    report = await shop.night()
    assert report.exit_code == 0
    assert queries_asked_twice(shop.queries) == {}
    assert {row["lost_asks"] for row in shop.rows("SELECT lost_asks FROM sp_pulls")} == {0}
    assert not_proven(shop) == {}
    assert right(shop) == []


@pytest.mark.parametrize("kind", ["fatal", "broken_line", "truncated_gzip", "cut_body"])
async def test_a_page_that_goes_wrong_loads_nothing_of_its_answer_until_it_comes_right(
    opened_shop: OpenShop, kind: str
) -> None:
    shop = await opened_shop(kiosk=True, **PAGED)
    shop.goes_wrong(Fault(kind=kind, account="EU", query=None if "_" in kind and kind != "broken_line" else BY_ASIN,
                          skip=2))  # fmt: skip
    report = await shop.night()
    if report.exit_code:
        assert report.exit_code == 3
        assert shop.line("DE", shop.newest("DE"))["state"] == "failed"
        assert "FATAL" in said(shop) or "not JSON" in said(shop)
        assert shop.rows("SELECT FROM sp_daily_asin_data WHERE currency_code <> 'JPY'") == []
        shop.amazon.mischief.clear()
        shop.clock.advance(DAY)
        assert (await shop.night()).exit_code == 0
    assert (kind in ("fatal", "broken_line")) == (report.exit_code == 3)
    assert left_open(shop) == []
    assert not_proven(shop) == {}
    assert right(shop) == []
