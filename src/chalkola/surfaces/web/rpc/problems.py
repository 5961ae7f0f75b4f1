"""What is said instead of an answer, as PostgREST says it: one JSON object {code, message, details, hint}.

Codes and statuses: docs.postgrest.org/en/stable/references/errors.html and PostgREST's src/PostgREST/Error/.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import msgspec

from chalkola.redaction import without_secrets
from chalkola.store.calling import Refused

SCHEMA = "public"  # what PostgREST serves of a Supabase project


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why there is no answer."""

    status: int
    code: str
    message: str
    details: str | None = None
    hint: str | None = None

    def body(self) -> bytes:
        """Return it as JSON, without anything in it that looks like a secret."""
        said = {"code": self.code, "details": self.details, "hint": self.hint, "message": self.message}
        return msgspec.json.encode({name: text and without_secrets(text) for name, text in said.items()})


NO_FUNCTION = "PGRST202"
NOT_JSON = Problem(status=400, code="PGRST102", message="Empty or invalid json")
NO_OBJECT = Problem(
    status=400, code="PGRST102", message="The body is no JSON object",
    hint="Send the function's arguments by name, like {\"token\": \"cs_…\", \"marketplace\": \"DE\"}.",
)  # fmt: skip
NO_SUCH_PATH = Problem(
    status=404, code="PGRST125", message="Invalid path specified in request URL",
    hint="Functions are called at /rest/v1/rpc/<name>.",
)  # fmt: skip
TOO_LARGE = Problem(
    status=413, code="413", message="The request is larger than this server takes",
    hint="Ask for fewer items at once: 50,000 cells are the most.",
)  # fmt: skip
TOO_SLOW = Problem(status=408, code="408", message="The request did not arrive in time", hint="Send it again.")
AWAY = Problem(
    status=503, code="PGRST001", message="The database cannot be reached at this moment",
    hint="Try again in a minute.",
)  # fmt: skip
BUSY = Problem(
    status=504, code="PGRST003", message="Timed out acquiring connection from connection pool.",
    hint="Others are asking at the same time: try again in a minute.",
)  # fmt: skip
BROKEN = Problem(
    status=500, code="PGRSTX00", message="Something went wrong in this server",
    hint="Its log says what; whoever runs it can read it there.",
)  # fmt: skip


def wrong_method(method: str) -> Problem:
    """Return what to say to a method other than POST. PostgREST takes GET, but an address is no place for a token."""
    return Problem(
        status=405, code="PGRST101", message=f"Cannot use the {method} method on RPC",
        hint="Use POST, with the arguments as a JSON object.",
    )  # fmt: skip


def wrong_type(content_type: str) -> Problem:
    """Return what to say to a body that does not call itself JSON."""
    return Problem(
        status=400, code="PGRST102", message=f"Content-Type not acceptable: {content_type}",
        hint="Send Content-Type: application/json.",
    )  # fmt: skip


def not_found(name: str, names: Collection[str], *, known: Collection[str], takes: Collection[str] | None) -> Problem:
    """Return what to say where no function has this name and these arguments.

    `known`: the functions that there are; `takes`: the arguments of the one with this name, None where there is none.
    """
    given = ", ".join(sorted(names))
    function = f"{SCHEMA}.{name}"
    called = f"({given})" if given else " without parameters"
    searched = f" with parameter{'s' if len(names) > 1 else ''} {given}" if given else " without parameters"
    return Problem(
        status=404, code=NO_FUNCTION, message=f"Could not find the function {function}{called} in the schema cache",
        details=f"Searched for the function {function}{searched}, but no matches were found in the schema cache.",
        hint=next(_hints(name, known, takes), None),
    )  # fmt: skip


def _hints(name: str, known: Collection[str], takes: Collection[str] | None) -> Iterator[str]:
    if takes is not None:
        yield f"Perhaps you meant to call the function {SCHEMA}.{name}({', '.join(sorted(takes))})"
    for close in get_close_matches(name[:100], known, n=1):
        yield f"Perhaps you meant to call the function {SCHEMA}.{close}"


def refused(said: Refused) -> Problem:
    """Return what the database refuses, with the status that PostgREST gives its SQLSTATE."""
    return Problem(
        status=status_of(said.code), code=said.code, message=said.message, details=said.details, hint=said.hint
    )


_STATUSES = {
    "08": 503, "09": 500, "0L": 403, "0P": 403, "21000": 500, "23503": 409, "23505": 409, "25": 500, "25006": 405,
    "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500, "40": 500, "42501": 401, "42883": 404, "42P01": 404,
    "42P17": 500, "53": 503, "53400": 500, "54": 500, "55": 500, "57": 500, "57P01": 503, "58": 500, "F0": 500,
    "HV": 500, "P0": 500, "P0001": 400, "XX": 500,
}  # fmt: skip
"""By SQLSTATE, or else by its first two letters."""


def status_of(sqlstate: str) -> int:
    """Return the HTTP status of an error of the database's."""
    return _STATUSES.get(sqlstate) or _STATUSES.get(sqlstate[:2], 400)
