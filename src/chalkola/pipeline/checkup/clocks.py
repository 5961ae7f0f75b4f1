"""Whether our clock is right: against the `Date` of Amazon's answers, or else against the database's clock."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx2

from chalkola.clock import RealClock
from chalkola.pipeline.checkup.finding import Area, Finding, Level

TOLERATED = timedelta(minutes=2)


@contextmanager
def heard_dates(client: httpx2.AsyncClient, ahead: list[timedelta]) -> Iterator[None]:
    """Note in `ahead` how far ahead of us the `Date` of each answer is, whatever calls are made meanwhile."""

    async def hear(response: httpx2.Response) -> None:
        try:
            ahead.append(parsedate_to_datetime(response.headers["date"]) - RealClock().now())
        except (KeyError, ValueError, TypeError):
            return

    hooks = client.event_hooks
    client.event_hooks = {**hooks, "response": [*hooks["response"], hear]}
    try:
        yield
    finally:
        client.event_hooks = hooks


def judge_clock(amazon: list[timedelta], database: timedelta | None) -> Finding:
    """Return whether our clock is right. Of Amazon's dates the nearest counts: others were longer on their way."""
    ahead, whose = min(amazon, key=abs, default=database), "Amazon's" if amazon else "the database's"
    if ahead is None:
        return Finding(area=Area.CLOCK, level=Level.NOTE, what="There was no other clock to compare ours with.")
    seconds = round(abs(ahead).total_seconds())
    if abs(ahead) <= TOLERATED:
        return Finding(area=Area.CLOCK, level=Level.OK, what=f"Our clock is within {seconds} s of {whose}.")
    return Finding(
        area=Area.CLOCK,
        level=Level.WARNING,
        what=f"Our clock is {seconds} s {'behind' if ahead > timedelta() else 'ahead of'} {whose}.",
        why="Quotas, days that have settled and the life of tokens are told by it.",
        remedy="Set this machine's clock by the network (NTP): in the system's settings for date and time.",
    )
