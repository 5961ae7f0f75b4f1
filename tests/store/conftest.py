"""A ledger on a fresh database, at an hour that stands still, and questions to write into it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from chalkola.clock import JumpingClock
from chalkola.datasets import CATALOG
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.quotas import Quota
from chalkola.store.buckets import Buckets
from chalkola.store.connection import Pool
from chalkola.store.ledger import Ledger
from questions import BEGIN, questions
from sheeting import Book, opened

Database = psycopg.Connection[dict[str, Any]]
QUOTAS = {"sales_and_traffic.report": Quota(count=1000, per=timedelta(minutes=1), scope="app")}


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(BEGIN)


@pytest.fixture
def ledger(pool: Pool, clock: JumpingClock) -> Ledger:
    return Ledger(pool, clock)


@pytest.fixture
async def buckets(pool: Pool, clock: JumpingClock) -> Buckets:
    opened = Buckets(pool, clock)
    sources = {source.name: source for dataset in CATALOG for source in dataset.sources}
    await opened.define(all_buckets(["NA", "EU", "FE"], sources.values(), QUOTAS))
    return opened


@pytest.fixture
def planned(ledger: Ledger, buckets: Buckets) -> Callable[..., object]:
    """Write the questions for some marketplaces' last days down; return the ids of their lines."""

    async def write(codes: str = "DE", days: int = 1) -> list[int]:
        pulls = questions(codes, days)
        return await ledger.plan(pulls, [creation_buckets(p.source, p.box.account, QUOTAS) for p in pulls])

    return write


@pytest.fixture
def book(database: Database) -> Book:
    """A workbook with a token, on a fresh database."""
    return opened(database)


@pytest.fixture
def owner(project_url: str) -> Iterator[Database]:
    """A connection of a Supabase project's owner."""
    with _connected(project_url) as connection:
        yield connection


@pytest.fixture
def bare_owner(bare_project_url: str) -> Iterator[Database]:
    """The same where nothing of ours is yet."""
    with _connected(bare_project_url) as connection:
        yield connection


def _connected(url: str) -> Database:
    return psycopg.connect(url, autocommit=True, row_factory=dict_row, prepare_threshold=None)
