"""Rows into tables: what is there is read, held against the answer, and only the difference is written.

New rows go straight into the table; rows that changed or were withdrawn are staged and written in one statement each.
What is unchanged is not touched. What is withdrawn is deleted, or kept and marked as gone where the
table has a column for that.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.datasets.model import Batch, Box, Column, Table
from chalkola.datasets.spool import Numbered
from chalkola.store.changes import Becomes, Difference, Key, Lines, Old, held_against, key_of
from chalkola.store.database import Connection, Holding, Selected, Shape
from chalkola.store.placing import TYPES, Placing


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What every row that a pull writes carries."""

    pull_id: int
    source: str
    now: datetime
    mends: bool = False
    """Whether Amazon has said all of this before: rows are set right, and Amazon has changed nothing."""


async def difference(
    connection: Holding, batch: Batch, box: Box, numbers: Collection[int], lines: Lines
) -> Difference:
    """Return how the answer differs from the table in the slices with these numbers.

    Only rows that the box speaks of are looked at; rows that were there before us are never withdrawn.
    """
    return held_against(await _there(connection, batch, box, numbers), batch, numbers, lines)


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
    connection: Holding, batch: Batch, found: Difference, numbers: Collection[int], lines: Lines, origin: Origin
) -> None:
    """Write a difference, for those of its slices whose numbers are given."""
    staged = [one for one in found.staged if one[0] in numbers]
    if staged:
        await _change(connection, batch, staged, origin)
    new = lines.of(numbers) if found.new is None else (one for one in found.new if one[0] in numbers)
    if any(found.changes[n].added for n in numbers):
        await _insert(connection, batch, new, origin)


async def _there(connection: Holding, batch: Batch, box: Box, numbers: Collection[int]) -> dict[Key, Old]:
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
    there: dict[Key, Old] = {}
    async for row in connection.lines(selected):
        *place, found, is_here, line = row.split(b",", len(key) + 2)
        number = number_of.get(b",".join(place))
        if number is not None:
            there[number, key_of(line, batch.table)] = Old(line, found == b"t", is_here == b"f")
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
