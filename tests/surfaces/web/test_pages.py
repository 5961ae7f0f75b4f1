"""The pages as they are sent: what they say where little is there, who may do what, and files."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from chalkola.clock import JumpingClock
from openid_provider import Provider, openid_provider
from served import Served, served
from sheeting import CLOSED, DAY, NOW, Book, Database, opened

FAMILY = {"B0CHILD001": 3, "B0CHILD002": 2}


@pytest.fixture
def book(database: Database) -> Book:
    """Three weeks of Germany and the United States, of a parent with two children and a child alone."""
    book = opened(database)
    for code in ("DE", "US"):
        for n in range(21):
            day = CLOSED - n * DAY
            for dataset in ("sales_and_traffic", "daily_totals", "daily_parents"):
                book.line(code, day, dataset=dataset)
            for asin, units in FAMILY.items():
                book.row(code, day, asin, units_ordered=units, ordered_product_sales=units * 10, sessions=40)
            book.row(code, day, "B0ALONE001", "B0ALONE001", units_ordered=1, ordered_product_sales=99, sessions=9)
            book.parent_row(code, day, "B0PARENT00", sessions=70, page_views=90, buy_box_percentage=80)
            book.parent_row(code, day, "B0ALONE001", sessions=9, page_views=9, buy_box_percentage=100)
            book.total(code, day, units_ordered=6, ordered_product_sales=149, sessions=79, page_views=99)
    book.listing("DE", "=cmd|' /C calc'!A0", "B0PARENT00", title='=HYPERLINK("http://evil.example.org")')
    return book


@pytest.fixture
async def web(book: Book, database_url: str) -> AsyncIterator[Served]:
    async with served(database_url, clock=JumpingClock(NOW), pages=True) as running:
        yield running
        assert running.broken == []


async def test_a_database_without_figures_says_what_to_do_next(database_url: str) -> None:
    async with served(database_url, clock=JumpingClock(NOW), pages=True) as web:
        for path in ("/", "/products"):
            page = await web.client.get(path)
            assert page.status_code == 200
            assert "<h1>No figures yet</h1>" in page.text
            assert "chalkola pull" in page.text
            assert "data-chart" not in page.text
        assert (await web.client.get("/products/B0CHILD001")).status_code == 404
        assert web.broken == []


async def test_figures_are_a_marketplaces_own_or_of_all_in_one_currency_and_never_added_without_a_rate(
    web: Served, book: Book
) -> None:
    own = (await web.client.get("/?place=US")).text
    assert '149.00<span class="unit"> USD</span>' in own
    without = (await web.client.get("/")).text
    assert "149.00" not in without
    assert "298" not in without, "dollars and euros are not added"
    assert "no rate from USD to EUR" in without
    for n in range(60):
        book.rate("USD", CLOSED - n * DAY, 2)
        book.rate("EUR", CLOSED - n * DAY, 1)
    await asyncio.sleep(0.3)  # what was looked up a moment ago is not looked up again
    assert '223.50<span class="unit"> EUR</span>' in (await web.client.get("/")).text
    assert '447.00<span class="unit"> USD</span>' in (await web.client.get("/?currency=USD")).text


async def test_what_is_wrong_stands_above_the_figures_the_gravest_first(web: Served, book: Book) -> None:
    assert "Open alerts" not in (await web.client.get("/")).text
    for n, message in enumerate(("One is <b>late</b>", "Two", "Three", "Four")):
        book.database.execute(
            "INSERT INTO sp_alerts (rule, subject, severity, grade, message, raised_at, found_at)"
            " VALUES ('late', %s, 'warning', %s, %s, %s, %s)", (str(n), 4 - n, message, NOW, NOW),
        )  # fmt: skip
    await asyncio.sleep(0.3)  # a version is good for a moment
    page = (await web.client.get("/")).text
    assert "<li>One is &lt;b&gt;late&lt;/b&gt;</li><li>Two</li><li>Three</li>" in page
    assert "Four" not in page
    assert '<a href="/alerts">1 more, and what to do</a>' in page


async def test_what_there_is_not_is_said_in_a_sentence(web: Served) -> None:
    for path, status, says in (
        ("/?place=XX", 400, "XX"), ("/?currency=ABC", 400, "ABC"), ("/products?period=Someday", 400, "Someday"),
        ("/products?place=%3Cscript%3E", 400, "&lt;SCRIPT&gt;"), ("/products/B0NOBODY00", 404, "no product"),
        ("/products?q=nowhere", 200, "No product has “nowhere”"), ("/products.csv?period=Someday", 400, "Someday"),
    ):  # fmt: skip
        page = await web.client.get(path)
        assert page.status_code == status, path
        assert says in page.text, path
        assert "Traceback" not in page.text


async def test_htmx_gets_the_table_alone_and_the_address_of_the_view(web: Served) -> None:
    part = {"HX-Request": "true", "HX-Request-Type": "partial"}
    table = await web.client.get("/products?place=DE&period=Last+7+days&q=&size=50&versus=previous", headers=part)
    assert "<html" not in table.text
    assert table.text.lstrip().startswith('<div id="results"')
    assert table.headers["hx-push-url"] == "/products?place=DE&period=Last+7+days"
    assert "HX-Request-Type" in table.headers["vary"]
    page = await web.client.get(table.headers["hx-push-url"])
    assert table.text.strip() in page.text, "whoever opens the address sees the same table"
    children = await web.client.get("/products/B0PARENT00/children?place=DE&period=Last+7+days", headers=part)
    assert re.findall(r'<span class="code">(\w+)', children.text) == ["B0CHILD001", "B0CHILD002"]


async def test_a_products_lines_are_as_long_as_its_address_says(web: Served) -> None:
    for asked, days in (("", 122), ("&line=1+year", 366), ("&line=2+years", 731), ("&line=a+century", 122)):
        page = (await web.client.get(f"/products/B0CHILD001?place=DE{asked}")).text
        chart = json.loads(re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)[0])
        assert len(chart["days"]) == days
        assert {len(line["values"]) for metric in chart["metrics"] for line in metric.get("lines", [])} == {days}
        (chosen,) = re.findall(r'<a href="([^"]+)#days" aria-current="true">', page)
        assert (await web.client.get(chosen.replace("&amp;", "&"))).text.count(f'"{chart["days"][0]}"') >= 1


async def test_the_days_of_a_product_are_a_part_of_its_page_or_a_page(web: Served) -> None:
    path = "/products/B0CHILD001/days?place=DE&period=Last+7+days"
    page = (await web.client.get(path)).text
    part = (await web.client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})).text
    assert "<html" in page
    assert "<html" not in part
    assert part.strip() in page
    assert len(re.findall(r'<th scope="row">', part)) == 7
    assert (await web.client.get("/products/B0NOBODY00/days")).status_code == 404


async def test_what_amazon_said_first_is_a_part_of_its_page_or_a_page(web: Served, book: Book) -> None:
    book.database.execute(
        "INSERT INTO sp_restatements (dataset, scope, first_day, restated_at, pull_id, rows_added, rows_changed,"
        " rows_withdrawn, units_before, units_after)"
        " VALUES ('sales_and_traffic', 'marketplace:DE', %s, %s, 1, 0, 1, 0, 71, 73)", (CLOSED, NOW),
    )  # fmt: skip
    page = (await web.client.get("/products/B0CHILD001?place=DE")).text
    path = "/products/B0CHILD001/restated?place=DE"
    assert f'hx-get="{path}"' in page
    whole = (await web.client.get(path)).text
    part = (await web.client.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})).text
    assert "<html" in whole
    assert "<html" not in part
    assert re.findall(r'<td class="n">(\d+)</td>', part) == ["71", "73"]
    assert (await web.client.get("/products/B0NOBODY00/restated")).status_code == 404


async def test_a_table_is_paged_by_the_server(web: Served) -> None:
    first = (await web.client.get("/products?place=DE&size=1&sort=-units")).text
    assert "1–1 of 2" in first
    assert "B0PARENT00" in first
    assert "B0ALONE001" not in first
    (following,) = re.findall(r'id="page-after"[^>]* href="([^"]+)"', first)
    second = (await web.client.get(following.replace("&amp;", "&"))).text
    assert "2–2 of 2" in second
    assert "B0ALONE001" in second
    assert "page-after" not in second
    beyond = await web.client.get("/products?place=DE&size=1&page=99")
    assert beyond.status_code == 200


async def test_a_csv_file_has_all_pages_and_no_formula(web: Served) -> None:
    answer = await web.client.get("/products.csv?place=DE&size=1&m=units&period=Last+7+days")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="products_DE_2026-11-18_to_2026-11-24.csv"'
    )  # fmt: skip
    lines = answer.text.splitlines()
    assert lines[0] == "asin,title,sku,children,units,units_before,units_change"
    assert lines[1].startswith('B0PARENT00,"\'=HYPERLINK(""http://evil.example.org"")",\'=cmd|')
    assert lines[1].endswith(",2,35,35,0")
    assert lines[2] == "B0ALONE001,,,0,7,7,0"


async def test_a_product_shows_why_its_sales_changed_and_the_three_add_up(web: Served, book: Book) -> None:
    book.database.execute("UPDATE sp_daily_asin_data SET units_ordered = 6, ordered_product_sales = 66, sessions = 50"
                          " WHERE child_asin = 'B0CHILD001' AND date > %s", (CLOSED - 7 * DAY,))  # fmt: skip
    page = (await web.client.get("/products/B0CHILD001?place=DE&period=Last+7+days")).text
    changed = 7 * (66 - 30)
    assert f"+{changed:.2f} EUR" in page
    parts = re.findall(r'<span class="number">([+−]?[\d.]+)<span class="unseen"> EUR', page)
    assert len(parts) == 3
    assert sum(float(part.replace("−", "-")) for part in parts) == pytest.approx(changed, abs=0.02)
    assert '<a href="/products/B0PARENT00?place=DE&amp;period=Last+7+days">' in page
    assert "B0CHILD002" in page, "its sibling"


def token_of(page: httpx2.Response) -> str:
    return re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]


async def test_notes_are_everybodys_to_write_and_their_writers_or_an_owners_to_delete(
    book: Book, database_url: str
) -> None:
    path = "/products/B0CHILD001"
    async with (
        openid_provider() as provider,
        served(database_url, clock=JumpingClock(NOW), pages=True, sign_in=provider.sign_in()) as web,
        httpx2.AsyncClient(base_url=web.address) as ben,
        httpx2.AsyncClient(base_url=web.address) as owner,
    ):
        await signed_in(web.client, provider, "ann@example.com")
        await signed_in(ben, provider, "ben@example.com")
        await signed_in(owner, provider, "owner@example.com")
        note = {"csrf_token": token_of(await web.client.get(path)), "text": "A <b>test</b>", "day": "2026-11-20"}
        assert (await web.client.post(f"{path}/notes", data={**note, "csrf_token": ""})).status_code == 403
        written = await web.client.post(f"{path}/notes", data=note)
        assert (written.status_code, written.headers["location"]) == (303, f"{path}#notes")
        page = await ben.get(path)
        assert "A &lt;b&gt;test&lt;/b&gt;" in page.text
        assert "ann@example.com" in page.text
        assert "/delete" not in page.text
        (way,) = re.findall(r'action="([^"]+/delete)"', (await web.client.get(path)).text)
        refused = await ben.post(way, data={"csrf_token": token_of(page)})
        assert refused.status_code == 403
        assert "not yours" in refused.text
        gone = await owner.post(way, data={"csrf_token": token_of(await owner.get(path))})
        assert gone.status_code == 303
        assert "A &lt;b&gt;" not in (await web.client.get(path)).text

        for wrong in ({"text": " "}, {"text": "x" * 2001}, {"day": "1999-01-01"}, {"day": "someday"},
                      {"day": str(NOW.date() + timedelta(9))}):  # fmt: skip
            answer = await web.client.post(f"{path}/notes", data={**note, **wrong})
            assert answer.status_code == 400, wrong
            assert 'role="alert"' in answer.text
        assert web.broken == []


async def test_a_page_that_is_drawn_once_has_each_ones_own_and_nobody_elses(book: Book, database_url: str) -> None:
    async with (
        openid_provider() as provider,
        served(database_url, clock=JumpingClock(NOW), pages=True, sign_in=provider.sign_in()) as web,
        httpx2.AsyncClient(base_url=web.address) as ben,
    ):
        await signed_in(web.client, provider, "ann@example.com")
        await signed_in(ben, provider, "ben@example.com")
        for path in ("/", "/products", "/products/B0CHILD001", "/coverage"):
            hers, his, again = [(await one.get(path)).text for one in (web.client, ben, web.client)]
            assert ("ann@example.com" in hers, "ben@example.com" in hers) == (True, False)
            assert ("ann@example.com" in his, "ben@example.com" in his) == (False, True)
            tokens = [set(re.findall(r'"x-csrf-token": "([^"]+)"', one)) for one in (hers, his, again)]
            assert len(set.union(*tokens)) == 3
            assert _without_own(hers) == _without_own(his) == _without_own(again)


async def test_a_page_is_drawn_anew_each_ten_minutes_and_when_the_data_has_changed(
    book: Book, database_url: str
) -> None:
    clock = JumpingClock(NOW)
    async with served(database_url, clock=clock, pages=True) as web:
        seen = []
        for seconds in (0, 599, 1):
            clock.advance(timedelta(seconds=seconds))
            seen.append((await web.client.get("/products?place=DE")).text)
        times = [re.findall(r"As of [-\d]+ (\d\d:\d\d)", page)[0] for page in seen]
        assert times == ["12:00", "12:00", "12:10"]
        assert '<span class="code">B0PARENT00' in seen[2]
        book.database.execute("UPDATE sp_listings SET title = 'Renamed', changed_at = now()")
        await asyncio.sleep(0.3)  # a version is good for a moment
        assert "Renamed" in (await web.client.get("/products?place=DE")).text


def _without_own(page: str) -> str:
    return re.sub(r'"x-csrf-token": "[^"]+"|name="csrf_token" value="[^"]+"|(ann|ben)@example.com', "", page)


async def signed_in(client: httpx2.AsyncClient, provider: Provider, email: str) -> None:
    provider.claims["email"] = email
    left = await client.get("/sign-in/google?back=/help")
    came = await client.get(left.headers["location"])
    assert (await client.get(came.headers["location"])).status_code == 303


async def test_help_says_what_each_figure_is_and_how_a_sheet_is_connected(web: Served) -> None:
    page = (await web.client.get("/help")).text
    assert web.address in page
    assert "the price of each unit ordered times the units" in page
