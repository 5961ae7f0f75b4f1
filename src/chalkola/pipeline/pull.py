"""One pull, question to rows, a step at a time. Each step ends with a line in the ledger, so that any of them may be
the last one this process makes.

    asking   the intent is written: ask                     -> asked, or looking when Amazon's answer is lost
    looking  somebody may have asked: look                  -> asked, or planned when Amazon knows nothing of it
    asked    there is a ticket: check it                    -> asked again, planned for a page, ready, or the end
    ready    all its documents are there: fetch, read, load -> the end
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.amazon import Amazon, Uncertain
from chalkola.amazon.throttle import operation_bucket
from chalkola.amazon.verdicts import given_up
from chalkola.calls import made_for
from chalkola.clock import Clock
from chalkola.datasets.model import Box, Limits, SliceState, Source
from chalkola.documents import Document, document_of
from chalkola.drivers import Driver, driver_of
from chalkola.errors import AnotherQuestion, Damaged, PageExpired, Refusal, Setback, TooLarge, TooOld
from chalkola.periods import today
from chalkola.pipeline.limits import larger, limits_of, nearer, reach_of, smaller
from chalkola.pipeline.load import Loaded, Loader, Received, nothing
from chalkola.pipeline.pages import Pages
from chalkola.pipeline.verdict import retry_at
from chalkola.settings import Account
from chalkola.store.accounts import Accounts
from chalkola.store.archive import Archive, Label
from chalkola.store.documents import Documents
from chalkola.store.ledger import Ledger, until_not_overtaken
from chalkola.store.pulls import Claimed, Told
from chalkola.store.slices import Line
from chalkola.tickets import Empty, Pending, Ready, Refused, Unknown

# A slot stays taken until somebody looks; Amazon lets a ticket be checked twice a second.
_CHECKS_AFTER = tuple(timedelta(seconds=s) for s in (20, *[10] * 16, *[15] * 12, *[30] * 10, 60, 60, 120))
_SLOW_CHECKS = timedelta(minutes=5)
_VERY_SLOW_CHECKS = timedelta(hours=1)
_CLOCKS_MAY_DIFFER_BY = timedelta(minutes=15)
_DOWNLOADS_TRIED = 3
_OFTEN, _SELDOM = 12, timedelta(hours=1)
"""After so many setbacks a question is asked no more often than that: it takes turns that others may make use of."""
_ANY_NUMBER = 10**6
_BEGUN_ANEW = 3
"""Setbacks after which a question whose next page Amazon refuses is not asked from its first page once more."""
_LARGE_BYTES = 500_000
_LARGE_AT_ONCE = 2
"""Large documents that are read and loaded at once: one in Python, one in PostgreSQL. It bounds the memory."""
_DOWNLOAD_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a pull ended: `loaded`, `empty` or `refused`, with what the ledger was told."""

    pull: Claimed
    stage: str
    told: tuple[Told, ...]
    row_count: int = 0
    notes: tuple[str, ...] = ()
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Puller:
    """Everything that a step needs."""

    amazon: Amazon
    drivers: Mapping[str, Driver]
    """By name: Amazon's, and those of others."""
    ledger: Ledger
    archive: Archive
    documents: Documents
    loader: Loader
    clock: Clock
    accounts: Mapping[str, Account]
    known_accounts: Accounts
    sources: Mapping[str, Source]
    pages: Pages = field(default_factory=Pages)
    loading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LARGE_AT_ONCE))

    async def step(self, pull: Claimed) -> Ended | Setback | None:
        """Take one step of a pull that we hold, and write down what came of it. Return how the pull ended, why it was
        put back, or None where it goes on.

        Raises `LoginFault` and `SourceClosed`, which concern more than this pull: it is put back as it was.
        """
        made_for(pull.id)
        try:
            match pull.stage:
                case "asking":
                    await self._ask(pull)
                case "looking":
                    await self._look(pull)
                case "asked":
                    return await self._check(pull)
                case _:
                    return await self._fetch(pull, pull.document_id, paid=True)
        except PageExpired as expired:
            if pull.setbacks >= _BEGUN_ANEW:
                return await self._refuse(pull, expired)
            await self.ledger.first_page(pull, until=self.clock.now(), waiting_for=str(expired))
            return None
        except Setback as setback:
            if setback.for_quota and pull.stage == "asking" and pull.slot:
                await self.ledger.lower_slot(pull)
            if pull.setbacks + 1 >= (self.sources[pull.source].tries or _ANY_NUMBER):
                return await self._refuse(pull, _given_up(setback))
            await self._put_back(pull, setback)
            return setback
        except Refusal as refusal:
            return await self._refuse(pull, refusal)
        return None

    async def put_back(self, pull: Claimed, why: str) -> None:
        """Put a pull back as it was before the step that a fault ended."""
        stage, needs = self._as_before(pull)
        await self.ledger.postpone(
            pull, stage, until=self.clock.now(), reason="setback", waiting_for=why, needs=needs,
            document_id=pull.document_id,
        )  # fmt: skip

    async def _ask(self, pull: Claimed) -> None:
        buckets = tuple(pull.creation[1:])
        ticket = await self._driver(pull).ask(
            self._account(pull), pull.question, paid=True, buckets=buckets, page=pull.page_token
        )
        await self._write_ticket(pull, ticket)

    async def _look(self, pull: Claimed) -> None:
        since = pull.intended_at - _CLOCKS_MAY_DIFFER_BY
        found = await self._driver(pull).find(self._account(pull), pull.question, since=since)
        ours = await self.ledger.known_tickets(pull.account, found)
        if new := [ticket for ticket in found if ticket not in ours]:
            await self._write_ticket(pull, new[0])
            return
        await self.ledger.postpone(
            pull, "planned", until=self.clock.now(), reason="pending", needs=pull.creation,
            waiting_for="asked again: Amazon knows nothing of the first time",
        )  # fmt: skip

    async def _write_ticket(self, pull: Claimed, ticket: str) -> None:
        check_at = self.clock.now() + min(_CHECKS_AFTER[0], self.sources[pull.source].processing)
        await self.ledger.ticket(pull, ticket, check_at=check_at, needs=self._to_check(pull))

    async def _check(self, pull: Claimed) -> Ended | None:
        driver, account = self._driver(pull), self._account(pull)
        match await driver.check(account, pull.ticket or "", paid=True):
            case Pending(status=status):
                await self._wait_for_amazon(pull, status)
            case Ready(document_id=document_id, next_page=str(token)):
                await self.ledger.next_page(pull, document_id, token)
            case Ready(document_id=document_id):
                return await self._fetch(pull, document_id, paid=False)
            case Empty() if pull.pages:
                return await self._fetch(pull, None, paid=False)
            case Empty(why=why):
                return await self._end_empty(pull, why)
            case Refused(why=why, document_id=document_id):
                said = await driver.reason(account, document_id) if document_id else ""
                raise given_up(account, driver.operations.create, why, said)
            case Unknown(why=why):
                await self.ledger.postpone(
                    pull, "planned", until=self.clock.now(), reason="setback", needs=pull.creation, waiting_for=why
                )
        return None

    async def _wait_for_amazon(self, pull: Claimed, status: str) -> None:
        now = self.clock.now()
        await self.ledger.postpone(
            pull, "asked", until=now + check_after(pull.checks, now - (pull.ticketed_at or now)), reason="pending",
            needs=self._to_check(pull), waiting_for=f"Amazon to finish it ({status})",
        )  # fmt: skip

    async def _fetch(self, pull: Claimed, document_id: str | None, *, paid: bool) -> Ended | None:
        wanted = [*pull.pages, document_id] if document_id else pull.pages
        next_one, *others = self.pages.missing(pull.id, wanted)
        try:
            self.pages.keep(
                pull.id, next_one, await self._driver(pull).fetch(self._account(pull), next_one, paid=paid)
            )
            if others:
                await self.ledger.postpone(
                    pull, "ready", until=self.clock.now(), reason="pending", waiting_for="its other pages",
                    needs=self._to_fetch(pull), document_id=document_id,
                )  # fmt: skip
                return None
            return await self._load(pull, self.pages.take(pull.id, wanted))
        except _NotOurs:
            raise
        except Setback as setback:
            raise _ReadySetback(setback, document_id) from setback

    async def _load(self, pull: Claimed, document: Document) -> Ended:
        archived_as = await self._keep(pull, document)
        try:
            return await self._read_and_load(pull, document, archived_as)
        except Damaged as damaged:
            if pull.setbacks < _DOWNLOADS_TRIED:
                raise Setback(
                    damaged.what, why=damaged.why, until=self.clock.now() + _DOWNLOAD_AGAIN_AFTER
                ) from damaged
            return await self._refuse(pull, damaged, document=document, archived_as=archived_as)
        except AnotherQuestion as other:
            if pull.found:
                raise _NotOurs(other.what, until=self.clock.now()) from other
            return await self._refuse(pull, other, document=document, archived_as=archived_as)
        except Refusal as refusal:
            return await self._refuse(pull, refusal, document=document, archived_as=archived_as)
        finally:
            document.close()

    async def _read_and_load(self, pull: Claimed, document: Document, archived_as: str | None) -> Ended:
        read, box = self.sources[pull.source].read, await self._box(pull)
        # A large one takes seconds to check: the other pulls go on meanwhile.
        is_large = document.size_bytes > _LARGE_BYTES
        async with self.loading if is_large else nullcontext():
            answer = await asyncio.to_thread(read, document, box) if is_large else read(document, box)
            try:
                received = Received(answer=answer, box=box, byte_count=document.size_bytes, archived_as=archived_as)
                ended = _ended(pull, await self.loader.load(self.ledger, pull, received, self.clock.now()))
            finally:
                answer.close()
        if box.filters and not pull.pages:
            await self._learn(pull, lambda known, most: larger(known, most, box))
        return ended

    async def _keep(self, pull: Claimed, document: Document) -> str | None:
        """Keep a document and write down what became of it. Where it is not kept its rows are loaded all the same."""
        kept = await self.archive.keep(document, label_of(pull))
        if kept is None:
            return None
        await self.documents.note(pull.id, kept)
        return kept.name

    async def _box(self, pull: Claimed) -> Box:
        scopes = (s.scope for s in await self.ledger.slices_of(pull))
        return Box.of_scopes(
            pull.account, scopes, pull.first_day, pull.last_day, pull.filters or (),
            whole=self.sources[pull.source].whole,
        )  # fmt: skip

    async def _end_empty(self, pull: Claimed, why: str) -> Ended:
        box, source = await self._box(pull), self.sources[pull.source]
        nobody = source.read(document_of(b""), box) if box.filters else nothing(source, box, self.loader.datasets)
        received = Received(answer=nobody, box=box, byte_count=0, archived_as=None)
        loaded = await self.loader.load(self.ledger, pull, received, self.clock.now(), failure=why)
        return Ended(pull=pull, stage="empty", told=loaded.told, failure=why)

    async def _refuse(
        self, pull: Claimed, refusal: Refusal, *, document: Document | None = None, archived_as: str | None = None
    ) -> Ended:
        now = self.clock.now()
        retry = now if await self._learned_from(pull, refusal, now) else None
        size = document.size_bytes if document else 0

        async def refuse() -> tuple[Told, ...]:
            async with self.ledger.holding(pull) as (connection, lines):
                told = tuple(_told_refused(pull, line, refusal, now, retry) for line in lines)
                attempts = max((line.attempts for line in lines), default=0)
                await self.ledger.finish(
                    connection, pull, "refused", told, byte_count=size, archived_as=archived_as, failure=str(refusal),
                    redo_at=retry or retry_at(attempts, now),
                )  # fmt: skip
            return told

        told = await until_not_overtaken(refuse)
        return Ended(pull=pull, stage="refused", told=told, failure=str(refusal))

    async def _learned_from(self, pull: Claimed, refusal: Refusal, now: datetime) -> bool:
        """Remember what a refusal says about how much, or how long ago, may be asked; return whether to ask again at
        once, for less. What else was planned on the same assumption is dropped, to be planned anew."""
        box = await self._box(pull)
        match refusal:
            case TooLarge():
                learned = await self._learn(pull, lambda known, _: smaller(known, box, str(refusal)))
            case TooOld():
                kept_days = min(self.loader.datasets[d].kept_for.days for d in self.sources[pull.source].fills)
                days_back = max((today(now, m.zone) - pull.first_day).days for m in box.marketplaces)
                reach = reach_of(pull.account, await self.known_accounts.limits(), kept_days)
                learned = await self._learn(pull, lambda known, _: nearer(known, kept_days, reach, days_back))
            case _:
                return False
        await self.ledger.withdraw(pull.account, pull.source)
        return learned

    async def _learn(self, pull: Claimed, lesson: Callable[[Limits, Limits], Limits | None]) -> bool:
        """Change what is known of the source's limits for the account; return whether there was anything to learn."""
        source = self.sources[pull.source]
        known = (await self.known_accounts.limits()).get((pull.account, pull.source))
        limits = lesson(limits_of(source, known), source.limits)
        if limits is not None:
            await self.known_accounts.learn_limits(pull.account, pull.source, limits)
        return limits is not None

    async def _put_back(self, pull: Claimed, setback: Setback) -> None:
        stage, needs = self._as_before(pull)
        document_id, until = pull.document_id, setback.until
        if stage == "planned" and pull.setbacks >= _OFTEN:
            until = max(until, self.clock.now() + _SELDOM)
        match setback:
            case Uncertain() | _NotOurs():
                stage, needs, document_id = "looking", (), None
            case _ReadySetback(document_id=document_id):
                stage, needs = "ready", self._to_fetch(pull)
        await self.ledger.postpone(
            pull, stage, until=until, reason="quota" if setback.for_quota else "setback",
            waiting_for=setback.what, why=setback.why, needs=needs, document_id=document_id,
        )  # fmt: skip

    def _as_before(self, pull: Claimed) -> tuple[str, Sequence[str]]:
        match pull.stage:
            case "asking":  # certain not to have been accepted: to be asked as if it had never been
                return "planned", pull.creation
            case "asked":
                return "asked", self._to_check(pull)
            case "ready":
                return "ready", self._to_fetch(pull)
        return pull.stage, ()

    def _to_check(self, pull: Claimed) -> tuple[str, ...]:
        return (operation_bucket(self._driver(pull).operations.check, pull.account),)

    def _to_fetch(self, pull: Claimed) -> tuple[str, ...]:
        return (operation_bucket(self._driver(pull).operations.fetch, pull.account),)

    def _driver(self, pull: Claimed) -> Driver:
        return driver_of(self.drivers, self.sources[pull.source].driver)

    def _account(self, pull: Claimed) -> Account:
        return self.accounts[pull.account]


