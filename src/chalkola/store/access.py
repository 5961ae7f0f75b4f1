"""Who may use what we make: its owner and Supabase's `service_role`; others only what `READ_FUNCTIONS` names, and
people of the allowed domain, who have signed in to the Supabase project, what `READABLE` names.

Supabase grants whatever is made in `public` to `anon` and `authenticated`, and PostgreSQL lets everybody execute a
new function. Both are taken back from what our scripts make. What may be the user's own is left alone: a table
without row-level security (we switch it on for what we make), one with policies, a view without `security_invoker`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import LiteralString

from chalkola.store.connection import Connection

READ_FUNCTIONS: tuple[str, ...] = (
    "sheet_ads", "sheet_alerts", "sheet_compare", "sheet_cover", "sheet_daily", "sheet_fx", "sheet_meta",
    "sheet_product", "sheet_snapshot", "sheet_status", "sheet_stock", "sheet_top", "sheet_values",
)  # fmt: skip
"""What sheets call: `anon`, `authenticated` and `chalkola_sheets` may execute these and nothing else. They run with
their owner's rights, read, and check themselves by a token who asks."""

READABLE: tuple[str, ...] = (
    "fx_rates", "sp_alerts", "sp_api_pulls", "sp_coverage", "sp_daily_asin_data", "sp_daily_parent_data",
    "sp_daily_totals", "sp_data_pulls", "sp_listings", "sp_restatements", "sp_slices", "sp_unattributed",
)  # fmt: skip
"""What people of the allowed domain may read and not change: figures, what is held of each day, alerts. Not what
somebody could come in with or act by (tokens, sessions, accounts, sources, quotas, questions, calls, deliveries), and
not `marketplaces`, `products` and the like, which may be the user's own. What is in none of the lists is closed."""
READER_DOMAINS = "sp_reader_domains"
READERS = "chalkola_readers"
"""How our policies are called."""

VISITORS = ("anon", "authenticated")
SHEETS = "chalkola_sheets"
"""The role that whoever serves the functions takes on. Nobody logs in as it."""
SERVICE = "service_role"

RUNNERS = ("sp_rest_read", "sp_rest_write")
"""The functions that execute statements for whoever has Supabase's secret key (`functions/55_rest.sql`).

They are `service_role`'s own and run as their owner, so they can do what that role may do in the database anyway, and
nothing else: in a function that runs as its owner PostgreSQL lets nobody change roles. With the caller's rights they
would let the key become all that PostgREST's login is a member of, which on projects of before November 2022 was the
superuser. Where they cannot be made its own it may not execute them.
"""

NOTERS = ("sp_note_changed", "sp_note_emptied", "sp_note_new", "sp_note_old")
"""The triggers' functions, which run as their owner: whoever may write a row has its month noted by that, without a
right to any table of ours (`migrations/0018_running_sums.sql`). A trigger's function cannot be called."""

_MADE = re.compile(r"CREATE (?:OR REPLACE |UNLOGGED )?(?:TABLE|VIEW|FUNCTION) (?:IF NOT EXISTS )?(\w+)")

_CLOSING = """\
DO $access$
DECLARE
  made constant text[] := {made};
  read_functions constant text[] := {read_functions};
  runners constant text[] := {runners};
  -- Supabase's roles, as far as this database has them, and our own.
  visitors constant text := (
    SELECT string_agg(quote_ident(rolname), ', ') FROM pg_roles WHERE rolname = ANY ({visitors}));
  service constant text := (SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = {service});
  one record;
BEGIN
{handing_over}  FOR one IN
    WITH relations AS (
      SELECT c.oid, c.relkind FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (made)
        AND pg_has_role(c.relowner, 'USAGE')
        AND (c.relkind IN ('r', 'p') AND c.relrowsecurity
             AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> '{readers}')
             OR c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions)))
    SELECT 'TABLE ' || r.oid::regclass AS what, false AS open, true AS for_service FROM relations r
    UNION ALL
    SELECT 'SEQUENCE ' || d.objid::regclass, false, true FROM relations r
    JOIN pg_depend d ON d.refobjid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    JOIN pg_class s ON s.oid = d.objid AND d.classid = 'pg_class'::regclass AND s.relkind = 'S'
    UNION ALL
    SELECT 'FUNCTION ' || p.oid::regprocedure, p.proname = ANY (read_functions),
           p.proname <> ALL (runners) OR p.prosecdef
    FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (made)
      AND pg_has_role(p.proowner, 'USAGE')
  LOOP
    EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, concat_ws(', ', 'PUBLIC', visitors));
    IF one.open AND visitors IS NOT NULL THEN
      EXECUTE format('GRANT EXECUTE ON %s TO %s', one.what, visitors);
    END IF;
    IF service IS NOT NULL AND one.for_service THEN
      EXECUTE format('GRANT ALL ON %s TO %s', one.what, service);
    ELSIF service IS NOT NULL THEN
      EXECUTE format('REVOKE ALL ON %s FROM %s', one.what, service);
    END IF;
  END LOOP;
{letting_read}END $access$;
"""

