"""`chalkola backfill`: not there yet, and what to do instead."""

import click

from chalkola.datasets.sales_and_traffic import DATASET
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES
from chalkola.periods import newest_settled, oldest_answered
from chalkola.pipeline.forecast import forecast
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.settings import read_settings
from chalkola.surfaces import words


@click.command("backfill", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def backfill_command(options: tuple[str, ...]) -> int:
    """Comes with a later version; says what to do instead."""
    settings = read_settings()
    now, source = settings.clock.now(), DATASET.sources[0]
    among = settings.marketplaces or MARKETPLACES
    first = max(oldest_answered(now, m.zone, DATASET.kept_for) for m in among)
    last = min(newest_settled(now, m.zone, DATASET.settles_after) for m in among)
    days = (last - first).days + 1
    accounts = sorted({m.region.value for m in among})
    keys = [creation_buckets(source, m.region.value, settings.quotas) for _ in range(days) for m in among]
    buckets = {bucket.key: bucket for bucket in all_buckets(accounts, [source], settings.quotas)}
    took = max(one.done_at for one in forecast(keys, buckets, now)) - now
    raise UsageError(
        "`chalkola backfill` comes with a later version.",
        why=f"All that Amazon still has of {words.count(len(among), 'marketplace')} is {len(keys):,} reports,"
        f" for which its quotas make it take about {words.span(took)}.",
        remedy=f"Until then name the days: `chalkola pull --from {first} --to {last}`, or fewer of them. Newest come"
        " first; stop it when you like, and the next `chalkola pull` goes on.",
    )
