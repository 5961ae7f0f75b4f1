"""`chalkola gaps`: every day that is not closed, why, and what will be done about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import click

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset
from chalkola.errors import UsageError
from chalkola.marketplaces import WORLD, Place
from chalkola.pipeline.gaps import Gap, count_closed, gaps
from chalkola.settings import Settings, read_settings
from chalkola.store.lines import read_differing
from chalkola.store.overview import KnownAccount
from chalkola.store.slices import Line
from chalkola.surfaces import screen, words
from chalkola.surfaces.choosing import Chosen, choose, filters
from chalkola.surfaces.held import read_held
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.story import what_next

_NEEDED = tuple(dataset for dataset in CATALOG if not dataset.extra)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is lacking, and the days that differ and were accepted with their residual. `closed` and `settled` count
    days once a dataset and place."""

    now: datetime
    datasets: tuple[Dataset, ...]
    places: tuple[Place, ...]
    gaps: tuple[Gap, ...]
    differing: tuple[Line, ...]
    closed: int
    settled: int
    faults: tuple[KnownAccount, ...]
    """The accounts whose login fails."""


@click.command("gaps")
@filters
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def gaps_command(as_json: bool, **typed: Any) -> int:
    """List every day that is not closed: why, what will be done about it, when, and by which command.

    Without days: all that Amazon still answers for. Without --dataset: what a night needs. Asks Amazon nothing.
    """
    chosen = choose(**typed)
    if chosen.first and chosen.last and chosen.last < chosen.first:
        raise UsageError(
            f"The days end ({chosen.last}) before they start ({chosen.first}).",
            remedy="Write the earlier one after --from and the later one after --to.",
        )
    datasets = chosen.datasets if typed["names"] else _NEEDED
    settings = read_settings()
    found = run(find_gaps(settings, data_address(settings), chosen, datasets))
    if as_json:
        screen.emit(as_object(found))
    else:
        for sentence in sentences(found):
            screen.say(sentence)
    return 0


async def find_gaps(settings: Settings, url: str, chosen: Chosen, datasets: tuple[Dataset, ...]) -> Found:
    """Return what is lacking of these datasets in the places and days chosen."""
    async with opened(settings, url) as store:
        accounts, held = await read_held(store.pool, settings.clock, datasets)
        among = _among(chosen.marketplaces or settings.marketplaces, held.places(datasets))
        first, last = chosen.first or date.min, chosen.last or date.max
        differing = await read_differing(store.pool, [d.name for d in datasets], [m.scope for m in among])
    closed, settled = count_closed(held, datasets, among, first, last)
    return Found(
        now=held.now, datasets=datasets, places=among, closed=closed, settled=settled,
        gaps=tuple(gaps(held, datasets, among, first, last)),
        differing=tuple(line for line in differing if first <= line.slice.day <= last),
        faults=tuple(one for one in accounts if one.fault),
    )  # fmt: skip


def _among(wanted: Sequence[Place], known: Sequence[Place]) -> tuple[Place, ...]:
    """Return the places to look at: the marketplaces that are wanted, or else all; and the world, which has none."""
    return (*wanted, *(place for place in known if place is WORLD)) if wanted else tuple(known)


def sentences(found: Found) -> list[str]:
    """Return what is lacking in words, a line each."""
    if not found.places:
        return [*_faults(found), "Nothing has been pulled yet. `chalkola pull` begins."]
    return [
        *(_of_gap(gap, found.datasets) for gap in found.gaps),
        *(["Days that differ from Amazon's own total, accepted with what is left over:"] if found.differing else []),
        *(f"  {words.of_scope(one.slice.scope)} {one.slice.day}: {one.reason}." for one in found.differing),
        *_faults(found),
        _in_all(found),
    ]


def _of_gap(gap: Gap, datasets: Sequence[Dataset]) -> str:
    days = words.days(gap.first, gap.last) + (f" ({gap.days:,} days)" if gap.days > 1 else "")
    some = "" if len(gap.datasets) == len(datasets) else f" ({', '.join(gap.datasets)})"
    return f"{gap.place.code} {days}{some}: {what_next(gap.lack)}"


def _faults(found: Found) -> list[str]:
    return [f"Account {one.account} is closed. {one.fault}" for one in found.faults]


def _in_all(found: Found) -> str:
    where = f"{words.listed(found.places)}, {' and '.join(d.name for d in found.datasets)}"
    if not found.gaps:
        return f"No day is lacking: all {found.settled:,} that have settled are closed ({where})."
    return f"{found.closed:,} of {found.settled:,} settled days are closed ({where})."


def as_object(found: Found) -> dict[str, object]:
    """Return what is lacking as `--json` prints it."""
    return {
        "now": found.now,
        "datasets": [dataset.name for dataset in found.datasets],
        "marketplaces": [m.code for m in found.places],
        "settled": found.settled,
        "closed": found.closed,
        "gaps": [
            {
                "marketplace": gap.place.code,
                "first_day": gap.first,
                "last_day": gap.last,
                "days": gap.days,
                "datasets": gap.datasets,
                **screen.plain(gap.lack),
            }
            for gap in found.gaps
        ],
        "differing": [
            {
                "marketplace": words.of_scope(line.slice.scope),
                "day": line.slice.day,
                "dataset": line.slice.dataset,
                "residual": line.residual,
                "reason": line.reason,
            }
            for line in found.differing
        ],
        "accounts_closed": {one.account: one.fault for one in found.faults},
    }
