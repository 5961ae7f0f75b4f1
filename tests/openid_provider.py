"""An OpenID provider of the tests' own, in Google's place: as strict with us as Google, and as wrong as a test wants.

It signs with RS256, wants the client's secret, PKCE (S256) and the very address that a journey began with, and gives
a code once.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from chalkola.settings import SignIn

ANN = {"sub": "1", "email": "Ann@example.com", "email_verified": True, "hd": "example.com", "name": "Ann Ng"}


@dataclass(kw_only=True)
class Provider:
    """The provider at work. `claims`: of whom it says what; the rest makes it wrong."""

    address: str = ""
    client_id: str = "client-of-ours"
    client_secret: str = "secret-of-ours"  # noqa: S105  made up
    claims: dict[str, Any] = field(default_factory=lambda: dict(ANN))
    signs_as: str = "itself"
    """`stranger`: with another key; `secret`: HS256 with the client's secret; `nobody`: not at all."""
    is_down: bool = False
    asked: list[dict[str, str]] = field(default_factory=list)
    """What was asked of the authorisation endpoint."""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    )
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def sign_in(self, **changed: Any) -> SignIn:
        """Return the settings that lead here."""
        return SignIn(**{
            "client_id": self.client_id, "client_secret": self.client_secret, "domains": ("example.com",),
            "discovery_url": f"{self.address}/.well-known/openid-configuration", "session_secret": "s" * 40,
            "owners": frozenset(["owner@example.com"]), **changed,
        })  # fmt: skip

    async def discovery(self, request: web.Request) -> web.Response:
        if self.is_down:
            raise web.HTTPServiceUnavailable
        return web.json_response({
            "issuer": self.address, "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token", "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        })  # fmt: skip

    async def keys(self, request: web.Request) -> web.Response:
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: web.Request) -> web.Response:
        """Ask nobody anything: whoever comes is who `claims` says."""
        asked = dict(request.query)
        self.asked.append(asked)
        assert (asked["client_id"], asked["response_type"]) == (self.client_id, "code")
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}")

    async def token(self, request: web.Request) -> web.Response:
        given = await request.post()
        begun = self._codes.pop(str(given["code"]), None)
        if begun is None or not self._is_client(request, given) or not _is_proven(begun, str(given["code_verifier"])):
            return web.json_response({"error": "invalid_grant"}, status=400)
        if given["redirect_uri"] != begun["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        access = secrets.token_urlsafe(16)
        return web.json_response({
            "access_token": access, "token_type": "Bearer", "expires_in": 3600,
            "id_token": self._signed(begun["nonce"]),
        })  # fmt: skip

    def _is_client(self, request: web.Request, given: Any) -> bool:
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        shown = request.headers.get("Authorization", "") == f"Basic {basic}"
        return shown or (given.get("client_id"), given.get("client_secret")) == (self.client_id, self.client_secret)

    def _signed(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": self.client_id, "azp": self.client_id, "iat": now, "exp": now + 3600,
            "nonce": nonce, **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in claims.items() if value is not None}
        match self.signs_as:
            case "stranger":
                other = RSAKey.generate_key(2048, {"kid": "k1"})
                return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, other)
            case "secret":
                return jwt.encode(
                    {"alg": "HS256", "kid": "k1"}, claims, OctKey.import_key(self.client_secret), ["HS256"]
                )
            case "nobody":
                _, body, _ = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key).split(".")
                none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
                return f"{none}.{body}."
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)


@asynccontextmanager
async def openid_provider() -> AsyncIterator[Provider]:
    """Give a provider on a port of its own."""
    provider = Provider()
    application = web.Application()
    application.router.add_get("/.well-known/openid-configuration", provider.discovery)
    application.router.add_get("/authorize", provider.authorize)
    application.router.add_post("/token", provider.token)
    application.router.add_get("/keys", provider.keys)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        provider.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield provider
    finally:
        await runner.cleanup()


def _is_proven(begun: dict[str, str], verifier: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == begun["code_challenge"]
