"""A downloaded Business Report is read as it was meant, or refused with the place of what is wrong."""

import io
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets.business_report import Import, UnusableFile, read, read_import
from chalkola.datasets.business_report_columns import COLUMNS, IGNORE, read_mapping, template
from chalkola.datasets.business_report_file import open_sheet
from chalkola.datasets.business_report_numbers import NotAFigure, amount, count, decimal_sign
from chalkola.datasets.cells import cells_of
from chalkola.datasets.model import Answer, Box
from chalkola.documents import document_of
from chalkola.marketplaces import marketplace

FOLDER = Path(__file__).resolve().parents[1] / "documents/business_report"
PLAIN = (FOLDER / "plain.csv").read_text()
HEADER = (
    "(Parent) ASIN,(Child) ASIN,Title,Sessions - Total,Page Views - Total,Units Ordered,Unit Session Percentage,"
    "Ordered Product Sales,Total Order Items"
)
NAMES = HEADER.split(",")


def box(code: str = "US") -> Box:
    day = date(2024, 11, 1)
    return Box(account="import", marketplaces=(marketplace(code),), first=day, last=day)


def take(content: str | bytes, code: str = "US", **how: Any) -> Answer:
    raw = content.encode() if isinstance(content, str) else content
    return read_import(Import(file_name="BusinessReport.csv", content=raw, **how), box(code))


def rows(answer: Answer) -> list[dict[str, str | None]]:
    (batch,) = answer.batches
    names = [column.name for column in batch.columns]
    lines = [line for block in batch.spool.blocks() for _, line in block]
    return [dict(zip(names, cells_of(line), strict=True)) for line in lines]


def line(*, asin: str = "B0CHILD001", parent: str = "B0PARENT01", sessions: str = "40", views: str = "50",
         units: str = "10", rate: str = "25.00%", sales: str = '"$1,234.50"', items: str = "9") -> str:  # fmt: skip
    return f"{parent},{asin},A title,{sessions},{views},{units},{rate},{sales},{items}"


def small(*lines: str, header: str = HEADER) -> str:
    return "\n".join([header, *(lines or (line(),))]) + "\n"


def workbook(*written: Sequence[object]) -> bytes:
    place = io.BytesIO()
    book = xlsxwriter.Workbook(place)
    sheet = book.add_worksheet()
    for number, cells in enumerate(written):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, book.add_format({"num_format": "yyyy-mm-dd"}))
            else:
                sheet.write(number, column, cell)
    book.close()
    return place.getvalue()


def refused(content: str | bytes, code: str = "US", **how: Any) -> str:
    with pytest.raises(UnusableFile) as caught:
        take(content, code, **how)
    return str(caught.value)


def test_a_download_as_seller_central_gives_it_is_read_to_the_last_column() -> None:
    first, second = rows(take(PLAIN))
    assert first == {
        "child_asin": "B0CHILD001", "parent_asin": "B0PARENT01", "units_ordered": "683", "units_ordered_b2b": "5",
        "ordered_product_sales": "12905.25", "ordered_product_sales_b2b": "94.50", "currency_code": "USD",
        "total_order_items": "668", "total_order_items_b2b": "5", "sessions": "12131", "sessions_b2b": "261",
        "page_views": "17004", "page_views_b2b": "336", "browser_sessions": "4031", "mobile_app_sessions": "8100",
        "browser_page_views": "6004", "mobile_app_page_views": "11000", "buy_box_percentage": "99.80",
        "buy_box_percentage_b2b": "100.00", "unit_session_percentage": "5.63", "unit_session_percentage_b2b": "1.92",
        "mobile_app_session_percentage": "12.50", "browser_session_percentage": "11.10",
        "session_percentage": "12.02", "mobile_app_page_views_percentage": "12.90",
        "browser_page_views_percentage": "12.00",
        "page_views_percentage": "12.57",
    }  # fmt: skip
    assert second["unit_session_percentage"] == "150.00"
    assert second["buy_box_percentage_b2b"] is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_does_not_matter(encoding: str) -> None:
    assert rows(take(PLAIN.encode(encoding))) == rows(take(PLAIN))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_part_cells_too(delimiter: str) -> None:
    text = small(line(sales="$12.50")).replace(",", delimiter)
    assert rows(take(text)) == rows(take(small(line(sales="$12.50"))))


