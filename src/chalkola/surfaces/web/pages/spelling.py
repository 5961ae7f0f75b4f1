"""How figures, days and changes are spelt on pages. Pure. What is not there is a dash, never a 0."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from chalkola.marketplaces import MARKETPLACES
from chalkola.store.board.definitions import Definition
from chalkola.store.board.shapes import Cell, Compared, Span

NOTHING = "–"
_SHORT_FROM = 1_000  # money is spelt without its cents from here on, where it is to be short
_DECIMALS = {one.currency: one.decimals for one in MARKETPLACES}
_ORDER = {one.code: place for place, one in enumerate(MARKETPLACES, 1)}
_NAMES = {one.code: one.name for one in MARKETPLACES}

_CURRENCIES = {one.code: one.currency for one in MARKETPLACES}
_PERIOD_NAMES = {
    "Last day": "Last closed day", "MTD": "Month to date", "QTD": "Quarter to date", "YTD": "Year to date",
    "CUSTOM": "From … to …",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change as it is shown. `tone`: whether that is good; `flat` is spelt like no change at all."""

    text: str
    way: Literal["up", "down", "flat", "none"]
    tone: Literal["good", "bad", "neutral"]

    @property
    def arrow(self) -> str:
        """Return a sign for the eye; the words say the same."""
        return {"up": "▲", "down": "▼", "flat": "=", "none": ""}[self.way]


def figure(metric: Definition, value: Decimal | int | None, currency: str, *, short: bool = False) -> str:
    """Return a metric's value without its currency: `1,871`, `57,249.29`, `9.98%`; `short`: enough for a glance."""
    if value is None:
        return NOTHING
    if metric.unit == "share":
        return f"{_rounded(value * 100, 1 if short else 2)}%"
    if metric.unit == "money":
        return money(value, currency, short=short)
    return f"{_rounded(value, 0):,}"


def money(value: Decimal | int, currency: str, *, short: bool = False, signed: bool = False) -> str:
    """Return an amount without its currency's name, with as many decimals as the currency has."""
    decimals = 0 if short and abs(Decimal(value)) >= _SHORT_FROM else _DECIMALS.get(currency, 2)
    return _with_sign(_rounded(value, decimals), signed=signed)


def change(metric: Definition, by: Compared | Cell | None) -> Change:
    """Return how a metric changed: in percent, a share in points; without an old value there is none to tell."""
    if by is None or by.change is None:
        return Change(text=NOTHING, way="none", tone="neutral")
    if metric.unit == "share":
        amount, unit = _rounded(by.change * 100, 1), " pp"
    elif by.ratio is None:
        return Change(text="new" if by.change > 0 else NOTHING, way="none", tone="neutral")
    else:
        amount, unit = _rounded(by.ratio * 100, 1), "%"
        amount = _rounded(amount, 0) if abs(amount) >= 100 else amount
    if amount == 0:
        return Change(text=f"0{unit}", way="flat", tone="neutral")
    is_up = amount > 0
    tone: Literal["good", "bad", "neutral"] = "good" if is_up == (metric.more_is == "good") else "bad"
    return Change(
        text=_with_sign(amount, signed=True) + unit, way="up" if is_up else "down",
        tone="neutral" if metric.more_is == "neither" else tone,
    )  # fmt: skip


def percent(ratio: Decimal | None) -> str:
    """Return a change as a fraction of what was, in percent."""
    if ratio is None:
        return NOTHING
    amount = ratio * 100
    return f"{_with_sign(_rounded(amount, 0 if abs(amount) >= 100 else 1), signed=True)}%"


def day(one: date, *, beside: date | None = None) -> str:
    """Return a day for the eye: `Tue 24 Nov`; with its year where that is not `beside`'s."""
    year = "" if beside is not None and one.year == beside.year else f" {one.year}"
    return f"{one:%a} {one.day} {one:%b}{year}"


def days(span: Span, *, beside: date | None = None) -> str:
    """Return the days of a period: `Tue 24 Nov`, `1–24 Nov`, `25 Oct – 23 Nov 2026`. A dash where there are none."""
    first, last = span.first, span.last
    if first is None or last is None or last < first:
        return NOTHING
    if first == last:
        return day(first, beside=beside)
    year = "" if beside is not None and last.year == beside.year else f" {last.year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b}{year}"
    first_year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day} {first:%b}{first_year} – {last.day} {last:%b}{year}"


def short_days(span: Span, today: date) -> str:
    """Return the days of a period as a label has room for them: `16 Nov`, `1–23 Oct`, `23 Nov ’25`, `from 25 Oct`."""
    first, last = span.first, span.last
    if first is None or last is None or last < first:
        return NOTHING
    year = "" if first.year == today.year else f" ’{first:%y}"
    if first == last:
        return f"{last.day} {last:%b}{year}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b}{year}"
    return f"from {first.day} {first:%b}{year}"


def instant(at: datetime | None) -> str:
    """Return an instant: `24 Nov, 04:02 UTC`."""
    return NOTHING if at is None else f"{at.day} {at:%b, %H:%M} UTC"


def place_name(code: str) -> str:
    """Return what a marketplace is called."""
    return "All marketplaces" if code == "ALL" else _NAMES.get(code, code)


def currency_of(code: str) -> str:
    """Return a marketplace's own currency."""
    return _CURRENCIES.get(code, "")


def period_name(period: str) -> str:
    """Return what a period is called where it is chosen."""
    return _PERIOD_NAMES.get(period, period)


def colour(code: str) -> int:
    """Return the number of a marketplace's colour, the same on every page: 1 to 12."""
    return _ORDER.get(code, 1)


def sparkline(values: Collection[Decimal | None], width: int = 96, height: int = 24) -> tuple[str, ...]:
    """Return the lines of a small chart as `points` of polylines in a box of this size. A day without a value is a
    gap, and one that stands alone a short line."""
    known = [value for value in values if value is not None]
    if not known:
        return ()
    low, high = min(*known, Decimal(0)), max(known)
    reach, step = (high - low) or Decimal(1), (width - 2) / max(1, len(values) - 1)
    lines: list[list[tuple[float, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            lines.append([])
        else:
            lines[-1].append((1 + place * step, 1 + (height - 2) * float(1 - (value - low) / reach)))
    return tuple(_points(line) for line in lines if line)


def _points(line: list[tuple[float, float]]) -> str:
    if len(line) == 1:
        (x, y) = line[0]
        line = [(max(0, x - 1), y), (x + 1, y)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in line)


def _rounded(value: Decimal | int, decimals: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0  # a negative nothing is nothing


def _with_sign(amount: Decimal, *, signed: bool) -> str:
    sign = "−" if amount < 0 else "+" if signed and amount > 0 else ""
    return f"{sign}{abs(amount):,}"
