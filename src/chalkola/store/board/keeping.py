"""What was computed of the data as it is now, once for everybody who looks: the same question is answered once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar, cast
from weakref import WeakValueDictionary

T = TypeVar("T")


@dataclass(kw_only=True)
class Kept:
    """Values by what they answer. When the data has another version, those of the one before are forgotten."""

    most: int
    _version: str = ""
    _values: OrderedDict[Hashable, object] = field(default_factory=OrderedDict)
    _turns: WeakValueDictionary[Hashable, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def has(self, version: str, key: Hashable) -> bool:
        """Return whether the value of `key` is here already."""
        return self._version == version and key in self._values

    async def once(self, version: str, key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
        """Return the value of `key` in a version of the data: whoever comes first makes it, the others wait."""
        turn = self._turns.setdefault((version, key), asyncio.Lock())
        async with turn:
            if self.has(version, key):
                self._values.move_to_end(key)
                return cast(T, self._values[key])
            value = await make()
            self._keep(version, key, value)
            return value

    def _keep(self, version: str, key: Hashable, value: object) -> None:
        if self._version != version:
            self._version = version
            self._values.clear()
        self._values[key] = value
        while len(self._values) > self.most:
            self._values.popitem(last=False)
