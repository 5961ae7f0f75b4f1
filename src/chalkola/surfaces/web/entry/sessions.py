"""Who is signed in: the browser shows a long random word, the database keeps its digest."""

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta

from chalkola.settings import SignIn
from chalkola.store.connection import Pool
from chalkola.store.web_sessions import (
    WebSession,
    begin_web_session,
    end_web_session,
    end_web_session_by_id,
    see_web_session,
)
from chalkola.surfaces.web.entry.people import Person, person

LIFETIME = timedelta(hours=12)
"""Then one signs in again: so long at most an account that Google has closed still opens the pages."""
_REMEMBERED, _SECONDS = 1_000, 15.0  # machine time: a page has parts, and each asks who it is for


@dataclass(frozen=True, kw_only=True)
class Sessions:
    """The sessions of one database."""

    pool: Pool
    sign_in: SignIn
    lifetime: timedelta = LIFETIME
    _seen: OrderedDict[bytes, tuple[float, WebSession | None]] = field(default_factory=OrderedDict, repr=False)

    async def begin(self, email: str, name: str) -> str:
        """Begin a session. Return the word that the browser is to show."""
        word = secrets.token_urlsafe(32)
        await begin_web_session(self.pool, self._digest(word), email=email, name=name[:200], lifetime=self.lifetime)
        return word

    async def whose(self, word: str) -> Person | None:
        """Return whose session it is; None where it is none, or over, or they are not let in any more."""
        if not word:
            return None
        session = await self._session(self._digest(word))
        return person(session.email, session.name, self.sign_in) if session else None

    async def end(self, word: str, by: Person) -> None:
        """End a session."""
        self._seen.pop(self._digest(word), None)
        await end_web_session(self.pool, self._digest(word), by=by.email)

    async def end_by_id(self, number: int, by: str) -> None:
        """End whichever session has this number; `by` is the address of whoever does."""
        self._seen.clear()
        await end_web_session_by_id(self.pool, number, by=by)
        self._seen.clear()  # somebody may have been seen meanwhile

    async def _session(self, digest: bytes) -> WebSession | None:
        seen_at, session = self._seen.get(digest, (float("-inf"), None))
        if time.monotonic() - seen_at > _SECONDS:
            session = await see_web_session(self.pool, digest)
            self._seen[digest] = time.monotonic(), session
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return session

    def _digest(self, word: str) -> bytes:
        return hmac.digest(self.sign_in.session_secret.encode(), word.encode(), hashlib.sha256)
