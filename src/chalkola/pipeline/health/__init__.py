"""What is wrong, told from the ledger: rules are a table of pure functions over one frozen value, `Health`.

model      what a rule is, what it finds (a concern), and the facts
thresholds from where on something is told, and what was chosen of that
rules      the table
days, access, outages, upkeep   what each rule sees
reading    the facts, read
lifecycle  which alerts are raised, told and over (pure)
"""

from collections.abc import Sequence

from chalkola.pipeline.health.lifecycle import TOLD_OVER_WITHIN, changes, examine
from chalkola.pipeline.health.reading import read_health
from chalkola.pipeline.health.rules import BY_NAME, RULES, THRESHOLDS
from chalkola.pipeline.health.thresholds import chosen
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.alert_settings import read_alert_settings
from chalkola.store.alerts import KnownAlert, read_known_alerts, see_alerts

__all__ = ["BY_NAME", "RULES", "look_for_alerts"]


async def look_for_alerts(settings: Settings, store: Store, channels: Sequence[str]) -> list[KnownAlert]:
    """Apply the rules that are on, write down what they find and what is over, and return their alerts: open, or over
    for a week at most. `channels` are those by which people are told. Raises `DatabaseGone` and `Fault`."""
    since = settings.clock.now() - TOLD_OVER_WITHIN
    # Read before the facts: what another run raises meanwhile is not taken for something that is over.
    known = await read_known_alerts(store.pool, since)
    what = chosen(await read_alert_settings(store.pool), THRESHOLDS)
    health = await read_health(settings, store, channels, what)
    made = changes(known, examine(health, [rule for rule in RULES if rule.name not in what.off]), BY_NAME, health.now)
    await see_alerts(store.pool, made.found, made.over, health.now)
    # That a rule was switched off cures nothing, and nobody is told so.
    return [one for one in await read_known_alerts(store.pool, since) if one.rule not in what.off]
