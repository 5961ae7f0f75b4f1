"""Sums of days in one marketplace, as whole numbers: what charts draw and exact figures are made from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TypeVar, cast

from chalkola.store.board.windows import Line, Sums

T = TypeVar("T")
FINE = ("sales", "buy_box_views")
"""What is counted in ten-thousandths."""
_FINEST = Decimal("0.0001")


@dataclass(frozen=True, kw_only=True)
class DayLines:
    """Sums of days in a row, by column (`windows.SUMS`): None where one is not known. `sums` has those of `FINE` in
    ten-thousandths and money in the marketplace's currency; `rates` has what one unit of that is in the currency in
    which it is shown, None where there is no rate."""

    sums: Mapping[str, Line]
    rates: Sequence[Decimal | None]

    @cached_property
    def exact(self) -> Mapping[str, Line]:
        """Return the sums as they are, with money in the currency in which it is shown."""
        return {
            **self.sums,
            "buy_box_views": [None if value is None else value * _FINEST for value in self.sums["buy_box_views"]],
            "sales": [
                None if value is None or rate is None else value * rate * _FINEST
                for value, rate in zip(self.sums["sales"], self.rates, strict=True)
            ],
        }

    def sums_of_all(self) -> Sums:
        """Return the sums over all days, as `exact` has them; None where no day has any."""
        priced = [
            None if value is None or rate is None else value * rate
            for value, rate in zip(self.sums["sales"], self.rates, strict=True)
        ]
        sums = {name: _sum(priced if name == "sales" else line) for name, line in self.sums.items()}
        for name in FINE:
            if (value := sums[name]) is not None:
                sums[name] = value * _FINEST
        return sums

    def drawn(self, name: str) -> Sequence[float | None]:
        """Return a column near enough to be drawn: whole numbers where it is of them, money to the hundredth."""
        line = cast(Sequence[int | None], self.sums[name])
        if name == "sales":
            rates = [None if rate is None else float(rate) / 10_000 for rate in self.rates]
            pairs = zip(line, rates, strict=True)
            return [None if value is None or rate is None else round(float(value) * rate, 2) for value, rate in pairs]
        if name in FINE:
            return [None if value is None else float(value) / 10_000 for value in line]
        return line

    def cut(self, begin: int, end: int) -> "DayLines":
        """Return the days from place `begin` to before `end`, which may lie outside: nothing is known there."""
        sums: dict[str, Line] = {name: _cut(line, begin, end) for name, line in self.sums.items()}
        return DayLines(sums=sums, rates=_cut(self.rates, begin, end))


def _sum(line: Line) -> Decimal | int | None:
    known = [value for value in line if value is not None]
    return sum(known) if known else None


def _cut(line: Sequence[T | None], begin: int, end: int) -> list[T | None]:
    if begin >= 0 and end <= len(line):
        return [*line[begin:end]]
    before, after = min(end, 0) - min(begin, 0), max(end, len(line)) - max(begin, len(line))
    return [*[None] * before, *line[max(0, begin) : max(0, end)], *[None] * after]
