"""What a place for documents can do, and how it says no."""

from collections.abc import Sequence
from typing import Protocol

from chalkola.documents import Document
from chalkola.errors import ChalkolaError, Fault


class NotKept(ChalkolaError):
    """A place has not taken a document. `lasting`: nor would it take the next one; `too_large`: it takes others."""

    def __init__(
        self, what: str, *, why: str = "", remedy: str = "", lasting: bool = False, too_large: bool = False
    ) -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.lasting, self.too_large = lasting, too_large

    def as_fault(self) -> Fault:
        """Return it as what a person has to do before they can go on."""
        return Fault(self.what, why=self.why, remedy=self.remedy)


class Place(Protocol):
    """Where documents lie, each under a path. Every act raises `NotKept` when the place cannot be used."""

    @property
    def prefix(self) -> str:
        """Return what the name of a document has before its path: it tells the places apart."""

    async def put(self, path: str, document: Document) -> None:
        """Keep a document, whole or not at all, in place of one that has the same path."""

    async def get(self, path: str) -> Document | None:
        """Return a document, None when it is not there."""

    async def remove(self, paths: Sequence[str]) -> None:
        """Remove documents; those that are not there are no matter."""

    async def look(self) -> str:
        """Return in a sentence that documents can be kept here, after making what is lacking."""

    async def close(self) -> None:
        """Give connections back."""
