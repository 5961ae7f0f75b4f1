"""Amazon's documents, kept as Amazon sent them, so that rows can be rebuilt without asking again."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from chalkola.documents import Document, document_of
from chalkola.errors import Fault

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A folder of documents, by source, account and day; or nothing at all when `folder` is None."""

    folder: Path | None

    def keep(self, document: Document, *, source: str, account: str, day: str, name: str) -> str | None:
        """Write a document whole or not at all. Return the name to find it by, None when nothing is kept.

        Raises `Fault` when the folder cannot be written.
        """
        if self.folder is None:
            return None
        ending = ".json.gz" if document.compressed else ".json"
        place = Path(*(_UNSAFE.sub("_", part) for part in (source, account, day, name + ending)))
        try:
            self._write(document, self.folder / place)
        except OSError as error:
            raise Fault(
                f"The archive {self.folder} cannot be written.",
                why=f"{error.strerror}.",
                remedy="Free some space or name another folder in CHALKOLA_ARCHIVE.",
            ) from error
        return place.as_posix()

    def _write(self, document: Document, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.{uuid4().hex[:8]}")
        document.raw.seek(0)
        with unfinished.open("wb") as file:
            shutil.copyfileobj(document.raw, file)
        unfinished.replace(path)

    def open(self, name: str) -> Document | None:
        """Return a kept document, None when it is not there any more."""
        if self.folder is None:
            return None
        try:
            return document_of((self.folder / name).read_bytes())
        except FileNotFoundError:
            return None

    def size_bytes(self) -> int:
        """Return how much room the documents take."""
        if self.folder is None or not self.folder.exists():
            return 0
        return sum(f.stat().st_size for f in self.folder.rglob("*") if f.is_file())