def test_dashes_letter_case_and_spaces_of_a_header_do_not_count() -> None:
    header = HEADER.replace(" - ", " – ").replace("Units Ordered", "units  ordered")
    assert rows(take(small(header=header))) == rows(take(small()))


def test_a_workbook_says_the_same_as_the_csv() -> None:
    cells = ["B0PARENT01", "B0CHILD001", "A title", 40, 50, 10, 25.0, 1234.5, 9]
    for rate in (25.0, 0.25):  # a spreadsheet keeps 25 % as 0.25
        cells[6] = rate
        assert rows(take(workbook(NAMES, cells))) == rows(take(small()))
    as_text = ["B0PARENT01", "B0CHILD001", "A title", "40", "50", "10", "25.00%", "$1,234.50", "9"]
    assert rows(take(workbook(NAMES, as_text))) == rows(take(small()))


def test_percentages_of_a_workbook_that_cannot_be_told_are_refused() -> None:
    cells = ["B0PARENT01", "B0CHILD001", "A title", 0, 0, 0, 1.0, 0, 0]
    assert "percent or a part of 1" in refused(workbook(NAMES, cells))


@pytest.mark.parametrize(
    ("written", "code", "exact"),
    [
        ('"$1,234.56"', "US", "1234.56"),
        ('"1.234,56 €"', "DE", "1234.56"),
        ('"1 234,56 €"', "FR", "1234.56"),
        ('"1\u202f234,56\xa0€"', "FR", "1234.56"),
        ("1'234.56", "DE", "1234.56"),
        ('"€1.234.567,00"', "DE", "1234567.00"),
        ('"R$ 12,50"', "BR", "12.50"),
        ("￥1234", "JP", "1234.00"),
        ('"￥1,234"', "JP", "1234.00"),
        ("AED 12.50", "AE", "12.50"),
        ("£12.5", "UK", "12.50"),
        ("$12.50", "CA", "12.50"),
        ("$12.50", "MX", "12.50"),
        ('"0,125 €"', "DE", "0.13"),
        ("12", "AU", "12.00"),
    ],
)
def test_amounts_are_read_as_they_are_written(written: str, code: str, exact: str) -> None:
    (row,) = rows(take(small(line(sales=written, rate="25%")), code))
    assert row["ordered_product_sales"] == exact


def test_counts_may_part_thousands_in_another_manner_than_amounts() -> None:
    text = small(line(sessions='"1,234"', views="5.678", sales='"5.255,61 €"', rate='"25,00 %"'))
    (row,) = rows(take(text, "DE"))
    assert (row["sessions"], row["page_views"], row["ordered_product_sales"]) == ("1234", "5678", "5255.61")


def test_amounts_that_can_be_read_in_two_ways_are_refused_until_a_person_says() -> None:
    text = small(line(sales='"$1,234"'))
    assert "$1,234" not in refused(text)
    assert "Whether 1,234 is a thousand and more or has three decimals" in refused(text)
    assert [rows(take(text, decimal=d))[0]["ordered_product_sales"] for d in (".", ",")] == ["1234.00", "1.23"]


def test_one_sure_amount_decides_for_the_others() -> None:
    text = small(line(sales='"$1,234"'), line(asin="B0CHILD002", sales="$5.00"))
    assert [row["ordered_product_sales"] for row in rows(take(text))] == ["1234.00", "5.00"]


@pytest.mark.parametrize(
    ("sales", "code", "said"),
    [
        ("€5.00", "UK", "is not in GBP"),
        ("£5.00", "DE", "is not in EUR"),
        ("$5.00", "DE", "is not in EUR"),
        ("US$5.00", "CA", "is not in CAD"),
        ("5.00 kr", "DE", "is not an amount"),
        ("-$5.00", "US", "is below zero"),
        ("($5.00)", "US", "is below zero"),
        ("soon", "US", "is not a number"),
        ("$99999999999.00", "US", "too large"),
    ],
)
def test_an_amount_that_cannot_be_is_refused_with_its_place(sales: str, code: str, said: str) -> None:
    message = refused(small(line(), line(asin="B0CHILD002", sales=sales)).replace("$1,234.50", "1234.50"), code)
    assert message.startswith('Line 3, column "Ordered Product Sales"')
    assert said in message
    assert message.endswith("Nothing of the file was stored.")


