"""`chalkola why DE 2026-11-20`: the whole story of one day, in words."""

from dataclasses import replace
from datetime import date, datetime

import click

from chalkola.datasets import CATALOG, dataset
from chalkola.datasets.model import Dataset
from chalkola.errors import UsageError
from chalkola.marketplaces import WORLD, Place, marketplace
from chalkola.periods import read_day, today
from chalkola.pipeline.why import whose
from chalkola.settings import Settings, read_settings
from chalkola.store.stories import PullStory
from chalkola.surfaces import screen
from chalkola.surfaces.day_story import read_story
from chalkola.surfaces.opening import data_address, opened, run
from chalkola.surfaces.story import Story, tell


@click.command("why")
@click.argument("code", metavar="MARKETPLACE")
@click.argument("day")
@click.option("--dataset", "name", metavar="NAME", default=CATALOG[0].name, show_default=True, help="Which dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def why_command(code: str, day: str, name: str, as_json: bool) -> int:
    """Tell the whole story of a day of a marketplace, like `chalkola why DE 2026-11-20`. Asks Amazon nothing.

    Every question that covered it, what happened to each and whose fault it was, what the day became, and what
    comes next. The day of a weekly list is its week's Monday; what belongs to no marketplace is of the world:
    `chalkola why world 2026-11-20 --dataset fx_rates`.
    """
    settings = read_settings()
    of, on = dataset(name), read_day(day)
    place = _place(of, code)
    _check_over(place, on, settings.clock.now())
    story = run(story_of(settings, data_address(settings), of, place, of.cadence.period(on)))
    if as_json:
        screen.emit(as_object(story))
    else:
        for line in tell(story):
            screen.say(line)
    return 0


def _place(of: Dataset, code: str) -> Place:
    if not of.of_the_world:
        return marketplace(code)
    if code.lower() != WORLD.code:
        raise UsageError(f"{of.name} belongs to no marketplace.", remedy=f"Write {WORLD.code} instead of {code}.")
    return WORLD


def _check_over(m: Place, day: date, now: datetime) -> None:
    latest = today(now, m.zone)
    if day > latest:
        raise UsageError(f"{day} is in the future in {m.code}.", remedy=f"The latest day there is {latest}.")


async def story_of(settings: Settings, url: str, of: Dataset, place: Place, day: date) -> Story:
    """Return all that is known of one day."""
    async with opened(settings, url) as store:
        return replace(await read_story(store.pool, settings.clock, of, place, day), archive=settings.archive)


def as_object(story: Story) -> dict[str, object]:
    """Return a story as `--json` prints it."""
    line = story.line
    return {
        "marketplace": story.place.code,
        "day": story.day,
        "dataset": story.dataset.name,
        "state": line and line.state,
        "reason": line and line.reason,
        "rows": line and line.row_count,
        "sums": line and line.sums,
        "residual": line and line.residual,
        "rows_before_the_first_pull": story.found,
        "lack": story.lack,
        "read_again_at": story.again_at,
        "account_closed": story.fault,
        "pulls": [_pull(pull) for pull in story.pulls],
        "story": tell(story),
    }


def _pull(pull: PullStory) -> dict[str, object]:
    events = [{"at": one.at, "what": one.what, "said": one.said, "whose": whose(one.what, one.said)}
              for one in pull.events]  # fmt: skip
    return {**screen.plain(pull), "events": events}
