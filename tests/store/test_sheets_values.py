"""A metric of many products at once, over marketplaces or periods."""

from datetime import date, datetime, timedelta

import pytest

from sheeting import CLOSED, DAY, NOW, YESTERDAY, Book

A, B, PARENT = "B0CHILD00A", "B0CHILD00B", "B0PARENT00"


@pytest.fixture
def shop(book: Book) -> Book:
    """Ten closed days in Germany and a preliminary one, and a few in the United Kingdom: two children, one parent."""
    for back in range(10):
        day = CLOSED - back * DAY
        for dataset in ("sales_and_traffic", "daily_parents"):
            book.line("DE", day, dataset=dataset, rows=2)
        book.row("DE", day, A, units_ordered=10 + back, ordered_product_sales="19.99", sessions=100, page_views=200,
                 buy_box_percentage=90, mobile_app_sessions=60, sessions_b2b=5, units_refunded=1)  # fmt: skip
        book.row("DE", day, B, units_ordered=1, ordered_product_sales="5.01", sessions=40, page_views=50,
                 buy_box_percentage=40, mobile_app_sessions=10, sessions_b2b=None, units_refunded=0)  # fmt: skip
        book.parent_row("DE", day, PARENT, units_ordered=99, sessions=120, page_views=250, buy_box_percentage=80,
                        mobile_app_sessions=66, sessions_b2b=6)  # fmt: skip
    book.line("DE", YESTERDAY, "preliminary")
    book.row("DE", YESTERDAY, A, units_ordered=7, ordered_product_sales=14)
    for back in range(3):
        book.line("UK", CLOSED - back * DAY)
        book.row("UK", CLOSED - back * DAY, A, units_ordered=2, ordered_product_sales=8, sessions=20)
    book.listing("DE", "sku-a", A, title="Mug")
    book.listing("DE", "SKU-B", B)
    book.listing("UK", "sku-a", B, title="Cup")  # the same SKU is something else there
    return book


# --- what the figures are -------------------------------------------------------------------------------------------


def test_units_of_a_child_a_parent_and_a_sku(shop: Book) -> None:
    rows = shop.values("units", [A, B, PARENT, "sku-a", "sku-b"], ["DE"], ["Last 7 days"])
    assert rows == [[7 * 10 + 21], [7], [98], [91], [7]]


def test_a_blank_is_a_blank_row_an_unknown_one_says_so_and_asins_are_found_in_any_case(shop: Book) -> None:
    rows = shop.values(
        "units", [A.lower(), None, "", "  ", "B0NOBODY00", f" {A} "], ["DE"], ["Last day", "Last 2 days"]
    )
    assert rows == [[10, 21], [None, None], [None, None], [None, None], ["not found", "not found"], [10, 21]]


def test_what_is_known_elsewhere_and_not_here_is_blank(shop: Book) -> None:
    assert shop.values("units", [A, B], ["DE", "UK", "FR"], ["Last day"]) == [[10, 2, None], [1, 0, None]]


def test_a_day_without_a_row_of_it_is_a_true_zero_and_a_day_without_data_is_not(shop: Book) -> None:
    shop.line("DE", CLOSED - 10 * DAY)
    shop.row("DE", CLOSED - 30 * DAY, "B0GONE0000", units_ordered=4)  # a row of a day that the ledger does not know
    assert shop.values("units", [A], ["DE"], ["CUSTOM"], start="2026-11-14", end="2026-11-14") == [[0]]
    assert shop.values("units", [A], ["DE"], ["CUSTOM"], start="2026-11-13", end="2026-11-13") == [[None]]


def test_ratios_are_of_sums(shop: Book) -> None:
    assert shop.values("cvr", [A, B], ["DE"], ["Last 2 days"]) == [[0.105], [0.025]]
    assert shop.values("average_price", [A], ["DE"], ["Last 2 days"]) == [[pytest.approx(39.98 / 21, abs=1e-4)]]
    assert shop.values("mobile_share", [A, B], ["DE"], ["Last 2 days"]) == [[0.6], [0.25]]
    assert shop.values("b2b_share", [A, B], ["DE"], ["Last 2 days"]) == [[0.05], [None]], "absent is not zero"
    assert shop.values("refund_rate", [A], ["DE"], ["Last 2 days"]) == [[pytest.approx(2 / 21, abs=1e-4)]]


