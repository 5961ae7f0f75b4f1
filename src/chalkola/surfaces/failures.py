"""What a person is told when something goes wrong: three sentences, never a traceback, never a secret."""

import os
import platform
import sys
import traceback
from collections.abc import Sequence

import click

import chalkola
from chalkola.clock import RealClock
from chalkola.errors import ChalkolaError, UsageError
from chalkola.settings import read_home, secret_values

_SHORTEST_SECRET = 6  # hiding shorter ones would make a log unreadable


def tell(error: ChalkolaError) -> int:
    """Print an error's three sentences on standard error. Return the exit code."""
    sentences = [sentence for sentence in (error.what.rstrip("\n"), error.why, error.remedy) if sentence]
    click.echo("\n".join(sentences), err=True)
    return 2 if isinstance(error, UsageError) else 1


def tell_unexpected(error: Exception, arguments: Sequence[str]) -> int:
    """Write everything about an error that nobody foresaw into a log, and say where that is. Return the exit code."""
    try:
        place = _write(error, arguments)
    except OSError as failure:
        place = f"nowhere, for the log cannot be written: {failure}"
    name = type(error).__name__
    click.echo(
        f"Something went wrong that this version does not know ({name}). The full log is in {place}.", err=True
    )
    return 1


def without_secrets(text: str) -> str:
    """Return `text` with `[hidden]` in place of the value of every secret setting."""
    for secret in sorted(secret_values(), key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "[hidden]")
    return text


def _write(error: Exception, arguments: Sequence[str]) -> str:
    folder = read_home() / "log"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{RealClock().now():%Y%m%d-%H%M%S}-{os.getpid()}.log"
    about = [
        f"chalkola {chalkola.__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command: {' '.join(arguments)}",
        "".join(traceback.format_exception(error)),
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
        file.write(without_secrets("\n".join(about)))
    return str(path)


def unbreakable_output() -> None:
    """Let a terminal or file that lacks a letter show a question mark for it instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
