"""A strict stand-in for Google's token endpoint and Sheets API: it refuses what Google refuses, in Google's words.

Shapes: developers.google.com/workspace/sheets/api/reference/rest; limits: .../api/limits (60 reads and 60 writes a
minute for a user, two megabytes advised), support.google.com/drive/answer/37603 (ten million cells); tokens:
developers.google.com/identity/protocols/oauth2/service-account. Only what a push needs is there; the rest is refused.
"""

import asyncio
import base64
import copy
import json
import re
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

EMAIL = "chalkola@shop-123.iam.gserviceaccount.com"
BOOK = "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg"
MOST_CELLS = 10_000_000
_AUDIENCE = "https://oauth2.googleapis.com/token"
"""Whatever the address that is asked, as google-auth has it."""
_SCOPE = "https://www.googleapis.com/auth/spreadsheets"
Value = str | int | float | bool


class Refused(Exception):
    """An answer of Google's that is none of success."""

    def __init__(self, code: int, status: str, message: str, *details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.code = code
        error: dict[str, Any] = {"code": code, "message": message, "status": status}
        self.body = {"error": {**error, "details": list(details)} if details else error}


def invalid(message: str) -> Refused:
    return Refused(400, "INVALID_ARGUMENT", message)


@dataclass
class Tab:
    """A tab: its size, its cells by row and column, and the formats given to areas."""

    id: int
    title: str
    rows: int = 1000
    columns: int = 26
    hidden: bool = False
    cells: dict[tuple[int, int], Value] = field(default_factory=dict)
    formats: list[tuple[tuple[int, int, int, int], str]] = field(default_factory=list)

    def grid(self) -> list[list[Value]]:
        """Return the cells as the API answers them: what is empty at the end is left out."""
        last = max((row for row, _ in self.cells), default=-1)
        rows: list[list[Value]] = [[] for _ in range(last + 1)]
        for row, column in sorted(self.cells):
            rows[row] += [""] * (column - len(rows[row])) + [self.cells[row, column]]
        return rows


@dataclass
class Document:
    """A spreadsheet and with whom it is shared."""

    tabs: list[Tab] = field(default_factory=lambda: [Tab(id=0, title="Sheet1")])
    editors: set[str] = field(default_factory=lambda: {EMAIL})
    is_office_file: bool = False
    next_id: int = 1

    def named(self, title: str) -> Tab:
        found = next((tab for tab in self.tabs if tab.title == title), None)
        if found is None:
            raise invalid(f"Unable to parse range: {title}")
        return found

    def of_id(self, id: int, where: str) -> Tab:
        found = next((tab for tab in self.tabs if tab.id == id), None)
        if found is None:
            raise invalid(f"{where}: No grid with id: {id}")
        return found

    def check(self) -> None:
        if sum(tab.rows * tab.columns for tab in self.tabs) > MOST_CELLS:
            raise invalid(
                "This action would increase the number of cells in the workbook above the limit of 10000000 cells."
            )


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


# ── what can be changed ──────────────────────────────────────────────────────────────────────────


def change(document: Document, body: Any) -> Document:
    """Return a document after all the requests of a batchUpdate, or refuse them all."""
    _fields(body, "", {"requests", "includeSpreadsheetInResponse", "responseRanges", "responseIncludeGridData"})
    if not body.get("requests"):
        raise invalid("Must specify at least one request.")
    made = copy.deepcopy(document)
    for number, request in enumerate(body["requests"]):
        (kind, said), where = next(iter(request.items())), f"Invalid requests[{number}]"
        if len(request) != 1 or kind not in _CHANGES:
            raise _unknown(kind, f"requests[{number}]")
        _CHANGES[kind](made, said, f"{where}.{kind}")
        made.check()
    return made


def _unknown(name: str, where: str) -> Refused:
    return invalid(f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.")


def _fields(said: Any, where: str, known: set[str]) -> None:
    for name in said:
        if name not in known:
            raise _unknown(name, where)


def _add(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"properties"})
    known = said["properties"]
    _fields(known, where, {"sheetId", "title", "index", "hidden", "gridProperties"})
    if any(tab.title == known["title"] for tab in document.tabs):
        raise invalid(f'{where}: A sheet with the name "{known["title"]}" already exists. Please enter another name.')
    grid = known.get("gridProperties", {})
    document.tabs.append(Tab(
        id=document.next_id * 7919, title=known["title"], rows=grid.get("rowCount", 1000),
        columns=grid.get("columnCount", 26), hidden=known.get("hidden", False),
    ))  # fmt: skip
    document.next_id += 1


def _update(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"properties", "fields"})
    tab, known = document.of_id(said["properties"]["sheetId"], where), said["properties"]
    if not said.get("fields"):
        raise invalid(f"{where}: At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    for name in said["fields"].split(","):
        match name:
            case "gridProperties.rowCount":
                tab.rows = known["gridProperties"]["rowCount"]
            case "gridProperties.columnCount":
                tab.columns = known["gridProperties"]["columnCount"]
            case _:
                raise invalid(f"{where}: Invalid field: {name}")
    tab.cells = {(r, c): value for (r, c), value in tab.cells.items() if r < tab.rows and c < tab.columns}


def _delete(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"sheetId"})
    document.tabs.remove(document.of_id(said["sheetId"], where))
    if all(tab.hidden for tab in document.tabs):
        raise invalid(f"{where}: You can't remove all the visible sheets in a document.")


