"""`chalkola reload`: rebuild rows from Amazon's documents as they were kept. Asks Amazon nothing."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import click

from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES
from chalkola.pipeline.reload import Rebuilt, reload
from chalkola.settings import Settings, read_settings
from chalkola.store.changes import Change
from chalkola.store.rebuild import count_found
from chalkola.surfaces import screen, words
from chalkola.surfaces.choosing import Chosen, choose, filters
from chalkola.surfaces.opening import database_url, opened, run

_FIRST, _LAST = date(2000, 1, 1), date(9999, 12, 31)
_SHOWN = 30


@click.command("reload")
@filters
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def reload_command(as_json: bool, **typed: Any) -> int:
    """Rebuild rows from Amazon's documents as they were kept, without asking Amazon.

    Without days: everything. Rows come out as Amazon's answer says, whatever has happened to them since.
    """
    chosen = choose(**typed)
    if chosen.first and chosen.last and chosen.last < chosen.first:
        raise UsageError(
            f"The days end ({chosen.last}) before they start ({chosen.first}).",
            remedy="Write the earlier one after --from and the later one after --to.",
        )
    settings = read_settings()
    rebuilt, found = run(_reload(settings, database_url(settings, "`chalkola reload`"), chosen))
    if as_json:
        screen.emit(as_object(rebuilt, found))
    else:
        _show(rebuilt, found, settings)
    return 3 if any(one.missing or one.failure for one in rebuilt) else 0


async def _reload(settings: Settings, url: str, chosen: Chosen) -> tuple[list[Rebuilt], int]:
    first, last = chosen.first or _FIRST, chosen.last or _LAST
    among = chosen.marketplaces or MARKETPLACES
    async with opened(settings, url) as store:
        rebuilding = reload(
            store.pool, store.archive, datasets=chosen.datasets, marketplaces=among, first=first, last=last,
            now=settings.clock.now(),
        )  # fmt: skip
        rebuilt = [one async for one in rebuilding]
        return rebuilt, await count_found(store.pool, [m.scope for m in among], first, last)


def _show(rebuilt: Sequence[Rebuilt], found: int, settings: Settings) -> None:
    good = [one for one in rebuilt if not one.missing and not one.failure]
    for one in [one for one in good if _touched(one)][:_SHOWN]:
        screen.say(f"{_place(one)}  {_in_words(_total([one]))}")
    rows = words.count(sum(one.row_count for one in good), "row")
    screen.say(f"{words.count(len(good), 'document')} read, {rows}: {_in_words(_total(good))}.")
    for one in [one for one in rebuilt if one.failure][:_SHOWN]:
        screen.say(f"{_place(one)}  cannot be used: {one.failure}")
    _show_missing([one for one in rebuilt if one.missing], settings)
    if found:
        days = words.count(found, "day was", "days were")
        screen.say(f"{days} here before the first pull: no document of Amazon's exists for them.")


def _show_missing(missing: Sequence[Rebuilt], settings: Settings) -> None:
    for one in missing[:_SHOWN]:
        name = one.given.archived_as
        screen.say(f"{_place(one)}  the document is missing: {name or 'it was not kept'}")
    if (more := len(missing) - _SHOWN) > 0:
        screen.say(f"And {words.count(more, 'more', 'more')}.")
    if missing:
        place = settings.archive or "nowhere: CHALKOLA_ARCHIVE is off"
        how_long = words.kept_for(settings.archive_kept)
        screen.say(f"Their rows stay as they are. Documents are looked for in {place}; they are {how_long}.")
        screen.say("`chalkola pull --again` with these days asks Amazon for them once more.")


def _place(one: Rebuilt) -> str:
    return f"{' '.join(map(words.of_scope, one.given.scopes))} {one.given.first_day}"


def _touched(one: Rebuilt) -> bool:
    return any(changed.is_any for changed in one.changed.values())


def _total(rebuilt: Sequence[Rebuilt]) -> Change:
    changes = [changed for one in rebuilt for changed in one.changed.values()]
    return Change(
        added=sum(c.added for c in changes),
        changed=sum(c.changed + c.filled for c in changes),
        withdrawn=sum(c.withdrawn for c in changes),
    )


def _in_words(change: Change) -> str:
    if not change.is_any:
        return "nothing had to be changed"
    return f"{change.added:,} inserted, {change.changed:,} updated, {change.withdrawn:,} deleted"


def as_object(rebuilt: Sequence[Rebuilt], found: int) -> dict[str, object]:
    """Return what a reload did as `--json` prints it."""
    good = [one for one in rebuilt if not one.missing and not one.failure]
    return {
        "documents": len(good),
        "rows": sum(one.row_count for one in good),
        **_as_object(_total(good)),
        "changed": [_where(one) for one in good if _touched(one)],
        "missing": [{**_where(one), "archived_as": one.given.archived_as} for one in rebuilt if one.missing],
        "unusable": [{**_where(one), "why": one.failure} for one in rebuilt if one.failure],
        "found_before_the_first_pull": found,
    }


def _as_object(change: Change) -> dict[str, int]:
    return {"inserted": change.added, "updated": change.changed, "deleted": change.withdrawn}


def _where(one: Rebuilt) -> dict[str, object]:
    codes = [words.of_scope(scope) for scope in one.given.scopes]
    return {"marketplaces": codes, "day": one.given.first_day, "pull": one.given.pull_id}
