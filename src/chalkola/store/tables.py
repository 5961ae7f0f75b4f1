"""Rows into tables: what is there is read, held against the answer, and only the difference is written.

New rows go straight into the table by COPY; rows that changed or were withdrawn are staged and written in one
statement each. What is unchanged is not touched.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from psycopg import sql

from chalkola.datasets.cells import cells_of, sums_of_cells
from chalkola.datasets.model import Batch, Box, Slice, Sums, Table
from chalkola.datasets.spool import Numbered
from chalkola.marketplaces import Marketplace, by_scope
from chalkola.store.connection import Connection

Key = tuple[int, bytes]
"""A row's slice by its number in the batch, and its key within it as the line of CSV begins."""
Becomes = Literal["changed", "filled", "withdrawn"]

_FIXED = ("date", "marketplace_id", "amazon_marketplace_id", "pull_id", "source", "first_loaded_at")
_BLOCK_LINES = 2_000
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
    before could not tell, or have other shares of the day."""

    added: int = 0
    changed: int = 0
    filled: int = 0
    withdrawn: int = 0
    delta: Sums = field(default_factory=Sums)
    """By how much the sums of the rows that the answer speaks of change."""

    @property
    def is_any(self) -> bool:
        return bool(self.added or self.changed or self.filled or self.withdrawn)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An answer held against what is there, for some slices. Where nothing is there, `new` is None: all of it is."""

    changes: Mapping[int, Change]
    new: list[Numbered] | None
    staged: list[tuple[int, bytes, Becomes]]


async def difference(
    connection: Connection, batch: Batch, box: Box, numbers: Collection[int], lines: "Lines"
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
        elif old.line != line:
            before, after = cells_of(old.line), cells_of(line)
            becomes: Becomes = "filled" if old.was_found or _only_more(batch, before, after) else "changed"
            staged.append((number, line, becomes))
            setattr(change, becomes, getattr(change, becomes) + 1)
            change.delta += sums_of_cells(batch.columns, after) - sums_of_cells(batch.columns, before)
    for (number, _), old in there.items():
        if not old.was_found:
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
    places, counts = _places(batch), list(batch.counts.values())
    query = sql.SQL(
        "SELECT t.date, t.marketplace_id, count(*), max(t.pull_id) FROM {} t"
        " WHERE t.date = ANY (%s) AND t.marketplace_id = ANY (%s){} GROUP BY 1, 2"
    ).format(sql.Identifier(batch.table.name), _asked_for(box, batch.table))
    days, ids = {places[n][0].day for n in numbers}, {places[n][1].uuid for n in numbers}
    rows = await (await connection.execute(query, (list(days), list(ids)))).fetchall()
    there = {(day, marketplace): (count, last or 0) for day, marketplace, count, last in rows}
    found = ((n, there.get((places[n][0].day, places[n][1].uuid), (0, 0))) for n in numbers)
    return frozenset(n for n, (count, last) in found if count == counts[n].row_count and last <= since)


async def write(
    connection: Connection, batch: Batch, found: Difference, numbers: Collection[int], lines: "Lines", origin: Origin
) -> None:
    """Write a difference, for those of its slices whose numbers are given."""
    staged = [one for one in found.staged if one[0] in numbers]
    if staged:
        await _change(connection, batch, staged, origin)
    new = lines.of(numbers) if found.new is None else (one for one in found.new if one[0] in numbers)
    if any(found.changes[n].added for n in numbers):
        await _copy(connection, batch, new, origin)


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


async def _there(connection: Connection, batch: Batch, box: Box, numbers: Collection[int]) -> dict[Key, _Old]:
    """Return the rows that the table has of these slices, as lines like those of the answer."""
    places = _places(batch)
    days = sorted({places[n][0].day for n in numbers})
    ids = list({places[n][1].uuid for n in numbers})
    columns = sql.SQL(", ").join(
        sql.SQL("t.{}::" + column.type).format(sql.Identifier(column.name)) for column in batch.columns
    )
    query = sql.SQL(
        "COPY (SELECT t.date, t.marketplace_id, t.pull_id IS NULL, {columns} FROM {table} t"
        " WHERE t.date = ANY ({days}) AND t.marketplace_id = ANY ({ids}){asins})"
        " TO STDOUT (FORMAT CSV, NULL 'null', ENCODING 'UTF8'{quoted})"
    ).format(
        columns=columns,
        table=sql.Identifier(batch.table.name),
        days=sql.Literal(days),
        ids=sql.Literal(ids),
        asins=_asked_for(box, batch.table),
        quoted=_quoted(batch),
    )
    number_of = {f"{places[n][0].day},{places[n][1].uuid}".encode(): n for n in numbers}
    there: dict[Key, _Old] = {}
    async with connection.cursor() as cursor, cursor.copy(query) as copy:
        async for row in copy:
            place, found, line = _split(bytes(row))
            number = number_of.get(place)
            if number is not None:
                there[number, _key(line, batch.table)] = _Old(line, found)
    return there


def _split(row: bytes) -> tuple[bytes, bool, bytes]:
    """Return slice, whether the row was there before us, and the line, of a row as it is read."""
    day, marketplace, found, line = row.rstrip(b"\n").split(b",", 3)
    return day + b"," + marketplace, found == b"t", line


def _places(batch: Batch) -> list[tuple[Slice, Marketplace]]:
    """Return slice and marketplace by a slice's number."""
    found = ((s, by_scope(s.scope)) for s in batch.counts)
    return [(s, m) for s, m in found if m is not None]


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


def _quoted(batch: Batch) -> sql.Composable:
    quoted = [sql.Identifier(c.name) for c in batch.columns if not c.type.startswith("integer")]
    return sql.SQL(", FORCE_QUOTE ({})").format(sql.SQL(", ").join(quoted)) if quoted else sql.SQL("")


def _key(line: bytes, table: Table) -> bytes:
    """Return the key with which a line begins; identifiers have no quotation marks, which reading makes sure of."""
    return line[: line.index(b'"', 1)] if table.key else b""


def _only_more(batch: Batch, before: Sequence[str | None], after: Sequence[str | None]) -> bool:
    """Return whether an answer changes no figure of the row's own: it only says more, or shares of the day moved
    because other rows did."""
    return all(
        old is None or old == new or column.of_the_day
        for column, old, new in zip(batch.columns, before, after, strict=True)
    )


async def _copy(connection: Connection, batch: Batch, lines: Iterable[Numbered], origin: Origin) -> None:
    starts = _starts(batch, origin)
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT CSV, NULL 'null', ENCODING 'UTF8')").format(
        sql.Identifier(batch.table.name), _names((*_FIXED, *(c.name for c in batch.columns)))
    )
    async with connection.cursor() as cursor, cursor.copy(query) as copy:
        held: list[bytes] = []
        for number, line in lines:
            held.append(starts[number] + line + b"\n")
            if len(held) == _BLOCK_LINES:
                await copy.write(b"".join(held))
                held.clear()
        await copy.write(b"".join(held))


