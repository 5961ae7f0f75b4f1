"""The documents of queries: JSON lines, made when they are downloaded."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

import msgspec

from amazon_simulator.amazon import Amazon
from amazon_simulator.amounts import Document
from amazon_simulator.kiosk.blocks import AsOf, Block, blocks, part_of, without
from amazon_simulator.kiosk.extent import count, has_rows, is_long, most_rows
from amazon_simulator.kiosk.instants import instants
from amazon_simulator.kiosk.lines import lines
from amazon_simulator.kiosk.pages import NextPage
from amazon_simulator.kiosk.places import place
from amazon_simulator.kiosk.query_book import Query
from amazon_simulator.kiosk.rows import by_asin, by_date, selected
from amazon_simulator.kiosk.schema import BY_DATE
from amazon_simulator.kiosk.spoiling import spoiled_lines, spoiled_rows
from amazon_simulator.storage import Paper, Storage
from amazon_simulator.world import Recent

_REMEMBERED_BYTES = 64 * 1024 * 1024
_NO_SPOILING = ("asins_missing", "empty_asin_list", "late_day")  # these concern which rows there are
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
    _counts: Recent[int] = field(default_factory=lambda: Recent(10_000))
    _shown: Recent[bool] = field(default_factory=lambda: Recent(10_000))

    def __post_init__(self) -> None:
        share = _REMEMBERED_BYTES // max(self.amazon.settings.documents_remembered, 1)
        self._rendered = Recent(_REMEMBERED_BYTES, lambda document: max(len(document), share))

    def has_data(self, query: Query) -> bool:
        """Say whether a finished query has an answer."""
        return query.fate_kind != "no_data" and self._shown.get(query.key, lambda: self._shows(query))

    def next_page(self, query: Query) -> NextPage | None:
        """Return what follows after a query's document, None when it was the last page."""
        end = query.offset + self.amazon.settings.query_page_rows
        if most_rows(self.amazon.world, query.question) <= end or self._count(query) <= end:
            return None
        return NextPage(offset=end, as_of=query.as_of)

    def takes_long(self, query: Query) -> bool:
        """Say whether it takes long to tell whether a finished query has an answer and a next page."""
        return not self._shown.knows(query.key) and is_long(self.amazon.world, query.question)

    def url(self, query: Query, document_id: str, now: datetime) -> str:
        """Return a URL that opens a query's data or error document for five minutes of Amazon's time."""
        error = document_id == query.error_document_id
        paper = Paper(
            name=f"{query.account}/{document_id}",
            where=place("download", query.account, query.question),
            render=lambda: self.error(query) if error else self.render(query),
            long=is_long(self.amazon.world, query.question),
            content_type="application/json" if error else "application/jsonl",
        )
        return self.storage.url(paper, now, encoding="gzip")

    def error(self, query: Query) -> bytes:
        """Return why a query failed, gzipped."""
        said = {"errors": [{"message": _REASONS[query.fate_kind]}]}
        return gzip.compress(msgspec.json.encode(said), 1, mtime=0)

    def render(self, query: Query) -> bytes:
        """Return a query's document, gzipped."""
        return self._rendered.get(query.key, lambda: _gzipped(self._lines(query)))

    def _lines(self, query: Query) -> Iterator[bytes]:
        """Yield a document in pieces: only one that a fault spoils is ever held as a whole."""
        question, faults = query.question, [fault for fault in query.contents if fault.kind not in _NO_SPOILING]
        if faults:
            page = list(self._rows(query))
            for fault in faults:
                page = spoiled_rows(page, question, fault)
            yield spoiled_lines([selected(row, question.selection) for row in page], question, faults)
        elif question.kind == BY_DATE:
            yield from (msgspec.json.encode(selected(row, question.selection)) + b"\n" for row in self._rows(query))
        else:
            yield from lines(question, self._page(query))

    def _rows(self, query: Query) -> Iterator[Document]:
        """Yield the rows of a query's page with every field."""
        if query.question.kind != BY_DATE:
            return by_asin(query.question, self._page(query))
        whole = by_date(self.amazon.world, query.question, self._as_of(query))
        return islice(whole, query.offset, query.offset + self.amazon.settings.query_page_rows)

    def _page(self, query: Query) -> Iterator[Block]:
        """Yield what is on a query's page, by ASIN or of trends, without what a fault keeps back."""
        page = part_of(self._blocks(query), query.offset, self.amazon.settings.query_page_rows)
        return without(page, query.contents)

    def _blocks(self, query: Query) -> Iterator[Block]:
        return blocks(self.amazon.world, query.question, self._as_of(query))

    def _shows(self, query: Query) -> bool:
        if any(fault.kind == "asins_missing" for fault in query.contents):
            return next(self._page(query), None) is not None
        return has_rows(self.amazon.world, query.question, self._as_of(query))

    def _count(self, query: Query) -> int:
        return self._counts.get(query.key, lambda: count(self.amazon.world, query.question, self._as_of(query)))

    def _as_of(self, query: Query) -> AsOf:
        return instants(self.amazon.world, query)


def _gzipped(pieces: Iterable[bytes]) -> bytes:
    packer = zlib.compressobj(1, wbits=31)
    packed = [packer.compress(piece) for piece in pieces]
    return b"".join([*packed, packer.flush()])
