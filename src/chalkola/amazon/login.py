"""Login with Amazon: a refresh token becomes an access token, once an hour and account.

developer-docs.amazon.com/sp-api/docs/connecting-to-the-selling-partner-api; the error codes are those of Amazon's own
Python client (LwaExceptionErrorCode.py), where only `server_error` and `temporarily_unavailable` are worth a retry.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx2
import msgspec

from chalkola.amazon.answers import setback, short, words
from chalkola.amazon.outages import Outages
from chalkola.calls import LOGIN
from chalkola.errors import LoginFault, Setback
from chalkola.redaction import without_secrets
from chalkola.settings import SETTINGS, Account, Settings
from chalkola.telling import Teller
from chalkola.wire import in_words

MARGIN = timedelta(minutes=1)
"""How long before its end an access token is no longer used."""

_PASSING = {"server_error", "temporarily_unavailable"}
_OF_THE_APP = {"invalid_client", "unauthorized_client"}
_FOUND_AT = {setting.name: setting.found_at for setting in SETTINGS}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600


class _Denied(msgspec.Struct):
    error: str
    error_description: str = ""


@dataclass(kw_only=True)
class _Held:
    """What is known about one account. The lock is never held while sleeping on the clock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    token: str = ""
    good_until: datetime = _LONG_AGO
    fault: LoginFault | None = None
    setback: Setback | None = None


class Login:
    """Keeps one access token an account, in memory only."""

    def __init__(self, settings: Settings, client: httpx2.AsyncClient, teller: Teller) -> None:
        self._settings = settings
        self._clock = settings.clock
        self._client = client
        self._teller = teller
        self._outages = Outages()
        self._held: dict[str, _Held] = {}

    async def token(self, account: Account) -> str:
        """Return an access token with at least a minute left.

        Raises `LoginFault` when Amazon refuses the account, remembered for the rest of the run; `Setback` when
        Login with Amazon cannot be reached or has an outage.
        """
        held = self._held.setdefault(account.key, _Held())
        if self._clock.now() < held.good_until:
            return held.token
        async with held.lock:
            if self._clock.now() >= held.good_until:
                self._raise_what_is_known(held)
                await self._refresh(account, held)
            return held.token

    def forget(self, account: Account, token: str) -> None:
        """Stop using `token`; a newer one that has taken its place is kept."""
        held = self._held.get(account.key)
        if held and held.token == token:
            held.good_until = _LONG_AGO

    def _raise_what_is_known(self, held: _Held) -> None:
        if fault := held.fault:
            raise LoginFault(fault.account, fault.what, why=fault.why, remedy=fault.remedy)
        if (known := held.setback) and self._clock.now() < known.until:
            raise Setback(known.what, why=known.why, until=known.until)

    async def _refresh(self, account: Account, held: _Held) -> None:
        asked_at = self._clock.now()
        try:
            granted = await self._ask(account)
        except LoginFault as fault:
            held.fault = fault
            raise
        except Setback as known:
            held.setback = known
            raise
        life = timedelta(seconds=granted.expires_in)
        held.token, held.good_until = granted.access_token, asked_at + max(life - MARGIN, life / 2)
        self._outages.over((account.key, "login"))

    async def _ask(self, account: Account) -> _Granted:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": account.refresh_token,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret,
        }
        try:
            with self._teller.telling(LOGIN, account.key) as heard:
                response = await self._client.send(httpx2.Request("POST", self._settings.login_url, data=form))
                heard.answer(response)
        except httpx2.RequestError as error:
            raise self._not_now(account, in_words(error)) from error
        if response.is_success:
            return self._granted(account, response.content)
        raise self._denied(account, response)

    def _granted(self, account: Account, content: bytes) -> _Granted:
        try:
            return msgspec.json.decode(content, type=_Granted)
        except msgspec.DecodeError:
            # Not chained, and not quoted: what cannot be read may still hold a token.
            raise self._not_now(account, "Its answer holds no access token.") from None

    def _denied(self, account: Account, response: httpx2.Response) -> LoginFault | Setback:
        try:
            denied = msgspec.json.decode(response.content, type=_Denied)
        except msgspec.DecodeError:
            said = self._hide(account, words(response.content))
            return self._not_now(account, f'HTTP {response.status_code}: "{said}".')
        said = self._hide(account, short(f"{denied.error}: {denied.error_description}"))
        if denied.error in _PASSING or response.status_code >= 500 or response.status_code == 429:
            return self._not_now(account, f'Amazon says: "{said}".')
        return LoginFault(
            account.key,
            f"Login with Amazon refuses account {account.key} (region {account.region}); the others go on.",
            why=f'Amazon says: "{said}".',
            remedy=_remedy(account, denied.error),
        )

    def _not_now(self, account: Account, why: str) -> Setback:
        until = self._outages.struck((account.key, "login"), self._clock.now())
        return setback(f"Login with Amazon (account {account.key}) cannot be used now.", why=why, until=until)

    def _hide(self, account: Account, said: str) -> str:
        return without_secrets(said, account.refresh_token, self._settings.client_secret)


def _remedy(account: Account, error: str) -> str:
    if error in _OF_THE_APP:
        return (
            "Set SP_LWA_CLIENT_ID and SP_LWA_CLIENT_SECRET again (Amazon ends a secret after 180 days); "
            f"find them at {_FOUND_AT['SP_LWA_CLIENT_SECRET']}."
        )
    return (
        f"Authorise the app again and set the new token as SP_REFRESH_TOKEN_{account.key}; "
        f"find it at {_FOUND_AT['SP_REFRESH_TOKEN_<CODE>']}."
    )
