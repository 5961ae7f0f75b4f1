"""The bank's files: XML of the last day and of the last 90 days, and a zip of all days as CSV.

Shapes as the bank's own have them: the daily file in lines, with single quotation marks, the longer one in one line,
with double ones; the CSV with a comma at the end of each line and N/A where a currency has no rate.
"""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

from amazon_simulator.bank.rates import FIRST_DAY, ZONE, ReferenceRates

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"'
    ' xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">',
)
_NAME = "European Central Bank"
_LAST_DAYS = timedelta(days=90)


def daily(rates: ReferenceRates, as_of: datetime) -> bytes:
    """Return the file of the newest day."""
    lines = [
        *_HEAD, "\t<gesmes:subject>Reference rates</gesmes:subject>", "\t<gesmes:Sender>",
        f"\t\t<gesmes:name>{_NAME}</gesmes:name>", "\t</gesmes:Sender>", "\t<Cube>",
    ]  # fmt: skip
    for day in _newest(rates, as_of):
        lines.append(f"\t\t<Cube time='{day}'>")
        lines += [f"\t\t\t<Cube currency='{code}' rate='{rate}'/>" for code, rate in rates.of(day).items()]
        lines.append("\t\t</Cube>")
    return "\n".join([*lines, "\t</Cube>", "</gesmes:Envelope>"]).encode()


def last_90_days(rates: ReferenceRates, as_of: datetime) -> bytes:
    """Return the file of the last 90 days, newest first."""
    cubes = "".join(_cube(day, rates.of(day)) for day in rates.days(_today(as_of) - _LAST_DAYS, as_of))
    sender = f"<gesmes:Sender><gesmes:name>{_NAME}</gesmes:name></gesmes:Sender>"
    subject = "<gesmes:subject>Reference rates</gesmes:subject>"
    return f"{_HEAD[0]}{_HEAD[1]}{subject}{sender}<Cube>{cubes}</Cube></gesmes:Envelope>".encode()


def all_days(rates: ReferenceRates, as_of: datetime) -> bytes:
    """Return the zip of all days as CSV, newest first."""
    lines = [f"Date,{','.join(rates.currencies)},"]
    for day in rates.days(FIRST_DAY, as_of):
        of_day = rates.of(day)
        cells = (_trimmed(of_day[code]) if code in of_day else "N/A" for code in rates.currencies)
        lines.append(f"{day},{','.join(cells)},")
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo("eurofxref-hist.csv", _today(as_of).timetuple()[:6])
        archive.writestr(entry, "\n".join(lines) + "\n", zipfile.ZIP_DEFLATED)
    return place.getvalue()


FILES: Mapping[str, tuple[str, Callable[[ReferenceRates, datetime], bytes]]] = {
    "eurofxref-daily.xml": ("text/xml", daily),
    "eurofxref-hist-90d.xml": ("text/xml", last_90_days),
    "eurofxref-hist.zip": ("application/zip", all_days),
}
"""By name: the type of its content, and what makes it."""


def _newest(rates: ReferenceRates, as_of: datetime) -> Iterator[date]:
    day = next(rates.days(FIRST_DAY, as_of), None)
    if day is not None:
        yield day


def _cube(day: date, rates: Mapping[str, str]) -> str:
    inner = "".join(f'<Cube currency="{code}" rate="{rate}"/>' for code, rate in rates.items())
    return f'<Cube time="{day}">{inner}</Cube>'


def _trimmed(rate: str) -> str:
    return rate.rstrip("0").rstrip(".")


def _today(as_of: datetime) -> date:
    return as_of.astimezone(ZONE).date()
