"""What follows from an answer of Amazon's: go on, come back later, give up this pull, or tell a person."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from chalkola.amazon.answers import Reply, Uncertain, retry_at, setback, words
from chalkola.amazon.operations import OPERATIONS, Operation
from chalkola.amazon.outages import Outages
from chalkola.amazon.rejections import rejected
from chalkola.amazon.throttle import LONGEST_WAIT, Meter, backoff
from chalkola.amazon.wording import says_too_large, says_too_old, says_unauthorized
from chalkola.clock import Clock
from chalkola.errors import Refusal, Setback, SourceClosed, TooLarge, TooOld
from chalkola.settings import Account

_THROTTLED_INTO_403 = 3
"""After so many 429s in a row a 403 is throttling: github.com/jrl84/amazon-sp-api/issues/46."""
_MOST_THROTTLED_403S = 3
"""One more such 403 in a row, each after 15 minutes of silence, and the source is taken to be closed."""
_LONGEST_DENIAL = 1_000
"""A denial of Data Kiosk's lists every field that the account may not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One question, as far as what follows from its answer depends on it. `own` is the operation's bucket."""

    account: Account
    operation: Operation
    own: str
    tightest: str
    refused_wait: timedelta | None = None
    """How long to stay away after a 429 without Retry-After; None for an exponential wait."""

    def __str__(self) -> str:
        return f"{self.operation.name} (account {self.account.key})"


class _Run(NamedTuple):
    """429s in a row on one bucket, and how many 403s have followed them."""

    refusals: int
    until: datetime
    denials: int = 0


class Verdicts:
    """Judges answers. It remembers refusals and outages in memory, so that an accepted call writes nothing."""

    def __init__(self, meter: Meter, clock: Clock) -> None:
        self._meter = meter
        self._clock = clock
        self._outages = Outages()
        self._runs: dict[str, _Run] = {}
        self._rates: dict[str, float] = {}

    async def on(self, asked: Asked, reply: Reply, *, hide: str) -> Reply:
        """Return a reply that is an answer: any 2xx, or a 404. `hide` is struck out of Amazon's words.

        Raises `Setback` (429, 5xx), `Uncertain` (5xx to a creation), `Rejected` (400, 413, 415, …) and
        `SourceClosed` (401, 403).
        """
        if 200 <= reply.status < 300 or reply.status == 404:
            await self._let_through(asked)
            return reply
        said = words(reply.content, hide=hide)
        match reply.status:
            case 429:
                raise await self._throttled(asked, reply, said)
            case 401 | 403:
                raise await self._denied(asked, reply, said, hide)
            case status if 400 <= status < 500 and status != 408:
                raise rejected(f"Amazon refuses {asked}.", reply, hide=hide)
        raise self.unanswered(asked, f'HTTP {reply.status}: "{said}".')

    def unanswered(self, asked: Asked, why: str, *, never_sent: bool = False) -> Setback:
        """Return what follows from an outage of Amazon's or a connection that failed."""
        until = self._outages.struck((asked.account.key, asked.operation.name), self._clock.now())
        if asked.operation.creates and not never_sent:
            what = f"Amazon's answer to {asked} was lost; we look whether it was accepted before asking again."
            return setback(what, why=why, until=until, kind=Uncertain)
        return setback(f"Amazon cannot answer {asked} now.", why=why, until=until)

    async def learn(self, bucket: str, rate_per_second: float | None) -> None:
        """Pass on the rate that Amazon states for an operation's bucket when it is another than last time."""
        if rate_per_second and self._rates.get(bucket) != rate_per_second:
            self._rates[bucket] = rate_per_second
            await self._meter.learn(bucket, rate_per_second)

    async def _let_through(self, asked: Asked) -> None:
        self._outages.over((asked.account.key, asked.operation.name))
        if self._runs:
            for bucket in {asked.own, asked.tightest} & self._runs.keys():
                del self._runs[bucket]
                await self._meter.accepted(bucket)

    async def _throttled(self, asked: Asked, reply: Reply, said: str) -> Setback:
        run = self._runs.get(asked.tightest)
        # Calls that were on their way together are refused together: that is one refusal, not many.
        until = run.until if run and reply.at < run.until else await self._refused(asked, reply, run)
        return setback(f"Amazon has throttled {asked}.", why=f'Amazon says: "{said}".', until=until, for_quota=True)

    async def _refused(self, asked: Asked, reply: Reply, run: _Run | None) -> datetime:
        wait = asked.refused_wait or backoff(run.refusals + 1 if run else 1, jitter=random.random())
        return await self._stay_away(asked.tightest, retry_at(reply) or reply.at + wait)

    async def _stay_away(self, bucket: str, until: datetime, denials: int = 0) -> datetime:
        refusals = await self._meter.refused(bucket, until=until)
        self._runs[bucket] = _Run(refusals, until, denials)
        return until

    async def _denied(self, asked: Asked, reply: Reply, said: str, hide: str) -> Setback | SourceClosed:
        # 429s that another run met count as well: Amazon does not know our processes apart.
        run = self._runs.get(asked.tightest) or _Run(await self._meter.refusals(asked.tightest), reply.at)
        if run.refusals < _THROTTLED_INTO_403:
            return _closed(asked, reply, hide)
        denials = run.denials + (reply.at >= run.until)
        if denials > _MOST_THROTTLED_403S:
            return _closed(asked, reply, hide)
        until = await self._stay_away(asked.tightest, reply.at + LONGEST_WAIT, denials)
        why = f'Its 403 follows {run.refusals} times 429, so it is throttling. Amazon says: "{said}".'
        return setback(f"Amazon has throttled {asked}.", why=why, until=until, for_quota=True)


def _closed(asked: Asked, reply: Reply, hide: str) -> SourceClosed:
    said = words(reply.content, hide=hide, longest=_LONGEST_DENIAL)
    return SourceClosed(
        asked.account.key,
        f"Amazon does not let account {asked.account.key} use {asked.operation.name}; the others go on.",
        why=f'Amazon says (HTTP {reply.status}): "{said}".',
        remedy=add_role(_role(asked.operation, said), asked.account),
    )


def given_up(account: Account, creation: str, why: str, said: str) -> Refusal | SourceClosed:
    """Return what follows when Amazon has given up a question that it had accepted, by what it `said`."""
    whole = f"{why} {said}".strip()
    if says_unauthorized(said):
        return SourceClosed(account.key, whole, remedy=add_role(_role(OPERATIONS[creation], said), account))
    if says_too_old(said):
        return TooOld(whole)
    return TooLarge(whole) if says_too_large(said) else Refusal(whole)


def add_role(role: str, account: Account) -> str:
    """Return how a person opens what Amazon refuses to an account.

    The order of repair: Amazon's maintainers in selling-partner-api-models#5296 and #5325.
    """
    return (
        f"Add the role {role} to the developer profile and, once Amazon has approved it, to the "
        f"app; then authorise the app again and set the new refresh token as SP_REFRESH_TOKEN_{account.key}."
    )


def _role(operation: Operation, said: str) -> str:
    """Return the role that opens an operation; in Data Kiosk each dataset has its own (models#5296, models#567)."""
    if "economics" in said.lower():
        return "Selling Partner Insights"
    if operation.path.startswith(("/reports/", "/dataKiosk/")):
        return "Brand Analytics"
    return f"that Amazon's reference names for {operation.name}"
