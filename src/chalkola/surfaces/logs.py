"""Events as JSON, an object a line, for whoever collects logs. `CHALKOLA_LOG=json` asks for them."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.console import Console

from chalkola.clock import Clock, RealClock
from chalkola.errors import ChalkolaError
from chalkola.settings import Settings, read_log_json, read_settings
from chalkola.surfaces.screen import plain


@dataclass(frozen=True, kw_only=True)
class Log:
    """Writes events to a stream. `ts` is Amazon's time."""

    clock: Clock
    stream: Any

    def __call__(self, event: str, **facts: object) -> None:
        """Write one event; facts that are None are left out."""
        told = {name: plain(fact) for name, fact in facts.items() if fact is not None}
        line = msgspec.json.encode({"ts": self.clock.now(), "event": event, **told}).decode()
        self.stream.write(line + "\n")
        self.stream.flush()


def log_of(settings: Settings, console: Console) -> Log | None:
    """Return where a run tells its events; None where it speaks in words, as in a terminal or without the setting."""
    return Log(clock=settings.clock, stream=console.file) if settings.log_json and not console.is_terminal else None


def log_of_errors() -> Log | None:
    """Return where it is told how a command failed, None where that is said in words."""
    if not read_log_json() or sys.stderr.isatty():
        return None
    try:
        return Log(clock=read_settings().clock, stream=sys.stderr)
    except ChalkolaError:  # which may be the very one that is to be told
        return Log(clock=RealClock(), stream=sys.stderr)


@contextmanager
def warnings_as_events() -> Iterator[None]:
    """Where JSON is asked for, make what libraries warn of events as well, until the block ends."""
    before = logging.lastResort  # it has what nobody else handles, and would print a plain line
    if log := log_of_errors():
        logging.lastResort = _Warnings(log)
    try:
        yield
    finally:
        logging.lastResort = before


class _Warnings(logging.Handler):
    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        error = logging.Formatter().formatException(record.exc_info) if record.exc_info else None
        self._log("warning", of=record.name, what=record.getMessage(), error=error)
