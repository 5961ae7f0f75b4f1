"""One pull, question to rows, a step at a time. Each step ends with a line in the ledger, so that any of them may be
the last one this process makes.

    asking   the intent is written: ask                     -> asked, or looking when Amazon's answer is lost
    looking  somebody may have asked: look                  -> asked, or planned when Amazon knows nothing of it
    asked    there is a ticket: check it                    -> asked again, ready, or the end
    ready    there is a document: fetch, read, load         -> the end
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalkola.amazon import Amazon, Driver, Uncertain
from chalkola.amazon.throttle import operation_bucket
from chalkola.amazon.tickets import Empty, Pending, Ready, Refused, Unknown
from chalkola.clock import Clock
from chalkola.datasets.model import Answer, Box, Slice, SliceState, Source
from chalkola.documents import Document
from chalkola.errors import AnotherQuestion, Damaged, Refusal, Setback
from chalkola.marketplaces import Marketplace, by_scope
from chalkola.pipeline.load import Loaded, Loader, Received
from chalkola.pipeline.reconcile import Verdict, retry_at, say_empty
from chalkola.settings import Account
from chalkola.store.archive import Archive
from chalkola.store.ledger import Claimed, Ledger, Line, Told

_CHECKS_AFTER = tuple(timedelta(seconds=s) for s in (20, 15, 15, 20, 30, 45, 60, 90, 120))
_SLOW_CHECKS = timedelta(minutes=5)
_VERY_SLOW_CHECKS = timedelta(hours=1)
_CLOCKS_MAY_DIFFER_BY = timedelta(minutes=15)
_DOWNLOADS_TRIED = 3
_LARGE_BYTES = 500_000
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
    """Everything that a step needs. `step` returns how the pull ended, None while it goes on."""

    amazon: Amazon
    ledger: Ledger
    archive: Archive
    loader: Loader
    clock: Clock
    accounts: Mapping[str, Account]
    sources: Mapping[str, Source]

    async def step(self, pull: Claimed) -> Ended | None:
        """Take one step of a pull that we hold, and write down what came of it.

        Raises `LoginFault` and `SourceClosed`, which concern more than this pull: it is put back as it was.
        """
        try:
            match pull.stage:
                case "asking":
                    await self._ask(pull)
                case "looking":
                    await self._look(pull)
                case "asked":
                    return await self._check(pull)
                case _:
                    return await self._fetch(pull, pull.document_id or "", paid=True)
        except Setback as setback:
            await self._put_back(pull, setback)
            return None
        except Refusal as refusal:
            return await self._refuse(pull, str(refusal))
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
        ticket = await self._driver(pull).ask(self._account(pull), pull.question, paid=True, buckets=buckets)
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
        check_at = self.clock.now() + _CHECKS_AFTER[0]
        await self.ledger.ticket(pull, ticket, check_at=check_at, needs=self._to_check(pull))

    async def _check(self, pull: Claimed) -> Ended | None:
        driver, account = self._driver(pull), self._account(pull)
        match await driver.check(account, pull.ticket or "", paid=True):
            case Pending(status=status):
                await self._wait_for_amazon(pull, status)
            case Ready(document_id=document_id):
                return await self._fetch(pull, document_id, paid=False)
            case Empty(why=why):
                return await self._end_empty(pull, why)
            case Refused(why=why, document_id=document_id):
                said = await driver.reason(account, document_id) if document_id else ""
                return await self._refuse(pull, f"{why} {said}".strip())
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

    async def _fetch(self, pull: Claimed, document_id: str, *, paid: bool) -> Ended:
        try:
            document = await self._driver(pull).fetch(self._account(pull), document_id, paid=paid)
            try:
                return await self._load(pull, document)
            finally:
                document.close()
        except _NotOurs:
            raise
        except Setback as setback:
            raise _ReadySetback(setback, document_id) from setback

    async def _load(self, pull: Claimed, document: Document) -> Ended:
        archived_as = await asyncio.to_thread(self._keep, pull, document)
        try:
            answer = await self._read(pull, document)
            received = Received(answer=answer, byte_count=document.size_bytes, archived_as=archived_as)
            loaded = await self.loader.load(self.ledger, pull, received)
        except Damaged as damaged:
            if pull.setbacks < _DOWNLOADS_TRIED:
                raise Setback(
                    damaged.what, why=damaged.why, until=self.clock.now() + _DOWNLOAD_AGAIN_AFTER
                ) from damaged
            return await self._refuse(pull, str(damaged), document=document, archived_as=archived_as)
        except AnotherQuestion as other:
            if pull.found:
                raise _NotOurs(other.what, until=self.clock.now()) from other
            return await self._refuse(pull, str(other), document=document, archived_as=archived_as)
        except Refusal as refusal:
            return await self._refuse(pull, str(refusal), document=document, archived_as=archived_as)
        return _ended(pull, loaded)

    async def _read(self, pull: Claimed, document: Document) -> Answer:
        read, box = self.sources[pull.source].read, await self._box(pull)
        # A large one takes seconds to check: the other pulls go on meanwhile.
        is_large = document.size_bytes > _LARGE_BYTES
        return await asyncio.to_thread(read, document, box) if is_large else read(document, box)

    def _keep(self, pull: Claimed, document: Document) -> str | None:
        return self.archive.keep(
            document, source=pull.source, account=pull.account, day=pull.last_day.isoformat(), name=str(pull.id)
        )

    async def _box(self, pull: Claimed) -> Box:
        slices = await self.ledger.slices_of(pull)
        return Box(account=pull.account, marketplaces=_marketplaces(slices), first=pull.first_day, last=pull.last_day)

    async def _end_empty(self, pull: Claimed, why: str) -> Ended:
        async with self.ledger.holding(pull) as (connection, lines):
            told = tuple(_told_empty(line, pull.intended_at) for line in lines)
            await self.ledger.finish(connection, pull, "empty", told, row_count=0, failure=why)
        return Ended(pull=pull, stage="empty", told=told, failure=why)

    async def _refuse(
        self, pull: Claimed, failure: str, *, document: Document | None = None, archived_as: str | None = None
    ) -> Ended:
        async with self.ledger.holding(pull) as (connection, lines):
            told = tuple(_told_refused(line, failure, self.clock.now()) for line in lines)
            size = document.size_bytes if document else 0
            await self.ledger.finish(
                connection, pull, "refused", told, byte_count=size, archived_as=archived_as, failure=failure
            )
        return Ended(pull=pull, stage="refused", told=told, failure=failure)

    async def _put_back(self, pull: Claimed, setback: Setback) -> None:
        stage, needs = self._as_before(pull)
        document_id = pull.document_id
        match setback:
            case Uncertain() | _NotOurs():
                stage, needs, document_id = "looking", (), None
            case _ReadySetback(document_id=document_id):
                stage, needs = "ready", (operation_bucket("getReportDocument", pull.account),)
        await self.ledger.postpone(
            pull, stage, until=setback.until, reason="quota" if setback.for_quota else "setback",
            waiting_for=setback.what, needs=needs, document_id=document_id,
        )  # fmt: skip

    def _as_before(self, pull: Claimed) -> tuple[str, Sequence[str]]:
        match pull.stage:
            case "asking":  # certain not to have been accepted: to be asked as if it had never been
                return "planned", pull.creation
            case "asked":
                return "asked", self._to_check(pull)
            case "ready":
                return "ready", (operation_bucket("getReportDocument", pull.account),)
        return pull.stage, ()

    def _to_check(self, pull: Claimed) -> tuple[str, ...]:
        return (operation_bucket("getReport", pull.account),)

    def _driver(self, pull: Claimed) -> Driver:
        return self.amazon.driver(self.sources[pull.source].driver)

    def _account(self, pull: Claimed) -> Account:
        return self.accounts[pull.account]


class _NotOurs(Setback):
    """The ticket that was found is another application's: look on."""


