"""The database: reached how, which version, what we may do in it, its migrations, and the room that is left."""

import shutil
from dataclasses import replace
from urllib.parse import urlsplit

from chalkola.errors import ChalkolaError
from chalkola.pipeline.checkup.finding import Area, Finding, Level, from_error
from chalkola.pipeline.checkup.room import Size, is_supabase, judge_room
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.audit import Exposure, read_exposures
from chalkola.store.checks import DatabaseFacts, read_database
from chalkola.store.connection import DatabaseGone
from chalkola.store.migrate import is_current, migrate
from chalkola.store.overview import last_row_counts
from chalkola.store.rest.address import project_at

OLDEST_TESTED = 150_000
"""server_version_num of PostgreSQL 15: Supabase runs 15 and 17."""
TRANSACTION_POOLER_PORT = 6543
_CONNECT = "Supabase > Connect > Session pooler"


async def check_database(settings: Settings, store: Store, url: str) -> tuple[list[Finding], DatabaseFacts | None]:
    """Return what was found and the facts, None where the database cannot be used: then nothing else can be checked.

    It is brought up to date, as by every command.
    """
    facts = await read_database(store.pool)
    findings = [*judge_server(facts), judge_way(url), *judge_privileges(facts, migrates=store.pool.has_transactions)]
    try:
        findings.append(await _migrations(store))
    except ChalkolaError as error:
        return [*findings, from_error(Area.DATABASE, Level.FAULT, error)], None
    findings += judge_exposures(await read_exposures(store.pool))
    rows_a_day = sum((await last_row_counts(store.pool)).values()) or None
    size = Size(size_bytes=facts.size_bytes, row_count=facts.row_count, rows_a_day=rows_a_day)
    free = None if not settings.is_embedded or not settings.home.exists() else shutil.disk_usage(settings.home).free
    findings.append(judge_room(size, supabase=is_supabase(url), free_bytes=free))
    return findings, None if facts.read_only else facts


def judge_failure(error: ChalkolaError) -> Finding:
    """Return why the database cannot be looked at."""
    finding = from_error(Area.DATABASE, Level.FAULT, error, where=_CONNECT)
    if not isinstance(error, DatabaseGone):
        return finding
    remedy = (
        "See that DATABASE_URL (or SUPABASE_URL) is right and that the server runs: Supabase pauses unused projects"
        " of its free plan."
    )
    return replace(finding, remedy=remedy)


async def _migrations(store: Store) -> Finding:
    if await is_current(store.pool):
        return Finding(area=Area.DATABASE, level=Level.OK, what="All migrations are applied.")
    migrated = await migrate(store.pool)
    what = f"The database was brought up to date: {len(migrated.applied)} scripts applied."
    return Finding(area=Area.DATABASE, level=Level.OK, what=" ".join((what, *migrated.findings)))


def judge_server(facts: DatabaseFacts) -> list[Finding]:
    """Return whether we know this version, and whether it lets us write."""
    what = f"PostgreSQL {facts.version}, as {facts.role}."
    findings = [Finding(area=Area.DATABASE, level=Level.OK, what=what)]
    if facts.version_number < OLDEST_TESTED:
        findings = [Finding(
            area=Area.DATABASE, level=Level.WARNING, what=what, why="Versions before 15 are not tested.",
            remedy="Use PostgreSQL 15 or newer; Supabase offers 17.",
            where="Supabase > Project Settings > Infrastructure",
        )]  # fmt: skip
    if facts.read_only:
        findings.append(Finding(
            area=Area.DATABASE, level=Level.FAULT, what="The database can only be read.",
            why="Nothing can be loaded. Supabase does so when the plan's size is used up.",
            remedy="Make room or change the plan; then Supabase lets it be written again.",
            where="Supabase > Project Settings > Database",
        ))  # fmt: skip
    return findings


