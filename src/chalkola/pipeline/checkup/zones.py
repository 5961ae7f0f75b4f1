"""The zone of Amazon's day, marketplace by marketplace: compared when asked for, otherwise as found before."""

from collections.abc import Iterable, Sequence

from chalkola.amazon import Amazon
from chalkola.clock import Clock
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import Marketplace, by_amazon_id
from chalkola.pipeline.checkup.finding import Area, Finding, Level, from_error
from chalkola.pipeline.day_zone import FEWEST_DAYS, OLDER_THAN, find_day_zone
from chalkola.settings import Account
from chalkola.store import Store
from chalkola.store.day_zones import DayZone


async def compare(
    store: Store, amazon: Amazon, account: Account, found: Sequence[Marketplace], clock: Clock
) -> list[Finding]:
    """Compare an account's marketplaces one after another, and return what went wrong: it ends the account's turn."""
    try:
        for m in found:
            await find_day_zone(store, amazon, account, m, clock.now())
    except ChalkolaError as error:
        return [from_error(Area.DAY_ZONE, Level.WARNING, error, account=account.key)]
    return []


def judge_zones(found: Iterable[DayZone]) -> list[Finding]:
    """Return what each comparison means."""
    return [_zone(m, one) for one in found if (m := by_amazon_id(one.amazon_marketplace_id))]


def _zone(m: Marketplace, found: DayZone) -> Finding:
    counts = ", ".join(f"{zone} on {days} of {found.days}" for zone, days in found.fits.items())
    if found.zone is None:
        few = f"{found.days} days with sales are older than {OLDER_THAN.days} days, and {FEWEST_DAYS} are needed"
        return Finding(
            area=Area.DAY_ZONE, level=Level.NOTE,
            what=f"{m.code}: the figures do not tell in which zone Amazon's day runs ({counts or few}).",
            why="Until they do, a day is taken as the marketplace's local day.",
            remedy="Run `chalkola doctor --day-zone` again when more days are here.",
        )  # fmt: skip
    if found.zone == m.time_zone:
        what = f"{m.code}: Amazon's day is the marketplace's local day, {m.time_zone} (agreeing days: {counts})."
        return Finding(area=Area.DAY_ZONE, level=Level.OK, what=what)
    return Finding(
        area=Area.DAY_ZONE, level=Level.WARNING,
        what=f"{m.code}: Amazon's day runs in {found.zone}, not in {m.time_zone} (agreeing days: {counts}).",
        why="Each day begins and ends some hours off the local one, so it settles at another hour than planned, and"
        " days of marketplaces are not the same hours. Nothing is lost or counted twice.",
        remedy="Nothing has to be done; keep it in mind when days are compared with those of another system.",
    )  # fmt: skip
