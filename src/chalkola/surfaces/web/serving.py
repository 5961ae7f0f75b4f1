"""A socket, and a server on it that stops in good order."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from chalkola.errors import Fault

ANSWERED_WITHIN_SECONDS = 35  # of a stop; the slowest function has 30
_CONNECTIONS = 500
_IDLE_SECONDS = 65  # longer than proxies keep a connection, so that they end it and not we


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """Give a socket that listens; port 0 takes a free one. Raises `Fault` when it cannot be had."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.create_server((host.strip("[]"), port), family=family, backlog=256)
    except OSError as error:
        raise Fault(
            f"Nothing can be served on {host}:{port}.", why=f"{error.strerror or error}.",
            remedy="Choose another port with --port, or another address with --host.",
        ) from error  # fmt: skip
    # Said to be TCP: only then asyncio switches Nagle's algorithm off, and an answer in two pieces is not 40 ms late.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, made.detach()) as taken:
        yield taken


def address_of(host: str, taken: socket.socket) -> str:
    """Return the address to open."""
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{taken.getsockname()[1]}"


async def serve(application: ASGIApp, taken: socket.socket, stop: asyncio.Event) -> None:
    """Answer requests until `stop` is set; those that are being answered then are answered to the end."""
    server = _Server(uvicorn.Config(
        application, log_config=None, access_log=False, server_header=False, proxy_headers=False, lifespan="off",
        ws="none", limit_concurrency=_CONNECTIONS, timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=ANSWERED_WITHIN_SECONDS,
    ))  # fmt: skip
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving


class _Server(uvicorn.Server):
    """Leaves signals to whoever started it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
