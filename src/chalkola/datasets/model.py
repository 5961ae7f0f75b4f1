"""What a dataset is: a value. How to ask Amazon, what its rows look like, when Amazon restates them, and the price.

Dataset   what we collect: its table, which periods it has and when one settles, how long it is restated and kept
Source    a declared way to ask: what one question may span, what it costs, what it fills
Slice     the least we can know or lack: (dataset, scope, day)
Box       what one question spans: marketplaces × days of one account, sometimes for certain ASINs only; or the world
Pull      one question to Amazon: a box, and the slices that travel in it
Answer    what a document said: a batch of rows per dataset, and what was remarkable

Slices, tables and answers have files of their own; all of it can be had from here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from chalkola.datasets.answers import Answer, Batch, Count, Sums
from chalkola.datasets.cadence import Cadence
from chalkola.datasets.slices import AsinFilter, Box, Slice, SliceState
from chalkola.datasets.tables import Cell, Column, Row, Stamps, Table
from chalkola.documents import Document
from chalkola.marketplaces import Marketplace, Place
from chalkola.periods import ONE_DAY, oldest_answered
from chalkola.quotas import Quota

__all__ = [
    "Answer", "AsinFilter", "Batch", "Box", "Cell", "Column", "Count", "Dataset", "Limits", "Past", "Proof", "Pull",
    "Reread", "Row", "Slice", "SliceState", "Source", "Stamps", "Sums", "Table",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one question may span. Where Amazon does not publish it, what it refuses is learned for each account."""

    marketplaces: int
    days: int
    filters: int = 0
    """ASIN filters of a question; 0: the question is for all ASINs."""
    repeats: bool = True
    """Whether several filters of one question may be for the same marketplace."""
    taken_days: int | None = None
    """The most days that Amazon has taken at once, where that is being tried; None: not known."""
    refused_days: int | None = None
    """The fewest days that were refused as too many; None: none were."""
    reaches_back: int | None = None
    """How many days back from the one under way Amazon answers; None: as far as the dataset says."""

    def within(self, other: "Limits") -> "Limits":
        """Return what both allow."""
        return Limits(
            marketplaces=min(self.marketplaces, other.marketplaces),
            days=min(self.days, other.days),
            filters=min(self.filters, other.filters),
            repeats=self.repeats and other.repeats,
            taken_days=_least(self.taken_days, other.taken_days),
            refused_days=_least(self.refused_days, other.refused_days),
            reaches_back=_least(self.reaches_back, other.reaches_back),
        )


def _least(one: int | None, other: int | None) -> int | None:
    return min((n for n in (one, other) if n is not None), default=None)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A declared way to ask. `driver` names the code in `amazon/` that asks in that way."""

    name: str
    driver: str
    creation: str
    """The operation that creates a ticket; its bucket is an account's own."""
    quota: Quota | None
    """A tighter quota of this very question, beside the operation's; None where Amazon has none."""
    fills: tuple[str, ...]
    """The datasets that one answer fills."""
    limits: Limits
    bytes_per_row: int
    """For estimates only."""
    question: Callable[[Box], Mapping[str, object]]
    """What the driver sends to Amazon, as a value that can be compared."""
    read: Callable[[Document, Box], Answer]
    """Raises `Refusal` for a document that is not what was asked for."""
    days_at_first: int | None = None
    """How many days to begin with where nothing is learned yet; None: as many as `limits` allow."""
    whole: bool = False
    """Whether an answer has one row for all days of its box, not one a day."""
    slot: str | None = None
    """What Amazon limits the questions under way of, per account: the name of the GraphQL query; None: no limit."""
    processing: timedelta = timedelta(minutes=3)
    """From question to document: Amazon states no figure; 1 to 3 minutes are usual. None at all where the document is
    there before it is asked for."""
    cadence: Cadence | None = None
    """Which of a box's days are periods of an answer, where not every one is."""
    tries: int | None = None
    """So many setbacks of one question end it until a later run; None: a run waits for as long as it does for any."""

    @property
    def is_complete(self) -> bool:
        """Whether an answer holds every ASIN that Amazon has data for."""
        return not self.limits.filters

    @property
    def short_name(self) -> str:
        """Return what a row carries as its source: `report` of `sales_and_traffic.report`."""
        return self.name.rpartition(".")[2]

    def slices(self, box: Box, dataset: str) -> tuple[Slice, ...]:
        """Return the slices of a dataset that an answer for the box fills."""
        found = box.slices(dataset)
        return found if self.cadence is None else tuple(s for s in found if self.cadence.begins(s.day))


