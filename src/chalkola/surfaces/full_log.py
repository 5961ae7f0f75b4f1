"""Everything about an error that nobody foresaw, in a file of its own, without secrets."""

import os
import platform
import traceback
from collections.abc import Sequence

import chalkola
from chalkola.clock import RealClock
from chalkola.redaction import without_secrets
from chalkola.settings import read_home, secret_values


def write(error: Exception, arguments: Sequence[str]) -> str:
    """Write an error down, with the command that met it. Return where, in words where it cannot be written."""
    try:
        return _written(error, arguments)
    except OSError as failure:
        return f"nowhere, for the log cannot be written: {failure}"


def _written(error: Exception, arguments: Sequence[str]) -> str:
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
        file.write(without_secrets("\n".join(about), *secret_values()))
    return str(path)
