"""The migrations as plain SQL, for whoever applies them with another tool than `chalkola migrate`.

Each script becomes one DO block: it does nothing where the script has been applied, applies all of it or nothing, and
writes its line into `sp_migrations`, so that it does not matter who has applied it. What is done in Python (adding
marketplaces, adopting days, looking at your tables) is done by the first command after it.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from chalkola.errors import Fault
from chalkola.store.access import closing, made_by
from chalkola.store.connection import Pool, database_errors
from chalkola.store.migrate import CREATE_LINES, LOCK, LOCK_TIMEOUT, Script, lines_of, scripts

FOLDER = "supabase/migrations"
PASTED = "supabase/paste.sql"

# Supabase's tool applies files by these names, in their order, once. They never change.
_HOURS = {
    "migrations": datetime(2026, 11, 1, 0),  # noqa: DTZ001  a name, not an instant
    "functions": datetime(2026, 11, 1, 8),  # noqa: DTZ001
    "views": datetime(2026, 11, 1, 16),  # noqa: DTZ001
    "sheets": datetime(2026, 11, 1, 20),  # noqa: DTZ001
}

_GUARDED = """\
DO $chalkola$
BEGIN
  PERFORM {lock};
  {create_lines};
  IF EXISTS (SELECT FROM sp_migrations WHERE {applied}) THEN
    RETURN;
  END IF;
  PERFORM set_config('lock_timeout', '{lock_timeout}', true);
  EXECUTE $script$
{text}
$script$;
  INSERT INTO sp_migrations VALUES ('{name}', '{checksum}')
  ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now();
END $chalkola$;
"""


def supabase_files() -> Mapping[str, str]:
    """Return the files that Supabase's tool applies, by path: one for each script."""
    head = (
        "-- {} of Chalkola. Written by `python -m chalkola.surfaces.docs`; it does nothing where it was applied.\n\n"
    )
    return {f"{FOLDER}/{_file_name(s)}": head.format(s.name) + as_sql(s) for s in scripts()}


def as_sql(script: Script) -> str:
    """Return SQL that applies a script where it has not been applied yet."""
    return f"{_guarded(script)}\n-- {_CLOSED}\n{closing(made_by([script.text]))}"


_CLOSED = "Nobody but the owner and service_role may use what is made here."


async def lacking(pool: Pool) -> tuple[Script, ...]:
    """Return the scripts that the database has not, or has in an older text."""
    with database_errors():
        async with pool.connection() as connection:
            lines = await lines_of(connection)
    return tuple(s for s in scripts() if not s.is_applied(lines))


def printed(wanted: Iterable[Script], reason: str) -> str:
    """Return scripts as one text to paste into a SQL editor, and why it is these."""
    chosen = tuple(wanted)
    head = (
        f"-- Chalkola's database, as SQL to paste. {reason}\n"
        "-- It may be pasted again: a script that has been applied does nothing. Your tables, columns, rows stay.\n"
        "-- The first command after it adds marketplaces, adopts the days that are in your tables, and says what\n"
        "-- blocks it in them, if anything does.\n"
    )
    closed = f"-- {_CLOSED}\n{closing(made_by(s.text for s in chosen))}"
    return "\n".join((head, *(f"-- {s.name}\n{_guarded(s)}" for s in chosen), closed))


def _guarded(script: Script) -> str:
    if "$script$" in script.text or "$chalkola$" in script.text:
        raise Fault(f"The migration {script.name} uses a quote that is taken.")
    same = f"name = '{script.name}'"
    return _GUARDED.format(
        lock=LOCK, create_lines=";\n  ".join(CREATE_LINES), lock_timeout=LOCK_TIMEOUT, text=script.text.rstrip("\n"),
        name=script.name, checksum=script.checksum,
        applied=f"{same} AND checksum = '{script.checksum}'" if script.repeatable else same,
    )  # fmt: skip


def _file_name(script: Script) -> str:
    matched = re.fullmatch(r"(\w+)/(\d+)_(\w+)\.sql", script.name)
    if matched is None:
        raise Fault(f"The migration {script.name} has no number.")
    folder, number, title = matched.groups()
    at = _HOURS[folder] + timedelta(seconds=int(number))
    return f"{at:%Y%m%d%H%M%S}_{folder}_{title}.sql" if script.repeatable else f"{at:%Y%m%d%H%M%S}_{title}.sql"