@dataclass(frozen=True, kw_only=True)
class Reread:
    """Closed days are read again while they are younger than `within`, once in `every`: Amazon restates."""

    within: timedelta
    every: timedelta


class Past(StrEnum):
    """How what is lacking of a dataset's past is had."""

    BACKFILL = "backfill"
    """By questions of its own, beside the nights: they are many."""
    AT_ONCE = "at once"
    """A night asks for all of it: it is one question."""
    GONE = "gone"
    """Not at all: an answer says how things are, not how they were."""


class Proof(StrEnum):
    """What an answer is held against before it is believed."""

    TOTALS = "totals"
    """Rows against totals of the same day, and totals against rows."""
    LIST_BEFORE = "list before"
    """A whole list against the one that is there."""
    PUBLICATION = "publication"
    """Nothing: a day was published, or not yet."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What we collect. `sources` in order of preference; several datasets may share a source."""

    name: str
    meaning: str
    sources: tuple[Source, ...]
    table: Table
    cadence: Cadence
    rereads: tuple[Reread, ...]
    kept_for: timedelta
    """How far back Amazon answers."""
    past: Past = Past.BACKFILL
    proof: Proof = Proof.TOTALS
    of_the_world: bool = False
    """Whether it belongs to no marketplace and is asked without an account."""
    cached_for: timedelta = timedelta()
    """For how long an answer may be repeated as it was: asking sooner than that brings nothing new."""
    totals_in: str | None = None
    """The dataset that has Amazon's own totals of these rows, by which they are proven; None where there is none."""
    listed_in: str | None = None
    """The dataset that lists which ASINs there were, for sources that ask by ASIN; None where there is none."""
    extra: bool = False
    """Whether a night is complete without it: where no source is open, that is said once and then taken as known."""
    not_kept: Mapping[str, str] = field(default_factory=dict)
    """Amazon's fields that have no column, each with the reason."""

    @property
    def restated_for(self) -> timedelta:
        """How long a closed day may change often; what was missed in that time is caught up."""
        return min((reread.within for reread in self.rereads), default=timedelta(days=14))

    def covers(self, place: Place) -> bool:
        """Return whether it has slices of a place."""
        return isinstance(place, Marketplace) != self.of_the_world

    def settles_at(self, day: date, zone: ZoneInfo) -> datetime:
        """Return the instant (UTC) from which the period that begins on `day` is asked for for good."""
        return self.cadence.settles_at(day, zone)

    def newest(self, now: datetime, zone: ZoneInfo) -> date:
        """Return the newest period that has settled by `now`."""
        return self.cadence.newest(now, zone)

    def after(self, period: date) -> date:
        """Return the period that follows one."""
        period += ONE_DAY
        while not self.cadence.begins(period):
            period += ONE_DAY
        return period

    def oldest(self, now: datetime, zone: ZoneInfo, reach: timedelta | None = None) -> date:
        """Return the oldest period that is still answered for; `reach` is how far back that is, where it is known to
        be less than `kept_for`."""
        kept_for = self.kept_for if reach is None else min(self.kept_for, reach)
        return self.cadence.period(oldest_answered(now, zone, kept_for))

    def periods(self, first: int, last: int) -> list[int]:
        """Return the periods that begin from `first` to `last`, both included, as ordinals, oldest first."""
        return [o for o in range(first, last + 1) if self.cadence.begins(date.fromordinal(o))]


class Pull(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question to Amazon, not asked yet."""

    source: Source
    box: Box
    settled: bool
    """Whether all its days have settled at the time of planning; otherwise its answer is preliminary."""
    rank: int = 0
    """0: days that are new or lacking; 1: only such as Amazon may have restated, and lists; 2: history. Asked in this
    order."""
    redoes: int | None = None
    """The refused pull whose ASINs and days are asked for anew, in smaller questions if need be."""

    @property
    def slices(self) -> tuple[Slice, ...]:
        """What travels in it: every dataset that the source fills, for all of the box."""
        return tuple(s for name in self.source.fills for s in self.source.slices(self.box, name))

    @property
    def question(self) -> Mapping[str, object]:
        return self.source.question(self.box)
