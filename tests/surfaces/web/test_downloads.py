"""Tables as files."""

import csv
import io
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.shapes import Cell, ProductRow
from chalkola.surfaces.exports import Format
from chalkola.surfaces.web.pages.downloads import columns_of, in_csv, lines_of

METRICS = [BY_KEY["sales"], BY_KEY["units"], BY_KEY["cvr"]]
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=40)


def row(title: str, value: Decimal | None = None) -> ProductRow:
    cell = Cell(value=value, then=None, change=None, ratio=None)
    return ProductRow(
        asin="B01", level="parent", title=title, sku=None, children=2, cells={m.key: cell for m in METRICS}, spark=()
    )


def read(written: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written.decode(), newline="")))


def lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(texts)
@example("\r=1")
@example("a\rb")
def test_no_text_of_a_csv_file_is_a_formula(title: str) -> None:
    ((_, written, *_),) = read(lines_of([row(title)], METRICS, form=Format.CSV))
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert written.removeprefix("'") == lines(title).removeprefix("'")


@given(texts)
def test_a_workbook_has_a_text_as_it_is(title: str) -> None:
    ((_, written, *_),) = read(lines_of([row(title)], METRICS, form=Format.XLSX))
    assert written == lines(title)


def test_figures_are_exact_and_what_is_not_there_is_nothing() -> None:
    (line,) = read(lines_of([row("A", Decimal("0.12345"))], METRICS, form=Format.CSV))
    assert line == ["B01", "A", "", "2", "0.12", "", "", "0", "", "", "0.1234", "", ""]
    (line,) = read(lines_of([row("A")], METRICS, form=Format.CSV))
    assert line[4:] == [""] * 9
    names = [column.name for column in columns_of(METRICS, "EUR")]
    assert names[3:7] == ["children", "sales_eur", "sales_eur_before", "sales_eur_change"]
    assert len(names) == len(line)
    assert in_csv("-5") == "'-5"
