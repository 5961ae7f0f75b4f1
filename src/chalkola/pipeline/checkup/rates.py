"""Whether exchange rates can be fetched."""

from datetime import date

from chalkola.calls import Sink
from chalkola.datasets.reference_rates import days_of
from chalkola.errors import ChalkolaError
from chalkola.pipeline.checkup.finding import Area, Finding, Level
from chalkola.rates import open_rates
from chalkola.rates.central_bank import DAILY
from chalkola.settings import PUBLIC, Settings

_WHY = "Without rates nothing is converted; figures in their own currency come in all the same."


async def check_rates(settings: Settings, *, on_call: Sink | None = None) -> Finding:
    """Return whether the newest rates can be fetched and read, and of what day they are. No fault keeps data away."""
    try:
        async with open_rates(settings, on_call=on_call) as drivers:
            document = await drivers["central_bank"].fetch(PUBLIC, DAILY, paid=True)
        with document.raw:
            newest = max(day for day, _ in days_of(document, date.min, date.max))
    except ChalkolaError as error:
        return Finding(
            area=Area.RATES, level=Level.WARNING, what=error.what.strip(), why=f"{error.why} {_WHY}".strip(),
            remedy=error.remedy or "Nothing to do: the next run tries again.",
        )  # fmt: skip
    return Finding(
        area=Area.RATES, level=Level.OK, what=f"Reference rates can be fetched: the newest are of {newest}."
    )
