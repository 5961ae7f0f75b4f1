"""The way to Google and back: OpenID Connect with a code, PKCE, a state and a nonce, as Authlib has it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response

from chalkola.settings import SignIn

_SECONDS = 10.0  # machine time


class Unproven(Exception):
    """What came back proves nothing: the words are for the log."""


class Away(Exception):
    """Google cannot be reached, or says that it cannot answer now."""


@dataclass(frozen=True, kw_only=True)
class Google:
    """Google as one of its clients sees it."""

    sign_in: SignIn
    _client: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        client = OAuth().register(
            name="google", client_id=self.sign_in.client_id, client_secret=self.sign_in.client_secret,
            server_metadata_url=self.sign_in.discovery_url,
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256", "timeout": _SECONDS},
        )  # fmt: skip
        object.__setattr__(self, "_client", client)

    async def leave(self, request: Request, back_to: str, keeps: dict[str, Any]) -> Response:
        """Return what sends a browser to Google. What it has to show when it is back is put into `keeps`."""
        request.scope["session"] = keeps
        hint = {"hd": self.sign_in.domains[0]} if len(self.sign_in.domains) == 1 else {}
        with _errors():
            answer: Response = await self._client.authorize_redirect(
                request, back_to, prompt="select_account", **hint
            )
        return answer

    async def come_back(self, request: Request, keeps: dict[str, Any]) -> Mapping[str, Any]:
        """Return what Google says of whoever is back, signed by Google, for us and for this very journey."""
        request.scope["session"] = keeps
        with _errors():
            metadata = await self._client.load_server_metadata()
            metadata["id_token_signing_alg_values_supported"] = ["RS256"]  # Google's; no other is taken
            token = await self._client.authorize_access_token(request, claims_options={
                "iss": {"essential": True, "value": metadata["issuer"]},
                "aud": {"essential": True, "value": self.sign_in.client_id},
                "exp": {"essential": True},
            })  # fmt: skip
            if not token.get("userinfo"):
                raise Unproven("no ID token")
        claims: Mapping[str, Any] = token["userinfo"]
        return claims


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except httpx2.HTTPError as error:
        raise Away(type(error).__name__) from error
    except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise Unproven(type(error).__name__) from error
