"""A slice as the ledger knows it, a line of `sp_slices`. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, LiteralString

from chalkola.datasets.model import Slice, SliceState, Sums

Manner = Literal["alone", "complete"]
"""How a slice is to be asked for next time: `alone`, one marketplace and day in a question; or in a `complete` way,
for all its ASINs."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What the ledger knows of a slice."""

    slice: Slice
    state: SliceState
    source: str | None
    asked_at: datetime | None
    loaded_at: datetime | None
    row_count: int | None
    checksum: str | None
    sums: Sums | None
    residual: Sums | None
    attempts: int
    next_at: datetime | None
    reason: str | None
    ask: Manner | None = None
    residual_since: datetime | None = None


LINE: LiteralString = (
    "s.dataset, s.scope, s.first_day, s.state, s.source, s.asked_at, s.loaded_at, s.row_count, s.checksum, s.sums,"
    " s.residual, s.attempts, s.next_at, s.reason, s.ask, s.residual_since"
)


def line_of(row: tuple[Any, ...]) -> Line:
    """Return the line in a row of `sp_slices`, its columns in the order of `LINE`."""
    dataset, scope, day, state, source, asked_at, loaded_at, row_count, checksum, sums, residual, *rest = row
    return Line(
        slice=Slice(dataset=dataset, scope=scope, day=day),
        state=SliceState(state),
        source=source,
        asked_at=asked_at,
        loaded_at=loaded_at,
        row_count=row_count,
        checksum=checksum,
        sums=_sums(sums),
        residual=_sums(residual),
        attempts=rest[0],
        next_at=rest[1],
        reason=rest[2],
        ask=rest[3],
        residual_since=rest[4],
    )


def _sums(stored: dict[str, Any] | None) -> Sums | None:
    if stored is None:
        return None
    return Sums(**{**stored, "sales": Decimal(str(stored["sales"]))})
