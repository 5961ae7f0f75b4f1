"""Why sales changed: the parts add up, whatever the figures are."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from chalkola.store.board.shapes import Split
from chalkola.store.board.splitting import split

Figures = dict[str, Decimal | None]


def of(sessions: int | None, units: int | None, sales: str | None) -> Figures:
    given = {"sessions": sessions, "units": units, "sales": sales}
    return {name: None if value is None else Decimal(value) for name, value in given.items()}


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    sessions = draw(st.integers(0, 10_000))
    units = draw(st.integers(0, 2_000)) if sessions else 0
    sales = draw(st.decimals(0, 1_000_000, places=2)) if units else Decimal(0)
    return {"sessions": Decimal(sessions), "units": Decimal(units), "sales": sales}


@given(figures(), figures())
def test_the_parts_add_up_to_the_change(now: Figures, then: Figures) -> None:
    parts = split(now, then)
    assert parts is not None
    assert parts.sessions + parts.conversion + parts.price == (now["sales"] or 0) - (then["sales"] or 0)


@given(figures(), figures())
def test_swapping_the_periods_swaps_the_signs(now: Figures, then: Figures) -> None:
    one, other = split(now, then), split(then, now)
    assert one is not None
    assert other is not None
    assert (one.sessions, one.conversion, one.price) == (-other.sessions, -other.conversion, -other.price)


def test_a_change_of_one_factor_is_all_its_own() -> None:
    cent = Decimal("0.00")
    assert split(of(200, 20, "400"), of(100, 10, "200")) == Split(sessions=Decimal(200), conversion=cent, price=cent)
    assert split(of(100, 20, "400"), of(100, 10, "200")) == Split(sessions=cent, conversion=Decimal(200), price=cent)
    assert split(of(100, 10, "300"), of(100, 10, "200")) == Split(sessions=cent, conversion=cent, price=Decimal(100))


def test_a_product_that_is_new_or_gone_is_told_by_its_visits() -> None:
    assert split(of(100, 10, "200"), of(0, 0, "0")) == Split(
        sessions=Decimal(200), conversion=Decimal(0), price=Decimal(0)
    )


def test_what_cannot_be_told_is_none() -> None:
    whole = of(100, 10, "200")
    for broken in (of(None, 10, "200"), of(100, None, "200"), of(100, 10, None), of(0, 1, "20"), of(100, 0, "20")):
        assert split(broken, whole) is None
        assert split(whole, broken) is None
