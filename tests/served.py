"""A server of ours on a port of its own, in the test's event loop, over a database with functions of the test's."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
import psycopg

from chalkola.clock import Clock, RealClock
from chalkola.settings import SignIn
from chalkola.store.connection import open_pool
from chalkola.surfaces.web.application import Parts, application
from chalkola.surfaces.web.guard import Answered
from chalkola.surfaces.web.house import open_house
from chalkola.surfaces.web.pages import SECTIONS
from chalkola.surfaces.web.rpc.endpoint import open_rpc
from chalkola.surfaces.web.serving import address_of, listening, serve

FUNCTIONS = """
CREATE FUNCTION told(token text, items text[] DEFAULT NULL, start date DEFAULT NULL, days integer DEFAULT 7)
RETURNS jsonb LANGUAGE sql SET search_path = public, pg_temp AS $$
  SELECT jsonb_build_object('ok', true, 'items', items, 'start', start, 'days', days, 'role', current_user,
    'now', current_setting('chalkola.now', true), 'timeout', current_setting('statement_timeout'))
$$;
CREATE FUNCTION fails(token text, how text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING errcode = how, message = 'so it is', detail = 'in detail', hint = 'what to do';
END $$;
CREATE FUNCTION sleeps(token text, seconds float8) RETURNS jsonb LANGUAGE sql SET statement_timeout = '700ms' AS $$
  SELECT jsonb_build_object('ok', true, 'slept', pg_sleep(seconds)::text)
$$;
CREATE FUNCTION known(token text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT CASE WHEN token = 'right' THEN '{"ok": true, "data": 1}'
              ELSE '{"ok": false, "code": "token_unknown", "say": "This token is not known."}' END::jsonb
$$;
CREATE FUNCTION large(token text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('ok', true, 'rows', jsonb_agg(n)) FROM generate_series(1, 100000) n
$$;
CREATE FUNCTION nobody_may(token text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '1'::jsonb $$;
CREATE FUNCTION nothing() RETURNS jsonb LANGUAGE sql AS $$ SELECT NULL::jsonb $$;
"""
NAMES = ("told", "fails", "sleeps", "known", "large", "nothing", "comes_later")


@dataclass(kw_only=True)
class Served:
    """A server, and what its log has been told."""

    address: str
    client: httpx2.AsyncClient
    stop: asyncio.Event
    answered_requests: list[Answered] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)
    is_database_there: bool = True

    def answered(self, answered: Answered) -> None:
        self.answered_requests.append(answered)

    def broke(self, error: Exception, method: str, path: str) -> None:
        self.broken.append(error)

    async def look(self) -> bool:
        return self.is_database_there

    async def call(self, name: str, /, **arguments: Any) -> httpx2.Response:
        """Call a function."""
        return await self.client.post(f"/rest/v1/rpc/{name}", json=arguments)


def add_functions(url: str) -> None:
    """Put the functions of these tests into a database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FUNCTIONS.encode())


@asynccontextmanager
async def served(
    url: str,
    *,
    clock: Clock | None = None,
    names: Sequence[str] = NAMES,
    pages: bool = False,
    sign_in: SignIn | None = None,
) -> AsyncIterator[Served]:
    """Give a server over a database."""
    stop = asyncio.Event()
    with listening("127.0.0.1", 0) as taken:
        address = address_of("127.0.0.1", taken)
        async with open_pool(url, size=3) as pool, httpx2.AsyncClient(base_url=address, timeout=30) as client:
            running = Served(address=address, client=client, stop=stop)
            rpc = await open_rpc(pool, clock or RealClock(), names)
            house = open_house(pool, clock or RealClock(), SECTIONS, sign_in) if pages else None
            parts = Parts(
                rpc=rpc, house=house, clock=clock or RealClock(), is_database_there=running.look, witness=running
            )  # fmt: skip
            serving = asyncio.create_task(serve(application(parts), taken, stop))
            try:
                yield running
            finally:
                stop.set()
                await client.aclose()
                await serving
