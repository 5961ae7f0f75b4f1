"""Day by day, now and then, the most and the least, facts, rates, alerts: what sheets ask besides plain values."""

from datetime import date, datetime
from typing import Any

import pytest

from sheeting import CLOSED, DAY, NOW, YESTERDAY, Book, days

A, B, C, PARENT = "B0CHILD00A", "B0CHILD00B", "B0CHILD00C", "B0PARENT00"


@pytest.fixture
def shop(book: Book) -> Book:
    """Three weeks in Germany. A sells 10 a day and 20 in the last week, B 5 and then 1, C nothing."""
    for back in range(21):
        day = CLOSED - back * DAY
        book.line("DE", day)
        book.row("DE", day, A, units_ordered=20 if back < 7 else 10, ordered_product_sales=30, sessions=50)
        book.row("DE", day, B, units_ordered=1 if back < 7 else 5, ordered_product_sales=10, sessions=40)
        book.row("DE", day, C, parent="B0PARENT0C", units_ordered=0, ordered_product_sales=0, sessions=8)
    book.line("DE", YESTERDAY, "preliminary")
    book.row("DE", YESTERDAY, A, units_ordered=3)
    book.listing("DE", "mug-2", A, title="Mug, old", price="9.99", status="Inactive", currency_code="EUR")
    book.listing("DE", "mug-1", A, title="Mug", price="12.50", status="Active", currency_code="EUR", fulfilment="FBA")
    book.listing("DE", "cup", B, title="Cup", price="8.00", status="Active", currency_code="EUR")
    book.listing("UK", "mug-uk", A, title="Mug of Britain", price="11.00", status="Active", currency_code="GBP")
    return book


# --- day by day -----------------------------------------------------------------------------------------------------


def test_days_end_at_the_last_closed_one(shop: Book) -> None:
    data = shop.data("sheet_daily", metric="units", items=[A, None, B, "x"], marketplace="DE", days="3")
    assert data["dates"] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert data["states"] == ["closed"] * 3
    assert data["rows"] == [[20, 20, 20], [None] * 3, [1, 1, 1], ["not found"] * 3]
    assert len(shop.data("sheet_daily", metric="units", items=[A], marketplace="DE")["dates"]) == 30


def test_days_up_to_an_end_are_shown_as_they_are(shop: Book) -> None:
    data = shop.data("sheet_daily", metric="units", items=[A], marketplace="DE", start="2026-11-24", end="2026-11-27")
    assert data["states"] == ["closed", "preliminary", "due", "none"]
    assert data["rows"] == [[20, 3, None, None]]


def test_days_before_the_first_one_have_no_figures(shop: Book) -> None:
    data = shop.data("sheet_daily", metric="units", items=[A], marketplace="DE", start="2026-11-02", end="2026-11-05")
    assert data["states"] == ["none", "none", "closed", "closed"]
    assert data["rows"] == [[None, None, 10, 10]]


def test_days_of_all_are_converted(shop: Book) -> None:
    shop.rate("USD", CLOSED - DAY, "1.5")
    shop.rate("USD", CLOSED, "2")
    question = {"items": [A], "marketplace": "ALL", "days": "2"}
    assert shop.data("sheet_daily", metric="sales", currency="USD", **question)["rows"] == [[45, 60]]
    assert shop.refusal("sheet_daily", metric="sales", **question)[0] == "bad_argument"


def test_too_many_days_or_cells_are_refused_and_two_years_of_one_product_are_not(shop: Book) -> None:
    question: dict[str, Any] = {"metric": "units", "items": [A], "marketplace": "DE"}
    assert len(shop.data("sheet_daily", days="730", **question)["dates"]) == 730
    assert shop.refusal("sheet_daily", days="801", **question)[0] == "bad_argument"
    assert shop.refusal("sheet_daily", days="a week", **question)[1] == (
        'days has to be a whole number from 1 to 800, not "a week".'
    )
    assert shop.refusal("sheet_daily", start="2020-01-01", **question)[0] == "too_large"
    assert shop.refusal("sheet_daily", start="2026-11-02", end="2026-11-01", **question)[0] == "bad_argument"
    question["items"] = [A] * 5001
    assert shop.refusal("sheet_daily", days="10", **question)[0] == "too_large"


def test_where_nothing_is_there_days_are_an_empty_grid(shop: Book) -> None:
    data = shop.data("sheet_daily", metric="units", items=[A, B], marketplace="JP")
    assert (data["dates"], data["rows"]) == ([], [[], []])


# --- now and then ---------------------------------------------------------------------------------------------------


