"""Take cells out of typed elements, by column: as fast as they are then turned into lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

Columns = Sequence[Sequence[Any]]
"""Cells by column. A document is read by column: a look at single rows is for what is wrong with them."""


def columns_of(elements: Sequence[Any], paths: tuple[str, ...]) -> Columns:
    """Return what typed elements have at `paths`, one sequence for each.

    A cell is None where Amazon's field, or an object on the way to it, is null or absent, or the path is empty.
    """
    absent = [None] * len(elements)
    columns: list[Sequence[Any]] = [absent] * len(paths)
    objects: dict[str, Sequence[Any]] = {"": elements}
    for way in _ways(paths):
        if way.prefix:
            parent, _, name = way.prefix.rpartition(".")
            found = list(map(attrgetter(name), objects[parent]))
            objects[way.prefix] = [way.nothing if it is None else it for it in found] if None in found else found
        for place, column in zip(way.places, _taken(objects[way.prefix], way.fields), strict=bool(elements)):
            columns[place] = column
    return columns


def _taken(objects: Sequence[Any], fields: tuple[str, ...]) -> Iterable[Sequence[Any]]:
    """Return some fields of objects, one sequence for each field; nothing at all where there are no objects."""
    if not fields:
        return ()
    values = list(map(attrgetter(*fields), objects))
    return zip(*values, strict=True) if len(fields) > 1 else (values,)


@dataclass(frozen=True, kw_only=True)
class _Way:
    """What to take from the object at `prefix`, and the places of that among the cells."""

    prefix: str
    fields: tuple[str, ...]
    places: tuple[int, ...]
    nothing: SimpleNamespace
    """Stands for such an object that is null."""


@cache
def _ways(paths: tuple[str, ...]) -> tuple[_Way, ...]:
    """Return the ways into an element, the object that has another before that other."""
    taken: dict[str, list[tuple[str, int]]] = {"": []}
    for place, path in enumerate(paths):
        prefix, _, name = path.rpartition(".")
        for end in (n for n, letter in enumerate(path) if letter == "."):
            taken.setdefault(path[:end], [])
        if name:
            taken[prefix].append((name, place))
    return tuple(_way(prefix, fields, taken) for prefix, fields in taken.items())


def _way(prefix: str, fields: Sequence[tuple[str, int]], prefixes: Iterable[str]) -> _Way:
    inner = [other.rpartition(".")[2] for other in prefixes if other and other.rpartition(".")[0] == prefix]
    names = tuple(name for name, _ in fields)
    nothing = SimpleNamespace(**dict.fromkeys((*names, *inner)))
    return _Way(prefix=prefix, fields=names, places=tuple(place for _, place in fields), nothing=nothing)
