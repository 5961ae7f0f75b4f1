"""Sums and checksums of rows, beside what the rows will be in their columns."""

from decimal import Decimal

from chalkola.datasets.counting import checksum, sums_of
from chalkola.datasets.model import Column, Row, Sums, Table

TABLE = Table(
    name="shelf",
    key=("asin",),
    columns=(
        Column(name="asin", type="text", path="asin", meaning="ASIN"),
        Column(name="units_ordered", type="integer", path="units", meaning="units"),
        Column(name="ordered_product_sales", type="numeric(12,2)", path="sales.amount", meaning="sales"),
    ),
)


def test_nothing_has_a_checksum_of_zeros() -> None:
    assert checksum(TABLE, []) == "0" * 32


def test_a_figure_that_the_column_holds_as_the_same_has_the_same_checksum() -> None:
    assert _of("B01", 1, Decimal("2.5")) == _of("B01", 1, Decimal("2.50"))
    assert _of("B01", 1, Decimal("1E+2")) == _of("B01", 1, Decimal(100))
    assert _of("B01", 1, Decimal("2.125")) == _of("B01", 1, Decimal("2.13"))


def test_every_cell_counts() -> None:
    rows: list[Row] = [
        ("B01", 1, Decimal(2)), ("B02", 1, Decimal(2)), ("B01", 2, Decimal(2)), ("B01", 1, Decimal("2.01")),
        ("B01", None, Decimal(2)), ("B01", 1, None), ("B01", 0, None),
    ]  # fmt: skip
    assert len({checksum(TABLE, [row]) for row in rows}) == len(rows)


def test_a_row_twice_is_not_the_row_once() -> None:
    row = ("B01", 1, Decimal(2))
    assert checksum(TABLE, [row, row]) != checksum(TABLE, [row])


def test_a_figure_beyond_its_column_is_no_error_here() -> None:
    assert len(_of("B01", 1, Decimal("1E+400"))) == 32


def test_absent_figures_count_as_nothing() -> None:
    rows: list[Row] = [("B01", 1, None), ("B02", None, Decimal("2.50"))]
    assert sums_of(TABLE, rows) == Sums(units=1, sales=Decimal("2.50"))


def _of(*row: str | int | Decimal | None) -> str:
    return checksum(TABLE, [row])