class _NotOurs(Setback):
    """The ticket that was found is another application's: look on."""


class _ReadySetback(Setback):
    """A setback after Amazon said that the document is ready: the next step is to fetch it."""

    def __init__(self, setback: Setback, document_id: str | None) -> None:
        super().__init__(setback.what, until=setback.until, why=setback.why, for_quota=setback.for_quota)
        self.document_id = document_id


def label_of(pull: Claimed) -> Label:
    """Return what tells a pull's document from all others."""
    return Label(
        source=pull.source, account=pull.account, day=pull.last_day, pull_id=pull.id, asked_at=pull.intended_at
    )


def _given_up(setback: Setback) -> Refusal:
    """Return the refusal that the last of so many setbacks is as a source is worth to a run."""
    return Refusal(setback.what, why=setback.why, remedy="A later run asks again.")


def check_after(checks: int, age: timedelta) -> timedelta:
    """Return how long to leave a ticket alone after `checks` in vain: seconds at first, minutes later, hours for a
    report that Amazon has had for two hours (some take days)."""
    if age > timedelta(hours=2):
        return _VERY_SLOW_CHECKS
    return _CHECKS_AFTER[checks + 1] if checks + 1 < len(_CHECKS_AFTER) else _SLOW_CHECKS


def _told_refused(pull: Claimed, line: Line, refusal: Refusal, now: datetime, retry: datetime | None) -> Told:
    """A part that fails leaves its days half read, whatever they were before."""
    kept = SliceState.LOADED if pull.filters else line.state
    return Told(
        slice=line.slice, state=kept if line.row_count else SliceState.DUE if retry else SliceState.FAILED,
        next_at=retry or retry_at(line.attempts, now), reason=str(refusal), ask=line.ask, counts=retry is None,
        residual=line.residual, residual_since=line.residual_since,
    )  # fmt: skip


def _ended(pull: Claimed, loaded: Loaded) -> Ended:
    return Ended(pull=pull, stage="loaded", told=loaded.told, row_count=loaded.row_count, notes=loaded.notes)
