"""Running sums say what the rows say, whoever wrote them, and however far summing has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row

from chalkola.marketplaces import marketplace
from chalkola.store.connection import open_pool
from chalkola.store.summing import MONTHS_AT_ONCE, sum_up
from postgres import Server
from rest import either_pool

Database = psycopg.Connection[dict[str, Any]]
FIRST, DAYS, CODES = date(2026, 1, 25), 70, ("DE", "UK")
"""Four months, of which the first and the last are parts."""

# The same sums, from the rows alone.
FROM_ROWS: LiteralString = """
SELECT t.marketplace_id, {child} AS child_asin, t.parent_asin, sum(t.units_ordered)::numeric AS units,
  sum(t.ordered_product_sales * r.rate) AS sales, sum(t.sessions)::numeric AS sessions,
  sum(t.page_views)::numeric AS page_views, sum(t.page_views * t.buy_box_percentage / 100) AS buy_box_views,
  nullif(sum(t.page_views) FILTER (WHERE t.buy_box_percentage IS NOT NULL), 0)::numeric AS buy_box_of,
  sum(t.total_order_items)::numeric AS order_items, sum(t.mobile_app_sessions)::numeric AS mobile_sessions,
  nullif(sum(t.sessions) FILTER (WHERE t.mobile_app_sessions IS NOT NULL), 0)::numeric AS mobile_of,
  nullif(sum(t.sessions) FILTER (WHERE t.sessions_b2b IS NOT NULL), 0)::numeric AS b2b_of,
  sum(t.sessions_b2b)::numeric AS b2b_sessions, sum(t.units_refunded)::numeric AS refunds,
  nullif(sum(t.units_ordered) FILTER (WHERE t.units_refunded IS NOT NULL), 0)::numeric AS refunds_of,
  sum(t.units_ordered_b2b)::numeric AS units_b2b, sum(t.ordered_product_sales_b2b * r.rate) AS sales_b2b
FROM {rows} t JOIN sp_sheet_marketplaces() m USING (marketplace_id)
CROSS JOIN LATERAL (SELECT CASE WHEN %(target)s::text IS NULL THEN 1 ELSE (
  SELECT x.rate FROM sp_sheet_rates(ARRAY[m.currency_code], %(target)s, t.date, t.date) x) END) AS r (rate)
