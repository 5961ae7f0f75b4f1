"""The pages in a browser: the walk of a morning, what is typed into them, who can use them, and what they weigh."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect
from psycopg.rows import dict_row
from python_calamine import CalamineWorkbook

from browsing import PHONE, Open, Window, chromium, site, windows
from gallery import Gallery, filled
from postgres import Server

EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>"\'{{7*7}}'


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A shop whose pages are served."""

    url: str
    address: str
    now: datetime

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask its database."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def shop(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with server.copy_of(template) as url:
        now = filled(url, tmp_path_factory.mktemp("home"), Gallery())
        with site(url, now) as running:
            yield Shop(url=url, address=running.address, now=now)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, shop: Shop) -> Iterator[Open]:
    with windows(browser, shop.address) as open_window:
        yield open_window


@pytest.fixture
def window(opened: Open) -> Iterator[Window]:
    """A window in which nothing may go wrong."""
    one = opened()
    yield one
    assert one.wrong == []


def a_parent(shop: Shop) -> str:
    """Return the parent with most children."""
    (found,) = shop.rows(
        "SELECT parent_asin FROM sp_daily_asin_data GROUP BY 1 ORDER BY count(DISTINCT child_asin) DESC, 1 LIMIT 1"
    )
    return str(found["parent_asin"])


def test_the_walk_of_a_morning(window: Window, shop: Shop) -> None:
    page = window.go("/?place=DE")
    (total,) = shop.rows(
        "SELECT t.units_ordered AS units FROM sp_daily_totals t JOIN marketplaces m ON m.id = t.marketplace_id"
        " JOIN sp_slices s ON (s.dataset, s.scope, s.first_day) = ('sales_and_traffic', 'marketplace:DE', t.date)"
        " WHERE m.code = 'DE' AND s.state IN ('proven', 'differs') ORDER BY t.date DESC LIMIT 1"
    )
    closed = page.get_by_role("region", name="Last closed day")
    assert closed.locator(".figure").first.inner_text() == f"{total['units']:,}"
    expect(page.get_by_role("region", name="Month to date")).to_be_visible()
    expect(page.get_by_role("region", name="Yesterday")).to_contain_text("due 2026-11-27 09:00 UTC")
    page.get_by_role("navigation", name="Marketplace").get_by_role("link", name="JP").click()
    expect(page.get_by_role("region", name="Yesterday").get_by_text("preliminary", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="Marketplace").get_by_role("link", name="All").click()

    page.get_by_role("navigation", name="Held against").get_by_role("link", name="Period before").click()
    expect(page).to_have_url(re.compile("versus=previous"))
    page.get_by_role("navigation", name="Movers of").get_by_role("link", name="Month to date").click()
    window.drawn()
    worst = page.get_by_role("region", name="Down").get_by_role("link").first
    name = worst.inner_text()
    worst.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("heading", name="Why sales changed")).to_be_visible()
    page.get_by_text("The period in a table").click()
    expect(page.get_by_role("region", name="Days").get_by_role("row").nth(1)).to_be_visible()
    page.locator("#about-sales").evaluate("(note) => note.showPopover()")
    expect(page.locator("#about-sales").get_by_role("link", name="How fresh each day is")).to_have_attribute(
        "href", "/coverage"
    )


def test_a_table_is_searched_sorted_and_unfolded_and_each_view_is_an_address(window: Window, shop: Shop) -> None:
    parent = a_parent(shop)
    page = window.go("/products?place=DE")
    rows = page.locator("tbody tr")
    before = rows.count()
    page.get_by_label("Search").fill(parent[:8].lower())
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(rf"place=DE&q={parent[:8].lower()}$"))
    expect(page.locator("#told")).to_contain_text("One product")

    page.get_by_role("button", name=re.compile("The .* of")).click()
    children = page.locator("tr.child")
    expect(children.first).to_be_visible()
    assert children.count() > 1
    page.get_by_role("button", name=re.compile("The .* of")).click()
    expect(children).to_have_count(0)

    page.get_by_label("Search").fill("")
    expect(rows).to_have_count(before)
    page.get_by_role("link", name="Units").click()
    expect(page.get_by_role("columnheader", name="Units")).to_have_attribute("aria-sort", "descending")
    assert page.evaluate("document.activeElement.id") == "by-units", "the focus stays where it was"
    units = [int(text.replace(",", "")) for text in column(page, "Units")[1:]]
    assert units == sorted(units, reverse=True)
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="Page views").check()
    expect(page.get_by_role("columnheader", name="Page views")).to_be_visible()
    address, shown = page.url, page.locator("table").inner_text()
    page.goto("about:blank")
    page.goto(address)
    assert page.locator("table").inner_text() == shown, "whoever is given the address sees the same"
    page.get_by_label("Period", exact=True).select_option("CUSTOM")
    expect(page.get_by_label("From")).to_be_visible()
    page.get_by_label("From").fill("2026-11-10")
    expect(page.locator("#results .card-head")).to_contain_text("10–")
    page.go_back()
    expect(page).not_to_have_url(re.compile("2026-11-10"))


def column(page: Page, name: str) -> list[str]:
    """Return a column's figures, without their changes."""
    heads = page.locator("thead th").all_inner_texts()
    place = next(n for n, text in enumerate(heads) if text.startswith(name))
    texts: list[str] = page.locator("tbody tr").evaluate_all(
        "(rows, n) => rows.map((row) => row.cells[n].childNodes[0].textContent.trim())", place
    )
    return texts


