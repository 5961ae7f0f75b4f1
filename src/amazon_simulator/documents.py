"""The documents behind presigned URLs, as S3 serves them: gzip bodies, five minutes, XML errors.

URL life: models/reports-api-model/reports_2021-06-30.json. Error shape: Amazon S3's REST error responses.
"""

import asyncio
import gzip
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from amazon_simulator.accounts import digest
from amazon_simulator.amazon import Amazon
from amazon_simulator.document import sales_and_traffic
from amazon_simulator.figures import edition
from amazon_simulator.mischief import Fault, Stage, Where
from amazon_simulator.report_book import Report
from amazon_simulator.resets import reset
from amazon_simulator.spoiling import spoiled
from amazon_simulator.storage_errors import ERRORS, expired, storage_error
from amazon_simulator.world import Recent, days

_STAMP = "%Y%m%dT%H%M%SZ"
_LONG = timedelta(days=3)  # longer ranges are computed in a thread, so that other calls are answered meanwhile
_PIECES = 8
_FATAL_REASON = (
    b'{"errorDetails": "There was a problem processing your report request. The requested date range '
    b'is not available yet. Please try again later."}'
)


@dataclass(kw_only=True)
class Documents:
    """Presigns, renders and serves documents. `origin` is the listener's address, known once it listens."""

    amazon: Amazon
    origin: str = ""
    _rendered: Recent[bytes] = field(init=False)
    _keys: dict[str, Report] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rendered = Recent(self.amazon.settings.documents_remembered)

    def has_data(self, report: Report) -> bool:
        """Say whether there is anything to report, at the instant the report is finished."""
        start, end = report.question.expanded
        return self.amazon.world.shows(report.question.marketplace, start, end, report.ends)

    def url(self, report: Report, now: datetime, *, encoding: str) -> str:
        """Return a URL that opens a report's document from now on for five minutes of Amazon's time."""
        key = digest(self.amazon.settings.seed, f"{report.account}/{report.report_id}")[:40]
        self._keys[key] = report
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
        report = self._keys.get(key)
        where = _where(report)
        fault = self.amazon.mischief.strike(Stage.CALL, where) or self.amazon.mischief.strike(Stage.DOWNLOAD, where)
        if request.method != "GET" or report is None or signature != self._signature(key, query):
            return storage_error(403, "SignatureDoesNotMatch", "The request signature we calculated does not match")
        now = self.amazon.now()
        signed = datetime.strptime(query["X-Amz-Date"], _STAMP).replace(tzinfo=UTC)
        ends = signed + timedelta(seconds=int(query["X-Amz-Expires"]))
        if now > ends or (fault and fault.kind == "expired_url"):
            return expired(query["X-Amz-Expires"], min(ends, now), now)
        if fault and fault.kind in ERRORS:
            return ERRORS[fault.kind](request)
        body = await self._body(report)
        return await _sent(request, body, query["response-content-encoding"], fault)

    async def _body(self, report: Report) -> bytes:
        start, end = report.question.expanded
        if end - start > _LONG:
            return await asyncio.to_thread(self.render, report)
        return self.render(report)

    def render(self, report: Report) -> bytes:
        """Return a report's document, gzipped."""
        if report.fate and report.fate.kind == "fatal_with_document":
            return gzip.compress(_FATAL_REASON, 1, mtime=0)
        start, end = report.question.expanded
        market = report.question.marketplace
        report = _arrived_only(report)
        editions = tuple(edition(market, day, report.ends) for day in days(start, end))
        key = (report.question, editions, report.content)
        return self._rendered.get(key, lambda: self._rendered_now(report))

    def _rendered_now(self, report: Report) -> bytes:
        document = sales_and_traffic(self.amazon.world, report.question, report.ends)
        said = spoiled(document, report.content) if report.content else document
        text = said if isinstance(said, bytes) else msgspec.json.encode(said)
        if self.amazon.settings.pretty and not isinstance(said, bytes):
            text = msgspec.json.format(text, indent=2)
        return gzip.compress(text, 1, mtime=0)

    def _signature(self, key: str, query: dict[str, str]) -> str:
        text = "&".join([key, *(f"{name}={query[name]}" for name in sorted(query))])
        secret = digest(self.amazon.settings.seed, "documents").encode()
        return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def _arrived_only(report: Report) -> Report:
    """Set a report back to ten hours after its last day when the fault says that the day is late."""
    if report.content is None or report.content.kind != "late_day":
        return report
    question = report.question
    return replace(report, ends=question.marketplace.day_end(question.end) + timedelta(hours=10))


def _where(report: Report | None) -> Where:
    if report is None:
        return Where(operation="download")
    start, end = report.question.expanded
    return Where(
        operation="download",
        account=report.account,
        marketplace=report.question.marketplace.code,
        start=start,
        end=end,
    )


async def _sent(request: web.Request, body: bytes, encoding: str, fault: Fault | None) -> web.StreamResponse:
    """Send a body as it is, or as a fault has it."""
    kind = fault.kind if fault else ""
    body = _WRONG_BODIES[kind](body) if kind in _WRONG_BODIES else body
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/json;charset=UTF-8",
            "Content-Encoding": "identity" if kind == "already_inflated" else encoding,
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