WHERE t.marketplace_id = ANY (%(ids)s) AND t.date BETWEEN %(first)s AND %(last)s GROUP BY 1, 2, 3
"""


@contextmanager
def emptied(server: Server, template: str) -> Iterator[Database]:
    """Give a fresh database in which there are rates for all days."""
    with (
        server.copy_of(template) as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row, prepare_threshold=None) as database,
    ):
        database.execute(
            "INSERT INTO fx_rates (date, currency_code, per_eur, source)"
            " SELECT g::date, 'GBP', 0.8 + extract(doy FROM g) / 1000, 'ecb'"
            " FROM generate_series(%s::date - 10, %s::date, interval '1 day') g WHERE extract(isodow FROM g) < 6",
            (FIRST, FIRST + timedelta(days=DAYS)),
        )
        yield database


count = st.none() | st.sampled_from([0, 0, 1, 7, 40_000])
money = st.none() | st.decimals(0, 99_999, places=2)
percent = st.none() | st.decimals(0, 120, places=2)
FIGURES = {
    "units_ordered": count, "ordered_product_sales": money, "sessions": count, "page_views": count,
    "buy_box_percentage": percent, "total_order_items": count, "mobile_app_sessions": count, "sessions_b2b": count,
    "units_refunded": count, "units_ordered_b2b": count, "ordered_product_sales_b2b": money,
}  # fmt: skip
code = st.sampled_from(CODES)
day = st.integers(0, DAYS - 1).map(lambda n: FIRST + timedelta(days=n))
span = st.tuples(day, day).map(sorted)
of_parents = st.booleans()
row = st.fixed_dictionaries(
    {"parents": of_parents, "code": code, "day": day, "child": st.sampled_from("ABC"),
     "parent": st.sampled_from(["P", "Q", None]), "figures": st.fixed_dictionaries(FIGURES)}
)  # fmt: skip
step = st.one_of(
    st.tuples(st.just("write"), st.lists(row, min_size=1, max_size=12)),
    st.tuples(st.just("delete"), of_parents, code, span),
    st.tuples(st.just("change"), of_parents, code, span, st.fixed_dictionaries(FIGURES)),
    st.tuples(st.just("move"), of_parents, code, day, day),
    st.tuples(st.just("truncate"), of_parents),
    st.tuples(st.just("sum"), st.none() | st.integers(1, 3)),
)


def table(parents: bool) -> sql.Identifier:
    return sql.Identifier("sp_daily_parent_data" if parents else "sp_daily_asin_data")


def write(database: Database, *, parents: bool, code: str, day: date, child: str, parent: str | None,
          figures: dict[str, object]) -> None:  # fmt: skip
    m = marketplace(code)
    who = {"parent_asin": parent or "R"} if parents else {"child_asin": child, "parent_asin": parent}
    values = {"date": day, "marketplace_id": m.uuid, "amazon_marketplace_id": m.amazon_id, **who, **figures}
    database.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT (date, marketplace_id, {}) DO NOTHING").format(
            table(parents), sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
            sql.Identifier("parent_asin" if parents else "child_asin"),
        ), list(values.values()),
    )  # fmt: skip


def take(database: Database, one: tuple[Any, ...]) -> None:
    """Take a step."""
    match one:
        case "write", rows:
            with database.transaction():
                for each in rows:
                    write(database, **each)
        case "delete", parents, place, (first, last):
            delete = sql.SQL("DELETE FROM {} WHERE marketplace_id = %s AND date BETWEEN %s AND %s")
            database.execute(delete.format(table(parents)), (marketplace(place).uuid, first, last))
        case "change", parents, place, (first, last), figures:
            update = sql.SQL("UPDATE {} SET ({}) = ROW ({}) WHERE marketplace_id = %s AND date BETWEEN %s AND %s")
            query = update.format(
                table(parents), sql.SQL(", ").join(map(sql.Identifier, figures)),
                sql.SQL(", ").join(sql.Placeholder() * len(figures)),
            )  # fmt: skip
            database.execute(query, (*figures.values(), marketplace(place).uuid, first, last))
        case "move", parents, place, before, after:
            moved = sql.SQL(
                "UPDATE {0} SET date = %(after)s WHERE marketplace_id = %(id)s AND date = %(before)s AND NOT EXISTS"
                " (SELECT FROM {0} WHERE marketplace_id = %(id)s AND date = %(after)s)"
            ).format(table(parents))
            database.execute(moved, {"after": after, "before": before, "id": marketplace(place).uuid})
        case "truncate", parents:
            database.execute(sql.SQL("TRUNCATE {}").format(table(parents)))
        case "sum", most:
            database.execute("SELECT * FROM sp_sum_up(%s)", (most,))


def by_product(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {(r["marketplace_id"], r["child_asin"], r["parent_asin"]): r for r in rows}


def assert_equal(database: Database, first: date, last: date, *, parents: bool, target: str | None) -> None:
    """Hold the sums of a window against the rows'."""
    values = {"ids": [marketplace(c).uuid for c in CODES], "first": first, "last": last, "target": target}
    query = sql.SQL(FROM_ROWS).format(child=sql.SQL("NULL" if parents else "t.child_asin"), rows=table(parents))
    expected = by_product(database.execute(query, values).fetchall())
    found = database.execute(
        "SELECT * FROM sp_sums(%(ids)s, %(first)s, %(last)s, %(target)s, %(parents)s)", {**values, "parents": parents}
    )
    assert by_product(found.fetchall()) == expected


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=1, max_size=14), windows=st.lists(span, min_size=1, max_size=4))
def test_the_sums_of_any_days_are_those_of_the_rows_after_whatever_was_done(
    steps: list[tuple[Any, ...]], windows: list[list[date]], server: Server, template: str
) -> None:
    with emptied(server, template) as database:
        for one in steps:
            take(database, one)
        for _ in range(2):
            for first, last in windows:
                for parents in (False, True):
                    for target in (None, "EUR"):
                        assert_equal(database, first, last, parents=parents, target=target)
            database.execute("SELECT sp_sum_up()")
        assert database.execute("SELECT FROM sp_unsummed").rowcount == 0


