"""A strict stand-in for a Supabase project's Storage: it refuses what Storage refuses, with its codes and words.

From supabase/storage (src/http/routes, src/http/error-handler.ts, src/http/plugins/jwt.ts, src/storage/limits.ts,
src/internal/errors/codes.ts, src/storage/uploader.ts, storage.search in migrations/tenant): nearly everything that
goes wrong is answered with 400, and what it means stands in the body's `statusCode`. The gateway before it knows the
newer keys.
"""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import web

SECRET_KEY = "sb_secret_swordfish0123456789abcdefg_12345678"  # noqa: S105  of nobody
SERVICE_ROLE_KEY = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.swordfishswordfishswordfish"
GLOBAL_LIMIT_BYTES = 50 * 1024 * 1024
"""Of one object, on the free plan: supabase.com/docs/guides/storage/uploads/file-limits."""
_MOST_DELETED = 1000
_LISTED = 100
_KEY = re.compile(r"(\w|/|!|-|\.|\*|'|\(|\)| |&|\$|@|=|;|:|\+|,|\?)+", re.ASCII)
_BUCKET = re.compile(r"[\w!\-.*'() &$@=;:+,?]{1,100}", re.ASCII)
RESTRICTED = (
    "Service for this project is restricted due to the following violations: exceed_storage_size_quota. The project"
    " owner must upgrade their plan or remove spend caps to restore service."
)

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """What the error handler of Storage makes an answer of."""

    def __init__(self, meant: int, code: str, message: str, error: str = "") -> None:
        super().__init__(message)
        self.meant, self.code, self.message, self.error = meant, code, message, error or code

    def answer(self) -> web.Response:
        told = {"statusCode": str(self.meant), "error": self.error, "message": self.message, "code": self.code}
        status = self.meant if self.meant in (500, 544) else 400
        return web.json_response(told, status=status)


@dataclass(frozen=True)
class Stored:
    """An object: its content and type."""

    content: bytes
    mime_type: str


@dataclass
class Bucket:
    """A bucket and what is in it."""

    public: bool = False
    file_size_limit: int | None = None
    allowed_mime_types: list[str] | None = None
    objects: dict[str, Stored] = field(default_factory=dict)


