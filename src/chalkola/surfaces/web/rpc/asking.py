"""What a request asks for, by the functions that there are. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from chalkola.store.calling import Call, ReadFunction
from chalkola.surfaces.web.rpc import problems
from chalkola.surfaces.web.rpc.problems import Problem

_LONGEST_FAILURE = 10_000  # characters; a failure is a sentence


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A call, and the token that comes with it; an empty one where none does."""

    call: Call
    token: str


def understood(name: str, content_type: str, body: bytes, functions: Sequence[ReadFunction]) -> Asked | Problem:
    """Return what a request asks for, or why it asks for nothing. An empty body is an empty object."""
    if (kind := content_type.partition(";")[0].strip().lower()) not in ("", "application/json"):
        return problems.wrong_type(kind[:100])
    try:
        text = body.decode() or "{}"
        given = msgspec.json.decode(text)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return problems.NOT_JSON
    if not isinstance(given, dict):
        return problems.NO_OBJECT
    return _found(name, given, text, functions)


def _found(name: str, given: dict[str, Any], text: str, functions: Sequence[ReadFunction]) -> Asked | Problem:
    named = [function for function in functions if function.name == name]
    for function in named:
        if function.takes(given):
            token = given.get("token")
            call = Call(function=function, names=tuple(given), arguments=text)
            return Asked(call=call, token=token if isinstance(token, str) else "")
    return problems.not_found(
        name[:100], [key[:100] for key in given][:50], known=[function.name for function in functions],
        takes=tuple(named[0].parameters) if named else None,
    )  # fmt: skip


def code_of(answer: str) -> str:
    """Return the code of an answer that says why there is none; an empty text of any other."""
    if len(answer) > _LONGEST_FAILURE:
        return ""
    said = msgspec.json.decode(answer)
    return "" if not isinstance(said, dict) or said.get("ok") is not False else str(said.get("code") or "")


def slow_down(seconds: float) -> bytes:
    """Return the answer to somebody who has tried too many tokens out, in the functions' own form."""
    whole = math.ceil(seconds)
    say = f"Too many wrong tokens came from your address. Try again in {whole} seconds."
    return msgspec.json.encode({"ok": False, "code": "slow_down", "say": say, "retry_after": whole})
