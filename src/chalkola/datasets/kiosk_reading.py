"""Read a document of Data Kiosk: lines of many marketplaces and days into one batch, each row in its slice."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any

from chalkola.datasets.asins import listed, places, with_child, without_child_note
from chalkola.datasets.collecting import Block, Collected, collect
from chalkola.datasets.counting import Counting
from chalkola.datasets.elements import Columns, columns_of
from chalkola.datasets.jsonl import Elements, read_lines
from chalkola.datasets.kiosk import FRAME
from chalkola.datasets.model import Answer, Box, Row, Table
from chalkola.datasets.reading import NEXT, UNSTORABLE, Seen, refusal
from chalkola.datasets.shapes import Section, unstorable
from chalkola.datasets.twice_listed import added_up
from chalkola.documents import Document
from chalkola.errors import AnotherQuestion

_MARKETPLACE = attrgetter("marketplaceId")


def read(document: Document, box: Box, *, dataset: str, table: Table, section: Section) -> Answer:
    """Read a document, all its pages in one, into a batch with every slice of the box.

    A row is of one of the box's periods: a day, or all of it. An empty document is an answer too, with a note. Raises
    `Refusal` for a document that is not of JSON lines, lacks what Amazon's schema promises, or has a row of other
    days, ASINs or money than were asked for.
    """
    counting = Counting(dataset, table, section.columns, box.slices(dataset))
    sifting = _Sifting(box, section)

    def read_through() -> Iterator[Block]:
        sifting.passed = _Passed()
        return filter(None, map(sifting.block, read_lines(document, section, sifting.passed.seen)))

    collected = collect(
        read_through,
        counting,
        places(section.columns, table.key),
        partial(_added_up if table.key else _contradiction, section),
        drop_identical=True,
    )
    batch, passed = counting.batch, sifting.passed
    if passed.strangers and not batch.row_count:
        raise AnotherQuestion(
            f"The document has rows of {listed(passed.strangers)} only, which was not asked for.", remedy=NEXT
        )
    notes = list(_notes(passed, collected, batch.row_count))
    drift = passed.seen.drift | {f"{section.name}.marketplaceId {name}" for name in passed.strangers}
    return Answer(batches=(batch,), notes=notes, drift=drift)


@dataclass(kw_only=True)
class _Passed:
    """What was remarkable in the lines that have passed."""

    seen: Seen = field(default_factory=Seen)
    strangers: Counter[str] = field(default_factory=Counter)
    without_child: int = 0


class _Sifting:
    """Holds each block against the question, by column: a look at single rows is for what is wrong with them."""

    def __init__(self, box: Box, section: Section) -> None:
        self.passed = _Passed()
        self._section, self._box = section, box
        self._currencies = {m.amazon_id: m.currency for m in box.marketplaces}
        periods = [(first.isoformat(), last.isoformat()) for first, last in box.periods]
        frames = [(*period, m.amazon_id) for m in box.marketplaces for period in periods]
        self._numbers = {frame: number for number, frame in enumerate(frames)}
        self._asked = {(f.marketplace.amazon_id, asin) for f in box.filters for asin in f.asins}
        self._paths = (*section.paths, *(f"{money}.currencyCode" for money in section.money))

    def block(self, found: Elements) -> Block | None:
        """Return a block's rows, None when none of them is of the box."""
        found = self._without_strangers(found)
        if not found.elements:
            return None
        cells = columns_of(found.elements, self._paths)
        width, money = len(self._section.columns), len(self._section.paths)
        numbers = self._placed(found, cells[width:money])
        marketplaces = cells[money - 1]
        self._check_money(found, cells, marketplaces, cells[money:])
        columns, filled = with_child(self._section.columns, cells[:width])
        self.passed.without_child += filled
        if self._asked:
            self._check_asins(found, marketplaces, columns)
        if wrong := unstorable(self._section, columns):
            raise refusal(
                f"Line {found.line(wrong[0])} has a control character or a quotation mark in {wrong[1]}.", UNSTORABLE
            )
        return numbers, columns

    def _without_strangers(self, found: Elements) -> Elements:
        """Leave out and count the rows of marketplaces that are not in the box."""
        names = list(map(_MARKETPLACE, found.elements))
        strangers = set(names) - self._currencies.keys()
        if not strangers:
            return found
        self.passed.strangers.update(name for name in names if name in strangers)
        kept = [index for index, name in enumerate(names) if name not in strangers]
        return Elements(elements=[found.elements[n] for n in kept], line=lambda n: found.line(kept[n]))

    def _placed(self, found: Elements, frame: Columns) -> list[int]:
        """Return the number of each row's slice."""
        frames = list(zip(*frame, strict=True))
        numbers = list(map(self._numbers.get, frames))
        if None not in numbers:
            return numbers  # type: ignore[return-value]
        wrong = numbers.index(None)
        start, end, _ = frames[wrong]
        raise AnotherQuestion(
            f"Line {found.line(wrong)} has {FRAME[0]} {start} and {FRAME[1]} {end}.",
            why=f"{'All' if self._box.whole else 'One day'} of {_span(self._box)} was asked for.",
            remedy=NEXT,
        )

    def _check_money(
        self, found: Elements, cells: Columns, marketplaces: Sequence[str], currencies: Sequence[Sequence[str | None]]
    ) -> None:
        expected = tuple(map(self._currencies.__getitem__, marketplaces))
        for path, column in zip(self._section.money, map(tuple, currencies), strict=True):
            amounts = cells[self._section.paths.index(f"{path}.amount")]
            if column == expected or (_absent(column) and _absent(amounts)):
                continue
            if any(amount is not None for amount, its in zip(amounts, column, strict=True) if its is None):
                self.passed.seen.without_currency.add(path)
            for index, (its, right) in enumerate(zip(column, expected, strict=True)):
                if its not in (None, right):
                    raise refusal(
                        f'Line {found.line(index)} has {path}.currencyCode = "{its}".',
                        f"The currency of marketplace {marketplaces[index]} is {right}.",
                    )

    def _check_asins(self, found: Elements, marketplaces: Sequence[str], columns: Columns) -> None:
        (child,) = places(self._section.columns, ("child_asin",))
        pairs = list(zip(marketplaces, columns[child], strict=True))
        if not self._asked.issuperset(pairs):
            wrong = next(index for index, pair in enumerate(pairs) if pair not in self._asked)
            raise refusal(
                f"Line {found.line(wrong)} has childAsin {columns[child][wrong]}.",
                f"It was not among the ASINs that were asked for in {marketplaces[wrong]}.",
            )


def _absent(cells: Sequence[Any]) -> bool:
    return cells.count(None) == len(cells)


def _span(box: Box) -> str:
    return str(box.first) if box.first == box.last else f"{box.first} to {box.last}"


def _added_up(section: Section, rows: Sequence[Row]) -> Row:
    return added_up(section.columns, rows)


def _contradiction(section: Section, rows: Sequence[Row]) -> Row:
    """Refuse two lines that say different things about one day: totals cannot be added up."""
    raise refusal("The document has two lines with different figures for one day and marketplace.")


def _notes(passed: _Passed, collected: Collected, row_count: int) -> Iterator[str]:
    if not row_count:
        yield "no rows"
    if passed.without_child:
        yield without_child_note(passed.without_child)
    if collected.added:
        yield f"{listed(asin for _, asin in collected.added)} listed twice: added"
    if collected.identical:
        yield f"identical lines dropped: {collected.identical}"
    for name, count in sorted(passed.strangers.items()):
        yield f"unknown marketplace {name}: {count} lines left out"
    for path in sorted(passed.seen.without_currency):
        yield f"{path} without a currency: taken as the marketplace's"