@dataclass
class StorageServer:
    """A project's Storage, what was asked of it, and what goes wrong with it."""

    url: str = ""
    buckets: dict[str, Bucket] = field(default_factory=dict)
    limit_bytes: int = GLOBAL_LIMIT_BYTES
    asked: list[str] = field(default_factory=list)
    """Every request: method and path."""
    restricted: bool = False
    """The plan's size is used up."""
    next_answers: list[tuple[int, bytes]] = field(default_factory=list)
    cuts_uploads: int = 0
    """So many of the next uploads are cut off in the middle."""
    cuts_answers: int = 0
    """So many of the next requests find their connection closed."""

    def env(self, key: str = SECRET_KEY, bucket: str = "chalkola") -> dict[str, str]:
        """Return the settings that lead here."""
        return {"SUPABASE_URL": self.url, "SUPABASE_SERVICE_KEY": key, "CHALKOLA_ARCHIVE": f"supabase:{bucket}"}

    def answers(self, status: int, body: bytes = b"", *, times: int = 1) -> None:
        """Answer the next requests so, whatever they are."""
        self.next_answers += [(status, body)] * times

    def objects(self, bucket: str = "chalkola") -> Mapping[str, Stored]:
        """Return what is in a bucket; nothing where there is none."""
        return self.buckets[bucket].objects if bucket in self.buckets else {}

    @web.middleware
    async def gate(self, request: web.Request, handler: Serve) -> web.StreamResponse:
        """The gateway, and Storage's own error handler."""
        self.asked.append(f"{request.method} {request.path.removeprefix('/storage/v1/')}")
        if self.cuts_answers and request.transport is not None:
            self.cuts_answers -= 1
            request.transport.abort()
        if self.next_answers:
            status, body = self.next_answers.pop(0)
            return web.Response(status=status, body=body)
        if self.restricted:
            return web.json_response({"message": RESTRICTED}, status=402)
        try:
            if (refused := self._let_in(request)) is not None:
                return refused
            return await handler(request)
        except Refused as refused:
            return refused.answer()

    def _let_in(self, request: web.Request) -> web.Response | None:
        apikey, bearer = request.headers.get("apikey", ""), request.headers.get("authorization", "")
        if apikey.startswith("sb_") and apikey != SECRET_KEY:
            said = {"message": "Unregistered API key", "hint": "Double check the provided API key."}
            return web.json_response(said, status=401)
        token = bearer.removeprefix("Bearer ")
        is_visitor = token != SERVICE_ROLE_KEY and apikey != SECRET_KEY
        if is_visitor and request.method == "GET" and "/object/" in request.path:
            raise Refused(404, "NoSuchBucket", "Bucket not found", "Bucket not found")
        if not token and apikey == SECRET_KEY:
            return None  # the gateway puts a token of the service role in its place
        if token.count(".") != 2:
            raise Refused(403, "AccessDenied", "Invalid Compact JWS", "Unauthorized")
        if token != SERVICE_ROLE_KEY:
            raise Refused(403, "AccessDenied", "signature verification failed", "Unauthorized")
        return None

    def _bucket(self, request: web.Request) -> Bucket:
        if (found := self.buckets.get(request.match_info["bucket"])) is None:
            raise Refused(404, "NoSuchBucket", "Bucket not found", "Bucket not found")
        return found

    async def get_bucket(self, request: web.Request) -> web.Response:
        name, found = request.match_info["bucket"], self._bucket(request)
        return web.json_response({
            "id": name, "name": name, "owner": "", "public": found.public, "file_size_limit": found.file_size_limit,
            "allowed_mime_types": found.allowed_mime_types, "created_at": _AT, "updated_at": _AT,
        })  # fmt: skip

    async def create_bucket(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        name = wanted["name"]
        if not _BUCKET.fullmatch(name):
            raise Refused(400, "InvalidBucketName", "Bucket name invalid", "Invalid Input")
        if name in self.buckets:
            raise Refused(409, "BucketAlreadyExists", "The resource already exists", "Duplicate")
        self.buckets[name] = Bucket(public=wanted.get("public", False))
        return web.json_response({"name": name})

    async def upload(self, request: web.Request) -> web.Response:
        bucket, path = self._bucket(request), request.match_info["path"]
        if not _KEY.fullmatch(path):
            raise Refused(400, "InvalidKey", f"Invalid key: {path}")
        if "content-length" not in request.headers:
            raise Refused(400, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        if int(request.headers["content-length"]) > min(self.limit_bytes, bucket.file_size_limit or self.limit_bytes):
            raise Refused(413, "EntityTooLarge", "The object exceeded the maximum allowed size", "Payload too large")
        mime_type = request.headers.get("content-type", "application/octet-stream")
        if bucket.allowed_mime_types and mime_type not in bucket.allowed_mime_types:
            raise Refused(415, "InvalidMimeType", f"mime type {mime_type} is not supported", "invalid_mime_type")
        if path in bucket.objects and request.headers.get("x-upsert") != "true":
            raise Refused(409, "KeyAlreadyExists", "The resource already exists", "Duplicate")
        if self.cuts_uploads and request.transport is not None:
            self.cuts_uploads -= 1
            await request.content.read(1000)
            request.transport.abort()
        bucket.objects[path] = Stored(await request.read(), mime_type)
        return web.json_response({"Id": str(uuid4()), "Key": f"{request.match_info['bucket']}/{path}"})

    async def download(self, request: web.Request) -> web.Response:
        found = self._bucket(request).objects.get(request.match_info["path"])
        if found is None:
            raise Refused(404, "NoSuchKey", "Object not found", "not_found")
        return web.Response(
            body=found.content, headers={"content-type": found.mime_type, "cache-control": "no-cache"}
        )

    async def remove(self, request: web.Request) -> web.Response:
        prefixes, bucket = (await request.json())["prefixes"], self._bucket(request)
        if not prefixes:
            raise Refused(400, "Error", "body/prefixes must NOT have fewer than 1 items")
        if len(prefixes) > _MOST_DELETED:
            raise Refused(400, "InvalidRequest", "Bulk object requests are limited to 1000 objects per request.")
        gone = [path for path in prefixes if bucket.objects.pop(path, None)]
        return web.json_response([{"name": path} for path in gone])

    async def search(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if "prefix" not in wanted:
            raise Refused(400, "Error", "body must have required property 'prefix'")
        folder = wanted["prefix"] and wanted["prefix"].rstrip("/") + "/"
        rest = {p.removeprefix(folder): o for p, o in self._bucket(request).objects.items() if p.startswith(folder)}
        names = sorted({path.partition("/")[0] for path in rest})
        offset, limit = wanted.get("offset", 0), wanted.get("limit", _LISTED)
        return web.json_response([_listed(name, rest.get(name)) for name in names[offset : offset + limit]])

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.gate], client_max_size=2**31)
        app.add_routes([
            web.get("/storage/v1/bucket/{bucket}", self.get_bucket),
            web.post("/storage/v1/bucket", self.create_bucket),
            web.post("/storage/v1/object/list/{bucket}", self.search),
            web.get("/storage/v1/object/{bucket}/{path:.+}", self.download),
            web.post("/storage/v1/object/{bucket}/{path:.+}", self.upload),
            web.delete("/storage/v1/object/{bucket}", self.remove),
        ])  # fmt: skip
        return app


_AT = "2026-11-01T00:00:00.000Z"


def _listed(name: str, found: Stored | None) -> dict[str, Any]:
    """Return an entry of a listing: a folder has a name alone."""
    at = _AT if found else None
    about = {"size": len(found.content), "mimetype": found.mime_type, "cacheControl": "no-cache"} if found else None
    dates = {"updated_at": at, "created_at": at, "last_accessed_at": at}
    return {"name": name, "id": str(uuid4()) if found else None, **dates, "metadata": about}


@contextmanager
def running_storage() -> Iterator[StorageServer]:
    """Give a Storage on this machine, in a thread of its own: who asks may be another process, and block ours."""
    storage, ready, loop = StorageServer(), threading.Event(), asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        runner = web.AppRunner(storage.application(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        storage.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        ready.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield storage
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
