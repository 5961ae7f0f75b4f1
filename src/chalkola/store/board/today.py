"""The first page: the last closed day, yesterday, the month to date, a line of days, and who moved."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

from chalkola.periods import ONE_DAY, days
from chalkola.store.board import windows
from chalkola.store.board.asking import looking
from chalkola.store.board.daily import Days, no_rate, read_days
from chalkola.store.board.definitions import BY_KEY, HEADLINE, METRICS
from chalkola.store.board.freshness import count_open_alerts, read_freshness
from chalkola.store.board.moving import read_moved
from chalkola.store.board.shapes import VERSUS, Panel, Scope, Span, Tile, Today, TrendDay, Versus
from chalkola.store.board.spans import Framed, read_frames, understood
from chalkola.store.board.splitting import split
from chalkola.store.connection import Pool

MoversOf = Literal["last_day", "month"]
_Key = Literal["last_day", "yesterday", "month"]
_PERIODS: Mapping[_Key, str] = {
    "last_day": "Last day", "yesterday": "Yesterday", "month": "MTD"
}  # fmt: skip
_WEEKDAYS_BACK = {"week_ago": 7, "year_ago": 364}  # the same weekday; a year ago to the day would be another one


async def today(
    pool: Pool,
    now: datetime,
    scope: Scope,
    *,
    versus: Versus = "week_ago",
    movers_of: MoversOf = "last_day",
    trend_days: int = 60,
    most: int = 8,
) -> Today:
    """Return the first page. `versus`: what the line and the movers are held against; `most`: movers up, and down.

    The line's days are held against the same weekdays a week before, a year (364 days) before, or the days before
    the line. Raises `NotUnderstood`, `TooSlow` and `DatabaseGone`.
    """
    async with looking(pool) as look:
        scope = await understood(look, scope)
        framed = dict(zip(_PERIODS, await read_frames(look, scope, [*_PERIODS.values()], VERSUS, now), strict=True))
        line = _line(framed, trend_days)
        back = timedelta(_WEEKDAYS_BACK.get(versus, trend_days))
        spans = [frame.span for one in framed.values() for frame in (one.now, *one.then.values())]
        wanted = {day for span in spans for day in span.days()} | set(line) | {day - back for day in line}
        figures = await read_days(look, scope, framed["last_day"].now.members, wanted)
        of = framed[movers_of]
        moved = await read_moved(look, scope, of.now, of.then[versus], most)
        fresh, places = await read_freshness(look, scope, now)
        alerts = await count_open_alerts(look)
    currency = scope.currency or ""
    return Today(
        scope=scope, currency=currency, versus=versus, movers_of=movers_of,
        panels=tuple(_panel(key, one, figures, currency) for key, one in framed.items()),
        trend=tuple(_trend_day(day, day - back, figures, framed) for day in line),
        up=moved.up, down=moved.down, movers_absent=moved.absent,
        split=split(figures.of(of.now.span), figures.of(of.then[versus].span)),
        freshness=fresh, open_alerts=alerts, places=places,
    )  # fmt: skip


def _line(framed: Mapping[_Key, Framed], length: int) -> list[date]:
    """Return the days of the line: up to yesterday where that is known, else to the last closed day."""
    last, yesterday = framed["last_day"].now.span, framed["yesterday"].now.span
    end = yesterday.last if yesterday.state == "preliminary" else last.last
    return list(days(end - (length - 1) * ONE_DAY, end)) if end else []


def _panel(key: _Key, framed: Framed, figures: Days, currency: str) -> Panel:
    span, then = framed.now.span, {name: frame.span for name, frame in framed.then.items()}
    return Panel(
        key=key, span=span, then=then, tiles=tuple(_tile(one, span, then, figures, currency) for one in HEADLINE)
    )


def _tile(key: str, span: Span, then: Mapping[Versus, Span], figures: Days, currency: str) -> Tile:
    metric = BY_KEY[key]
    value = windows.value_of(metric, figures.of(span))
    beside = {
        name: windows.compared(value, windows.value_of(metric, figures.of(other))) for name, other in then.items()
    }
    return Tile(metric=key, value=value, absent=_why(key, value is None, span, figures, currency), versus=beside)


def _why(key: str, is_absent: bool, span: Span, figures: Days, currency: str) -> str | None:
    if not is_absent:
        return None
    if not span.has_figures:
        return span.say or "no data of these days"
    lacking = figures.lacking(span) if key == "sales" else None
    return no_rate(lacking, currency) if lacking else "Amazon has not said it of these days"


def _trend_day(day: date, then_day: date, figures: Days, framed: Mapping[_Key, Framed]) -> TrendDay:
    closed = framed["last_day"].now.span.last
    keys = [one.key for one in METRICS]
    return TrendDay(
        day=day, state="closed" if closed and day <= closed else "preliminary", then_day=then_day,
        values=windows.values_of(keys, figures.at(day)), then=windows.values_of(keys, figures.at(then_day)),
    )  # fmt: skip
