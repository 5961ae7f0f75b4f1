"""The pictures of docs/dashboard.md: `python tests/pictures.py` fills a shop (minutes), or looks at a filled database
that is named, and draws each page light, dark and on a phone into docs/pictures/.

    python tests/pictures.py [--url postgresql://…] [--only today,products]
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from browsing import PHONE, Window, chromium, site, windows
from gallery import NOW, Gallery, filled
from postgres import migrated, running_server

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
SHOP = Gallery(
    marketplaces=("US", "UK", "DE", "FR", "JP"), parents=24, children=80, days=400, parent_days=75, nights=7
)
_WINDOW = {"width": 1180, "height": 740}
_LOOKS = {
    "light": {"viewport": _WINDOW, "color_scheme": "light"},
    "dark": {"viewport": _WINDOW, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "color_scheme": "light", "is_mobile": True, "has_touch": True},
}  # fmt: skip


def pages(url: str) -> dict[str, str]:
    """Return each page's name and path."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT child_asin FROM sp_daily_asin_data WHERE date > (SELECT max(date) - 30 FROM sp_daily_asin_data)"
            " GROUP BY 1 ORDER BY sum(units_ordered) DESC, 1 LIMIT 1"
        ).fetchone()
    assert found is not None
    return {
        "today": "/", "products": "/products", "product": f"/products/{found[0]}?place=DE", "coverage": "/coverage",
        "story": "/coverage/DE/2026-11-20", "alerts": "/alerts", "settings": "/settings",
    }  # fmt: skip


@contextmanager
def shop(url: str | None) -> Iterator[str]:
    """Give a filled database."""
    if url is not None:
        yield url
        return
    with running_server() as server, tempfile.TemporaryDirectory() as home:
        server.execute("CREATE DATABASE {}", "pictures")
        asyncio.run(migrated(server.direct_url_of("pictures")))
        filled(server.url_of("pictures"), Path(home), SHOP)
        happen(server.url_of("pictures"))
        yield server.url_of("pictures")


def happen(url: str) -> None:
    """Have something to tell: a day that was given up, which is late, and a sheet that asks."""
    late = (
        "JP: 2026-11-12 should be here by now, and is 12 days late.", "Amazon gave the report up (FATAL).",
        "Every run asks for it again; what came in of other days and marketplaces is there.",
        "Nothing, if the next run brings it. Else `chalkola status` says why, and when it is asked next.",
    )  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE sp_slices SET state = 'failed', reason = 'Amazon gave the report up (FATAL).'"
            " WHERE (scope, first_day) = ('marketplace:JP', date '2026-11-12')"
        )
        connection.execute(
            "INSERT INTO sp_alerts (rule, subject, severity, message, why, done, todo, raised_at, found_at)"
            " VALUES ('late', 'JP', 'warning', %s, %s, %s, %s, %s, %s)",
            (*late, NOW, NOW),
        )
        connection.execute("SELECT sp_new_sheet_token('Sales team', %s)", (NOW,))


def draw(window: Window, name: str, path: str, look: str) -> None:
    """Draw a page as it is seen first."""
    page = window.go(path)
    if name == "products" and look != "phone":
        page.locator(".unfold").first.click()
        page.locator("tr.child").first.wait_for()
        page.mouse.move(0, 0)
    if name == "coverage":
        page.get_by_text("Nothing is under way.").wait_for()
        if look != "phone":
            page.get_by_role("link", name="JP November 2026").click()
            page.locator("#month h2").wait_for()
            page.evaluate("scrollTo(0, 0)")
    target = PICTURES / f"dashboard-{name}-{look}.png"
    page.screenshot(path=target)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


def main() -> None:
    """Draw them."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--url")
    asked.add_argument("--only", default="")
    chosen = asked.parse_args()
    with (
        shop(chosen.url) as url,
        site(url, NOW) as running,
        chromium() as browser,
        windows(browser, running.address) as opened,
    ):
        for look, settings in _LOOKS.items():
            window = opened(**settings)
            for name, path in pages(url).items():
                if name in (chosen.only.split(",") if chosen.only else (name,)):
                    draw(window, name, path, look)


if __name__ == "__main__":
    main()
