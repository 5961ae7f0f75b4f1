"""One run of our pipeline for `reports.py`: settings from the environment, the days as arguments.

Amazon's time jumps over the waits (20 seconds before a report is looked at for the first time); nothing else differs
from `chalkola pull`. The quotas are set so high that no bucket ever waits, but every turn is taken. Data Kiosk is
closed to it, and it knows that: everything goes by reports, as in the bare client.
"""

import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from datetime import date, datetime

from measuring import cpu_seconds, peak_mb

from chalkola.clock import JumpingClock
from chalkola.datasets import DAILY, SOURCES
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import pull
from chalkola.settings import Settings, read_settings
from chalkola.store import Store, open_store
from chalkola.store.pulls import Claimed

_METERED = ("createReport", "getReport", "getReportDocument", "sales_and_traffic.report")


class Nobody:
    """Watches a run and says nothing."""

    def claimed(self, pull: Claimed) -> None:
        """Watch nothing."""

    def stepped(self, pull: Claimed, ended: Ended | None) -> None:
        """Watch nothing."""

    def waiting(self, until: datetime | None) -> None:
        """Watch nothing."""


async def main(first: str, last: str) -> dict[str, float]:
    """Pull the days and return what it took, from the first call of Amazon to the last commit."""
    settings = read_settings({**os.environ, "CHALKOLA_QUOTAS": ";".join(f"{name}=1000000/1s" for name in _METERED)})
    settings = replace(settings, clock=JumpingClock(settings.clock.now()))
    request = Request(datasets=DAILY, first=date.fromisoformat(first), last=date.fromisoformat(last))
    async with open_store(settings, settings.database_url or "") as store:
        await close_data_kiosk(settings, store)
        wall, cpu = time.perf_counter(), cpu_seconds()
        report = await pull(settings, store, request, Nobody(), asyncio.Event())
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    loaded = sum(ended.stage == "loaded" for ended in report.worked.ended)
    if loaded != len(report.plan.pulls):
        raise SystemExit(f"{loaded} of {len(report.plan.pulls)} pulls loaded")
    return {"wall": wall, "cpu": cpu, "peak_mb": peak_mb(), "reports": loaded}


async def close_data_kiosk(settings: Settings, store: Store) -> None:
    """Let the ledger know that Amazon refuses Data Kiosk to every account."""
    for account in settings.accounts:
        for source in SOURCES:
            if source.driver == "data_kiosk":
                await store.accounts.close_source(account, source.name, "closed before the benchmark begins")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(*sys.argv[1:]))))
