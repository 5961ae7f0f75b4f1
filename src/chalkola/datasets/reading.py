"""From a document to its specification and rows: whole while it is small, streamed when it is not.

Up to 4 MB are decoded at once by msgspec (a sales day of 3,400 ASINs); anything larger is streamed by ijson, element
by element, in constant memory. Both ways use the same types and give the same rows and the same refusals. One thing
only the first one sees: a new section beside the known ones, which streaming would have to build to notice.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import GenericAlias
from typing import Any, NoReturn, Protocol

import ijson  # type: ignore[import-untyped]
import msgspec

from chalkola.datasets.counting import BLOCK_ROWS, blocks
from chalkola.datasets.elements import columns_of
from chalkola.datasets.model import Row
from chalkola.datasets.shapes import (
    Section,
    element_type,
    unknown_fields,
    unstorable,
    without_currency,
)
from chalkola.documents import Document
from chalkola.errors import Refusal

WHOLE_BYTES = 4_000_000
UNSTORABLE = "No column can hold that."
NEXT = "Nothing of it was loaded; the document is kept, and the run goes on."
_BUFFER_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """What a kind of document consists of: an object that repeats the question, and lists."""

    specification: str
    sections: tuple[Section, ...]


@dataclass(kw_only=True)
class Seen:
    """What was remarkable in the rows that have passed so far."""

    drift: set[str] = field(default_factory=set)
    """Fields that Amazon's schema does not have, as `section.field`."""
    without_currency: set[str] = field(default_factory=set)
    """Money that came without its currency, as a path in the element."""


class Parts(Protocol):
    """An opened document. `seen` is complete once all rows have passed."""

    @property
    def specification(self) -> Mapping[str, object]:
        """What Amazon says it was asked. Raises `Refusal` when the document does not say."""

    @property
    def seen(self) -> Seen:
        """What was remarkable so far."""

    def rows(self, section: Section) -> Iterable[Row]:
        """Return the rows of a section: a list, or an iterable that reads the document again each time.

        Raises `Refusal`, at once or while it is read, for what the schema does not allow.
        """


def open_parts(document: Document, layout: Layout, currency: str, *, whole_bytes: int = WHOLE_BYTES) -> Parts:
    """Open a document whose money is all in `currency`. Raises `Refusal` when it is not JSON."""
    content = _beginning(document, whole_bytes + 1)
    if len(content) > whole_bytes:
        return _Streamed(document, layout, currency)
    with _json_expected():
        try:
            return _Typed(_decoder(layout, currency).decode(content), layout)
        except msgspec.ValidationError:
            return _Plain(msgspec.json.decode(content), layout, currency)


class _Typed:
    """The ordinary case: decoded at once into the strict types."""

    def __init__(self, decoded: Any, layout: Layout) -> None:
        self._decoded = decoded
        self.specification: Mapping[str, object] = getattr(decoded, layout.specification)
        self.seen = Seen()

    def rows(self, section: Section) -> Iterable[Row]:
        elements = getattr(self._decoded, section.name)
        self.seen.without_currency |= without_currency(section, elements)
        return _rows_of(section, elements)


class _Plain:
    """Held in memory too, but something in it is not as in the schema: looked at piece by piece."""

    def __init__(self, content: object, layout: Layout, currency: str) -> None:
        self._content = content if isinstance(content, dict) else {}
        self._currency = currency
        names = {layout.specification, *(section.name for section in layout.sections)}
        self._specification_name = layout.specification
        self.seen = Seen(drift=set(self._content) - names)

    @property
    def specification(self) -> Mapping[str, object]:
        return _specification(self._specification_name, self._content.get(self._specification_name))

    def rows(self, section: Section) -> Iterable[Row]:
        elements = self._content.get(section.name)
        if not isinstance(elements, list):
            _lacks(section.name)
        return _rows(section, elements, self._currency, self.seen)


class _Streamed:
    """Too large for memory: read anew for each part."""

    def __init__(self, document: Document, layout: Layout, currency: str) -> None:
        self._document, self._layout, self._currency = document, layout, currency
        self.seen = Seen()

    @property
    def specification(self) -> Mapping[str, object]:
        name = self._layout.specification
        return _specification(name, next(self._items(name), None))

    def rows(self, section: Section) -> Iterable[Row]:
        if self._first_event(section.name) != "start_array":
            _lacks(section.name)
        rows = _StreamedRows(self, section)
        return list(rows) if section.short else rows

    def pass_through(self, section: Section) -> Iterator[Row]:
        for start, block in enumerate(blocks(self._elements(section))):
            yield from _rows(section, block, self._currency, self.seen, start=start * BLOCK_ROWS)

    def _elements(self, section: Section) -> Iterator[object]:
        if section.short:  # the list as one value, so that reading stops at its end
            return iter(next(self._items(section.name), []))
        return self._items(f"{section.name}.item")

    def _items(self, prefix: str) -> Iterator[Any]:
        with self._document.open() as stream, _json_expected():
            yield from ijson.items(stream, prefix, buf_size=_BUFFER_BYTES, use_float=True)

    def _first_event(self, name: str) -> str | None:
        with self._document.open() as stream, _json_expected():
            events = ijson.parse(stream, buf_size=_BUFFER_BYTES)
            return next((event for prefix, event, _ in events if prefix == name), None)


