"""Lines of Amazon's list of listings into rows.

Nothing is quoted in the list, so a tab or the end of a line within a title or a description tears its line. Such
lines are put together again where it can be told how: by the SKU, which every line has, and by what the cells behind
the text look like. Lines may end before cells that are empty.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from chalkola.datasets.model import Cell, Column, Row

_ASIN = re.compile(r"[A-Z0-9]{10}")
_BY_ASIN = "1"  # among the product id types: 1 is the ASIN, 4 an EAN
_PRICE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,10})?")
_COUNT = re.compile(r"[0-9]{1,9}")
_CHANNELS = re.compile(r"(?P<fba>AMAZON_\w+)|(?P<fbm>DEFAULT)")
_MOST_TABS = 8
"""In one text: a line with more of them cannot be read."""

Cells = Sequence[str]


@dataclass(kw_only=True)
class Remarks:
    """What was remarkable about the lines of one reading."""

    mended: int = 0
    left_out: list[int] = field(default_factory=list)
    """Lines without a SKU, by their numbers in the document."""
    unreadable: dict[str, list[str]] = field(default_factory=dict)
    """By column: what is no figure there, or a channel that we do not know."""


@dataclass(kw_only=True)
class Lines:
    """The lines below a header whose columns are in these `places`; money is in `currency`."""

    places: Mapping[str, int]
    currency: str
    columns: Sequence[Column]
    remarks: Remarks = field(default_factory=Remarks)

    def __post_init__(self) -> None:
        behind = min(place for name, place in self.places.items() if name not in ("title", "description"))
        self._texts = behind if self.places["title"] < behind else 0
        """How many columns there are before the first that is no text; 0 where the title is not among them."""

    def rows(self, lines: Iterable[str]) -> Iterator[Row]:
        """Yield a row for each line that has a SKU, its cells in the order of `columns`."""
        self.remarks = Remarks()
        for number, cells in self._whole(lines):
            tabs = self._tabs(cells)
            self.remarks.mended += tabs > 0
            if found := self._row(cells, tabs):
                yield found
            else:
                self.remarks.left_out.append(number)

    def _whole(self, lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield the number and cells of each line; one that ends before its SKU goes on in the next."""
        torn: list[str] = []
        for number, line in enumerate(lines, 2):
            if not line:
                continue
            cells = line.replace("\0", "").split("\t")
            if torn:
                cells = [*torn[:-1], f"{torn[-1]} {cells[0]}", *cells[1:]]
            is_torn = len(cells) <= self.places["sku"] < self._texts + 2
            if not is_torn:
                self.remarks.mended += bool(torn)
                yield number, cells
            torn = cells if is_torn else []
        if torn:
            yield number, torn

    def _tabs(self, cells: Cells) -> int:
        """Return how many tabs the texts at a line's beginning have within them, 0 where that cannot be told."""
        shifted = range(_MOST_TABS + 1 if self._texts else 1)
        return next((by for by in shifted if self._looks_right(cells, by) and self._says_much(cells, by)), 0)

    def _says_much(self, cells: Cells, by: int) -> bool:
        asin = self._cell(cells, "asin", by) if "asin" in self.places else self._asin(cells, by)
        return bool(asin and self._cell(cells, "price", by))

    def _looks_right(self, cells: Cells, by: int) -> bool:
        figures = (("price", _PRICE), ("quantity", _COUNT), ("asin", _ASIN), ("channel", _CHANNELS))
        said = ((self._cell(cells, name, by), pattern) for name, pattern in figures)
        return all(not text or pattern.fullmatch(text) for text, pattern in said)

    def _row(self, cells: Cells, by: int) -> Row | None:
        price = self._figure(cells, "price", by, _PRICE)
        quantity = self._figure(cells, "quantity", by, _COUNT)
        said: dict[str, Cell] = {
            "sku": self._cell(cells, "sku", by) or None,
            "asin": self._asin(cells, by),
            "title": self._title(cells, by) or None,
            "price": None if price is None else Decimal(price),
            "currency_code": None if price is None else self.currency,
            "quantity": None if quantity is None else int(quantity),
            "status": self._cell(cells, "status", by) or None,
            "fulfilment": self._fulfilment(cells, by),
            "listing_id": self._cell(cells, "listing_id", by) or None,
            "open_date": self._cell(cells, "open_date", by) or None,
        }
        return tuple(said[column.name] for column in self.columns) if said["sku"] else None

    def _cell(self, cells: Cells, name: str, by: int) -> str:
        place = self.places.get(name, len(cells))
        place += by if place >= self._texts else 0
        return cells[place] if place < len(cells) else ""

    def _title(self, cells: Cells, by: int) -> str:
        title = self.places["title"]
        # Which of two texts has the tab: the title, where the description is empty, or there is none.
        whole = by and (self._texts == 1 or not cells[self._texts + by - 1])
        return (
            " ".join(cells[title : title + 1 + by]).strip() if whole else cells[title] if title < len(cells) else ""
        )

    def _asin(self, cells: Cells, by: int) -> str | None:
        asin = self._cell(cells, "asin", by)
        if not asin and self._cell(cells, "product_id_type", by) == _BY_ASIN:
            asin = self._cell(cells, "product_id", by)
        return asin if _ASIN.fullmatch(asin) else None

    def _figure(self, cells: Cells, name: str, by: int, pattern: re.Pattern[str]) -> str | None:
        said = self._cell(cells, name, by).strip()
        if not said or pattern.fullmatch(said):
            return said or None
        self.remarks.unreadable.setdefault(name, []).append(said)
        return None

    def _fulfilment(self, cells: Cells, by: int) -> str | None:
        said = self._cell(cells, "channel", by).strip()
        if found := _CHANNELS.fullmatch(said):
            return "FBA" if found["fba"] else "FBM"
        if said:
            self.remarks.unreadable.setdefault("fulfillment-channel", []).append(said)
        return None
