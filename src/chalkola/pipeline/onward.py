"""Where a pull goes on that has not ended: in which stage, from when on, and for whose turns. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.amazon import Uncertain
from chalkola.amazon.throttle import operation_bucket
from chalkola.drivers import Operations
from chalkola.errors import Setback
from chalkola.store.pulls import Claimed

# A slot stays taken until somebody looks; Amazon lets a ticket be checked twice a second.
_CHECKS_AFTER = tuple(timedelta(seconds=s) for s in (20, *[10] * 16, *[15] * 12, *[30] * 10, 60, 60, 120))
_SLOW_CHECKS = timedelta(minutes=5)
_VERY_SLOW_CHECKS = timedelta(hours=1)
_OFTEN, _SELDOM = 12, timedelta(hours=1)
"""After so many setbacks a question is asked no more often than that: it takes turns that others may make use of."""


class NotOurs(Setback):
    """The ticket that was found is another application's: look on."""


class ReadySetback(Setback):
    """A setback after Amazon said that the document is ready: the next step is to fetch it."""

    def __init__(self, setback: Setback, document_id: str | None) -> None:
        super().__init__(setback.what, until=setback.until, why=setback.why, for_quota=setback.for_quota)
        self.document_id = document_id


@dataclass(frozen=True, kw_only=True)
class Onward:
    """The next step of a pull, and the buckets that it draws from."""

    stage: str
    until: datetime
    needs: Sequence[str] = ()
    document_id: str | None = None


def first_check(processing: timedelta, now: datetime) -> datetime:
    """Return when to look at a new ticket, of a source whose answers take about so long."""
    return now + min(_CHECKS_AFTER[0], processing)


def check_after(checks: int, age: timedelta) -> timedelta:
    """Return how long to leave a ticket alone after `checks` in vain: seconds at first, minutes later, hours for a
    report that Amazon has had for two hours (some take days)."""
    if age > timedelta(hours=2):
        return _VERY_SLOW_CHECKS
    return _CHECKS_AFTER[checks + 1] if checks + 1 < len(_CHECKS_AFTER) else _SLOW_CHECKS


def asked_anew(pull: Claimed, now: datetime) -> Onward:
    """Return the step in which the question is asked as if it had never been."""
    return Onward(stage="planned", until=now, needs=pull.creation)


def checked_again(pull: Claimed, operations: Operations, now: datetime) -> Onward:
    """Return the step in which the ticket is looked at again that Amazon has not finished."""
    until = now + check_after(pull.checks, now - (pull.ticketed_at or now))
    return Onward(stage="asked", until=until, needs=to_check(operations, pull.account))


def fetched_at(pull: Claimed, document_id: str | None, operations: Operations, until: datetime) -> Onward:
    """Return the step in which a document is fetched, not before `until`."""
    needs = (operation_bucket(operations.fetch, pull.account),)
    return Onward(stage="ready", until=until, needs=needs, document_id=document_id)


def as_before(pull: Claimed, operations: Operations, now: datetime) -> Onward:
    """Return the step that the pull was at, to be taken again at once."""
    match pull.stage:
        case "asking":  # certain not to have been accepted
            return replace(asked_anew(pull, now), document_id=pull.document_id)
        case "asked":
            needs = to_check(operations, pull.account)
            return Onward(stage="asked", until=now, needs=needs, document_id=pull.document_id)
        case "ready":
            return fetched_at(pull, pull.document_id, operations, now)
    return Onward(stage=pull.stage, until=now, document_id=pull.document_id)


def after_setback(pull: Claimed, setback: Setback, operations: Operations, now: datetime) -> Onward:
    """Return the step that follows a setback: the same one, unless Amazon's answer was lost, or went further."""
    before, until = as_before(pull, operations, now), setback.until
    if before.stage == "planned" and pull.setbacks >= _OFTEN:
        until = max(until, now + _SELDOM)
    match setback:
        case Uncertain() | NotOurs():
            return Onward(stage="looking", until=until)
        case ReadySetback(document_id=document_id):
            return fetched_at(pull, document_id, operations, until)
    return replace(before, until=until)


def to_check(operations: Operations, account: str) -> tuple[str, ...]:
    """Return the buckets that looking at a ticket draws from."""
    return (operation_bucket(operations.check, account),)
