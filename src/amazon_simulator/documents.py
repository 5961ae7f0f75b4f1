"""The documents of reports, made when they are downloaded."""

import gzip
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec

from amazon_simulator.amazon import Amazon
from amazon_simulator.document import sales_and_traffic
from amazon_simulator.mischief import Where
from amazon_simulator.periods import days
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
        """Say whether there is anything to report, at the instant the report is finished."""
        start, end = report.question.expanded
        return self.amazon.world.shows(report.question.marketplace, start, end, report.ends)

    def url(self, report: Report, now: datetime, *, encoding: str) -> str:
        """Return a URL that opens a report's document from now on for five minutes of Amazon's time."""
        start, end = report.question.expanded
        paper = Paper(
            name=f"{report.account}/{report.report_id}",
            where=_where(report),
            render=lambda: self.render(report),
            long=end - start > _LONG,
        )
        return self.storage.url(paper, now, encoding=encoding)

    def render(self, report: Report) -> bytes:
        """Return a report's document, gzipped."""
        if report.fate and report.fate.kind == "fatal_with_document":
            return gzip.compress(_FATAL_REASON, 1, mtime=0)
        start, end = report.question.expanded
        market = report.question.marketplace
        report = self._arrived_only(report)
        editions = tuple(self.amazon.world.edition(market, day, report.ends) for day in days(start, end))
        key = (report.question, editions, report.content)
        return self._rendered.get(key, lambda: self._rendered_now(report))

    def _rendered_now(self, report: Report) -> bytes:
        document = sales_and_traffic(self.amazon.world, report.question, report.ends)
        said = spoiled(document, report.content) if report.content else document
        text = said if isinstance(said, bytes) else msgspec.json.encode(said)
        if self.amazon.settings.pretty and not isinstance(said, bytes):
            text = msgspec.json.format(text, indent=2)
        return gzip.compress(text, 1, mtime=0)

    def _arrived_only(self, report: Report) -> Report:
        """Set a report back to ten hours after its last day when the fault says that the day is late."""
        if report.content is None or report.content.kind != "late_day":
            return report
        question = report.question
        ends = self.amazon.world.day_end(question.marketplace, question.end)
        return replace(report, ends=ends + timedelta(hours=10))


def _where(report: Report) -> Where:
    start, end = report.question.expanded
    return Where(
        operation="download",
        account=report.account,
        marketplace=report.question.marketplace.code,
        start=start,
        end=end,
    )
