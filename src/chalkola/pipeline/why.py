"""What a day's story needs beyond the facts: whose doing a failure is, and when a closed day is read again. Pure."""

import re
from datetime import datetime
from enum import StrEnum

from chalkola.datasets.model import Dataset
from chalkola.marketplaces import Place
from chalkola.store.slices import Line


class Whose(StrEnum):
    """Whose doing it is that something did not go on."""

    QUOTA = "quota"
    """Amazon's quota: nothing is wrong."""
    AMAZON = "amazon"
    ACCOUNT = "account"
    """The seller account's settings: a login, a role. A person has to mend it."""
    NETWORK = "network"
    """The way between here and Amazon."""
    OURS = "ours"


_FAILURES = ("setback", "lost", "first page", "source closed", "refused")

_OF_THE_ACCOUNT = re.compile(r"Login with Amazon refuses|does not let account|\bAdd the role\b")
_ANSWERED = re.compile(r"\bHTTP (\d{3})\b")
_UNANSWERED = re.compile(r"\b[A-Z][A-Za-z]*(?:Error|Timeout)\b[.:]")
"""An exception of the connection's, by its name."""
_DAMAGED = re.compile(r"is cut short|cannot be inflated")
"""Bytes that were changed or lost on the way."""


def whose(what: str, said: str | None) -> Whose | None:
    """Return whose doing an event of a pull is, as told by what was said of it; None for one that is no failure."""
    if what == "throttled":
        return Whose.QUOTA
    if what not in _FAILURES:
        return None
    said = said or ""
    if what == "source closed" or _OF_THE_ACCOUNT.search(said):
        return Whose.ACCOUNT
    if (answered := _ANSWERED.search(said)) is not None:
        # Amazon rejects what was asked: the question was wrong. Where a step is taken again it was not.
        return Whose.OURS if what == "refused" and answered[1].startswith("4") else Whose.AMAZON
    on_the_way = _DAMAGED.search(said) or (what != "refused" and _UNANSWERED.search(said))
    return Whose.NETWORK if on_the_way else Whose.AMAZON


def read_again_at(dataset: Dataset, m: Place, line: Line, now: datetime) -> datetime | None:
    """Return from when a closed day is read again, for Amazon may restate it; None where it is not any more."""
    if line.next_at is not None or line.asked_at is None or not line.row_count:
        return line.next_at
    age = dataset.newest(now, m.zone) - line.slice.day
    return min((line.asked_at + r.every for r in dataset.rereads if age < r.within), default=None)
