"""Coverage: what the pages show of a ledger that nights of the simulator have filled."""

import gzip
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import psycopg

from amazon_simulator import Fault
from night import OpenShop, Shop
from served import Served, served

MOST_BYTES = 60_000


@asynccontextmanager
async def looking_at(shop: Shop) -> AsyncIterator[Served]:
    async with served(shop.url, pages=True, clock=shop.clock) as web:
        yield web


def text_of(html: str) -> str:
    """Return what a page says, without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


async def test_the_calendar_says_what_is_held_of_each_month_and_leads_to_its_days_and_stories(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=("US", "DE", "JP"))
    await shop.nights(2)
    newest = max(day for code, day in shop.loaded_days() if code == "DE")
    async with looking_at(shop) as web:
        page = (await web.client.get("/coverage")).text
        month = f"/coverage/DE/{newest:%Y-%m}?dataset=sales_and_traffic"
        (label,) = re.findall(rf'href="{re.escape(month)}" aria-label="([^"]+)"', page)
        assert re.fullmatch(rf"DE {newest:%B %Y}: \d+ proven, \d+ never asked, \d+ not settled", label), label
        assert '<path class="b-proven"' in page
        days = (await web.client.get(month)).text
        story = f"/coverage/DE/{newest}?dataset=sales_and_traffic"
        assert re.search(rf'class="k-proven" href="{re.escape(story)}"', days)
        told = text_of((await web.client.get(story)).text)
        assert web.broken == []
    assert f"DE {newest}, sales_and_traffic: proven." in told
    assert "Amazon's ticket is" in told
    assert "Loaded" in told
    assert "chalkola pull reads it again from" in told, "a command is code, without its ticks"


async def test_a_months_part_is_sent_alone_to_a_page_that_unfolds_it(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    await shop.night()
    async with looking_at(shop) as web:
        part = (await web.client.get("/coverage/DE/2026-11", headers={"HX-Request": "true"})).text
        whole = (await web.client.get("/coverage/DE/2026-11")).text
    assert "<html" not in part
    assert part.strip() in whole


async def test_what_goes_wrong_is_told_in_the_days_story_and_in_what_goes_on_now(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    shop.goes_wrong(Fault(kind="throttled", operation="createReport", times=1))
    await shop.night()
    async with looking_at(shop) as web:
        told = text_of((await web.client.get(f"/coverage/DE/{shop.newest('DE')}")).text)
        now = text_of((await web.client.get("/coverage/now")).text)
    assert "Nobody's fault: Amazon's quota." in told
    assert "Nothing is under way." in now
    assert "Next to ask: DE" in now
    assert "Account EU DE" in now
    assert re.search(r"\w+ \d+ \d+ of \d+ at once", now)


async def test_datasets_are_switched_and_what_belongs_to_no_marketplace_has_a_row_of_its_own(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    await shop.night(datasets=("sales_and_traffic", "daily_totals", "fx_rates"))
    async with looking_at(shop) as web:
        rates = (await web.client.get("/coverage?dataset=fx_rates")).text
        story = await web.client.get("/coverage/world/2026-11-18?dataset=fx_rates")
    assert re.search(r'aria-label="world November 2026: \d+ proven', rates)
    assert "DE November 2026" not in rates
    assert "/coverage/world/2026-11-18?dataset=fx_rates" in story.text


async def test_what_is_not_there_is_said(database_url: str) -> None:
    async with served(database_url, pages=True) as web:
        empty = await web.client.get("/coverage")
        assert empty.status_code == 200
        assert "No account was ever seen" in (await web.client.get("/coverage/now")).text
        for path in (
            "/coverage/XX/2026-11", "/coverage/DE/2026-13", "/coverage/DE/never", "/coverage/DE/2199-01-01",
            "/coverage/DE/2199-01", "/coverage/DE/0001-01-01", "/coverage/DE/2026-11-20?dataset=fx_rates",
            "/coverage?dataset=none", "/coverage/%3Cscript%3E/2026-11",
        ):  # fmt: skip
            assert (await web.client.get(path)).status_code == 404, path
        assert web.broken == []


async def test_two_years_of_twelve_marketplaces_are_a_light_page(
    database_url: str, database: psycopg.Connection[Any]
) -> None:
    database.execute(
        "INSERT INTO sp_slices (dataset, scope, first_day, state)"
        " SELECT 'sales_and_traffic', 'marketplace:' || code, current_date - n,"
        " (ARRAY['proven', 'proven', 'differs', 'empty', 'loaded', 'failed'])[1 + (n * 7 + ascii(code)) %% 6]"
        " FROM unnest(%s::text[]) code, generate_series(0, 760) n",
        (["US", "CA", "MX", "BR", "UK", "DE", "FR", "IT", "ES", "AE", "AU", "JP"],),
    )
    async with served(database_url, pages=True) as web:
        answer = await web.client.get("/coverage", headers={"Accept-Encoding": "gzip"})
    assert len(gzip.compress(answer.content, 5)) < MOST_BYTES
    assert len(re.findall('<a href="/coverage/[A-Z]', answer.text)) == 12 * 25
