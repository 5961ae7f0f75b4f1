"""Whom a run asks: Amazon, and those who publish what needs no account. Calls of all of them are written down."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from chalkola.amazon import Amazon, open_amazon
from chalkola.drivers import Driver
from chalkola.rates import open_rates
from chalkola.settings import Settings
from chalkola.store import Store


@dataclass(frozen=True, kw_only=True)
class Correspondents:
    """Amazon itself, and every driver by name, Amazon's among them."""

    amazon: Amazon
    drivers: Mapping[str, Driver]


@asynccontextmanager
async def open_correspondents(
    settings: Settings, store: Store, *, needs_account: bool = True
) -> AsyncIterator[Correspondents]:
    """Give whom a run asks. Raises `Fault` naming every setting that is missing for an account, if it needs one."""
    async with (
        store.recorder.recording() as note,
        open_amazon(settings, store.buckets, on_call=note, needed=needs_account) as amazon,
        open_rates(settings, on_call=note) as rates,
    ):
        yield Correspondents(amazon=amazon, drivers={**amazon.drivers, **rates})