def test_a_week_is_held_against_the_one_before(shop: Book) -> None:
    data = shop.data(
        "sheet_compare", metric="units", items=[A, B, C, None, "x"], marketplace="DE", period="Last 7 days"
    )
    assert (data["now"]["from"], data["now"]["to"]) == ("2026-11-18", "2026-11-24")
    assert (data["then"]["from"], data["then"]["to"]) == ("2026-11-11", "2026-11-17")
    assert data["rows"] == [
        [140, 70, 70, 1.0], [7, 35, -28, -0.8], [0, 0, 0, None], [None] * 4, ["not found"] * 4,
    ]  # fmt: skip


THEN = [
    # period, versus, the days that it is held against
    ("Last 7 days", "previous", "2026-11-11", "2026-11-17"),
    ("Last 30 days", "previous", "2026-09-26", "2026-10-25"),
    ("Last 30 days", "week_ago", "2026-10-19", "2026-11-17"),
    ("Last 30 days", "month_ago", "2026-09-25", "2026-10-24"),
    ("Last 30 days", "year ago", "2025-10-26", "2025-11-24"),
    ("Last day", "previous", "2026-11-23", "2026-11-23"),
    ("Yesterday", "previous", "2026-11-24", "2026-11-24"),
    ("Yesterday", "week_ago", "2026-11-18", "2026-11-18"),
    ("MTD", "previous", "2026-10-01", "2026-10-24"),
    ("MTD", "year_ago", "2025-11-01", "2025-11-24"),
    ("This week", "previous", "2026-11-16", "2026-11-17"),
    ("QTD", "previous", "2026-07-01", "2026-08-24"),
    ("YTD", "year_ago", "2025-01-01", "2025-11-24"),
    ("Last month", "previous", "2026-09-01", "2026-09-30"),
    ("Last month", "year_ago", "2025-10-01", "2025-10-31"),
    ("2026-02", "previous", "2026-01-01", "2026-01-31"),
    ("2026-03", "month_ago", "2026-02-01", "2026-02-28"),
    ("2026-W40", "previous", "2026-09-21", "2026-09-27"),
    ("2026-W40", "year_ago", "2025-09-28", "2025-10-04"),
    ("2026-Q3", "previous", "2026-04-01", "2026-06-30"),
    ("2025", "previous", "2024-01-01", "2024-12-31"),
    ("2026-11-20", "year_ago", "2025-11-20", "2025-11-20"),
    ("2026-11-01..2026-11-10", "previous", "2026-10-22", "2026-10-31"),
]


@pytest.mark.parametrize(("period", "versus", "first", "last"), THEN)
def test_what_a_period_is_held_against(period: str, versus: str, first: str, last: str, book: Book) -> None:
    for day in days(date(2024, 1, 1), YESTERDAY):
        if day.day in (1, 10, 20) or day > date(2026, 10, 20):
            book.line("DE", day)
    book.line("DE", YESTERDAY, "preliminary")
    data = book.data("sheet_compare", metric="units", items=[A], marketplace="DE", period=period, versus=versus)
    assert (data["then"]["from"], data["then"]["to"]) == (first, last)


def test_what_is_not_there_now_or_then_has_no_change(shop: Book) -> None:
    data = shop.data("sheet_compare", metric="units", items=[A], marketplace="DE", period="Last 14 days")
    assert data["rows"] == [[210, 70, 140, 2.0]]
    assert data["then"]["missing"] == 7, "and it says that half of it is missing"
    data = shop.data(
        "sheet_compare", metric="units", items=[A], marketplace="DE", period="Last 7 days", versus="year_ago"
    )
    assert data["rows"] == [[140, None, None, None]]
    assert data["then"]["state"] == "none"
    data = shop.data("sheet_compare", metric="units", items=[A], marketplace="DE", period="Today")
    assert (data["rows"], data["now"]["state"]) == ([[None, None, None, None]], "due")


def test_an_unknown_comparison_is_refused(shop: Book) -> None:
    code, say = shop.refusal(
        "sheet_compare", metric="units", items=[A], marketplace="DE", period="MTD", versus="mars"
    )
    assert (code, "Known: previous, week_ago" in say) == ("bad_argument", True)


# --- the most and the least -----------------------------------------------------------------------------------------


def top(shop: Book, **more: object) -> list[list[Any]]:
    question = {"marketplace": "DE", "metric": "units", "period": "Last 7 days", **more}
    rows: list[list[Any]] = shop.data("sheet_top", **question)["rows"]
    return rows


