"""The functions that the database has, looked up again when that may have changed."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from chalkola.store.calling import ReadFunction, read_functions
from chalkola.store.connection import Pool

_GOOD_FOR_SECONDS, _LOOKED_AGAIN_SECONDS = 60.0, 1.0  # machine time


@dataclass(kw_only=True)
class Functions:
    """The named functions, as they were at most a minute ago."""

    pool: Pool
    names: Sequence[str]
    _known: tuple[ReadFunction, ...] = ()
    _read_at: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, *, fresh: bool = False) -> tuple[ReadFunction, ...]:
        """Return them; `fresh`: looked up now, unless that was done a moment ago. Raises `DatabaseGone`."""
        async with self._turn:
            now = asyncio.get_running_loop().time()
            if now - self._read_at > (_LOOKED_AGAIN_SECONDS if fresh else _GOOD_FOR_SECONDS):
                self._known = await read_functions(self.pool, self.names)
                self._read_at = now
            return self._known
