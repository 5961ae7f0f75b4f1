"""(g) Two years of twelve marketplaces: in Amazon's time, in our own, and what the tables take.

g1  the whole backfill by a clock that jumps, three minutes a question: how many questions, how long by Amazon's time
g2  the documents that an account's backfill has left in the archive, loaded anew by our own code into an empty
    database, beside a plain staged insert of the same rows into the same tables; with memory and the table's size
g3  the same history by reports at 96 a day: planned, and not run

The least number of questions is what a packing by Amazon's limits would take: totals and months, and for each 111
days (50,000 rows of 450 ASINs) the child ASINs that were seen in them, 450 to a question. The bound in time is the
creations' bucket, which must refill for all but its burst, or the questions of a kind in rounds of three.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from measuring import fresh_database, run_child, table
from ours import Nobody, close_data_kiosk

from amazon_simulator import Simulator, SimulatorSettings, report_book
from chalkola.amazon.operations import OPERATIONS
from chalkola.clock import JumpingClock
from chalkola.datasets import DAILY
from chalkola.pipeline.backfill.lacking import Aim
from chalkola.pipeline.backfill.run import Outlook, Report, backfill, look_ahead
from chalkola.settings import Settings, read_settings
from chalkola.store import Store, open_store

_BEGIN = datetime(2026, 11, 20, 2, tzinfo=UTC)
_PROCESSING = timedelta(minutes=3)
_SLOTS, _BURST = 3, 15
_AIM = Aim(datasets=tuple(d for d in DAILY if not d.extra))
_TRENDS, _DAYS_A_WINDOW, _ASINS_A_QUESTION = "salesAndTrafficTrends", 111, 450
_ACCOUNT = "NA"
"""Whose documents are loaded anew: four marketplaces."""


class Watching(Nobody):
    """Watches a backfill and says nothing."""

    def planned(self, outlook: Outlook) -> None:
        """Watch nothing."""


@dataclass(frozen=True, kw_only=True)
class History:
    """What a backfill asked, by account and kind; how long it took, and had to take; and what it left."""

    asked: Mapping[str, Counter[str]]
    least: Mapping[str, int]
    took: timedelta
    seconds: float
    rows: int
    left: int

    @property
    def bound(self) -> timedelta:
        return max(_bound(of) for of in self.asked.values())


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the tables."""
    spread, report_book._SPREAD = report_book._SPREAD, 0.0  # every question takes as long as the median
    try:
        return _measure(url, folder, small=small)
    finally:
        report_book._SPREAD = spread


def _measure(url: str, folder: Path, *, small: bool) -> str:
    rows, again = [], ""
    for name, parents, children in (("200 ASINs", 40, 200), ("1,064 ASINs", 210, 1064)):
        if small and children > 200:
            continue
        with fresh_database(url, "history") as database:
            found = asyncio.run(_filled(database, folder / name.replace(",", ""), parents, children))
            rows.append(_row(name, found))
            if children == 1064 or small:
                again = _loaded_anew(url, database, folder / name.replace(",", ""))
    head = ["shop", "asked", "least", "ratio (limit 1.2)", "bound", "Amazon's time", "ratio (limit 1.15)", "rows",
            "real time, simulated Amazon included"]  # fmt: skip
    first = table("(g1) 729 days × 12 marketplaces, three minutes a question", head, rows)
    return "\n".join((first, again, _by_reports(url, folder)))


def _row(name: str, found: History) -> list[str]:
    if found.left:
        raise SystemExit(f"{found.left} days are not closed")
    by_account = " + ".join(f"{of.total()} {account}" for account, of in sorted(found.asked.items()))
    asked, least = sum(of.total() for of in found.asked.values()), sum(found.least.values())
    return [
        name, f"{by_account} = {asked}", str(least), f"**{asked / least:.2f}**", _shown(found.bound),
        f"**{_shown(found.took)}**", f"**{found.took / found.bound:.2f}**", f"{found.rows:,}",
        f"{found.seconds:.0f} s",
    ]  # fmt: skip


async def _filled(database: str, home: Path, parents: int, children: int) -> History:
    chosen = {"parents": parents, "children": children, "query_processing_seconds": _PROCESSING.total_seconds()}
    async with _shop(database, home, chosen) as (settings, store, amazon):
        begun = time.perf_counter()
        report = await backfill(settings, store, _AIM, Watching(), asyncio.Event())
        seconds = time.perf_counter() - begun
    asked: dict[str, Counter[str]] = {}
    for entry in amazon.journal.queries:
        asked.setdefault(entry.account, Counter())[entry.kind] += 1
    with psycopg.connect(database) as connection:
        least = _least(connection)
        (rows,) = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone() or (0,)
    return History(
        asked=asked, least=least, took=report.finished - report.began, seconds=seconds, rows=rows, left=_left(report)
    )


def _left(report: Report) -> int:
    return sum(report.outlook.steps.lacking.values()) + len(report.outlook.steps.pulls)


