"""What Amazon accepts as a query, and how it refuses the rest.

Rules: the dataset's schema (schemas/data-kiosk/) and models/data-kiosk-api-model/dataKiosk_2023-11-15.json. Whether a
breach is a 400 at once or a FATAL query later is nowhere said: here it is a 400, but where a setting says otherwise.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    validate,
)
from graphql.execution.values import get_argument_values

from amazon_simulator.accounts import Account
from amazon_simulator.answers import Rejection, denied, invalid
from amazon_simulator.kiosk.question import KioskQuestion, Scope, Selection, compact
from amazon_simulator.kiosk.schema import BY_ASIN, DATASET, SCHEMA, TRENDS
from amazon_simulator.marketplaces import BY_AMAZON_ID
from amazon_simulator.periods import first_answered

LONGEST_QUERY = 8000
MOST_ASINS = 30
_VERSIONED = re.compile(r"\w+_\d{4}_\d\d_\d\d")
_ASIN = re.compile(r"[A-Z0-9]{10}")
_NO_DOMAIN = "Query did not have a versioned domain field"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What nobody outside Amazon knows: how long salesAndTrafficTrends may be, how far back any query may go.

    `beyond` is what becomes of trends that are too long: `refused` (400) or `fatal`. `answered_days` is how many days
    back a startDate may lie; None: the calendar's two years.
    """

    longest_days: int = 730
    most_filters: int = 20
    repeat_marketplace: bool = True
    beyond: str = "refused"
    answered_days: int | None = None


def question(text: str, account: Account, now: datetime, limits: Limits) -> KioskQuestion:
    """Read a query; raises a Rejection."""
    asked = _read(text)
    kind, arguments = asked.name.value, _arguments(asked)
    start, end = arguments["startDate"], arguments["endDate"]
    _check_days(start, end, now.date(), limits)
    scopes = _scopes(kind, arguments, account)
    by_asin, by_date = _granularities(kind, arguments)
    read = KioskQuestion(
        kind=kind,
        start=start,
        end=end,
        scopes=scopes,
        asin_granularity=by_asin,
        date_granularity=by_date,
        selection=_selection(asked),
    )
    return _within(read, limits) if kind == TRENDS else read


@lru_cache(maxsize=32)  # a creation is read twice: for the faults that may meet it, and for itself
def _read(text: str) -> FieldNode:
    """Return the one query of a valid document."""
    if len(compact(text)) > LONGEST_QUERY:
        raise invalid("Invalid Input", f"query: longer than {LONGEST_QUERY} characters")
    try:
        document = parse(text, no_location=True)
    except GraphQLError as error:
        raise invalid("Invalid query", error.message) from error
    root = _root(document)
    errors = validate(SCHEMA, document)
    if errors:
        raise invalid("Invalid query", "; ".join(error.message for error in errors))
    return _only(root.selection_set, "query")


def _root(document: DocumentNode) -> FieldNode:
    """Return the versioned domain field of a document in which nothing but plain fields and literals is used."""
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if len(operations) != 1 or len(document.definitions) != 1 or operations[0].operation is not OperationType.QUERY:
        raise invalid("Invalid query", "exactly one query is expected")
    operation = operations[0]
    if operation.variable_definitions or operation.directives:
        raise invalid("Invalid query", "variables and directives are not supported")
    _check_plain(operation.selection_set)
    roots = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    if not any(_VERSIONED.fullmatch(node.name.value) for node in roots):
        raise invalid(_NO_DOMAIN)
    found = _only(operation.selection_set, "versioned domain field")
    if found.name.value != DATASET:
        raise invalid("Invalid query", f"unknown domain field {found.name.value}")
    return found


def _check_plain(selections: SelectionSetNode | None) -> None:
    for node in selections.selections if selections else ():
        if not isinstance(node, FieldNode) or node.alias or node.directives or node.name.value.startswith("__"):
            raise invalid("Invalid query", "aliases, fragments, directives and introspection are not supported")
        _check_plain(node.selection_set)


def _only(selections: SelectionSetNode | None, what: str) -> FieldNode:
    found = [node for node in selections.selections if isinstance(node, FieldNode)] if selections else []
    if len(found) != 1:
        raise invalid("Invalid query", f"exactly one {what} is expected, found {len(found)}")
    return found[0]


