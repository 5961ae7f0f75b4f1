"""The reports that exist, and what becomes of each: a pure function of the report and the time."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amazon_simulator.accounts import digest
from amazon_simulator.document import Question
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.mischief import Fault

KEPT = timedelta(days=90)  # "Reports are retained for a maximum of 90 days"
_FIRST_ID = 50_000_019_000
_SPREAD = 0.6  # of the logarithm of processing times: one in six takes more than 1.8 times the median
_QUEUED = 0.2  # part of the time that a report waits before processing starts


@dataclass(frozen=True, kw_only=True)
class Report:
    """A report. Its id is unique within its account only, as Amazon says of its own."""

    account: str
    report_id: str
    report_type: str
    question: Question | ListQuestion
    data_start: datetime
    data_end: datetime
    created: datetime
    starts: datetime
    ends: datetime
    fate: Fault | None = None
    contents: tuple[Fault, ...] = ()
    cancelled_at: datetime | None = None
    foreign: bool = False  # made by another application or by the seller in Seller Central

    @property
    def key(self) -> tuple[str, str]:
        """Return what identifies the report among all accounts."""
        return self.account, self.report_id

    @property
    def document_id(self) -> str:
        """Return the id its document has, once there is one."""
        mark = digest(0, self.report_id)
        return f"amzn1.spdoc.1.4.{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}.T{mark[20:33].upper()}.2501"

    def status(self, now: datetime, *, has_data: bool) -> str:
        """Return the processing status; `has_data` counts only once the report is finished."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if now < self.starts:
            return "IN_QUEUE"
        if now < self.ends:
            return "IN_PROGRESS"
        fate = self.fate.kind if self.fate else ""
        if fate.startswith("fatal"):
            return "FATAL"
        return "CANCELLED" if fate == "no_data" or not has_data else "DONE"


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long reports take in Amazon's time: lognormal around a median, seeded per report."""

    seed: int
    median_seconds: float

    def times(self, account: str, report_id: str, created: datetime, fate: Fault | None) -> tuple[datetime, datetime]:
        """Return when a report's processing starts and when it ends."""
        rng = random.Random(f"{self.seed}/{account}/{report_id}")
        seconds = self.median_seconds * rng.lognormvariate(0, _SPREAD)
        waits = timedelta(seconds=seconds * _QUEUED)
        works = timedelta(seconds=seconds * (1 - _QUEUED))
        slow = timedelta(hours=fate.hours) if fate else timedelta()
        match fate.kind if fate else "":
            case "slow_queue":
                waits += slow
            case "slow_report":
                works += slow
        return created + waits, created + waits + works


class Book:
    """All reports by account and id."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._reports: dict[tuple[str, str], Report] = {}
        self._documents: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}

    def next_id(self, account: str) -> str:
        """Return the id the account's next report gets. Two accounts get the same ids, as Amazon allows."""
        self._last[account] = self._last.get(account, _FIRST_ID) + 1
        return str(self._last[account])

    def times(self, account: str, report_id: str, created: datetime, fate: Fault | None) -> tuple[datetime, datetime]:
        """Return when a new report's processing starts and ends."""
        return self._pace.times(account, report_id, created, fate)

    def add(self, report: Report) -> Report:
        """Keep a report."""
        self._last[report.account] = max(self._last.get(report.account, _FIRST_ID), int(report.report_id))
        self._reports[report.key] = report
        self._documents[report.account, report.document_id] = report.report_id
        return report

    def cancel(self, account: str, report_id: str, at: datetime) -> None:
        """Note that a caller has cancelled a report."""
        found = self._reports[account, report_id]
        self._reports[found.key] = replace(found, cancelled_at=at)

    def find(self, account: str, report_id: str, now: datetime) -> Report | None:
        """Return an account's report unless it is no longer kept."""
        report = self._reports.get((account, report_id))
        return report if report and now - report.created <= KEPT else None

    def of_document(self, account: str, document_id: str, now: datetime) -> Report | None:
        """Return the report whose document has an id."""
        return self.find(account, self._documents.get((account, document_id), ""), now)

    def made_before(self, report: Report, within: timedelta) -> Report | None:
        """Return the list of the same marketplace that was made last before this one was asked for; None: none was
        made, or not so lately."""
        made = [
            other
            for other in self._reports.values()
            if (other.account, other.report_type) == (report.account, report.report_type)
            and other.question.marketplace == report.question.marketplace
            and isinstance(other.question, ListQuestion)
            and other.question.made is None
            and other.cancelled_at is None
            and report.created - within < other.ends <= report.created
        ]
        return max(made, key=lambda other: other.ends, default=None)

    def of(self, account: str, now: datetime) -> Sequence[Report]:
        """Return an account's reports, newest first."""
        kept = [row for row in self._reports.values() if row.account == account and now - row.created <= KEPT]
        return sorted(kept, key=lambda row: (row.created, row.report_id), reverse=True)
