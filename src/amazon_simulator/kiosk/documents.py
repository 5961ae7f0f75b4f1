"""The documents of queries: JSON lines, made when they are downloaded."""

import gzip
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice

import msgspec

from amazon_simulator.amazon import Amazon
from amazon_simulator.amounts import Document
from amazon_simulator.kiosk.pages import NextPage
from amazon_simulator.kiosk.query_book import Query
from amazon_simulator.kiosk.question import Selection
from amazon_simulator.kiosk.rows import AsOf, has_rows, most_rows, rows
from amazon_simulator.kiosk.spoiling import spoiled_lines, spoiled_rows
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.mischief import Where
from amazon_simulator.storage import Paper, Storage
from amazon_simulator.world import Recent

_LONG = timedelta(days=2)
_LATE = timedelta(hours=10)  # after a day's end: a few percent of it has arrived
_REASONS = {
    "fatal_with_document": "There was a problem processing the query. Please try again later.",
    "query_too_large": "The query is too large: it asks for more data than can be processed. "
    "Reduce the date range or the number of filters.",
}


@dataclass(kw_only=True)
class KioskDocuments:
    """Renders the answers to queries and gives the way to them."""

    amazon: Amazon
    storage: Storage
    _rendered: Recent[bytes] = field(init=False)
    _counts: Recent[int] = field(default_factory=lambda: Recent(1000))
    _shown: Recent[bool] = field(default_factory=lambda: Recent(1000))

    def __post_init__(self) -> None:
        self._rendered = Recent(self.amazon.settings.documents_remembered)

    def has_data(self, query: Query) -> bool:
        """Say whether a finished query has an answer."""
        if query.fate_kind == "no_data":
            return False
        world, as_of = self.amazon.world, self._as_of(query)
        return self._shown.get(query.key, lambda: has_rows(world, query.question, as_of))

    def next_page(self, query: Query) -> NextPage | None:
        """Return what follows after a query's document, None when it was the last page."""
        end = query.offset + self.amazon.settings.query_page_rows
        if most_rows(self.amazon.world, query.question) <= end or self._count(query) <= end:
            return None
        return NextPage(offset=end, as_of=query.as_of)

    def url(self, query: Query, document_id: str, now: datetime) -> str:
        """Return a URL that opens a query's data or error document for five minutes of Amazon's time."""
        error = document_id == query.error_document_id
        paper = Paper(
            name=f"{query.account}/{document_id}",
            where=where(query, "download"),
            render=lambda: self.error(query) if error else self.render(query),
            long=query.question.end - query.question.start > _LONG,
            content_type="application/json" if error else "application/jsonl",
        )
        return self.storage.url(paper, now, encoding="gzip")

    def error(self, query: Query) -> bytes:
        """Return why a query failed, gzipped."""
        said = {"errors": [{"message": _REASONS[query.fate_kind]}]}
        return gzip.compress(msgspec.json.encode(said), 1, mtime=0)

    def render(self, query: Query) -> bytes:
        """Return a query's document, gzipped."""
        return self._rendered.get(query.key, lambda: gzip.compress(self._lines(query), 1, mtime=0))

    def _lines(self, query: Query) -> bytes:
        size = self.amazon.settings.query_page_rows
        whole = rows(self.amazon.world, query.question, self._as_of(query))
        page = list(islice(whole, query.offset, query.offset + size))
        if query.content:
            page = spoiled_rows(page, query.question, query.content)
        chosen = [selected(row, query.question.selection) for row in page]
        if query.content:
            return spoiled_lines(chosen, query.question, query.content)
        return b"".join(msgspec.json.encode(row) + b"\n" for row in chosen)

    def _count(self, query: Query) -> int:
        whole = rows(self.amazon.world, query.question, self._as_of(query))
        return self._counts.get(query.key, lambda: sum(1 for _ in whole))

    def _as_of(self, query: Query) -> AsOf:
        """Return the instant whose figures each day shows: the query's own, but for a day that a fault makes late."""
        fault, world = query.content, self.amazon.world

        def as_of(marketplace: Marketplace, day: date) -> datetime:
            if fault is None or fault.kind != "late_day" or fault.marketplace not in (None, marketplace.code):
                return query.as_of
            if day != (fault.day or query.question.end):
                return query.as_of
            return min(query.as_of, world.day_end(marketplace, day) + _LATE)

        return as_of


def where(query: Query, operation: str) -> Where:
    """Return the place of a call about a query for faults to match."""
    question = query.question
    return Where(
        operation=operation,
        account=query.account,
        start=question.start,
        end=question.end,
        kiosk=True,
        query=question.kind,
        marketplaces=question.codes,
    )


def selected(row: Document, selection: Selection) -> Document:
    """Return the fields of a row that were asked for, in that order; None where the row has none."""
    chosen: Document = {}
    for name, parts in selection.items():
        value = row.get(name)
        chosen[name] = selected(value, parts) if parts is not None and value is not None else value
    return chosen