def _arguments(asked: FieldNode) -> dict[str, Any]:
    dataset = SCHEMA.type_map["Analytics_SalesAndTraffic_2024_04_24"]
    assert isinstance(dataset, GraphQLObjectType)
    try:
        return get_argument_values(dataset.fields[asked.name.value], asked)
    except GraphQLError as error:
        raise invalid("Invalid query", error.message) from error


def _check_days(start: date, end: date, today: date, limits: Limits) -> None:
    if end < start:
        raise invalid("Invalid query", "endDate is before startDate")
    if end > today:
        raise invalid("Invalid query", "endDate is in the future")
    if start < first_answered(today, limits.answered_days):
        raise invalid("Invalid query", "startDate is more than two years ago")


def _scopes(kind: str, arguments: dict[str, Any], account: Account) -> tuple[Scope, ...]:
    if kind == TRENDS:
        filters = [(one["marketplaceId"], one["asins"]) for one in arguments["filters"]]
    else:
        filters = [(row, None) for row in arguments["marketplaceIds"]]
        if len({row for row, _ in filters}) != len(filters):
            raise invalid("Invalid query", "marketplaceIds: a marketplace is named twice")
    if not filters:
        raise invalid("Invalid query", "no marketplace is named")
    unknown = [row for row, _ in filters if row not in BY_AMAZON_ID]
    if unknown:
        raise invalid("Invalid query", f"unknown marketplace {unknown[0]}")
    if not all(account.sells_in(row) for row, _ in filters):
        raise denied()
    return tuple(Scope(marketplace=BY_AMAZON_ID[row], asins=_asins(asins)) for row, asins in filters)


def _asins(asins: Sequence[str] | None) -> tuple[str, ...] | None:
    if asins is None:
        return None
    if not 1 <= len(asins) <= MOST_ASINS:
        raise invalid("Invalid query", f"asins: 1 to {MOST_ASINS} are expected, found {len(asins)}")
    if len(set(asins)) != len(asins) or not all(_ASIN.fullmatch(asin) for asin in asins):
        raise invalid("Invalid query", "asins: an ASIN is malformed or named twice")
    return tuple(asins)


def _granularities(kind: str, arguments: dict[str, Any]) -> tuple[str, str]:
    if kind == BY_ASIN:
        return arguments["aggregateBy"], "DAY"
    if kind != TRENDS:
        return "CHILD", arguments["aggregateBy"]
    if arguments["asinAggregation"] != "CHILD":
        raise invalid("Invalid query", "asinAggregation: only CHILD is supported")
    return "CHILD", arguments["dateAggregation"]


def _within(read: KioskQuestion, limits: Limits) -> KioskQuestion:
    """Return the question, refused or known to fail where it goes beyond the limits."""
    named = [(scope.marketplace.code, asin) for scope in read.scopes for asin in scope.asins or ()]
    if len(set(named)) != len(named):
        raise invalid("Invalid query", "filters: an ASIN of a marketplace is named twice")
    for breach in _breaches(read, limits):
        if limits.beyond == "refused":
            raise invalid("Invalid query", breach)
        return replace(read, too_large=True)
    return read


def _breaches(read: KioskQuestion, limits: Limits) -> Iterator[str]:
    if (read.end - read.start).days >= limits.longest_days:
        yield f"more than {limits.longest_days} days"
    if len(read.scopes) > limits.most_filters:
        yield f"more than {limits.most_filters} filters"
    if not limits.repeat_marketplace and len(read.codes) != len(read.scopes):
        yield "a marketplace has more than one filter"


def _selection(node: FieldNode) -> Selection:
    fields: dict[str, Selection | None] = {}
    for part in node.selection_set.selections if node.selection_set else ():
        assert isinstance(part, FieldNode)
        inner = _selection(part) if part.selection_set else None
        before = fields.get(part.name.value)
        fields[part.name.value] = {**before, **inner} if before and inner else inner
    return fields


def fields_denied(read: KioskQuestion) -> Rejection:
    """Return a 403 that lists every field asked for (selling-partner-api-models#5290)."""
    listed = ", ".join(f"{DATASET}.{path}" for path in read.fields())
    return Rejection(
        403, "Unauthorized", "Unauthorized to access requested fields.", f"Unauthorized to access: [{listed}]"
    )
