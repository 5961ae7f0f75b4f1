"""A bare client for `reports.py`: what is left when nothing is remembered, metered or checked.

It stands apart on purpose and uses none of our code but the column names: one loop, one HTTP client, one pool.
"""

import asyncio
import gzip
import json
import os
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from operator import attrgetter
from types import GenericAlias
from typing import Any
from uuid import UUID

import httpx2
import msgspec
from measuring import cpu_seconds, peak_mb
from psycopg_pool import AsyncConnectionPool

from chalkola.datasets.model import Table
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_DATE
from chalkola.marketplaces import MARKETPLACES, Marketplace

_IN_HAND = 16
_CONNECTIONS = 8
_FIXED = {"date": "date", "marketplace_id": "uuid", "amazon_marketplace_id": "text"}


def _type_of(table: Table) -> Any:
    """Return a type with the fields that have a column."""
    tree: dict[str, Any] = {}
    for column in table.columns:
        *objects, leaf = column.path.split(".")
        node = tree
        for name in objects:
            node = node.setdefault(name, {})
        node[leaf] = {"text": str, "integer": int}.get(column.type, Decimal)
    return _struct(table.name, tree)


def _struct(name: str, tree: dict[str, Any]) -> Any:
    fields = [
        (key, *_object(key, kind)) if isinstance(kind, dict) else (key, kind | None, None)
        for key, kind in tree.items()
    ]
    return msgspec.defstruct(name, fields, gc=False)


def _object(name: str, tree: dict[str, Any]) -> tuple[Any, Any]:
    """Return a type and its default: an object without figures where Amazon leaves the object out."""
    kind = _struct(name, tree)
    empty = kind()
    return kind, msgspec.field(default_factory=lambda: empty)


_DOCUMENT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
    msgspec.defstruct(
        "Document",
        [
            ("salesAndTrafficByAsin", GenericAlias(list, (_type_of(BY_ASIN),))),
            ("salesAndTrafficByDate", GenericAlias(list, (_type_of(BY_DATE),))),
        ],
    )
)
_CELLS = {table.name: attrgetter(*(column.path for column in table.columns)) for table in (BY_ASIN, BY_DATE)}


class Bare:
    """Pulls reports as fast as it can."""

    def __init__(self, client: httpx2.AsyncClient, pool: AsyncConnectionPool) -> None:
        self._client, self._pool = client, pool
        self._tokens: dict[str, str] = {}

    async def log_in(self, region: str) -> None:
        """Get an access token."""
        form = {
            "grant_type": "refresh_token",
            "refresh_token": os.environ[f"SP_REFRESH_TOKEN_{region}"],
            "client_id": os.environ["SP_LWA_CLIENT_ID"],
            "client_secret": os.environ["SP_LWA_CLIENT_SECRET"],
        }
        answer = await self._client.post(os.environ["LWA_TOKEN_URL"], data=form)
        self._tokens[region] = answer.json()["access_token"]

    async def pull(self, marketplace: Marketplace, day: date) -> None:
        """Create a report, poll it, download its document and copy it."""
        created = await self._call(marketplace, "POST", "reports", _question(marketplace, day))
        while (report := await self._call(marketplace, "GET", f"reports/{created['reportId']}"))[
            "processingStatus"
        ] != "DONE":
            await asyncio.sleep(0.05)
        found = await self._call(marketplace, "GET", f"documents/{report['reportDocumentId']}")
        answer = await self._client.get(found["url"], headers={"accept-encoding": "identity"})
        document = _DOCUMENT.decode(gzip.decompress(answer.content))
        fixed = (day, marketplace.uuid, marketplace.amazon_id)
        async with self._pool.connection() as connection, connection.transaction():
            await _copy(connection, BY_ASIN, fixed, document.salesAndTrafficByAsin)
            await _copy(connection, BY_DATE, fixed, document.salesAndTrafficByDate)

    async def _call(self, m: Marketplace, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = await self._client.request(
            method,
            f"{os.environ[f'SP_API_ENDPOINT_{m.region}']}/reports/2021-06-30/{path}",
            headers={"x-amz-access-token": self._tokens[m.region], "content-type": "application/json"},
            content=None if body is None else msgspec.json.encode(body),
        )
        answer.raise_for_status()
        decoded: dict[str, Any] = msgspec.json.decode(answer.content)
        return decoded


def _question(marketplace: Marketplace, day: date) -> dict[str, object]:
    return {
        "reportType": "GET_SALES_AND_TRAFFIC_REPORT",
        "marketplaceIds": [marketplace.amazon_id],
        "dataStartTime": f"{day}T00:00:00Z",
        "dataEndTime": f"{day}T00:00:00Z",
        "reportOptions": {"dateGranularity": "DAY", "asinGranularity": "CHILD"},
    }


async def _copy(connection: Any, table: Table, fixed: tuple[date, UUID, str], elements: list[Any]) -> None:
    names = ", ".join((*_FIXED, *table.column_names))
    async with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types([*_FIXED.values(), *(column.type.partition("(")[0] for column in table.columns)])
        cells = _CELLS[table.name]
        for element in elements:
            await copy.write_row(fixed + cells(element))


async def main(first: str, last: str) -> dict[str, float]:
    """Pull the days and return what it took, from the first call of Amazon to the last commit."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    waiting = [(m, day) for day in reversed(days) for m in MARKETPLACES]
    count = len(waiting)
    limits = httpx2.Limits(max_connections=32, max_keepalive_connections=32)
    pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=1, max_size=_CONNECTIONS, open=False)
    async with pool, httpx2.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        await pool.wait()
        wall, cpu = time.perf_counter(), cpu_seconds()
        bare = Bare(client, pool)
        await asyncio.gather(*(bare.log_in(region) for region in ("NA", "EU", "FE")))

        async def worker() -> None:
            while waiting:
                await bare.pull(*waiting.pop(0))

        await asyncio.gather(*(worker() for _ in range(_IN_HAND)))
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    return {"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "reports": count}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
