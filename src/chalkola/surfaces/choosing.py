"""What a person chooses: days, marketplaces, datasets. Checked before anything is started."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

import click

from chalkola.datasets import CATALOG, dataset
from chalkola.datasets.model import Dataset
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace, marketplaces
from chalkola.periods import newest_settled, read_day
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

    def request(self, settings: Settings, *, again: bool = False) -> Request:
        """Return the request. Raises `UsageError` for days that no marketplace in question can answer."""
        now = settings.clock.now()
        among = self.marketplaces or settings.marketplaces or MARKETPLACES
        last = self.last
        if self.first is not None and last is None:
            settled = min(newest_settled(now, m.zone, d.settles_after) for m in among for d in self.datasets)
            last = max(settled, self.first)
        request = Request(datasets=self.datasets, first=self.first, last=last, again=again)
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
    return Chosen(
        datasets=tuple(dict.fromkeys(map(dataset, names))) or CATALOG,
        marketplaces=marketplaces(codes),
        first=read_day(begin) if begin is not None else None,
        last=read_day(end) if end is not None else None,
    )


def _check_days(request: Request, among: tuple[Marketplace, ...], now: datetime) -> None:
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