@pytest.mark.parametrize("units", ["-1", "1.5", "abc", "1,23", "1e5", "$3", "99999999999", "2024-11-01"])
def test_a_count_that_cannot_be_is_refused_with_its_place(units: str) -> None:
    assert refused(small(line(units=f'"{units}"'))).startswith('Line 2, column "Units Ordered"')


def test_a_figure_that_is_needed_and_empty_is_refused() -> None:
    assert refused(small(line(units=""))).startswith('Line 2, column "Units Ordered" is empty.')


def test_dates_and_truth_values_of_a_workbook_are_no_numbers() -> None:
    for cell in (datetime(2024, 11, 1), True):  # noqa: DTZ001
        cells = ["B0PARENT01", "B0CHILD001", "A title", cell, 50, 10, 25.0, 1234.5, 9]
        assert 'Line 2, column "Sessions - Total"' in refused(workbook(NAMES, cells))


def test_unknown_columns_are_named_and_a_mapping_says_what_they_are() -> None:
    header = HEADER.replace("Units Ordered", "Unidades").replace("Title", "Produit")
    message = refused(small(header=header))
    assert message.startswith('Unknown columns: "Produit", "Unidades".')
    assert "--template" in message
    columns = {"Unidades": "units_ordered", "Produit": IGNORE}
    assert rows(take(small(header=header), columns=columns)) == rows(take(small()))


def test_the_german_spellings_that_are_known_are_read() -> None:
    header = (
        "(Übergeordnete) ASIN,(Untergeordnete) ASIN,Titel,Sitzungen – Summe,Seitenaufrufe – Summe,"
        "Bestellte Einheiten,Prozentsatz an Einheiten pro Sitzung,Durch bestellte Produkte erzielter Umsatz,"
        "Zahl der Bestellposten"
    )
    (row,) = rows(take(small(line(sales='"5.255,61 €"', rate='"25,00%"'), header=header), "DE"))
    assert (row["sessions"], row["ordered_product_sales"]) == ("40", "5255.61")


def test_a_template_fills_in_what_is_known_and_reads_back_when_the_rest_is() -> None:
    written = template([*NAMES, 'Autre "x"'])
    assert '"Units Ordered" = "units_ordered"' in written
    with pytest.raises(UnusableFile, match="does not say what"):
        read_mapping(written)
    filled = written.replace('= ""', f'= "{IGNORE}"')
    assert read_mapping(filled)['Autre "x"'] == IGNORE


@pytest.mark.parametrize(
    ("mapping", "said"),
    [("a b", "cannot be read"), ('"A" = "units"', "none of our columns"), ('"A" = 3', "none of our columns"),
     ("[A]\nx = 1", "none of our columns")],
)  # fmt: skip
def test_a_mapping_that_cannot_be_used_is_refused(mapping: str, said: str) -> None:
    with pytest.raises(UnusableFile, match=said):
        read_mapping(mapping)


