"""Migrations: numbered SQL, each applied once in its own transaction with its line in `sp_migrations`.

Functions (the store's own, and those that answer sheets) and views are applied again whenever their text changes. On
a database that has some of the tables already nothing is dropped or rewritten; what stands in our way is named, all
at once, before anything is asked of Amazon.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files

import psycopg
from psycopg import sql

from chalkola.datasets import CATALOG
from chalkola.errors import Fault
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.store.access import closing, made_by, sheets_finding
from chalkola.store.database import Connection, NotMigrated, Pool, database_errors
from chalkola.store.survey import Found, columns_of, survey

# Two runs may migrate at once: a lock for the transaction, then a look at what the other one has done.
LOCK = "pg_advisory_xact_lock(hashtext('chalkola migrate'))"
CREATE_LINES = (
    "CREATE TABLE IF NOT EXISTS sp_migrations"
    " (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())",
    "ALTER TABLE sp_migrations ENABLE ROW LEVEL SECURITY",
)
LOCK_TIMEOUT = "10s"
_STATEMENT_TIMEOUT = "15min"  # building an index on a large table of the user's takes its time
_LOOKED_AT = "tables looked at"
"""The line that says that what is done in Python has been done with these very scripts, whoever applied them."""


@dataclass(frozen=True, kw_only=True)
class Script:
    """One SQL file: a migration is applied once, a file of functions or views whenever its text has changed."""

    name: str
    text: str
    repeatable: bool

    @property
    def checksum(self) -> str:
        return _digest(self.text)

    def is_applied(self, lines: Mapping[str, str]) -> bool:
        """Return whether it is there, by the checksums of what is, by name."""
        return self.name in lines and (not self.repeatable or lines[self.name] == self.checksum)


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """What `migrate` did: the scripts it applied, the slices it adopted, and what it found (in sentences)."""

    applied: tuple[str, ...]
    adopted: int
    findings: tuple[str, ...]


async def migrate(pool: Pool) -> Migrated:
    """Bring the database to this version. Raises `Fault` naming everything that blocks it, and `NotMigrated` where
    the way there does not let tables be made."""
    if not pool.has_transactions:
        return await _migrate_without_scripts(pool)
    with database_errors():
        async with pool.connection() as connection:
            applied = await _apply_all(connection)
            async with connection.transaction():
                await _begin(connection)
                await connection.execute(closing(made_by(script.text for script in scripts())).encode())
            async with connection.transaction():
                await _begin(connection)
                adopted, findings = await _look_at_tables(connection)
                findings += await sheets_finding(connection)
    return Migrated(applied=applied, adopted=adopted, findings=tuple(findings))


async def _migrate_without_scripts(pool: Pool) -> Migrated:
    """Do what is done in Python, after somebody has applied the scripts: all of it may be done twice, or by two."""
    with database_errors():
        async with pool.connection() as connection:
            lines = await lines_of(connection)
            lacking = [script.name for script in scripts() if not script.is_applied(lines)]
            if lacking:
                raise NotMigrated(f"It has not got {', '.join(lacking)} as of this version.")
            adopted, findings = await _look_at_tables(connection)
    return Migrated(applied=(), adopted=adopted, findings=tuple(findings))


async def is_current(pool: Pool) -> bool:
    """Return whether the database has every script of this version, and its tables have been looked at since."""
    with database_errors():
        async with pool.connection() as connection:
            lines = await lines_of(connection)
    wanted = scripts()
    return lines.get(_LOOKED_AT) == _digest_of(wanted) and all(script.is_applied(lines) for script in wanted)


async def lines_of(connection: Connection) -> Mapping[str, str]:
    """Return the checksums of what has been applied, by name."""
    there = await (await connection.execute("SELECT to_regclass('sp_migrations') IS NOT NULL")).fetchone()
    if there is None or not there[0]:
        return {}
    return dict(await (await connection.execute("SELECT name, checksum FROM sp_migrations")).fetchall())


async def _look_at_tables(connection: Connection) -> tuple[int, list[str]]:
    """Make the user's tables fit where they can. Return how many days were adopted, and what was found."""
    blocks, findings = await survey(connection)
    if blocks:
        raise _blocked(blocks)
    await insert_marketplaces(connection, [m for m in MARKETPLACES if m.always_present])
    adopted = await _adopt(connection)
    await _note(connection, _LOOKED_AT, _digest_of(scripts()))
    return adopted, findings


def _digest_of(every: Iterable[Script]) -> str:
    return _digest("".join(script.checksum for script in every))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _blocked(blocks: Iterable[str]) -> Fault:
    listed = "\n".join(f"  - {block}" for block in blocks)
    return Fault(
        f"The database has tables that cannot be used as they are:\n{listed}\n",
        remedy="Nothing of yours was changed. Correct these and run `chalkola migrate` again.",
    )


def scripts() -> tuple[Script, ...]:
    """Return every script in the order in which they are applied."""
    repeatable = (script for folder in ("functions", "views", "sheets") for script in _read(folder, repeatable=True))
    return (*_read("migrations", repeatable=False), *repeatable)


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
    await _begin(connection)
    for statement in CREATE_LINES:
        await connection.execute(statement)
    if script.is_applied(await lines_of(connection)):
        return False
    await _execute(connection, script)
    await _note(connection, script.name, script.checksum)
    return True


async def _begin(connection: Connection) -> None:
    await connection.execute(f"SELECT {LOCK}".encode())
    await connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
    await connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_STATEMENT_TIMEOUT))


async def _note(connection: Connection, name: str, checksum: str) -> None:
    await connection.execute(
        "INSERT INTO sp_migrations AS m VALUES (%s, %s) ON CONFLICT (name)"
        " DO UPDATE SET checksum = excluded.checksum, applied_at = now() WHERE m.checksum <> excluded.checksum",
        (name, checksum),
    )


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
    for dataset in (d for d in CATALOG if d.table.slice_key == ("date", "marketplace_id")):
        query = sql.SQL(
            "INSERT INTO sp_slices (dataset, scope, first_day, state, source, row_count, reason)"
            " SELECT %s, m.scope, t.date, 'loaded', 'found', count(*), 'found here before the first pull; unproven'"
            " FROM {} t JOIN unnest(%s::uuid[], %s::text[]) AS m (id, scope) ON m.id = t.marketplace_id"
            " WHERE t.pull_id IS NULL AND t.date IS NOT NULL GROUP BY m.scope, t.date ON CONFLICT DO NOTHING"
        ).format(sql.Identifier(dataset.table.name))
        adopted += (await connection.execute(query, (dataset.name, *codes))).rowcount
    return adopted
