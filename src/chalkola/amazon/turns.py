"""Waiting for a turn: a short wait is slept through, a long one goes back to the ledger."""

from datetime import timedelta

from chalkola.amazon.answers import setback
from chalkola.amazon.throttle import Meter
from chalkola.clock import Clock

WORTH_SLEEPING = timedelta(seconds=10)
_SHORTEST_SLEEP = timedelta(milliseconds=50)


async def take_turn(meter: Meter, clock: Clock, buckets: tuple[str, ...]) -> None:
    """Return once all of `buckets` have granted a turn.

    Raises `Setback` with the instant to come back at when that takes more than 10 s of Amazon's time.
    """
    patience_ends = clock.now() + WORTH_SLEEPING
    while not (turn := await meter.take(buckets)).granted:
        if turn.open_at > patience_ends:
            what = f"Amazon's quota is used up: {turn.waiting_for or ', '.join(buckets)}."
            raise setback(what, why="", until=turn.open_at, for_quota=True)
        await clock.sleep_until(max(turn.open_at, clock.now() + _SHORTEST_SLEEP))
