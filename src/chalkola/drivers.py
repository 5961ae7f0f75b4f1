"""What every driver can do. A driver asks Amazon, or another publisher, in one declared way (`Source.driver`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalkola.documents import Document
from chalkola.errors import Fault
from chalkola.settings import Account
from chalkola.tickets import Outcome


@dataclass(frozen=True, kw_only=True)
class Operations:
    """The names of the operations behind three of the verbs: each has a bucket in every account."""

    create: str
    check: str
    fetch: str


class Driver(Protocol):
    """The verbs of a pull. All raise `Setback`, `Refusal`, `SourceClosed` and `LoginFault`.

    `paid` says that the operation's turn has been taken already, as by the claim of a pull.
    """

    @property
    def operations(self) -> Operations:
        """What `ask`, `check` and `fetch` call."""

    async def ask(
        self,
        account: Account,
        question: Mapping[str, object],
        *,
        paid: bool,
        buckets: tuple[str, ...],
        page: str | None = None,
    ) -> str:
        """Put a question and return its ticket.

        `buckets` are further ones that it draws from, the tightest last. `page` is `Ready.next_page` of the page
        before, with the same question. Raises `Uncertain` when Amazon may have accepted it and the answer was lost,
        `TooLarge` for a question to be halved, `PageExpired` for one to be asked from its first page again.
        """

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return the tickets of this question that were created since `since`, newest first; empty for none.

        Dead tickets come last. Tickets of other applications may be among them, asked with other options; so are
        those of its other pages, which Amazon does not tell apart.
        """

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return what has become of a ticket."""

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a document as Amazon sent it; the caller closes it."""

    async def reason(self, account: Account, document_id: str) -> str:
        """Return why Amazon gave up, in its words and at most 500 characters, from the document of a refusal."""

    async def cancel(self, account: Account, ticket: str) -> None:
        """Take a question back. One that Amazon does not know any more is left alone."""


def driver_of(drivers: Mapping[str, Driver], name: str) -> Driver:
    """Return the driver that a `Source` names. Raises `Fault` for one that does not exist."""
    if name in drivers:
        return drivers[name]
    raise Fault(
        f"There is no driver {name!r}.",
        why=f"These exist: {', '.join(drivers)}.",
        remedy="Correct `driver` in the source's declaration, or write that driver.",
    )
