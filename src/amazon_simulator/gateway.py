"""One region's endpoint: who asks, whether their quota allows it, what goes wrong, what the operation says."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from amazon_simulator.accounts import Account
from amazon_simulator.amazon import Amazon
from amazon_simulator.answers import (
    Answer,
    Rejection,
    denied,
    response,
    server_error,
    throttled,
    unavailable_page,
)
from amazon_simulator.kiosk.service import DataKiosk
from amazon_simulator.mischief import Fault, Stage, Where
from amazon_simulator.operations import DATA_KIOSK, Operation, find
from amazon_simulator.reports import Reports
from amazon_simulator.resets import reset
from amazon_simulator.sales.service import Sales
from amazon_simulator.sellers import participations

_EXPIRED = "The access token you provided has expired."
_INVALID = "The access token you provided is revoked, malformed or invalid."
_MISSING = "Access token is missing in the request header."


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """Answers every call to one region."""

    amazon: Amazon
    reports: Reports
    kiosk: DataKiosk
    sales: Sales
    region: str

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call and count it."""
        found = find(request.method, request.path)
        if found is None:  # an API gateway denies what it does not know rather than saying so
            self.amazon.journal.count("unknown", 403)
            return response(denied().answer)
        answered = await self._serve(request, *found)
        reached = request.transport is not None and not request.transport.is_closing()
        self.amazon.journal.count(found[0].name, answered.status if reached else 0)
        return answered

    async def _serve(self, request: web.Request, operation: Operation, ident: str) -> web.StreamResponse:
        body = await request.read()
        who = self.amazon.login.holder(request.headers.get("x-amz-access-token", ""))
        where = self._where(who[0] if who else None, request, operation, ident, body)
        fault = self.amazon.mischief.strike(Stage.CALL, where)
        match fault.kind if fault else "":
            case "reset_before":
                return reset(request)
            case "unavailable_html":
                return unavailable_page()
            case "slow_answer" if fault:
                await asyncio.sleep(fault.seconds)
        await self._find_out(who[0] if who else None, request, operation, ident)
        answer = self._answer(request, operation, ident, body, fault)
        if fault and fault.kind == "reset_after":
            return reset(request)
        shows_rate = answer.status == 429 and self.amazon.settings.rate_header_on_429
        if shows_rate:
            answer.headers["x-amzn-RateLimit-Limit"] = f"{operation.rate_per_second:g}"
        return response(answer, operation.rate_per_second)

    async def _find_out(
        self, account: Account | None, request: web.Request, operation: Operation, ident: str
    ) -> None:
        """Compute in a thread what takes a while, so that other calls are answered meanwhile: two years of days."""
        if operation.name == "getOrderMetrics":
            await asyncio.to_thread(self.sales.warm, account, _parameters(request))
        elif queries := self.kiosk.unknown(operation.name, account, ident, _parameters(request)):
            await asyncio.to_thread(self.kiosk.tell, queries)

    def _where(
        self, account: Account | None, request: web.Request, operation: Operation, ident: str, body: bytes
    ) -> Where:
        if operation.name == "getOrderMetrics":
            return self.sales.where(account, _parameters(request))
        asked = self.kiosk if operation.name in DATA_KIOSK else self.reports
        return asked.where(operation.name, account, ident, body)

    def _answer(
        self, request: web.Request, operation: Operation, ident: str, body: bytes, fault: Fault | None
    ) -> Answer:
        try:
            account = self._account(request)
            self._take(account, operation)
            _strike(fault)
            answer = self._operate(account, request, operation, ident, body, fault)
            self.amazon.quotas.granted(account.key, operation.name)
        except Rejection as rejection:
            return self._rejected(rejection, request, operation)
        return answer

    def _account(self, request: web.Request) -> Account:
        """Return whose token it is; a token of another region's account opens nothing here."""
        token = request.headers.get("x-amz-access-token", "")
        if not token:
            raise denied(_MISSING)
        who = self.amazon.login.holder(token)
        if who is None or who[0].region != self.region:
            raise denied(_INVALID)
        if not who[1]:
            raise denied(_EXPIRED)
        return who[0]

    def _take(self, account: Account, operation: Operation) -> None:
        now, rate = self.amazon.now(), operation.rate_per_second
        if not self.amazon.quotas.take(account.key, operation.name, rate, operation.burst, now):
            raise throttled()

    def _rejected(self, rejection: Rejection, request: web.Request, operation: Operation) -> Answer:
        """Return what a rejection says. Asking on and on turns the 429 into a 403 (jrl84/amazon-sp-api#46)."""
        who = self.amazon.login.holder(request.headers.get("x-amz-access-token", ""))
        if who is None:
            return rejection.answer
        if rejection.answer.status != 429:
            self.amazon.quotas.granted(who[0].key, operation.name)
        elif self.amazon.quotas.refused(who[0].key, operation.name):
            return denied().answer
        return rejection.answer

    def _operate(
        self, account: Account, request: web.Request, operation: Operation, ident: str, body: bytes,
        fault: Fault | None,
    ) -> Answer:  # fmt: skip
        query = _parameters(request)
        if operation.name == "getMarketplaceParticipations":
            return participations(account, self.amazon.closures)
        account = self.amazon.closures.left_of(account)
        if operation.name in DATA_KIOSK:
            return self.kiosk.answer(operation.name, account, ident, query, request.content_type, body, fault)
        match operation.name:
            case "createReport":
                return self.reports.create(account, request.content_type, body)
            case "getReports":
                return self.reports.list(account, query)
            case "getReport":
                return self.reports.get(account, ident)
            case "cancelReport":
                return self.reports.cancel(account, ident)
            case "getReportDocument":
                return self.reports.document(account, ident, query)
            case _:
                return self.sales.metrics(account, query)


def _parameters(request: web.Request) -> dict[str, list[str]]:
    return {name: request.query.getall(name) for name in request.query}


def _strike(fault: Fault | None) -> None:
    """Raise what a fault answers in the operation's place."""
    match fault.kind if fault else "":
        case "throttled" if fault:
            raise throttled(fault.retry_after)
        case "server_error":
            raise server_error()
        case "unauthorized":
            raise denied(_INVALID, status=401)
        case "token_expired":
            raise denied(_EXPIRED)
        case "access_denied":
            raise denied()
