"""Bodies: of a request, as large as it may be and no larger; of an answer, compressed where that is asked for."""

import asyncio
import gzip

from starlette.requests import Request
from starlette.responses import Response

from chalkola.surfaces.web.deflating import Stream

_ARRIVES_WITHIN_SECONDS = 30.0  # machine time
_ABSURD = 10  # times as large as it may be
_WORTH_COMPRESSING = 1_000  # bytes
_LEVEL = 5  # the sixth halves the speed for one percent


class TooLarge(Exception):
    """A body is larger than is taken."""


async def read_body(request: Request, most: int) -> bytes:
    """Return a request's body. Raises `TooLarge` for one of more than `most` bytes, and `TimeoutError` for one that
    does not arrive.

    One that is not absurdly large is let through to its end first, unread: a sender whose connection is cut while it
    sends does not see the answer.
    """
    body, length = bytearray(), 0
    async with asyncio.timeout(_ARRIVES_WITHIN_SECONDS):
        async for chunk in request.stream():
            length += len(chunk)
            if length <= most:
                body += chunk
            elif length > _ABSURD * most:
                break
    if length > most:
        raise TooLarge
    return bytes(body)


async def answered(
    request: Request,
    body: bytes | Stream,
    media_type: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a response, compressed if the request takes that and it is worth it, or is compressed already."""
    headers = {"Vary": "Accept-Encoding", **(headers or {})}
    if isinstance(body, Stream):
        if takes(request, "deflate"):
            return Response(body.coded, status, {**headers, "Content-Encoding": "deflate"}, media_type)
        body = body.text()
    if len(body) >= _WORTH_COMPRESSING and takes(request, "gzip"):
        headers["Content-Encoding"] = "gzip"
        # In a thread: a large one takes a tenth of a second, in which others want their answers.
        body = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    return Response(body, status, headers, media_type)


def takes(request: Request, coding: str) -> bool:
    """Return whether an answer may come in a coding."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        named, _, weight = part.partition(";")
        if named.strip() in (coding, "*") and weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            return True
    return False
