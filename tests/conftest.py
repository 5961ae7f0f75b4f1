"""One PostgreSQL for a test session (with pytest-xdist: one for each worker), and a fresh database for each test."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from chalkola.store.connection import Pool, open_pool

sys.path.insert(0, str(Path(__file__).parent))  # for what tests share

from night import OpenShop, Shop, open_shop
from postgres import Server, migrated, running_server
from slack_server import SlackServer, running_slack
from supabase import add_roles, project

# Some hundred processes are started, each of which would compile all of ours anew: a second each.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many workers there are for `-n auto`: more than cores, for many a test waits."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have OpenSSL trust one made-up authority: nothing here speaks to the world, and reading all those that the
    system trusts takes each HTTP client a twentieth of a second."""
    path = tmp_path_factory.mktemp("authority") / "one.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    os.environ["SSL_CERT_FILE"] = str(path)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The session's PostgreSQL."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """The name of a migrated database that nobody writes to: tests get copies of it."""
    name = f"template_{uuid4().hex[:8]}"
    server.execute("CREATE DATABASE {}", name)
    asyncio.run(migrated(server.direct_url_of(name)))
    return name


@pytest.fixture
def bare_url(server: Server) -> Iterator[str]:
    """The address of an empty database."""
    with server.copy_of("template1") as url:
        yield url


@pytest.fixture
def database_url(server: Server, template: str) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    with server.copy_of(template) as url:
        yield url


@pytest.fixture(scope="session")
def supabase() -> Iterator[Server]:
    """The session's second PostgreSQL, with the roles that Supabase has."""
    with running_server() as running:
        add_roles(running)
        yield running


@pytest.fixture
def bare_project_url(supabase: Server) -> Iterator[str]:
    """The address of a fresh project of Supabase's, as its owner, who is no superuser."""
    with project(supabase) as url:
        yield url


@pytest.fixture
def project_url(supabase: Server) -> Iterator[str]:
    """The same, with what our migrations make."""
    with project(supabase, filled=True) as url:
        yield url


@pytest.fixture
def direct_url(server: Server, database_url: str) -> str:
    """The same address past any pooler."""
    return server.direct_url_of(conninfo_to_dict(database_url)["dbname"])


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """Connections to a fresh, migrated database, as the store opens them."""
    async with open_pool(database_url) as opened:
        yield opened


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection of the test's own to a fresh, migrated database; rows are dictionaries."""
    with psycopg.connect(database_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
async def opened_shop(database_url: str, tmp_path: Path) -> AsyncIterator[OpenShop]:
    """Open a shop with the simulator's settings and ours of the test's choice, on a clock that jumps."""
    async with AsyncExitStack() as stack:

        async def opened(**chosen: Any) -> Shop:
            return await stack.enter_async_context(open_shop(database_url, tmp_path, **chosen))

        yield opened


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A Slack that takes alerts."""
    with running_slack() as running:
        yield running


@pytest.fixture
async def shop(opened_shop: OpenShop) -> Shop:
    """A small shop in the United States, Germany and Japan, one account a region, to which Data Kiosk is closed."""
    return await opened_shop()


@pytest.fixture
async def kiosk_shop(opened_shop: OpenShop) -> Shop:
    """The same shop with Data Kiosk."""
    return await opened_shop(kiosk=True)
