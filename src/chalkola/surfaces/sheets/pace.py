"""How fast Google may be asked: turns in a minute, and longer and longer waits after a refusal.

developers.google.com/workspace/sheets/api/limits: 300 reads and 300 writes a minute for a project, 60 of each for a
user of it; a service account is one user. After a 429: waits that double, with a random part.
"""

import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

PER_MINUTE = 60
TRIES = 7
_LONGEST = 64.0


def wait_for_turn(sent: deque[float], now: float, *, most: int, within: float) -> float:
    """Return the seconds until one more request is allowed, 0 for now. `sent` are the instants of earlier ones."""
    while sent and sent[0] <= now - within:
        sent.popleft()
    return sent[-most] + within - now if len(sent) >= most else 0.0


def wait_after(tries: int, spread: float) -> float:
    """Return the seconds to wait after so many refusals in a row: 1, 2, 4 ... 64, and up to a second more."""
    return float(min(2.0 ** (tries - 1), _LONGEST)) + spread


@dataclass(kw_only=True)
class Pace:
    """Keeps count of what was sent. Machine time: Google's quota runs by Google's clock, not by a simulated one."""

    most: int = PER_MINUTE
    within: float = 60.0
    unit: float = 1.0
    """What a second of waiting after a refusal lasts; tests make it short."""
    sleep: Callable[[float], None] = time.sleep  # noqa: TID251  machine time, see above
    _sent: dict[str, deque[float]] = field(default_factory=dict)

    def take_turn(self, kind: str) -> None:
        """Wait until a request of this kind (read, write) is allowed, and count it."""
        sent = self._sent.setdefault(kind, deque())
        if wait := wait_for_turn(sent, time.monotonic(), most=self.most, within=self.within):
            self.sleep(wait)
        sent.append(time.monotonic())

    def back_off(self, tries: int) -> None:
        """Wait after so many refusals in a row."""
        self.sleep(wait_after(tries, random.random()) * self.unit)
