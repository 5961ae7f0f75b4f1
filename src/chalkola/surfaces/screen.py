"""Where words go: a terminal, a file or a pipe. Nothing is coloured or cut where nobody looks."""

import sys
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WITHOUT_TERMINAL = 10_000  # columns: the lines of a log are as long as they are

STYLES = {
    "proven": "green", "differs": "green", "empty": "green", "loaded": "cyan", "preliminary": "yellow",
    "due": "yellow", "asked": "yellow", "failed": "red", "closed": "red", "refused": "red",
}  # fmt: skip


def console(*, stderr: bool = False, whole: bool = False) -> Console:
    """Return a console for plain text: nothing in it is taken for markup.

    In a `whole` one nothing is cut to the terminal's width, so that it can be copied; long lines go on below.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() and not whole else _WITHOUT_TERMINAL
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def say(text: str) -> None:
    """Print a sentence on standard output, unbroken, so that what is to be copied can be."""
    print(text, flush=True)


def table(*columns: str, title: str = "") -> Table:
    """Return an empty table. A column that begins with `>` is set to the right."""
    made = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    for name in columns:
        made.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left")
    return made


def show(to: Console, made: Table) -> None:
    """Print a table with an empty line before and after it."""
    to.print()
    to.print(made)
    to.print()


def state(name: str) -> Text:
    """Return a state in its colour."""
    return Text(name, style=STYLES.get(name, ""))


def emit(value: object) -> None:
    """Print one JSON object on standard output."""
    say(msgspec.json.format(msgspec.json.encode(plain(value)), indent=2).decode())


def plain(value: object) -> Any:
    """Return a value as JSON has it: dataclasses by their fields, lengths of time in seconds, amounts as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    match value:
        case dict():
            return {str(key): plain(one) for key, one in value.items()}
        case Enum():
            return value.value
        case str() | int() | float() | None:
            return value
        case Sequence() | set() | frozenset():
            return [plain(one) for one in value]
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
    return value
