"""The bank's web server: its files, and what goes wrong with them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from amazon_simulator.answers import unavailable_page
from amazon_simulator.bank.files import FILES
from amazon_simulator.bank.rates import ReferenceRates
from amazon_simulator.journal import Journal
from amazon_simulator.mischief import RATES, Fault, Mischief, Stage, Where
from amazon_simulator.resets import reset

FOLDER = "/stats/eurofxref"
_ANOTHER_DAY = timedelta(days=1)
_SENTENCE = b"<html><body>This page is being worked on.</body></html>"


@dataclass(frozen=True, kw_only=True)
class Bank:
    """Answers every call to the bank. It has no quota."""

    rates: ReferenceRates
    now: Callable[[], datetime]
    mischief: Mischief
    journal: Journal

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call and count it."""
        answered = await self._served(request)
        reached = request.transport is not None and not request.transport.is_closing()
        self.journal.count(RATES, answered.status if reached else 0)
        return answered

    async def _served(self, request: web.Request) -> web.StreamResponse:
        folder, _, name = request.path.rpartition("/")
        fault = self._strikes(Stage.CALL)
        match fault.kind if fault else "":
            case "reset_before" | "reset_after":
                return reset(request)
            case "server_error":
                return web.Response(status=500)
            case "throttled":
                return web.Response(status=429)
            case "access_denied" | "unauthorized" | "token_expired":
                return web.Response(status=403)
            case "unavailable_html":
                return unavailable_page()
            case "slow_answer" if fault:
                await asyncio.sleep(fault.seconds)
        if request.method != "GET" or folder != FOLDER or name not in FILES:
            return web.Response(status=404)
        body = self._body(name)
        if self._strikes(Stage.DOWNLOAD):
            body = body[: len(body) // 2]
        return web.Response(body=body, content_type=FILES[name][0])

    def _body(self, name: str) -> bytes:
        fault = self._strikes(Stage.CONTENT)
        match fault.kind if fault else "":
            case "not_json":
                return _SENTENCE
            case "late_day":
                return FILES[name][1](self.rates, self._before_the_newest())
        return FILES[name][1](self.rates, self.now())

    def _before_the_newest(self) -> datetime:
        """Return an instant at which the newest day was not out yet."""
        now = self.now()
        newest = next(self.rates.days((now - 10 * _ANOTHER_DAY).date(), now), None)
        published = self.rates.published(newest) if newest else None
        return published - timedelta(seconds=1) if published else now

    def _strikes(self, stage: Stage) -> Fault | None:
        return self.mischief.strike(stage, Where(operation=RATES))
