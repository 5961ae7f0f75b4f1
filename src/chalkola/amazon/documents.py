"""Downloading a document from its presigned address, which opens it to anybody and lives five minutes: it is in no
message and no log."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import IO

import httpx2

from chalkola.amazon.answers import setback
from chalkola.clock import Clock
from chalkola.documents import Document, spool
from chalkola.errors import Setback
from chalkola.telling import Heard
from chalkola.wire import DOWNLOAD_PATIENCE, in_words

LONGEST_DOWNLOAD_SECONDS = 900.0
"""Machine time for one document."""
_WAIT = timedelta(minutes=1)
_BROKEN = (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError)


class UrlExpired(Setback):
    """The address is dead; the document is still there and Amazon gives a fresh address for it."""


async def download(
    client: httpx2.AsyncClient, url: str, clock: Clock, telling: AbstractContextManager[Heard] | None = None
) -> Document:
    """Return the document as it was sent: neither inflated nor decoded. `telling` hears of the call.

    Raises `UrlExpired` for a dead address; `Setback` when the connection fails, is too slow, or ends early.
    """
    place = spool()
    try:
        charset = await _pour(client, url, place, clock, telling or nullcontext(Heard()))
    except BaseException:
        place.close()
        raise
    return Document(raw=place, size_bytes=place.tell(), charset=charset)


async def _pour(
    client: httpx2.AsyncClient, url: str, place: IO[bytes], clock: Clock, telling: AbstractContextManager[Heard]
) -> str | None:
    """Return the charset that the answer names."""
    try:
        with telling as heard:
            async with asyncio.timeout(LONGEST_DOWNLOAD_SECONDS):
                response = await client.send(_request(url), stream=True, follow_redirects=True)
                try:
                    heard.answer(response)
                    _check(response.status_code, clock)
                    async for chunk in response.aiter_raw():
                        place.write(chunk)
                    return response.charset_encoding
                finally:
                    await response.aclose()
    except _BROKEN as error:
        # Not chained: the original may quote the address.
        raise _broken(in_words(error), clock) from None


def _request(url: str) -> httpx2.Request:
    headers = {"accept-encoding": "identity"}  # what is stored is what is sent: no proxy is to compress it once more
    return httpx2.Request("GET", url, headers=headers, extensions={"timeout": DOWNLOAD_PATIENCE.as_dict()})


def _check(status: int, clock: Clock) -> None:
    if 400 <= status < 500 and status not in (408, 429):
        what = "A document's address was dead before the document was fetched."
        raise setback(what, why=f"HTTP {status}.", until=clock.now() + _WAIT, kind=UrlExpired)
    if status != 200:
        raise _broken(f"HTTP {status}.", clock)


def _broken(why: str, clock: Clock) -> Setback:
    return setback("A document could not be downloaded whole.", why=why, until=clock.now() + _WAIT)
