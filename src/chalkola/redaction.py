"""What must never be read by anybody: struck out of whatever is printed, logged or written down."""

import json
import re
from collections.abc import Iterator
from urllib.parse import quote, unquote

HIDDEN = "[hidden]"
_SHORTEST = 6  # hiding shorter values would make a text unreadable
_VALUE = r"[^\s\"'\\,;&<>]+"  # in a sentence, an address, a form or JSON

_LOOKS_SECRET = re.compile(
    "|".join((
        rf"Atz[ar](?:\||%7C){_VALUE}",  # access and refresh tokens
        rf"amzn1\.oa2-cs\.{_VALUE}",  # client secrets
        r"(?<=\?)[^\s\"'\\<>?]*X-Amz-[^\s\"'\\<>]*",  # the query of a presigned address
        rf"(?<=[?&]Signature=){_VALUE}",
        r"(?<=://)[^\s/@\"'\\:]*:[^\s/@\"'\\]+(?=@)",  # name and password in an address
        r"(?<=hooks\.slack\.com/services/)[\w/-]+",
        r"\bcs_[A-Za-z0-9]+_[A-Za-z0-9]{16,}",  # our own tokens of sheets
        r"sb_secret_\w+|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]+",  # Supabase's keys
    ))
)  # fmt: skip
_NAMED = re.compile(
    r"(?i)((?:\b(?:x-amz-access-token|authorization)[\"']?\s*[:=]\s*[\"']?(?!Bearer\s+\[hidden\])(?:Bearer\s+)?"
    r"|(?:x-amz-signature|x-amz-credential|x-amz-security-token|access_token|refresh_token|client_secret|password)"
    rf"(?:=|\\?[\"']\s*:\s*\\?[\"']?)))(?!\[hidden\]){_VALUE}"
)
"""Headers, parameters and fields, whatever their values look like."""


def without_secrets(text: str, *known: str) -> str:
    """Return `text` with `[hidden]` in place of each `known` secret, and of whatever looks like one.

    A known secret is found as it is, percent-encoded, and as JSON writes it. One of less than six characters is left.
    """
    for secret in sorted({form for one in known for form in _forms(one)}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _NAMED.sub(rf"\1{HIDDEN}", _LOOKS_SECRET.sub(HIDDEN, text))


def _forms(secret: str) -> Iterator[str]:
    if len(secret) >= _SHORTEST:
        yield from (secret, quote(secret), quote(secret, safe=""), unquote(secret), json.dumps(secret)[1:-1])
