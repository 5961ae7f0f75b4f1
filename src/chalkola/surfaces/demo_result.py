"""What the demo tells in the end: the day in every marketplace, what the wait was, and what to try next."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chalkola.marketplaces import MARKETPLACES
from chalkola.pipeline.run import Report
from chalkola.settings import read_home
from chalkola.store.overview import DayFigures
from chalkola.surfaces import screen, words
from chalkola.surfaces.pulling import show_faults

_QUERIES = (
    (
        "The best sellers",
        "select m.code, d.child_asin, d.units_ordered, d.ordered_product_sales, d.currency_code"
        " from sp_daily_asin_data d join marketplaces m on m.id = d.marketplace_id"
        " order by d.units_ordered desc, d.child_asin limit 10",
    ),
    (
        "What a family of variations saw, which its children do not add up to",
        "select m.code, p.parent_asin, p.sessions, sum(d.sessions) as sessions_of_its_children, p.units_ordered"
        " from sp_daily_parent_data p join sp_daily_asin_data d using (date, marketplace_id, parent_asin)"
        " join marketplaces m on m.id = p.marketplace_id group by p.id, m.code order by p.sessions desc limit 10",
    ),
    (
        "How many visits end in a purchase",
        "select m.code, t.date, t.sessions, t.units_ordered,"
        " round(100.0 * t.units_ordered / nullif(t.sessions, 0), 1) as units_per_100_sessions"
        " from sp_daily_totals t join marketplaces m on m.id = t.marketplace_id order by 5 desc",
    ),
    (
        "The ledger: what was asked, when, and whether it adds up to Amazon's own total",
        "select s.scope, s.first_day, s.state, s.row_count, p.intended_at, p.finished_at"
        " from sp_slices s join sp_pulls p on p.id = s.pull_id"
        " where s.dataset = 'sales_and_traffic' order by p.intended_at",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a demo did. `asked_at` is Amazon's time, `took` ours."""

    report: Report
    figures: Sequence[DayFigures]
    asked_at: Sequence[datetime]
    took: timedelta


def tell(console: Console, shown: Shown, speed: float) -> None:
    """Print the result."""
    screen.show(console, _table(shown.figures))
    for sentence in _the_wait(shown, speed):
        console.print(sentence, soft_wrap=True)
    show_faults(console, shown.report)
    if shown.report.worked.stopped:
        console.print("\nStopped in good order. `demo` once more goes on where this one was.", soft_wrap=True)
    console.print("\nWorth trying:", style="bold")
    for title, query in _QUERIES:
        console.print(f"\n{title}:", style="dim")
        screen.say(f'  {program()} psql --demo -c "{query}"')
    if (home := read_home()) != read_home({}):
        console.print(f"\n(with CHALKOLA_HOME={home}, as it is set now)", style="dim", soft_wrap=True)
    console.print("\nThe database stays up until you stop it:", style="dim")
    screen.say(f"  {program()} stop")


def program() -> str:
    """Return how this very program can be called from here: by its name where it is on the PATH."""
    if shutil.which("chalkola"):
        return "chalkola"
    called = Path(sys.argv[0])
    if called.stem != "chalkola" or not called.exists():
        return "chalkola"
    here = Path.cwd()
    path = called.absolute()
    shown = str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
    return shlex.quote(shown) if sys.platform != "win32" else f'"{shown}"' if " " in shown else shown


def _table(figures: Sequence[DayFigures]) -> Table:
    table = screen.table("marketplace", "", "day", ">ASINs", ">units", ">sales", ">sessions", "state")
    by_id = {one.amazon_id: one for one in figures}
    for m in MARKETPLACES:
        if (one := by_id.get(m.amazon_id)) is not None:
            sales = words.money(one.sales, one.currency or m.currency) if one.sales is not None else ""
            table.add_row(
                m.code, m.name, str(one.day), f"{one.asins:,}", _figure(one.units), sales, _figure(one.sessions),
                screen.state(one.state or ""),
            )  # fmt: skip
    return table


def _figure(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _the_wait(shown: Shown, speed: float) -> list[str]:
    asked = sorted(shown.asked_at)
    if not asked:
        return []
    ended = shown.report.worked.ended
    rows = words.count(sum(one.row_count for one in ended), "row")
    whole = words.about(shown.report.finished - shown.report.began)
    said = [
        f"{words.count(len(asked), 'question')}, {rows}, in {whole} of Amazon's time:"
        f" {words.span(shown.took)} of ours."
    ]
    quota = next((p.source.quota for p in shown.report.plan.pulls if p.source.quota), None)
    waited = asked[-1] - shown.report.began
    if quota is not None and len(asked) > 1:
        here = words.span(waited / speed)
        said.append(
            f"Of that {words.about(waited)} ({here} of ours) were waits for Amazon's quota: {quota}. Against the real"
            " Amazon you would wait them out."
        )
    return said
