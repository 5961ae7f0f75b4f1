"""The documents of reports, made when they are downloaded."""

import gzip
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

import msgspec

from amazon_simulator.amazon import Amazon
from amazon_simulator.amounts import Document
from amazon_simulator.document import REPORT_TYPE, Question, sales_and_traffic
from amazon_simulator.listings.offers import offers
from amazon_simulator.listings.question import REPORT_TYPE as LIST
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.listings.text import charset, written
from amazon_simulator.mischief import Where
from amazon_simulator.periods import days, first_answered
from amazon_simulator.report_book import Report
from amazon_simulator.spoiling import spoiled
from amazon_simulator.storage import Paper, Storage
from amazon_simulator.world import Recent

_LONG = timedelta(days=3)
_FATAL_REASON = (
    b'{"errorDetails": "There was a problem processing your report request. The requested date range '
    b'is not available yet. Please try again later."}'
)


@dataclass(kw_only=True)
class Documents:
    """Renders reports and gives the way to them."""

    amazon: Amazon
    storage: Storage
    _rendered: Recent[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._rendered = Recent(self.amazon.settings.documents_remembered)

    def has_data(self, report: Report) -> bool:
        """Say whether there is anything to report when the report is finished: never of days too far back."""
        question = report.question
        if isinstance(question, ListQuestion):
            return bool(offers(self.amazon.world.catalog, question.marketplace, question.made or report.ends))
        oldest = first_answered(report.created.date(), self.amazon.settings.answered_days)
        if question.start < oldest:
            return False
        start, end = question.expanded
        return self.amazon.world.shows(question.marketplace, start, end, report.ends)

    def url(self, report: Report, now: datetime, *, encoding: str) -> str:
        """Return a URL that opens a report's document from now on for five minutes of Amazon's time."""
        question = report.question
        paper = Paper(
            name=f"{report.account}/{report.report_id}",
            where=where_of("download", report.account, question),
            render=lambda: self.render(report),
            long=not isinstance(question, ListQuestion) and question.expanded[1] - question.expanded[0] > _LONG,
        )
        if isinstance(question, ListQuestion):
            paper = replace(paper, content_type=charset(question.marketplace).content_type)
        return self.storage.url(paper, now, encoding=encoding)

    def render(self, report: Report) -> bytes:
        """Return a report's document, gzipped."""
        if report.fate and report.fate.kind == "fatal_with_document":
            return gzip.compress(_FATAL_REASON, 1, mtime=0)
        if isinstance(report.question, ListQuestion):
            return self._list(report.question, report)
        start, end = report.question.expanded
        market = report.question.marketplace
        report = self._arrived_only(report)
        editions = tuple(self.amazon.world.edition(market, day, report.ends) for day in days(start, end))
        key = (report.question, editions, report.contents)
        return self._rendered.get(key, lambda: self._rendered_now(report))

    def _list(self, question: ListQuestion, report: Report) -> bytes:
        offered = offers(self.amazon.world.catalog, question.marketplace, question.made or report.ends)
        return gzip.compress(written(question, offered, report.contents), 1, mtime=0)

    def _rendered_now(self, report: Report) -> bytes:
        said: Document | bytes = sales_and_traffic(self.amazon.world, cast(Question, report.question), report.ends)
        for fault in report.contents:
            said = spoiled(said, fault)
        text = said if isinstance(said, bytes) else msgspec.json.encode(said)
        if self.amazon.settings.pretty and not isinstance(said, bytes):
            text = msgspec.json.format(text, indent=2)
        return gzip.compress(text, 1, mtime=0)

    def _arrived_only(self, report: Report) -> Report:
        """Set a report back to ten hours after its last day when the fault says that the day is late."""
        if not any(fault.kind == "late_day" for fault in report.contents):
            return report
        question = cast(Question, report.question)
        ends = self.amazon.world.day_end(question.marketplace, question.end)
        return replace(report, ends=ends + timedelta(hours=10))


def where_of(operation: str, account: str | None, question: Question | ListQuestion) -> Where:
    """Return the place of a call about a report, for faults to match."""
    where = Where(operation=operation, account=account, marketplace=question.marketplace.code)
    if isinstance(question, ListQuestion):
        return replace(where, report_type=LIST)
    start, end = question.expanded
    return replace(where, start=start, end=end, report_type=REPORT_TYPE)
