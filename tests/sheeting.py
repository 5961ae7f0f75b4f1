"""What sheets ask, and rows for it: a database that is written by hand, at an hour that stands still."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from chalkola.marketplaces import marketplace

Database = psycopg.Connection[dict[str, Any]]

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
"""A Thursday. In Germany the 24th has settled, yesterday (the 25th) has not."""
CLOSED = date(2026, 11, 24)
YESTERDAY = date(2026, 11, 25)
DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Book:
    """A workbook with a token, and the hand that writes into the database what it asks for."""

    database: Database
    token: str
    now: datetime = NOW

    def ask(self, function: str, **arguments: object) -> dict[str, Any]:
        """Return the whole answer of a function. Lists go as JSON."""
        values = {"token": self.token, **{n: Jsonb(v) if isinstance(v, list) else v for n, v in arguments.items()}}
        named = sql.SQL(", ").join(
            sql.SQL("{} => {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values
        )
        with self.database.transaction():
            self.database.execute("SELECT set_config('chalkola.now', %s, true)", (self.now.isoformat(),))
            query = sql.SQL("SELECT {}({}) AS answer").format(sql.Identifier(function), named)
            row = self.database.execute(query, values).fetchone()
        assert row is not None
        answer: dict[str, Any] = row["answer"]
        return answer

    def data(self, function: str, **arguments: object) -> dict[str, Any]:
        """Return an answer's data."""
        answer = self.ask(function, **arguments)
        assert answer["ok"] is True, answer
        data: dict[str, Any] = answer["data"]
        return data

    def values(
        self, metric: str, items: list[Any], places: list[Any], periods: list[Any], **more: object
    ) -> list[Any]:
        """Return the rows of a grid."""
        data = self.data("sheet_values", metric=metric, items=items, marketplaces=places, periods=periods, **more)
        rows: list[Any] = data["rows"]
        return rows

    def refusal(self, function: str, **arguments: object) -> tuple[str, str]:
        """Return the code and the sentence of an answer that is a refusal."""
        answer = self.ask(function, **arguments)
        assert answer["ok"] is False, answer
        return answer["code"], answer["say"]

    # --- writing -------------------------------------------------------------------------------------------------

    def line(
        self, code: str, day: date, state: str = "proven", *, dataset: str = "sales_and_traffic", rows: int | None = 1
    ) -> None:
        """Write a day's line in the ledger."""
        self.database.execute(
            "INSERT INTO sp_slices (dataset, scope, first_day, state, row_count, loaded_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (dataset, scope, first_day) DO UPDATE SET state = excluded.state,"
            " row_count = excluded.row_count, loaded_at = excluded.loaded_at",
            (dataset, marketplace(code).scope, day, state, rows, self.now),
        )  # fmt: skip

    def lines(self, code: str, first: date, last: date, state: str = "proven", **more: Any) -> None:
        """Write the lines of several days, both ends included."""
        for day in days(first, last):
            self.line(code, day, state, **more)

    def row(self, code: str, day: date, asin: str, parent: str | None = "B0PARENT00", **figures: object) -> None:
        """Write a child's row. What is not given is what the user's own table has as its default."""
        self._insert("sp_daily_asin_data", code, day, child_asin=asin, parent_asin=parent, **figures)

    def parent_row(self, code: str, day: date, parent: str, **figures: object) -> None:
        """Write a parent's row."""
        self._insert("sp_daily_parent_data", code, day, parent_asin=parent, **figures)

    def total(self, code: str, day: date, **figures: object) -> None:
        """Write a day's total."""
        self._insert("sp_daily_totals", code, day, **figures)

    def listing(self, code: str, sku: str, asin: str | None, **facts: object) -> None:
        """Write a listing."""
        m = marketplace(code)
        values = {"marketplace_id": m.uuid, "amazon_marketplace_id": m.amazon_id, "sku": sku, "asin": asin, **facts}
        self._write("sp_listings", values)

    def rate(self, currency: str, day: date, per_eur: object) -> None:
        """Write a reference rate."""
        self._write("fx_rates", {"date": day, "currency_code": currency, "per_eur": per_eur, "source": "ecb"})

    def _insert(self, table: str, code: str, day: date, **values: object) -> None:
        m = marketplace(code)
        fixed = {"date": day, "marketplace_id": m.uuid, "amazon_marketplace_id": m.amazon_id}
        self._write(table, {**fixed, "currency_code": m.currency, **values})

    def _write(self, table: str, values: dict[str, object]) -> None:
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )  # fmt: skip
        self.database.execute(query, list(values.values()))


def opened(database: Database) -> Book:
    """Return a workbook with a token of its own, which may call as often as it likes."""
    row = database.execute("SELECT sp_new_sheet_token('test') AS token").fetchone()
    assert row is not None
    database.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 1000000, burst = 1000000")
    return Book(database=database, token=row["token"])


def days(first: date, last: date) -> Iterable[date]:
    """Yield the days from `first` to `last`."""
    return (first + n * DAY for n in range((last - first).days + 1))
