"""GraphQL as far as Data Kiosk needs it: a query without needless whitespace, for its length and for comparing."""

import re

_TOKEN = re.compile(
    r"""
      (?P<ignored>[\s\ufeff]+|\#[^\n\r]*)
    | (?P<string>\"{3}(?:\\\"{3}|.)*?\"{3}|"(?:\\.|[^"\\\n])*")
    | (?P<word>[\w+-]+(?:\.\w[\w+-]*)*)
    | (?P<mark>\.{3}|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACED = ({"word"}, {"string"})
"""Neighbours that a space keeps apart: two words, and two strings, whose quotes would begin a block string."""


def compact(query: str) -> str:
    """Return a query as its tokens alone, with one space where two would else become one; comments are left out."""
    pieces: list[str] = []
    before = ""
    for token in _TOKEN.finditer(query):
        kind = token.lastgroup or ""
        if kind == "ignored":
            continue
        if {before, kind} in _SPACED:
            pieces.append(" ")
        pieces.append(token[0])
        before = kind
    return "".join(pieces)
