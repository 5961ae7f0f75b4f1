"""The Reports API: create, list, look at and cancel reports, and get the way to a document.

Source: models/reports-api-model/reports_2021-06-30.json in amzn/selling-partner-api-models.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.amazon import Amazon, foreign_twin
from amazon_simulator.answers import Answer, Rejection, invalid, not_found, throttled
from amazon_simulator.document import REPORT_TYPE
from amazon_simulator.documents import Documents, where_of
from amazon_simulator.journal import Cancellation, Entry
from amazon_simulator.listings.question import REPORT_TYPE as LIST
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.mischief import Stage, Where
from amazon_simulator.report_book import KEPT, Report
from amazon_simulator.report_requests import Asked, Page, asked, page


@dataclass(frozen=True, kw_only=True)
class Reports:
    """Answers the operations of the Reports API. Every method raises a Rejection for what Amazon rejects."""

    amazon: Amazon
    documents: Documents

    def create(self, account: Account, content_type: str, body: bytes) -> Answer:
        """Answer createReport."""
        if content_type != "application/json":
            raise Rejection(415, "UnsupportedMediaType", "The request's Content-Type header is invalid.")
        now = self.amazon.now()
        question = asked(body, account, now)
        if not isinstance(question.question, ListQuestion) and not self.amazon.quotas.take_report(account.key, now):
            raise throttled()
        report = self._created(account, question, now)
        return Answer(status=202, body={"reportId": report.report_id})

    def get(self, account: Account, report_id: str) -> Answer:
        """Answer getReport."""
        return Answer(status=200, body=self._shown(self._found(account, report_id)))

    def cancel(self, account: Account, report_id: str) -> Answer:
        """Answer cancelReport: a report in the queue can be cancelled, no other."""
        report, now = self._found(account, report_id), self.amazon.now()
        if self._status(report) != "IN_QUEUE":
            raise invalid("Report cannot be cancelled", f"reportId: {report_id}")
        self.amazon.book.cancel(account.key, report_id, now)
        self.amazon.journal.write_cancellation(Cancellation(time=now, account=account.key, report_id=report_id))
        return Answer(status=200)

    def list(self, account: Account, query: Mapping[str, Sequence[str]]) -> Answer:
        """Answer getReports, newest first, the reports of other applications among them."""
        now = self.amazon.now()
        wanted = page(query, now, now - KEPT)
        found = [report for report in self.amazon.book.of(account.key, now) if self._matches(report, wanted)]
        end = wanted.offset + wanted.size
        body: dict[str, Any] = {"reports": [self._shown(report) for report in found[wanted.offset : end]]}
        if end < len(found):
            body["nextToken"] = wanted.token(end)
        return Answer(status=200, body=body)

    def document(self, account: Account, document_id: str, query: Mapping[str, Sequence[str]]) -> Answer:
        """Answer getReportDocument."""
        now = self.amazon.now()
        encoded = query.get("enableContentEncodingUrlHeader", ["false"])[0]
        if encoded not in ("true", "false"):
            raise invalid("Invalid Input", "enableContentEncodingUrlHeader")
        report = self.amazon.book.of_document(account.key, document_id, now)
        if report is None or not self._has_document(report):
            raise not_found(f"reportDocumentId: {document_id}")
        url = self.documents.url(report, now, encoding="gzip" if encoded == "true" else "identity")
        return Answer(status=200, body={"reportDocumentId": document_id, "url": url, "compressionAlgorithm": "GZIP"})

    def where(self, operation: str, account: Account | None, ident: str, body: bytes) -> Where:
        """Return the place of a call for faults to match, as far as it can be told before the call is checked."""
        key, now = account.key if account else None, self.amazon.now()
        report = None
        if account and operation in ("getReport", "cancelReport"):
            report = self.amazon.book.find(account.key, ident, now)
        elif account and operation == "getReportDocument":
            report = self.amazon.book.of_document(account.key, ident, now)
        elif account and operation == "createReport":
            try:
                return where_of(operation, account.key, asked(body, account, now).question)
            except Rejection:
                pass
        return where_of(operation, key, report.question) if report else Where(operation=operation, account=key)

    def _created(self, account: Account, question: Asked, now: datetime) -> Report:
        where = where_of("createReport", account.key, question.question)
        fate = self.amazon.mischief.strike(Stage.FATE, where)
        if fate and fate.kind == "foreign_twin":
            foreign_twin(self.amazon, account.key, question.question, now)
        report_id = self.amazon.book.next_id(account.key)
        starts, ends = self.amazon.book.times(account.key, report_id, now, fate)
        report = Report(
            account=account.key,
            report_id=report_id,
            report_type=LIST if isinstance(question.question, ListQuestion) else REPORT_TYPE,
            question=question.question,
            data_start=question.data_start,
            data_end=question.data_end,
            created=now,
            starts=starts,
            ends=ends,
            fate=fate,
            contents=self.amazon.mischief.strike_together(Stage.CONTENT, where),
        )
        earlier = self._repeated(report)
        if earlier is not None:
            report = repeating(report, earlier)
        self.amazon.book.add(report)
        self.amazon.journal.write(_entry(report, question, earlier))
        return report

    def _repeated(self, report: Report) -> Report | None:
        """Return the list that Amazon made so lately that it gives it once more; None where it makes one anew."""
        if not isinstance(report.question, ListQuestion):
            return None
        return self.amazon.book.made_before(report, timedelta(hours=self.amazon.settings.list_cached_hours))

    def _found(self, account: Account, report_id: str) -> Report:
        report = self.amazon.book.find(account.key, report_id, self.amazon.now())
        if report is None:
            raise not_found(f"reportId: {report_id}")
        return report

    def _status(self, report: Report) -> str:
        now = self.amazon.now()
        return report.status(now, has_data=now >= report.ends and self.documents.has_data(report))

    def _has_document(self, report: Report) -> bool:
        status = self._status(report)
        told = report.fate is not None and report.fate.kind == "fatal_with_document"
        return status == "DONE" or (status == "FATAL" and told)

    def _matches(self, report: Report, wanted: Page) -> bool:
        return (
            report.report_type in wanted.report_types
            and wanted.since <= report.created <= wanted.until
            and (not wanted.marketplace_ids or report.question.marketplace.amazon_id in wanted.marketplace_ids)
            and (not wanted.statuses or self._status(report) in wanted.statuses)
        )

    def _shown(self, report: Report) -> dict[str, Any]:
        status = self._status(report)
        shown = {
            "reportType": report.report_type,
            "processingStatus": status,
            "marketplaceIds": [report.question.marketplace.amazon_id],
            "reportId": report.report_id,
            "dataStartTime": _text(report.data_start),
            "dataEndTime": _text(report.data_end),
            "createdTime": _text(report.created),
        }
        if status in ("IN_PROGRESS", "DONE", "FATAL"):
            shown["processingStartTime"] = _text(report.starts)
        if status in ("DONE", "FATAL", "CANCELLED"):
            shown["processingEndTime"] = _text(report.cancelled_at or report.ends)
        if self._has_document(report):
            shown["reportDocumentId"] = report.document_id
        return shown


def repeating(report: Report, earlier: Report) -> Report:
    """Return the report as one that gives an earlier list once more, in whatever language that was written."""
    question, before = report.question, earlier.question
    if not isinstance(question, ListQuestion) or not isinstance(before, ListQuestion):
        return report
    return replace(report, question=replace(question, locale=before.locale, made=earlier.ends))


def _entry(report: Report, question: Asked, repeats: Report | None) -> Entry:
    return Entry(
        time=report.created,
        account=report.account,
        report_type=report.report_type,
        marketplace=report.question.marketplace.code,
        start=question.data_start.date(),
        end=question.data_end.date(),
        options=question.options,
        report_id=report.report_id,
        data_start=report.data_start,
        data_end=report.data_end,
        as_of=repeats.ends if repeats else report.ends,
        fate=report.fate.to_json() if report.fate else None,
        contents=tuple(fault.to_json() for fault in report.contents),
        repeats=repeats.report_id if repeats else None,
    )


def _text(instant: datetime) -> str:
    """Return an instant as Amazon writes it: whole seconds, so a creation may seem earlier than it was."""
    return instant.replace(microsecond=0).isoformat()
