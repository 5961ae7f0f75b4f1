"""The log of a server: a line for each request, and a file for each error that nobody foresaw."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from chalkola.redaction import without_secrets
from chalkola.surfaces import full_log
from chalkola.surfaces.logs import Log
from chalkola.surfaces.web.guard import Answered

_LONGEST_PATH = 200


@dataclass(kw_only=True)
class Told:
    """Tells on the console, or as events. Neither a query string nor a body is ever told: tokens are in them."""

    console: Console
    log: Log | None
    _written: set[tuple[str, str, int]] = field(default_factory=set)

    def answered(self, answered: Answered) -> None:
        """Tell of a request that is over."""
        milliseconds, path = round(answered.seconds * 1000), _printable(answered.path)
        if self.log:
            self.log(
                "request", method=answered.method, path=path, status=answered.status, answer=answered.noted,
                milliseconds=milliseconds, bytes=answered.size, address=answered.address,
            )  # fmt: skip
        else:
            said = " ".join(filter(None, (str(answered.status), answered.noted)))
            self.console.print(f"{answered.method} {path}  {said}  {milliseconds} ms", soft_wrap=True)

    def broke(self, error: Exception, method: str, path: str) -> None:
        """Tell of an error that nobody foresaw: once written whole, then counted by its lines in the log."""
        place = _place(error)
        if place in self._written:
            return
        self._written.add(place)
        what = f"Something went wrong that this version does not know ({type(error).__name__})."
        written = full_log.write(error, ["serve", method, _printable(path)])
        if self.log:
            self.log("error", what=what, log=written)
        else:
            print(f"{what} The full log is in {written}.", file=sys.stderr, flush=True)


def _printable(path: str) -> str:
    """Return a path as one line, cut, without anything that looks like a secret."""
    shown = without_secrets(path).encode("unicode_escape").decode()
    return shown if len(shown) <= _LONGEST_PATH else shown[:_LONGEST_PATH] + "…"


def _place(error: Exception) -> tuple[str, str, int]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = (Path(trace.tb_frame.f_code.co_filename).name, trace.tb_lineno) if trace else ("", 0)
    return type(error).__name__, *where
