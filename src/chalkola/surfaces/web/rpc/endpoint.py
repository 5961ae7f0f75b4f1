"""The endpoint: from a request to what the database says, or to why it says nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chalkola.clock import Clock, RealClock
from chalkola.store.access import READ_FUNCTIONS, SHEETS
from chalkola.store.calling import Busy, Caller, ReadFunction, Refused, may_become
from chalkola.store.connection import DatabaseGone, Pool
from chalkola.store.direct import as_direct
from chalkola.surfaces.web.addresses import caller
from chalkola.surfaces.web.bodies import TooLarge, answered, read_body
from chalkola.surfaces.web.guard import note
from chalkola.surfaces.web.rpc import problems
from chalkola.surfaces.web.rpc.asking import Asked, code_of, slow_down, understood
from chalkola.surfaces.web.rpc.functions import Functions
from chalkola.surfaces.web.rpc.guessing import Guesses
from chalkola.surfaces.web.rpc.problems import Problem

LARGEST_BODY = 2_000_000
"""Bytes; 50,000 items with their quotation marks are 700,000."""
_JSON = "application/json; charset=utf-8"
_WRONG_TOKEN = "token_unknown"  # noqa: S105  the code of an answer


@dataclass(frozen=True, kw_only=True)
class Rpc:
    """The functions at work. `guesses`: who tries tokens out."""

    functions: Functions
    call: Caller
    clock: Clock
    guesses: Guesses = field(default_factory=Guesses)

    def routes(self) -> list[Route]:
        """Return its paths."""
        methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return [
            Route("/rest/v1/rpc/{name}", self._answer, methods=methods),
            Route("/rest/{rest:path}", _no_such_path, methods=methods),
        ]

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return await _problem(request, problems.wrong_method(request.method), Allow="POST")
        try:
            body = await read_body(request, LARGEST_BODY)
        except TooLarge:
            return await _problem(request, problems.TOO_LARGE, Connection="close")
        except TimeoutError:
            return await _problem(request, problems.TOO_SLOW, Connection="close")
        said = await self._said(request, body)
        if isinstance(said, Problem):
            return await _problem(request, said)
        return await answered(request, said, _JSON)

    async def _said(self, request: Request, body: bytes) -> bytes | Problem:
        try:
            asked = await self._understood(request, body)
            return asked if isinstance(asked, Problem) else await self._asked(request, asked)
        except Refused as error:
            return problems.refused(error)
        except Busy:
            return problems.BUSY
        except DatabaseGone:
            return problems.AWAY

    async def _understood(self, request: Request, body: bytes) -> Asked | Problem:
        def attempt(functions: Sequence[ReadFunction]) -> Asked | Problem:
            return understood(name, request.headers.get("content-type", ""), body, functions)

        name: str = request.path_params["name"]
        asked = attempt(await self.functions())
        if isinstance(asked, Problem) and asked.code == problems.NO_FUNCTION and name in self.functions.names:
            asked = attempt(await self.functions(fresh=True))  # this version's function may have come just now
        return asked

    async def _asked(self, request: Request, asked: Asked) -> bytes:
        peer = request.client.host if request.client else ""
        address = caller(peer, request.headers.get("x-forwarded-for", ""))
        seconds = asyncio.get_running_loop().time  # machine time
        if wait := self.guesses.wait(address, asked.token, seconds()):
            note(request, "slow_down")
            return slow_down(wait)
        now = None if isinstance(self.clock, RealClock) else self.clock.now()
        answer = await self.call(asked.call, now=now)
        code = code_of(answer)
        self.guesses.note(address, asked.token, seconds(), was_right=code != _WRONG_TOKEN)
        note(request, code or "ok")
        return answer.encode()


async def open_rpc(pool: Pool, clock: Clock, names: Sequence[str] = READ_FUNCTIONS) -> Rpc:
    """Return the functions, called as the role that may do nothing else where we may take it on."""
    own = as_direct(pool, "`chalkola serve`")
    role = SHEETS if await may_become(own, SHEETS) else None
    return Rpc(functions=Functions(pool=pool, names=names), call=Caller(pool=own, role=role), clock=clock)


async def _no_such_path(request: Request) -> Response:
    return await _problem(request, problems.NO_SUCH_PATH)


async def _problem(request: Request, problem: Problem, **headers: str) -> Response:
    note(request, problem.code)
    return await answered(request, problem.body(), _JSON, status=problem.status, headers=headers)