class _ReadySetback(Setback):
    """A setback after Amazon said that the document is ready: the next step is to fetch it."""

    def __init__(self, setback: Setback, document_id: str) -> None:
        super().__init__(setback.what, until=setback.until, why=setback.why, for_quota=setback.for_quota)
        self.document_id = document_id


def check_after(checks: int, age: timedelta) -> timedelta:
    """Return how long to leave a ticket alone after `checks` in vain: seconds at first, minutes later, hours for a
    report that Amazon has had for two hours (some take days)."""
    if age > timedelta(hours=2):
        return _VERY_SLOW_CHECKS
    return _CHECKS_AFTER[checks + 1] if checks + 1 < len(_CHECKS_AFTER) else _SLOW_CHECKS


def _marketplaces(slices: Sequence[Slice]) -> tuple[Marketplace, ...]:
    found = (by_scope(s.scope) for s in slices)
    return tuple(dict.fromkeys(m for m in found if m is not None))


def _told_empty(line: Line, asked_at: datetime) -> Told:
    verdict = say_empty(line, asked_at)
    told = _told(line.slice, verdict)
    if not verdict.rows_accepted:
        return told
    return Told(
        slice=line.slice,
        state=verdict.state,
        next_at=verdict.next_at,
        reason=verdict.reason,
        row_count=0,
        checksum="",
    )


def _told_refused(line: Line, failure: str, now: datetime) -> Told:
    state = line.state if line.row_count else SliceState.FAILED
    return Told(slice=line.slice, state=state, next_at=retry_at(line.attempts, now), reason=failure)


def _told(s: Slice, verdict: Verdict) -> Told:
    return Told(slice=s, state=verdict.state, next_at=verdict.next_at, reason=verdict.reason)


def _ended(pull: Claimed, loaded: Loaded) -> Ended:
    return Ended(pull=pull, stage="loaded", told=loaded.told, row_count=loaded.row_count, notes=loaded.notes)
