"""A folder of documents, by source, account and day."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from chalkola.documents import Document, spool
from chalkola.store.archive.place import NotKept


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A place on this machine's disk."""

    folder: Path

    @property
    def prefix(self) -> str:
        """Return nothing: a name is the path in the folder."""
        return ""

    async def put(self, path: str, document: Document) -> None:
        """Keep a document, whole or not at all."""
        with self._usable():
            await asyncio.to_thread(_write, document, self.folder / path)

    async def get(self, path: str) -> Document | None:
        """Return a document, None when it is not there."""
        with self._usable():
            return await asyncio.to_thread(_read, self.folder / path)

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove documents, and the folders that are empty then."""
        with self._usable():
            await asyncio.to_thread(_remove, [self.folder / path for path in paths], self.folder)

    async def look(self) -> str:
        """Return that documents can be kept here, after writing one and removing it."""
        with self._usable():
            await asyncio.to_thread(_try, self.folder)
        return f"Amazon's documents are kept in {self.folder}."

    async def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise NotKept(
                f"The archive {self.folder} cannot be used.",
                why=f"{error.strerror or type(error).__name__}.",
                remedy="Free some space or name another folder in CHALKOLA_ARCHIVE.",
                lasting=True,
            ) from error


def _write(document: Document, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
    document.raw.seek(0)
    try:
        with unfinished.open("wb") as file:
            shutil.copyfileobj(document.raw, file)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: Path) -> Document | None:
    try:
        file = path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return None
    place = spool()
    with file:
        shutil.copyfileobj(file, place)
    return Document(raw=place, size_bytes=place.tell())


def _remove(paths: Sequence[Path], top: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == top or not _is_removed(folder):
                break


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # there is something in it, or somebody else has removed it
        return not folder.exists()
    return True


def _try(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tried = folder / f".tried.{uuid4().hex[:8]}"
    tried.touch()
    tried.unlink()
