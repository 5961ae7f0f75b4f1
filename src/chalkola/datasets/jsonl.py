"""Read a document of JSON lines block by block into typed elements, strictly while it is as Amazon's schema says.

A line is a row, or an object around one: collectors of Data Kiosk's documents have met both. Around rows may be
`data`, the names of the query, or a list.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import GenericAlias
from typing import IO, Any

import msgspec

from chalkola.datasets.reading import Seen, leniently, refusal
from chalkola.datasets.shapes import Section, element_type, unknown_fields
from chalkola.documents import Document

_CHUNK_BYTES = 256 * 1024  # what is made of it mostly stays in the processor's cache
_LONGEST_LINE_BYTES = 64_000_000
_ANY = msgspec.json.Decoder()


@dataclass(frozen=True, kw_only=True)
class Elements:
    """Some typed elements, in the document's order; `line` tells the number of the line that has the n-th of them."""

    elements: Sequence[Any]
    line: Callable[[int], int]


def read_lines(document: Document, section: Section, seen: Seen) -> Iterator[Elements]:
    """Yield the rows of a document. Raises `Refusal` for a line that is not JSON, or not a row of this section."""
    first = 1
    with document.open() as stream:
        for chunk in _chunks(stream, first):
            if elements := _elements(chunk, first, section, seen):
                yield elements
            first += chunk.count(b"\n")


def _chunks(stream: IO[bytes], first: int) -> Iterator[bytes]:
    """Yield whole lines, as many as fit into a chunk or one that does not."""
    rest = b""
    while piece := stream.read(_CHUNK_BYTES):
        end = piece.rfind(b"\n") + 1
        if end:
            yield rest + piece[:end]
        rest = piece[end:] if end else rest + piece
        if len(rest) > _LONGEST_LINE_BYTES:
            raise refusal("The document has a line of more than 64 MB.", "A row has about 1 KB.")
    if rest:
        yield rest


def _elements(chunk: bytes, first: int, section: Section, seen: Seen) -> Elements | None:
    try:
        elements = _decoder(section).decode_lines(chunk)
    except msgspec.DecodeError:
        return _plainly(chunk, first, section, seen)
    return Elements(elements=elements, line=lambda n: _numbers(chunk, first)[n]) if elements else None


def _plainly(chunk: bytes, first: int, section: Section, seen: Seen) -> Elements | None:
    """Turn lines into elements by way of plain values: rows together if they are strictly of the type once they are
    taken out of what is around them, leniently one by one if they are not."""
    lines = zip(_numbers(chunk, first), filter(bytes.strip, chunk.split(b"\n")), strict=True)
    plain = [(number, row) for number, line in lines for row in _unwrapped(_value(line, number))]
    numbers, rows = [number for number, _ in plain], [row for _, row in plain]
    strict = GenericAlias(list, (element_type(section, "", strict=True),))
    try:
        elements = msgspec.convert(rows, strict)
    except msgspec.ValidationError:
        elements = [leniently(section, f"Line {number}", row, "") for number, row in plain]
        for row in rows:
            seen.drift |= unknown_fields(section, row)
    return Elements(elements=elements, line=numbers.__getitem__) if elements else None


def _value(line: bytes, number: int) -> object:
    try:
        return _ANY.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(f"Line {number} of the document is not JSON.", f"{error}.") from error


def _unwrapped(value: Any) -> Iterator[object]:
    """Yield the rows in a line's value. A row itself has objects and texts side by side, what is around it has one
    member that matters."""
    if isinstance(value, list):
        for each in value:
            yield from _unwrapped(each)
        return
    inner = (
        value.get("data", next(iter(value.values()), None) if len(value) == 1 else None) if _is_dict(value) else None
    )
    if isinstance(inner, dict | list):
        yield from _unwrapped(inner)
    else:
        yield value


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _numbers(chunk: bytes, first: int) -> list[int]:
    return [number for number, line in enumerate(chunk.split(b"\n"), first) if line.strip()]


@cache
def _decoder(section: Section) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(element_type(section, "", strict=True))
