"""The shape of one list in Amazon's document: from a table's columns to typed elements, and from those to rows.

Two types are built for a section. The strict one knows every field of Amazon's schema, kept or not, and refuses
any other; the lenient one knows the kept fields and overlooks the rest. Decoding tries the strict one first, so
that a new field costs nothing until there is one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, reduce
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Literal

import msgspec

from chalkola.datasets.model import Cell, Column, Row, Table


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One list in Amazon's document, whose elements become rows of one table.

    Money is an object with `amount` and `currencyCode`: a column with a path to the one has its currency checked.
    """

    name: str
    """As in Amazon's document: `salesAndTrafficByAsin`."""
    table: Table
    not_kept: Mapping[str, str]
    """Amazon's other fields, by dotted path, each with the reason."""
    named_by: tuple[str, ...]
    """The fields by which a message names an element; the first that is there."""
    labels: tuple[str, ...] = ()
    """Required texts besides the columns, such as the element's date; they follow a row's cells."""
    short: bool = False
    """Whether it holds a few elements only, even in a document of many rows."""


Element = Mapping[str, object]
_Tree = dict[str, Any]

# Every integer in Amazon's report schemas is a count with "minimum": 0, and every required text is an identifier.
# PostgreSQL's integer ends at 2^31 - 1.
_COUNT = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_NAME = Annotated[str, msgspec.Meta(min_length=1)]
_LITERAL: Any = Literal


@cache
def element_type(section: Section, currency: str, *, strict: bool) -> type[msgspec.Struct]:
    """Return the type of a section's elements in a marketplace of this currency."""
    tree = _tree({**_kept(section, currency), **(_not_kept(section) if strict else {})})
    return _struct(section.name, tree, strict=strict)


def rows_of(section: Section, elements: Iterable[Any]) -> list[Row]:
    """Return the rows of typed elements: cells in the order of the columns, then the labels.

    A cell is None where Amazon's field, or an object on the way to it, is null or absent.
    """
    held, paths = tuple(elements), _paths(section)
    if len(paths) > 1:  # a getter of one path would not give a tuple
        try:
            return list(map(attrgetter(*paths), held))
        except AttributeError:  # an object is null somewhere, or a derived column has no path
            pass
    return list(zip(*(_each(held, path) for path in paths), strict=True))


def unstorable(section: Section, rows: Sequence[Row]) -> tuple[str, str, Cell] | None:
    """Return (element's name, path, cell) of a cell that no column can hold, None when there is none.

    JSON has no NaN, but serializers write it as a string; PostgreSQL's text has no NUL character.
    """
    for index, column in enumerate(section.table.columns):
        there: Any = filter(None, map(itemgetter(index), rows))
        if _numeric(column):
            fine = all(map(Decimal.is_finite, there))
        else:
            fine = column.type != "text" or "\0" not in "".join(there)
        if not fine:
            return _worst(section, index, rows)
    return None


def unknown_fields(section: Section, element: Element) -> set[str]:
    """Return the dotted names in `element` that Amazon's schema does not have; empty when there are none."""
    return {f"{section.name}.{name}" for name in _unknown(_known(section), element)}


def without_currency(section: Section, elements: Iterable[Any]) -> set[str]:
    """Return the paths of money that has an amount and no currency in any of the typed `elements`."""
    held = tuple(elements)
    return {path for path in _optional_money(section) if any(map(_bare, _each(held, path)))}


@cache
def _known(section: Section) -> _Tree:
    return _tree(dict.fromkeys((*_kept(section, ""), *section.not_kept)))


def _paths(section: Section) -> tuple[str, ...]:
    return (*(column.path for column in section.table.columns), *section.labels)


def _worst(section: Section, index: int, rows: Sequence[Row]) -> tuple[str, str, Cell]:
    """Return the first row whose cell at `index` cannot be stored."""
    row = next(row for row in rows if "\0" in str(row[index]) or str(row[index]).strip("-s") in ("NaN", "Infinity"))
    by_path = dict(zip(_paths(section), row, strict=True))
    name = next((by_path[path] for path in section.named_by if by_path.get(path)), "?")
    return str(name), section.table.columns[index].path, row[index]


def _numeric(column: Column) -> bool:
    return column.type.startswith("numeric")


def _kept(section: Section, currency: str) -> dict[str, tuple[Any, ...]]:
    """Return path → (type,) when required, (type, None) when not."""
    only = _LITERAL[currency]
    fields: dict[str, tuple[Any, ...]] = {f"{path}.currencyCode": (only | None, None) for path in _money(section)}
    for column in filter(lambda column: column.path, section.table.columns):
        kind = only if column.path.endswith(".currencyCode") else _type(column)
        fields[column.path] = (kind,) if column.required else (kind | None, None)
    return fields | dict.fromkeys(section.labels, (_NAME,))


def _type(column: Column) -> Any:
    if _numeric(column):
        return Decimal
    if column.type == "integer":
        return _COUNT
    return _NAME if column.required else str


def _not_kept(section: Section) -> dict[str, tuple[Any, ...]]:
    kept = _kept(section, "")
    return {path: (Any, None) for path in section.not_kept if path not in kept}


def _money(section: Section) -> tuple[str, ...]:
    suffix = ".amount"
    return tuple(c.path.removesuffix(suffix) for c in section.table.columns if c.path.endswith(suffix))


@cache
def _optional_money(section: Section) -> tuple[str, ...]:
    required = {column.path for column in section.table.columns if column.required}
    return tuple(path for path in _money(section) if f"{path}.currencyCode" not in required)


def _each(elements: Iterable[Any], path: str) -> list[Any]:
    try:
        return list(map(attrgetter(path), elements))
    except AttributeError:
        return [_reach(element, path) for element in elements]


def _bare(money: Any) -> bool:
    return money is not None and money.amount is not None and money.currencyCode is None


def _tree(fields: Mapping[str, object]) -> _Tree:
    tree: _Tree = {}
    for path, field in fields.items():
        *objects, leaf = path.split(".")
        reduce(lambda node, name: node.setdefault(name, {}), objects, tree)[leaf] = field
    return tree


def _struct(name: str, tree: _Tree, *, strict: bool) -> type[msgspec.Struct]:
    fields = [
        (field, *(_nested(field, branch, strict=strict) if isinstance(branch, dict) else branch))
        for field, branch in tree.items()
    ]
    return msgspec.defstruct(name, fields, kw_only=True, gc=False, forbid_unknown_fields=strict)


def _nested(name: str, tree: _Tree, *, strict: bool) -> tuple[Any, ...]:
    """Return (type,) for an object with a required field, else (type or None, an object without figures)."""
    kind = _struct(name, tree, strict=strict)
    if any(field.required for field in msgspec.structs.fields(kind)):
        return (kind,)
    empty = kind()
    return (kind | None, msgspec.field(default_factory=lambda: empty))


def _unknown(known: _Tree, element: Element) -> Iterable[str]:
    for name, value in element.items():
        if name not in known:
            yield name
        elif isinstance(known[name], dict) and isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in _unknown(known[name], value))


def _reach(element: Any, path: str) -> Cell | Any:
    if not path:
        return None
    for name in path.split("."):
        if element is None:
            return None
        element = getattr(element, name)
    return element
