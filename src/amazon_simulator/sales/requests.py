"""What Amazon accepts as a question for order metrics. Rules: models/sales-api-model/sales.json.

Where the model is silent the stricter reading is taken: no end in the future.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amazon_simulator.accounts import Account
from amazon_simulator.answers import denied, invalid
from amazon_simulator.marketplaces import BY_AMAZON_ID, Marketplace
from amazon_simulator.periods import two_years_before

GRANULARITIES = ("Hour", "Day", "Week", "Month", "Year", "Total")
# parameter: its values
CHOICES = {
    "granularity": GRANULARITIES,
    "buyerType": ("B2B", "B2C", "All"),
    "fulfillmentNetwork": ("MFN", "AFN"),
    "firstDayOfWeek": ("Monday", "Sunday"),
    "amazonProgram": ("AmazonHaul",),
}
REQUIRED = ("marketplaceIds", "interval", "granularity")
PARAMETERS = (*REQUIRED, "granularityTimeZone", *list(CHOICES)[1:], "asin", "sku")
_INSTANT = r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))"
_INTERVAL = re.compile(f"{_INSTANT}--{_INSTANT}")
_UTC_NAMES = ("UTC", "Etc/UTC", "Zulu", "Etc/Zulu")
_HOURS_BACK = timedelta(days=30)

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class MetricsQuestion:
    """A getOrderMetrics that Amazon accepts. `zone` is where its buckets begin and end."""

    marketplace: Marketplace
    start: datetime
    end: datetime
    granularity: str
    zone: tzinfo
    first_day_of_week: str
    buyer_type: str
    nothing: bool  # a fulfilment network or a program in which the seller sells nothing
    asin: str | None
    sku: str | None


def metrics_question(parameters: Parameters, account: Account, now: datetime) -> MetricsQuestion:
    """Read the parameters of getOrderMetrics; raises a Rejection."""
    values = _single(parameters)
    marketplace = _marketplace(values["marketplaceIds"], account)
    starts, ends = _interval(values["interval"])
    _check_length(starts, ends, values["granularity"], now)
    if "asin" in values and "sku" in values:
        raise invalid("Invalid Input", "asin and sku cannot be combined")
    return MetricsQuestion(
        marketplace=marketplace,
        start=starts.astimezone(UTC),
        end=ends.astimezone(UTC),
        granularity=values["granularity"],
        zone=_zone(values, starts, ends),
        first_day_of_week=values.get("firstDayOfWeek", "Monday"),
        buyer_type=values.get("buyerType", "All"),
        nothing=values.get("fulfillmentNetwork") == "MFN" or "amazonProgram" in values,
        asin=values.get("asin"),
        sku=values.get("sku"),
    )


def _single(parameters: Parameters) -> dict[str, str]:
    """Return the parameters, each with its one value."""
    missing = [name for name in REQUIRED if not any(parameters.get(name, ()))]
    if missing:
        raise invalid("One or more required parameters missing", "".join(f"{name};" for name in missing))
    for name, values in parameters.items():
        if name not in PARAMETERS:  # the published client sends some that are not in the model
            continue
        if len(values) != 1 or not values[0]:
            raise invalid("Invalid Input", name)
        if values[0] not in CHOICES.get(name, (values[0],)):
            raise invalid("Invalid Input", f"{name}: {values[0]}")
    return {name: values[0] for name, values in parameters.items() if name in PARAMETERS}


def _marketplace(amazon_id: str, account: Account) -> Marketplace:
    if "," in amazon_id or amazon_id not in BY_AMAZON_ID:
        raise invalid("Invalid Input", f"marketplaceIds: {amazon_id}")
    if not account.sells_in(amazon_id):
        raise denied()
    return BY_AMAZON_ID[amazon_id]


def _interval(text: str) -> tuple[datetime, datetime]:
    found = _INTERVAL.fullmatch(text)
    try:
        starts, ends = map(datetime.fromisoformat, found.groups() if found else (text, text))
        if not found or ends <= starts:
            raise ValueError(text)
    except ValueError as error:
        raise invalid("Invalid Input", f"interval: {text}") from error
    return starts, ends


def _check_length(starts: datetime, ends: datetime, granularity: str, now: datetime) -> None:
    if ends > now:
        raise invalid("Invalid Input", "interval: its end is in the future")
    if granularity == "Hour" and starts < now - _HOURS_BACK:
        raise invalid("Invalid Input", "interval: more than 30 days ago")
    if starts.astimezone(UTC).date() < two_years_before(now.astimezone(UTC).date()):
        raise invalid("Invalid Input", "interval: more than two years ago")


def _zone(values: Mapping[str, str], starts: datetime, ends: datetime) -> tzinfo:
    """Return the zone of the buckets: the one named, which has to agree with the interval's offsets."""
    name = values.get("granularityTimeZone")
    if name is None:
        if values["granularity"] != "Hour":
            raise invalid("One or more required parameters missing", "granularityTimeZone;")
        return starts.tzinfo or UTC
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise invalid("Invalid Input", f"granularityTimeZone: {name}") from error
    agrees = all(instant.astimezone(zone).utcoffset() == instant.utcoffset() for instant in (starts, ends))
    zulu = "Z" in values["interval"]
    if not agrees or (zulu and name not in _UTC_NAMES):
        raise invalid("Invalid Input", "granularityTimeZone does not agree with the interval's offset")
    return zone