def _least(connection: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the fewest questions by account: totals, months, and windows in which no filter is half empty."""
    query = """
        WITH days AS (SELECT p.account, s.scope, a.date, a.child_asin FROM sp_seen_asins a
                      JOIN sp_pulls p ON p.id = a.pull_id
                      JOIN sp_pull_slices s ON s.pull_id = p.id AND s.marketplace_id = a.marketplace_id),
             windows AS (SELECT account, ((SELECT max(date) FROM days) + 30 - date) / %s AS number,
                                count(DISTINCT (scope, child_asin)) AS asins FROM days GROUP BY 1, 2)
        SELECT account, 1 + (SELECT count(DISTINCT date) FROM days d WHERE d.account = w.account)
                          + sum(ceil(asins::numeric / %s)) FROM windows w GROUP BY 1"""
    found = connection.execute(query, (_DAYS_A_WINDOW, _ASINS_A_QUESTION)).fetchall()
    return {account: int(questions) for account, questions in found}


def _bound(asked: Counter[str]) -> timedelta:
    refill = timedelta(seconds=max(0, asked.total() - _BURST) / OPERATIONS["createQuery"].rate_per_second)
    rounds = max(-(-n // _SLOTS) for n in asked.values())
    return max(refill + _PROCESSING, rounds * _PROCESSING)


def _shown(span: timedelta) -> str:
    minutes = span.total_seconds() / 60
    return f"{minutes:.1f} min" if minutes < 100 else f"{minutes / 60:.2f} h"


@asynccontextmanager
async def _shop(
    database: str, home: Path, chosen: Mapping[str, object], env: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[Settings, Store, Simulator]]:
    clock = JumpingClock(_BEGIN)
    async with Simulator(SimulatorSettings(**chosen), clock.now) as amazon:  # type: ignore[arg-type]
        given = {**amazon.env(), "CHALKOLA_HOME": str(home), "DATABASE_URL": database, **(env or {})}
        settings = replace(read_settings(given), clock=clock)
        async with open_store(settings, database) as store:
            yield settings, store, amazon


def _loaded_anew(url: str, database: str, home: Path) -> str:
    """Return what it takes to load the documents of an account anew, beside a plain insert."""
    documents = home / "documents.json"
    documents.write_text(json.dumps(_kept(database, home / "archive")))
    runs = {}
    for how in ("ours", "plain"):
        with fresh_database(url, f"anew_{how}") as fresh:
            runs[how] = run_child("history_client.py", how, fresh, str(documents))
    ours, plain = runs["ours"], runs["plain"]
    with_reading = plain["wall"] + ours["reading"]
    lines = [
        ["our own code", f"{ours['rows']:,}", f"**{ours['wall']:.0f}** s", f"{ours['rows'] / ours['wall']:,.0f}",
         f"**{ours['peak_mb']:.0f}** MB", f"{ours['table_bytes'] / 1e6:,.0f} MB"],
        ["plain staged insert, lines given", f"{plain['rows']:,}", f"**{plain['wall']:.0f}** s",
         f"{plain['rows'] / plain['wall']:,.0f}", "", f"{plain['table_bytes'] / 1e6:,.0f} MB"],
    ]  # fmt: skip
    return table(
        f"(g2) the {ours['documents']} documents of {_ACCOUNT} loaded anew, in our own time",
        ["", "rows", "wall", "rows/s", "peak memory (limit 250 MB)", "sp_daily_asin_data with its indexes"],
        lines,
        f"Speed: **{100 * plain['wall'] / ours['wall']:.0f} %** of the plain insert's, which is given finished lines;"
        f" **{100 * with_reading / ours['wall']:.0f} %** with the time that reading takes added to it (limit 80 %)."
        f" Of ours, reading took {ours['reading']:.0f} s of one core, beside PostgreSQL's work."
        f" Size: **{ours['table_bytes'] / plain['table_bytes']:.2f}** × the plain one's (limit 1.3).",
    )


def _kept(database: str, archive: Path) -> list[dict[str, object]]:
    """Return where the documents of the account are, totals first, and what was asked for in them."""
    query = """
        SELECT source, first_day::text, last_day::text, coalesce(filters, '[]'), archived_as,
               (SELECT array_agg(DISTINCT scope) FROM sp_pull_slices s WHERE s.pull_id = p.id)
        FROM sp_pulls p WHERE account = %s AND stage = 'loaded' AND archived_as IS NOT NULL
          AND source IN ('daily_totals.by_date', 'sales_and_traffic.trends')
        ORDER BY source, last_day DESC, id"""
    with psycopg.connect(database) as connection:
        return [
            {"source": source, "first": first, "last": last, "filters": filters, "path": str(archive / kept),
             "scopes": scopes, "account": _ACCOUNT}
            for source, first, last, filters, kept, scopes in connection.execute(query, (_ACCOUNT,))
        ]  # fmt: skip


def _by_reports(url: str, folder: Path) -> str:
    """Return how long it takes to plan two years by reports, and how long Amazon will."""

    async def looked(database: str) -> tuple[float, Outlook]:
        async with _shop(database, folder / "reports", {"parents": 10, "children": 30}) as (settings, store, _):
            await close_data_kiosk(settings, store)
            await look_ahead(settings, store, _AIM)  # which marketplaces are open is asked for once
            begun = time.perf_counter()
            outlook = await look_ahead(settings, store, _AIM)
            return time.perf_counter() - begun, outlook

    with fresh_database(url, "by_reports") as database:
        seconds, outlook = asyncio.run(looked(database))
    questions = sum(one.questions.total() for one in outlook.ahead.values())
    days = ((outlook.done_at or outlook.now) - outlook.now) / timedelta(days=1)
    return table(
        "(g3) the same history by reports at 96 a day, a quarter of them kept for the night: planned and not run",
        ["questions", "Amazon's time", "planned in (limit 1 s)"],
        [[f"{questions:,}", f"**{days:.1f}** days", f"**{seconds:.2f}** s"]],
    )


if __name__ == "__main__":
    raise SystemExit("benchmarks/run.py g")
