"""From columns to types and rows, for shapes that no dataset has yet."""

from decimal import Decimal

import msgspec
import pytest

from chalkola.datasets.elements import columns_of
from chalkola.datasets.model import Column
from chalkola.datasets.shapes import Section, element_type, unknown_fields

ASIN = Column(name="asin", type="text", path="asin", meaning="ASIN", required=True)
PRICE = Column(name="price", type="numeric(12,2)", path="offer.price.amount", meaning="price")
DERIVED = Column(name="week", type="date", path="", meaning="the week, from the question")


def _section(*columns: Column, labels: tuple[str, ...] = ()) -> Section:
    return Section(
        name="shelves", columns=columns, not_kept={"note": "not wanted"}, named_by=("asin",),
        groups={"offer": "offerByShelf"}, labels=labels,
    )  # fmt: skip


def _rows(section: Section, *elements: object) -> list[tuple[object, ...]]:
    kind = element_type(section, "EUR", strict=True)
    typed = [msgspec.convert(element, kind) for element in elements]
    return list(zip(*columns_of(typed, section.paths), strict=True))


def test_objects_that_are_null_or_absent_give_none_and_the_others_their_figures() -> None:
    price = {"price": {"amount": 2, "currencyCode": "EUR"}}
    elements = [{"asin": "A"}, {"asin": "B", "offerByShelf": None}, {"asin": "C", "offerByShelf": {"price": None}}]
    assert _rows(_section(ASIN, PRICE), *elements, {"asin": "D", "offerByShelf": price}) == [
        ("A", None), ("B", None), ("C", None), ("D", Decimal(2))
    ]  # fmt: skip


def test_a_derived_column_is_left_to_the_reader() -> None:
    assert _rows(_section(ASIN, DERIVED, labels=("day",)), {"asin": "A", "day": "2026-11-18"}) == [
        ("A", None, "2026-11-18")
    ]


def test_one_column_gives_rows_too() -> None:
    assert _rows(_section(ASIN), {"asin": "A"}, {"asin": "B"}) == [("A",), ("B",)]


def test_money_in_another_currency_is_no_element_of_the_type() -> None:
    price = {"price": {"amount": 2, "currencyCode": "USD"}}
    with pytest.raises(msgspec.ValidationError, match="USD"):
        _rows(_section(ASIN, PRICE), {"asin": "A", "offerByShelf": price})


def test_a_field_is_unknown_when_it_is_neither_kept_nor_listed_as_not_kept() -> None:
    element = {"asin": "A", "note": {"any": 1}, "offerByShelf": {"price": {"tax": 1}}, "colour": "red"}
    assert unknown_fields(_section(ASIN, PRICE), element) == {"shelves.offerByShelf.price.tax", "shelves.colour"}