# --- examples -------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(database: Database) -> Database:
    """Two months of two children, summed."""
    for n in range(40):
        for child in "AB":
            write(database, parents=False, code="DE", day=FIRST + timedelta(days=n), child=child, parent="P",
                  figures={"units_ordered": n, "ordered_product_sales": Decimal("1.50")})  # fmt: skip
    assert database.execute("SELECT * FROM sp_sum_up()").fetchone() == {"summed": 3, "remaining": 0}
    return database


def units(database: Database, first: date = FIRST, last: date = FIRST + timedelta(days=DAYS)) -> Decimal:
    query = "SELECT sum(units) AS units FROM sp_sums(%s, %s, %s)"
    (row,) = database.execute(query, ([marketplace("DE").uuid], first, last)).fetchall()
    return Decimal(row["units"])


def test_summed_months_are_read_from_the_sums_and_others_from_the_rows(shop: Database) -> None:
    shop.execute("UPDATE sp_month_sums SET units = NULL WHERE month = '2026-02-01'")  # nobody does that but a test
    assert units(shop, date(2026, 2, 1), date(2026, 2, 28)) == 0
    shop.execute("UPDATE sp_daily_asin_data SET units_ordered = 1 WHERE date = '2026-02-05'")
    assert units(shop, date(2026, 2, 5), date(2026, 2, 5)) == 2


def test_what_a_writer_commits_while_its_month_is_summed_is_not_lost(shop: Database, database_url: str) -> None:
    change: LiteralString = (
        "UPDATE sp_daily_asin_data SET units_ordered = units_ordered + 100 WHERE date = '2026-02-05'"
    )
    before = units(shop)
    with psycopg.connect(database_url, prepare_threshold=None) as writer:
        writer.execute(change)
        shop.execute("UPDATE sp_daily_asin_data SET sessions = 1 WHERE date = '2026-02-06'")
        shop.execute("SELECT sp_sum_up()")  # sees the second note and not the first
        assert units(shop) == before
    assert units(shop) == before + 200
    assert shop.execute("SELECT * FROM sp_sum_up()").fetchone() == {"summed": 1, "remaining": 0}
    assert units(shop) == before + 200


def test_the_transaction_that_deletes_finds_nothing_and_leaves_no_note_when_it_is_undone(shop: Database) -> None:
    before = units(shop)
    with shop.transaction(force_rollback=True):
        shop.execute("DELETE FROM sp_daily_asin_data")
        ids = [marketplace("DE").uuid]
        assert shop.execute("SELECT FROM sp_sums(%s, '2026-01-01', '2026-12-31')", (ids,)).rowcount == 0
    assert shop.execute("SELECT FROM sp_unsummed").rowcount == 0
    assert units(shop) == before


def test_summing_refuses_a_snapshot_that_may_be_older_than_the_notes(shop: Database) -> None:
    shop.execute("SET default_transaction_isolation = 'repeatable read'")
    with pytest.raises(psycopg.errors.RaiseException, match="read committed"):
        shop.execute("SELECT sp_sum_up()")


@pytest.mark.parametrize(
    "change",
    ["ALTER TABLE sp_daily_asin_data ALTER COLUMN ordered_product_sales TYPE numeric;"
     " UPDATE sp_daily_asin_data SET ordered_product_sales = 0.00001 WHERE date = '2026-02-05'",
     "UPDATE sp_daily_asin_data SET units_ordered = 2147483647 WHERE date BETWEEN '2026-02-05' AND '2026-02-06'",
     "ALTER TABLE sp_daily_asin_data ALTER COLUMN units_ordered TYPE numeric;"
     " UPDATE sp_daily_asin_data SET units_ordered = 'Infinity' WHERE date = '2026-02-05'"],
)  # fmt: skip
def test_what_does_not_fit_into_a_sum_stays_read_from_the_rows_until_it_does(change: str, shop: Database) -> None:
    shop.execute(change.encode())
    for first, last in ((date(2026, 2, 1), date(2026, 2, 28)), (date(2026, 1, 25), date(2026, 3, 3))):
        assert_equal(shop, first, last, parents=False, target=None)
    shop.execute("SELECT sp_sum_up()")
    assert shop.execute("SELECT bool_and(too_large) AS all FROM sp_unsummed").fetchone() == {"all": True}
    assert_equal(shop, date(2026, 2, 1), date(2026, 2, 28), parents=False, target=None)
    shop.execute("DELETE FROM sp_daily_asin_data WHERE date BETWEEN '2026-02-05' AND '2026-02-06'")
    assert shop.execute("SELECT * FROM sp_sum_up()").fetchone() == {"summed": 1, "remaining": 0}
    assert shop.execute("SELECT FROM sp_unsummed").rowcount == 0


