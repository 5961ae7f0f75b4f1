"""What others than the owner and `service_role` could read, change or execute, by the catalog and not by a list."""

from dataclasses import dataclass
from typing import LiteralString

from psycopg.rows import class_row

from chalkola.store.access import (
    NOTERS,
    READ_FUNCTIONS,
    READABLE,
    READER_DOMAINS,
    READERS,
    RUNNERS,
    SERVICE,
    SHEETS,
    VISITORS,
    made_by,
)
from chalkola.store.connection import Connection, Pool, database_errors
from chalkola.store.migrate import scripts


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """Something in the database that is more open than what we make should be."""

    kind: str
    """table, view, sequence or function."""
    name: str
    problem: str
    reachable: bool
    """Whether visitors of a Supabase project can use it as things stand: they have a grant, and no policy decides."""


_QUERY: LiteralString = """
WITH relations AS (
  SELECT c.oid, c.relname::text AS name, c.relacl, c.relowner, c.relrowsecurity,
         coalesce(c.reloptions, '{}') AS options,
         c.relrowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = %(readers)s)
           AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname <> %(readers)s)
           AS is_ours_to_read,
         CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' ELSE 'table'
         END AS kind
  FROM pg_class c
  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
), functions AS (
  SELECT p.oid, p.proname::text AS name, p.proconfig, p.prosecdef, pg_get_userbyid(p.proowner) AS owner,
         p.prorettype = 'trigger'::regtype AS is_trigger,
         EXISTS (SELECT FROM aclexplode(p.proacl) a JOIN pg_roles s ON s.oid = a.grantee AND s.rolname = %(service)s)
           AS for_service,
         coalesce(p.proacl, acldefault('f', p.proowner)) AS acl
  FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
), visitors AS (
  SELECT oid, rolname::text AS name FROM pg_roles WHERE rolname = ANY (%(visitors)s)
  UNION ALL SELECT 0, 'PUBLIC'
), grants AS (
  SELECT oid, string_agg(DISTINCT visitor || ' has ' || privilege_type, ', ') AS said
  FROM (SELECT r.oid, v.name AS visitor, a.privilege_type
        FROM relations r CROSS JOIN aclexplode(r.relacl) a JOIN visitors v ON v.oid = a.grantee
        WHERE NOT (r.name = ANY (%(readable)s) AND v.name = 'authenticated' AND a.privilege_type = 'SELECT'
                   AND (r.kind = 'view' OR r.is_ours_to_read))
        UNION ALL
        SELECT r.oid, v.name, a.privilege_type || ' on a column'
        FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid CROSS JOIN aclexplode(t.attacl) a
        JOIN visitors v ON v.oid = a.grantee
        UNION ALL
        SELECT f.oid, v.name, a.privilege_type
        FROM functions f CROSS JOIN aclexplode(f.acl) a JOIN visitors v ON v.oid = a.grantee
        WHERE f.name <> ALL (%(read_functions)s)) AS granted
  GROUP BY oid
)
SELECT r.kind, r.name, 'row-level security is off' AS problem, g.oid IS NOT NULL AS reachable
FROM relations r LEFT JOIN grants g USING (oid) WHERE r.kind = 'table' AND NOT r.relrowsecurity
UNION ALL
SELECT r.kind, r.name, 'it shows what its owner may see: security_invoker is off', g.oid IS NOT NULL
FROM relations r LEFT JOIN grants g USING (oid)
WHERE r.kind = 'view' AND NOT 'security_invoker=true' = ANY (r.options) OR r.kind = 'materialized view'
UNION ALL
SELECT r.kind, r.name, g.said, r.kind = 'sequence' OR r.kind = 'table' AND NOT r.relrowsecurity
FROM relations r JOIN grants g USING (oid)
UNION ALL
SELECT 'function', f.name, 'its search_path is not fixed', g.oid IS NOT NULL
FROM functions f LEFT JOIN grants g USING (oid)
WHERE NOT EXISTS (SELECT FROM unnest(f.proconfig) c WHERE c LIKE 'search_path=%%')
UNION ALL
SELECT 'function', f.name, 'it runs with the rights of its owner', g.oid IS NOT NULL
FROM functions f LEFT JOIN grants g USING (oid)
WHERE f.prosecdef AND f.name <> ALL (%(read_functions)s)
  AND NOT (f.name = ANY (%(runners)s) AND f.owner = %(service)s)
  AND NOT (f.name = ANY (%(noters)s) AND f.is_trigger)
UNION ALL
SELECT 'function', f.name, 'it executes statements, and not as ' || %(service)s || ' for itself', true
FROM functions f
WHERE f.name = ANY (%(runners)s) AND f.for_service AND NOT (f.prosecdef AND f.owner = %(service)s)
UNION ALL
SELECT 'function', f.name, g.said, true FROM functions f JOIN grants g USING (oid)
ORDER BY 1, 2, 3
"""


async def audit(connection: Connection) -> list[Exposure]:
    """Return what is open in the schema, whoever made it."""
    values = {
        "visitors": [*VISITORS, SHEETS], "read_functions": list(READ_FUNCTIONS), "runners": list(RUNNERS),
        "noters": list(NOTERS), "service": SERVICE, "readable": [*READABLE, READER_DOMAINS], "readers": READERS,
    }  # fmt: skip
    async with connection.cursor(row_factory=class_row(Exposure)) as cursor:
        await cursor.execute(_QUERY, values)
        return await cursor.fetchall()


_OURS = ("sp_", "fx_")
"""How the names of our tables, views and functions begin; those of the reference tables do not."""


async def read_exposures(pool: Pool) -> list[Exposure]:
    """Return what visitors of a Supabase project can use of the tables, views and functions called as ours are.

    Nothing where there are no visitors, for their roles are Supabase's. Of the reference tables (`marketplaces`,
    `products`) the user may well want them to be open.
    """
    ours = {name for name in made_by(script.text for script in scripts()) if name.startswith(_OURS)}
    with database_errors():
        async with pool.connection() as connection:
            found = await connection.execute("SELECT FROM pg_roles WHERE rolname = ANY (%s)", (list(VISITORS),))
            if await found.fetchone() is None:
                return []
            return [one for one in await audit(connection) if one.reachable and one.name in ours]
