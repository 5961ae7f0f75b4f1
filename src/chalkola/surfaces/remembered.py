"""An answer that is asked for oftener than it is looked up."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

_LOOKED_EVERY = timedelta(seconds=10)  # machine time: however often it is asked, the database is asked no oftener


@dataclass(kw_only=True)
class Remembered:
    """Asks `look` at most once in ten seconds, and for several that ask at once only once."""

    look: Callable[[], Awaitable[bool]]
    _seen: bool = False
    _good_until: float = float("-inf")
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self) -> bool:
        async with self._turn:
            clock = asyncio.get_running_loop().time  # machine time
            if clock() >= self._good_until:
                self._seen = await self.look()
                self._good_until = clock() + _LOOKED_EVERY.total_seconds()
            return self._seen
