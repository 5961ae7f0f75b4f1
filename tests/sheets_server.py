"""A strict stand-in for Google's token endpoint and Sheets API: it refuses what Google refuses, in Google's words.

Limits: developers.google.com/workspace/sheets/api/limits (60 reads and 60 writes a minute for a user, two megabytes
advised); tokens: developers.google.com/identity/protocols/oauth2/service-account. The spreadsheets: `sheets_book.py`.
"""

import asyncio
import base64
import copy
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sheets_book import EMAIL, Document, Refused, change, get_values, put_values

BOOK = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whatever the address that is asked, as google-auth has it."""
_SCOPE = "https://www.googleapis.com/auth/spreadsheets"


@dataclass
class SheetsServer:
    """What Google holds, whom it knows, and what was asked of it."""

    url: str = ""
    documents: dict[str, Document] = field(default_factory=lambda: {BOOK: Document()})
    api_enabled: bool = True
    per_minute: int = 60
    minute: float = 60.0
    """What a minute of quotas lasts."""
    next_answers: list[tuple[int, str]] = field(default_factory=list)
    break_after: int | None = None
    """After so many writes everything else is refused, as if the machine had gone."""
    reads: int = 0
    writes: int = 0
    refused: int = 0
    logins: int = 0
    largest_body: int = 0
    after_write: Any = None
    """Called after each write: what somebody else does meanwhile."""
    _sent: dict[str, deque[float]] = field(default_factory=dict)
    _tokens: dict[str, float] = field(default_factory=dict)
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def document(self) -> Document:
        return self.documents[BOOK]

    def key_file(self, folder: Path, **changed: Any) -> Path:
        """Write the service account's key as Google gives it out, with some of it changed."""
        pem = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        known = {
            "type": "service_account", "project_id": "shop-123", "private_key_id": "0" * 40, "private_key": pem,
            "client_email": EMAIL, "client_id": "1" * 21, "auth_uri": f"{self.url}/auth",
            "token_uri": f"{self.url}/token",
        }  # fmt: skip
        path = folder / "key.json"
        path.write_text(json.dumps({**known, **changed}))
        return path

    def new_key(self) -> None:
        """Delete the key that was given out and make another one."""
        self._key = rsa.generate_private_key(65537, 2048)

    def answers(self, code: int, message: str, *, times: int = 1) -> None:
        """Refuse the next requests so."""
        self.next_answers += [(code, message)] * times

    # ── login ────────────────────────────────────────────────────────────────────────────────────

    def login(self, form: Mapping[str, str]) -> dict[str, Any]:
        self.logins += 1
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            raise _no_grant("unsupported_grant_type", "Invalid grant_type: " + form.get("grant_type", ""))
        claims = self._claims(form.get("assertion", ""))
        now = time.time()
        if claims.get("aud") != _AUDIENCE:
            raise _no_grant("invalid_grant", "Invalid JWT: Failed audience check.")
        if claims.get("iss") != EMAIL:
            raise _no_grant("invalid_grant", "Invalid grant: account not found")
        if not claims["iat"] - 300 <= now <= claims["exp"] <= claims["iat"] + 3600:
            raise _no_grant(
                "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable"
                " timeframe. Check your iat and exp values in the JWT claim.",
            )  # fmt: skip
        if claims.get("scope") != _SCOPE:
            raise _no_grant("invalid_scope", f"{claims.get('scope')} is more than spreadsheets")
        token = f"ya29.{len(self._tokens)}"
        self._tokens[token] = now + 3599
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def _claims(self, assertion: str) -> dict[str, Any]:
        try:
            head, body, signature = assertion.split(".")
            assert json.loads(_decoded(head))["alg"] == "RS256"
            public = self._key.public_key()
            public.verify(_decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError, AssertionError, KeyError):
            raise _no_grant("invalid_grant", "Invalid JWT Signature.") from None
        claims: dict[str, Any] = json.loads(_decoded(body))
        return claims

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def enter(self, request: web.Request, kind: str, size: int) -> Document:
        """Let a request in: known, within its quota, to a document that is there and shared."""
        self.largest_body = max(self.largest_body, size)
        if self.next_answers:
            self._refuse(*self.next_answers.pop(0))
        if self.break_after is not None and self.writes >= self.break_after:
            self._refuse(500, "Internal error encountered.")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) < time.time():
            raise Refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        if not self.api_enabled:
            raise _disabled()
        self._count(kind)
        document = self.documents.get(request.match_info["id"].partition(":")[0])
        if document is None:
            raise Refused(404, "NOT_FOUND", "Requested entity was not found.")
        if EMAIL not in document.editors:
            raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        if document.is_office_file:
            raise Refused(400, "FAILED_PRECONDITION", "This operation is not supported for this document")
        return document

    def _refuse(self, code: int, message: str) -> None:
        self.refused += 1
        raise Refused(code, {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}.get(code, "INTERNAL"), message)

    def _count(self, kind: str) -> None:
        sent, now = self._sent.setdefault(kind, deque()), time.monotonic()
        while sent and sent[0] <= now - self.minute:
            sent.popleft()
        if len(sent) >= self.per_minute:
            self._refuse(
                429, f"Quota exceeded for quota metric '{kind.title()} requests' and limit '{kind.title()} requests"
                " per minute per user' of service 'sheets.googleapis.com' for consumer 'project_number:123'.",
            )  # fmt: skip
        sent.append(now)
        if kind == "write":
            self.writes += 1
        else:
            self.reads += 1


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class _NoGrant(Exception):
    def __init__(self, body: Mapping[str, str]) -> None:
        self.body = body


