"""The edge: whatever is written to standard output and standard error passes here, and loses its secrets."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from chalkola.redaction import without_secrets
from chalkola.settings import secret_values


class Guarded:
    """A stream that strikes secrets out of the text written to it; in all else it is the stream behind it.

    Bytes that go to its `buffer` are not looked at: they are a file that somebody asked for.
    """

    def __init__(self, stream: TextIO, known: tuple[str, ...]) -> None:
        self.stream, self._known = stream, known

    def write(self, text: str) -> int:
        """Write `text` without secrets. Return its length, as of text that was written whole."""
        if not isinstance(text, str):
            raise TypeError("a stream of text takes text")  # by which click tells streams apart
        self.stream.write(without_secrets(text, *self._known))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of `lines`."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


@contextmanager
def guarded_output() -> Iterator[None]:
    """Keep secrets, those of the settings and what looks like one, out of what is printed until the block ends.

    A terminal or file that lacks a letter shows a question mark for it, instead of ending the command.
    """
    known = secret_values()
    before = sys.stdout, sys.stderr
    guards = [stream and _guard(stream, known) for stream in before]  # a program without a terminal may have none
    sys.stdout, sys.stderr = guards
    try:
        yield
    finally:
        # Whoever has put a stream of his own there meanwhile, as click does for a closed pipe, has his reasons.
        if sys.stdout is guards[0]:
            sys.stdout = before[0]
        if sys.stderr is guards[1]:
            sys.stderr = before[1]


@contextmanager
def unguarded_output() -> Iterator[None]:
    """Let everything through: for the credentials of the simulated Amazon, which open nothing."""
    guarded = sys.stdout
    sys.stdout = guarded.stream if isinstance(guarded, Guarded) else guarded
    try:
        yield
    finally:
        sys.stdout = guarded


def _guard(stream: TextIO, known: tuple[str, ...]) -> Any:  # a stream in all but type
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="replace")
    return Guarded(stream, known)