def test_the_buy_box_is_weighed_by_page_views(shop: Book) -> None:
    shop.line("DE", date(2026, 9, 1))
    shop.line("DE", date(2026, 9, 2))
    shop.row("DE", date(2026, 9, 1), A, page_views=300, buy_box_percentage=100)
    shop.row("DE", date(2026, 9, 2), A, page_views=100, buy_box_percentage=0)
    shop.row("DE", date(2026, 9, 2), B, page_views=100, buy_box_percentage=None)
    assert shop.values("buy_box", [A, B], ["DE"], ["2026-09"]) == [[0.75], [None]]


def test_a_parents_sales_are_its_childrens_and_its_traffic_is_amazons_own(shop: Book) -> None:
    figures = {"units": 11, "sales": 25.0, "sessions": 120, "page_views": 250, "buy_box": 0.8, "mobile_share": 0.55,
               "cvr": pytest.approx(11 / 120, abs=1e-4), "refunds": 1}  # fmt: skip
    for metric, expected in figures.items():
        assert shop.values(metric, [PARENT], ["DE"], ["Last day"]) == [[expected]], metric


def test_a_parents_traffic_is_blank_where_a_day_of_it_is_lacking(shop: Book) -> None:
    shop.database.execute(
        "DELETE FROM sp_slices WHERE dataset = 'daily_parents' AND first_day = %s", (CLOSED - 2 * DAY,)
    )
    rows = {m: shop.values(m, [PARENT], ["DE"], ["Last day", "Last 7 days"]) for m in ("units", "sessions", "cvr")}
    assert rows["units"] == [[11, 98]]
    assert rows["sessions"] == [[120, None]]
    assert rows["cvr"][0][1] is None


def test_a_child_that_changed_its_parent_counts_for_each_in_its_days(shop: Book) -> None:
    shop.database.execute("UPDATE sp_daily_asin_data SET parent_asin = 'B0OTHER000' WHERE date = %s", (CLOSED,))
    assert shop.values("units", [A, PARENT, "B0OTHER000"], ["DE"], ["Last 2 days"]) == [[21], [12], [11]]


def test_a_product_that_is_its_own_parent_is_the_child(shop: Book) -> None:
    shop.row("DE", CLOSED, "B0SINGLE00", parent="B0SINGLE00", sessions=9)
    shop.parent_row("DE", CLOSED, "B0SINGLE00", sessions=1000)
    assert shop.values("sessions", ["B0SINGLE00"], ["DE"], ["Last day"]) == [[9]]


def test_a_sku_is_another_product_in_another_marketplace(shop: Book) -> None:
    assert shop.values("units", ["sku-a"], ["DE", "UK"], ["Last day"]) == [[10, 0]]


def test_a_sku_is_taken_as_it_is_typed_before_it_is_taken_in_another_case(shop: Book) -> None:
    shop.listing("DE", "SKU-A", B)
    assert shop.values("units", ["sku-a", "SKU-A", "Sku-B"], ["DE"], ["Last day"]) == [[10], [1], [1]]


def test_a_star_is_every_child_parent_and_sku(shop: Book) -> None:
    data = shop.data("sheet_values", metric="units", items=["*"], marketplaces=["DE"], periods=["Last day"])
    assert data["items"] == [A, B, PARENT, "SKU-B", "sku-a"]
    assert data["rows"] == [[10], [1], [11], [1], [10]]


# --- marketplaces and money -----------------------------------------------------------------------------------------


@pytest.fixture
def rates(shop: Book) -> Book:
    """Rates of two days in a week, the last of them a Friday's."""
    for day, gbp, usd in ((CLOSED - 6 * DAY, "0.8", "1.0"), (CLOSED - 1 * DAY, "0.5", "1.25")):
        shop.rate("GBP", day, gbp)
        shop.rate("USD", day, usd)
    return shop


