"""A statement with its values written into it, as a call carries it; and what kind of statement it is. Pure."""

import re
from collections.abc import Mapping

from psycopg import sql
from psycopg.abc import Params

from chalkola.store.database import Query

_TEXT = re.compile(r"'(?:[^']|'')*'")
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|NEXTVAL)\b|\bsp_\w+\s*\(", re.IGNORECASE)
_IS_CHANGE = re.compile(r"\s*(?:INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_RETURNS = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_HOLDS = re.compile(r"\bsp_hold(?:_slices)?\s*\(")


def composed(query: Query, params: Params | None = None) -> str:
    """Return a query with its values as SQL literals, as psycopg writes them."""
    text = _text_of(query)
    if params is None:
        return text
    # psycopg's placeholders are Python's own: %s, %(name)s, and %% for a percent sign.
    if isinstance(params, Mapping):
        return text % {name: _literal(value) for name, value in params.items()}
    return text % tuple(map(_literal, params))


def only_reads(statement: str) -> bool:
    """Return whether a statement certainly changes nothing; one of our functions may."""
    return _CHANGES.search(_bare(statement)) is None


def only_holds(statement: str) -> bool:
    """Return whether a statement locks lines of the ledger, and changes nothing."""
    return _HOLDS.search(statement) is not None and _IS_CHANGE.match(statement) is None


def with_count(statement: str) -> str | None:
    """Return a change in a form that gives how many rows it changed; None for what gives rows anyway."""
    if _IS_CHANGE.match(statement) is None or _RETURNS.search(_bare(statement)):
        return None
    return f"WITH done AS ({statement} RETURNING 1) SELECT count(*) FROM done"


def _text_of(query: Query) -> str:
    match query:
        case str():
            return query
        case bytes():
            return query.decode()
        case sql.Composable():
            return query.as_string(None)
    raise TypeError(f"{type(query).__name__} is no statement of the store's")


def _literal(value: object) -> str:
    return sql.Literal(value).as_string(None)


def _bare(statement: str) -> str:
    """Return a statement without the texts in it."""
    return _TEXT.sub("''", statement)
