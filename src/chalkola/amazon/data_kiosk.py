"""The driver of Data Kiosk: developer-docs.amazon.com/sp-api/docs/data-kiosk-api-v2023-11-15-use-case-guide.

A question is the body of createQuery, a GraphQL query; a ticket is a queryId, unique within its account only. Each
page of an answer is a query of its own. Nothing but the declared parameters is sent: Amazon answers others with 403
(github.com/saleweaver/python-amazon-sp-api/issues/1422).
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from chalkola.amazon.answers import Reply, words
from chalkola.amazon.graphql import compact
from chalkola.amazon.listing import window
from chalkola.amazon.query_matching import Listed, matching
from chalkola.amazon.query_meaning import Pagination, Query, meaning_of, next_token, outcome
from chalkola.amazon.rejections import Rejected, found
from chalkola.amazon.shelf import Shelf
from chalkola.amazon.transport import Transport
from chalkola.clock import Clock
from chalkola.documents import Document
from chalkola.drivers import Operations
from chalkola.errors import TooLarge
from chalkola.settings import Account
from chalkola.tickets import Outcome, Unknown

LONGEST_QUERY = 8_000
"""Characters, without needless whitespace."""


class _Created(msgspec.Struct, rename="camel"):
    query_id: str


class _Page(msgspec.Struct, rename="camel"):
    queries: list[Listed]
    pagination: Pagination | None = None


class _Address(msgspec.Struct, rename="camel"):
    document_url: str


class DataKiosk:
    """Asks queries. Holds nothing: what is known about a pull is in the ledger."""

    operations = Operations(create="createQuery", check="getQuery", fetch="getDocument")

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._shelf = Shelf(
            transport=transport, clock=clock, operation=self.operations.fetch, parameter="documentId",
            address=_address,
        )  # fmt: skip

    async def ask(
        self,
        account: Account,
        question: Mapping[str, object],
        *,
        paid: bool,
        buckets: tuple[str, ...],
        page: str | None = None,
    ) -> str:
        """Create a query and return its queryId.

        Raises `Uncertain` for a lost answer, `TooLarge` (also before anything is sent) and `PageExpired`.
        """
        _check_length(question)
        body = {**question, "paginationToken": page} if page else question
        try:
            reply = await self._transport.call(
                account, self.operations.create, body=body, paid=paid, extra_buckets=buckets
            )
            return found(reply).json(_Created).query_id
        except Rejected as rejection:
            raise meaning_of(rejection, page) from rejection

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return the queries with this question's text, whatever their page, newest first; empty for none."""
        return matching(question, await self._listed(account, since))

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return what has become of a query."""
        reply = await self._transport.call(account, self.operations.check, path={"queryId": ticket}, paid=paid)
        if reply.status == 404:
            return Unknown(why=f'Amazon does not know query {ticket} (any more): "{words(reply.content)}".')
        return outcome(ticket, reply.json(Query))

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a query's document. An address that is dead on arrival is asked for once more."""
        return await self._shelf.fetch(account, document_id, paid=paid)

    async def reason(self, account: Account, document_id: str) -> str:
        """Return what the JSON document of a FATAL query says."""
        return await self._shelf.reason(account, document_id)

    async def cancel(self, account: Account, ticket: str) -> None:
        """Take a query back that has not ended. One that Amazon does not know any more is left alone."""
        await self._transport.call(account, "cancelQuery", path={"queryId": ticket})

    async def _listed(self, account: Account, since: datetime) -> list[Listed]:
        query = first = window(since, self._clock.now())
        listed: list[Listed] = []
        while True:
            page = found(await self._transport.call(account, "getQueries", query=query)).json(_Page)
            listed += page.queries
            if not (token := next_token(page.pagination)):
                return listed
            query = {**first, "paginationToken": token}  # beside the same parameters, as the model asks


def _check_length(question: Mapping[str, object]) -> None:
    length = len(compact(str(question["query"])))
    if length > LONGEST_QUERY:
        why = f"It has {length:,} characters, and Amazon takes {LONGEST_QUERY:,}."
        raise TooLarge("A query is too long to be sent.", why=why, remedy="It is halved.")


def _address(reply: Reply) -> str:
    return reply.json(_Address).document_url
