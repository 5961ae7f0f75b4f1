"""Lines, sums and checksums of rows, beside what the rows will be in their columns."""

import csv
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.counting import Counting, checksum
from chalkola.datasets.csv_lines import lines_of
from chalkola.datasets.model import Column, Count, Row, Slice, Sums, Table

COLUMNS = (
    Column(name="asin", type="text", path="asin", meaning="ASIN"),
    Column(name="units_ordered", type="integer", path="units", meaning="units"),
    Column(name="ordered_product_sales", type="numeric(12,2)", path="sales.amount", meaning="sales"),
)
TABLE = Table(name="shelf", key=("asin",), columns=COLUMNS)
SLICES = tuple(Slice(dataset="shelf", scope="marketplace:DE", day=date(2026, 11, day)) for day in (17, 18, 19))

texts = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=12)
figures = st.one_of(
    st.decimals(-(10**9), 10**9, places=4), st.floats(-1e9, 1e9).map(lambda number: round(number, 4)), st.none()
)
rows = st.tuples(texts, st.one_of(st.integers(0, 2**31 - 1), st.none()), figures)
numbered = st.lists(st.tuples(st.integers(0, 2), rows), max_size=20)


@given(rows)
def test_a_line_reads_back_as_the_cells_that_were_written(row: Row) -> None:
    (line,) = lines_of(COLUMNS, [row])
    assert b"\n" not in line
    assert next(csv.reader([line.decode()])) == ["null" if cell is None else cell for cell in _as_text(row)]


def test_texts_and_numerics_are_quoted_integers_and_nulls_are_bare() -> None:
    """As `COPY … TO (FORMAT CSV, NULL 'null', FORCE_QUOTE …)` gives them."""
    given: list[Row] = [('5" \\n', 7, Decimal("12.5")), ("null", None, None), ("é", 0, Decimal("-0.001"))]
    assert lines_of(COLUMNS, given) == [b'"5"" \\n",7,"12.50"', b'"null",null,null', '"é",0,"0.00"'.encode()]


@given(numbered, st.randoms())
def test_the_order_of_the_rows_changes_neither_sums_nor_checksums(given: list[tuple[int, Row]], random: Any) -> None:
    shuffled = list(given)
    random.shuffle(shuffled)
    assert _counted(given) == _counted(shuffled) == _counted(given, block_rows=3)


@given(numbered)
def test_each_slice_is_counted_as_if_it_were_alone(given: list[tuple[int, Row]]) -> None:
    for number, slice_ in enumerate(SLICES):
        alone = [(number, row) for its, row in given if its == number]
        assert _counted(given)[slice_] == _counted(alone)[slice_]


@given(numbered)
def test_a_checksum_is_that_of_the_lines_in_the_spool(given: list[tuple[int, Row]]) -> None:
    counting = _counting(given)
    lines = [line for block in counting.batch.spool.blocks() for line in block]
    assert [number for number, _ in lines] == [number for number, _ in given]
    for number, count in enumerate(counting.batch.counts.values()):
        assert count.checksum == checksum(COLUMNS, [line for its, line in lines if its == number])


def test_what_is_counted_anew_is_counted_from_nothing() -> None:
    counting = _counting([(0, ("B01", 1, Decimal(2)))])
    counting.begin()
    assert counting.batch.counts == _counted([])
    assert list(counting.batch.spool.blocks()) == []


def test_the_same_cells_in_other_columns_have_another_checksum_and_so_has_nothing() -> None:
    others = (COLUMNS[0], COLUMNS[1], Column(name="refunds", type="numeric(12,2)", path="refunds", meaning="refunds"))
    for lines in ([], [b'"B01",1,"2.00"']):
        assert checksum(COLUMNS, lines) != checksum(others, lines)
        assert checksum(COLUMNS, lines) != checksum(COLUMNS[:2], lines)


def test_a_figure_that_the_column_holds_as_the_same_has_the_same_checksum() -> None:
    assert _of("B01", 1, Decimal("2.5")) == _of("B01", 1, Decimal("2.50"))
    assert _of("B01", 1, Decimal("1E+2")) == _of("B01", 1, Decimal(100))
    assert _of("B01", 1, Decimal("2.125")) == _of("B01", 1, Decimal("2.13"))


def test_every_cell_counts() -> None:
    rows: list[Row] = [
        ("B01", 1, Decimal(2)), ("B02", 1, Decimal(2)), ("B01", 2, Decimal(2)), ("B01", 1, Decimal("2.01")),
        ("B01", None, Decimal(2)), ("B01", 1, None), ("B01", 0, None),
    ]  # fmt: skip
    assert len({_of(*row) for row in rows}) == len(rows)


def test_a_row_twice_is_not_the_row_once() -> None:
    row: Row = ("B01", 1, Decimal(2))
    assert checksum(COLUMNS, lines_of(COLUMNS, [row, row])) != checksum(COLUMNS, lines_of(COLUMNS, [row]))


def test_a_figure_beyond_its_column_is_left_for_the_store_to_refuse() -> None:
    assert lines_of(COLUMNS, [("B01", 1, Decimal("1E+400"))]) == [b'"B01",1,"1E+400"']


def test_absent_figures_count_as_nothing() -> None:
    count = _counted([(1, ("B01", 1, None)), (1, ("B02", None, Decimal("2.50")))])[SLICES[1]]
    assert (count.row_count, count.sums) == (2, Sums(units=1, sales=Decimal("2.50")))


def _of(*row: Any) -> str:
    return checksum(COLUMNS, lines_of(COLUMNS, [row]))


def _counted(given: list[tuple[int, Row]], block_rows: int = 100) -> dict[Slice, Count]:
    return dict(_counting(given, block_rows).batch.counts)


def _counting(given: list[tuple[int, Row]], block_rows: int = 100) -> Counting:
    counting = Counting("shelf", TABLE, COLUMNS, SLICES)
    for start in range(0, len(given), block_rows):
        block = given[start : start + block_rows]
        counting.add([number for number, _ in block], list(zip(*(row for _, row in block), strict=True)))
    return counting


def _as_text(row: Row) -> list[str | None]:
    asin, units, sales = row
    exact = Decimal(repr(sales)) if isinstance(sales, float) else sales
    shown = exact if exact is None else f"{exact.quantize(Decimal('0.01'), ROUND_HALF_UP) + 0}"  # type: ignore
    return [asin, None if units is None else str(units), shown]  # type: ignore[list-item]
