"""Who tries tokens out, and has to wait.

A sheet calls from addresses of Google's that it shares with strangers. So a token that has been right is never kept
waiting here, and the same wrong one counts once, however often a sheet repeats it.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from chalkola.surfaces.web.pace import Pace

_REMEMBERED = 2_000


@dataclass(frozen=True, kw_only=True)
class Guesses:
    """What is remembered of tokens, as digests that mean nothing outside of this process, and of who sent them."""

    pace: Pace = field(default_factory=lambda: Pace(at_once=10, seconds=10))
    """Of the different wrong tokens that an address may show."""
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _good: OrderedDict[bytes, None] = field(default_factory=OrderedDict, repr=False)
    _wrong: OrderedDict[bytes, None] = field(default_factory=OrderedDict, repr=False)

    def wait(self, address: str, token: str, now: float) -> float:
        """Return for how many seconds a token from an address is not to be looked at; 0: it may be now."""
        return 0.0 if self._digest(token) in self._good else self.pace.wait(address, now)

    def note(self, address: str, token: str, now: float, *, was_right: bool) -> None:
        """Remember how it went."""
        digest, shown = self._digest(token), self._digest(f"{address} {token}")
        if was_right:
            _remember(self._good, digest)
            return
        self._good.pop(digest, None)
        if shown not in self._wrong:
            self.pace.take(address, now)
        _remember(self._wrong, shown)

    def _digest(self, token: str) -> bytes:
        return hashlib.blake2b(token.encode(errors="surrogatepass"), key=self._key, digest_size=16).digest()


def _remember(among: OrderedDict[bytes, None], digest: bytes) -> None:
    among.pop(digest, None)
    among[digest] = None
    if len(among) > _REMEMBERED:
        among.popitem(last=False)
