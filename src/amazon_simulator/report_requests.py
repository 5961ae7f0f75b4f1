"""What Amazon accepts in a Reports API request, and the words in which it rejects the rest.

Rules: models/reports-api-model/reports_2021-06-30.json and the report's schema. Messages quoted by people:
selling-partner-api-docs#614 (several marketplaces), #912 (missing parameters); the others are our wording.
"""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.answers import denied, invalid
from amazon_simulator.document import ASIN_GRANULARITIES, DATE_GRANULARITIES, REPORT_TYPE, Question
from amazon_simulator.listings.question import REPORT_TYPE as LIST
from amazon_simulator.listings.question import ListQuestion, list_options, list_question
from amazon_simulator.marketplaces import BY_AMAZON_ID, Marketplace

STATUSES = ("CANCELLED", "DONE", "FATAL", "IN_PROGRESS", "IN_QUEUE")
_OPTIONS = {"dateGranularity": DATE_GRANULARITIES, "asinGranularity": ASIN_GRANULARITIES}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")
_ONE_MARKETPLACE = (
    "Report rejected for this client. Multiple marketplaces were provided for this report type that can only be "
    "applied to one marketplace at a time. Please retry with only one marketplace per request."
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A createReport that Amazon accepts."""

    question: Question | ListQuestion
    data_start: datetime
    data_end: datetime
    options: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Page:
    """A getReports that Amazon accepts: filters, and where the page starts."""

    report_types: tuple[str, ...]
    statuses: tuple[str, ...]
    marketplace_ids: tuple[str, ...]
    since: datetime
    until: datetime
    size: int
    offset: int = 0

    def token(self, offset: int) -> str:
        """Return the nextToken for the page that starts at `offset`."""
        values = [
            self.report_types, self.statuses, self.marketplace_ids,
            self.since.isoformat(), self.until.isoformat(), self.size, offset,
        ]  # fmt: skip
        return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()

    @classmethod
    def of_token(cls, token: str) -> "Page":
        """Read a nextToken; raises a Rejection for one that was never given."""
        try:
            types, statuses, ids, since, until, size, offset = json.loads(base64.urlsafe_b64decode(token))
            return cls(
                report_types=tuple(types), statuses=tuple(statuses), marketplace_ids=tuple(ids), size=size,
                offset=offset, since=datetime.fromisoformat(since), until=datetime.fromisoformat(until),
            )  # fmt: skip
        except (ValueError, TypeError) as error:
            raise invalid("Invalid Input", "nextToken") from error


def asked(body: bytes, account: Account, now: datetime) -> Asked:
    """Read a createReport body; raises a Rejection."""
    values = _object(body)
    marketplace_ids = _checked_form(values)
    is_list = values["reportType"] == LIST
    if not is_list and values["reportType"] != REPORT_TYPE:
        raise invalid("Invalid report type", str(values["reportType"]))
    if not is_list and len(marketplace_ids) > 1:  # of a list "only the first marketplaceId [...] will be accepted"
        raise invalid(_ONE_MARKETPLACE)
    if not account.sells_in(marketplace_ids[0]):
        raise denied()
    given = values.get("reportOptions")
    options = list_options(given) if is_list else _checked_options(given)
    start, end = (_past(values, name, now) for name in ("dataStartTime", "dataEndTime"))
    if end < start:
        raise invalid("dataEndTime is before dataStartTime", "dataStartTime;dataEndTime;")
    market = BY_AMAZON_ID[marketplace_ids[0]]
    question = list_question(market, options) if is_list else _question(market, start.date(), end.date(), options)
    return Asked(question=question, data_start=start, data_end=end, options=options)


def _question(market: Marketplace, start: date, end: date, options: Mapping[str, str]) -> Question:
    return Question(
        marketplace=market,
        start=start,
        end=end,
        date_granularity=options.get("dateGranularity", "DAY"),
        asin_granularity=options.get("asinGranularity", "PARENT"),
    )


def page(query: Mapping[str, Sequence[str]], now: datetime, oldest: datetime) -> Page:
    """Read a getReports query (each name with all its values); raises a Rejection."""
    if "nextToken" in query:
        if len(query) > 1:
            raise invalid("nextToken cannot be combined with other parameters", "nextToken")
        return Page.of_token(query["nextToken"][0])
    types = _list(query, "reportTypes", 10)
    if not types:
        raise invalid("One or more required parameters missing", "reportTypes;")
    statuses = _list(query, "processingStatuses", len(STATUSES))
    if set(statuses) - set(STATUSES):
        raise invalid("Invalid Input", "processingStatuses")
    size = query.get("pageSize", ["10"])[0]
    if not re.fullmatch(r"\d{1,3}", size) or not 1 <= int(size) <= 100:
        raise invalid("Invalid Input", "pageSize")
    since = instant(query.get("createdSince", [""])[0], "createdSince") or oldest
    return Page(
        report_types=types,
        statuses=statuses,
        marketplace_ids=_list(query, "marketplaceIds", 10),
        since=max(since, oldest),
        until=instant(query.get("createdUntil", [""])[0], "createdUntil") or now,
        size=int(size),
    )


def instant(text: str, name: str) -> datetime | None:
    """Read a date-time (or a date, as midnight UTC); None for no text; raises a Rejection for anything else."""
    if not text:
        return None
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError(text)
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid("Invalid Input", f"{name}: {text}") from error
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _object(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError as error:
        raise invalid("Could not match input arguments") from error
    if not isinstance(values, dict):
        raise invalid("Could not match input arguments")
    return values


def _checked_form(values: dict[str, Any]) -> list[str]:
    """Return the marketplace ids of a body whose required parameters have the right form."""
    missing = [name for name in ("marketplaceIds", "reportType") if not values.get(name)]
    if missing:
        raise invalid("One or more required parameters missing", "".join(f"{name};" for name in missing))
    ids = values["marketplaceIds"]
    if not isinstance(ids, list) or not all(isinstance(row, str) for row in ids) or len(ids) > 25:
        raise invalid("Invalid Input", "marketplaceIds")
    if not isinstance(values["reportType"], str):
        raise invalid("Invalid Input", "reportType")
    return ids


def _checked_options(options: Any) -> dict[str, str]:
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise invalid("Invalid Input", "reportOptions")
    for name, value in options.items():
        if value not in _OPTIONS.get(name, ()):
            raise invalid("Invalid report options", f"{name}: {value}")
    return dict(options)


def _past(values: dict[str, Any], name: str, now: datetime) -> datetime:
    """Return a data date, which "must be prior to or equal to the current date and time"; now by default."""
    text = values.get(name) or ""
    if not isinstance(text, str):
        raise invalid("Invalid Input", name)
    value = instant(text, name) or now
    if value > now:
        raise invalid("Invalid Input", f"{name} is in the future")
    return value


def _list(query: Mapping[str, Sequence[str]], name: str, most: int) -> tuple[str, ...]:
    values = tuple(part for value in query.get(name, ()) for part in value.split(",") if part)
    if len(values) > most or (name in query and not values):
        raise invalid("Invalid Input", name)
    return values
