"""A pooler between a run and its database that drops every connection, at the moment that a test names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class Cutter:
    """Passes bytes on. When a client sends `before`, all connections are dropped and it never arrives; with `then`,
    when the same client sends that later on: it arrives, and what the server says to it does not."""

    host: str
    port: int
    before: bytes
    then: bytes | None = None
    times: int = 1
    cuts: int = 0
    _open: set["_Line"] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a client until one side closes, or everything is dropped."""
        line = _Line(writer, await asyncio.open_connection(self.host, self.port))
        self._open.add(line)
        with suppress(OSError):
            await asyncio.gather(self._ask(reader, line), line.answer())
        self._open.discard(line)
        line.close()

    async def _ask(self, reader: asyncio.StreamReader, line: "_Line") -> None:
        marked = False
        while piece := await reader.read(65536):
            marked = marked or self.before in piece
            is_now = marked and self.cuts < self.times and (self.then is None or self.then in piece)
            if is_now and self.then is None:
                return self._drop_all()
            line.is_mute = is_now
            line.below.write(piece)
            await line.below.drain()
            if is_now:
                await asyncio.sleep(0.2)  # by then the server has done it
                return self._drop_all()
        return line.close()

    def _drop_all(self) -> None:
        self.cuts += 1
        for line in list(self._open):
            line.close()


class _Line:
    """A client's connection and the server's that belongs to it."""

    def __init__(
        self, client: asyncio.StreamWriter, server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        self.client, (self.above, self.below) = client, server
        self.is_mute = False

    async def answer(self) -> None:
        while piece := await self.above.read(65536):
            if not self.is_mute:
                self.client.write(piece)
                await self.client.drain()
        self.close()

    def close(self) -> None:
        for writer in (self.client, self.below):
            writer.transport.abort()


@asynccontextmanager
async def cut(
    url: str, *, before: bytes, then: bytes | None = None, times: int = 1
) -> AsyncIterator[tuple[str, Cutter]]:
    """Give the address of a database by way of a pooler that drops its connections, and that pooler."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    cutter = Cutter(host=parts.hostname, port=parts.port, before=before, then=then, times=times)
    server = await asyncio.start_server(cutter.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield url.replace(f":{parts.port}/", f":{port}/"), cutter
    finally:
        server.close()
        cutter._drop_all()
