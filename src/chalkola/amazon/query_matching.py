"""Recognising a question of ours among the queries that Data Kiosk lists."""

from collections.abc import Iterable, Mapping

import msgspec

from chalkola.amazon.graphql import compact
from chalkola.amazon.listing import by_worth


class Listed(msgspec.Struct, rename="camel"):
    """One query as getQueries lists it. The token of the page it was asked for is not there."""

    query_id: str
    query: str
    processing_status: str
    created_time: str


def matching(question: Mapping[str, object], listed: Iterable[Listed]) -> tuple[str, ...]:
    """Return the ids of the queries that answer `question`, newest first, dead ones last; empty for none.

    Compared is their text but for whitespace.
    """
    wanted = compact(str(question["query"]))
    return tuple(query.query_id for query in by_worth(q for q in listed if compact(q.query) == wanted))
