"""Where the slices of a batch lie in its table: how its rows are found there, and how they begin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from psycopg import sql

from chalkola.datasets.model import Batch, Slice, Table
from chalkola.marketplaces import Marketplace, Place, place_of

TYPES: Mapping[str, str] = {"date": "date", "marketplace_id": "uuid", "amazon_marketplace_id": "text"}
"""Of the columns that tell a row's slice."""


@dataclass(frozen=True, kw_only=True)
class Placing:
    """The slices of a batch, by their numbers, each with its place."""

    table: Table
    slices: tuple[tuple[Slice, Place], ...]

    @staticmethod
    def of(batch: Batch) -> "Placing":
        """Return where a batch's slices lie; those of a place that is none of ours are left out."""
        found = ((s, place_of(s.scope)) for s in batch.counts)
        return Placing(table=batch.table, slices=tuple((s, place) for s, place in found if place is not None))

    def key(self, number: int) -> bytes:
        """Return what tells a slice from others in the table, as CSV has it."""
        return ",".join(map(str, self._values(number, self.table.slice_key))).encode()

    def start(self, number: int, *, fixed: bool) -> str:
        """Return how a row of a slice begins, with a comma at its end; `fixed`: with what is no part of its key."""
        names = self.table.placed_by if fixed else self.table.slice_key
        return "".join(f'"{value}",' for value in self._values(number, names))

    def within(self, numbers: Iterable[int]) -> sql.Composable:
        """Return the condition that the rows of these slices meet, and perhaps some others."""
        chosen = [self.slices[n] for n in numbers]
        days = sorted({s.day for s, _ in chosen})
        ids = list({place.uuid for _, place in chosen if isinstance(place, Marketplace)})
        wanted: dict[str, list[date] | list[UUID]] = {"date": days, "marketplace_id": ids}
        parts = [
            sql.SQL("t.{} = ANY ({})").format(sql.Identifier(name), sql.Literal(wanted[name]))
            for name in self.table.slice_key
        ]
        return sql.SQL(" AND ").join(parts)

    def _values(self, number: int, names: Iterable[str]) -> list[object]:
        s, place = self.slices[number]
        values: dict[str, object] = {"date": s.day}
        if isinstance(place, Marketplace):
            values |= {"marketplace_id": place.uuid, "amazon_marketplace_id": place.amazon_id}
        return [values[name] for name in names]
