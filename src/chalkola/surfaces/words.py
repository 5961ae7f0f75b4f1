"""Figures in words: short, plain, and with their unit."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from chalkola.marketplaces import MARKETPLACES, Place, by_scope
from chalkola.settings import PUBLIC

_UNITS = ((1e3, "kB"), (1e6, "MB"), (1e9, "GB"))
_DECIMALS = {m.currency: m.decimals for m in MARKETPLACES}


def instant(at: datetime) -> str:
    """Return an instant of Amazon's time to the minute: `2026-11-20 02:00 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def second(at: datetime) -> str:
    """Return an instant of Amazon's time to the second: `2026-11-20 02:00:33 UTC`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def days(first: date, last: date) -> str:
    """Return a span of days: `2026-11-18`, `2026-11-04 to 2026-11-18`."""
    return str(last) if first == last else f"{first} to {last}"


def span(length: timedelta) -> str:
    """Return a length of time in its two largest units: `2 h 45 min`, `45 s`, `0 s` for none and less."""
    seconds = max(0, round(length.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds % 86400 // 3600, seconds % 3600 // 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def about(length: timedelta) -> str:
    """Return a length of time for an estimate, to the minute: `2 h 45 min`, `less than a minute`."""
    if length < timedelta(minutes=1):
        return "less than a minute"
    return span(timedelta(minutes=round(length.total_seconds() / 60))).removesuffix(" 0 s")


def kept_for(time: timedelta | None) -> str:
    """Return for how long something is kept: `kept for 90 days`; None: for ever."""
    return "kept for ever" if time is None else f"kept for {count(time.days, 'day')}"


def size(byte_count: int) -> str:
    """Return an amount of bytes: `812 bytes`, `1.2 MB`."""
    if byte_count < 1000:
        return f"{byte_count} bytes"
    unit, name = next((row for row in _UNITS if byte_count < row[0] * 999.5), _UNITS[-1])
    value = byte_count / unit
    return f"{value:.0f} {name}" if value >= 100 else f"{value:.1f} {name}"


def count(number: int, what: str, many: str = "") -> str:
    """Return `1 report`, `1,064 reports`."""
    return f"{number:,} {what if number == 1 else many or what + 's'}"


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with as many decimals as its currency has: `1,234.50 EUR`, `1,234 JPY`."""
    return f"{amount:,.{_DECIMALS.get(currency, 2)}f} {currency}"


def of_scope(scope: str) -> str:
    """Return how a scope reads on screen: a marketplace's code, another scope as it is."""
    m = by_scope(scope)
    return m.code if m is not None else scope


def of_fault(name: str) -> str:
    """Return whose a run's fault is: `Marketplace FR`, `Account EU`, `Account EU sales_and_traffic.report`; of what
    needs no account the source alone."""
    m = by_scope(name)
    account, _, source = name.partition(" ")
    if account == PUBLIC.key:
        return source or "What needs no account"
    return f"Marketplace {m.code}" if m is not None else f"Account {name}"


def to_account(account: str) -> str:
    """Return ` to account EU`; nothing for what needs no account."""
    return "" if account == PUBLIC.key else f" to account {account}"


def of_account(account: str) -> str:
    """Return ` of account EU`; nothing for what needs no account."""
    return "" if account == PUBLIC.key else f" of account {account}"


def scopes(found: Iterable[str]) -> str:
    """Return how scopes read on screen, each once and in the usual order: `US CA MX`."""
    order = {m.scope: place for place, m in enumerate(MARKETPLACES)}
    return " ".join(map(of_scope, sorted(set(found), key=lambda scope: (order.get(scope, len(order)), scope))))


def listed(found: Sequence[Place]) -> str:
    """Return marketplaces by their codes: `US DE JP`."""
    return " ".join(m.code for m in found)
