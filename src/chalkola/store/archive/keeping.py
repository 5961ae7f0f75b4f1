"""The archive: names, packing, and what happens when a place does not take a document.

It never holds a pull up for long and never fails it. A place that cannot be used is left alone for some minutes: a
night on which it is away costs two attempts now and then, and not two for each document.
"""

import asyncio
import gzip
import re
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from chalkola.documents import Document, spool
from chalkola.settings import Bucket, Settings, Supabase
from chalkola.store.archive.folder import Folder
from chalkola.store.archive.place import NotKept, Place
from chalkola.store.archive.storage import Storage

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")
_CHUNK_BYTES = 256 * 1024

State = Literal["kept", "failed", "too large"]


@dataclass(frozen=True, kw_only=True)
class Label:
    """What tells a document from all others: the pull that brought it and when that was asked. The instant keeps two
    databases apart that share a bucket; the same answer fetched again has the same label."""

    source: str
    account: str
    day: date
    pull_id: int
    asked_at: datetime

    @property
    def path(self) -> str:
        """Return the path under which it is kept."""
        name = f"{self.pull_id}-{self.asked_at.astimezone(UTC):%Y%m%dT%H%M%S}.json.gz"
        return "/".join(_UNSAFE.sub("_", part) for part in (self.source, self.account, self.day.isoformat(), name))


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What became of a document: the name to find it by and what it takes, or why it is not kept."""

    state: State
    name: str | None = None
    byte_count: int = 0
    why: str | None = None


@dataclass(kw_only=True)
class Archive:
    """Where documents are kept now. Those that were kept elsewhere before are read from there, as far as the settings
    still lead there."""

    place: Place | None
    """None: documents are not kept."""
    project: Supabase | None = None
    folder: Path | None = None
    """Where documents are that were kept in a folder before."""
    left_alone_seconds: float = 180.0
    """Machine time for which a place that could not be used is not tried again."""
    _others: dict[str, Place] = field(default_factory=dict)
    _works: bool = False
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refused: NotKept | None = None
    _left_alone_until: float = 0.0  # machine time, of the event loop

    async def keep(self, document: Document, label: Label) -> Kept | None:
        """Keep a document. Return what became of it, None where documents are not kept. Raises nothing of its own."""
        if self.place is None:
            return None
        if self._works:
            return await self._put(self.place, document, label)
        async with self._one_at_a_time:  # until it is known to work: the others wait for what the first one meets
            return await self._put(self.place, document, label)

    async def _put(self, place: Place, document: Document, label: Label) -> Kept:
        if self._refused is not None and asyncio.get_running_loop().time() < self._left_alone_until:
            return Kept(state="failed", why=str(self._refused))
        packed = await asyncio.to_thread(_packed, document)
        try:
            await place.put(label.path, packed)
        except NotKept as refused:
            if refused.lasting:
                self._leave_alone(refused)
            state: State = "too large" if refused.too_large else "failed"
            return Kept(state=state, byte_count=packed.size_bytes, why=str(refused))
        finally:
            if packed is not document:
                packed.close()
        self._works, self._refused = True, None
        return Kept(state="kept", name=place.prefix + label.path, byte_count=packed.size_bytes)

    async def open(self, name: str) -> Document | None:
        """Return a kept document, None when it is not there any more. Raises `Fault` when its place is out of use."""
        place = self._place_of(name)
        try:
            return None if place is None else await place.get(name.removeprefix(place.prefix))
        except NotKept as refused:
            raise refused.as_fault() from refused

    async def remove(self, names: Sequence[str]) -> None:
        """Remove documents of the place where they are kept now. Raises `NotKept`."""
        if self.place is not None:
            await self.place.remove([name.removeprefix(self.place.prefix) for name in names])

    async def look(self) -> str | None:
        """Return in a sentence that documents can be kept, None where they are not to be. Raises `NotKept`."""
        return await self.place.look() if self.place is not None else None

    def _leave_alone(self, refused: NotKept) -> None:
        self._works, self._refused = False, refused
        self._left_alone_until = asyncio.get_running_loop().time() + self.left_alone_seconds

    async def close(self) -> None:
        """Give connections back."""
        for place in (self.place, *self._others.values()):
            if place is not None:
                await place.close()

    def _place_of(self, name: str) -> Place | None:
        kind, colon, rest = name.partition(":")
        prefix = f"{kind}:{rest.partition('/')[0]}/" if colon and kind == "supabase" else ""
        if self.place is not None and self.place.prefix == prefix:
            return self.place
        if prefix not in self._others and (place := self._other(prefix)) is not None:
            self._others[prefix] = place
        return self._others.get(prefix)

    def _other(self, prefix: str) -> Place | None:
        if prefix and self.project is not None:
            return Storage(project=self.project, bucket=Bucket(name=prefix.partition(":")[2].rstrip("/")))
        return Folder(folder=self.folder) if not prefix and self.folder is not None else None


@asynccontextmanager
async def open_archive(settings: Settings) -> AsyncIterator[Archive]:
    """Give the archive that the settings name."""
    project = settings.supabase
    match settings.archive:
        case Path() as folder:
            archive = Archive(place=Folder(folder=folder), project=project)
        case Bucket() as bucket if project is not None:
            archive = Archive(place=Storage(project=project, bucket=bucket), project=project, folder=usual(settings))
        case _:
            archive = Archive(place=None, project=project, folder=usual(settings))
    try:
        yield archive
    finally:
        await archive.close()


def usual(settings: Settings) -> Path:
    """Return the folder that documents are kept in unless the settings say otherwise."""
    return settings.home / "archive"


def _packed(document: Document) -> Document:
    """Return a document compressed, itself where it came so. Its content is the same."""
    if document.compressed:
        return document
    place = spool()
    document.raw.seek(0)
    with gzip.GzipFile(fileobj=place, mode="wb", mtime=0) as packed:
        shutil.copyfileobj(document.raw, packed, _CHUNK_BYTES)
    return Document(raw=place, size_bytes=place.tell())
