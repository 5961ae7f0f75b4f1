"""The driver of the European Central Bank's reference rates: files that anybody may fetch.

A question is the days that are wanted; its ticket is the name of the file that has them. The file is there before it
is asked for, so that asking and checking need no call.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import IO, cast
from zoneinfo import ZoneInfo

import httpx2

from chalkola.clock import Clock
from chalkola.documents import Document, spool
from chalkola.drivers import Operations
from chalkola.errors import Refusal, Setback
from chalkola.settings import Account
from chalkola.telling import Teller
from chalkola.tickets import Outcome, Ready
from chalkola.wire import DOWNLOAD_PATIENCE

DAILY, LAST_90_DAYS, ALL_DAYS = "eurofxref-daily.xml", "eurofxref-hist-90d.xml", "eurofxref-hist.zip"
OPERATION = "getReferenceRates"
_SURELY_WITHIN_90_DAYS = timedelta(days=85)
_ZONE = ZoneInfo("Europe/Berlin")
_WAIT = timedelta(minutes=2)
_LONGEST_SECONDS = 300.0  # machine time for one file
_MOST_BYTES = 100_000_000
_WHO = "The European Central Bank's reference rates"


class CentralBank:
    """Fetches the bank's files. Holds nothing: what is known about a pull is in the ledger."""

    operations = Operations(create=OPERATION, check=OPERATION, fetch=OPERATION)

    def __init__(self, client: httpx2.AsyncClient, folder: str, clock: Clock, teller: Teller) -> None:
        self._client, self._folder, self._clock, self._teller = client, folder, clock, teller

    async def ask(
        self,
        account: Account,
        question: Mapping[str, object],
        *,
        paid: bool,
        buckets: tuple[str, ...],
        page: str | None = None,
    ) -> str:
        """Return the name of the smallest file that has the days."""
        first, last = (date.fromisoformat(cast(str, question[name])) for name in ("first", "last"))
        return file_of(first, last, self._clock.now())

    async def find(self, account: Account, question: Mapping[str, object], *, since: datetime) -> tuple[str, ...]:
        """Return nothing: asking leaves nothing behind."""
        return ()

    async def check(self, account: Account, ticket: str, *, paid: bool) -> Outcome:
        """Return that the file can be fetched."""
        return Ready(document_id=ticket)

    async def fetch(self, account: Account, document_id: str, *, paid: bool) -> Document:
        """Return a file as it was sent. Raises `Setback`, and `Refusal` for a file that is not there."""
        place = spool()
        try:
            await self._pour(account, document_id, place)
        except BaseException:
            place.close()
            raise
        return Document(raw=place, size_bytes=place.tell())

    async def reason(self, account: Account, document_id: str) -> str:
        """Return nothing: the bank refuses no question."""
        return ""

    async def cancel(self, account: Account, ticket: str) -> None:
        """Do nothing: there is nothing to take back."""

    async def _pour(self, account: Account, name: str, place: IO[bytes]) -> None:
        request = httpx2.Request("GET", f"{self._folder}/{name}", extensions={"timeout": DOWNLOAD_PATIENCE.as_dict()})
        try:
            with self._teller.telling(OPERATION, account.key) as heard:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    response = await self._client.send(request, stream=True, follow_redirects=True)
                    try:
                        heard.answer(response)
                        self._check(response.status_code, name)
                        async for chunk in response.aiter_bytes():
                            place.write(chunk)
                            self._check_size(place, name)
                    finally:
                        await response.aclose()
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
            raise self._not_now(f"{type(error).__name__}: {error}.") from error

    def _check(self, status: int, name: str) -> None:
        if 400 <= status < 500 and status not in (408, 429):
            raise Refusal(
                f"{_WHO} are not where they should be: {name}.", why=f"HTTP {status}.",
                remedy="Correct FX_RATES_URL if it is set; the rates that are here stay.",
            )  # fmt: skip
        if status != 200:
            raise self._not_now(f"HTTP {status}.")

    def _check_size(self, place: IO[bytes], name: str) -> None:
        if place.tell() > _MOST_BYTES:
            raise Refusal(f"{name} is larger than {_MOST_BYTES / 1e6:,.0f} MB: it is no file of reference rates.")

    def _not_now(self, why: str) -> Setback:
        return Setback(f"{_WHO} cannot be fetched now.", why=why, until=self._clock.now() + _WAIT)


def file_of(first: date, last: date, now: datetime) -> str:
    """Return the name of the smallest file that has these days at `now`."""
    today = now.astimezone(_ZONE).date()
    if first == last == today:
        return DAILY
    return LAST_90_DAYS if first >= today - _SURELY_WITHIN_90_DAYS else ALL_DAYS
