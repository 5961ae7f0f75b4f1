"""GET /health, for Railway, Docker and whoever else watches a process. It says nothing that is secret."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web

from chalkola.errors import Fault
from chalkola.surfaces.screen import plain
from chalkola.surfaces.staying.health import Answer


@asynccontextmanager
async def served(host: str, port: int, asked: Callable[[], Awaitable[Answer]]) -> AsyncIterator[str]:
    """Answer GET /health by `asked` until the block ends. Give its address; port 0 takes a free one.

    Raises `Fault` when the port cannot be had.
    """
    application = web.Application()
    application.router.add_get("/health", _answering(asked))
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise Fault(
                f"The health endpoint cannot listen on {host}:{port}.", why=f"{error.strerror or error}.",
                remedy="Choose another one with --health-port and --health-host.",
            ) from error  # fmt: skip
        yield _address(runner, host)
    finally:
        await runner.cleanup()


def _answering(asked: Callable[[], Awaitable[Answer]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def health(request: web.Request) -> web.Response:
        said = await asked()
        body = msgspec.json.encode(plain({
            "status": said.status, "trouble": said.trouble, "now": said.now, "database": said.database,
            **plain(said.state),
        }))  # fmt: skip
        headers = {"Cache-Control": "no-store"}
        return web.Response(status=said.code, body=body, content_type="application/json", headers=headers)

    return health


def _address(runner: web.AppRunner, host: str) -> str:
    port = runner.addresses[0][1]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/health"
