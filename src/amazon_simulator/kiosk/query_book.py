"""The queries that exist, and what becomes of each: a pure function of the query and the time."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from amazon_simulator.accounts import digest
from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.mischief import Fault

KEPT = timedelta(days=30)  # every field of the dataset is annotated with a retention of 30 days
STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
OPEN = ("IN_QUEUE", "IN_PROGRESS")
_FIRST_ID = 102_344_020_000


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query. Its id is unique within its account only, as Amazon says of its own."""

    account: str
    query_id: str
    text: str
    question: KioskQuestion
    created: datetime
    starts: datetime
    ends: datetime
    as_of: datetime  # the instant whose figures it shows: its end, or that of the query whose next page it is
    offset: int = 0  # rows that earlier pages had
    fate: Fault | None = None
    contents: tuple[Fault, ...] = ()
    cancelled_at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return what identifies the query among all accounts."""
        return self.account, self.query_id

    @property
    def data_document_id(self) -> str:
        """Return the id its data document has, once there is one."""
        return _document_id(f"data/{self.query_id}")

    @property
    def error_document_id(self) -> str:
        """Return the id its error document has, once there is one."""
        return _document_id(f"error/{self.query_id}")

    @property
    def fate_kind(self) -> str:
        """Return what a fault, or its own size, makes of the query; '' for nothing."""
        return self.fate.kind if self.fate else "query_too_large" if self.question.too_large else ""

    def status(self, now: datetime) -> str:
        """Return the processing status."""
        if self.cancelled_at is not None:
            return "CANCELLED"
        if now < self.starts:
            return "IN_QUEUE"
        if now < self.ends:
            return "IN_PROGRESS"
        return "FATAL" if self.fate_kind in ("fatal", "fatal_with_document", "query_too_large") else "DONE"


class QueryBook:
    """All queries by account and id."""

    def __init__(self) -> None:
        self._queries: dict[tuple[str, str], Query] = {}
        self._documents: dict[tuple[str, str], str] = {}
        self._last: dict[str, int] = {}
        self._of: dict[str, list[tuple[datetime, str]]] = {}  # an account's queries, oldest first
        self._ends: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}  # end and creation, by account, kind

    def next_id(self, account: str) -> str:
        """Return the id the account's next query gets. Two accounts get the same ids, as Amazon allows."""
        self._last[account] = self._last.get(account, _FIRST_ID) + 1
        return str(self._last[account])

    def add(self, query: Query) -> Query:
        """Keep a query."""
        self._last[query.account] = max(self._last.get(query.account, _FIRST_ID), int(query.query_id))
        self._queries[query.key] = query
        insort(self._of.setdefault(query.account, []), (query.created, query.query_id))
        insort(self._ends.setdefault((query.account, query.question.kind), []), (query.ends, query.created))
        for document_id in (query.data_document_id, query.error_document_id):
            self._documents[query.account, document_id] = query.query_id
        return query

    def cancel(self, account: str, query_id: str, at: datetime) -> None:
        """Note that a caller has cancelled a query."""
        found = self._queries[account, query_id]
        if found.cancelled_at is None:
            self._ends[account, found.question.kind].remove((found.ends, found.created))
        self._queries[found.key] = replace(found, cancelled_at=at)

    def find(self, account: str, query_id: str, now: datetime) -> Query | None:
        """Return an account's query unless it is no longer kept."""
        query = self._queries.get((account, query_id))
        return query if query and now - query.created <= KEPT else None

    def of_document(self, account: str, document_id: str, now: datetime) -> Query | None:
        """Return the query whose document has an id."""
        return self.find(account, self._documents.get((account, document_id), ""), now)

    def of(self, account: str, now: datetime) -> Iterator[Query]:
        """Yield an account's queries, newest first."""
        for created, query_id in reversed(self._of.get(account, [])):
            if now - created > KEPT:
                return
            yield self._queries[account, query_id]

    def open(self, account: str, kind: str, now: datetime) -> int:
        """Count an account's queries of a kind that are not finished; the finished ones are not looked at."""
        ends = self._ends.get((account, kind), [])
        unfinished = ends[bisect_right(ends, now, key=lambda row: row[0]) :]
        return sum(now - created <= KEPT for _, created in unfinished)


def _document_id(name: str) -> str:
    mark = digest(0, name)
    return f"amzn1.tortuga.4.{mark[:8]}-{mark[8:12]}-{mark[12:16]}-{mark[16:20]}.T{mark[20:33].upper()}"
