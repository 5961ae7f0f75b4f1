"""Whether a change was asked for by a page of ours, and not by another site in the same browser. Pure."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64

FIELD, HEADER = "csrf_token", "x-csrf-token"
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_LENGTH = 32


def token(key: bytes, session: str) -> str:
    """Return a token for a page: it proves that the page was made for this session.

    It looks different each time, since pages are compressed: from how small they become, a token that stays the same
    could be guessed letter by letter by whoever can put text into them (breachattack.com).
    """
    pad = secrets.token_bytes(_LENGTH)
    return urlsafe_b64encode(pad + _xor(pad, _proof(key, session))).decode()


def is_ours(key: bytes, session: str, shown: str) -> bool:
    """Return whether a token was made for this session."""
    try:
        raw = urlsafe_b64decode(shown.encode())
    except (NoBase64, ValueError):
        return False
    pad, masked = raw[:_LENGTH], raw[_LENGTH:]
    return len(masked) == _LENGTH and hmac.compare_digest(_xor(pad, masked), _proof(key, session))


def is_from_here(own: str, origin: str | None, fetch_site: str | None) -> bool:
    """Return whether a browser says that a request comes from `own`, the address that it was sent to.

    A client that says neither is no browser; no other site makes it send anything.
    """
    if origin is not None:
        return origin == own
    return fetch_site in (None, "same-origin")


def _proof(key: bytes, session: str) -> bytes:
    return hmac.digest(key, session.encode(), hashlib.sha256)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
