"""What the simulated Amazon was asked: every accepted report and query, and a count of all calls."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

_INSTANTS = ("time", "as_of", "data_start", "data_end")
_QUERY_INSTANTS = ("time", "starts", "ends", "as_of", "start", "end")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One accepted createReport. `as_of` is the instant whose figures the document shows."""

    time: datetime
    account: str
    report_type: str
    marketplace: str
    start: date
    end: date
    options: dict[str, str]
    report_id: str
    data_start: datetime  # as asked, with the time of day that the report ignores
    data_end: datetime
    as_of: datetime
    fate: dict[str, Any] | None = None  # the fault that decides what becomes of the report
    contents: tuple[dict[str, Any], ...] = ()  # the faults that decide what its document says
    repeats: str | None = None  # the earlier report whose list this one repeats

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON has it."""
        instants = {name: getattr(self, name).isoformat() for name in (*_INSTANTS, "start", "end")}
        return asdict(self) | instants

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Entry":
        """Read an entry."""
        instants = {name: datetime.fromisoformat(values[name]) for name in _INSTANTS}
        dates = {name: date.fromisoformat(values[name]) for name in ("start", "end")}
        return cls(**{**values, **instants, **dates, "contents": tuple(values.get("contents", ()))})


@dataclass(frozen=True, kw_only=True)
class QueryEntry:
    """One accepted createQuery. `as_of` is the instant whose figures the document shows."""

    time: datetime
    account: str
    query_id: str
    kind: str
    aggregate: str
    start: date
    end: date
    marketplaces: tuple[str, ...]
    asins: int | None  # how many ASINs it names; None for the kinds that name none
    filters: tuple[tuple[str, tuple[str, ...]], ...]  # marketplace and ASINs of each filter, of trends only
    page_token: str | None
    offset: int  # rows that earlier pages had
    query: str
    starts: datetime
    ends: datetime
    as_of: datetime
    fate: dict[str, Any] | None = None
    contents: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON has it."""
        instants = {name: getattr(self, name).isoformat() for name in _QUERY_INSTANTS}
        return asdict(self) | instants | {"marketplaces": list(self.marketplaces)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "QueryEntry":
        """Read an entry."""
        read = {name: datetime.fromisoformat(values[name]) for name in ("time", "starts", "ends", "as_of")}
        dates = {name: date.fromisoformat(values[name]) for name in ("start", "end")}
        return cls(**{**values, **read, **dates, **_tuples(values)})


def _of_today(values: dict[str, Any]) -> dict[str, Any]:
    """Return what an earlier version wrote, which knew one fault of content, as this one writes it."""
    content = values.pop("content", None)
    return {"contents": [content]} | values if content else values


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    filters = tuple((code, tuple(asins)) for code, asins in values["filters"])
    marketplaces, contents = tuple(values["marketplaces"]), tuple(values.get("contents", ()))
    return {"marketplaces": marketplaces, "filters": filters, "contents": contents}


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    """One accepted cancelReport, or cancelQuery when `query` says so."""

    time: datetime
    account: str
    report_id: str
    query: bool = False


@dataclass(kw_only=True)
class Journal:
    """Accepted questions in order, on disk as well when there is a path, and calls by operation and status."""

    path: Path | None = None
    entries: list[Entry] = field(default_factory=list)
    queries: list[QueryEntry] = field(default_factory=list)
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)

    def replay(self) -> Iterator[Entry | QueryEntry | Cancellation]:
        """Yield what an earlier run wrote and take it as this run's past. A line cut by a crash is left out."""
        for values in self._lines():
            if values.pop("cancelled", False):
                yield Cancellation(**{**values, "time": datetime.fromisoformat(values["time"])})
                continue
            if "query_id" in values:
                self.queries.append(QueryEntry.from_json(values))
                yield self.queries[-1]
                continue
            self.entries.append(Entry.from_json(values))
            yield self.entries[-1]

    def write(self, entry: Entry) -> None:
        """Add an accepted question."""
        self.entries.append(entry)
        self._append(entry.to_json())

    def write_query(self, entry: QueryEntry) -> None:
        """Add an accepted query."""
        self.queries.append(entry)
        self._append(entry.to_json())

    def write_cancellation(self, note: Cancellation) -> None:
        """Add an accepted cancellation; it is no question and counts as none."""
        self._append({**asdict(note), "time": note.time.isoformat(), "cancelled": True})

    def count(self, operation: str, status: int) -> None:
        """Count a call. Status 0 is a connection that was reset."""
        self.calls[operation, status] += 1

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self.path is None or not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            with self.path.open("a", encoding="utf-8", newline="\n") as file:
                file.write("\n")
        for line in text.splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                yield _of_today(json.loads(line))

    def _append(self, values: dict[str, Any]) -> None:
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(values) + "\n")
