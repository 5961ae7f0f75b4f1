"""So many at once, and then one after the other: by key, in bounded memory. Times are machine time, in seconds of a
clock that only goes forward."""

from collections import OrderedDict
from dataclasses import dataclass, field

_KEYS = 10_000


@dataclass(frozen=True, kw_only=True)
class Pace:
    """`at_once` turns for each key, and one more every `seconds`."""

    at_once: int
    seconds: float
    _full_at: OrderedDict[str, float] = field(default_factory=OrderedDict, repr=False)
    """When all its turns will be there again."""

    def wait(self, key: str, now: float) -> float:
        """Return for how many seconds a key has no turn; 0: it has one now."""
        full_at = self._full_at.get(key)
        return 0.0 if full_at is None else max(0.0, full_at - (self.at_once - 1) * self.seconds - now)

    def take(self, key: str, now: float) -> None:
        """Take a turn of a key's, whether there is one or not."""
        full_at = self._full_at.pop(key, now)
        self._full_at[key] = max(full_at, now) + self.seconds
        if len(self._full_at) > _KEYS:
            self._full_at.popitem(last=False)