def test_money_is_in_the_marketplaces_currency_unless_one_is_given(rates: Book) -> None:
    assert rates.values("sales", [A], ["DE", "UK"], ["Last 3 days"]) == [[59.97, 24.0]]
    assert rates.values("sales", [A], ["DE", "UK"], ["Last 3 days"], currency="eur") == [
        [59.97, 8 / 0.8 + 2 * 8 / 0.5]
    ]


def test_every_day_is_converted_at_its_own_rate(rates: Book) -> None:
    in_dollars = 19.99 * 1.0 + 2 * 19.99 * 1.25
    assert rates.values("sales", [A], ["DE"], ["Last 3 days"], currency="USD") == [
        [pytest.approx(in_dollars, abs=0.0051)]
    ]
    in_dollars += 8 / 0.8 + 2 * 8 / 0.5 * 1.25
    assert rates.values("sales", [A], ["ALL"], ["Last 3 days"], currency="USD") == [
        [pytest.approx(in_dollars, abs=0.0051)]
    ]


def test_a_price_of_all_is_converted_sales_over_units(rates: Book) -> None:
    sales, units = 59.97 + 8 / 0.8 + 2 * 8 / 0.5, 10 + 11 + 12 + 6
    rows = rates.values("average_price", [A], ["ALL"], ["Last 3 days"], currency="EUR")
    assert rows == [[pytest.approx(sales / units, abs=1e-4)]]


def test_money_of_all_needs_a_currency_and_other_figures_do_not(shop: Book) -> None:
    question = {"items": [A], "marketplaces": ["ALL"], "periods": ["Last day"]}
    code, say = shop.refusal("sheet_values", metric="sales", **question)
    assert (code, "needs a currency, such as EUR" in say) == ("bad_argument", True)
    assert shop.values("units", [A], ["ALL"], ["Last day"]) == [[12]]


def test_a_column_whose_rates_are_lacking_is_blank_and_says_why(rates: Book) -> None:
    question = {"items": [A], "marketplaces": ["ALL"], "periods": ["Last 3 days", "Last 8 days"]}
    data = rates.data("sheet_values", metric="sales", currency="EUR", **question)
    assert data["rows"][0][0] is not None
    assert data["rows"][0][1] is None, "the rates begin a day later"
    assert "no rate from GBP to EUR" in data["columns"][1]["say"]


def test_a_rate_of_long_ago_is_none(rates: Book) -> None:
    rates.now = NOW + 12 * DAY
    rates.lines("DE", CLOSED + DAY, CLOSED + 12 * DAY)
    assert rates.values("sales", [A], ["DE"], ["Last day"], currency="USD") == [[None]]
    assert rates.values("sales", [A], ["DE"], ["Last day"]) == [[0.0]]


# --- which days -----------------------------------------------------------------------------------------------------


def columns(book: Book, places: list[str], periods: list[str], **more: object) -> list[tuple[object, ...]]:
    data = book.data("sheet_values", metric="units", items=[A], marketplaces=places, periods=periods, **more)
    return [(c["from"], c["to"], c["state"]) for c in data["columns"]]


def test_periods_end_at_the_last_closed_day_of_each_marketplace(shop: Book) -> None:
    shop.line("UK", YESTERDAY)
    assert columns(shop, ["DE", "UK"], ["Last 2 days"]) == [
        ("2026-11-23", "2026-11-24", "closed"), ("2026-11-24", "2026-11-25", "closed"),
    ]  # fmt: skip


def test_all_ends_at_a_day_that_is_closed_everywhere(shop: Book) -> None:
    shop.line("UK", YESTERDAY)
    assert columns(shop, ["ALL"], ["Last 2 days"]) == [("2026-11-23", "2026-11-24", "closed")]


def test_a_marketplace_that_stands_still_does_not_hold_all_back_and_is_counted_as_missing(shop: Book) -> None:
    shop.line("FR", CLOSED - 20 * DAY)
    data = shop.data("sheet_values", metric="units", items=[A], marketplaces=["ALL"], periods=["Last 2 days"])
    (column,) = data["columns"]
    assert (column["to"], column["missing"]) == ("2026-11-24", 2)


