"""Errors by what happens next.

    ChalkolaError
    ├── UsageError   the person typed something we cannot do; nothing was started          (exit 2)
    ├── Fault        close what it concerns and tell a person                              (exit 1)
    │   ├── LoginFault      one account's credentials are refused; the other accounts go on
    │   └── SourceClosed    one account may not use one source
    ├── Setback      not now: ask again at a known time                                    (stays in the ledger)
    ├── Refusal      this pull's answer cannot be used; the reason goes to the ledger      (exit 3)
    │   ├── Damaged         it did not arrive whole
    │   ├── AnotherQuestion it answers something that we did not ask
    │   ├── TooLarge        the question spans more than Amazon takes at once
    │   ├── TooOld          Amazon does not answer for days so long ago
    │   └── PageExpired     Amazon has forgotten where the next page begins
    └── LeaseLost    another worker has taken this pull over; drop what you hold

Every message has the same three sentences: what happened, why (in Amazon's words where there are any), and
what happens next or what to do.
"""

from datetime import datetime


class ChalkolaError(Exception):
    """Carries three sentences: `what` happened, `why`, and the `remedy` (what happens next, or what to do)."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        self.what, self.why, self.remedy = what, why, remedy
        super().__init__(" ".join(sentence for sentence in (what, why, remedy) if sentence))


class UsageError(ChalkolaError):
    """What was typed cannot be done; the remedy lists the accepted values."""


class Fault(ChalkolaError):
    """A person is needed: settings, a login, the database."""


class LoginFault(Fault):
    """Login with Amazon refuses one account (`invalid_grant`, `invalid_client`)."""

    def __init__(self, account: str, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.account = account


class SourceClosed(Fault):
    """An account may not use a source: a 401 or 403 that survived a fresh access token."""

    def __init__(self, account: str, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.account = account


class Setback(ChalkolaError):
    """Try the same step again at `until` (Amazon's time); `waiting_for` is the reason that `status` shows.

    `for_quota` tells a wait that Amazon's quotas impose from something that went wrong.
    """

    def __init__(self, waiting_for: str, *, until: datetime, why: str = "", for_quota: bool = False) -> None:
        super().__init__(waiting_for, why=why)
        self.until, self.for_quota = until, for_quota


class Refusal(ChalkolaError):
    """The answer cannot be used as it is; it is kept, the ledger has the reason, and the run goes on."""


class Damaged(Refusal):
    """The document did not arrive whole: it is fetched again before the pull is given up."""


class AnotherQuestion(Refusal):
    """The document answers a question that is not ours: another application's, if its ticket was found."""


class TooLarge(Refusal):
    """Amazon does not take so large a question: it is halved, and how much is too much is remembered."""


class TooOld(Refusal):
    """Amazon does not answer for days so long ago: its edge is remembered, and the rest is asked again."""


class PageExpired(Refusal):
    """The token of a next page is refused: the question is asked from its first page again."""


class LeaseLost(ChalkolaError):
    """The lease on a pull ran out and its generation has moved on: what we hold must not be written."""
