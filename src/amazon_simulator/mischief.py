"""Faults as data: what goes wrong, where, and how often."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from enum import Enum
from typing import Any

from amazon_simulator.kiosk.schema import BY_ASIN, BY_DATE, TRENDS
from amazon_simulator.listings.question import REPORT_TYPE as LIST
from amazon_simulator.marketplaces import marketplace


class Stage(Enum):
    """When a fault strikes. What is decided at a creation stays with that report or query."""

    CALL = "a call, whatever it asks"
    LOGIN = "a token request"
    FATE = "a report or query, at its creation: what becomes of it"
    CONTENT = "a report or query, at its creation: what its document says"
    DOWNLOAD = "a download of a document"


RATES = "rates"
"""The operation of a call to the bank that publishes exchange rates: no fault meets it that does not name it."""

_CALL, _LOGIN, _FATE, _CONTENT, _DOWNLOAD = Stage.CALL, Stage.LOGIN, Stage.FATE, Stage.CONTENT, Stage.DOWNLOAD

# kind: (stage, what it does)
KINDS: dict[str, tuple[Stage, str]] = {
    "throttled": (_CALL, "429 QuotaExceeded; `retry_after` seconds in Retry-After when given"),
    "server_error": (_CALL, "500 InternalFailure"),
    "unavailable_html": (_CALL, "503 with an HTML page where JSON is expected (a download: XML)"),
    "reset_before": (_CALL, "the connection is reset and nothing was done"),
    "reset_after": (_CALL, "the connection is reset after it was done: the answer is lost"),
    "slow_answer": (_CALL, "the answer is held back for `seconds` of machine time"),
    "unauthorized": (_CALL, "401 Unauthorized with a valid token"),
    "token_expired": (_CALL, "403 with a valid token: it is said to have expired"),
    "access_denied": (_CALL, "403: the role is missing"),
    "token_revoked": (_LOGIN, "invalid_grant: the authorisation was withdrawn"),
    "invalid_client": (_LOGIN, "invalid_client: the client secret was changed"),
    "slow_report": (_FATE, "the report or query stays IN_PROGRESS for `hours` of Amazon's time"),
    "slow_queue": (_FATE, "the report or query stays IN_QUEUE for `hours` of Amazon's time"),
    "fatal": (_FATE, "FATAL without a document"),
    "fatal_with_document": (_FATE, "FATAL with a gzipped document that gives the reason"),
    "no_data": (_FATE, "CANCELLED, as Amazon does when there is no data; a query is DONE without a document"),
    "foreign_twin": (_FATE, "another application asked the same at the same moment, with PARENT rows"),
    "empty_asin_list": (_CONTENT, "no rows by ASIN while the totals are there"),
    "child_listed_twice": (_CONTENT, "one child under its parent and under itself, its counts divided"),
    "totals_differ": (_CONTENT, "totals by date that are `amount` units above the sum of the rows"),
    "new_field": (_CONTENT, "fields that Amazon's schema does not know"),
    "missing_field": (_CONTENT, "one row lacks a required field (`field`)"),
    "other_day": (_CONTENT, "the document is for the day before"),
    "other_currency": (_CONTENT, "money in another currency"),
    "not_json": (_CONTENT, "the document is a sentence, not JSON"),
    "late_day": (_CONTENT, "only a few percent of the rows have arrived, totals included"),
    "shrunk_day": (_CONTENT, "rows and totals fall to `factor` of what they are"),
    "shrunk_rows": (_CONTENT, "rows fall to `factor` of what they are, totals stay"),
    "b2b_null": (_CONTENT, "B2B fields are there and null"),
    "b2b_without_currency": (_CONTENT, "B2B money without a currencyCode"),
    "percentage_above_999": (_CONTENT, "a unitSessionPercentage of 1250.0"),
    "expired_url": (_DOWNLOAD, "403: the URL is said to have expired"),
    "slow_body": (_DOWNLOAD, "the body comes in pieces over `seconds` of machine time"),
    "truncated_gzip": (_DOWNLOAD, "the gzip stream ends half way, in a complete HTTP answer"),
    "cut_body": (_DOWNLOAD, "the connection is reset half way through the body"),
    "already_inflated": (_DOWNLOAD, "the body is not compressed although GZIP is declared"),
    "corrupt_gzip": (_DOWNLOAD, "a byte in the gzip stream is wrong"),
}

# Those that only Data Kiosk has.
QUERY_KINDS: dict[str, tuple[Stage, str]] = {
    "lost_answer": (_CALL, "createQuery: 500 after the query was accepted"),
    "fields_denied": (_CALL, "createQuery: 403 that lists every field asked for"),
    "page_token_expired": (_CALL, "createQuery: 400, the paginationToken is said to have expired"),
    "query_too_large": (_FATE, "FATAL with a document that calls the query too large"),
    "broken_line": (_CONTENT, "one line ends in its middle"),
    "repeated_lines": (_CONTENT, "some lines come twice"),
    "unknown_marketplace": (_CONTENT, "one line is of a marketplace that nobody knows"),
    "marketplace_missing": (_CONTENT, "the lines of `marketplace`, or of the last one asked for, are left out"),
    "asins_missing": (_CONTENT, "the lines of the children in `asins` are left out"),
    "wrapped_lines": (_CONTENT, "every line is an answer as GraphQL gives it, with its row inside"),
    "undeclared_gzip": (_DOWNLOAD, "the body is compressed and no header says so"),
}
# Those that only the list of listings has.
LIST_KINDS: dict[str, tuple[Stage, str]] = {
    "rows_missing": (_CONTENT, "only `factor` of the lines are there"),
    "lines_twice": (_CONTENT, "two lines come twice"),
    "lines_torn": (_CONTENT, "one description has a tab in it, another one the end of a line"),
    "column_missing": (_CONTENT, "the column `field` is not there"),
    "column_added": (_CONTENT, "there is a column that nobody knows"),
    "own_language": (_CONTENT, "the header is in the marketplace's language, whatever was asked"),
}
ALL_KINDS = KINDS | QUERY_KINDS | LIST_KINDS
_OF_ANY_REPORT = ("not_json",)
_REPORT_KINDS = ("foreign_twin", "child_listed_twice")
# kind: the queries it can be seen in, where that is not all of them
_SEEN_IN = {
    "totals_differ": (BY_DATE,),
    "shrunk_rows": (BY_ASIN, TRENDS),
    "empty_asin_list": (BY_ASIN, TRENDS),
    "asins_missing": (BY_ASIN, TRENDS),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing that goes wrong, at the calls and reports that match every filter given.

    The first `skip` matches are spared and the next `times` are hit (None: all of them). `operation` is Amazon's
    name of the operation, or `login`, `download` or `rates`; `query` is the name of a Data Kiosk query, `report_type`
    Amazon's name of a kind of report;
    `longer_than_days` spares questions of no more days; `asins` spares those that name ASINs and none of these. None
    is any that the kind applies to. With `grows` every hit has `amount` once more than the one before.
    """

    kind: str
    operation: str | None = None
    account: str | None = None
    marketplace: str | None = None
    query: str | None = None
    report_type: str | None = None
    day: date | None = None
    longer_than_days: int | None = None
    asins: tuple[str, ...] = ()
    skip: int = 0
    times: int | None = 1
    retry_after: int | None = None
    seconds: float = 1.0
    hours: float = 6.0
    amount: int = 7
    grows: bool = False
    factor: float = 0.3
    field: str = "unitsOrdered"

    def __post_init__(self) -> None:
        if self.kind not in ALL_KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; known are {', '.join(ALL_KINDS)}")
        if self.query not in (None, BY_ASIN, BY_DATE, TRENDS):
            raise ValueError(f"unknown query {self.query!r}; known are {BY_ASIN}, {BY_DATE}, {TRENDS}")
        if self.marketplace is not None:
            object.__setattr__(self, "marketplace", marketplace(self.marketplace).code)
        if isinstance(self.asins, str) or not all(isinstance(asin, str) for asin in self.asins):
            raise ValueError(f"a fault's asins are a list, not {self.asins!r}")
        object.__setattr__(self, "asins", tuple(self.asins))
        if self.kind == "asins_missing" and not self.asins:
            raise ValueError("asins_missing says which: asins")

    @property
    def stage(self) -> Stage:
        """Return when the fault strikes."""
        return ALL_KINDS[self.kind][0]

    def meets(self, where: "Where") -> bool:
        """Say whether the fault's filters fit."""
        if where.operation == RATES and self.operation != RATES:
            return False
        if self.day is not None and not (where.start and where.end and where.start <= self.day <= where.end):
            return False
        if self.longer_than_days is not None and where.days <= self.longer_than_days:
            return False
        if self.asins and where.asins is not None and set(self.asins).isdisjoint(where.asins):
            return False
        if self.marketplace is not None and self.marketplace not in (where.marketplace, *where.marketplaces):
            return False
        wanted = (self.operation, self.account, self.query, self.report_type)
        there = (where.operation, where.account, where.query, where.report_type)
        return where.allows(self.kind) and all(want in (None, have) for want, have in zip(wanted, there, strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return the fault as JSON has it, defaults left out."""
        defaults = {spec.name: spec.default for spec in fields(self)}
        values = {name: value for name, value in asdict(self).items() if value != defaults[name]}
        return values | ({"day": self.day.isoformat()} if self.day else {})

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Fault":
        """Read a fault; raises ValueError that names what is unknown or malformed."""
        unknown = values.keys() - {spec.name for spec in fields(cls)}
        if unknown or "kind" not in values:
            raise ValueError(
                f"a fault has a kind and no {', '.join(sorted(unknown)) or 'missing kind'}: {dict(values)}"
            )
        day = values.get("day")
        return cls(**{**values, "day": date.fromisoformat(day) if day else None})


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """The place that a fault is matched against. Days and marketplace are None where the call has none.

    A call about a report has its `report_type`. A Data Kiosk call has `kiosk`; its query adds its name, its
    marketplaces, the ASINs that it names (None: it names none), whether it asks for parents and whether it is a next
    page.
    """

    operation: str
    account: str | None = None
    marketplace: str | None = None
    start: date | None = None
    end: date | None = None
    report_type: str | None = None
    kiosk: bool = False
    query: str | None = None
    marketplaces: tuple[str, ...] = ()
    asins: tuple[str, ...] | None = None
    by_parent: bool = False
    page: bool = False

    @property
    def days(self) -> int:
        """Return how many days the question spans; 0 when it has none."""
        return (self.end - self.start).days + 1 if self.start and self.end else 0

    def allows(self, kind: str) -> bool:
        """Say whether a kind of fault can be at all in this place."""
        if self.report_type == LIST:
            is_content = ALL_KINDS[kind][0] is Stage.CONTENT
            return kind in LIST_KINDS or (kind in KINDS and (not is_content or kind in _OF_ANY_REPORT))
        if kind in LIST_KINDS:
            return False
        if not self.kiosk:
            return kind not in QUERY_KINDS
        creates_only = kind in QUERY_KINDS and QUERY_KINDS[kind][0] is Stage.CALL
        if creates_only and self.operation != "createQuery":
            return False
        if (kind == "page_token_expired" and not self.page) or (kind == "asins_missing" and self.by_parent):
            return False
        return kind not in _REPORT_KINDS and (self.query is None or self.query in _SEEN_IN.get(kind, (self.query,)))


class Mischief:
    """The faults that are set up, and how often each has struck."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._faults: list[Fault] = []
        self._met: list[int] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        """Set up more faults, matched after those that are there."""
        self._faults += faults
        self._met += [0] * len(faults)

    def clear(self) -> None:
        """Forget all faults. Reports created under one keep it."""
        self._faults, self._met = [], []

    def remove(self, *faults: Fault) -> None:
        """Forget these faults. Reports created under one keep it."""
        left = [(fault, met) for fault, met in zip(self._faults, self._met, strict=True) if fault not in faults]
        self._faults, self._met = [fault for fault, _ in left], [met for _, met in left]

    def strike(self, stage: Stage, where: Where) -> Fault | None:
        """Return the first fault of a stage that strikes here, counted, or None."""
        struck = (self._struck(at, stage, where) for at in range(len(self._faults)))
        return next((fault for fault in struck if fault), None)

    def strike_together(self, stage: Stage, where: Where) -> tuple[Fault, ...]:
        """Return all faults of a stage that strike here for ever, and the first of the others, counted."""
        found: list[Fault] = []
        for at, fault in enumerate(self._faults):
            if fault.times is not None and any(other.times is not None for other in found):
                continue
            struck = self._struck(at, stage, where)
            found += [struck] if struck else []
        return tuple(found)

    def _struck(self, at: int, stage: Stage, where: Where) -> Fault | None:
        """Return a fault as it strikes here, counted, or None."""
        fault, before = self._faults[at], self._met[at]
        if fault.stage is not stage or not fault.meets(where):
            return None
        if fault.times is not None and before >= fault.skip + fault.times:
            return None
        self._met[at] += 1
        if before < fault.skip:
            return None
        return replace(fault, amount=fault.amount * (before - fault.skip + 1)) if fault.grows else fault

    def to_json(self) -> list[dict[str, Any]]:
        """Return the faults with how often each has struck."""
        return [
            fault.to_json() | {"struck": max(0, met - fault.skip)}
            for fault, met in zip(self._faults, self._met, strict=True)
        ]