def test_yesterday_is_the_calendars_and_preliminary_or_due(shop: Book) -> None:
    data = shop.data("sheet_values", metric="units", items=[A], marketplaces=["DE", "UK"], periods=["Yesterday"])
    assert data["rows"] == [[7, None]]
    german, british = data["columns"]
    assert (german["from"], german["to"], german["state"], german["say"]) == (
        "2026-11-25",
        "2026-11-25",
        "preliminary",
        None,
    )
    assert (british["from"], british["state"], british["say"]) == ("2026-11-25", "due", "due 2026-11-27 10:00 UTC")


def test_what_is_due_today_is_said_by_the_hour_and_what_is_overdue_too(shop: Book) -> None:
    def say(now: datetime) -> object:
        shop.now = now
        data = shop.data("sheet_values", metric="units", items=[A], marketplaces=["UK"], periods=["2026-11-25"])
        return data["columns"][0]["say"]

    assert say(datetime.fromisoformat("2026-11-27T02:00Z")) == "due 10:00 UTC"
    assert say(datetime.fromisoformat("2026-11-27T11:00Z")) == "late: was due 10:00 UTC"
    shop.line("UK", YESTERDAY, "due", rows=None)
    shop.database.execute("UPDATE sp_slices SET next_at = '2026-11-27T19:30Z' WHERE state = 'due'")
    assert say(datetime.fromisoformat("2026-11-27T11:00Z")) == "due 19:30 UTC"


def test_yesterday_of_all_is_there_when_it_is_there_everywhere(shop: Book) -> None:
    assert columns(shop, ["ALL"], ["Yesterday"])[0][2] == "due"
    shop.line("UK", YESTERDAY, "loaded")
    assert columns(shop, ["ALL"], ["Yesterday"]) == [("2026-11-25", "2026-11-25", "preliminary")]
    assert shop.values("units", [A], ["ALL"], ["Yesterday"]) == [[7]]


def test_no_day_is_waited_for_longer_than_72_hours(shop: Book) -> None:
    shop.line("DE", CLOSED, "loaded")
    assert columns(shop, ["DE"], ["Last day"])[0][0] == "2026-11-23", "it is over for 37 hours"
    shop.now = NOW + timedelta(hours=34)
    assert columns(shop, ["DE"], ["Last day"])[0][0] == "2026-11-23", "for 71"
    shop.now = NOW + timedelta(hours=36)
    assert columns(shop, ["DE"], ["Last day"])[0][0] == "2026-11-24", "for 73: it counts as it is"


def test_a_hole_of_today_is_waited_for_and_an_old_one_is_counted(shop: Book) -> None:
    shop.line("DE", CLOSED - DAY, "due", rows=None)
    assert columns(shop, ["DE"], ["Last day"])[0][0] == "2026-11-22"
    shop.now = NOW + timedelta(hours=24)
    data = shop.data("sheet_values", metric="units", items=[A], marketplaces=["DE"], periods=["Last 3 days"])
    assert (data["columns"][0]["to"], data["columns"][0]["missing"]) == ("2026-11-24", 1)


def test_an_empty_day_is_closed_and_a_true_zero(shop: Book) -> None:
    shop.line("DE", YESTERDAY, "empty", rows=0)
    shop.database.execute("DELETE FROM sp_daily_asin_data WHERE date = %s", (YESTERDAY,))
    assert columns(shop, ["DE"], ["Last day"]) == [("2026-11-25", "2026-11-25", "closed")]
    assert shop.values("units", [A], ["DE"], ["Last day"]) == [[0]]


def test_a_period_that_has_begun_and_has_no_closed_day_is_due(shop: Book) -> None:
    shop.now = datetime.fromisoformat("2026-12-01T12:00Z")
    shop.lines("DE", CLOSED, date(2026, 11, 29))
    (column,) = shop.data("sheet_values", metric="units", items=[A], marketplaces=["DE"], periods=["MTD"])["columns"]
    assert (column["state"], column["say"]) == ("due", "no closed day in it yet; due 2026-12-03 09:00 UTC")