def _area(document: Document, said: Any, where: str) -> tuple[Tab, int, int, int, int]:
    _fields(said, where, {"sheetId", "startRowIndex", "endRowIndex", "startColumnIndex", "endColumnIndex"})
    tab = document.of_id(said["sheetId"], where)
    top, left = said.get("startRowIndex", 0), said.get("startColumnIndex", 0)
    bottom, right = said.get("endRowIndex", tab.rows), said.get("endColumnIndex", tab.columns)
    if not (0 <= top < bottom <= tab.rows and 0 <= left < right <= tab.columns):
        raise invalid(f"{where}: range is beyond the grid of {tab.title} ({tab.rows} rows, {tab.columns} columns)")
    return tab, top, left, bottom, right


def _copy(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"source", "destination", "pasteType", "pasteOrientation"})
    if said.get("pasteType") != "PASTE_VALUES":
        raise invalid(f"{where}: Invalid value at 'paste_type'")
    source, top, left, bottom, right = _area(document, said["source"], where)
    tab, *place = _area(document, said["destination"], where)
    for row in range(bottom - top):
        for column in range(right - left):
            _put(tab, place[0] + row, place[1] + column, source.cells.get((top + row, left + column), ""))


def _cells(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"rows", "fields", "start", "range"})
    if said.get("fields") != "userEnteredValue" or ("start" in said) == ("range" in said):
        raise invalid(f"{where}: must specify fields, and one of start and range")
    if "range" in said:
        tab, top, left, bottom, right = _area(document, said["range"], where)
        tab.cells = {at: v for at, v in tab.cells.items() if not (top <= at[0] < bottom and left <= at[1] < right)}
        assert not said.get("rows"), "not needed here"
        return
    start = said["start"]
    tab = document.of_id(start["sheetId"], where)
    for row, line in enumerate(said["rows"], start=start["rowIndex"]):
        for column, cell in enumerate(line.get("values", ()), start=start["columnIndex"]):
            _inside(tab, row, column, where)
            _put(tab, row, column, _entered(cell, where))


def _entered(cell: Any, where: str) -> Value:
    _fields(cell, where, {"userEnteredValue"})
    if not cell:
        return ""
    ((kind, value),) = cell["userEnteredValue"].items()
    fits = {"numberValue": (int, float), "stringValue": str, "boolValue": bool}
    if kind not in fits or not isinstance(value, fits[kind]):
        raise invalid(f"{where}: Invalid value at 'user_entered_value'")
    made: Value = value
    return made


def _repeat(document: Document, said: Any, where: str) -> None:
    _fields(said, where, {"range", "cell", "fields"})
    tab, top, left, bottom, right = _area(document, said["range"], where)
    assert said["fields"] == "userEnteredFormat.numberFormat"
    pattern = said["cell"]["userEnteredFormat"]["numberFormat"]["pattern"]
    tab.formats = [one for one in tab.formats if one[0] != (top, left, bottom, right)]
    tab.formats.append(((top, left, bottom, right), pattern))


_CHANGES = {
    "addSheet": _add, "updateSheetProperties": _update, "deleteSheet": _delete, "copyPaste": _copy,
    "updateCells": _cells, "repeatCell": _repeat,
}  # fmt: skip


def _put(tab: Tab, row: int, column: int, value: Value) -> None:
    if value == "" and not isinstance(value, bool):
        tab.cells.pop((row, column), None)
    else:
        tab.cells[row, column] = value


def _inside(tab: Tab, row: int, column: int, where: str) -> None:
    if row >= tab.rows or column >= tab.columns:
        raise invalid(f"Range ({where}) exceeds grid limits. Max rows: {tab.rows}, max columns: {tab.columns}")


# ── values ───────────────────────────────────────────────────────────────────────────────────────


def _range(document: Document, text: str) -> tuple[Tab, int, int]:
    found = re.fullmatch(r"'((?:[^']|'')+)'(?:!([A-Z]+)(\d+))?", text)
    if not found:
        raise invalid(f"Unable to parse range: {text}")
    tab = document.named(found[1].replace("''", "'"))
    column = 0
    for letter in found[2] or "A":
        column = column * 26 + ord(letter) - 64
    return tab, int(found[3] or 1) - 1, column - 1


def put_values(document: Document, text: str, how: Mapping[str, str], body: Any) -> dict[str, Any]:
    if how.get("valueInputOption") != "RAW":
        raise invalid("'valueInputOption' is required but not specified")
    _fields(body, "", {"range", "majorDimension", "values"})
    tab, top, left = _range(document, text)
    for row, line in enumerate(body["values"], start=top):
        for column, value in enumerate(line, start=left):
            _inside(tab, row, column, text)
            if not isinstance(value, str | int | float | None):
                raise invalid(f"Invalid values[{row}][{column}]: {value!r}")
            if isinstance(value, str) and len(value) > 50_000:
                raise invalid("Your input contains more than the maximum of 50000 characters in a single cell.")
            if value is not None:  # Google leaves such a cell as it is
                _put(tab, row, column, value)
    return {"updatedRows": len(body["values"])}


def get_values(document: Document, ranges: list[str], how: Mapping[str, str]) -> dict[str, Any]:
    assert (how["valueRenderOption"], how["dateTimeRenderOption"]) == ("UNFORMATTED_VALUE", "SERIAL_NUMBER")
    found = []
    for text in ranges:
        tab, _, _ = _range(document, text)
        values = tab.grid()
        found.append({"range": text, "majorDimension": "ROWS", **({"values": values} if values else {})})
    return {"valueRanges": found}


# ── the server ───────────────────────────────────────────────────────────────────────────────────


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
