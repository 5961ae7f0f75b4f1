"""How a process that stays is, as an answer to whoever watches it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from chalkola.pipeline.health.outages import NOTHING_AFTER
from chalkola.surfaces import words

Doing = Literal["pull", "backfill", "waiting", "stopping"]

UP, TROUBLE = 200, 503


@dataclass(frozen=True, kw_only=True)
class LastPull:
    """A pull that has ended, with the exit code that `chalkola pull` would have had. `said`: why, where it is 1."""

    began: datetime
    ended: datetime
    exit_code: int
    said: str | None = None


@dataclass(frozen=True, kw_only=True)
class State:
    """What a process that stays is at. All instants are Amazon's time."""

    since: datetime
    """When it was started."""
    doing: Doing = "waiting"
    doing_since: datetime
    next_pull_at: datetime
    last_pull: LastPull | None = None
    pulled_at: datetime | None = None
    """When an answer of Amazon's was last loaded, by whomever, as of the last pull that could look; None: never."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The state and what follows from it. `trouble`: for what a person is needed; empty when all is well."""

    status: Literal["ok", "trouble"]
    trouble: tuple[str, ...]
    now: datetime
    state: State
    database: bool
    """Whether it can be reached at this moment."""

    @property
    def code(self) -> int:
        """Return the HTTP status."""
        return TROUBLE if self.trouble else UP


def answer(state: State, now: datetime, *, database: bool) -> Answer:
    """Return how the process is. A database that is away at this moment is told and is no trouble yet: a pull that
    could not be made for it is."""
    trouble = tuple(_trouble(state, now))
    return Answer(
        status="trouble" if trouble else "ok", trouble=trouble, now=now, state=state, database=database
    )  # fmt: skip


def _trouble(state: State, now: datetime) -> Iterator[str]:
    last = state.last_pull
    if last is not None and last.exit_code == 1:
        yield f"The last pull, of {words.instant(last.began)}, needs a person: {last.said or 'its log says what'}"
    # What was not pulled while nobody ran is no fault of this process: it is given the same time from its start.
    quiet = now - max(filter(None, (state.pulled_at, state.since)))
    if quiet >= NOTHING_AFTER:
        yield f"Nothing has been pulled for {words.span(quiet)}."
