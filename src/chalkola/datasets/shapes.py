"""The shape of a list in Amazon's documents: from a source's columns to typed elements.

Two types are built for a section. The strict one knows every field of Amazon's schema, kept or not, and refuses
any other; the lenient one knows the kept fields and overlooks the rest. Decoding tries the strict one first, so
that a new field costs nothing until there is one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from typing import Annotated, Any, Literal

import msgspec

from chalkola.datasets.elements import Columns, columns_of
from chalkola.datasets.model import Cell, Column


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One list in Amazon's document, whose elements become rows of one table.

    Money is an object with `amount` and `currencyCode`: a column with a path to the one has its currency checked.
    """

    name: str
    """As in Amazon's document: `salesAndTrafficByAsin`."""
    columns: tuple[Column, ...]
    """The source's own, in the table's order."""
    not_kept: Mapping[str, str]
    """Amazon's other fields, by dotted path, each with the reason."""
    named_by: tuple[str, ...]
    """The fields by which a message names an element; the first that is there."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """How this document spells the first name of a path where it differs: sales -> salesByAsin."""
    labels: tuple[str, ...] = ()
    """Required texts besides the columns, such as the element's date; they follow a row's cells."""
    short: bool = False
    """Whether it holds a few elements only, even in a document of many rows."""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Where the cells are in an element of this document: the columns', then the labels."""
        return (*(self.spelled(column.path) for column in self.columns), *self.labels)

    @cached_property
    def money(self) -> tuple[str, ...]:
        """The paths of objects with an amount and its currency."""
        return tuple(path.removesuffix(".amount") for path in self.paths if path.endswith(".amount"))

    def spelled(self, path: str) -> str:
        """Return a column's path as this document has it."""
        group, dot, rest = path.partition(".")
        return f"{self.groups.get(group, group)}{dot}{rest}"


_Tree = dict[str, Any]

# Every integer in Amazon's report schemas is a count with "minimum": 0, and every required text is an identifier.
# PostgreSQL's integer ends at 2^31 - 1.
_COUNT = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
_NAME = Annotated[str, msgspec.Meta(min_length=1)]
_LITERAL: Any = Literal
_IN_NO_NAME = re.compile('[\0-\x1f"]')


@cache
def element_type(section: Section, currency: str, *, strict: bool) -> type[msgspec.Struct]:
    """Return the type of a section's elements in a marketplace of this currency; any currency if it is empty."""
    fields = {**_kept(section, currency), **(_not_kept(section) if strict else {})}
    return _struct(section.name, tree(fields), strict=strict)


def unstorable(section: Section, columns: Columns) -> tuple[int, str] | None:
    """Return row and path of a cell that no column can hold, None when there is none.

    A line of CSV is one line, PostgreSQL's text has no NUL character, and rows are told apart by the quoted name that
    their line begins with: no name has such characters.
    """
    for column, path, cells in zip(section.columns, section.paths, columns, strict=False):
        if column.type == "text" and _IN_NO_NAME.search("".join(filter(None, cells))):
            return next(n for n, cell in enumerate(cells) if cell and _IN_NO_NAME.search(cell)), path
    return None


def unknown_fields(section: Section, element: Any) -> set[str]:
    """Return the dotted names in `element` that Amazon's schema does not have; empty when there are none."""
    return {f"{section.name}.{name}" for name in _unknown(_known(section), element)}


def without_currency(section: Section, elements: Sequence[Any]) -> set[str]:
    """Return the paths of money that has an amount and no currency in any of the typed `elements`."""
    return {path for path in _optional_money(section) if any(map(_bare, *_amounts(elements, path)))}


def tree(fields: Mapping[str, object]) -> _Tree:
    """Return dotted paths as nested dictionaries, with the values as leaves."""
    nested: _Tree = {}
    for path, value in fields.items():
        *objects, leaf = path.split(".")
        reduce(lambda node, name: node.setdefault(name, {}), objects, nested)[leaf] = value
    return nested


@cache
def _known(section: Section) -> _Tree:
    return tree(dict.fromkeys((*_kept(section, ""), *map(section.spelled, section.not_kept))))


def _numeric(column: Column) -> bool:
    return column.type.startswith("numeric")


def _kept(section: Section, currency: str) -> dict[str, tuple[Any, ...]]:
    """Return path → (type,) when required, (type, None) when not."""
    only = _LITERAL[currency] if currency else _NAME
    fields: dict[str, tuple[Any, ...]] = {f"{path}.currencyCode": (only | None, None) for path in section.money}
    for column, path in zip(section.columns, section.paths, strict=False):
        if path:
            kind = only if path.endswith(".currencyCode") else _type(column)
            fields[path] = (kind,) if column.required else (kind | None, None)
    return fields | dict.fromkeys(section.labels, (_NAME,))


def _type(column: Column) -> Any:
    if _numeric(column):
        return float  # Amazon's doubles: their shortest texts are what Amazon had
    if column.type == "integer":
        return _COUNT
    return _NAME if column.required else str


def _not_kept(section: Section) -> dict[str, tuple[Any, ...]]:
    kept = _kept(section, "")
    return {path: (Any, None) for path in map(section.spelled, section.not_kept) if path not in kept}


@cache
def _optional_money(section: Section) -> tuple[str, ...]:
    required = {path for column, path in zip(section.columns, section.paths, strict=False) if column.required}
    return tuple(path for path in section.money if f"{path}.currencyCode" not in required)


def _amounts(elements: Sequence[Any], path: str) -> Columns:
    return columns_of(elements, (f"{path}.amount", f"{path}.currencyCode"))


def _bare(amount: Cell, currency: Cell) -> bool:
    return amount is not None and currency is None


def _struct(name: str, nested: _Tree, *, strict: bool) -> type[msgspec.Struct]:
    fields = [
        (field, *(_nested(field, branch, strict=strict) if isinstance(branch, dict) else branch))
        for field, branch in nested.items()
    ]
    return msgspec.defstruct(name, fields, kw_only=True, gc=False, forbid_unknown_fields=strict)


def _nested(name: str, branch: _Tree, *, strict: bool) -> tuple[Any, ...]:
    """Return (type,) for an object with a required field, else (type or None, an object without figures)."""
    kind = _struct(name, branch, strict=strict)
    if any(field.required for field in msgspec.structs.fields(kind)):
        return (kind,)
    empty = kind()
    return (kind | None, msgspec.field(default_factory=lambda: empty))


def _unknown(known: _Tree, element: Mapping[str, object]) -> Iterable[str]:
    for name, value in element.items():
        if name not in known:
            yield name
        elif isinstance(known[name], dict) and isinstance(value, Mapping):
            yield from (f"{name}.{inner}" for inner in _unknown(known[name], value))