def test_products_are_ranked_with_their_titles_beside_the_week_before(shop: Book) -> None:
    data = shop.data("sheet_top", marketplace="DE", metric="units", period="Last 7 days")
    assert data["header"] == ["asin", "title", "sku", "units", "before", "change", "change ratio"]
    assert data["rows"] == [
        [A, "Mug", "mug-1", 140, 70, 70, 1.0], [B, "Cup", "cup", 7, 35, -28, -0.8], [C, None, None, 0, 0, 0, None],
    ]  # fmt: skip


def test_a_ranking_can_be_of_the_least_of_movers_and_of_parents(shop: Book) -> None:
    assert [row[0] for row in top(shop, direction="least")] == [C, B, A]
    assert [row[0] for row in top(shop, direction="up")] == [A]
    assert [row[0] for row in top(shop, direction="DOWN")] == [B]
    assert [(row[0], row[3]) for row in top(shop, level="parent")] == [(PARENT, 147), ("B0PARENT0C", 0)]
    assert [row[0] for row in top(shop, n="1")] == [A]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"direction": "sideways"}, "Known: most, least, up, down"),
        ({"level": "grandparent"}, "Known: child, parent"),
        ({"n": "0"}, "a whole number from 1 to 1000"),
        ({"n": "1.5"}, "a whole number"),
        ({"period": None}, "There is no period"),
    ],
)
def test_an_unknown_ranking_is_refused(changed: dict[str, object], says: str, shop: Book) -> None:
    question = {"marketplace": "DE", "metric": "units", "period": "Last 7 days", **changed}
    code, say = shop.refusal("sheet_top", **question)
    assert (code, says in say) == ("bad_argument", True), say


# --- facts ----------------------------------------------------------------------------------------------------------


def facts(shop: Book, items: list[Any], fields: list[Any], **more: object) -> list[list[Any]]:
    rows: list[list[Any]] = shop.data("sheet_product", items=items, fields=fields, **more)["rows"]
    return rows


def test_facts_of_a_child_are_its_active_listings(shop: Book) -> None:
    wanted = ["title", "sku", "asin", "parent", "price", "status", "currency", "fulfilment", "skus"]
    rows = facts(shop, [A, None, "nobody", PARENT], wanted, marketplace="DE")
    assert rows[0] == ["Mug", "mug-1", A, PARENT, 12.5, "Active", "EUR", "FBA", "mug-1|mug-2"]
    assert rows[1] == [None] * 9
    assert rows[2] == ["not found"] * 9
    assert rows[3] == [None, None, PARENT, None, None, None, None, None, None]


def test_a_sku_has_its_own_price_and_status(shop: Book) -> None:
    assert facts(shop, ["mug-2", "mug-1"], ["sku", "asin", "price", "status"], marketplace="DE") == [
        ["mug-2", A, 9.99, "Inactive"], ["mug-1", A, 12.5, "Active"],
    ]  # fmt: skip


def test_without_a_marketplace_the_first_that_lists_it_tells(shop: Book) -> None:
    assert facts(shop, [A, "mug-uk"], ["title", "price"]) == [["Mug of Britain", 11.0], ["Mug of Britain", 11.0]]
    assert facts(shop, [A], ["title"], marketplace="DE") == [["Mug"]]


def test_a_category_is_what_the_users_products_have(shop: Book) -> None:
    shop.database.execute(
        "INSERT INTO products (parent_asin, title, category) VALUES (%s, 'Drinking', 'Kitchen')", (PARENT,)
    )
    assert facts(shop, [A, PARENT, C], ["category", "title"], marketplace="DE") == [
        ["Kitchen", "Mug"], ["Kitchen", "Drinking"], [None, None],
    ]  # fmt: skip
    shop.database.execute("DROP TABLE product_variants, products; CREATE TABLE products (sku text)")
    assert facts(shop, [A], ["category", "title"], marketplace="DE") == [[None, "Mug"]]


def test_an_unknown_field_is_refused(shop: Book) -> None:
    code, say = shop.refusal("sheet_product", items=[A], fields=["colour"])
    assert (code, 'A field cannot be "colour". Known: title, parent, sku' in say) == ("bad_argument", True)
    assert shop.refusal("sheet_product", items=[A], fields=[])[0] == "bad_argument"


# --- rates ----------------------------------------------------------------------------------------------------------


