"""A small Amazon of scripted answers on real sockets, and buckets that really empty. Amazon's time jumps."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from amazon_simulator import SimulatorSettings
from amazon_simulator.server import Simulator
from chalkola.amazon import Amazon, open_amazon
from chalkola.amazon.operations import OPERATIONS
from chalkola.amazon.throttle import Turn
from chalkola.amazon.transport import Transport
from chalkola.calls import Call
from chalkola.clock import Clock, JumpingClock
from chalkola.marketplaces import Region
from chalkola.settings import Account, Settings, read_settings

START = datetime(2026, 11, 20, 2, tzinfo=UTC)
CLIENT_SECRET = "amzn1.oa2-cs.v1.deadbeef"  # noqa: S105 - made up
LOGIN = "/auth/o2/token"

RESET = web.Response(status=299)
"""In place of an answer: the connection is reset after the request was read."""


@dataclass
class Received:
    """One request as the server saw it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass
class Loopback:
    """Answers from a queue per path; the last one is repeated. Access tokens are `Atza|1`, `Atza|2`, …"""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    tokens_last: float = 3600
    dead_tokens: set[str] = field(default_factory=set)
    _queues: dict[str, deque[Callable[[], web.Response]]] = field(default_factory=lambda: defaultdict(deque))
    _tokens: int = 0

    def answer(self, path: str, status: int = 200, json: Any = None, *, body: bytes | None = None,
               headers: Mapping[str, str] | None = None, times: int = 1) -> None:  # fmt: skip
        """Queue `times` answers to `path`; with neither `json` nor `body` an empty one."""

        def made() -> web.Response:
            if json is not None:
                return web.json_response(json, status=status, headers=headers)
            return web.Response(status=status, body=body, headers=headers)

        self._queues[path].extend([made] * times)

    def error(self, path: str, status: int, message: str, *, code: str = "X", details: str = "", times: int = 1,
              headers: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """Queue Amazon's ErrorList."""
        listed = {"errors": [{"code": code, "message": message, "details": details}]}
        self.answer(path, status, listed, times=times, headers=headers)

    def reset(self, path: str, times: int = 1) -> None:
        """Queue resets of the connection after the request was read."""
        self._queues[path].extend([lambda: RESET] * times)

    def asked(self, path: str) -> list[Received]:
        """Return what was sent to `path`."""
        return [request for request in self.received if request.path == path]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.received.append(
            Received(
                request.method,
                request.raw_path,
                {name.lower(): value for name, value in request.headers.items()},
                await request.read(),
            )
        )
        if request.headers.get("x-amz-access-token") in self.dead_tokens:
            return web.json_response({"errors": [{"code": "Unauthorized", "message": "Denied"}]}, status=401)
        queue = self._queues[request.raw_path.partition("?")[0]]
        if not queue:
            return self._token() if request.path == LOGIN else web.Response(status=404, body=b"{}")
        response = (queue.popleft() if len(queue) > 1 else queue[0])()
        if response is RESET:
            assert request.transport is not None
            request.transport.abort()
        return response

    def _token(self) -> web.Response:
        self._tokens += 1
        return web.json_response({"access_token": f"Atza|{self._tokens}", "expires_in": self.tokens_last})


@dataclass
class _Bucket:
    rate_per_second: float
    burst: float
    tokens: float
    at: datetime
    closed_until: datetime = START
    refusals: int = 0


@dataclass
class Buckets:
    """A `Meter` in memory: token buckets at Amazon's published rates, others one in 15 minutes."""

    clock: Clock
    learned: list[tuple[str, float]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    known: dict[str, _Bucket] = field(default_factory=dict)

    async def take(self, buckets: tuple[str, ...]) -> Turn:
        now = self.clock.now()
        opens = [(self._opens(self.bucket(name), now), name) for name in buckets]
        open_at, slowest = max(opens)
        if open_at > now:
            return Turn(granted=False, open_at=open_at, waiting_for=slowest)
        for name in buckets:
            self.bucket(name).tokens -= 1
        return Turn(granted=True, open_at=now)

    async def refused(self, bucket: str, *, until: datetime) -> int:
        self.writes.append(f"refused {bucket}")
        kept = self.bucket(bucket)
        kept.closed_until, kept.refusals = until, kept.refusals + 1
        return kept.refusals

    async def refusals(self, bucket: str) -> int:
        return self.bucket(bucket).refusals

    async def accepted(self, bucket: str) -> None:
        self.writes.append(f"accepted {bucket}")
        self.bucket(bucket).refusals = 0

    async def learn(self, bucket: str, rate_per_second: float) -> None:
        self.learned.append((bucket, rate_per_second))
        self.bucket(bucket).rate_per_second = rate_per_second

    def bucket(self, name: str) -> _Bucket:
        if name not in self.known:
            operation = OPERATIONS.get(name.partition("@")[0])
            rate, burst = (operation.rate_per_second, operation.burst) if operation else (1 / 900, 1)
            self.known[name] = _Bucket(rate, burst, burst, self.clock.now())
        return self.known[name]

    @staticmethod
    def _opens(kept: _Bucket, now: datetime) -> datetime:
        passed = (now - kept.at).total_seconds()
        kept.tokens, kept.at = min(kept.burst, kept.tokens + passed * kept.rate_per_second), now
        missing = max(0.0, 1 - 1e-6 - kept.tokens)
        return max(now + timedelta(seconds=missing / kept.rate_per_second), kept.closed_until)


@pytest.fixture
def clock() -> JumpingClock:
    return JumpingClock(START)


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    small_amazon = Loopback()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", small_amazon.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    small_amazon.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield small_amazon
    await runner.cleanup()


@pytest.fixture
def account(loopback: Loopback) -> Account:
    return Account(key="EU", region=Region.EU, endpoint=loopback.url, refresh_token="Atzr|refresh-of-EU")  # noqa: S106


@pytest.fixture
def other_account(loopback: Loopback) -> Account:
    return Account(key="NA", region=Region.NA, endpoint=loopback.url, refresh_token="Atzr|refresh-of-NA")  # noqa: S106


@pytest.fixture
def settings(loopback: Loopback, clock: JumpingClock, account: Account, other_account: Account) -> Settings:
    return Settings(
        client_id="amzn1.application-oa2-client.1", client_secret=CLIENT_SECRET, login_url=loopback.url + LOGIN,
        accounts=(account, other_account), home=Path("unused"), archive=None, clock=clock,
    )  # fmt: skip


@pytest.fixture
def buckets(clock: JumpingClock) -> Buckets:
    return Buckets(clock=clock)


@pytest.fixture
def calls() -> list[Call]:
    return []


@pytest.fixture
async def transport(settings: Settings, buckets: Buckets, calls: list[Call]) -> AsyncIterator[Transport]:
    async with Transport(settings, buckets, on_call=calls.append) as opened:
        yield opened


@pytest.fixture
def shop() -> SimulatorSettings:
    """What the simulated Amazon sells; a test that wants another shop parametrizes it."""
    return SimulatorSettings(parents=4, children=20, foreign_reports=0)


@pytest.fixture
async def simulator(shop: SimulatorSettings, clock: JumpingClock) -> AsyncIterator[Simulator]:
    async with Simulator(shop, clock.now) as small_amazon:
        yield small_amazon


@pytest.fixture
async def amazon(
    simulator: Simulator, clock: JumpingClock, buckets: Buckets
) -> AsyncIterator[tuple[Amazon, dict[str, Account]]]:
    """The room, open on the simulated Amazon, and its accounts by key."""
    settings = replace(read_settings(simulator.env()), clock=clock)
    async with open_amazon(settings, buckets) as opened:
        yield opened, {account.key: account for account in settings.accounts}


@pytest.fixture
async def short_server() -> AsyncIterator[str]:
    """A server that announces 1,000 bytes, sends 10 and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n0123456789")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
