"""Families, kinship, windows: pure."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalkola.store.board.by_product import ByProduct, ChildSums, Pair
from chalkola.store.board.daily import runs
from chalkola.store.board.day_lines import FINE, DayLines
from chalkola.store.board.definitions import BY_KEY, METRICS, Definition
from chalkola.store.board.families import children_lines, every_child, families
from chalkola.store.board.kinship import kinship
from chalkola.store.board.series import Lines, by_day, family_of
from chalkola.store.board.windows import NOTHING, SUMS, ZEROS, Sums, added, cells, line_of, value_of

DAY = date(2026, 11, 24)
sums = st.fixed_dictionaries(dict.fromkeys(SUMS, st.none() | st.integers(0, 10_000)))
child = st.builds(
    ChildSums, asin=st.sampled_from("ABCD"), parent=st.none() | st.sampled_from("APQ"),
    sums=st.builds(Pair, now=sums, then=sums),
)  # fmt: skip
shops = st.lists(child, max_size=12, unique_by=lambda one: (one.asin, one.parent)).map(
    lambda children: ByProduct(children=tuple(children), seen={}, unseen=Pair(now=ZEROS, then=NOTHING))
)


@given(shops)
def test_nothing_sold_is_lost_between_children_and_families(shop: ByProduct) -> None:
    for name in ("units", "sales", "order_items"):
        expected = added(one.sums.now for one in shop.children)[name]
        assert added(line.sums.now for line in families(shop))[name] == expected
        assert added(line.sums.now for line in every_child(shop))[name] == expected


@given(shops)
def test_a_line_unfolds_to_as_many_children_as_it_says(shop: ByProduct) -> None:
    for line in families(shop):
        assert len(children_lines(shop, line.asin)) == line.children


def test_a_familys_visits_are_amazons_or_nobodys() -> None:
    own = Pair(now={**ZEROS, "sessions": 70, "units": 7}, then=ZEROS)
    shop = ByProduct(
        children=(ChildSums(asin="A", parent="P", sums=own), ChildSums(asin="B", parent="P", sums=own)), seen={},
        unseen=Pair(now=NOTHING, then=ZEROS),
    )  # fmt: skip
    (line,) = families(shop)
    assert (line.sums.now["sessions"], line.sums.now["units"], line.sums.then["sessions"]) == (None, 14, 0)


@given(st.sampled_from(METRICS), st.lists(sums))
def test_a_line_has_the_value_of_each_day(metric: Definition, many: list[Sums]) -> None:
    by_column = {name: [one[name] for one in many] for name in SUMS}
    assert line_of(metric, by_column) == tuple(value_of(metric, one) for one in many)


@given(
    st.dictionaries(st.integers(5, 35).map(lambda n: DAY + timedelta(days=n)), sums),
    st.integers(0, 40),
    st.integers(0, 40),
)
def test_lines_add_up_to_a_window_and_have_nothing_where_there_is_no_row(
    by_day: dict[date, Sums], begin: int, end: int
) -> None:
    first, last = DAY + timedelta(days=begin), DAY + timedelta(days=end)
    held = [DAY + timedelta(days=n) for n in range(5, 36)]
    whole = {name: [by_day.get(day, NOTHING)[name] for day in held] for name in SUMS}
    fine = {name: [value and value * 10_000 for value in whole[name]] for name in FINE}
    lines = Lines(
        first=held[0], seen=[day in by_day for day in held],
        lines=DayLines(sums={**whole, **fine}, rates=[Decimal(1)] * len(held)),
    )  # fmt: skip
    inside = [by_day[day] for day in sorted(by_day) if first <= day <= last]
    assert lines.within(first, last) == (added(inside) if inside else None)
    wanted = [DAY + timedelta(days=n) for n in range(41)]
    for place, day in enumerate(wanted):
        assert {name: line[place] for name, line in lines.along(wanted).exact.items()} == by_day.get(day, NOTHING)


@given(st.lists(st.integers(), max_size=9), st.integers(-12, 20), st.integers(0, 12))
def test_days_are_cut_wherever_they_lie(line: list[int], begin: int, length: int) -> None:
    found = DayLines(sums={"units": line}, rates=[None] * len(line)).cut(begin, begin + length)
    expected = [line[n] if 0 <= n < len(line) else None for n in range(begin, begin + length)]
    assert (found.sums["units"], found.rates) == (expected, [None] * length)


@given(st.lists(st.none() | st.integers(-9, 9), min_size=28, max_size=31))
def test_a_months_running_sum_has_each_days_part(parts: list[int | None]) -> None:
    known = sum(1 << n for n, part in enumerate(parts) if part is not None)
    running = [*accumulate(part or 0 for part in parts)]
    assert by_day(running if any(running) else None, known, len(parts)) == parts


def test_a_value_that_would_be_divided_by_nothing_is_not_there() -> None:
    assert value_of(BY_KEY["cvr"], {**ZEROS, "units": 0}) is None
    assert value_of(BY_KEY["cvr"], {**ZEROS, "units": 1, "sessions": 3}) == Decimal("0.3333")
    assert value_of(BY_KEY["units"], NOTHING) is None
    cell = cells(["units"], {**ZEROS, "units": 3}, ZEROS)["units"]
    assert (cell.value, cell.then, cell.change, cell.ratio) == (3, 0, 3, None)


def test_a_child_belongs_to_the_parent_that_it_had_last() -> None:
    before = DAY - timedelta(days=9)
    kin = kinship([("A", "P", DAY), ("A", "Q", before), ("B", "Q", before), ("C", None, DAY), ("D", "D", DAY)])
    assert kin.parents["A"] == "P"
    assert kin.children == {"P": ("A",), "Q": ("A", "B")}
    one, other, alone, own, parent = (family_of(asin, kin) for asin in "ABCDQ")
    assert one is not None
    assert (one.level, one.parent, one.children) == ("child", "P", ())
    assert other is not None
    assert (other.parent, other.children) == ("Q", ("A",))
    assert alone is not None
    assert own is not None
    assert (alone.parent, own.parent, own.level) == (None, None, "child")
    assert parent is not None
    assert (parent.level, parent.children) == ("parent", ("A", "B"))
    assert family_of("X", kin) is None


@given(st.sets(st.integers(0, 60)))
def test_days_are_spans_of_days_in_a_row(places: set[int]) -> None:
    found = runs([DAY + timedelta(days=n) for n in places])
    covered = {first + timedelta(days=n) for first, last in found for n in range((last - first).days + 1)}
    assert covered == {DAY + timedelta(days=n) for n in places}
    assert all(later[0] - earlier[1] > timedelta(days=1) for earlier, later in pairwise(found))
