"""Where a call about a query is, for faults to match."""

from amazon_simulator.kiosk.question import KioskQuestion
from amazon_simulator.kiosk.schema import BY_ASIN, TRENDS
from amazon_simulator.mischief import Where


def place(operation: str, account: str, asked: KioskQuestion, *, page: bool = False) -> Where:
    """Return the place of a call; `page` says that it creates a next page."""
    named = tuple(asin for scope in asked.scopes for asin in scope.asins or ())
    return Where(
        operation=operation,
        account=account,
        start=asked.start,
        end=asked.end,
        kiosk=True,
        query=asked.kind,
        marketplaces=asked.codes,
        asins=named if asked.kind == TRENDS else None,
        by_parent=asked.kind == BY_ASIN and asked.asin_granularity == "PARENT",
        page=page,
    )
