"""Supabase's roles, default privileges and `auth` in plain SQL, as a project has them before our migrations run.

Roles are the whole server's, so a test that needs them has a server of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from postgres import Server

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
def project(server: Server) -> Iterator[str]:
    """Give the address of a fresh project's database, as its owner `postgres`, who is no superuser."""
    name = f"project_{uuid4().hex[:12]}"
    server.execute("CREATE DATABASE {} OWNER postgres", name)
    with psycopg.connect(server.direct_url_of(name), autocommit=True) as connection:
        connection.execute(_PROJECT.encode())
    yield as_role(server.url_of(name), "postgres", "owner")
    server.execute("DROP DATABASE {} WITH (FORCE)", name)


def as_role(url: str, role: str, password: str) -> str:
    """Return the address with another role."""
    return f"postgresql://{role}:{password}@{url.rpartition('@')[2]}"
