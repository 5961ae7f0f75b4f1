"""Count and spool the rows of a document, one for each key: in one pass, or in two when a key comes twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from chalkola.datasets.counting import Counting
from chalkola.datasets.elements import Columns
from chalkola.datasets.model import Row

Block = tuple[Sequence[int], Columns]
"""Of each row the number of its slice, and its cells by column."""
Key = tuple[Any, ...]
"""The number of a slice, and the cells of the table's key."""


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What was remarkable about the keys: those whose rows were added up, and how many rows were dropped."""

    added: tuple[Key, ...] = ()
    identical: int = 0


def collect(
    read: Callable[[], Iterable[Block]],
    counting: Counting,
    key: Sequence[int],
    added_up: Callable[[Sequence[Row]], Row],
    *,
    drop_identical: bool,
) -> Collected:
    """Take the rows that `read` gives into `counting`; `key` has the places of the key's cells.

    A key that comes twice is rare: the rows of such keys are then held in a second reading, all others never.
    """
    twice = _once_through(read(), counting, key)
    if not twice:
        return Collected()
    counting.begin()
    held: dict[Key, list[Row]] = {}
    for numbers, columns in read():
        counting.add(*_without(numbers, columns, key, twice, held))
    return _settle(held, counting, added_up, drop_identical=drop_identical)


def _once_through(blocks: Iterable[Block], counting: Counting, key: Sequence[int]) -> set[Key]:
    """Return the keys that come twice; if there are any, `counting` has to begin anew."""
    seen, twice = set[Key](), set[Key]()
    for numbers, columns in blocks:
        keys = _keys(numbers, columns, key)
        fresh = set(keys)
        if len(fresh) < len(keys) or not seen.isdisjoint(fresh):
            twice |= seen & fresh
            twice.update(key for key, times in Counter(keys).items() if times > 1)
        seen |= fresh
        if not twice:
            counting.add(numbers, columns)
    return twice


def _keys(numbers: Sequence[int], columns: Columns, key: Sequence[int]) -> list[Key]:
    return list(zip(numbers, *(columns[place] for place in key), strict=True))


def _without(
    numbers: Sequence[int], columns: Columns, key: Sequence[int], twice: set[Key], held: dict[Key, list[Row]]
) -> Block:
    """Return the block without the rows of certain keys, which are put into `held`."""
    rest: list[tuple[int, Row]] = []
    rows = zip(*columns, strict=True)
    for its_key, number, row in zip(_keys(numbers, columns, key), numbers, rows, strict=True):
        if its_key in twice:
            held.setdefault(its_key, []).append(row)
        else:
            rest.append((number, row))
    return _block(rest)


def _settle(
    held: dict[Key, list[Row]], counting: Counting, added_up: Callable[[Sequence[Row]], Row], *, drop_identical: bool
) -> Collected:
    added, identical, settled = [], 0, []
    for key, rows in held.items():
        different = list(dict.fromkeys(rows)) if drop_identical else rows
        identical += len(rows) - len(different)
        if len(different) > 1:
            added.append(key)
        settled.append((key[0], added_up(different) if len(different) > 1 else different[0]))
    counting.add(*_block(settled))
    return Collected(added=tuple(added), identical=identical)


def _block(rows: Iterable[tuple[int, Row]]) -> Block:
    held = list(rows)
    return [number for number, _ in held], list(zip(*(row for _, row in held), strict=True))
