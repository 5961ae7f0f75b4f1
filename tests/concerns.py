"""What the rules for alerts make of facts, of a shop in Germany and France where nothing else is wrong."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalkola.marketplaces import marketplace
from chalkola.pipeline.health import RULES
from chalkola.pipeline.health.days import NEEDED
from chalkola.pipeline.health.lifecycle import examine
from chalkola.pipeline.health.model import Concern, Health, Opened
from chalkola.store.documents import Unkept
from chalkola.store.health import Pace, Waiting
from ledgers import knowing

NOW = datetime(2026, 11, 20, 19, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
GERMANY, FRANCE = marketplace("DE"), marketplace("FR")
NEWEST = NEEDED[0].newest(NOW, GERMANY.zone)
EU = Opened(key="EU", marketplaces=(GERMANY, FRANCE))
PACE = Pace(pulled_at=NOW, began_at=NOW - 9 * DAY, history_open=0, history_moved_at=None, size_bytes=10_000_000)


def health(**facts: Any) -> Health:
    return replace(Health(now=NOW, accounts=(EU,), pace=PACE), **facts)


def found(rule: str, **facts: Any) -> list[Concern]:
    """Return what one rule makes of these facts, after all of them have spoken."""
    return [concern for seen, concern in examine(health(**facts), RULES) if seen.name == rule]


def days_of(rule: str, *lines: Any, **facts: Any) -> list[Concern]:
    return found(rule, coverage=knowing(*lines), **facts)


def waiting(account: str = "EU", *, hours: float = 2, trouble: bool = True) -> Waiting:
    return Waiting(
        account=account, scopes=[GERMANY.scope], since=NOW - hours * HOUR, is_trouble=trouble,
        waiting_for="Amazon cannot answer createQuery now.", said="Amazon cannot answer createQuery now. HTTP 503.",
    )  # fmt: skip


def unkept(**facts: Any) -> Unkept:
    last = NOW - HOUR
    known = Unkept(
        state="failed", count=3, first_at=last, last_at=last, largest_bytes=0, why="The bucket is away.", goes_on=True
    )
    return replace(known, **facts)
