"""Units and sales per day, without traffic: the Sales API, v1. The cheapest totals there are, nearly in real time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from chalkola.amazon.rejections import found
from chalkola.amazon.transport import Transport
from chalkola.errors import Refusal
from chalkola.settings import Account

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class DayMetrics:
    """What was ordered on one day of a marketplace, by all buyers; `sales` is in `currency`."""

    day: date
    units: int
    order_items: int
    orders: int
    sales: Decimal
    currency: str


class _Money(msgspec.Struct, rename="camel"):
    amount: Decimal
    currency_code: str


class _Metrics(msgspec.Struct, rename="camel"):
    interval: str
    unit_count: int
    order_item_count: int
    order_count: int
    total_sales: _Money


class _Answer(msgspec.Struct):
    payload: list[_Metrics]


async def order_metrics(
    transport: Transport, account: Account, marketplace_id: str, first: date, last: date, zone: ZoneInfo
) -> tuple[DayMetrics, ...]:
    """Return the orders of each day from `first` to `last`, both included, oldest first; empty for none.

    Days begin and end in `zone`; Amazon goes back two years. Raises what every call raises: `Setback`, `Refusal`,
    `SourceClosed` and `LoginFault`.
    """
    query = {
        "marketplaceIds": marketplace_id,
        "interval": interval(first, last, zone),
        "granularity": "Day",
        "granularityTimeZone": zone.key,
    }
    reply = found(await transport.call(account, "getOrderMetrics", query=query))
    days = (_day_metrics(metrics, zone) for metrics in reply.json(_Answer).payload)
    return tuple(sorted(days, key=lambda metrics: metrics.day))


def interval(first: date, last: date, zone: ZoneInfo) -> str:
    """Return two instants, the second exclusive, each with the offset that `zone` has on its own date: Amazon
    refuses an offset that is not the zone's."""
    return f"{_begins(first, zone).isoformat()}--{_begins(last + _ONE_DAY, zone).isoformat()}"


def _begins(day: date, zone: ZoneInfo) -> datetime:
    """Return a day's first instant. Through UTC, so that a midnight that is skipped becomes the hour after it."""
    return datetime.combine(day, time(), zone).astimezone(UTC).astimezone(zone)


def _day_metrics(metrics: _Metrics, zone: ZoneInfo) -> DayMetrics:
    return DayMetrics(
        day=_day(metrics.interval, zone),
        units=metrics.unit_count,
        order_items=metrics.order_item_count,
        orders=metrics.order_count,
        sales=metrics.total_sales.amount,
        currency=metrics.total_sales.currency_code,
    )


def _day(interval: str, zone: ZoneInfo) -> date:
    """Return the day in `zone` that an interval of Amazon's begins, whatever offset it is written with."""
    start, _, _ = interval.partition("--")
    try:
        moment = datetime.fromisoformat(start)
        return (moment.astimezone(zone) if moment.tzinfo else moment).date()
    except ValueError as error:
        why = f"It names the interval {interval!r}."
        raise Refusal("Amazon's answer to getOrderMetrics cannot be read.", why=why) from error
