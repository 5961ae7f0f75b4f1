"""`chalkola backfill`: not there yet, and what to do instead."""

from collections import Counter
from collections.abc import Sequence

import click

from chalkola.datasets.model import Source
from chalkola.datasets.sales_and_traffic import DATASET
from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, Marketplace
from chalkola.periods import newest_settled, oldest_answered
from chalkola.pipeline.forecast import forecast
from chalkola.pipeline.means import AT_ONCE
from chalkola.pipeline.metering import all_buckets, creation_buckets
from chalkola.pipeline.ways import in_rounds
from chalkola.settings import Settings, read_settings
from chalkola.surfaces import words


@click.command("backfill", context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def backfill_command(options: tuple[str, ...]) -> int:
    """Comes with a later version; says what to do instead."""
    settings = read_settings()
    now = settings.clock.now()
    among = settings.marketplaces or MARKETPLACES
    first = max(oldest_answered(now, m.zone, DATASET.kept_for) for m in among)
    last = min(newest_settled(now, m.zone, DATASET.settles_after) for m in among)
    days = (last - first).days + 1
    ways = [_way(source, among, days, settings) for source in DATASET.sources if source.is_complete]
    raise UsageError(
        "`chalkola backfill` comes with a later version.",
        why=f"All that Amazon still has of {words.count(len(among), 'marketplace')} is {' or '.join(ways)}.",
        remedy=f"Until then name the days: `chalkola pull --from {first} --to {last}`, or fewer of them. Newest come"
        " first; stop it when you like, and the next `chalkola pull` goes on.",
    )


def _way(source: Source, among: Sequence[Marketplace], days: int, settings: Settings) -> str:
    """Return how many questions it would be in this way, and how long Amazon's quotas would make it take."""
    of_account = Counter(m.region.value for m in among)
    questions = {
        account: -(-marketplaces // source.limits.marketplaces) * -(-days // source.limits.days)
        for account, marketplaces in of_account.items()
    }
    now = settings.clock.now()
    keys = [creation_buckets(source, a, settings.quotas) for a, count in questions.items() for _ in range(count)]
    buckets = {bucket.key: bucket for bucket in all_buckets(sorted(questions), [source], settings.quotas)}
    took = max(one.done_at for one in forecast(keys, buckets, now, processing=source.processing)) - now
    if source.slot is not None:
        took = max(took, in_rounds(max(questions.values()), AT_ONCE, source.processing))
    return f"{len(keys):,} questions by {source.name} (about {words.span(took)})"
