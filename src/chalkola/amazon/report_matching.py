"""Recognising a question of ours among the reports that Amazon lists."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, cast

import msgspec

from chalkola.amazon.listing import by_worth


class Listed(msgspec.Struct, rename="camel"):
    """One report as getReports lists it. The options it was asked with are not there."""

    report_id: str
    report_type: str
    processing_status: str
    created_time: str
    marketplace_ids: list[str] | None = None
    data_start_time: str | None = None
    data_end_time: str | None = None


class _Key(NamedTuple):
    report_type: str
    marketplaces: frozenset[str]
    first: date | None
    last: date | None


def matching(question: Mapping[str, object], listed: Iterable[Listed]) -> tuple[str, ...]:
    """Return the ids of the reports that answer `question`, newest first; empty for none.

    Compared are type, marketplaces and days, since Amazon echoes a date as a date-time; of a question without days,
    which Amazon gives some, the days are not. Dead reports come last.
    """
    wanted = _key_of_question(question)
    dated = wanted.first is not None
    found = (r for r in listed if (_key(r) if dated else _key(r)._replace(first=None, last=None)) == wanted)
    return tuple(report.report_id for report in by_worth(found))


def filters(question: Mapping[str, object]) -> Mapping[str, str]:
    """Return the parameters with which getReports lists what may answer `question`."""
    return {"reportTypes": str(question["reportType"]), "marketplaceIds": ",".join(_marketplaces(question))}


def _key_of_question(question: Mapping[str, object]) -> _Key:
    first, last = (_day(cast("str | None", question.get(name))) for name in ("dataStartTime", "dataEndTime"))
    return _Key(str(question["reportType"]), frozenset(_marketplaces(question)), first, last)


def _key(report: Listed) -> _Key:
    days = _day(report.data_start_time), _day(report.data_end_time)
    return _Key(report.report_type, frozenset(report.marketplace_ids or ()), *days)


def _marketplaces(question: Mapping[str, object]) -> Sequence[str]:
    return cast("Sequence[str]", question["marketplaceIds"])


def _day(instant: str | None) -> date | None:
    """Return the day of an instant as Amazon counts it, in UTC; None for what is no instant."""
    try:
        moment = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()
