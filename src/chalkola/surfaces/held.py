"""All that is known of datasets at an instant: the ledger, and the accounts that open their places."""

from collections.abc import Sequence

from chalkola.clock import Clock
from chalkola.datasets.model import Dataset
from chalkola.marketplaces import Place
from chalkola.pipeline.lacks import Held, accesses
from chalkola.store.accounts import Accounts
from chalkola.store.connection import Pool
from chalkola.store.lines import read_coverage
from chalkola.store.overview import KnownAccount, read_accounts


async def read_held(
    pool: Pool, clock: Clock, datasets: Sequence[Dataset], place: Place | None = None
) -> tuple[Sequence[KnownAccount], Held]:
    """Return the accounts that were ever seen, and all that is known now of these datasets, everywhere or in one
    place."""
    now = clock.now()
    accounts = await read_accounts(pool)
    opens = accesses(accounts, await Accounts(pool, clock).limits())
    names, scope = [dataset.name for dataset in datasets], place.scope if place is not None else None
    coverage = await read_coverage(pool, names, now, with_plans=True, scope=scope)
    return accounts, Held(coverage=coverage, opens=opens, now=now)
