"""(b) One document of 1,064 rows into a table of five million: new, unchanged, and with 5 % of its rows changed.

Timed is what happens between the document's bytes in memory and the commit: inflating, decoding, checking, one
transaction with the rows, the totals and the ledger's lines. Not timed: download, archive, planning and claiming.
"""

import asyncio
import gc
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
from measuring import fresh_database, spread, table

from chalkola.clock import RealClock
from chalkola.datasets import CATALOG
from chalkola.datasets.model import Box, Pull
from chalkola.datasets.sales_and_traffic_report import REPORT
from chalkola.documents import document_of
from chalkola.marketplaces import Marketplace, marketplace
from chalkola.pipeline.load import Loader, Received
from chalkola.pipeline.memory import rarely_collecting
from chalkola.store.connection import Pool, open_pool
from chalkola.store.ledger import Ledger
from chalkola.store.survey import fits_of
from documents import document, packed, restated

_ROWS = 1064
_FILLED_UNTIL = timedelta(days=75)
_SHARE_CHANGED = 0.05
_KINDS = ("new", "unchanged", "5 % changed")


def measure(url: str, folder: Path, *, small: bool) -> str:
    """Return the table."""
    days, rounds = (30, 5) if small else (390, 40)
    with fresh_database(url, "loading") as database:
        filled = _fill(database, days)
        taken = asyncio.run(_load(database, rounds))
    return table(
        f"(b) a document of {_ROWS:,} rows into a table of {filled:,}",
        ["", "bytes in hand to commit", "limit"],
        [[kind, spread(taken[kind], " ms", 1), "30 ms" if kind == "new" else "less"] for kind in _KINDS],
        f"{rounds} days, each loaded new, once more as it is, and once more with one row in twenty restated.",
    )


def _fill(database: str, days: int) -> int:
    """Fill twelve marketplaces day by day, with the ledger's lines beside the rows, and return how many rows."""
    last = _today() - _FILLED_UNTIL
    with psycopg.connect(database, autocommit=True) as connection:
        for day in (last - timedelta(days=n) for n in reversed(range(days))):
            connection.execute(_A_DAY_OF_ROWS, {"day": day, "rows": _ROWS})
            connection.execute(_A_DAY_OF_LINES, {"day": day})
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
        (count,) = connection.execute("SELECT count(*) FROM sp_daily_asin_data").fetchone() or (0,)
    return int(count)


async def _load(database: str, rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    germany = marketplace("DE")
    days = [_today() - _FILLED_UNTIL + timedelta(days=number + 1) for number in range(rounds)]
    contents = [_contents(germany, day) for day in days]
    gc.collect()
    async with open_pool(database) as pool:
        with rarely_collecting():
            for day, three in zip(days, contents, strict=True):
                for kind, content in zip(_KINDS, three, strict=True):
                    taken[kind].append(1000 * await _load_one(pool, germany, day, content))
    return taken


def _contents(m: Marketplace, day: date) -> tuple[bytes, bytes, bytes]:
    first = document(_ROWS, m.code, day)
    return packed(first), packed(first), packed(restated(first, _SHARE_CHANGED))


async def _load_one(pool: Pool, m: Marketplace, day: date, content: bytes) -> float:
    """Load one document as the pipeline does and return the seconds it took."""
    ledger = Ledger(pool, RealClock())
    loader = Loader(
        datasets={dataset.name: dataset for dataset in CATALOG},
        fits=await fits_of(pool, [dataset.table for dataset in CATALOG]),
    )
    box = Box(account="EU", marketplaces=(m,), first=day, last=day)
    ids = await ledger.plan([Pull(source=REPORT, box=box, settled=True)], [["createReport@EU"]])
    (pull,) = await ledger.claim("benchmark", accounts=["EU"], wanted=ids, most=1)
    arrived = document_of(content)
    begun = time.perf_counter()
    received = Received(answer=REPORT.read(arrived, box), byte_count=arrived.size_bytes, archived_as=None)
    loaded = await loader.load(ledger, pull, received)
    seconds = time.perf_counter() - begun
    if loaded.row_count != _ROWS or loaded.notes:
        raise SystemExit(f"{loaded.row_count} rows, {loaded.notes}")
    return seconds


def _today() -> date:
    return datetime.now(UTC).date()


_A_DAY_OF_ROWS = """
INSERT INTO sp_daily_asin_data (date, marketplace_id, amazon_marketplace_id, parent_asin, child_asin, units_ordered,
  units_ordered_b2b, ordered_product_sales, ordered_product_sales_b2b, currency_code, total_order_items,
  total_order_items_b2b, sessions, sessions_b2b, page_views, page_views_b2b, browser_sessions, mobile_app_sessions,
  browser_page_views, mobile_app_page_views, buy_box_percentage, buy_box_percentage_b2b, unit_session_percentage,
  unit_session_percentage_b2b, pull_id)
SELECT %(day)s, m.id, m.amazon_marketplace_id, 'B0P' || upper(substr(md5((n / 5)::text), 1, 7)),
  'B0C' || upper(substr(md5(n::text), 1, 7)), u, u / 10, u * 19.99, u / 10 * 19.99, m.currency_code, u, u / 10,
  s, s / 10, s * 2, s / 5, s / 3, s - s / 3, s, s, 97.5, 98, round(100.0 * u / s, 2), 0, 1
FROM marketplaces m, LATERAL (
  SELECT n, (random() * 8)::integer AS u, 1 + (random() * 300)::integer AS s
  FROM generate_series(1, %(rows)s) n) AS row
ORDER BY m.code, n
"""

_A_DAY_OF_LINES = """
INSERT INTO sp_slices (dataset, scope, first_day, state, source, asked_at, loaded_at, row_count, checksum, sums)
SELECT dataset, 'marketplace:' || m.code, %(day)s, 'proven', 'sales_and_traffic.report', now(), now(), 1064,
  md5(m.code || %(day)s::text), '{"units": 4000, "order_items": 4000, "sales": "79960.00", "page_views": 300000}'
FROM marketplaces m, unnest(ARRAY['sales_and_traffic', 'daily_totals']) AS dataset
"""


if __name__ == "__main__":
    raise SystemExit("benchmarks/run.py b")
