"""A day's story, read from the database."""

from datetime import date, datetime

from chalkola.clock import Clock
from chalkola.datasets import CATALOG
from chalkola.datasets.model import Dataset, Slice
from chalkola.marketplaces import Marketplace, Place
from chalkola.pipeline.lacks import Held, lack_of
from chalkola.pipeline.why import read_again_at
from chalkola.store.connection import Pool
from chalkola.store.lines import read_lines
from chalkola.store.slices import Line
from chalkola.store.stories import count_found, read_pulls
from chalkola.surfaces.held import read_held
from chalkola.surfaces.story import Story


async def read_story(pool: Pool, clock: Clock, of: Dataset, place: Place, day: date) -> Story:
    """Return all that the database knows of one day; not where the archive is."""
    _, held = await read_held(pool, clock, [of], place)
    if (of.name, place.scope) not in held.coverage:  # when we began elsewhere says from when on it is caught up with
        _, held = await read_held(pool, clock, [of])
    lines = await read_lines(pool, [Slice(dataset=of.name, scope=place.scope, day=day)])
    pulls = await read_pulls(pool, _judged_with(of), place.scope, day)
    found = await count_found(pool, of, place, day) if isinstance(place, Marketplace) else 0
    line = lines[0] if lines else None
    access = held.opens.get(place)
    return Story(
        place=place, day=day, dataset=of, line=line, pulls=pulls, found=found,
        lack=lack_of(held, of, place, day), again_at=_again_at(held, of, place, line),
        fault=access.fault if access is not None else None, archive=None,
    )  # fmt: skip


def _again_at(held: Held, of: Dataset, place: Place, line: Line | None) -> datetime | None:
    return read_again_at(of, place, line, held.now) if line is not None and line.state.is_closed else None


def _judged_with(of: Dataset) -> list[str]:
    """Return a dataset and what its days are judged with: the totals of its rows, or the rows of totals."""
    if of.totals_in is not None:
        return [of.name, of.totals_in]
    return [of.name, *(d.name for d in CATALOG if d.totals_in == of.name and not d.extra)]
