"""The ledger as a calendar: from states of days to what is drawn of them. Pure.

A day is told apart by its colour, by the height of its bar or by a sign, and in words: never by colour alone. Days
are letters in a string as long as they can be, for a page has nine thousand of them.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import pairwise

from markupsafe import Markup

from chalkola.datasets.model import Dataset, SliceState
from chalkola.marketplaces import MARKETPLACES, WORLD, Place
from chalkola.periods import ONE_DAY, today
from chalkola.store.board.coverage import STATE_OF, UNKNOWN, Strip

MONTHS = 25
"""Two years, and the month that is under way."""
TALL = 12
"""The height of a whole bar."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a state is shown: by its letter, a word, a sign, and a bar of this height."""

    letter: str
    key: str
    word: str
    sign: str
    height: int
    meaning: str


_LETTER_OF = {state: letter for letter, state in STATE_OF.items()}
SOON, NOTHING = ",", " "
"""The letters of a period that has not settled, and of a day that nothing is to be said of."""


def _held(state: SliceState, sign: str, height: int, meaning: str) -> Look:
    return Look(
        letter=_LETTER_OF[state], key=state.value, word=state.value, sign=sign, height=height, meaning=meaning
    )  # fmt: skip


LOOKS: tuple[Look, ...] = (
    _held(SliceState.PROVEN, "✓", 12, "held, and adds up to Amazon's own total"),
    _held(SliceState.DIFFERS, "≠", 10, "held; does not add up, the same way in two complete answers"),
    _held(SliceState.EMPTY, "∅", 2, "Amazon says there is no data, twice"),
    _held(SliceState.LOADED, "◑", 8, "held, not proven"),
    _held(SliceState.PRELIMINARY, "◔", 7, "held, and asked again"),
    _held(SliceState.ASKED, "↻", 5, "a question is under way"),
    _held(SliceState.DUE, "○", 4, "lacking, or late"),
    _held(SliceState.FAILED, "✕", 3, "the last answer could not be used"),
    _held(SliceState.CLOSED, "⊘", 3, "no source is open to the account"),
    Look(letter=UNKNOWN, key="never", word="never asked", sign="·", height=0, meaning="lacking: not asked yet"),
    Look(letter=SOON, key="soon", word="not settled", sign="…", height=0, meaning="Amazon still gathers its figures"),
)
"""What a day can look like, in the order in which it is told."""
BY_KEY: Mapping[str, Look] = {look.key: look for look in LOOKS}
_BY_LETTER = {look.letter: look for look in LOOKS}
_CLOSED = tuple(_LETTER_OF[state] for state in SliceState if state.is_closed)
_RUN = re.compile(r"(.)\1*")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A period, known by its first day, and how it looks."""

    day: date
    look: Look


@dataclass(frozen=True, kw_only=True)
class Month:
    """A month of a place. `told` has the letter of a period at its first day, `drawn` at each of its days."""

    place: Place
    first: date
    told: str
    drawn: str

    @property
    def path(self) -> str:
        """Return where it is shown."""
        return f"/coverage/{self.place.code}/{self.first.isoformat()[:7]}"

    @property
    def said(self) -> str:
        """Return how many periods are in which state: `27 proven, 2 not settled`; `nothing` for none."""
        return _said(self.told)

    @property
    def drawing(self) -> Markup:
        """Return its bars, a unit a day wide, as paths of SVG: one for each state, whose name is its class."""
        return _drawing(self.drawn)

    @property
    def days(self) -> list[Day]:
        """Return its periods, oldest first."""
        return [
            Day(day=self.first + place * ONE_DAY, look=_BY_LETTER[letter])
            for place, letter in enumerate(self.told)
            if letter != NOTHING
        ]

    @property
    def weeks(self) -> list[list[Day | None]]:
        """Return its days in weeks from Monday to Sunday; None where nothing is to be said of a day."""
        by_place = {one.day.day: one for one in self.days}
        cells = [None] * self.first.weekday() + [by_place.get(n + 1) for n in range(len(self.told))]
        cells += [None] * (-len(cells) % 7)
        return [cells[n : n + 7] for n in range(0, len(cells), 7)]


@lru_cache(4096)  # most months are like others
def _said(told: str) -> str:
    counts = ((told.count(look.letter), look.word) for look in LOOKS)
    return ", ".join(f"{count} {word}" for count, word in counts if count) or "nothing"


@lru_cache(4096)
def _drawing(drawn: str) -> Markup:
    paths: dict[str, str] = {}
    for run in _RUN.finditer(drawn):
        if (look := _BY_LETTER.get(run[1])) is not None and look.height:
            bar = f"M{run.start()} {TALL - look.height}h{run.end() - run.start()}V{TALL}H{run.start()}z"
            paths[look.key] = paths.get(look.key, "") + bar
    # Nothing of it comes from elsewhere: names of ours and numbers.
    return Markup("".join(f'<path class="b-{key}" d="{path}"/>' for key, path in paths.items()))


@dataclass(frozen=True, kw_only=True)
class Row:
    """A place over all months. `closed` of `settled`: its periods that Amazon answers for and that have settled."""

    place: Place
    months: tuple[Month, ...]
    closed: int
    settled: int


def span(now: datetime) -> tuple[date, date]:
    """Return the first and last day of the calendar: whole months, up to the one that has begun wherever we are."""
    latest = max(today(now, place.zone) for place in (*MARKETPLACES, WORLD))
    first = latest.replace(day=1)
    for _ in range(MONTHS - 1):
        first = (first - ONE_DAY).replace(day=1)
    return first, last_of(latest)


def months(first: date, last: date) -> list[date]:
    """Return the first day of each month from `first` to `last`, oldest first."""
    found = [first.replace(day=1)]
    while (following := last_of(found[-1]) + ONE_DAY) <= last:
        found.append(following)
    return found


def last_of(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def rows(
    dataset: Dataset, strips: Iterable[Strip], places: Sequence[Place], first: date, last: date, now: datetime
) -> list[Row]:
    """Return the calendar of a dataset over whole months: a row a place that it covers, in the order of `places`."""
    by_scope, begins = {strip.scope: strip for strip in strips}, _begins(dataset, first, last)
    return [
        _row(place, _shown(dataset, place, by_scope.get(place.scope), first, last, now, begins))
        for place in places
        if dataset.covers(place)
    ]


def shown(
    dataset: Dataset, place: Place, strip: Strip | None, first: date, last: date, now: datetime
) -> tuple[Month, ...]:
    """Return the months from `first` to `last` of a place; `strip` None: the ledger has never heard of it there."""
    return _shown(dataset, place, strip, first, last, now, _begins(dataset, first, last))


def _shown(
    dataset: Dataset, place: Place, strip: Strip | None, first: date, last: date, now: datetime,
    begins: frozenset[int] | None,
) -> tuple[Month, ...]:  # fmt: skip
    letters = strip.letters if strip is not None else UNKNOWN * ((last - first).days + 1)
    told = _told(dataset, place, letters, first, now)
    drawn = told
    if begins is not None:
        told = "".join(letter if n in begins else NOTHING for n, letter in enumerate(told))
        drawn = re.sub(r"(\S)( +)(?=\S)", lambda found: found[1] * (1 + len(found[2])), told)
    starts = [(day - first).days for day in (*months(first, last), last + ONE_DAY)]
    return tuple(
        Month(place=place, first=day, told=told[begin:end], drawn=drawn[begin:end])
        for day, (begin, end) in zip(months(first, last), pairwise(starts), strict=True)
    )


def _begins(dataset: Dataset, first: date, last: date) -> frozenset[int] | None:
    """Return on which days from the first on a period begins; None: on each."""
    found = dataset.periods(first.toordinal(), last.toordinal())
    is_each = len(found) > (last - first).days
    return None if is_each else frozenset(ordinal - first.toordinal() for ordinal in found)


def _told(dataset: Dataset, place: Place, letters: str, first: date, now: datetime) -> str:
    """Return the letters of days: nothing of those that Amazon answers no more for, and that have not come yet."""
    oldest, newest = dataset.oldest(now, place.zone), dataset.newest(now, place.zone)
    old, settled = max((oldest - first).days, 0), max((newest - first).days + 1, 0)
    begun = max((today(now, place.zone) - first).days + 1, settled)
    return (
        letters[:old].replace(UNKNOWN, NOTHING)
        + letters[old:settled]
        + letters[settled:begun].replace(UNKNOWN, SOON).replace(_LETTER_OF[SliceState.DUE], SOON)
    ).ljust(len(letters))


def _row(place: Place, found: tuple[Month, ...]) -> Row:
    told = "".join(month.told for month in found)
    settled = len(told) - told.count(NOTHING) - told.count(SOON)
    return Row(place=place, months=found, closed=sum(map(told.count, _CLOSED)), settled=settled)
