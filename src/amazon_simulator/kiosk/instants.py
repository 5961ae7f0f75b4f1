"""The instant whose figures a query shows of each day: its own, but for days that a fault makes late or empty."""

from datetime import date, datetime, timedelta

from amazon_simulator.kiosk.blocks import AsOf
from amazon_simulator.kiosk.query_book import Query
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.mischief import Fault
from amazon_simulator.world import World

# How long after its end a day is shown: when a few percent have arrived, or before there is anything.
_SHOWN_AFTER = {"late_day": timedelta(hours=10), "empty_asin_list": timedelta(hours=-1)}


def instants(world: World, query: Query) -> AsOf:
    """Return the instant of each marketplace's day."""
    faults = [fault for fault in query.contents if fault.kind in _SHOWN_AFTER]

    def as_of(marketplace: Marketplace, day: date) -> datetime:
        met = [fault for fault in faults if _meets(fault, query, marketplace, day)]
        return min([query.as_of, *(world.day_end(marketplace, day) + _SHOWN_AFTER[fault.kind] for fault in met)])

    return as_of if faults else lambda marketplace, day: query.as_of


def _meets(fault: Fault, query: Query, marketplace: Marketplace, day: date) -> bool:
    """Say whether a fault concerns a day: where it names none, the last one is late and all of them are empty."""
    days = fault.day or (query.question.end if fault.kind == "late_day" else day)
    return day == days and fault.marketplace in (None, marketplace.code)
