"""Ctrl-C and SIGTERM: the first ends a run in good order, the second at once."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopped_by_signals(stop: asyncio.Event, on_stop: Callable[[], None]) -> Iterator[None]:
    """Set `stop` on the first signal, after which `on_stop` is called; raise `KeyboardInterrupt` on the second."""
    loop = asyncio.get_running_loop()
    told = False

    def first() -> None:
        stop.set()
        on_stop()

    def receive(number: int, frame: FrameType | None) -> None:
        nonlocal told
        if told:
            raise KeyboardInterrupt
        told = True
        loop.call_soon_threadsafe(first)

    # signal.signal and not the loop's own way, which Windows does not have.
    before = {number: signal.signal(number, receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