def _starts(batch: Batch, origin: Origin) -> list[bytes]:
    """Return how the rows of each slice begin, by its number."""
    end = f'{origin.pull_id},"{origin.source}",{origin.now.isoformat()},'
    return [f'{s.day},{m.uuid},"{m.amazon_id}",{end}'.encode() for s, m in _places(batch)]


async def _change(
    connection: Connection, batch: Batch, staged: Sequence[tuple[int, bytes, Becomes]], origin: Origin
) -> None:
    name = f"stage_{batch.table.name}"
    columns = [("date", "date"), ("marketplace_id", "uuid"), ("becomes", "text")]
    columns += [(column.name, column.type) for column in batch.columns]
    create = sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(
        sql.Identifier(name),
        sql.SQL(", ").join(sql.SQL("{} " + type_).format(sql.Identifier(column)) for column, type_ in columns),
    )
    copy_in = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT CSV, NULL 'null', ENCODING 'UTF8')").format(
        sql.Identifier(name), _names(column for column, _ in columns)
    )
    starts = [f"{s.day},{m.uuid}," for s, m in _places(batch)]
    await connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("pg_temp", name)))
    await connection.execute(create)
    async with connection.cursor() as cursor, cursor.copy(copy_in) as copy:
        for start in range(0, len(staged), _BLOCK_LINES):
            block = staged[start : start + _BLOCK_LINES]
            lines = [
                f"{starts[number]}{_as(becomes, origin)},".encode() + line + b"\n" for number, line, becomes in block
            ]
            await copy.write(b"".join(lines))
    await connection.execute(
        "SELECT sp_change(%s, %s, %s, %s, %s, %s, %s)",
        (
            batch.table.name, name, list(batch.table.key), [c.name for c in batch.columns],
            origin.pull_id, origin.source, origin.now,
        ),
    )  # fmt: skip


def _as(becomes: Becomes, origin: Origin) -> Becomes:
    return "filled" if becomes == "changed" and origin.mends else becomes


def _names(names: Iterable[str]) -> sql.Composable:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def _with_null(line: bytes, place: int) -> bytes:
    """Return the line with NULL in one place."""
    cells = _CELL.findall(line)
    cells[place] = b"null"
    return b",".join(cells)
