"""What charts are drawn from."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalkola.store.board.day_lines import DayLines
from chalkola.store.board.product_shapes import PlaceSeries, Product, Restated
from chalkola.store.board.shapes import Scope, Span
from chalkola.store.board.windows import SUMS
from chalkola.surfaces.web.pages.charts import product_chart, product_words, restated_chart, restated_words

DAY = date(2026, 11, 1)
AT = datetime(2026, 11, 20, tzinfo=UTC)
SPAN = Span(period="Last 30 days", first=DAY, last=DAY, state="closed", say=None, missing=0, whole=True)


def restated(code: str, n: int, first: int | None, now: int | None) -> Restated:
    return Restated(
        marketplace=code, day=DAY + timedelta(n), of="marketplace", restated_at=AT, units_first=first, units_now=now,
        sales_first=None, sales_now=None, sessions_first=5, sessions_now=5,
    )  # fmt: skip


def product(
    values: Mapping[str, Mapping[str, Sequence[int | None]]], length: int, changed: Sequence[Restated] = ()
) -> Product:
    places = tuple(
        PlaceSeries(
            marketplace=code, currency="EUR",
            lines=DayLines(sums={name: of.get(name, [None] * length) for name in SUMS}, rates=[Decimal(1)] * length),
        )
        for code, of in values.items()
    )  # fmt: skip
    return Product(
        asin="B01", level="child", title=None, sku=None, skus=(), status=None, price=None, price_currency=None,
        scope=Scope(), currency="EUR", span=SPAN, then=SPAN, cells={}, split=None,
        days=tuple(DAY + timedelta(n) for n in range(length)), places=places, restated=tuple(changed), parent=None,
        siblings=(), children=(), notes=(), money_absent=None,
    )  # fmt: skip


def test_a_ratio_is_divided_in_the_browser_where_both_of_its_sums_are_drawn() -> None:
    sold = {"units": [2, 3], "sessions": [10, 0], "buy_box_views": [30_000, None], "buy_box_base": [4, 4]}
    found = {one["key"]: one for one in product_chart(product({"DE": sold}, 2), DAY)["metrics"]}
    assert found["cvr"]["of"] == ["units", "sessions"]
    assert "lines" not in found["cvr"]
    assert found["buy_box"]["lines"][0]["values"] == [0.75, None], "what it is divided from is not drawn"
    assert "average_price" not in found, "there are no sales to divide"
    assert found["units"]["lines"] == [{"name": "Germany", "colour": 6, "values": [2, 3]}]


def test_a_marketplace_or_metric_without_a_figure_has_no_line() -> None:
    chart = product_chart(product({"DE": {"units": [1, None]}, "US": {"units": [None, None]}}, 2), None)
    ((units),) = chart["metrics"]
    assert [line["name"] for line in units["lines"]] == ["Germany"]
    assert chart["closed"] == 0, "no day is closed"
    assert product_chart(product({}, 0), None)["metrics"] == []
    assert "none has a figure" in product_words(product({}, 0))


@given(st.sets(st.integers(0, 40)))
def test_shaded_are_the_days_of_which_amazon_changed_its_mind_and_no_other(changed: set[int]) -> None:
    of = product({"DE": {"units": [1] * 41}}, 41, [restated("DE", n, 1, 2) for n in changed])
    ranges = product_chart(of, DAY)["shaded"]
    assert {n for first, last in ranges for n in range(first, last + 1)} == changed
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(ranges))


def test_a_restatement_reaches_from_nothing_to_how_far_it_went() -> None:
    chart = restated_chart([restated("DE", 0, 100, 104), restated("US", 1, 50, 40), restated("US", 0, 0, 3)])
    assert chart is not None
    (units,) = chart["metrics"]
    assert chart["days"] == ["2026-11-01", "2026-11-02"]
    assert [(line["name"], line["values"]) for line in units["lines"]] == [
        ("Germany", [0.04, None]), ("United States", [None, -0.2]),
    ]  # fmt: skip
    assert "2 days" in restated_words([restated("DE", 0, 1, 2), restated("DE", 1, 1, 2)])


def test_where_nothing_changed_there_is_no_chart_of_it() -> None:
    assert restated_chart([]) is None
    assert restated_chart([restated("DE", 0, 7, 7), restated("DE", 1, None, 7)]) is None


@given(st.lists(st.none() | st.integers(0, 10**9), min_size=1, max_size=30))
def test_whatever_is_drawn_can_be_written_as_json(values: list[int | None]) -> None:
    chart = product_chart(product({"JP": {"units": values, "sessions": values}}, len(values)), DAY)
    assert json.loads(json.dumps(chart, allow_nan=False)) == chart
