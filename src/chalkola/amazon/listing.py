"""Looking through what Amazon has already been asked, as both APIs list it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

_OLDEST = timedelta(days=90) - timedelta(hours=1)
"""getReports looks back 90 days at most; getQueries does unless it is told otherwise, and keeps queries for 30."""
_DEAD = {"CANCELLED", "FATAL"}


class Made(Protocol):
    """What a list says of a report or a query. Its instants are ISO 8601, which sorts as text."""

    processing_status: str
    created_time: str


M = TypeVar("M", bound=Made)


def by_worth(made: Iterable[M]) -> list[M]:
    """Return the newest first and dead ones last: one that Amazon gave up is an answer too, and asking again would
    be a second question."""
    newest_first = sorted(made, key=lambda m: m.created_time, reverse=True)
    return sorted(newest_first, key=lambda m: m.processing_status in _DEAD)


def window(since: datetime, now: datetime) -> Mapping[str, str]:
    """Return the parameters that list what was created since `since`, as far back as Amazon looks."""
    oldest = max(since, now - _OLDEST).astimezone(UTC)
    return {"createdSince": oldest.strftime("%Y-%m-%dT%H:%M:%SZ"), "pageSize": "100"}
