"""A bucket of Supabase Storage, by its REST API (supabase/storage: src/http/routes; supabase/storage-js).

Documents are sent and read in pieces. The bucket is made where it is missing, private; one that is public takes no
document of ours: whoever guesses an address could read it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx2
import msgspec

from chalkola.documents import Document, spool
from chalkola.settings import Bucket, Supabase
from chalkola.store.archive.place import NotKept
from chalkola.store.archive.refusals import Said, begun, refusal, said
from chalkola.wire import open_client, what_failed

MOST_REMOVED = 500
"""So many documents are removed by one request; Storage takes 1,000 (src/storage/limits.ts)."""
_PATIENCE = httpx2.Timeout(connect=10, read=60, write=60, pool=60)  # machine time
_LONGEST_SECONDS = 300.0  # machine time, of one request as a whole: 50 MB at 170 kB a second
_CHUNK_BYTES = 256 * 1024

Method = Literal["GET", "POST", "DELETE"]
T = TypeVar("T")


class _Bucket(msgspec.Struct):
    public: bool = False


@dataclass(kw_only=True)
class Storage:
    """A place in a Supabase project."""

    project: Supabase
    bucket: Bucket
    again_after_seconds: float = 1.0
    """Machine time after which a request that failed is made once more."""
    _client: httpx2.AsyncClient | None = field(default=None, repr=False)
    _looked_at: bool = False

    @property
    def prefix(self) -> str:
        """Return what names begin with: they say which bucket they are in."""
        return f"supabase:{self.bucket.name}/"

    async def put(self, path: str, document: Document) -> None:
        """Send a document; once more where that may help. Raises `NotKept`."""
        size = document.size_bytes
        if not self._looked_at:
            await self.look()
        headers = {
            "content-type": "application/gzip", "content-length": str(size), "x-upsert": "true",
        }  # fmt: skip
        answer = await self._ask("POST", self._object(path), headers=headers, document=document)
        if answer is not None:
            self._looked_at = not answer.is_missing  # somebody has removed the bucket: the next one makes it again
            raise refusal(answer, str(self.bucket), size)

    async def get(self, path: str) -> Document | None:
        """Return a document, None when it is not there; asked for once more where that may help. Raises `NotKept`.

        The address is the one that Supabase's own clients use; to it a key that is refused reads as no bucket.
        """
        found = await self._twice(partial(self._download, path))
        if isinstance(found, Document):
            return found
        if found.is_missing and (not found.is_of_bucket or await self._find() is not None):
            return None
        raise refusal(found, str(self.bucket), 0)

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove documents. Raises `NotKept`."""
        for at in range(0, len(paths), MOST_REMOVED):
            some = {"prefixes": list(paths[at : at + MOST_REMOVED])}
            if (answer := await self._ask("DELETE", f"object/{self.bucket.name}", json=some)) is not None:
                raise refusal(answer, str(self.bucket), 0)

    async def look(self) -> str:
        """Return that documents can be kept here, after making the bucket where it is missing. Raises `NotKept`."""
        found = await self._find()
        if found is None:
            await self._make()
        elif found.public:
            raise NotKept(
                f"{begun(str(self.bucket))} is public: nothing is kept there.",
                why="Whoever has or guesses the address of a document could read it.",
                remedy="Make the bucket private (Supabase > Storage > the bucket > Edit), or name another one in"
                " CHALKOLA_ARCHIVE.",
                lasting=True,
            )
        self._looked_at = True
        made = "" if found else " It was made now."
        return f"Amazon's documents are kept in {self.bucket}, which is private.{made}"

    async def close(self) -> None:
        """Give connections back."""
        if self._client is not None:
            await self._client.aclose()

    async def _find(self) -> _Bucket | None:
        answer, body = await self._send("GET", f"bucket/{self.bucket.name}")
        if answer is not None and answer.is_missing:
            return None
        if answer is not None:
            raise refusal(answer, str(self.bucket), 0)
        try:
            return msgspec.json.decode(body, type=_Bucket)
        except msgspec.MsgspecError as error:
            raise NotKept(
                f"{self.project.url} does not answer like a project of Supabase's.",
                remedy="Copy SUPABASE_URL again: https://<project>.supabase.co.", lasting=True,
            ) from error  # fmt: skip

    async def _make(self) -> None:
        wanted = {"id": self.bucket.name, "name": self.bucket.name, "public": False}
        answer = await self._ask("POST", "bucket", json=wanted)
        if answer is not None and answer.status != 409:  # another run has just made it
            raise refusal(answer, str(self.bucket), 0)

    async def _ask(self, method: Method, path: str, **said: Any) -> Said | None:
        """Ask, once more where that may help. Return what was answered, None for a good answer."""
        return (await self._send(method, path, **said))[0]

    async def _send(self, method: Method, path: str, **said: Any) -> tuple[Said | None, bytes]:
        return await self._twice(partial(self._once, method, path, **said))

    async def _twice(self, act: Callable[[], Awaitable[T]]) -> T:
        """Act, and once more when the connection fails or Storage is busy. An idle connection may have been closed
        by the other side: after it has turned a document away, for instance."""
        try:
            found = await act()
            answer = found[0] if isinstance(found, tuple) else found
            if not isinstance(answer, Said) or not answer.is_busy:
                return found
        except NotKept:
            pass  # the second try says so, if it fails as well
        await asyncio.sleep(self.again_after_seconds)  # noqa: TID251  machine time: Supabase is not simulated
        return await act()

    async def _download(self, path: str) -> Document | Said:
        place, address = spool(), self._address(self._object(path))
        headers = {**self.project.headers, "accept-encoding": "identity"}
        async with self._reached(), self._opened().stream("GET", address, headers=headers) as response:
            if response.is_success:
                async for piece in response.aiter_bytes(_CHUNK_BYTES):
                    place.write(piece)
                return Document(raw=place, size_bytes=place.tell())
            return self._said(response, await response.aread())

    async def _once(
        self, method: Method, path: str, *, headers: Mapping[str, str] | None = None,
        document: Document | None = None, json: Any = None,
    ) -> tuple[Said | None, bytes]:  # fmt: skip
        async with self._reached():
            response = await self._opened().request(
                method, self._address(path), headers={**self.project.headers, **(headers or {})}, json=json,
                content=_pieces(document) if document is not None else None,
            )  # fmt: skip
        return None if response.is_success else self._said(response, response.content), response.content

    def _said(self, response: httpx2.Response, body: bytes) -> Said:
        return said(response.status_code, body, self.project.key)

    def _opened(self) -> httpx2.AsyncClient:
        if self._client is None:
            self._client = open_client()
            self._client.timeout = _PATIENCE
        return self._client

    def _address(self, path: str) -> str:
        return f"{self.project.url}/storage/v1/{path}"

    def _object(self, path: str) -> str:
        return f"object/{self.bucket.name}/{quote(path)}"

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                yield
        except (httpx2.HTTPError, TimeoutError) as error:
            raise NotKept(
                f"{begun(str(self.bucket))} cannot be reached.",
                why=f"The connection failed: {what_failed(error)}.",
                remedy="Nothing, if it passes. Else see that SUPABASE_URL is right and the project not paused.",
                lasting=True,
            ) from error


async def _pieces(document: Document) -> AsyncIterator[bytes]:
    document.raw.seek(0)
    while piece := document.raw.read(_CHUNK_BYTES):
        yield piece
