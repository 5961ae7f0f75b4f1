"""Amazon's time: the only way to the date and the hour in this house.

Two times exist. *Amazon's time* (here) decides about quotas, settling and calendars and may be simulated.
*Machine time* (leases by the database's own clock, HTTP time-outs) never is and does not pass through here.

    RealClock      Amazon's time is the machine's
    ScaledClock    runs faster than the machine from one anchor, so that several processes agree
    SlowingClock   runs like another one until it is slowed down: for the demo's pages
    JumpingClock   stands still while something is in flight, then jumps to whoever sleeps the shortest
"""

import asyncio
import heapq
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from chalkola.errors import Fault


class Clock(Protocol):
    """What every room may know about time. Instants are aware and in UTC."""

    def now(self) -> datetime:
        """Return the present instant of Amazon's time."""

    async def sleep_until(self, instant: datetime) -> None:
        """Return once `now()` has reached `instant`; at once if it already has."""

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Mark that work is going on, during which a simulated clock must not jump."""


class RealClock:
    """Amazon's time as it is."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep_until(self, instant: datetime) -> None:
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(left)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, kw_only=True)
class ScaledClock:
    """`start` was held at the Unix time `anchor`; since then `speed` simulated seconds pass in each real one."""

    start: datetime
    anchor: float
    speed: float

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.time() - self.anchor) * self.speed)

    async def sleep_until(self, instant: datetime) -> None:
        while (left := (instant - self.now()).total_seconds()) > 0:
            await asyncio.sleep(left / self.speed)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        yield


@dataclass(kw_only=True)
class SlowingClock:
    """The clock `within` it, until it is slowed down; from that instant on as fast as the machine's."""

    within: Clock

    def slow_down(self) -> None:
        """Go on as fast as the machine's time."""
        self.within = ScaledClock(start=self.within.now(), anchor=time.time(), speed=1)

    def now(self) -> datetime:
        return self.within.now()

    async def sleep_until(self, instant: datetime) -> None:
        await self.within.sleep_until(instant)

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        with self.within.in_flight():
            yield


_flying: ContextVar["asyncio.Task[object] | None"] = ContextVar("chalkola_clock_flying", default=None)
"""The task that is in flight in this context; one that it starts inherits the context and is not in flight itself."""


_ROUNDS_TO_SETTLE = 25  # of the event loop, none of which waits for anything


class JumpingClock:
    """Stands still while anything is in flight; then jumps to the next sleeper. For stories and benchmarks.

    Whatever works wraps itself in `in_flight()`, once or within itself again; a sleep inside such a stretch counts as
    not flying. So a month of nights takes seconds, and no wait depends on the machine.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._flying = 0
        self._rounds_left = 0
        self._order = 0
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None], bool]] = []

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move time on by hand, as between two nights."""
        self._now += by

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        if _is_flying():
            yield
            return
        token = _flying.set(asyncio.current_task())
        self._flying += 1
        try:
            yield
        finally:
            _flying.reset(token)
            self._land()

    async def sleep_until(self, instant: datetime) -> None:
        if instant <= self._now:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._order += 1
        flying = _is_flying()
        heapq.heappush(self._sleepers, (instant, self._order, woken, flying))
        if flying:
            self._land()
        else:
            self._jump_soon()
        try:
            await woken
        except asyncio.CancelledError:
            # Cancelled before it was woken: nobody has put it back in flight, and `in_flight` will land it again.
            if flying and (woken.cancelled() or not woken.done()):
                self._flying += 1
            raise

    def _land(self) -> None:
        self._flying -= 1
        self._jump_soon()

    def _jump_soon(self) -> None:
        """Jump once the loop has run dry: whoever waits for what has just landed may be about to take off."""
        settling, self._rounds_left = self._rounds_left > 0, _ROUNDS_TO_SETTLE
        if not settling:
            self._settle()

    def _settle(self) -> None:
        if self._flying:
            self._rounds_left = 0
        elif self._rounds_left > 1:
            self._rounds_left -= 1
            with suppress(RuntimeError):  # the loop has ended: nobody is left to be woken
                asyncio.get_running_loop().call_soon(self._settle)
        else:
            self._rounds_left = 0
            self._jump()

    def _jump(self) -> None:
        while self._sleepers and not self._flying:
            instant, _, woken, flying = heapq.heappop(self._sleepers)
            if woken.done():
                continue
            self._now = max(self._now, instant)
            self._flying += flying
            woken.set_result(None)
            if not flying:
                self._jump_soon()
                return


def _is_flying() -> bool:
    return (task := _flying.get()) is not None and task is asyncio.current_task()


def read_clock(*, start: str | None, speed: str | None) -> Clock:
    """Return the clock that `CHALKOLA_CLOCK_START` and `CHALKOLA_CLOCK_SPEED` ask for; `RealClock` for neither.

    `start` reads `2026-11-20T02:00:00Z@1764000000.0`: this simulated instant held at that Unix time.
    Raises `Fault` when either cannot be read.
    """
    if not start and not speed:
        return RealClock()
    try:
        instant, _, anchor = (start or "").partition("@")
        begun = datetime.fromisoformat(instant) if instant else datetime.now(UTC)
        rate = float(speed or 1)
        if begun.tzinfo is None or rate <= 0:
            raise ValueError("an instant needs a time zone and a speed must be above zero")
        return ScaledClock(start=begun.astimezone(UTC), anchor=float(anchor) if anchor else time.time(), speed=rate)
    except ValueError as error:
        raise Fault(
            "The simulated clock cannot be read.",
            why=f"CHALKOLA_CLOCK_START={start!r}, CHALKOLA_CLOCK_SPEED={speed!r}: {error}.",
            remedy="Write them like 2026-11-20T02:00:00Z@1764000000.0 and 600, or remove both.",
        ) from error
