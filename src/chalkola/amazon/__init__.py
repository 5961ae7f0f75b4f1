"""From whom: everything that speaks to Amazon, and nothing that keeps what Amazon says.

    async with open_amazon(settings, meter) as amazon:
        ticket = await amazon.driver("reports").ask(account, question, paid=True, buckets=())

A call goes login -> turns -> transport -> verdicts; drivers turn questions into calls; the store has the `Meter`.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from chalkola.amazon.answers import Uncertain
from chalkola.amazon.data_kiosk import DataKiosk
from chalkola.amazon.reports import Reports
from chalkola.amazon.sales import DayMetrics, order_metrics
from chalkola.amazon.sellers import Participation, participations
from chalkola.amazon.throttle import Meter
from chalkola.amazon.transport import Transport
from chalkola.calls import Sink
from chalkola.drivers import Driver, Operations, driver_of
from chalkola.settings import Account, Settings

__all__ = [
    "Amazon", "DayMetrics", "Driver", "Operations", "Participation", "Uncertain", "open_amazon",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Amazon:
    """Amazon, as one run speaks to it. Open it with `open_amazon`."""

    transport: Transport
    drivers: Mapping[str, Driver]

    def driver(self, name: str) -> Driver:
        """Return the driver that a `Source` names. Raises `Fault` for one that does not exist."""
        return driver_of(self.drivers, name)

    async def participations(self, account: Account) -> tuple[Participation, ...]:
        """Return the marketplaces that an account opens."""
        return await participations(self.transport, account)

    async def order_metrics(
        self, account: Account, marketplace_id: str, first: date, last: date, zone: ZoneInfo
    ) -> tuple[DayMetrics, ...]:
        """Return what was ordered in a marketplace on each day, both included, oldest first; empty for none."""
        return await order_metrics(self.transport, account, marketplace_id, first, last, zone)


@asynccontextmanager
async def open_amazon(
    settings: Settings, meter: Meter, *, on_call: Sink | None = None, needed: bool = True
) -> AsyncIterator[Amazon]:
    """Give an `Amazon` whose connections are closed at the end. `on_call` is told the facts of every HTTP call, those
    of logins and downloads among them.

    Raises `Fault` naming every missing setting, where Amazon is `needed` at all.
    """
    if needed:
        settings.require_amazon()
    async with Transport(settings, meter, on_call=on_call) as transport:
        drivers: dict[str, Driver] = {
            "reports": Reports(transport, settings.clock),
            "data_kiosk": DataKiosk(transport, settings.clock),
        }
        yield Amazon(transport=transport, drivers=drivers)