def test_a_rate_is_the_days_or_the_last_one_before(shop: Book) -> None:
    shop.rate("USD", date(2026, 11, 20), "1.25")
    shop.rate("AED", date(2026, 11, 20), "4.590625")
    assert shop.data("sheet_fx", source="EUR", target="USD", date="2026-11-22") == {
        "rate": 1.25,
        "date": "2026-11-20",
    }
    assert shop.data("sheet_fx", source="usd", target="AED") == {"rate": 3.6725, "date": "2026-11-20"}
    assert shop.data("sheet_fx", source="USD", target="USD", date="2026-11-19")["rate"] == 1
    code, say = shop.refusal("sheet_fx", source="USD", target="EUR", date="2026-11-19")
    assert (code, say.startswith("no data yet: no rate of USD and EUR on 2026-11-19")) == ("no_data_yet", True)
    assert shop.refusal("sheet_fx", source="USD", target="EUR", date="2026-12-01")[0] == "no_data_yet"
    assert shop.refusal("sheet_fx", source="USD")[0] == "bad_argument"
    assert shop.refusal("sheet_fx", source="USD", target="dollars")[0] == "bad_argument"


# --- how complete, and what is wrong --------------------------------------------------------------------------------


def test_the_status_says_how_complete_a_marketplace_is(shop: Book) -> None:
    shop.line("DE", CLOSED - 3 * DAY, "differs")
    shop.database.execute("DELETE FROM sp_slices WHERE first_day = %s", (CLOSED - 10 * DAY,))
    for day in (CLOSED - DAY, CLOSED - DAY, CLOSED - 2 * DAY):
        shop.database.execute(
            "INSERT INTO sp_restatements (dataset, scope, first_day, restated_at, pull_id, rows_added, rows_changed,"
            " rows_withdrawn) VALUES ('sales_and_traffic', 'marketplace:DE', %s, %s, 1, 0, 1, 0)",
            (day, NOW - 3 * DAY),
        )
    data = shop.data("sheet_status", marketplaces=["DE"])
    assert data["header"][:3] == ["marketplace", "last closed day", "yesterday"]
    (row,) = data["rows"]
    assert row == [
        "DE", "2026-11-24", "preliminary", 21, 1, 1, 2, "2026-11-26T12:00:00Z",
        "complete to 2026-11-24, 1 days before it are missing; yesterday is preliminary",
    ]  # fmt: skip


def test_the_status_without_a_marketplace_is_of_those_with_data(shop: Book) -> None:
    assert [row[0] for row in shop.data("sheet_status")["rows"]] == ["DE"]
    (row,) = shop.data("sheet_status", marketplaces=["jp"])["rows"]
    assert (row[0], row[-1]) == ("JP", "no data yet")


def test_open_alerts_are_told_the_gravest_first_and_what_they_explain_is_not(shop: Book) -> None:
    for rule, subject, severity, cause, cured in (
        ("restated", "DE 2026-11-20", "note", None, None),
        ("login refused", "EU", "fault", None, None),
        ("late", "DE", "warning", "login refused/EU", None),
        ("late", "UK", "warning", None, None),
        ("late", "FR", "warning", None, NOW),
    ):
        shop.database.execute(
            "INSERT INTO sp_alerts (rule, subject, message, why, todo, severity, cause, raised_at, cured_at)"
            " VALUES (%s, %s, 'What.', 'Why.', 'Do.', %s, %s, %s, %s)",
            (rule, subject, severity, cause, NOW, cured),
        )
    data = shop.data("sheet_alerts")
    assert data["header"] == ["rule", "marketplace", "since", "what", "what to do"]
    assert [row[:2] for row in data["rows"]] == [["login refused", None], ["late", "UK"], ["restated", "DE"]]
    assert data["rows"][0][2:] == ["2026-11-26 12:00 UTC", "What. Why.", "Do."]
    assert [row[0] for row in shop.data("sheet_alerts", marketplace="DE")["rows"]] == ["restated"]
    assert [row[1] for row in shop.data("sheet_alerts", rule="Late")["rows"]] == ["UK"]


@pytest.mark.parametrize(
    ("function", "what"), [("sheet_stock", "stock"), ("sheet_cover", "stock"), ("sheet_ads", "advertising")]
)
def test_what_comes_with_a_later_dataset_says_so(function: str, what: str, shop: Book) -> None:
    assert shop.refusal(function, items=[A], marketplace="DE") == (
        "no_data_yet",
        f"no data yet: {what} is not collected.",
    )


def test_every_function_answers_at_the_hour_that_is_simulated(shop: Book) -> None:
    shop.now = datetime.fromisoformat("2027-01-15T12:00Z")
    assert shop.data("sheet_status")["rows"][0][1] == "2026-11-25", "preliminary for more than 72 hours: it counts"
