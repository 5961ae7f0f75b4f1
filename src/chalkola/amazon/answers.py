"""What Amazon's answers mean: a reply read into a type, an error in Amazon's words."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar

import msgspec

from chalkola.errors import Refusal, Setback
from chalkola.redaction import without_secrets

T = TypeVar("T")

_LONGEST_WORDS = 300
_UNREADABLE_WAIT = timedelta(minutes=1)
_LONGEST_RETRY_AFTER = timedelta(days=1)
_TAGS = re.compile(r"<(?:style|script|title)\b.*?</(?:style|script|title)>|<[^>]*>", re.DOTALL | re.IGNORECASE)


class Uncertain(Setback):
    """We do not know whether Amazon accepted a creation: look (`find`) before asking again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What Amazon answered. `at` is Amazon's time when it came; `creates` says that something was to be created."""

    operation: str
    account: str
    status: int
    content: bytes
    at: datetime
    creates: bool = False
    retry_after: str | None = None

    def json(self, type_: type[T]) -> T:
        """Return the content, decoded into `type_`.

        Raises `Uncertain` where a creation's answer cannot be used; else `Setback` when it is not JSON (a page of
        a load balancer), `Refusal` when it is JSON of another shape.
        """
        try:
            return msgspec.json.decode(self.content, type=type_)
        except msgspec.DecodeError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: msgspec.DecodeError) -> Setback | Refusal:
        what = f"Amazon's answer to {self.operation} (account {self.account}) cannot be read."
        why = f'{error}. It reads: "{words(self.content)}".'
        if self.creates:
            return setback(what, why=why, until=self.at + _UNREADABLE_WAIT, kind=Uncertain)
        if isinstance(error, msgspec.ValidationError):
            return Refusal(what, why=why, remedy="This pull is given up; the others go on.")
        return setback(what, why=why, until=self.at + _UNREADABLE_WAIT)


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""
    details: str | None = None


class _ErrorList(msgspec.Struct):
    errors: list[_Error]


def words(content: bytes, *, hide: str = "", longest: int = _LONGEST_WORDS) -> str:
    """Return what an error body says, in at most `longest` characters: Amazon's ErrorList, or the text of any page.

    Secrets that the answer repeats are struck out: what looks like one, and `hide`.
    """
    said = sentences(content)
    if said is None:
        said = _TAGS.sub(" ", content[:20_000].decode("utf-8", errors="replace"))
    return short(without_secrets(said, hide), longest)


def sentences(content: bytes) -> str | None:
    """Return what Amazon's ErrorList says, details included; None for anything else."""
    try:
        return " ".join(_sentence(error) for error in msgspec.json.decode(content, type=_ErrorList).errors)
    except msgspec.DecodeError:
        return None


def short(text: str, longest: int = _LONGEST_WORDS) -> str:
    """Return `text` on one line, cut to `longest` characters; `(nothing)` for an empty one."""
    line = " ".join(text.split())
    return (line if len(line) <= longest else f"{line[: longest - 1]}…") or "(nothing)"


def says_expired(reply: Reply) -> bool:
    """Return whether the access token is refused for its age: a 401, or a 403 that says so.

    Seen as message or as details: "The access token you provided has expired." (selling-partner-api-docs#2872).
    """
    return reply.status == 401 or (reply.status == 403 and b"expired" in reply.content.lower())


def retry_at(reply: Reply) -> datetime | None:
    """Return the instant that Retry-After names, in either of its forms (RFC 9110, 10.2.3), or None without one.

    Amazon does not document the header. At most a day.
    """
    typed = (reply.retry_after or "").strip()
    if not typed:
        return None
    try:
        wait = timedelta(seconds=int(typed)) if typed.isdigit() else parsedate_to_datetime(typed) - reply.at
    except (ValueError, OverflowError, TypeError):
        return None
    return reply.at + min(max(wait, timedelta(0)), _LONGEST_RETRY_AFTER)


def setback(
    what: str, *, why: str, until: datetime, kind: type[Setback] = Setback, for_quota: bool = False
) -> Setback:
    """Return a setback whose message also says when it goes on."""
    again = f"We ask again from {until.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC."
    return kind(what, why=f"{why} {again}".strip(), until=until, for_quota=for_quota)


def _sentence(error: _Error) -> str:
    details = f" ({error.details})" if error.details else ""
    return f"{error.code}: {error.message}{details}".removeprefix(": ")