def test_money_in_another_currency_is_not_known_where_a_rate_is_lacking(shop: Database) -> None:
    query = "SELECT sales, units FROM sp_sums(%s, '2026-01-25', '2026-01-27', 'USD') WHERE child_asin = 'A'"
    assert shop.execute(query, ([marketplace("DE").uuid],)).fetchone() == {"sales": None, "units": Decimal(3)}


def test_a_table_in_parts_is_read_from_its_rows_for_somebody_may_write_past_its_triggers(shop: Database) -> None:
    shop.execute("CREATE TABLE part_of_mine () INHERITS (sp_daily_asin_data)")
    shop.execute("DELETE FROM sp_daily_asin_data WHERE date = '2026-02-05'")
    assert shop.execute("SELECT summed FROM sp_sum_up()").fetchone() == {"summed": 0}


def test_whoever_may_write_rows_needs_no_right_to_the_notes(shop: Database) -> None:
    name = f"somebody_{uuid4().hex}"
    shop.execute(
        f"CREATE ROLE {name}; GRANT USAGE ON SCHEMA public TO {name};"
        f" GRANT SELECT, UPDATE ON sp_daily_asin_data TO {name};"
        " ALTER TABLE sp_daily_asin_data DISABLE ROW LEVEL SECURITY".encode()
    )
    try:
        with shop.transaction():
            shop.execute(f"SET LOCAL ROLE {name}".encode())
            shop.execute("UPDATE sp_daily_asin_data SET units_ordered = 1 WHERE date = '2026-02-05'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), shop.transaction():
                shop.execute("SELECT * FROM sp_unsummed")
        assert shop.execute("SELECT FROM sp_unsummed").rowcount == 1
    finally:
        shop.execute(f"DROP OWNED BY {name}; DROP ROLE {name}".encode())


def test_a_session_that_has_switched_triggers_off_is_noted_all_the_same(shop: Database) -> None:
    shop.execute("SET session_replication_role = replica")
    shop.execute("DELETE FROM sp_daily_asin_data WHERE date = '2026-02-05'")
    assert shop.execute("SELECT FROM sp_unsummed").rowcount == 1


@pytest.mark.parametrize("way", ["direct", "rest"])
async def test_all_that_is_noted_is_summed_a_few_months_a_call_whichever_way_leads_there(
    way: str, database: Database, database_url: str
) -> None:
    for n in range(MONTHS_AT_ONCE + 2):
        write(database, parents=False, code="DE", day=FIRST + timedelta(days=31 * n), child="A", parent=None,
              figures={"units_ordered": 1})  # fmt: skip
    async with either_pool(database_url, way) as pool:
        assert await sum_up(pool) == MONTHS_AT_ONCE + 2
        assert await sum_up(pool) == 0
    assert database.execute("SELECT FROM sp_unsummed").rowcount == 0
    assert units(database, FIRST, date(2027, 1, 1)) == MONTHS_AT_ONCE + 2


async def test_a_database_that_cannot_sum_is_no_fault_of_a_run(
    shop: Database, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.execute("UPDATE sp_daily_asin_data SET units_ordered = 1 WHERE date = '2026-02-05'")
    shop.execute("ALTER TABLE sp_month_sums RENAME TO sp_month_sums_gone")
    async with open_pool(database_url) as pool:
        assert await sum_up(pool) == 0
    assert "from the rows" in caplog.text
