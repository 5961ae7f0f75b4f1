"""One HTTP call to Amazon in facts: what is told of it, to whom, and for which pull it was made."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

LOGIN, DOWNLOAD = "login", "download"
"""The two calls that are no operation of the API's: for an access token, and for a document's bytes."""

_pull: ContextVar[int | None] = ContextVar("chalkola_pull", default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The facts of one call, free of secrets: no address, no body, no token.

    `at` is Amazon's time when it was over, `seconds` the machine time that it took. `status` is None where there was
    no answer; `failure` says what went wrong with the connection (`wire.py` lists the words), which may be
    after an answer has begun, and is empty otherwise. `pull` is the pull it was made for, None for none.
    """

    at: datetime
    account: str
    operation: str
    seconds: float
    status: int | None = None
    failure: str = ""
    request_id: str = ""
    rate_per_second: float | None = None
    pull: int | None = None


class Sink(Protocol):
    """Whoever is told about calls. It returns at once and raises nothing: a call waits for it."""

    def __call__(self, call: Call, /) -> None: ...


def made_for(pull: int) -> None:
    """Note that the calls of the running task are made for this pull from now on."""
    _pull.set(pull)


def pull_in_hand() -> int | None:
    """Return the pull for which the running task calls, None for none."""
    return _pull.get()
