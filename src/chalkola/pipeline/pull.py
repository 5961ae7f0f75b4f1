"""One pull, question to rows, a step at a time. Each step ends with a line in the ledger, so that any of them may be
the last one this process makes.

    asking   the intent is written: ask                     -> asked, or looking when Amazon's answer is lost
    looking  somebody may have asked: look                  -> asked, or planned when Amazon knows nothing of it
    asked    there is a ticket: check it                    -> asked again, planned for a page, ready, or the end
    ready    all its documents are there: fetch, read, load -> the end
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from chalkola.amazon.verdicts import given_up
from chalkola.calls import made_for
from chalkola.clock import Clock
from chalkola.datasets.model import Source
from chalkola.drivers import Driver, driver_of
from chalkola.errors import PageExpired, Refusal, Setback
from chalkola.pipeline.ending import Ended, Ending
from chalkola.pipeline.onward import (
    NotOurs,
    Onward,
    ReadySetback,
    after_setback,
    as_before,
    asked_anew,
    checked_again,
    fetched_at,
    first_check,
    to_check,
)
from chalkola.pipeline.pages import Pages
from chalkola.settings import Account
from chalkola.store.ledger import Ledger, Reason
from chalkola.store.pulls import Claimed
from chalkola.tickets import Empty, Pending, Ready, Refused, Unknown

_CLOCKS_MAY_DIFFER_BY = timedelta(minutes=15)
_ANY_NUMBER = 10**6
_BEGUN_ANEW = 3
"""Setbacks after which a question whose next page Amazon refuses is not asked from its first page once more."""


@dataclass(frozen=True, kw_only=True)
class Puller:
    """Everything that a step needs."""

    drivers: Mapping[str, Driver]
    """By name: Amazon's, and those of others."""
    ledger: Ledger
    ending: Ending
    clock: Clock
    accounts: Mapping[str, Account]
    sources: Mapping[str, Source]
    pages: Pages = field(default_factory=Pages)

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
                return await self.ending.refuse(pull, expired)
            await self.ledger.first_page(pull, until=self.clock.now(), waiting_for=str(expired))
            return None
        except Setback as setback:
            if setback.for_quota and pull.stage == "asking" and pull.slot:
                await self.ledger.lower_slot(pull)
            if pull.setbacks + 1 >= (self.sources[pull.source].tries or _ANY_NUMBER):
                return await self.ending.refuse(pull, _given_up(setback))
            onward = after_setback(pull, setback, self._driver(pull).operations, self.clock.now())
            reason: Reason = "quota" if setback.for_quota else "setback"
            await self._go_on(pull, onward, reason=reason, waiting_for=setback.what, why=setback.why)
            return setback
        except Refusal as refusal:
            return await self.ending.refuse(pull, refusal)
        return None

    async def put_back(self, pull: Claimed, why: str) -> None:
        """Put a pull back as it was before the step that a fault ended."""
        onward = as_before(pull, self._driver(pull).operations, self.clock.now())
        await self._go_on(pull, onward, reason="setback", waiting_for=why)

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
        why = "asked again: Amazon knows nothing of the first time"
        await self._go_on(pull, asked_anew(pull, self.clock.now()), reason="pending", waiting_for=why)

    async def _write_ticket(self, pull: Claimed, ticket: str) -> None:
        check_at = first_check(self.sources[pull.source].processing, self.clock.now())
        needs = to_check(self._driver(pull).operations, pull.account)
        await self.ledger.ticket(pull, ticket, check_at=check_at, needs=needs)

    async def _check(self, pull: Claimed) -> Ended | None:
        driver, account = self._driver(pull), self._account(pull)
        match await driver.check(account, pull.ticket or "", paid=True):
            case Pending(status=status):
                onward = checked_again(pull, driver.operations, self.clock.now())
                why = f"Amazon to finish it ({status})"
                await self._go_on(pull, onward, reason="pending", waiting_for=why)
            case Ready(document_id=document_id, next_page=str(token)):
                await self.ledger.next_page(pull, document_id, token)
            case Ready(document_id=document_id):
                return await self._fetch(pull, document_id, paid=False)
            case Empty() if pull.pages:
                return await self._fetch(pull, None, paid=False)
            case Empty(why=why):
                return await self.ending.empty(pull, why)
            case Refused(why=why, document_id=document_id):
                said = await driver.reason(account, document_id) if document_id else ""
                raise given_up(account, driver.operations.create, why, said)
            case Unknown(why=why):
                await self._go_on(pull, asked_anew(pull, self.clock.now()), reason="setback", waiting_for=why)
        return None

    async def _fetch(self, pull: Claimed, document_id: str | None, *, paid: bool) -> Ended | None:
        wanted = [*pull.pages, document_id] if document_id else pull.pages
        next_one, *others = self.pages.missing(pull.id, wanted)
        try:
            self.pages.keep(
                pull.id, next_one, await self._driver(pull).fetch(self._account(pull), next_one, paid=paid)
            )
            if others:
                onward = fetched_at(pull, document_id, self._driver(pull).operations, self.clock.now())
                await self._go_on(pull, onward, reason="pending", waiting_for="its other pages")
                return None
            return await self.ending.load(pull, self.pages.take(pull.id, wanted))
        except NotOurs:
            raise
        except Setback as setback:
            raise ReadySetback(setback, document_id) from setback

    async def _go_on(self, pull: Claimed, onward: Onward, *, reason: Reason, waiting_for: str, why: str = "") -> None:
        await self.ledger.postpone(
            pull, onward.stage, until=onward.until, reason=reason, waiting_for=waiting_for, why=why,
            needs=onward.needs, document_id=onward.document_id,
        )  # fmt: skip

    def _driver(self, pull: Claimed) -> Driver:
        return driver_of(self.drivers, self.sources[pull.source].driver)

    def _account(self, pull: Claimed) -> Account:
        return self.accounts[pull.account]


def _given_up(setback: Setback) -> Refusal:
    """Return the refusal that the last of so many setbacks is as a source is worth to a run."""
    return Refusal(setback.what, why=setback.why, remedy="A later run asks again.")
