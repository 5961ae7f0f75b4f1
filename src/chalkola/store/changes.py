"""What an answer changes in its slices: its lines, as the table can hold them, held against the rows that are there.
Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from chalkola.datasets.cells import CELL, cells_of, sums_of_cells
from chalkola.datasets.model import Batch, Sums, Table
from chalkola.datasets.spool import Numbered

Key = tuple[int, bytes]
"""A row's slice by its number in the batch, and its key within it as the line of CSV begins."""
Becomes = Literal["changed", "filled", "withdrawn"]


@dataclass(kw_only=True)
class Change:
    """What an answer changes in one slice. `filled` rows keep their own figures: they only gain what the source
    before could not tell, or have other shares of the day. `returned` rows had been gone."""

    added: int = 0
    changed: int = 0
    filled: int = 0
    returned: int = 0
    withdrawn: int = 0
    delta: Sums = field(default_factory=Sums)
    """By how much the sums of the rows that the answer speaks of change."""

    @property
    def is_any(self) -> bool:
        return bool(self.added or self.changed or self.filled or self.returned or self.withdrawn)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An answer held against what is there, for some slices. Where nothing is there, `new` is None: all of it is."""

    changes: Mapping[int, Change]
    new: list[Numbered] | None
    staged: list[tuple[int, bytes, Becomes]]


@dataclass(frozen=True, slots=True)
class Old:
    """A row that is there. `was_found`: it was there before us. `is_gone`: it had been withdrawn, and was kept."""

    line: bytes
    was_found: bool
    is_gone: bool


def held_against(there: dict[Key, Old], batch: Batch, numbers: Collection[int], lines: "Lines") -> Difference:
    """Return how the answer differs, in the slices with these numbers, from the rows that are `there`, which is used
    up. Rows that were there before us are never withdrawn."""
    if not there:
        counts = list(batch.counts.values())
        added = {n: Change(added=counts[n].row_count, delta=counts[n].sums) for n in numbers}
        return Difference(changes=added, new=None, staged=[])
    changes = {n: Change() for n in numbers}
    new: list[Numbered] = []
    staged: list[tuple[int, bytes, Becomes]] = []
    for number, line in lines.of(numbers):
        old = there.pop((number, key_of(line, batch.table)), None)
        change = changes[number]
        if old is None:
            new.append((number, line))
            change.added += 1
            change.delta += sums_of_cells(batch.columns, cells_of(line))
        elif old.is_gone:
            staged.append((number, line, "changed"))
            change.returned += 1
        elif old.line != line:
            before, after = cells_of(old.line), cells_of(line)
            becomes: Becomes = "filled" if old.was_found or _only_more(batch, before, after) else "changed"
            staged.append((number, line, becomes))
            setattr(change, becomes, getattr(change, becomes) + 1)
            change.delta += sums_of_cells(batch.columns, after) - sums_of_cells(batch.columns, before)
    for (number, _), old in there.items():
        if not old.was_found and not old.is_gone:
            staged.append((number, old.line, "withdrawn"))
            changes[number].withdrawn += 1
            changes[number].delta -= sums_of_cells(batch.columns, cells_of(old.line))
    return Difference(changes=changes, new=new, staged=staged)


@dataclass(kw_only=True)
class Lines:
    """A batch's lines, as the table can hold them: what a narrow column cannot is NULL, with a note."""

    batch: Batch
    bounds: Sequence[tuple[int, str, object]] = ()
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """The bounds are those of the table: the source may not have all of its columns."""
        places = {column.name: place for place, column in enumerate(self.batch.columns)}
        self.bounds = [(places[name], name, bound) for _, name, bound in self.bounds if name in places]

    def of(self, numbers: Collection[int]) -> Iterator[Numbered]:
        """Yield the lines of these slices in the order in which they came."""
        wanted = None if len(numbers) == len(self.batch.counts) else set(numbers)
        for block in self.batch.spool.blocks(wanted):
            yield from map(self._held, block) if self.bounds else block

    def _held(self, numbered: Numbered) -> Numbered:
        number, line = numbered
        cells = cells_of(line)
        for place, name, bound in self.bounds:
            value = cells[place]
            if value is not None and abs(float(value)) >= float(str(bound)):
                note = f"{name} {value} of {cells[0]} does not fit its column and is stored as NULL."
                if note not in self.notes:
                    self.notes.append(note)
                line = _with_null(line, place)
        return number, line


def key_of(line: bytes, table: Table) -> bytes:
    """Return the key with which a line begins: the cell of one column, or no cell at all."""
    if not table.key:
        return b""
    end = line.index(b'"', 1)
    if line[end + 1 : end + 2] in (b",", b""):
        return line[:end]
    found = CELL.match(line)  # it has quotation marks, which CSV doubles
    return found[0] if found is not None else line


def _only_more(batch: Batch, before: Sequence[str | None], after: Sequence[str | None]) -> bool:
    """Return whether an answer changes no figure of the row's own: it only says more, or shares of the day moved
    because other rows did."""
    return all(
        old is None or old == new or column.of_the_day
        for column, old, new in zip(batch.columns, before, after, strict=True)
    )


def _with_null(line: bytes, place: int) -> bytes:
    """Return the line with NULL in one place."""
    cells = CELL.findall(line)
    cells[place] = b"null"
    return b",".join(cells)
