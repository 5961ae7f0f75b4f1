"""Supabase's roles, default privileges and `auth` in plain SQL, as a project has them before our migrations run.

Roles are the whole server's, so tests that need them have a server of their own.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from uuid import uuid4

import psycopg

from postgres import Server, migrated

_ROLES = """
CREATE ROLE postgres LOGIN PASSWORD 'owner' CREATEDB CREATEROLE BYPASSRLS;
CREATE ROLE anon NOLOGIN NOINHERIT;
CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE service_role LOGIN PASSWORD 'service' NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN PASSWORD 'door' NOINHERIT;
GRANT anon, authenticated, service_role TO authenticator, postgres;
"""
_PROJECT = """
CREATE SCHEMA auth AUTHORIZATION postgres;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT (auth.jwt() ->> 'sub')::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ SELECT auth.jwt() ->> 'role' $$;
CREATE FUNCTION auth.email() RETURNS text LANGUAGE sql STABLE AS $$ SELECT auth.jwt() ->> 'email' $$;
GRANT USAGE ON SCHEMA auth, public TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public
  GRANT ALL ON TABLES TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public
  GRANT ALL ON FUNCTIONS TO postgres, anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public
  GRANT ALL ON SEQUENCES TO postgres, anon, authenticated, service_role;
"""


def add_roles(server: Server) -> None:
    """Make Supabase's roles."""
    server.execute(_ROLES)


@contextmanager
def project(server: Server, *, filled: bool = False) -> Iterator[str]:
    """Give the address of a fresh project's database, as its owner `postgres`, who is no superuser; `filled` is with
    what our migrations make."""
    with server.copy_of(_template(server, filled), owner="postgres") as url:
        yield _as_owner(url)


@cache
def _template(server: Server, filled: bool) -> str:
    """Return the name of a project that nobody writes to: projects are copies of it."""
    name = f"template_{uuid4().hex[:8]}"
    if filled:
        server.execute("CREATE DATABASE {} TEMPLATE {} OWNER postgres", name, _template(server, False))
        asyncio.run(migrated(_as_owner(server.direct_url_of(name))))
    else:
        server.execute("CREATE DATABASE {} OWNER postgres", name)
        with psycopg.connect(server.direct_url_of(name), autocommit=True) as connection:
            connection.execute(_PROJECT.encode())
    return name


def _as_owner(url: str) -> str:
    return as_role(url, "postgres", "owner")


def as_role(url: str, role: str, password: str) -> str:
    """Return the address with another role."""
    return f"postgresql://{role}:{password}@{url.rpartition('@')[2]}"
