"""What addresses ask pages for."""

from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from chalkola.store.board.definitions import BY_KEY
from chalkola.store.board.shapes import VERSUS, ProductsQuery, Scope
from chalkola.surfaces.web.pages.asked import COLUMNS, Address, products_address, read_products

days = st.dates(date(2024, 1, 1), date(2026, 11, 26))
words = st.text(max_size=60).map(str.strip)
scopes = st.builds(Scope, place=st.just("ALL"), currency=st.sampled_from(("EUR", "USD", "JPY"))) | st.builds(
    Scope, place=st.sampled_from(("DE", "US")), currency=st.none()
)
columns = st.sets(st.sampled_from(COLUMNS), min_size=1).map(lambda some: tuple(c for c in COLUMNS if c in some))


@st.composite
def queries(draw: st.DrawFn) -> ProductsQuery:
    start, is_custom = draw(days), draw(st.booleans())
    return ProductsQuery(
        scope=draw(scopes), period="CUSTOM" if is_custom else draw(st.sampled_from(("Last 7 days", "Last 30 days"))),
        start=start if is_custom else None, end=start + timedelta(9) if is_custom else None,
        versus=draw(st.sampled_from(VERSUS)), metrics=draw(columns), search=draw(words),
        sort=draw(st.sampled_from((*BY_KEY, "change", "asin", "title"))), descending=draw(st.booleans()),
        page=draw(st.integers(1, 99)), page_size=draw(st.sampled_from((25, 50, 100))),
    )  # fmt: skip


def asked(address: str) -> ProductsQuery:
    return read_products(QueryParams(urlsplit(address).query))


@given(queries())
def test_the_address_of_a_view_asks_for_that_view(query: ProductsQuery) -> None:
    assert asked(products_address(query).text) == query


@given(queries())
def test_an_address_is_as_short_as_can_be(query: ProductsQuery) -> None:
    address = products_address(query)
    for left_out in {name for name, _ in address.values}:
        fewer = Address(path=address.path, values=tuple(one for one in address.values if one[0] != left_out))
        assert asked(fewer.text) != query, left_out
    assert products_address(ProductsQuery()).text == "/products"


@given(st.lists(st.tuples(st.sampled_from(("place", "currency", "period", "start", "m", "sort", "page", "size", "q")),
                          st.text(max_size=200)), max_size=9))  # fmt: skip
def test_whatever_stands_in_an_address_asks_for_something(pairs: list[tuple[str, str]]) -> None:
    query = read_products(QueryParams(pairs))
    assert query.metrics
    assert query.page >= 1
    assert 1 <= query.page_size <= 200
    assert len(query.search) <= 100


def test_another_order_begins_at_the_first_page() -> None:
    address = products_address(ProductsQuery(page=4, search="a b&c"))
    assert address.but(sort="units") == "/products?q=a+b%26c&sort=units"
    assert dict(parse_qsl(urlsplit(address.but(page=5)).query)) == {"q": "a b&c", "page": "5"}
