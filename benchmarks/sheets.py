"""(i) What sheets ask of a large shop: 10 marketplaces × 1,064 children × 400 days.

Each call is timed in the database as a whole: token, calendar, sums, and the answer as text, which stays there.
There are 400 days and not 365, so that the periods of a year ago have figures too. Beside wall time stands the
processor time of the server's process, where the system says it: on a busy machine that is what the work costs.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from measuring import fresh_database, spread, table
from psycopg import sql
from psycopg.types.json import Jsonb
from sheets_table import CHILDREN, CODES, NOW, fill, token

_TABS = (*(f"_{code}" for code in CODES), "_ALL", "_daily")


@dataclass(frozen=True, kw_only=True)
class Took:
    """Seconds that something took: by the clock, and of the server's processor (0 where it is not known)."""

    wall: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The database of the shop, and a token to ask it with."""

    connection: psycopg.Connection[Any]
    token: str

    def timed(self, work: Callable[[], object]) -> Took:
        """Do some work and return what it took."""
        cpu, began = _cpu(self.connection.info.backend_pid), time.perf_counter()
        work()
        return Took(wall=time.perf_counter() - began, cpu=_cpu(self.connection.info.backend_pid) - cpu)

    def ask(self, function: str, **arguments: object) -> int:
        """Return how long the answer of a function is. Ends the program where it is a refusal."""
        values = {"token": self.token, **{n: Jsonb(v) if isinstance(v, list) else v for n, v in arguments.items()}}
        named = sql.SQL(", ").join(sql.SQL("{} => {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in values)
        query = sql.SQL(
            "SELECT a.answer ->> 'ok', a.answer ->> 'say', length(a.answer::text) FROM {}({}) AS a (answer)"
        )
        row = self.connection.execute(query.format(sql.Identifier(function), named), values).fetchone()
        if row is None or row[0] != "true":
            raise SystemExit(f"{function}: {row}")
        return int(row[2])


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the tables."""
    days, children, rounds = (60, 106, 3) if small else (400, CHILDREN, 7)
    with fresh_database(url, "sheets") as database:
        rows = fill(database, days=days, children=children)
        with psycopg.connect(database, autocommit=True, prepare_threshold=None) as connection:
            connection.execute("SELECT set_config('chalkola.now', %s, false)", (NOW.isoformat(),))
            shop = Shop(connection=connection, token=token(connection))
            calls = _calls(shop)
            before = _times(shop, calls[0][1], 1)
            summing = shop.timed(lambda: connection.execute("SELECT * FROM sp_sum_up()"))
            connection.execute("VACUUM ANALYZE sp_month_sums")
            connection.execute("VACUUM ANALYZE sp_summed_products")
            asked = [(name, _times(shop, work, rounds), limit) for name, work, limit in calls]
            months = connection.execute(
                "SELECT count(DISTINCT (marketplace_id, of_parents, month)) FROM sp_month_sums"
            )
            (count,) = months.fetchone() or (1,)
            sizes = [_megabytes(shop, name) for name in ("sp_month_sums", "sp_daily_asin_data")]
    return table(
        f"(i) what sheets ask of {rows:,} rows",
        ["one call", "in the database", "processor", "limit"],
        [
            *(_line(*one) for one in asked),
            _line(f"{calls[0][0]}, nothing summed yet", before, ""),
        ],
        f"{rounds} rounds. Summing all {count} months of a marketplace (children and parents apart) took"
        f" {summing.wall:.0f} s, {1000 * summing.cpu / count:.0f} ms of processor time each; the sums take"
        f" {sizes[0]:,.0f} MB beside the rows' {sizes[1]:,.0f} MB.",
    )


Call = tuple[str, Callable[[], object], str]
"""What is asked, how, and the limit in words."""


def _calls(shop: Shop) -> list[Call]:
    items = _items(shop)
    codes, pairs = list(CODES), f"{len(items) * len(CODES):,} pairs"

    def values(metric: str, period: str, **more: object) -> Callable[[], object]:
        given = {"metric": metric, "items": items, "marketplaces": codes, "periods": [period], **more}
        return lambda: shop.ask("sheet_values", **given)

    def daily(metric: str) -> Callable[[], object]:
        return lambda: shop.ask("sheet_daily", metric=metric, items=items, marketplace="DE", days="30")

    return [
        (f"{pairs}, 30 days, units", values("units", "Last 30 days"), "0.3 s"),
        (f"{pairs}, 30 days, buy box", values("buy_box", "Last 30 days"), "0.3 s"),
        (f"{pairs}, 30 days, sales in EUR", values("sales", "Last 30 days", currency="EUR"), "0.3 s"),
        (f"{pairs}, 365 days, units", values("units", "Last 365 days"), "1 s"),
        (f"{pairs}, 365 days, sales", values("sales", "Last 365 days"), "1 s"),
        (f"a daily grid of {len(items):,} × 30, units", daily("units"), "0.1 s"),
        (f"a daily grid of {len(items):,} × 30, conversion", daily("cvr"), "0.1 s"),
        (f"the snapshot: {len(_TABS)} tabs, {len(_TABS) + 1} calls", lambda: _all_tabs(shop), "2 s"),
    ]


def _items(shop: Shop) -> list[str]:
    rows = shop.connection.execute("SELECT DISTINCT asin FROM sp_listings ORDER BY 1")
    return [row[0] for row in rows.fetchall()]


def _all_tabs(shop: Shop) -> None:
    shop.ask("sheet_meta")
    for tab in _TABS:
        shop.ask("sheet_snapshot", tab=tab, currency="EUR" if tab in ("_ALL", "_daily") else None)


def _times(shop: Shop, work: Callable[[], object], rounds: int) -> list[Took]:
    work()  # once to warm up
    return [shop.timed(work) for _ in range(rounds)]


def _line(name: str, took: Sequence[Took], limit: str) -> list[str]:
    return [name, _spread([t.wall for t in took]), _spread([t.cpu for t in took]), limit]


def _megabytes(shop: Shop, name: str) -> float:
    row = shop.connection.execute("SELECT pg_total_relation_size(%s::regclass) / 1e6", (name,)).fetchone()
    return float(row[0]) if row else 0.0


def _spread(seconds: Sequence[float]) -> str:
    return spread(seconds, " s", 3 if statistics.median(seconds) < 1 else 2)


def _cpu(pid: int) -> float:
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
