"""The driver of the Reports API: developer-docs.amazon.com/sp-api/docs/reports-api-v2021-06-30-use-case-guide.

A question is the body of createReport; a ticket is a reportId, which is unique within its account only.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from chalkola.amazon.answers import Reply, words
from chalkola.amazon.listing import window
from chalkola.amazon.rejections import found
from chalkola.amazon.report_matching import Listed, filters, matching
from chalkola.amazon.shelf import Shelf
from chalkola.amazon.transport import Transport
from chalkola.amazon.verdicts import add_role
from chalkola.clock import Clock
from chalkola.documents import Document
from chalkola.drivers import Operations
from chalkola.errors import SourceClosed
from chalkola.settings import Account
from chalkola.tickets import Empty, Outcome, Pending, Ready, Refused, Unknown

OWN_QUOTA_WAIT = timedelta(minutes=15)
"""After a 429 to a question with a quota of its own: 1 per 15 min says selling-partner-api-models#5210."""
OTHER_ROLES = {"GET_MERCHANT_LISTINGS_ALL_DATA": "Inventory and Order Tracking, or Product Listing,"}
"""The roles that open reports which Brand Analytics does not, by their types:
developer-docs.amazon.com/sp-api/docs/report-type-values-inventory."""


class _Created(msgspec.Struct, rename="camel"):
    report_id: str


class _Report(msgspec.Struct, rename="camel"):
    processing_status: str
    report_document_id: str | None = None


class _Page(msgspec.Struct, rename="camel"):
    reports: list[Listed]
    next_token: str | None = None


class _Address(msgspec.Struct, rename="camel"):
    url: str


class Reports:
    """Asks for reports. Holds nothing: what is known about a pull is in the ledger."""

    operations = Operations(create="createReport", check="getReport", fetch="getReportDocument")

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock
        self._shelf = Shelf(
            transport=transport, clock=clock, operation=self.operations.fetch, parameter="reportDocumentId",
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
        """Create a report and return its reportId. A report has no pages. Raises `Uncertain` for a lost answer."""
        try:
            reply = await self._transport.call(
                account, self.operations.create, body=question, paid=paid, extra_buckets=buckets,
                refused_wait=OWN_QUOTA_WAIT if buckets else None,
            )  # fmt: skip
        except SourceClosed as closed:
            if role := OTHER_ROLES.get(str(question["reportType"])):
                raise SourceClosed(account.key, closed.what, why=closed.why, remedy=add_role(role, account)) from None
            raise
        return found(reply).json(_Created).report_id

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return the reports with this question's type, marketplaces and days, newest first; empty for none.

        Amazon does not say with which options a report was asked: that shows in its document.
        """
        return matching(question, await self._listed(account, question, since))

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return what has become of a report."""
        reply = await self._transport.call(account, self.operations.check, path={"reportId": ticket}, paid=paid)
        if reply.status == 404:
            return Unknown(why=f'Amazon does not know report {ticket} (any more): "{words(reply.content)}".')
        return _outcome(ticket, reply.json(_Report))

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a report's document. An address that is dead on arrival is asked for once more."""
        return await self._shelf.fetch(account, document_id, paid=paid)

    async def reason(self, account: Account, document_id: str) -> str:
        """Return what the document of a FATAL report says; it is gzipped in practice, JSON or plain text."""
        return await self._shelf.reason(account, document_id)

    async def cancel(self, account: Account, ticket: str) -> None:
        """Take a report back. One that Amazon does not know any more is left alone."""
        await self._transport.call(account, "cancelReport", path={"reportId": ticket})

    async def _listed(self, account: Account, question: Mapping[str, object], since: datetime) -> list[Listed]:
        query = {**filters(question), **window(since, self._clock.now())}
        listed: list[Listed] = []
        while True:
            page = found(await self._transport.call(account, "getReports", query=query)).json(_Page)
            listed += page.reports
            if not page.next_token:
                return listed
            query = {"nextToken": page.next_token}  # alone: Amazon refuses it beside any other parameter


def _address(reply: Reply) -> str:
    return reply.json(_Address).url


def _outcome(ticket: str, report: _Report) -> Outcome:
    match report:
        case _Report(processing_status="DONE", report_document_id=str(document_id)):
            return Ready(document_id=document_id)
        case _Report(processing_status="DONE"):
            return Refused(why=f"Amazon says that report {ticket} is done and names no document.")
        case _Report(processing_status="CANCELLED"):
            return Empty(why=f"Amazon cancelled report {ticket}, as it does when there is no data.")
        case _Report(processing_status="FATAL"):
            why = f"Amazon could not make report {ticket} (FATAL)."
            return Refused(why=why, document_id=report.report_document_id)
    return Pending(status=report.processing_status)
