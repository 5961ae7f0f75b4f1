"""Who may ask the API: whoever shows a token of the API's own, or is signed in to the pages and asks from them."""

import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from chalkola.store.connection import DatabaseGone
from chalkola.store.sheet_tokens import enter_api
from chalkola.surfaces.web.addresses import caller
from chalkola.surfaces.web.api.problems import Refused, problem
from chalkola.surfaces.web.entry import cookies
from chalkola.surfaces.web.entry.door import is_from_this_machine
from chalkola.surfaces.web.entry.people import LOCAL, Person
from chalkola.surfaces.web.house import House
from chalkola.surfaces.web.pace import Pace
from chalkola.surfaces.web.rpc.guessing import Guesses

DOCUMENT = "/openapi.json"
"""Open to everybody: it says what can be asked, and nothing of what is answered."""
_UNKNOWN, _SLOW_DOWN = "token_unknown", "slow_down"


@dataclass(frozen=True, kw_only=True)
class ApiDoor:
    """The API within, and who may go there. `pace`: of somebody signed in; a token has its own in the database."""

    within: ASGIApp
    house: House
    guesses: Guesses = field(default_factory=Guesses)
    pace: Pace = field(default_factory=lambda: Pace(at_once=120, seconds=0.25))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or say why not."""
        request = Request(scope, receive)
        try:
            if not scope["path"].endswith(DOCUMENT):
                await self._let_in(request)
        except Refused as said:
            return await (await problem(request, said))(scope, receive, send)
        except DatabaseGone as error:
            return await (await problem(request, away(error)))(scope, receive, send)
        return await self.within(scope, receive, send)

    async def _let_in(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return self._paced(await self._signed_in(request))
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(status=401, code="no_token", detail="Show a token: Authorization: Bearer cs_…")
        return await self._shown(request, token.strip())

    async def _shown(self, request: Request, token: str) -> None:
        address = caller(request.client.host if request.client else "", request.headers.get("x-forwarded-for", ""))
        now = time.monotonic()  # machine time
        if wait := self.guesses.wait(address, token, now):
            detail = "Too many wrong tokens came from your address. Wait a little."
            raise Refused(status=429, code=_SLOW_DOWN, detail=detail, wait_seconds=wait)
        refused = await enter_api(self.house.pool, token)
        self.guesses.note(address, token, now, was_right=refused is None or refused.code != _UNKNOWN)
        if refused is not None:
            status = 429 if refused.code == _SLOW_DOWN else 401
            wait = refused.retry_after_seconds
            raise Refused(status=status, code=refused.code, detail=refused.say, wait_seconds=wait)

    async def _signed_in(self, request: Request) -> Person:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            detail = "Pages of another address need a token: Authorization: Bearer cs_…"
            raise Refused(status=403, code="not_from_here", detail=detail)
        entry = self.house.entry
        if entry is None:
            if not is_from_this_machine(request):
                detail = "Nobody signs in here, so only this machine may ask without a token."
                raise Refused(status=403, code="not_from_this_machine", detail=detail)
            return LOCAL
        person = await entry.sessions.whose(cookies.read(request, cookies.SESSION))
        if person is None:
            detail = "Show a token (Authorization: Bearer cs_…), or sign in to the pages first."
            raise Refused(status=401, code="no_token", detail=detail)
        return person

    def _paced(self, person: Person) -> None:
        if person is LOCAL:
            return
        now = time.monotonic()  # machine time
        if wait := self.pace.wait(person.email, now):
            detail = "So many questions at once are more than this server answers: wait a little."
            raise Refused(status=429, code=_SLOW_DOWN, detail=detail, wait_seconds=wait)
        self.pace.take(person.email, now)


def away(error: DatabaseGone) -> Refused:
    """Return what is said while the database cannot be reached."""
    return Refused(status=503, code="database_away", detail=f"{error.what} Try again in a minute.", wait_seconds=60)