def judge_way(url: str) -> Finding:
    """Return how the database is reached, told by its address: a pooler does not say itself that it is one."""
    parts = urlsplit(url)
    if project_at(url):
        return Finding(
            area=Area.DATABASE, level=Level.NOTE, what=f"Reached through Supabase's API ({parts.hostname}).",
            why="pull, backfill, run and all that reads work that way, more slowly. With DATABASE_URL they are"
            " quicker, later versions bring the database up to date themselves, and import, export, reload and psql"
            " work too.",
            remedy="Set DATABASE_URL as well, and it is taken.", where=_CONNECT,
        )  # fmt: skip
    host, port = parts.hostname or "a socket", parts.port or 5432
    at = f"{host}:{port}"
    if port == TRANSACTION_POOLER_PORT:
        return Finding(
            area=Area.DATABASE, level=Level.NOTE, what=f"Reached through a transaction pooler ({at}).",
            why="That works: nothing here needs a session. A load waits while all its connections are taken.",
            remedy="Where there are enough connections the session pooler is the simpler way.", where=_CONNECT,
        )  # fmt: skip
    if "pooler" in host:
        return Finding(area=Area.DATABASE, level=Level.OK, what=f"Reached through a session pooler ({at}).")
    if host.startswith("db.") and is_supabase(url):
        return Finding(
            area=Area.DATABASE, level=Level.NOTE, what=f"Reached directly ({at}).",
            why="Supabase's direct address is IPv6 only. It works here, and not on hosts without IPv6, as GitHub's.",
            remedy="For a run elsewhere, set DATABASE_URL to the session pooler's address.", where=_CONNECT,
        )  # fmt: skip
    return Finding(area=Area.DATABASE, level=Level.OK, what=f"Reached directly ({at}).")


def judge_exposures(exposures: list[Exposure]) -> list[Finding]:
    """Return what whoever has the project's public key can use. It is the user's own: what we make is closed."""
    if not exposures:
        return []
    said = "; ".join(f"{one.name}: {one.problem}" for one in exposures)
    return [Finding(
        area=Area.DATABASE, level=Level.WARNING, what=f"Open to visitors of the Supabase project: {said}.",
        why="Whoever has the project's public key (anon) can use them, and every web page that uses it shows it.",
        remedy="For a table: ALTER TABLE … ENABLE ROW LEVEL SECURITY. For a function or a view: REVOKE ALL ON … FROM"
        " PUBLIC, anon, authenticated. Tables that were there before us are yours, so we do not do it.",
        where="Supabase > SQL Editor",
    )]  # fmt: skip


def judge_privileges(facts: DatabaseFacts, *, migrates: bool = True) -> list[Finding]:
    """Return what the role may not do and has to. Where it never `migrates` it need not make or own anything."""
    findings = []
    if facts.unusable:
        findings.append(_denied(facts, Level.FAULT, f"read and write {', '.join(facts.unusable)}",
                                "Rows and the ledger are kept there."))  # fmt: skip
    if not facts.may_execute:
        findings.append(
            _denied(facts, Level.FAULT, "execute the functions sp_…", "All that is written goes through them.")
        )
    if migrates and not facts.may_create:
        findings.append(_denied(facts, Level.WARNING, "create tables in its schema",
                                "The migrations of a later version could not be applied."))  # fmt: skip
    if migrates and facts.not_owned:
        findings.append(_denied(facts, Level.WARNING, f"alter {', '.join(facts.not_owned)}: another role owns them",
                                "The migrations of a later version could not be applied."))  # fmt: skip
    whole = f"The role {facts.role} may read, write and {'create' if migrates else 'execute'} what is needed."
    return findings or [Finding(area=Area.DATABASE, level=Level.OK, what=whole)]


def _denied(facts: DatabaseFacts, level: Level, what: str, why: str) -> Finding:
    return Finding(
        area=Area.DATABASE, level=level, what=f"The role {facts.role} may not {what}.", why=why,
        remedy="Use the role that made the tables (Supabase: postgres), or let its owner grant this.", where=_CONNECT,
    )  # fmt: skip
