"""What every driver can do. A driver asks Amazon in one declared way (`Source.driver` names it)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from chalkola.amazon.tickets import Outcome
from chalkola.documents import Document
from chalkola.settings import Account


class Driver(Protocol):
    """The verbs of a pull. All raise `Setback`, `Refusal`, `SourceClosed` and `LoginFault`.

    `paid` says that the operation's turn has been taken already, as by the claim of a pull.
    """

    async def ask(
        self, account: Account, question: Mapping[str, object], *, paid: bool, buckets: tuple[str, ...]
    ) -> str:
        """Put a question and return its ticket.

        `buckets` are further ones that it draws from, the tightest last. Raises `Uncertain` when Amazon may have
        accepted it and the answer was lost.
        """

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return the tickets of this question that were created since `since`, newest first; empty for none.

        Dead tickets come last. Tickets of other applications may be among them, asked with other options.
        """

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return what has become of a ticket."""

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a document as Amazon sent it; the caller closes it."""

    async def reason(self, account: Account, document_id: str) -> str:
        """Return why Amazon gave up, in its words and at most 500 characters, from the document of a refusal."""
