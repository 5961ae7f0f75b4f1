"""From whom, too: who publishes exchange rates. Nothing here needs an account, and nothing keeps what it fetches.

    async with open_rates(settings) as drivers:
        document = await drivers["central_bank"].fetch(PUBLIC, "eurofxref-daily.xml", paid=True)

The verbs are those of every driver, so a pull of rates is a pull like any other.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from chalkola.calls import Sink
from chalkola.drivers import Driver
from chalkola.rates.central_bank import CentralBank
from chalkola.settings import Settings
from chalkola.telling import Teller
from chalkola.wire import open_client

__all__ = ["open_rates"]


@asynccontextmanager
async def open_rates(settings: Settings, *, on_call: Sink | None = None) -> AsyncIterator[Mapping[str, Driver]]:
    """Give the drivers of rates, by name. `on_call` is told the facts of every HTTP call."""
    async with open_client() as client:
        teller = Teller(settings.clock, on_call)
        yield {"central_bank": CentralBank(client, settings.fx_rates_url, settings.clock, teller)}
