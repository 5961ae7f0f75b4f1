"""The storage behind presigned URLs, as S3 is: five minutes, XML errors, bodies that are gzipped.

URL life: models/reports-api-model/reports_2021-06-30.json and models/data-kiosk-api-model/dataKiosk_2023-11-15.json.
Error shape: Amazon S3's REST error responses.
"""

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from aiohttp import web

from amazon_simulator.accounts import digest
from amazon_simulator.amazon import Amazon
from amazon_simulator.mischief import Fault, Stage, Where
from amazon_simulator.resets import reset
from amazon_simulator.storage_errors import ERRORS, expired, storage_error

_STAMP = "%Y%m%dT%H%M%SZ"
_PIECES = 8


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A document in the storage. `name` is its own among all; `render` makes it, gzipped."""

    name: str
    where: Where
    render: Callable[[], bytes]
    long: bool = False  # takes a while: made in a thread, so that other calls are answered meanwhile
    content_type: str = "application/json;charset=UTF-8"


@dataclass(kw_only=True)
class Storage:
    """Presigns and serves documents. `origin` is the listener's address, known once it listens."""

    amazon: Amazon
    origin: str = ""
    _papers: dict[str, Paper] = field(default_factory=dict)

    def url(self, paper: Paper, now: datetime, *, encoding: str) -> str:
        """Return a URL that opens a document from now on for five minutes of Amazon's time."""
        key = digest(self.amazon.settings.seed, paper.name)[:40]
        self._papers[key] = paper
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.astimezone(UTC).strftime(_STAMP),
            "X-Amz-Expires": str(self.amazon.settings.document_url_seconds),
            "X-Amz-SignedHeaders": "host",
            "response-content-encoding": encoding,
        }
        query["X-Amz-Signature"] = self._signature(key, query)
        return f"{self.origin}/spdoc-prod/{key}?{urlencode(query)}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a download."""
        response = await self._served(request)
        reached = request.transport is not None and not request.transport.is_closing()
        self.amazon.journal.count("download", response.status if reached else 0)
        return response

    async def _served(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        signature = query.pop("X-Amz-Signature", "")
        key = request.path.rpartition("/")[2]
        paper = self._papers.get(key)
        where = paper.where if paper else Where(operation="download")
        fault = self.amazon.mischief.strike(Stage.CALL, where) or self.amazon.mischief.strike(Stage.DOWNLOAD, where)
        if request.method != "GET" or paper is None or signature != self._signature(key, query):
            return storage_error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        now = self.amazon.now()
        signed = datetime.strptime(query["X-Amz-Date"], _STAMP).replace(tzinfo=UTC)
        ends = signed + timedelta(seconds=int(query["X-Amz-Expires"]))
        if now > ends or (fault and fault.kind == "expired_url"):
            return expired(query["X-Amz-Expires"], min(ends, now), now)
        if fault and fault.kind in ERRORS:
            return ERRORS[fault.kind](request)
        body = await asyncio.to_thread(paper.render) if paper.long else paper.render()
        return await _sent(request, body, paper.content_type, query["response-content-encoding"], fault)

    def _signature(self, key: str, query: dict[str, str]) -> str:
        text = "&".join([key, *(f"{name}={query[name]}" for name in sorted(query))])
        secret = digest(self.amazon.settings.seed, "documents").encode()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


async def _sent(
    request: web.Request, body: bytes, content_type: str, encoding: str, fault: Fault | None
) -> web.StreamResponse:
    """Send a body as it is, or as a fault has it."""
    kind = fault.kind if fault else ""
    body = _WRONG_BODIES[kind](body) if kind in _WRONG_BODIES else body
    response = web.StreamResponse(
        headers={
            "Content-Type": content_type,
            "Content-Encoding": "identity" if kind in ("already_inflated", "undeclared_gzip") else encoding,
            "Content-Length": str(len(body)),
            "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        }
    )
    await response.prepare(request)
    pieces = _PIECES if kind in ("slow_body", "cut_body", "slow_answer") else 1
    size = len(body) // pieces + 1
    for number in range(pieces):
        if kind in ("cut_body", "reset_after") and number * 2 >= pieces - 1:
            reset(request)
            return response
        await response.write(body[number * size : (number + 1) * size])
        if fault and pieces > 1:
            await asyncio.sleep(fault.seconds / pieces if kind != "cut_body" else 0.01)
    await response.write_eof()
    return response


def _corrupted(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x5A]) + body[middle + 1 :]


_WRONG_BODIES: dict[str, Callable[[bytes], bytes]] = {
    "truncated_gzip": lambda body: body[: len(body) // 2],
    "already_inflated": gzip.decompress,
    "corrupt_gzip": _corrupted,
}
