"""What a person chooses: days, marketplaces, datasets. Checked before anything is started."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import click

from chalkola.datasets import CATALOG, dataset
from chalkola.datasets.model import Dataset, Past
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, WORLD, Marketplace, Place, marketplaces
from chalkola.periods import read_day
from chalkola.pipeline.plan import Request, check_days
from chalkola.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was typed, understood but not yet held against the calendar."""

    datasets: tuple[Dataset, ...]
    marketplaces: tuple[Marketplace, ...]
    first: date | None
    last: date | None
    named: bool = False
    """Whether the datasets were named, and are not those that a night asks for."""

    def request(self, settings: Settings, *, again: bool = False, early: bool = False) -> Request:
        """Return the request. Raises `UsageError` for days that no marketplace in question can answer."""
        now = settings.clock.now()
        places = (*(self.marketplaces or settings.marketplaces or MARKETPLACES), WORLD)
        among = tuple(m for m in places if any(d.covers(m) for d in self.datasets))
        last = self.last
        if self.first is not None and last is None:
            settled = min(d.newest(now, m.zone) for m in among for d in self.datasets if d.covers(m))
            last = max(settled, self.first)
        request = Request(
            datasets=self.datasets, first=self.first, last=last, again=again, early=early, anew=self.named
        )  # fmt: skip
        _check_days(request, among, now)
        return request


def filters(command: Command) -> Command:
    """Add `--date`, `--from`, `--to`, `--marketplace` and `--dataset` to a command, which is given a `Chosen`."""
    for option in reversed((
        click.option("--date", "day", metavar="DAY", help="One day, like 2026-11-20."),
        click.option("--from", "first", metavar="DAY", help="The first of several days."),
        click.option("--to", "last", metavar="DAY", help="The last of them; without it the newest that has settled."),
        click.option("--marketplace", "codes", metavar="CODE", multiple=True, help="US, DE, ...; may be repeated."),
        click.option("--dataset", "names", metavar="NAME", multiple=True, help=f"{_names()}; may be repeated."),
    )):  # fmt: skip
        command = option(command)
    return command


def choose(
    day: str | None, first: str | None, last: str | None, codes: tuple[str, ...], names: tuple[str, ...]
) -> Chosen:
    """Return what was typed. Raises `UsageError` that lists what is accepted."""
    if day is not None and (first is not None or last is not None):
        raise UsageError("--date is one day; --from and --to are several.", remedy="Write one or the other.")
    if last is not None and first is None:
        raise UsageError("--to needs --from.", remedy="Write the first day after --from, or one day after --date.")
    begin, end = (day, day) if day is not None else (first, last)
    named = tuple(map(dataset, dict.fromkeys(names)))
    if begin is not None:
        _refuse_days_of_lists(named)
    return Chosen(
        datasets=named or tuple(_usual(days=begin is not None, marketplaces=bool(codes))),
        named=bool(named),
        marketplaces=marketplaces(codes),
        first=read_day(begin) if begin is not None else None,
        last=read_day(end) if end is not None else None,
    )


def _usual(*, days: bool, marketplaces: bool) -> Iterator[Dataset]:
    """Yield the datasets that are meant where none is named: with days those that have any, with marketplaces those
    that are about one."""
    for one in CATALOG:
        if not (days and one.past is Past.GONE) and not (marketplaces and one.of_the_world):
            yield one


def _refuse_days_of_lists(named: Iterable[Dataset]) -> None:
    if one := next((one for one in named if one.past is Past.GONE), None):
        raise UsageError(
            f"{one.name} has no days: Amazon answers how it is now.", remedy="Leave --date, --from and --to out."
        )


def _check_days(request: Request, among: Sequence[Place], now: datetime) -> None:
    """Which marketplaces are open is not known yet: one that can answer is enough for going on."""
    refused: UsageError | None = None
    for m in among:
        try:
            check_days(request, {m: ""}, now)
        except UsageError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise refused


def _names() -> str:
    return ", ".join(d.name for d in CATALOG)
