"""Calls of our functions through Supabase's API: what they carry and what their answers mean. A lost one is repeated.

PostgREST's errors: docs.postgrest.org/en/v14/references/errors.html. Supabase's gateway stands in front of it.
"""

import asyncio
import re
from collections.abc import Sequence
from http import HTTPStatus
from importlib.metadata import version
from uuid import uuid4

import httpx2
import msgspec
import psycopg

from chalkola.errors import Fault
from chalkola.settings import Supabase
from chalkola.store.database import NotMigrated
from chalkola.store.rest.rows import Answer
from chalkola.wire import open_client, what_failed

# Supabase lets no call last longer than 60 seconds, so that one that lasts 70 is lost.
_PATIENCE = httpx2.Timeout(connect=10, read=70, write=60, pool=120)
_PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 7.0)
"""Before each further attempt, in machine time: 15 seconds, as long as a pool of connections waits. The database
keeps its answers for 15 minutes, longer than all attempts can take."""
_NOT_THERE = {"PGRST202", "PGRST203", "42883"}
"""It knows no such function, or not with these parameters."""
_GOING = ("08", "53", "57P")  # SQLSTATEs of a connection, of resources, of a server that is shut down
_NO_RIGHT = "42501"
_PAUSED = 540  # Supabase's own: the project is paused
_SQLSTATE = re.compile("[0-9A-Z]{5}")
_USER_AGENT = f"chalkola/{version('chalkola')}"  # Supabase refuses its secret keys to whatever looks like a browser
_KEYS = "Supabase > Project Settings > API Keys"

Line = Sequence[str | None]
"""The texts of a row, None for NULL."""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A statement to execute. With a `digest` it was executed before, and has to give what it gave then."""

    statement: str
    digest: str | None = None


class _Done(msgspec.Struct, frozen=True):
    """What our functions answer: what the statements gave, or what PostgreSQL refuses."""

    answers: list[Answer] = []
    refused: str | None = None
    message: str = ""


class _Refusal(msgspec.Struct, frozen=True):
    """What PostgREST says of a call that it could not carry out, or the gateway before it."""

    code: str | None = None
    message: str = ""


class Api:
    """A project's API, with at most `most` calls at a time: its own connections are few, and others need some."""

    def __init__(self, project: Supabase, *, most: int) -> None:
        self._rpc = f"{project.url}/rest/v1/rpc/"
        self._client = open_client()
        self._client.headers.update(
            {**project.headers, "user-agent": _USER_AGENT, "content-type": "application/json"}
        )
        self._client.timeout = _PATIENCE
        self._turns = asyncio.Semaphore(most)

    async def close(self) -> None:
        """Let go of its connections."""
        await self._client.aclose()

    async def greet(self) -> None:
        """See whether it answers, without much patience: whoever begins has lost nothing yet."""
        content = msgspec.json.encode({"steps": _text([Step(statement="SELECT 1")])})
        await self._made("sp_rest_read", content, _PAUSES_SECONDS[:2])

    async def read(self, statements: Sequence[str]) -> list[Answer]:
        """Execute queries as one moment sees them."""
        return await self._call("sp_rest_read", steps=_text([Step(statement=one) for one in statements]))

    async def write(self, steps: Sequence[Step]) -> list[Answer]:
        """Execute statements in one transaction, once."""
        return await self._call("sp_rest_write", call=str(uuid4()), steps=_text(steps))

    async def stage(self, pull_id: int, generation: int, part: int, place: int, lines: Sequence[Line]) -> None:
        """Put rows aside for a pull that is held; the first of `lines` is in `place`."""
        where = {"pull_id": pull_id, "held": generation, "part": part, "place": place}
        await self._call("sp_rest_stage", **where, lines=_text(lines))

    async def _call(self, function: str, **values: object) -> list[Answer]:
        """Call a function, again where a call was lost: each of them may be made twice, and is carried out once."""
        return await self._made(function, msgspec.json.encode(values), _PAUSES_SECONDS)

    async def _made(self, function: str, content: bytes, pauses: Sequence[float]) -> list[Answer]:
        for pause in (*pauses, None):
            try:
                return _answers(await self._sent(function, content))
            except _Lost as lost:
                if pause is None:
                    raise psycopg.OperationalError(str(lost)) from lost
                await asyncio.sleep(pause)  # noqa: TID251  machine time, which the database goes by
        raise AssertionError

    async def _sent(self, function: str, content: bytes) -> bytes:
        try:
            async with self._turns:
                response = await self._client.post(self._rpc + function, content=content)
        except httpx2.RequestError as error:
            raise _Lost(f"Supabase's API: {what_failed(error)}") from error
        if response.status_code != HTTPStatus.OK:
            raise _meaning(response)
        return response.content


class _Lost(Exception):
    """A call that has no answer, or one that does not tell what became of it."""


def _answers(body: bytes) -> list[Answer]:
    done = msgspec.json.decode(body, type=_Done)
    if done.refused is not None:
        raise _refused(done.refused, done.message)
    return done.answers


def _meaning(response: httpx2.Response) -> Exception:
    """Return what an answer means that is not a good one."""
    status, said = response.status_code, _refusal(response.content)
    code = said.code or ""
    what = f"Supabase's API answers {status}" + (f": {said.message}" if said.message else "")
    if code in _NOT_THERE:
        return NotMigrated(f"{said.message}.")
    if status == HTTPStatus.UNAUTHORIZED or code == _NO_RIGHT or code.startswith("PGRST3"):
        return Fault(
            "SUPABASE_SERVICE_KEY is refused.", why=f"{what}.",
            remedy=f"Copy the project's secret key again from {_KEYS}; SUPABASE_URL has to be the same project's.",
        )  # fmt: skip
    if _SQLSTATE.fullmatch(code) and not code.startswith(_GOING):
        return _refused(code, said.message)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != _PAUSED):
        return _Lost(what)
    return Fault(
        "Supabase's API does not take our calls.", why=f"{what}.",
        remedy="See that SUPABASE_URL is the project's address (Supabase > Project Settings > Data API), that its"
        " Data API is on and shows the schema public, and that the project is not paused.",
    )  # fmt: skip


def _refusal(body: bytes) -> _Refusal:
    try:
        return msgspec.json.decode(body, type=_Refusal)
    except msgspec.MsgspecError:  # a gateway's page
        return _Refusal()


def _refused(sqlstate: str, message: str) -> psycopg.Error:
    """Return the error that psycopg raises when PostgreSQL refuses this."""
    try:
        return psycopg.errors.lookup(sqlstate)(message)
    except KeyError:
        error = psycopg.DatabaseError(message)
        error.sqlstate = sqlstate
        return error


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
