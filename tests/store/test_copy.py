"""Whatever a cell holds, it arrives, and comes back as the very line that we wrote: that is how rows are compared."""

from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import sql

from batches import Database, Landing, a_box, of_germany, row
from chalkola.datasets import CATALOG
from chalkola.datasets.cells import cells_of
from chalkola.datasets.csv_lines import lines_of
from chalkola.datasets.model import Column, Row, Table
from chalkola.errors import Fault
from chalkola.store.changes import Change
from chalkola.store.connection import Pool, database_errors
from postgres import Server

ODD_TEXTS = (
    "plain", 'say "so"', "back\\slash", "two\nlines", "tab\t,comma", "null", "", "NaN", "Größe 日本", "\\N", "\\.",
    " ", "'", "1", "{}",
)  # fmt: skip


async def test_any_text_arrives_as_it_is_and_is_the_same_the_next_time(pool: Pool, database: Database) -> None:
    rows = [row(f"B{n}", parent_asin=text, units_ordered=1) for n, text in enumerate((*ODD_TEXTS, None))]
    germany = Landing(pool=pool, box=a_box())
    await germany.lands(rows)
    arrived = of_germany(database)
    assert [arrived[f"B{n}"]["parent_asin"] for n in range(len(rows))] == [*ODD_TEXTS, None]
    assert await germany.lands(rows, pull_id=2) == {0: Change()}
    changed = [row(f"B{n}", parent_asin=text, units_ordered=2) for n, text in enumerate((*ODD_TEXTS, None))]
    assert (await germany.lands(changed, pull_id=3))[0].changed == len(rows)
    arrived = of_germany(database)
    assert [arrived[f"B{n}"]["parent_asin"] for n in range(len(rows))] == [*ODD_TEXTS, None], (
        "staged, they are the same"
    )


async def test_figures_arrive_as_their_columns_hold_them(pool: Pool, database: Database) -> None:
    germany = Landing(pool=pool, box=a_box())
    await germany.lands([row("B", ordered_product_sales=Decimal("2.125"), units_ordered=0)])
    (one,) = of_germany(database).values()
    assert (one["ordered_product_sales"], one["units_ordered"], one["sessions"]) == (Decimal("2.13"), 0, None)


@pytest.mark.parametrize("figure", ["1E+11", "1E+400"])
async def test_a_figure_beyond_its_column_is_refused(pool: Pool, figure: str) -> None:
    with pytest.raises(Fault, match="refuses"), database_errors():
        await Landing(pool=pool, box=a_box()).lands([row("B", ordered_product_sales=Decimal(figure))])


def cells(column: Column, table: Table) -> st.SearchStrategy[object]:
    """Return what readers let through for a column; keys have neither quotation marks nor line ends."""
    if column.name in table.key:
        return st.text(
            st.characters(codec="utf-8", exclude_characters='"\0', min_codepoint=32), min_size=1, max_size=9
        )
    if column.type == "text":
        return st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
    if column.type == "integer":
        return st.none() | st.integers(-(2**31), 2**31 - 1)
    if column.type == "numeric":
        return st.none() | st.decimals(-(10**6), 10**6, places=5) | st.integers(-(10**9), 10**9)
    precision, scale = map(int, column.type.partition("(")[2].rstrip(")").split(","))
    most = 10 ** (precision - scale) - 1
    return st.none() | st.decimals(-most, most, places=scale + 2) | st.floats(-most, most) | st.integers(-most, most)


@st.composite
def some_rows(draw: st.DrawFn) -> tuple[Table, list[Row]]:
    table = draw(st.sampled_from([dataset.table for dataset in CATALOG]))
    rows = draw(st.lists(st.tuples(*(cells(column, table) for column in table.columns)), min_size=1, max_size=4))
    return table, rows  # type: ignore[return-value]


@pytest.fixture(scope="module")
def anywhere(server: Server) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with server.copy_of("template1") as url, psycopg.connect(url, autocommit=True) as connection:
        for dataset in CATALOG:
            columns = ", ".join(f"{column.name} {column.type}" for column in dataset.table.columns)
            connection.execute(f"CREATE TABLE {dataset.table.name} (place serial, {columns})".encode())
        yield connection


@given(some_rows())
@settings(max_examples=80)
def test_our_lines_are_those_that_postgresql_gives_back(
    anywhere: psycopg.Connection[tuple[object, ...]], drawn: tuple[Table, list[Row]]
) -> None:
    table, rows = drawn
    lines = lines_of(table.columns, rows)
    name, columns = sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, table.column_names))
    quoted = sql.SQL(", ").join(sql.Identifier(c.name) for c in table.columns if c.type != "integer")
    anywhere.execute(sql.SQL("TRUNCATE {}").format(name))
    with anywhere.cursor() as cursor:
        into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT CSV, NULL 'null', ENCODING 'UTF8')").format(name, columns)
        with cursor.copy(into) as copy:
            copy.write(b"".join(line + b"\n" for line in lines))
        out_of = sql.SQL(
            "COPY (SELECT {} FROM {} ORDER BY place) TO STDOUT (FORMAT CSV, NULL 'null', FORCE_QUOTE ({}))"
        ).format(columns, name, quoted)
        with cursor.copy(out_of) as copy:
            back = [bytes(one).removesuffix(b"\n") for one in copy]
    assert back == lines
    for line, one in zip(lines, rows, strict=True):
        assert [cell is None for cell in cells_of(line)] == [cell is None for cell in one]