class _StreamedRows:
    def __init__(self, parts: _Streamed, section: Section) -> None:
        self._parts, self._section = parts, section

    def __iter__(self) -> Iterator[Row]:
        return self._parts.pass_through(self._section)


def _rows(section: Section, elements: list[Any], currency: str, seen: Seen, *, start: int = 0) -> list[Row]:
    """Turn elements as they come from JSON into rows: strictly together, leniently one by one."""
    strict = GenericAlias(list, (element_type(section, currency, strict=True),))
    try:
        typed = msgspec.convert(elements, strict)
    except msgspec.ValidationError:
        typed = [_leniently(section, start + n, element, currency) for n, element in enumerate(elements, 1)]
        for element in elements:
            seen.drift |= unknown_fields(section, element)
    seen.without_currency |= without_currency(section, typed)
    return _rows_of(section, typed)


def _rows_of(section: Section, elements: list[Any]) -> list[Row]:
    columns = columns_of(elements, section.paths)
    if wrong := unstorable(section, columns):
        index, path = wrong
        name = next((str(found) for name in section.named_by if (found := getattr(elements[index], name))), "?")
        cell = columns[section.paths.index(path)][index]
        raise refusal(f"{section.name} {name!r} has {path} = {str(cell)!r}.", UNSTORABLE)
    return list(zip(*columns, strict=True))


def _leniently(section: Section, number: int, element: object, currency: str) -> msgspec.Struct:
    fields = element if isinstance(element, dict) else {}
    name = next((str(fields[name]) for name in section.named_by if fields.get(name)), f"number {number}")
    return leniently(section, f"{section.name} {name}", element, currency)


def leniently(section: Section, who: str, element: object, currency: str) -> msgspec.Struct:
    """Return an element as its lenient type. Raises `Refusal` that begins with `who` and says what is wrong."""
    try:
        return msgspec.convert(element, element_type(section, currency, strict=False))
    except msgspec.ValidationError as error:
        raise refusal(*_explained(str(error), who, element, currency)) from error


def refusal(what: str, why: str = "") -> Refusal:
    """Return the refusal of a document, with what happens next."""
    return Refusal(what, why=why, remedy=NEXT)


_MISSING = re.compile(r"Object missing required field `(?P<field>.+?)`(?: - at `\$\.?(?P<path>.*)`)?")
_AT = re.compile(r"(?P<wrong>.+?)(?: - at `\$\.?(?P<path>.*)`)?")


def _explained(error: str, who: str, element: object, currency: str) -> tuple[str, str]:
    """Return what is wrong with an element and why that matters, from msgspec's sentence."""
    if missing := _MISSING.fullmatch(error):
        path = ".".join(filter(None, (missing["path"], missing["field"])))
        return f"{who} lacks {path}.", "Amazon's schema promises that field."
    found = _AT.fullmatch(error)
    wrong, path = (found["wrong"], found["path"] or "") if found else (error, "")
    value = _shown(element, path)
    if path.endswith("currencyCode"):
        return f"{who} has {path} = {value}.", f"The marketplace's currency is {currency}."
    if wrong.endswith(">= 0"):
        return f"{who} has {path} = {value}.", "A count cannot be negative."
    return f"{who} has {path or 'the value'} = {value}.", f"{wrong}."


def _shown(element: Any, path: str) -> str:
    for name in filter(None, path.split(".")):
        element = element.get(name) if isinstance(element, dict) else None
    return msgspec.json.encode(element, enc_hook=str).decode()[:80]


def _specification(name: str, value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else _lacks(name)


def _lacks(name: str) -> NoReturn:
    raise refusal(f"The document lacks its section {name}.", "Amazon's schema promises it.")


@contextmanager
def _json_expected() -> Iterator[None]:
    try:
        yield
    except (msgspec.DecodeError, ijson.JSONError, UnicodeDecodeError, RecursionError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        cut = "truncated" in reason or "premature" in reason
        raise refusal("The document is cut short." if cut else "The document is not JSON.", f"{reason}.") from error


def _beginning(document: Document, size: int) -> bytes:
    """Return the first `size` bytes of the content, or all of it."""
    with document.open() as stream:
        content = stream.read(size)
        while len(content) < size and (more := stream.read(size - len(content))):
            content += more
    return content


@cache
def _decoder(layout: Layout, currency: str) -> msgspec.json.Decoder[Any]:
    fields: list[tuple[str, Any]] = [(layout.specification, dict[str, Any])]
    for section in layout.sections:
        fields.append((section.name, GenericAlias(list, (element_type(section, currency, strict=True),))))
    return msgspec.json.Decoder(msgspec.defstruct("Content", fields, forbid_unknown_fields=True))
