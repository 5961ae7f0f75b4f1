"""Amazon's time: where it stands is a pure function of machine time, so nothing here ever sleeps."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class AmazonClock:
    """Hold `start` (Amazon's time) at `anchor_unix_seconds` (machine time) and run `speed` times as fast."""

    start: datetime
    anchor_unix_seconds: float
    speed: float = 1.0

    def __call__(self) -> datetime:
        """Return Amazon's time now, in UTC."""
        return self.at(time.time())

    def at(self, unix_seconds: float) -> datetime:
        """Return Amazon's time at a machine time."""
        return self.start + timedelta(seconds=(unix_seconds - self.anchor_unix_seconds) * self.speed)

    def __str__(self) -> str:
        return f"{self.start.isoformat().replace('+00:00', 'Z')}@{self.anchor_unix_seconds!r}"

    @classmethod
    def parse(cls, text: str | None, speed: float = 1.0) -> "AmazonClock":
        """Read `2026-11-20T02:00:00Z@1764000000.0`; without `@` the instant holds now, without text it is now.

        Raises ValueError when the text is no instant with an offset, or the speed is not above zero.
        """
        if speed <= 0:
            raise ValueError(f"the clock's speed is {speed:g}; it must be above 0")
        unix_seconds = time.time()
        if not text:
            return cls(start=datetime.fromtimestamp(unix_seconds, UTC), anchor_unix_seconds=unix_seconds, speed=speed)
        instant, _, anchor = text.partition("@")
        start = _instant(instant)
        return cls(
            start=start.astimezone(UTC),
            anchor_unix_seconds=float(anchor) if anchor else unix_seconds,
            speed=speed,
        )


def _instant(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"the clock's start {text!r} is no instant; write it like 2026-11-20T02:00:00Z") from error
    if value.tzinfo is None:
        raise ValueError(f"the clock's start {text!r} has no offset; write it like 2026-11-20T02:00:00Z")
    return value
