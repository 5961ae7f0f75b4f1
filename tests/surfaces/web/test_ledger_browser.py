"""Coverage, alerts and settings in a browser: a month that unfolds, a token, and who can use the pages."""

import re
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from browsing import PHONE, Open, Window, chromium, site, windows
from gallery import Gallery, filled
from postgres import Server

PATHS = (
    "/coverage", "/coverage?dataset=fx_rates", "/coverage/DE/2026-11", "/coverage/DE/2026-11-20", "/coverage/now",
    "/alerts", "/alerts/rules", "/settings",
)  # fmt: skip


@pytest.fixture(scope="module")
def address(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a shop's pages."""
    with server.copy_of(template) as url:
        now = filled(url, tmp_path_factory.mktemp("home"), Gallery(marketplaces=("DE", "JP"), days=40, nights=1))
        raise_alert(url, now)
        with site(url, now) as running:
            yield running.address


def raise_alert(url: str, now: datetime) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO sp_alerts (rule, subject, message, severity, why, done, todo, raised_at, found_at) VALUES"
            " ('late', 'JP', 'JP: 2026-11-23 is late.', 'warning', 'w', 'd', 'Run `chalkola status`.', %s, %s)",
            (now, now),
        )


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    with windows(browser, address) as open_window:
        yield open_window


@pytest.fixture
def window(opened: Open) -> Iterator[Window]:
    """A window in which nothing may go wrong."""
    one = opened()
    yield one
    assert one.wrong == []


def test_a_month_unfolds_by_the_keyboard_and_leads_to_the_story_of_a_day(window: Window) -> None:
    page = window.go("/coverage")
    page.get_by_role("link", name="DE November 2026").press("Enter")
    month = page.locator("#month")
    expect(month).to_be_focused()
    expect(month.get_by_role("heading")).to_have_text(re.compile("DE.*November 2026"))
    expect(page).to_have_url(re.compile("/coverage$"))
    month.get_by_role("link", name="October").click()
    expect(month.get_by_role("heading")).to_have_text(re.compile("October 2026"))
    month.get_by_role("link", name="20 proven").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("DE 2026-10-20"))
    expect(page.get_by_role("heading", name=re.compile("^Pull .*trends"))).to_have_count(1)


def test_what_goes_on_now_comes_by_itself_and_the_newest_months_are_in_view(opened: Open) -> None:
    window = opened(viewport=PHONE)
    page = window.go("/coverage")
    expect(page.get_by_text("Nothing is under way.")).to_be_visible()
    expect(page.get_by_role("link", name="DE November 2026")).to_be_in_viewport()
    assert window.wrong == []


def test_without_scripts_each_link_leads_to_a_page(opened: Open) -> None:
    page = opened(java_script_enabled=False).page
    page.goto(opened().address + "/coverage")
    page.get_by_role("link", name="DE November 2026").click()
    expect(page.get_by_role("link", name="20 proven")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="What is under way").click()
    expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()


def test_an_alert_is_muted_a_rule_changed_and_a_token_made_by_hand(window: Window) -> None:
    page = window.go("/alerts")
    page.get_by_role("button", name="Mute late JP").click()
    expect(page.get_by_text("muted until")).to_be_visible()
    page.get_by_role("button", name="Tell people again").click()
    expect(page.get_by_text("muted until")).to_have_count(0)
    page.get_by_role("link", name="Rules and thresholds").click()
    page.get_by_label("How long no answer was loaded").fill("36")
    page.get_by_role("button", name="Save nothing pulled").click()
    expect(page.get_by_label("How long no answer was loaded")).to_have_value("36")
    page = window.go("/settings")
    page.get_by_label("Name of the sheet").fill("Sales team")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("status").filter(has_text="Sales team").locator("code")).to_have_text(re.compile("^cs_"))


@pytest.mark.parametrize(
    "chosen",
    [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"viewport": PHONE}],
    ids=["light", "dark", "phone"],
)
def test_the_pages_can_be_used_by_everybody_and_none_is_wider_than_the_window(
    opened: Open, chosen: dict[str, object]
) -> None:
    window = opened(**chosen)
    assert [fault for path in PATHS for fault in window.faults(path)] == []
    for path in PATHS:
        page = window.go(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    assert window.wrong == []
