"""Which periods a dataset has, each known by its first day, and from when on one can be asked for. Pure.

EveryDay      a day, once its figures have settled
EachWeek      a list as it is in a week, asked for while that week lasts
WorkingDays   a day on which something is published, from the hour of its publication
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from chalkola.periods import ONE_DAY, newest_settled, settles_at, today

_HOUR = timedelta(hours=1)


class Cadence(Protocol):
    """The periods of a dataset. `zone` is that of the place whose periods they are."""

    def begins(self, day: date) -> bool:
        """Return whether a period begins on this day."""

    def period(self, day: date) -> date:
        """Return the first day of the period that `day` lies in, or else of the last one before it."""

    def settles_at(self, day: date, zone: ZoneInfo) -> datetime:
        """Return the instant (UTC) from which the period that begins on `day` can be asked for for good."""

    def newest(self, now: datetime, zone: ZoneInfo) -> date:
        """Return the newest period that can be asked for at `now`."""


@dataclass(frozen=True, kw_only=True)
class EveryDay:
    """Each day of the place's own zone. No official figure exists for how long after its end most settle."""

    settles_after: timedelta

    def begins(self, day: date) -> bool:
        return True

    def period(self, day: date) -> date:
        return day

    def settles_at(self, day: date, zone: ZoneInfo) -> datetime:
        return settles_at(day, zone, self.settles_after)

    def newest(self, now: datetime, zone: ZoneInfo) -> date:
        return newest_settled(now, zone, self.settles_after)

    def __str__(self) -> str:
        return f"A day settles {self.settles_after / _HOUR:g} hours after its end in the marketplace's own zone"


@dataclass(frozen=True, kw_only=True)
class EachWeek:
    """Weeks from Monday to Sunday in the place's own zone."""

    def begins(self, day: date) -> bool:
        return day.weekday() == 0

    def period(self, day: date) -> date:
        return day - day.weekday() * ONE_DAY

    def settles_at(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, time(), zone).astimezone(UTC)

    def newest(self, now: datetime, zone: ZoneInfo) -> date:
        return self.period(today(now, zone))

    def __str__(self) -> str:
        return "Asked for once in each week, from Monday on; a week is known by its Monday"


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """The days from Monday to Friday that are not `closed`, each from the hour `at` of the publisher's zone on."""

    at: time
    time_zone: str
    closed: Callable[[date], bool]

    def begins(self, day: date) -> bool:
        return day.weekday() < 5 and not self.closed(day)

    def period(self, day: date) -> date:
        while not self.begins(day):
            day -= ONE_DAY
        return day

    def settles_at(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, self.at, ZoneInfo(self.time_zone)).astimezone(UTC)

    def newest(self, now: datetime, zone: ZoneInfo) -> date:
        day = self.period(today(now, ZoneInfo(self.time_zone)))
        return day if self.settles_at(day, zone) <= now else self.period(day - ONE_DAY)

    def __str__(self) -> str:
        return (
            f"Published on working days, and asked for from {self.at:%H:%M} on ({self.time_zone}); weekends and"
            " holidays have none, which is no gap"
        )
