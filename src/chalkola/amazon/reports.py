"""The driver of the Reports API: developer-docs.amazon.com/sp-api/docs/reports-api-v2021-06-30-use-case-guide.

A question is the body of createReport; a ticket is a reportId, which is unique within its account only.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from chalkola.amazon.answers import Reply, short, words
from chalkola.amazon.documents import UrlExpired, download
from chalkola.amazon.report_matching import Listed, first_page, matching
from chalkola.amazon.tickets import Empty, Outcome, Pending, Ready, Refused, Unknown
from chalkola.amazon.transport import Transport
from chalkola.clock import Clock
from chalkola.documents import Document
from chalkola.errors import Refusal
from chalkola.settings import Account

OWN_QUOTA_WAIT = timedelta(minutes=15)
"""After a 429 to a question with a quota of its own: 1 per 15 min says selling-partner-api-models#5210."""
_OLDEST = timedelta(days=90) - timedelta(hours=1)
"""getReports looks back 90 days at most."""
_LONGEST_REASON = 500


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


class _Reason(msgspec.Struct, rename="camel"):
    error_details: str


class Reports:
    """Asks for reports. Holds nothing: what is known about a pull is in the ledger."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    async def ask(
        self, account: Account, question: Mapping[str, object], *, paid: bool, buckets: tuple[str, ...]
    ) -> str:
        """Create a report and return its reportId. Raises `Uncertain` when the answer was lost."""
        reply = await self._transport.call(
            account, "createReport", body=question, paid=paid, extra_buckets=buckets,
            refused_wait=OWN_QUOTA_WAIT if buckets else None,
        )  # fmt: skip
        return _found(reply).json(_Created).report_id

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return the reports with this question's type, marketplaces and days, newest first; empty for none.

        Amazon does not say with which options a report was asked: that shows in its document.
        """
        return matching(question, await self._listed(account, question, since))

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return what has become of a report."""
        reply = await self._transport.call(account, "getReport", path={"reportId": ticket}, paid=paid)
        if reply.status == 404:
            return Unknown(why=f'Amazon does not know report {ticket} (any more): "{words(reply.content)}".')
        return _outcome(ticket, reply.json(_Report))

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a report's document. An address that is dead on arrival is asked for once more."""
        try:
            return await self._download(account, document_id, paid=paid)
        except UrlExpired:
            return await self._download(account, document_id, paid=False)

    async def reason(self, account: Account, document_id: str) -> str:
        """Return what the document of a FATAL report says; it is gzipped in practice, JSON or plain text."""
        document = await self.fetch(account, document_id, paid=False)
        try:
            return short(_reason(document.content()), _LONGEST_REASON)
        except Refusal as refusal:
            return short(str(refusal), _LONGEST_REASON)
        finally:
            document.close()

    async def _listed(self, account: Account, question: Mapping[str, object], since: datetime) -> list[Listed]:
        query = first_page(question, max(since, self._clock.now() - _OLDEST))
        listed: list[Listed] = []
        while True:
            page = _found(await self._transport.call(account, "getReports", query=query)).json(_Page)
            listed += page.reports
            if not page.next_token:
                return listed
            query = {"nextToken": page.next_token}  # alone: Amazon refuses it beside any other parameter

    async def _download(self, account: Account, document_id: str, *, paid: bool) -> Document:
        path = {"reportDocumentId": document_id}
        reply = await self._transport.call(account, "getReportDocument", path=path, paid=paid)
        return await download(self._transport.downloads, _found(reply).json(_Address).url, self._clock)


def _found(reply: Reply) -> Reply:
    if reply.status != 404:
        return reply
    raise Refusal(
        f"Amazon does not find what {reply.operation} (account {reply.account}) asks for.",
        why=f'Amazon says: "{words(reply.content)}".',
        remedy="This pull is given up; the others go on.",
    )


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


def _reason(content: bytes) -> str:
    try:
        return msgspec.json.decode(content, type=_Reason).error_details
    except msgspec.DecodeError:
        return content.decode("utf-8", errors="replace")