def test_where_amazon_days_run_in_another_zone_yesterday_does_too(shop: Book) -> None:
    shop.now = datetime.fromisoformat("2026-11-26T05:00Z")
    assert columns(shop, ["DE"], ["Yesterday"])[0][0] == "2026-11-25"
    shop.database.execute(
        "INSERT INTO sp_day_zones VALUES ('A1PA6795UKMFR9', 'America/Los_Angeles', 14, '{}', now())"
    )
    assert columns(shop, ["DE"], ["Yesterday"])[0][0] == "2026-11-24"


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "code", "says"),
    [
        ({"metric": "profit"}, "bad_argument", 'There is no metric "profit". Known: units, sales'),
        ({"metric": None}, "bad_argument", "There is no metric"),
        ({"marketplaces": ["XX"]}, "bad_argument", 'There is no marketplace "XX". Known: US, CA'),
        ({"periods": ["Last fortnight"]}, "bad_argument", "Known: Today, Yesterday"),
        ({"metric": "sales", "currency": "XXX"}, "bad_argument", 'There is no currency "XXX". Known: AED'),
        ({"marketplaces": ["DE", "UK"], "periods": ["MTD", "YTD"]}, "bad_argument", "not both"),
        ({"items": []}, "bad_argument", "At least one item"),
        ({"marketplaces": []}, "bad_argument", "A marketplace"),
        ({"periods": [None]}, "bad_argument", "A period"),
        ({"items": [{"a": 1}]}, "bad_argument", "items has to be a list of texts"),
        ({"periods": ["CUSTOM"], "start": "2026-10-02", "end": "2026-10-01"}, "bad_argument", "swap them"),
        ({"items": ["B0"] * 50_001}, "too_large", "split the range into 2 formulas"),
        ({"items": ["B0"] * 12_501, "periods": ["MTD", "YTD", "QTD", "2026"]}, "too_large", "50,000 cells"),
        ({"periods": ["MTD"] * 401}, "too_large", "400"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_what_can(
    changed: dict[str, object], code: str, says: str, shop: Book
) -> None:
    question = {"metric": "units", "items": [A], "marketplaces": ["DE"], "periods": ["Last day"], **changed}
    found, say = shop.refusal("sheet_values", **question)
    assert (found, says in say) == (code, True), say


def test_a_range_may_come_as_it_lies_in_a_sheet_and_a_cell_alone(shop: Book) -> None:
    assert shop.values("units", [[A], [None], [B]], ["DE"], ["Last day"]) == [[10], [None], [1]]
    data = shop.data("sheet_values", metric="Page Views", items=f'"{A}"', marketplaces='"GB"', periods='"last day"')
    assert data["rows"] == [[0]]


def test_what_goes_wrong_inside_is_not_told_to_a_sheet(shop: Book) -> None:
    shop.database.execute("ALTER TABLE sp_daily_asin_data RENAME COLUMN units_refunded TO units_gone")
    code, say = shop.refusal("sheet_values", metric="refunds", items=[A], marketplaces=["DE"], periods=["Last day"])
    assert code == "failed"
    assert "units_refunded" not in say


# --- versions -------------------------------------------------------------------------------------------------------


def test_the_version_changes_with_what_is_shown_and_only_then(shop: Book) -> None:
    def version() -> str:
        return str(shop.ask("sheet_status")["version"])

    seen = [version()]
    assert version() == seen[0]
    shop.now = NOW + timedelta(minutes=20)
    assert version() == seen[0]
    for change in (
        lambda: shop.line("UK", YESTERDAY),
        lambda: shop.line("DE", YESTERDAY),
        lambda: shop.rate("GBP", YESTERDAY, "0.9"),
        lambda: shop.listing("DE", "new", A, first_seen_at=NOW),
        lambda: setattr(shop, "now", NOW + timedelta(hours=12)),
    ):
        change()
        seen.append(version())
    assert len(set(seen)) == len(seen)
    assert seen[0].startswith("v-")