def test_what_is_downloaded_is_what_is_shown(window: Window, shop: Shop) -> None:
    page = window.go("/products?place=DE&m=sales&m=units&sort=units&size=25")
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as begun:
        page.get_by_role("link", name="Excel").click()
    download = begun.value
    assert re.fullmatch(r"products_DE_\d{4}-\d\d-\d\d_to_\d{4}-\d\d-\d\d\.xlsx", download.suggested_filename)
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(Path(download.path()).read_bytes())).get_sheet_by_index(0)
    head, *rows = sheet.to_python()
    assert head[:6] == ["asin", "title", "sku", "children", "sales_eur", "sales_eur_before"]
    shown = page.locator("tbody tr:not(.total) .product-name .code").all_inner_texts()
    assert [str(row[0]) for row in rows] == [text.partition(" ")[0] for text in shown]
    assert [f"{row[4]:,.2f}" for row in rows] == column(page, "Sales")[1:]
    assert [f"{row[7]:,.0f}" for row in rows] == column(page, "Units")[1:]


def test_text_of_amazons_and_of_people_is_text(window: Window, shop: Shop) -> None:
    parent = a_parent(shop)
    shop.rows("UPDATE sp_listings SET title = %s WHERE asin = %s RETURNING 1", EVIL, parent)
    for path in ("/", "/products", f"/products/{parent}"):
        page = window.go(path)
        assert page.evaluate("window.evil") is None, path
        assert page.locator("main img, main script:not([type='application/json'])").count() == 0, path
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    page.get_by_label("What happened").fill(EVIL)
    page.get_by_role("button", name="Write it down").click()
    expect(page.locator(".notes .text")).to_have_text(EVIL)
    assert page.evaluate("window.evil") is None

    page = window.go("/products")
    page.get_by_label("Search").fill(EVIL)
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody .title")).to_have_text(EVIL)
    page.get_by_label("Search").fill(f"{EVIL}!")
    expect(page.locator("#results")).to_contain_text(f"No product has “{EVIL}!”")
    page.goto(page.url)
    assert page.evaluate("window.evil") is None
    assert page.get_by_label("Search").input_value() == f"{EVIL}!"
    shop.rows("UPDATE sp_listings SET title = 'A plain one' WHERE asin = %s RETURNING 1", parent)


def test_nobody_is_kept_out(opened: Open, shop: Shop) -> None:
    usual = ("/", "/products", f"/products/{a_parent(shop)}", "/coverage", "/alerts", "/settings")
    looks: tuple[tuple[dict[str, Any], tuple[str, ...]], ...] = (
        ({"color_scheme": "light"}, (*usual, "/?place=JP&versus=year_ago&of=month", "/help", "/nothing")),
        ({"color_scheme": "dark"}, usual),
        ({"viewport": PHONE}, usual),
    )
    faults = []
    for chosen, paths in looks:
        window = opened(**chosen)
        for path in paths:
            faults += window.faults(path)
    assert faults == []


def test_a_word_is_explained_by_mouse_and_by_keyboard(window: Window) -> None:
    page = window.go("/")
    word, note = page.get_by_role("button", name="Sales").first, page.locator("#about-sales")
    word.hover()
    expect(note).to_be_visible()
    expect(note).to_contain_text("the price of each unit ordered times the units")
    page.mouse.move(5, 400)
    expect(note).to_be_hidden()
    word.focus()
    page.keyboard.press("Enter")
    expect(note).to_be_visible()
    page.keyboard.press("Escape")
    expect(note).to_be_hidden()
    page.goto(page.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_what_cannot_be_shown_is_said_and_what_was_shown_stays(opened: Open) -> None:
    page = opened().go("/products?place=DE&period=CUSTOM&start=2026-11-10&end=2026-11-16")
    shown = page.locator("table").inner_text()
    page.get_by_label("From").fill("2026-11-20")
    expect(page.locator("#said")).to_contain_text("The start 2026-11-20 is after the end 2026-11-16")
    assert page.locator("table").inner_text() == shown


def test_a_table_is_searched_and_sorted_without_a_script(opened: Open, shop: Shop) -> None:
    page = opened(java_script_enabled=False).page
    page.goto(f"{shop.address}/products?place=DE")
    page.get_by_label("Search").fill(a_parent(shop))
    page.get_by_label("Search").press("Enter")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Units").click()
    expect(page.get_by_role("columnheader", name="Units")).to_have_attribute("aria-sort", "descending")


def test_no_page_is_wider_than_a_phone(opened: Open, shop: Shop) -> None:
    window = opened(viewport=PHONE, has_touch=True, is_mobile=True)
    for path in ("/", "/products", f"/products/{a_parent(shop)}", "/coverage", "/alerts", "/settings", "/help"):
        wide = window.go(path).evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], path
    assert window.wrong == []


def test_light_and_dark_are_chosen_and_kept_and_charts_follow(window: Window) -> None:
    page = window.go("/")
    colour = "getComputedStyle(document.body).backgroundColor"
    light, drawing = page.evaluate(colour), page.locator("canvas").first.evaluate("(one) => one.toDataURL()")
    page.get_by_role("button", name="Light or dark").click()
    assert page.evaluate(colour) != light
    assert page.locator("canvas").first.evaluate("(one) => one.toDataURL()") != drawing
    window.go("/products")
    assert page.evaluate(colour) != light


def test_what_a_page_weighs(shop: Shop) -> None:
    with httpx2.Client(base_url=shop.address, headers={"Accept-Encoding": "gzip"}) as client:
        for path in ("/", "/products", f"/products/{a_parent(shop)}"):
            page = weight(client, path)
            files = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get(path).text))
            assert page < 60_000, path
            assert page + sum(weight(client, name) for name in files) < 500_000, path


def weight(client: httpx2.Client, path: str) -> int:
    """Return how many bytes are sent."""
    with client.stream("GET", path) as answer:
        return sum(len(piece) for piece in answer.iter_raw())
