"""Rows into tables: what is there is read, held against the answer, and only the difference is written.

New rows go straight into the table; rows that changed or were withdrawn are staged and written in one statement each.
What is unchanged is not touched. What is withdrawn is deleted, or kept and marked as gone where the
table has a column for that.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.datasets.cells import cells_of, sums_of_cells
from chalkola.datasets.model import Batch, Box, Column, Sums, Table
from chalkola.datasets.spool import Numbered
from chalkola.store.database import Connection, Holding, Selected, Shape
from chalkola.store.placing import TYPES, Placing

Key = tuple[int, bytes]
"""A row's slice by its number in the batch, and its key within it as the line of CSV begins."""
Becomes = Literal["changed", "filled", "withdrawn"]

_CELL = re.compile(rb'"(?:[^"]|"")*"|[^",]+')


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What every row that a pull writes carries."""

    pull_id: int
    source: str
    now: datetime
    mends: bool = False
    """Whether Amazon has said all of this before: rows are set right, and Amazon has changed nothing."""


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


async def difference(
    connection: Holding, batch: Batch, box: Box, numbers: Collection[int], lines: "Lines"
) -> Difference:
    """Return how the answer differs from the table in the slices with these numbers.

    Only rows that the box speaks of are looked at; rows that were there before us are never withdrawn.
    """
    there = await _there(connection, batch, box, numbers)
    if not there:
        counts = list(batch.counts.values())
        changes = {n: Change(added=counts[n].row_count, delta=counts[n].sums) for n in numbers}
        return Difference(changes=changes, new=None, staged=[])
    changes = {n: Change() for n in numbers}
    new: list[Numbered] = []
    staged: list[tuple[int, bytes, Becomes]] = []
    for number, line in lines.of(numbers):
        old = there.pop((number, _key(line, batch.table)), None)
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


async def untouched(
    connection: Connection, batch: Batch, box: Box, numbers: Collection[int], since: int
) -> frozenset[int]:
    """Return those of the slices in which the box has as many rows as the answer, all written by pull `since` or
    before: rows are as that pull left them."""
    if not numbers:
        return frozenset()
    placing, counts = Placing.of(batch), list(batch.counts.values())
    query = sql.SQL(
        "SELECT concat_ws(',', {key}), count(*), max(t.pull_id) FROM {table} t WHERE {within}{asins} GROUP BY {key}"
    ).format(
        key=_of_t(batch.table.slice_key), table=sql.Identifier(batch.table.name), within=placing.within(numbers),
        asins=_asked_for(box, batch.table),
    )  # fmt: skip
    rows = await (await connection.execute(query)).fetchall()
    there = {key.encode(): (count, last or 0) for key, count, last in rows}
    found = ((n, there.get(placing.key(n), (0, 0))) for n in numbers)
    return frozenset(n for n, (count, last) in found if count == counts[n].row_count and last <= since)


async def write(
    connection: Holding, batch: Batch, found: Difference, numbers: Collection[int], lines: "Lines", origin: Origin
) -> None:
    """Write a difference, for those of its slices whose numbers are given."""
    staged = [one for one in found.staged if one[0] in numbers]
    if staged:
        await _change(connection, batch, staged, origin)
    new = lines.of(numbers) if found.new is None else (one for one in found.new if one[0] in numbers)
    if any(found.changes[n].added for n in numbers):
        await _insert(connection, batch, new, origin)


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


@dataclass(frozen=True, slots=True)
class _Old:
    line: bytes
    was_found: bool
    is_gone: bool


async def _there(connection: Holding, batch: Batch, box: Box, numbers: Collection[int]) -> dict[Key, _Old]:
    """Return the rows that the table has of these slices, as lines like those of the answer."""
    placing, key = Placing.of(batch), batch.table.slice_key
    selected = Selected(
        columns=(
            *((sql.SQL("t.{}").format(sql.Identifier(name)), name, False) for name in key),
            (_is_null("pull_id"), "was_found", False),
            (_is_null(batch.table.stamps.gone), "is_here", False),
            *(_selected(column) for column in batch.columns),
        ),
        source=sql.SQL("FROM {} t WHERE {}{}").format(
            sql.Identifier(batch.table.name), placing.within(numbers), _asked_for(box, batch.table)
        ),
    )
    number_of = {placing.key(n): n for n in numbers}
    there: dict[Key, _Old] = {}
    async for row in connection.lines(selected):
        *place, found, is_here, line = row.split(b",", len(key) + 2)
        number = number_of.get(b",".join(place))
        if number is not None:
            there[number, _key(line, batch.table)] = _Old(line, found == b"t", is_here == b"f")
    return there


def _is_null(column: str | None) -> sql.Composable:
    """Return what says `t` where a column is NULL, or is none at all, and else `f`."""
    if column is None:
        return sql.SQL("'t'")
    return sql.SQL("CASE WHEN t.{} IS NULL THEN 't' ELSE 'f' END").format(sql.Identifier(column))


def _of_t(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in names)


def _asked_for(box: Box, table: Table) -> sql.Composable:
    """Return the condition that leaves rows alone which the question did not ask for."""
    if not box.filters:
        return sql.SQL("")
    named: dict[object, list[str]] = {}
    for f in box.filters:
        named.setdefault(f.marketplace.uuid, []).extend(f.asins)
    each = sql.SQL(" OR ").join(
        sql.SQL("t.marketplace_id = {} AND t.{} = ANY ({})").format(
            sql.Literal(uuid), sql.Identifier(table.key[0]), sql.Literal(asins)
        )
        for uuid, asins in named.items()
    )
    return sql.SQL(" AND ({})").format(each)


def _selected(column: Column) -> tuple[sql.Composable, str, bool]:
    value = sql.SQL("t.{}::" + column.type).format(sql.Identifier(column.name))
    return value, column.name, not column.type.startswith("integer")


def _key(line: bytes, table: Table) -> bytes:
    """Return the key with which a line begins: the cell of one column, or no cell at all."""
    if not table.key:
        return b""
    end = line.index(b'"', 1)
    if line[end + 1 : end + 2] in (b",", b""):
        return line[:end]
    found = _CELL.match(line)  # it has quotation marks, which CSV doubles
    return found[0] if found is not None else line


def _only_more(batch: Batch, before: Sequence[str | None], after: Sequence[str | None]) -> bool:
    """Return whether an answer changes no figure of the row's own: it only says more, or shares of the day moved
    because other rows did."""
    return all(
        old is None or old == new or column.of_the_day
        for column, old, new in zip(batch.columns, before, after, strict=True)
    )


async def _insert(connection: Holding, batch: Batch, lines: Iterable[Numbered], origin: Origin) -> None:
    placing, stamped = Placing.of(batch), _stamped(batch.table, origin)
    end = "".join(f"{value}," for _, _, value in stamped)
    starts = [f"{placing.start(n, fixed=True)}{end}".encode() for n in range(len(placing.slices))]
    shape: Shape = (
        *((name, TYPES[name]) for name in batch.table.placed_by),
        *((name, kind) for name, kind, _ in stamped),
        *_shape(batch),
    )
    await connection.write_lines(batch.table.name, shape, (starts[number] + line for number, line in lines))


def _stamped(table: Table, origin: Origin) -> Sequence[tuple[str, str, str]]:
    """Return what the store notes of a new row: column, type, and value as CSV has it."""
    noted = (
        ("pull_id", "bigint", str(origin.pull_id)),
        (table.stamps.source, "text", f'"{origin.source}"'),
        (table.stamps.first, "timestamptz", origin.now.isoformat()),
    )
    return [(name, kind, value) for name, kind, value in noted if name]


async def _change(
    connection: Holding, batch: Batch, staged: Sequence[tuple[int, bytes, Becomes]], origin: Origin
) -> None:
    placing, stamps = Placing.of(batch), batch.table.stamps
    starts = [placing.start(n, fixed=False) for n in range(len(placing.slices))]
    lines = (f"{starts[n]}{_as(becomes, origin)},".encode() + line for n, line, becomes in staged)
    key: Shape = (*((name, TYPES[name]) for name in batch.table.slice_key), ("becomes", "text"))
    source = await connection.stage(f"stage_{batch.table.name}", (*key, *_shape(batch)), lines)
    await connection.later(
        "SELECT sp_change(%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            batch.table.name, source.as_string(None), [*batch.table.slice_key, *batch.table.key],
            [c.name for c in batch.columns],
            Jsonb({kind: getattr(stamps, kind) for kind in ("source", "changed", "times", "gone")}),
            origin.pull_id, origin.source, origin.now,
        ),
    )  # fmt: skip


def _shape(batch: Batch) -> Shape:
    return [(column.name, column.type) for column in batch.columns]


def _as(becomes: Becomes, origin: Origin) -> Becomes:
    return "filled" if becomes == "changed" and origin.mends else becomes


def _with_null(line: bytes, place: int) -> bytes:
    """Return the line with NULL in one place."""
    cells = _CELL.findall(line)
    cells[place] = b"null"
    return b",".join(cells)
