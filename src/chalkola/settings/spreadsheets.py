"""Which spreadsheet is meant: its address as a browser shows it, or the id in it."""

import re
from collections.abc import Iterable

from chalkola.errors import UsageError

_ADDRESS = re.compile(r"docs\.google\.com/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_-]{20,})(?:[/?#]|$)")
_ID = re.compile(r"[A-Za-z0-9_-]{20,}")


def spreadsheet_ids(typed: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of spreadsheets, each once; every text may name several between commas.

    Raises `UsageError` that says what is wanted.
    """
    names = (name.strip() for text in typed for name in text.split(","))
    return tuple(dict.fromkeys(_id(name) for name in names if name))


def _id(name: str) -> str:
    if found := _ADDRESS.search(name):
        return found[1]
    if _ID.fullmatch(name):
        return name
    raise UsageError(
        f"{name!r} is no address of a spreadsheet.",
        why="It is published to the web, which only shows it." if "/d/e/" in name or "/pub" in name else "",
        remedy="Copy what the browser shows while it is open: https://docs.google.com/spreadsheets/d/.../edit.",
    )