def _no_grant(error: str, description: str) -> _NoGrant:
    return _NoGrant({"error": error, "error_description": description})


def _disabled() -> Refused:
    address = "https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project=123"
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", "domain": "googleapis.com",
        "metadata": {"consumer": "projects/123", "service": "sheets.googleapis.com", "activationUrl": address},
    }  # fmt: skip
    said = "Google Sheets API has not been used in project 123 before or it is disabled. Enable it by visiting"
    return Refused(403, "PERMISSION_DENIED", f"{said} {address} then retry.", detail)


def _application(server: SheetsServer) -> web.Application:
    async def login(request: web.Request) -> web.Response:
        try:
            return web.json_response(server.login(dict(await request.post())))  # type: ignore[arg-type]
        except _NoGrant as refused:
            return web.json_response(refused.body, status=400)

    async def show(request: web.Request) -> web.Response:
        document = server.enter(request, "read", 0)
        assert request.query["fields"] == "sheets.properties(sheetId,title,gridProperties(rowCount,columnCount))"
        grids = [
            {"sheetId": t.id, "title": t.title, "gridProperties": {"rowCount": t.rows, "columnCount": t.columns}}
            for t in document.tabs
        ]
        return web.json_response({"sheets": [{"properties": grid} for grid in grids]})

    async def update(request: web.Request) -> web.Response:
        if not request.match_info["id"].endswith(":batchUpdate"):
            raise web.HTTPNotFound
        text = await request.text()
        document = server.enter(request, "write", len(text))
        document.__dict__.update(change(document, json.loads(text)).__dict__)
        return _written(server, {})

    async def put(request: web.Request) -> web.Response:
        text = await request.text()
        document = server.enter(request, "write", len(text))
        made = copy.deepcopy(document)
        answer = put_values(made, request.match_info["range"], request.query, json.loads(text))
        document.__dict__.update(made.__dict__)
        return _written(server, answer)

    async def get(request: web.Request) -> web.Response:
        document = server.enter(request, "read", 0)
        return web.json_response(get_values(document, request.query.getall("ranges"), request.query))

    @web.middleware
    async def in_googles_words(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.code)
        return answer

    application = web.Application(middlewares=[in_googles_words], client_max_size=50 << 20)
    books = "/v4/spreadsheets/{id}"
    application.add_routes([
        web.post("/token", login), web.get(f"{books}/values:batchGet", get), web.get(books, show),
        web.put(f"{books}/values/{{range}}", put), web.post(books, update),
    ])  # fmt: skip
    return application


def _written(server: SheetsServer, body: dict[str, Any]) -> web.Response:
    if server.after_write:
        server.after_write(server)
    return web.json_response(body)


@contextmanager
def running_sheets() -> Iterator[SheetsServer]:
    """Give a Google on this machine; it works in a thread of its own, since gspread waits where it is called."""
    server = SheetsServer()
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        runner = web.AppRunner(_application(server), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        await over.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        loop.close()
