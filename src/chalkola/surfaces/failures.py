"""What a person is told when something goes wrong: three sentences, never a traceback, never a secret."""

import sys
from collections.abc import Sequence

import click

from chalkola.errors import ChalkolaError, Setback, UsageError
from chalkola.surfaces import full_log
from chalkola.surfaces.logs import log_of_errors
from chalkola.surfaces.summarising import summarise_failure


def tell(error: ChalkolaError) -> int:
    """Tell an error's three sentences on standard error. Return the exit code: 3 where only Amazon is away."""
    code = 2 if isinstance(error, UsageError) else 3 if isinstance(error, Setback) else 1
    what = error.what.rstrip("\n")
    if log := log_of_errors():
        log("error", what=what, why=error.why or None, remedy=error.remedy or None, exit_code=code)
    else:
        _say("\n".join(sentence for sentence in (what, error.why, error.remedy) if sentence))
    summarise_failure(error)
    return code


def tell_usage(error: click.ClickException) -> int:
    """Tell what was typed wrongly on standard error. Return the exit code."""
    if log := log_of_errors():
        log("error", what=error.format_message(), exit_code=error.exit_code)
    else:
        error.show()
    return error.exit_code


def tell_interrupted() -> int:
    """Tell on standard error that the command was ended from outside. Return the exit code."""
    if log := log_of_errors():
        log("interrupted", exit_code=130)
    else:
        _say("Stopped.")
    return 130


def tell_unexpected(error: Exception, arguments: Sequence[str]) -> int:
    """Write everything about an error that nobody foresaw into a log, and say where that is. Return the exit code."""
    place = full_log.write(error, arguments)
    name = type(error).__name__
    what = f"Something went wrong that this version does not know ({name}). The full log is in {place}."
    if log := log_of_errors():
        log("error", what=what, exit_code=1)
    else:
        _say(what)
    return 1


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
