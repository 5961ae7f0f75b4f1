"""What an answer of Supabase Storage means that is none of what was asked for. Pure.

Storage answers 400 (or 500) to nearly everything that goes wrong and says in its body what it means: `statusCode` as
text, `code` since 2024, `error` before (supabase/storage: src/http/error-handler.ts, src/internal/errors/codes.ts;
supabase.com/docs/guides/storage/debugging/error-codes). The gateway before it answers 401 for a key that it does not
know, and 402 where the project is restricted (supabase.com/docs/guides/platform/http-status-codes).
"""

from dataclasses import dataclass
from textwrap import shorten

import msgspec

from chalkola.redaction import without_secrets
from chalkola.store.archive.place import NotKept

_LONGEST = 300
_KEYS = "Supabase > Project Settings > API Keys"
_USAGE = "Supabase > Organization > Usage"
_LIMIT = "Supabase > Storage > Settings (Global file size limit), or the bucket's own limit"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What Storage said: the status that it means, its code, and its words."""

    status: int
    code: str
    words: str

    @property
    def is_missing(self) -> bool:
        """Whether there is no such bucket, or no such document."""
        return self.status == 404

    @property
    def is_of_bucket(self) -> bool:
        """Whether it is the bucket that is missing."""
        return "bucket" in f"{self.code} {self.words}".lower()

    @property
    def is_busy(self) -> bool:
        """Whether it may go well a moment later."""
        return self.status == 429 or self.status >= 500


class _Body(msgspec.Struct, rename={"status_code": "statusCode"}):
    status_code: str | int = ""
    code: str | None = None
    error: str | None = None
    message: str | None = None


def said(status: int, body: bytes, *secrets: str) -> Said:
    """Return what an answer says that is not a good one; its secrets are struck out."""
    try:
        told = msgspec.json.decode(body, type=_Body)
    except msgspec.MsgspecError:
        told = _Body(message=body[:_LONGEST].decode("utf-8", "replace"))
    meant = int(told.status_code) if str(told.status_code).isdecimal() else status
    words = without_secrets(" ".join((told.message or told.error or "").split()), *secrets)
    code = told.code or told.error or ""
    return Said(status=meant, code=code, words=shorten(words, _LONGEST, placeholder="…"))


def refusal(of: Said, place: str, size_bytes: int) -> NotKept:
    """Return why a document of this size is not kept, and what a person can do about it."""
    why = f"Supabase says: {of.words or of.code or 'nothing'} ({of.status})."
    match of.status:
        case 413:
            return NotKept(
                f"A document of {size_bytes / 1e6:,.1f} MB is too large for {place}.", why=why, too_large=True,
                remedy=f"Raise the limit: {_LIMIT}. Supabase's free plan takes 50 MB at most.",
            )  # fmt: skip
        case 402:
            return NotKept(
                f"Supabase has restricted the project: {place} takes nothing more.", why=why, lasting=True,
                remedy=f"Look at {_USAGE}: change the plan, or keep documents for fewer days"
                " (CHALKOLA_ARCHIVE_KEPT_DAYS).",
            )  # fmt: skip
        case 404:
            return NotKept(
                f"{begun(place)} is not there.", why=why, lasting=True,
                remedy="The next run makes it again. See that CHALKOLA_ARCHIVE names the right one.",
            )  # fmt: skip
        case 401 | 403:
            return NotKept(
                f"Supabase does not let us into {place}.", why=why, lasting=True,
                remedy=f"Copy SUPABASE_URL and SUPABASE_SERVICE_KEY again from {_KEYS}: both of the same project.",
            )  # fmt: skip
        case 415:
            return NotKept(
                f"{begun(place)} takes no gzip files.", why=why, lasting=True,
                remedy="Allow application/gzip in the bucket's settings, or name another bucket in CHALKOLA_ARCHIVE.",
            )  # fmt: skip
        case _ if of.is_busy:
            return NotKept(
                f"{begun(place)} does not answer as it should.", why=why, lasting=True,
                remedy="Nothing, if it passes: status.supabase.com says what is the matter.",
            )  # fmt: skip
    return NotKept(f"{begun(place)} does not take a document.", why=why)


def begun(words: str) -> str:
    """Return words as a sentence begins."""
    return words[:1].upper() + words[1:]
