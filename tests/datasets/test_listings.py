"""The list of listings: charsets, headers of all marketplaces, lines of any text, and torn ones put together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amazon_simulator.catalog import Catalog
from amazon_simulator.listings.headers import COLUMNS
from amazon_simulator.listings.offers import offers
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.listings.text import charset, row, written
from amazon_simulator.marketplaces import MARKETPLACES as SIMULATED
from chalkola.datasets import dataset, source
from chalkola.datasets.cells import cells_of
from chalkola.datasets.flat_file import charset_of, lines_of_text
from chalkola.datasets.listings import LISTINGS, NOT_KEPT
from chalkola.datasets.listings_header import places_of, unknown_in
from chalkola.datasets.listings_lines import Lines
from chalkola.datasets.model import Answer, Box, Past, Proof, Row
from chalkola.documents import Document, document_of
from chalkola.errors import AnotherQuestion
from chalkola.marketplaces import MARKETPLACES, marketplace

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
CATALOG = Catalog(seed=20261120, parents=40, size=300)
PLACES = places_of(COLUMNS)
SKU, TITLE, DESCRIPTION, ASIN, PRICE = (
    COLUMNS.index(name) for name in ("seller-sku", "item-name", "item-description", "asin1", "price")
)
# What a text may have in it: anything but what ends a cell or a line, and what no text of PostgreSQL can hold.
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0"), max_size=20)
SOME_TEXT = TEXT.filter(lambda text: bool(text.strip()))


def box(code: str = "DE") -> Box:
    return Box(account="EU", marketplaces=(marketplace(code),), first=MONDAY, last=MONDAY)


def read(content: bytes, code: str = "DE", charset: str | None = None) -> Answer:
    document = replace(document_of(content), charset=charset)
    return source("listings.report").read(document, box(code))


def rows(answer: Answer) -> list[dict[str, str | None]]:
    (batch,) = answer.batches
    names = [column.name for column in batch.columns]
    lines = (line for block in batch.spool.blocks() for _, line in block)
    return [dict(zip(names, cells_of(line), strict=True)) for line in lines]


def line(title: str = "Chalk", description: str = "", sku: str = "CK-1", asin: str = "B0CHALK001") -> str:
    cells = [""] * len(COLUMNS)
    cells[TITLE], cells[DESCRIPTION], cells[SKU], cells[ASIN], cells[PRICE] = title, description, sku, asin, "9.99"
    return "\t".join(cells)


def rows_of(*lines: str) -> tuple[list[Row], Lines]:
    reading = Lines(places=PLACES, currency="EUR", columns=LISTINGS.columns)
    return list(reading.rows("\n".join(lines).split("\n"))), reading


def test_it_is_asked_for_one_marketplace_without_days_and_with_an_english_header() -> None:
    assert source("listings.report").question(box()) == {
        "reportType": "GET_MERCHANT_LISTINGS_ALL_DATA",
        "marketplaceIds": ["A1PA6795UKMFR9"],
        "reportOptions": {"preferredReportDocumentLocale": "en_US"},
    }


def test_it_is_a_list_of_each_week_whose_past_is_gone_and_without_which_a_night_is_complete() -> None:
    listings = dataset("listings")
    assert (listings.past, listings.proof, listings.extra) == (Past.GONE, Proof.LIST_BEFORE, True)
    zone = marketplace("DE").zone
    assert listings.newest(NOON, zone) == listings.oldest(NOON, zone) == MONDAY


@pytest.mark.parametrize("locale", ["en_US", None], ids=["english", "own language"])
@pytest.mark.parametrize("code", [m.code for m in MARKETPLACES])
def test_every_marketplaces_list_is_read_as_amazon_wrote_it(code: str, locale: str | None) -> None:
    market = SIMULATED[code]
    offered = offers(CATALOG, market, NOON)
    content = written(ListQuestion(marketplace=market, locale=locale), offered, ())
    named = charset(market).content_type.partition("=")[2]

    for answer in (read(content, code, named), read(content, code)):  # as downloaded, and out of the archive
        found = rows(answer)
        assert answer.notes == []
        assert [one["sku"] for one in found] == [offer.sku for offer in offered]
        for one, true in zip(found, (row(market, offer) for offer in offered), strict=True):
            assert (one["title"], one["asin"]) == (true.get("item-name"), true.get("asin1"))
            assert one["status"] == true["status"]
            assert (one["price"] is None) == ("price" not in true)


def test_every_column_of_amazons_is_kept_or_has_a_reason_why_not() -> None:
    assert unknown_in((*COLUMNS, "Minimum order quantity", "Sell remainder", "Deprecated column"), NOT_KEPT) == []
    assert unknown_in((*COLUMNS, "new", "new", ""), NOT_KEPT) == ["new"]


@pytest.mark.parametrize(
    ("header", "lacks"),
    [
        (["item-name", "asin1"], "no column seller-sku."),
        (["seller-sku", "asin1"], "no column item-name."),
        (["seller-sku", "item-name", "product-id"], r"no column asin1 \(or product-id with product-id-type\)."),
        ([""], "no column seller-sku, no item-name"),
    ],
)
def test_a_needed_column_that_is_not_there_is_named(header: Sequence[str], lacks: str) -> None:
    with pytest.raises(AnotherQuestion, match=lacks):
        places_of(header)


@given(st.lists(st.tuples(TEXT, SOME_TEXT, TEXT), min_size=1, max_size=4), st.booleans())
@example([('12" "Classic"', '"', "null")], False)
def test_any_text_comes_out_as_it_went_in(texts: list[tuple[str, str, str]], crlf: bool) -> None:
    lines = [line(title, description, sku) for title, sku, description in texts]
    text = "\n".join(["\t".join(COLUMNS), *lines])
    document = document_of((text.replace("\n", "\r\n") if crlf else text).encode())
    found, reading = rows_of(*list(lines_of_text(document, "utf-8"))[1:])
    assert [(one[0], one[2] or "") for one in found] == [(sku, title) for title, sku, _ in texts]
    assert (reading.remarks.mended, reading.remarks.left_out) == (0, [])


@given(SOME_TEXT, st.lists(SOME_TEXT, min_size=2, max_size=4), st.sampled_from("\t\n"))
@example("0", ["0", "0", "0", "0"], "\t")
def test_a_description_with_tabs_or_ends_of_lines_in_it_tears_nothing(
    title: str, parts: list[str], torn_by: str
) -> None:
    found, reading = rows_of(line(title, torn_by.join(parts)), line("Whole", sku="CK-2"))
    assert [(one[0], one[1], one[2]) for one in found] == [
        ("CK-1", "B0CHALK001", title), ("CK-2", "B0CHALK001", "Whole"),
    ]  # fmt: skip
    assert reading.remarks.mended == 1


def test_a_title_with_a_tab_is_put_together_where_nothing_follows_it() -> None:
    (found,), reading = rows_of(line("Chalk\tholder"))
    assert (found[0], found[2]) == ("CK-1", "Chalk holder")
    assert reading.remarks.mended == 1


@pytest.mark.parametrize(
    ("said", "price"),
    [("0", "0"), ("9.999", "9.999"), ("999999999.99", "999999999.99"), ("12,99", None), ("-1", None), ("1e3", None),
     ("9999999999.99", None), ("٣", None), ("$5", None), (" 5 ", "5")],
)  # fmt: skip
def test_a_price_is_a_plain_number_that_its_column_can_hold_or_none(said: str, price: str | None) -> None:
    cells = line().split("\t")
    cells[PRICE] = said
    (found,), reading = rows_of("\t".join(cells))
    assert (None if found[3] is None else str(found[3])) == price
    assert found[4] == (None if price is None else "EUR")
    assert ("price" in reading.remarks.unreadable) == (price is None)


def test_lines_may_end_before_cells_that_are_empty_and_empty_lines_are_none() -> None:
    found, reading = rows_of("\t\t\tdraft 7", "", line())
    assert [one[0] for one in found] == ["draft 7", "CK-1"]
    assert (found[0][1:], reading.remarks.mended) == ((None,) * 9, 0)


def test_what_has_no_sku_at_its_end_is_left_out_and_told() -> None:
    found, reading = rows_of(line(), "nothing but a title")
    assert len(found) == 1
    assert reading.remarks.left_out == [3]


def described(content: bytes, charset: str | None) -> Document:
    return replace(document_of(content), charset=charset)


@pytest.mark.parametrize(
    ("content", "named", "usual", "charset"),
    [
        ("für".encode(), None, ("cp1252",), "utf-8-sig"),
        ("für".encode(), "Cp1252", ("cp1252",), "utf-8-sig"),  # it names one thing and is another
        ("\ufefffür".encode(), "utf8", ("cp1252",), "utf-8-sig"),
        ("für".encode("cp1252"), None, ("cp1252",), "cp1252"),
        ("für".encode("cp1252"), "utf8", ("cp1252",), "cp1252"),
        ("チョーク①".encode("cp932"), None, ("cp932", "cp1252"), "cp932"),
        ("チョーク①".encode("cp932"), "Shift_JIS", ("cp1252",), "cp932"),
        ("ołówek".encode("cp1250"), "windows-1250", ("cp1252",), "cp1250"),
        ("粉笔架子".encode("gbk"), "GBK", ("cp1252",), "gb18030"),
        (b"f\x81r", "no such charset", ("cp1252",), "cp1252"),
        (b"f\xfcr", "hex", ("cp1252",), "cp1252"),
        (b"", None, ("cp1252",), "utf-8-sig"),
    ],
)
def test_a_charset_is_utf_8_where_the_text_proves_it_else_as_named_else_as_usual(
    content: bytes, named: str | None, usual: Sequence[str], charset: str
) -> None:
    assert charset_of(described(content, named), usual) == charset


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")))
def test_lines_end_where_lines_end_and_nowhere_else(text: str) -> None:
    expected = text.split("\n")
    found = list(lines_of_text(document_of(text.encode()), "utf-8"))
    assert found == (expected[:-1] if not expected[-1] else expected)
