"""A document as Amazon sent it: bytes in memory while it is small, in a temporary file when it is not."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, cast

from chalkola.errors import Damaged

IN_MEMORY_BYTES = 8_000_000
_GZIP_MAGIC = b"\x1f\x8b"
_CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Document:
    """What one download brought, unchanged. Whether it is compressed is told by its first bytes, not by a flag:
    Amazon's flag and the `Content-Encoding` header have both been seen to be wrong."""

    raw: IO[bytes]
    size_bytes: int
    charset: str | None = None
    """What the download's Content-Type names; None: it names none, or the document is from the archive."""

    @property
    def compressed(self) -> bool:
        """Whether the bytes are gzip."""
        self.raw.seek(0)
        return self.raw.read(2) == _GZIP_MAGIC

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Give the content, inflated. Reading raises `Damaged` when the gzip stream is broken or cut short."""
        compressed = self.compressed
        self.raw.seek(0)
        yield cast(IO[bytes], _Inflating(self.raw)) if compressed else self.raw

    def content(self) -> bytes:
        """Return the whole content, inflated. Raises `Damaged` as `open` does."""
        with self.open() as stream:
            return stream.read()

    def close(self) -> None:
        """Give the memory or the temporary file back."""
        self.raw.close()


def spool() -> IO[bytes]:
    """Return an empty place for a document's bytes: memory at first, a temporary file beyond 8 MB."""
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))


def document_of(content: bytes) -> Document:
    """Return a document of bytes at hand, as from the archive."""
    place = spool()
    place.write(content)
    return Document(raw=place, size_bytes=len(content))


def joined(pages: Sequence[Document]) -> Document:
    """Return the pages of an answer as one document, each beginning on a line of its own; one page is itself.

    Pages that are all gzip are put one after the other as they are: such a stream may consist of several members
    (RFC 1952, 2.2). Others are inflated. The pages stay open, and memory does not grow with them.
    """
    if len(pages) == 1:
        return pages[0]
    place, compressed = spool(), all(page.compressed for page in pages)
    for number, page in enumerate(pages):
        if number:
            place.write(gzip.compress(b"\n") if compressed else b"\n")
        with _as_sent(page) if compressed else page.open() as stream:
            shutil.copyfileobj(stream, place, _CHUNK_BYTES)
    return Document(raw=place, size_bytes=place.tell())


@contextmanager
def _as_sent(page: Document) -> Iterator[IO[bytes]]:
    page.raw.seek(0)
    yield page.raw


class _Inflating:
    """The part of a binary file that readers need, over a gzip stream, in constant memory."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._inflater = zlib.decompressobj(wbits=31)
        self._left = self._member = b""

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(_CHUNK_BYTES), b""))
        while not self._left and not self._is_over():
            self._left = self._next(size)
        piece, self._left = self._left[:size], self._left[size:]
        return piece

    def _next(self, size: int) -> bytes:
        chunk = self._inflater.unconsumed_tail or self._member or self._raw.read(_CHUNK_BYTES)
        self._member = b""
        if not chunk:
            raise Damaged("The document is cut short.", why="Its gzip stream ends before its end mark.")
        try:
            return self._inflater.decompress(chunk, max(size, _CHUNK_BYTES))
        except zlib.error as error:
            raise Damaged("The document cannot be inflated.", why=f"{error}.") from error

    def _is_over(self) -> bool:
        """Say whether the stream has ended. One may consist of several members (RFC 1952, 2.2): turn to the next."""
        if not self._inflater.eof:
            return False
        following = self._inflater.unused_data
        if len(following) < len(_GZIP_MAGIC):
            following += self._raw.read(_CHUNK_BYTES)
        if not following.startswith(_GZIP_MAGIC):
            return True
        self._inflater, self._member = zlib.decompressobj(wbits=31), following
        return False
