"""PostgreSQL servers for tests.

CHALKOLA_TEST_PG_BIN names a `bin` folder to run all of it with, for instance Debian's PostgreSQL 15.
CHALKOLA_TEST_PGBOUNCER puts a transaction pooler in between (pooler.py).

Their files are in memory where the system has a folder for that (Linux: /dev/shm) with room in it, else where
temporary files are: a database of these is 500 small files, and a test gets a copy of its own in a tenth of the time.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chalkola.store import embedded
from chalkola.store.connection import open_pool
from chalkola.store.migrate import migrate
from pooler import pooled

_PROGRAMS = Path(os.environ["CHALKOLA_TEST_PG_BIN"]) if "CHALKOLA_TEST_PG_BIN" in os.environ else None
_QUICK = {
    "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",  # nobody cuts the power
    "max_wal_size": "128MB",  # a log is memory too
}  # fmt: skip
_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 2 << 30


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of the tests' own."""

    home: Path
    url: str
    """As the product and most tests reach it: through the pooler where there is one."""
    direct_url: str
    version: str

    def start(self) -> None:
        """Start it again after a stop, on the same port."""
        embedded.ensure(self.home, binaries=_PROGRAMS, settings=_QUICK)

    def stop(self) -> None:
        """Stop it, ending its sessions."""
        embedded.stop(self.home)

    def url_of(self, database: str) -> str:
        """Return the address of one of its databases."""
        return _of(self.url, database)

    def direct_url_of(self, database: str) -> str:
        """Return the address of one of its databases past any pooler: no session of it stays open afterwards."""
        return _of(self.direct_url, database)

    @contextmanager
    def copy_of(self, template: str, *, owner: str | None = None) -> Iterator[str]:
        """Give the address of a copy of a database, which is another role's if need be; it is gone afterwards."""
        name = f"test_{uuid4().hex[:12]}"
        # Copying files is seven times as fast as writing the copy to the log.
        self.execute("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
        if owner:
            self.execute("ALTER DATABASE {} OWNER TO {}", name, owner)
        yield self.url_of(name)
        self.execute("DROP DATABASE {} WITH (FORCE)", name)

    def execute(self, statement: str, *names: str) -> None:
        """Execute a statement on the server as a whole."""
        with psycopg.connect(self.direct_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def running_server() -> Iterator[Server]:
    """Give a server in a folder that is gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="chalkola-tests-", dir=_quickest_folder()))
    home.chmod(0o711)  # where we are root the server runs as another account, which has to pass through
    cluster = embedded.ensure(home, binaries=_PROGRAMS, settings=_QUICK)
    try:
        _let_in_quickly(cluster)
        with pooled(cluster.url, home / "pooler") as url:
            yield Server(home=home, url=url, direct_url=cluster.url, version=cluster.version)
    finally:
        embedded.stop(home)
        for folder in (cluster.data.parent, home):
            shutil.rmtree(folder, ignore_errors=True)


def _let_in_quickly(cluster: embedded.Cluster) -> None:
    """Hash the password once instead of 4,096 times, which is most of the work of a client that connects."""
    if int(cluster.version.partition(".")[0]) < 16:
        return  # it knows no other number
    parts = conninfo_to_dict(cluster.url)
    with psycopg.connect(cluster.url) as connection:
        connection.execute("SET scram_iterations = 1")
        change = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(change.format(sql.Identifier(str(parts["user"])), sql.Literal(parts["password"])))


def _quickest_folder() -> Path | None:
    """Return the folder in memory, or None where there is none, or hardly any room in it (as in many a container)."""
    try:
        has_room = os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES
    except OSError:
        return None
    return _MEMORY if has_room else None


def _of(url: str, database: str) -> str:
    return url.replace("/chalkola?", f"/{database}?")


async def migrated(url: str) -> None:
    """Bring a database to this version."""
    async with open_pool(url) as pool:
        await migrate(pool)