NOT_ZIPPED = b"PK\x03\x04 broken"
FILES = {
    "empty": (b"", "The file is empty"),
    "blank": (b" \n\n", "The file is empty"),
    "header only": (HEADER.encode(), "a header and no lines"),
    "no header": (b"hello\nworld\n", "no header"),
    "latin-1": (PLAIN.replace("$", "£").encode("latin-1"), "is not UTF-8"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel file"),
    "broken zip": (NOT_ZIPPED, "is broken"),
    "binary": (bytes(range(256)) * 20, "not UTF"),
    "nul": (b"a,b,c\n1,\0,2\n", "neither CSV nor XLSX"),
    "open quote": (small('"B0PARENT01,x').encode(), "is not CSV"),
    "short line": (small("B0PARENT01,B0CHILD001").encode(), "Line 2 has 2 cells; the header has 9"),
    "long line": (small(line() + ",7").encode(), "Line 2 has 10 cells"),
    "by parent": (small("B0PARENT01,t,1,2,3,4%,$5,6", header=HEADER.replace("(Child) ASIN,", "")).encode(),
                  "by parent item"),
    "by date": (b"Date,Ordered Product Sales,Units Ordered,Sessions,Page Views,SKU\n11/1/24,$5,3,4,5,\n", "by date"),
    "lacking": (small(header=HEADER.replace("Total Order Items", "SKU")).encode(), 'lacks "Total Order Items"'),
    "column twice": (small(header=HEADER.replace("Page Views - Total", "Sessions")).encode(), "Two columns are"),
    "row twice": (small(line(), line()).encode(), "Lines 2 and 3 are both for B0CHILD001"),
    "no child": (small(line(asin="")).encode(), 'Line 2, column "(Child) ASIN" is empty'),
    "no asin": (small(line(asin="Total")).encode(), "is not an ASIN"),
    "decimals in two ways": (small(line(), line(asin="B0CHILD002", sales='"$1.234,50"')).encode(), "in two ways"),
    "range": (f"Sales and Traffic (11/01/2024 to 11/30/2024)\n\n{small()}".encode(), "several days"),
    "range in words": (f"Nov 1, 2024 - Nov 30, 2024\n{small()}".encode(), "several days"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused_in_a_sentence(case: str) -> None:
    content, said = FILES[case]
    assert said in refused(content)


def test_a_zip_and_a_broken_workbook_are_refused() -> None:
    whole = workbook(NAMES, ["B0PARENT01"])
    assert "a ZIP" in refused(whole.replace(b"xl/workbook.xml", b"xl/workbook.xmm"))
    for cut in range(100, len(whole), 97):
        refused(whole[:cut])
        broken = bytearray(whole)
        broken[cut] ^= 0xFF
        with suppress(UnusableFile):
            take(bytes(broken))


def test_the_report_by_sku_is_refused_where_it_lists_an_asin_twice() -> None:
    header = HEADER.replace("Title", "SKU")
    assert "report by SKU" in refused(small(line(), line(), header=header))


def test_a_child_under_two_parents_is_added_up() -> None:
    answer = take(small(line(), line(parent="B0CHILD001", units="2", sessions="8", rate="25%")))
    (row,) = rows(answer)
    assert (row["parent_asin"], row["units_ordered"], row["unit_session_percentage"]) == ("B0PARENT01", "12", "25.00")
    assert answer.notes == ["B0CHILD001 listed under two parents: added"]


def test_amounts_without_a_currency_are_said_to_be_taken_as_the_marketplaces() -> None:
    assert take(small(line(sales="5.00")), "UK").notes == ["amounts without a currency: taken as GBP"]


def test_a_kept_file_is_read_as_it_was_when_it_came() -> None:
    given = Import(file_name="a.csv", content=small(line(sales='"$1,234"')).encode(), decimal=",")
    assert rows(read(document_of(msgspec.json.encode(given)), box())) == rows(read_import(given, box()))
    with pytest.raises(UnusableFile):
        read(document_of(b"{}"), box())


def test_every_column_that_a_file_may_fill_is_in_the_template() -> None:
    assert all(name in template(NAMES) for name in COLUMNS)


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([",.", ".,", " ,", "'."]))
def test_any_amount_comes_back_from_any_manner_of_writing(exact: Decimal, manner: str) -> None:
    thousands, decimal = manner
    text = f"{exact:,.2f}".translate(str.maketrans({",": thousands, ".": decimal}))
    assert amount(text, decimal_sign([text], kind="amounts", given=None), "EUR") == exact


@given(st.text(max_size=20))
def test_any_text_is_a_figure_or_is_refused(text: str) -> None:
    for read_it in (count, lambda cell: amount(cell, ".", "USD")):
        try:
            found = read_it(text)
        except NotAFigure:
            continue
        assert found is None or found >= 0


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_are_refused(content: bytes) -> None:
    try:
        open_sheet(content)
    except UnusableFile:
        return
