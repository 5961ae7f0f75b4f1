"""A stand-in for Supabase's API, in front of a project's database (supabase.py): npm's `@supabase/lite`, and a gate
before it that refuses what Supabase refuses and the stand-in does not, or loses calls when it is told to.

The stand-in is installed once, by `npm ci` from tests/supabase_lite/, into a cache folder that its lock names.
"""

import asyncio
import hashlib
import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import platformdirs
import pytest
from aiohttp import web
from filelock import FileLock

from chalkola.settings import Supabase
from chalkola.store.rest.address import address_of

SECRET = "sb_secret_of_the_tests_only_000000000000"  # noqa: S105
PUBLIC = "sb_publishable_of_the_tests_only_0000000"
OLDER = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.dGhlIHN0YW5kLWluIGRvZXMgbm90IGxvb2s"
"""A key of the older form, of the role `service_role`. The stand-in knows none: the gate takes it in its place."""
_RECIPE = Path(__file__).parent / "supabase_lite"
_READY_SECONDS = 60.0
_MOST_ROWS = 1_000  # PostgREST as Supabase sets it up, which cuts without a word


def installed(recipe: Path = _RECIPE) -> Path:
    """Return the folder of what a lock names, installed if need be. Skips the test where there is no Node."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("Node.js is not installed")
    lock, name = (recipe / "package-lock.json").read_bytes(), recipe.name.replace("_", "-")
    folder = platformdirs.user_cache_path("chalkola-tests") / f"{name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(recipe, folder)
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, capture_output=True)
            (folder / "ready").touch()
    return folder


@dataclass(kw_only=True)
class Lite:
    """The stand-in as a process, and the gate before it. `url` is what SUPABASE_URL is set to."""

    url: str
    key: str
    calls: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    """Why calls were turned away at the gate."""
    losing: list[tuple[str, str]] = field(default_factory=list)
    """The next calls to be lost: a function, and whether that happens `before` or `after` it was carried out."""
    passing: dict[str, int] = field(default_factory=dict)
    """How many more calls of a function pass; those after them wait until it is taken out again."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The two settings."""
        return {"SUPABASE_URL": self.url, "SUPABASE_SERVICE_KEY": self.key}

    @property
    def project(self) -> Supabase:
        """The two settings, read."""
        return Supabase(url=self.url, key=self.key)

    @property
    def address(self) -> str:
        """The two settings, as the store is opened with them."""
        return address_of(self.project)


@contextmanager
def lite(database_url: str, folder: Path, *, key: str = SECRET) -> Iterator[Lite]:
    """Give a project's API. `database_url` is the address of its database as `postgres`, who may become
    `service_role`; functions that are made later are not known to it."""
    port = free_port()
    _configure(folder, database_url, port)
    quiet = {"LITE_TELEMETRY": "0", "DO_NOT_TRACK": "1", "NO_COLOR": "1", "CI": "true"}
    with (folder / "lite.txt").open("wb") as output:
        process = subprocess.Popen(
            ["node", str(installed() / "node_modules/@supabase/lite/dist/cli/index.js"), "start", "--no-admin"],
            cwd=folder, env={**os.environ, **quiet}, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        _await(port, process, folder / "lite.txt")
        with _gate(f"http://127.0.0.1:{port}", key) as gate:
            yield gate
    finally:
        process.terminate()
        process.wait(timeout=30)


def _configure(folder: Path, database_url: str, port: int) -> None:
    (folder / "supabase").mkdir(parents=True, exist_ok=True)
    (folder / "supabase" / "config.toml").write_text(
        f'[api]\nport = {port}\n\n[db]\ndriver = "postgres"\nurl = "{database_url}"\n\n'
        f'[auth]\nenabled = false\npublishable_key = "{PUBLIC}"\nsecret_key = "{SECRET}"\n'
    )


def _await(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    ends = time.monotonic() + _READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/rest/v1/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                raise AssertionError(f"the stand-in did not start: {said.read_text()}") from None
            time.sleep(0.05)
        else:
            return


@contextmanager
def _gate(behind: str, key: str) -> Iterator[Lite]:
    """Serve the gate from a thread of its own, so that it stands whatever the test is at."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    gate = Lite(url=f"http://127.0.0.1:{(port := free_port())}", key=key)

    async def serve() -> None:
        async with aiohttp.ClientSession() as session:
            app = web.Application(client_max_size=64_000_000)

            async def passed(request: web.Request) -> web.StreamResponse:
                return await _pass(request, gate, session, behind)

            app.router.add_route("*", "/{path:.*}", passed)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", port).start()
            ready.set()
            await ended.wait()
            await runner.cleanup()

    ended = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield gate
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=30)


async def _pass(request: web.Request, gate: Lite, session: aiohttp.ClientSession, behind: str) -> web.StreamResponse:
    function = request.path.removeprefix("/rest/v1/rpc/")
    gate.calls[function] += 1
    if why := _not_let_in(request, gate.key):
        gate.refused.append(why)
        return web.json_response({"message": why, "hint": "Double check your Supabase `apikey`"}, status=401)
    while not gate.passing.get(function, 1):
        await asyncio.sleep(0.01)
    if function in gate.passing:
        gate.passing[function] -= 1
    lost = next((one for one in gate.losing if one[0] == function), None)
    if lost:
        gate.losing.remove(lost)
    if lost and lost[1] == "before":
        return web.json_response({"message": "the gate has lost it"}, status=502)
    headers = {"apikey": SECRET, "content-type": request.headers.get("content-type", "")}
    try:
        async with session.post(behind + request.path, data=await request.read(), headers=headers) as answer:
            body = await answer.read()
            if lost:
                return _cut(request)
            return web.Response(body=_cut_rows(body), status=answer.status, content_type="application/json")
    except aiohttp.ClientError:
        return web.Response(text="<html>Bad gateway</html>", status=502, content_type="text/html")


def _not_let_in(request: web.Request, key: str) -> str:
    """Return why Supabase's gateway would refuse a call; empty for not at all.

    supabase.com/docs/guides/api/api-keys: the newer keys are no JWT and do not go as a bearer; a secret one is
    refused to browsers. The older ones are JWTs, and PostgREST takes its role from the bearer.
    """
    bearer = request.headers.get("authorization")
    if request.headers.get("apikey") != key:
        return "Invalid API key"
    if key.startswith("sb_") and bearer is not None:
        return "Invalid JWT"
    if key.startswith("eyJ") and bearer != f"Bearer {key}":
        return "permission denied for anon"
    if "Mozilla" in request.headers.get("user-agent", ""):
        return "Forbidden use of secret API key in browser"
    return ""


def _cut(request: web.Request) -> web.Response:
    """Cut a connection, as a proxy that goes away does."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def _cut_rows(body: bytes) -> bytes:
    said: Any = json.loads(body or b"null")
    return json.dumps(said[:_MOST_ROWS]).encode() if isinstance(said, list) else body


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
