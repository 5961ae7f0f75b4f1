"""Migrations: numbered SQL, each applied once in its own transaction with its line in `sp_migrations`.

Functions are applied again whenever their text changes. On a database that has some of the tables already, nothing is
dropped or rewritten; what stands in our way is named, all of it at once, before anything is asked of Amazon.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import sql

from chalkola.datasets import CATALOG
from chalkola.errors import Fault
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.store.connection import Connection, Pool, database_errors
from chalkola.store.survey import Found, columns_of, survey

_LOCK_TIMEOUT = "10s"
_STATEMENT_TIMEOUT = "15min"  # building an index on a large table of the user's takes its time


@dataclass(frozen=True, kw_only=True)
class Script:
    """One SQL file: a migration is applied once, a function file whenever its text has changed."""

    name: str
    text: str
    repeatable: bool

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """What `migrate` did: the scripts it applied, the slices it adopted, and what it found (in sentences)."""

    applied: tuple[str, ...]
    adopted: int
    findings: tuple[str, ...]


async def migrate(pool: Pool) -> Migrated:
    """Bring the database to this version. Raises `Fault` naming everything that blocks it."""
    with database_errors():
        async with pool.connection() as connection:
            applied = await _apply_all(connection)
            blocks, findings = await survey(connection)
            if blocks:
                raise _blocked(blocks)
            await insert_marketplaces(connection, [m for m in MARKETPLACES if m.always_present])
            adopted = await _adopt(connection)
    return Migrated(applied=applied, adopted=adopted, findings=tuple(findings))


def _blocked(blocks: Iterable[str]) -> Fault:
    listed = "\n".join(f"  - {block}" for block in blocks)
    return Fault(
        f"The database has tables that cannot be used as they are:\n{listed}\n",
        remedy="Nothing of yours was changed. Correct these and run `chalkola migrate` again.",
    )


def scripts() -> tuple[Script, ...]:
    """Return every script in the order in which they are applied."""
    return (*_read("migrations", repeatable=False), *_read("functions", repeatable=True))


def _read(folder: str, *, repeatable: bool) -> Iterator[Script]:
    found = (f for f in files("chalkola.store").joinpath(folder).iterdir() if f.name.endswith(".sql"))
    for file in sorted(found, key=lambda f: f.name):
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        yield Script(name=f"{folder}/{file.name}", text=text, repeatable=repeatable)


async def _apply_all(connection: Connection) -> tuple[str, ...]:
    applied = []
    for script in scripts():
        async with connection.transaction():
            if await _apply(connection, script):
                applied.append(script.name)
    return tuple(applied)


async def _apply(connection: Connection, script: Script) -> bool:
    # Two runs may migrate at once: a lock for the transaction, then a look at what the other one has done.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('chalkola migrate'))")
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS sp_migrations"
        " (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    await connection.execute("ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY")
    found = await connection.execute("SELECT checksum FROM sp_migrations WHERE name = %s", (script.name,))
    row = await found.fetchone()
    if row is not None and (row[0] == script.checksum or not script.repeatable):
        return False
    await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_TIMEOUT))
    await connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_STATEMENT_TIMEOUT))
    await _execute(connection, script)
    await connection.execute(
        "INSERT INTO sp_migrations VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()",
        (script.name, script.checksum),
    )
    return True


async def _execute(connection: Connection, script: Script) -> None:
    try:
        await connection.execute(script.text.encode())
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        raise Fault(
            f"The migration {script.name} cannot be applied.",
            why=f"{str(error).strip().splitlines()[0]} (SQLSTATE {error.sqlstate}).",
            remedy="It was rolled back whole. Correct what it names, or use a database role that owns the table,"
            " and run `chalkola migrate` again.",
        ) from error


async def ensure_marketplaces(pool: Pool, wanted: Iterable[Marketplace]) -> None:
    """Write the marketplaces that are missing, as the first run does that opens one not always present."""
    with database_errors():
        async with pool.connection() as connection:
            await insert_marketplaces(connection, wanted)


async def insert_marketplaces(connection: Connection, wanted: Iterable[Marketplace]) -> None:
    """Write the marketplaces that are missing, into as many of the known columns as the table has.

    On the user's own `marketplaces` only `id` is relied on. Raises `Fault` when a row cannot be written.
    """
    present = {row[0] for row in await (await connection.execute("SELECT id FROM marketplaces")).fetchall()}
    columns = await columns_of(connection, "marketplaces")
    for m in wanted:
        if m.uuid not in present:
            await _insert_marketplace(connection, m, columns)


async def _insert_marketplace(connection: Connection, m: Marketplace, columns: dict[str, Found]) -> None:
    known = {
        "id": m.uuid, "code": m.code, "name": m.name, "amazon_marketplace_id": m.amazon_id,
        "region": m.region.value, "currency_code": m.currency, "time_zone": m.time_zone,
    }  # fmt: skip
    values = {name: value for name, value in known.items() if name in columns}
    query = sql.SQL("INSERT INTO marketplaces ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING").format(
        sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(sql.Placeholder() * len(values))
    )
    try:
        await connection.execute(query, list(values.values()))
    except psycopg.IntegrityError as error:
        raise Fault(
            f"The marketplace {m.code} is missing from your table marketplaces, and cannot be added to it.",
            why=f"{str(error).splitlines()[0]}.",
            remedy=f"Add a row with id = '{m.uuid}' yourself and run `chalkola migrate` again.",
        ) from error


async def _adopt(connection: Connection) -> int:
    """Give a line to every day that has rows and no line: found, unproven. Return how many."""
    codes = [m.uuid for m in MARKETPLACES], [m.scope for m in MARKETPLACES]
    adopted = 0
    for dataset in CATALOG:
        query = sql.SQL(
            "INSERT INTO sp_slices (dataset, scope, first_day, state, source, row_count, reason)"
            " SELECT %s, m.scope, t.date, 'loaded', 'found', count(*), 'found here before the first pull; unproven'"
            " FROM {} t JOIN unnest(%s::uuid[], %s::text[]) AS m (id, scope) ON m.id = t.marketplace_id"
            " WHERE t.pull_id IS NULL AND t.date IS NOT NULL GROUP BY m.scope, t.date ON CONFLICT DO NOTHING"
        ).format(sql.Identifier(dataset.table.name))
        adopted += (await connection.execute(query, (dataset.name, *codes))).rowcount
    return adopted