# An address counts as verified where Supabase says so and the session was not begun by a password alone, for which
# nobody has to have the mailbox where a project does not confirm addresses; user_metadata is the user's to change, so
# it only refuses. Claims and methods: supabase.com/docs/guides/auth/jwt-fields. A table shows its rows where the
# reader's own domain is seen in the list, of which each sees no other. Both are looked up once a statement.
_LETTING_READ = """\
  IF to_regclass('{domains}') IS NOT NULL AND to_regprocedure('auth.jwt()') IS NOT NULL
     AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticated') THEN
    FOR one IN
      SELECT c.oid::regclass AS what, c.relname, c.relkind,
             EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = '{readers}') AS has_policy
      FROM pg_class c
      WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY ({readable})
        AND pg_has_role(c.relowner, 'USAGE')
        AND (c.relkind IN ('r', 'p') AND c.relrowsecurity
             AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> '{readers}')
             OR c.relkind = 'v' AND 'security_invoker=true' = ANY (c.reloptions))
    LOOP
      IF one.relkind <> 'v' AND NOT one.has_policy THEN
        EXECUTE format('CREATE POLICY {readers} ON %s FOR SELECT TO authenticated USING (%s)', one.what,
          CASE WHEN one.relname = '{domains}' THEN $claimed$domain = (
            SELECT lower(substring(c.jwt ->> 'email' FROM '^[^@[:space:]]+@([^@[:space:]]+)$'))
            FROM (SELECT auth.jwt() AS jwt) c
            WHERE c.jwt -> 'user_metadata' -> 'email_verified' = 'true'
              AND coalesce(c.jwt -> 'is_anonymous', 'false') = 'false'
              AND EXISTS (SELECT FROM jsonb_array_elements(
                            CASE jsonb_typeof(c.jwt -> 'amr') WHEN 'array' THEN c.jwt -> 'amr' ELSE '[]' END) m
                          WHERE m ->> 'method' IN ('oauth', 'sso/saml', 'otp', 'magiclink', 'invite', 'recovery',
                                                   'email/signup'))
          )$claimed$ ELSE '(SELECT EXISTS (SELECT FROM {domains}))' END);
      END IF;
      EXECUTE format('GRANT SELECT ON %s TO authenticated', one.what);
    END LOOP;
  END IF;
"""


_HANDING_OVER = """\
  IF service IS NOT NULL THEN
    DECLARE
      may_create boolean := has_schema_privilege('service_role', current_schema(), 'CREATE');
    BEGIN
      IF NOT may_create THEN  -- an owner has to be able to make what it owns, while it is given it
        EXECUTE format('GRANT CREATE ON SCHEMA %I TO %s', current_schema(), service);
      END IF;
      FOR one IN SELECT p.oid::regprocedure AS what FROM pg_proc p
                 WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY (runners) LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %s', one.what, service);
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER', one.what);
      END LOOP;
      IF NOT may_create THEN
        EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM %s', current_schema(), service);
      END IF;
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'SUPABASE_SERVICE_KEY cannot be used without DATABASE_URL here: %', sqlerrm;
    END;
  END IF;
"""


def made_by(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the tables, views and functions that scripts make, where they are not there already."""
    return tuple(sorted({"sp_migrations", *(name for text in texts for name in _MADE.findall(text))}))


def closing(made: Sequence[str], read_functions: Sequence[str] = READ_FUNCTIONS) -> str:
    """Return the SQL that leaves what was made to its owner and to `service_role`. It may be executed again."""
    named = [name for name in read_functions if name in made]
    runners = [name for name in RUNNERS if name in made]
    return _CLOSING.format(
        made=text_array(made), read_functions=text_array(named), visitors=text_array((*VISITORS, SHEETS)),
        service=f"'{SERVICE}'", runners=text_array(runners), handing_over=_HANDING_OVER if runners else "",
        readers=READERS, letting_read=_letting_read() if {*READABLE, READER_DOMAINS}.intersection(made) else "",
    )  # fmt: skip


def _letting_read() -> str:
    readable = text_array((READER_DOMAINS, *READABLE))
    return _LETTING_READ.format(domains=READER_DOMAINS, readers=READERS, readable=readable)


async def sheets_finding(connection: Connection) -> list[str]:
    """Return what is to be said where the role for sheets is not there or cannot be taken on; else nothing."""
    query: LiteralString = (
        "SELECT pg_has_role(r.oid, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER'"
        " ELSE 'SET' END) FROM pg_roles r WHERE r.rolname = %s"
    )
    row = await (await connection.execute(query, (SHEETS,))).fetchone()
    if row is not None and row[0]:
        return []
    what = (
        "may not be taken on by this database user" if row else "is not there, and this database user may not make it"
    )
    return [f"The role {SHEETS} {what}: `chalkola serve` then answers sheets as the user it connects as."]


def text_array(names: Sequence[str]) -> str:
    """Return names as an array in SQL. They are words of ours, without quotes in them."""
    return "'{" + ", ".join(names) + "}'::text[]"
