"""What Amazon accepts in a Data Kiosk request besides the query itself.

Rules: models/data-kiosk-api-model/dataKiosk_2023-11-15.json. A parameter that an operation does not have is a 403, as
people found with marketplaceIds (saleweaver/python-amazon-sp-api#1422).
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_simulator.answers import denied, invalid
from amazon_simulator.kiosk.query_book import STATUSES
from amazon_simulator.report_requests import instant

MEMBERS = {"query", "paginationToken"}
_FILTERS = ("processingStatuses", "createdSince", "createdUntil")
_LISTED = {*_FILTERS, "pageSize", "paginationToken"}


@dataclass(frozen=True, kw_only=True)
class QueryPage:
    """A getQueries that Amazon accepts. `filters` is how the filters were written."""

    statuses: tuple[str, ...]
    since: datetime
    until: datetime
    size: int
    filters: tuple[str, ...]
    offset: int = 0

    def token(self, offset: int) -> str:
        """Return the nextToken for the page that starts at `offset`."""
        values = [self.filters, self.since.isoformat(), self.until.isoformat(), offset]
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def specification(body: bytes) -> tuple[str, str | None]:
    """Return the query and the pagination token of a createQuery body; raises a Rejection."""
    try:
        values = json.loads(body)
    except ValueError as error:
        raise invalid("Could not match input arguments") from error
    if not isinstance(values, dict):
        raise invalid("Could not match input arguments")
    if values.keys() - MEMBERS:
        raise invalid("Invalid Input", ", ".join(sorted(values.keys() - MEMBERS)))
    text, token = values.get("query"), values.get("paginationToken", "")
    if not isinstance(text, str) or not text.strip():
        raise invalid("One or more required parameters missing", "query;")
    if not isinstance(token, str) or (not token and "paginationToken" in values):
        raise invalid("Invalid Input", "paginationToken")
    return text, token or None


def page(query: Mapping[str, Sequence[str]], now: datetime, oldest: datetime) -> QueryPage:
    """Read a getQueries query (each name with all its values); raises a Rejection."""
    no_other_than(query, _LISTED)
    statuses = tuple(part for value in query.get("processingStatuses", ()) for part in value.split(","))
    if set(statuses) - set(STATUSES):
        raise invalid("Invalid Input", "processingStatuses")
    since = instant(_one(query, "createdSince"), "createdSince") or oldest
    first = QueryPage(
        statuses=statuses,
        since=max(since, oldest),
        until=instant(_one(query, "createdUntil"), "createdUntil") or now,
        size=_size(query),
        filters=tuple(f"{name}={','.join(query[name])}" for name in _FILTERS if name in query),
    )
    return _continued(first, _one(query, "paginationToken")) if "paginationToken" in query else first


def no_other_than(query: Mapping[str, Sequence[str]], known: set[str]) -> None:
    """Raise a Rejection for a query parameter that the operation does not have."""
    if query.keys() - known:
        raise denied()


def _one(query: Mapping[str, Sequence[str]], name: str) -> str:
    values = query.get(name, [""])
    if len(values) != 1 or (name in query and not values[0]):
        raise invalid("Invalid Input", name)
    return values[0]


def _size(query: Mapping[str, Sequence[str]]) -> int:
    size = query.get("pageSize", ["10"])[0]
    if not re.fullmatch(r"\d{1,3}", size) or not 1 <= int(size) <= 100:
        raise invalid("Invalid Input", "pageSize")
    return int(size)


def _continued(first: QueryPage, token: str) -> QueryPage:
    """Return the page that a token leads to: all filters as before, the size may differ."""
    try:
        filters, since, until, offset = json.loads(base64.urlsafe_b64decode(token))
        values: dict[str, Any] = {"since": datetime.fromisoformat(since), "until": datetime.fromisoformat(until)}
    except (ValueError, TypeError) as error:
        raise invalid("Invalid Input", "paginationToken") from error
    if tuple(filters) != first.filters:
        raise invalid("Invalid Input", "paginationToken: the other parameters have changed")
    return QueryPage(statuses=first.statuses, size=first.size, filters=first.filters, offset=offset, **values)
