"""How a pull ends: its document is kept and loaded, there is nothing to load, or it is refused; and what that teaches
about the questions after it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalkola.clock import Clock
from chalkola.datasets.model import Box, Limits, SliceState, Source
from chalkola.documents import Document, document_of
from chalkola.errors import AnotherQuestion, Damaged, Refusal, Setback, TooLarge, TooOld
from chalkola.periods import today
from chalkola.pipeline.limits import larger, limits_of, nearer, reach_of, smaller
from chalkola.pipeline.load import Loaded, Loader, Received, nothing
from chalkola.pipeline.onward import NotOurs
from chalkola.pipeline.verdict import retry_at
from chalkola.store.accounts import Accounts
from chalkola.store.archive import Archive, Label
from chalkola.store.documents import Documents
from chalkola.store.ledger import Ledger, until_not_overtaken
from chalkola.store.pulls import Claimed, Told
from chalkola.store.slices import Line

_DOWNLOADS_TRIED = 3
_DOWNLOAD_AGAIN_AFTER = timedelta(minutes=1)
_LARGE_BYTES = 500_000
_LARGE_AT_ONCE = 2
"""Large documents that are read and loaded at once: one in Python, one in PostgreSQL. It bounds the memory."""


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
class Ending:
    """Everything that the end of a pull needs."""

    ledger: Ledger
    archive: Archive
    documents: Documents
    loader: Loader
    clock: Clock
    known_accounts: Accounts
    sources: Mapping[str, Source]
    loading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_LARGE_AT_ONCE))

    async def load(self, pull: Claimed, document: Document) -> Ended:
        """Keep the document and load its rows; or refuse the pull, where it cannot be used. Closes the document.

        Raises `Setback` where it is to be fetched again, `NotOurs` where another question's was found.
        """
        archived_as = await self._keep(pull, document)
        try:
            return await self._read_and_load(pull, document, archived_as)
        except Damaged as damaged:
            if pull.setbacks < _DOWNLOADS_TRIED:
                raise Setback(
                    damaged.what, why=damaged.why, until=self.clock.now() + _DOWNLOAD_AGAIN_AFTER
                ) from damaged
            return await self.refuse(pull, damaged, document=document, archived_as=archived_as)
        except AnotherQuestion as other:
            if pull.found:
                raise NotOurs(other.what, until=self.clock.now()) from other
            return await self.refuse(pull, other, document=document, archived_as=archived_as)
        except Refusal as refusal:
            return await self.refuse(pull, refusal, document=document, archived_as=archived_as)
        finally:
            document.close()

    async def empty(self, pull: Claimed, why: str) -> Ended:
        """End a pull for which Amazon says that there is no data, and made no document."""
        box, source = await self._box(pull), self.sources[pull.source]
        nobody = source.read(document_of(b""), box) if box.filters else nothing(source, box, self.loader.datasets)
        received = Received(answer=nobody, box=box, byte_count=0, archived_as=None)
        loaded = await self.loader.load(self.ledger, pull, received, self.clock.now(), failure=why)
        return Ended(pull=pull, stage="empty", told=loaded.told, failure=why)

    async def refuse(
        self, pull: Claimed, refusal: Refusal, *, document: Document | None = None, archived_as: str | None = None
    ) -> Ended:
        """Give a pull up, with its reason in the ledger. Its slices are asked for again later, or now for less."""
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

    async def _keep(self, pull: Claimed, document: Document) -> str | None:
        """Keep a document and write down what became of it. Where it is not kept its rows are loaded all the same."""
        kept = await self.archive.keep(document, label_of(pull))
        if kept is None:
            return None
        await self.documents.note(pull.id, kept)
        return kept.name

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

    async def _box(self, pull: Claimed) -> Box:
        scopes = (s.scope for s in await self.ledger.slices_of(pull))
        return Box.of_scopes(
            pull.account, scopes, pull.first_day, pull.last_day, pull.filters or (),
            whole=self.sources[pull.source].whole,
        )  # fmt: skip

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


def label_of(pull: Claimed) -> Label:
    """Return what tells a pull's document from all others."""
    return Label(
        source=pull.source, account=pull.account, day=pull.last_day, pull_id=pull.id, asked_at=pull.intended_at
    )


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
