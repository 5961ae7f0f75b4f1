"""Outages: how long to stay away from something that fails, in memory, for one run."""

import random
from datetime import datetime
from typing import NamedTuple

from chalkola.amazon.throttle import backoff


class _Outage(NamedTuple):
    failures: int
    until: datetime


class Outages:
    """Counts failures in a row, by what failed. Twenty calls that fail together are one failure, not twenty."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Outage] = {}

    def struck(self, what: tuple[str, str], now: datetime) -> datetime:
        """Note a failure and return the instant from which to try again."""
        known = self._known.get(what)
        if known and now < known.until:
            return known.until
        failures = known.failures + 1 if known else 1
        until = now + backoff(failures, jitter=random.random())
        self._known[what] = _Outage(failures, until)
        return until

    def over(self, what: tuple[str, str]) -> None:
        """Note a success: the next failure is a first one."""
        if self._known:
            self._known.pop(what, None)
