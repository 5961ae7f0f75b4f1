"""One call to Amazon: an access token, a turn, the request, and what its answer means. Nothing here retries in a
loop: what has to wait goes back to the ledger as a `Setback`, so that every wait has a reason and an end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from types import MappingProxyType
from typing import Self
from urllib.parse import quote, urlencode

import httpx2
import msgspec

from chalkola.amazon.answers import Reply, says_expired
from chalkola.amazon.login import Login
from chalkola.amazon.operations import OPERATIONS
from chalkola.amazon.throttle import Meter, operation_bucket
from chalkola.amazon.turns import take_turn
from chalkola.amazon.verdicts import Asked, Verdicts
from chalkola.calls import Sink
from chalkola.settings import Account, Settings
from chalkola.telling import Teller
from chalkola.wire import in_words, open_client, was_never_sent

_NONE: Mapping[str, str] = MappingProxyType({})
# The form that Amazon asks for: developer-docs.amazon.com/sp-api/docs/include-a-user-agent-header-in-all-requests
_USER_AGENT = f"chalkola/{version('chalkola')} (Language=Python)"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    """What is sent, but for the access token."""

    method: str
    url: str
    body: bytes | None


class Transport:
    """Sends calls over one set of connections, beside one for downloads. Open it with `async with`."""

    def __init__(self, settings: Settings, meter: Meter, *, on_call: Sink | None = None) -> None:
        self.client = open_client()
        # A client of their own: before each call httpx2 looks at every idle connection that its client has.
        self.downloads = open_client()
        self.teller = Teller(settings.clock, on_call)
        self.login = Login(settings, self.client, self.teller)
        self._clock = settings.clock
        self._meter = meter
        self._verdicts = Verdicts(meter, settings.clock)

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        await self.downloads.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        await self.downloads.aclose()

    async def call(
        self,
        account: Account,
        operation: str,
        *,
        path: Mapping[str, str] = _NONE,
        query: Mapping[str, str] = _NONE,
        body: object = None,
        paid: bool = False,
        extra_buckets: tuple[str, ...] = (),
        refused_wait: timedelta | None = None,
    ) -> Reply:
        """Return Amazon's reply: a 2xx, or a 404 whose meaning the caller knows.

        A turn is taken from the operation's bucket and from `extra_buckets` (the tightest last) unless it is `paid`.
        `refused_wait` is how long to stay away after a 429 that names no time.
        Raises `Setback`, `Uncertain`, `Rejected`, `SourceClosed` and `LoginFault`.
        """
        own = operation_bucket(operation, account.key)
        asked = Asked(
            account=account, operation=OPERATIONS[operation], own=own,
            tightest=extra_buckets[-1] if extra_buckets else own, refused_wait=refused_wait,
        )  # fmt: skip
        letter = _letter(asked, path, query, body)
        token = await self.login.token(account)
        if not paid:
            await take_turn(self._meter, self._clock, (own, *extra_buckets))
        reply = await self._send(asked, letter, token)
        if says_expired(reply):
            # Turned away at the door, so only the operation's own bucket is drawn from again.
            self.login.forget(account, token)
            token = await self.login.token(account)
            await take_turn(self._meter, self._clock, (own,))
            reply = await self._send(asked, letter, token)
        return await self._verdicts.on(asked, reply, hide=token)

    async def _send(self, asked: Asked, letter: _Letter, token: str) -> Reply:
        try:
            with self.teller.telling(asked.operation.name, asked.account.key) as heard:
                response = await self.client.send(_request(letter, token))
                heard.answer(response)
        except httpx2.RequestError as error:
            never_sent = was_never_sent(error)
            raise self._verdicts.unanswered(asked, in_words(error), never_sent=never_sent) from error
        await self._verdicts.learn(asked.own, heard.rate_per_second)
        return Reply(
            operation=asked.operation.name, account=asked.account.key, status=response.status_code,
            content=response.content, at=self._clock.now(), creates=asked.operation.creates,
            retry_after=response.headers.get("retry-after"),
        )  # fmt: skip


def _request(letter: _Letter, token: str) -> httpx2.Request:
    headers = {"x-amz-access-token": token, "user-agent": _USER_AGENT, "accept": "application/json"}
    if letter.body is not None:
        headers["content-type"] = "application/json"
    return httpx2.Request(letter.method, letter.url, headers=headers, content=letter.body)


def _letter(asked: Asked, path: Mapping[str, str], query: Mapping[str, str], body: object) -> _Letter:
    url = asked.account.endpoint + asked.operation.address(path)
    if query:
        url = f"{url}?{urlencode(query, quote_via=quote, safe='')}"
    return _Letter(method=asked.operation.method, url=url, body=None if body is None else msgspec.json.encode(body))
