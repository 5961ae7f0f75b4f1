"""Reading the files of the European Central Bank's reference rates: XML of some days, or a zip of all days as CSV.

The XML: an envelope of cubes, one for each day (`time`), and in it one for each currency (`currency`, `rate`); the
quotation marks and line breaks differ from file to file. The CSV: a line for each day, newest first, `N/A` where a
currency had no rate, and a comma at the end. Both are on the bank's page "Euro foreign exchange reference rates".
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import IO
from xml.etree import ElementTree

from chalkola.documents import Document
from chalkola.errors import Damaged, Refusal

Rates = Mapping[str, Decimal]
"""Units of each currency for one euro, by its code."""

_ZIP_MAGIC = b"PK\x03\x04"
_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"\d{1,12}(?:\.\d{1,12})?")
_ABSENT = ("", "N/A")
_NEXT = "It is fetched again by a later run; the rates that are here stay."


def days_of(document: Document, first: date, last: date) -> Iterator[tuple[date, Rates]]:
    """Yield the days from `first` to `last` that a file has, each with its rates.

    Raises `Damaged` for a file that did not arrive whole, `Refusal` for one that is none of the bank's, or has a rate
    that is none.
    """
    document.raw.seek(0)
    is_zip = document.raw.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
    seen = False
    for day, rates in _of_zip(document.raw) if is_zip else _of_xml(document):
        seen = True
        if first <= day <= last:
            yield day, {code: _rate(day, code, said) for code, said in rates.items() if said not in _ABSENT}
    if not seen:
        raise Refusal("The file of reference rates has no day in it.", remedy=_NEXT)


def _of_xml(document: Document) -> Iterator[tuple[date, Mapping[str, str]]]:
    rates: dict[str, str] = {}
    try:
        with document.open() as stream:
            for _, element in ElementTree.iterparse(stream):
                if element.tag.rpartition("}")[2] != "Cube":
                    continue
                if "currency" in element.attrib:
                    rates[element.attrib["currency"]] = element.attrib.get("rate", "")
                elif "time" in element.attrib:
                    yield _day(element.attrib["time"]), rates
                    rates = {}
                element.clear()
    except ElementTree.ParseError as error:
        raise Damaged("The file of reference rates is no XML.", why=f"{error}.", remedy=_NEXT) from error


def _of_zip(raw: IO[bytes]) -> Iterator[tuple[date, Mapping[str, str]]]:
    try:
        with zipfile.ZipFile(raw) as archive, archive.open(archive.namelist()[0]) as file:
            lines = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            head = [cell.strip() for cell in next(lines, [])]
            if head[:1] != ["Date"]:
                raise Refusal(f"The file of reference rates begins with {head[:3]}, not with a date.", remedy=_NEXT)
            for line in lines:
                named = zip(head[1:], (cell.strip() for cell in line[1:]), strict=False)
                yield _day(line[0].strip()), {code: said for code, said in named if code}
    except (zipfile.BadZipFile, EOFError, OSError, UnicodeDecodeError, IndexError, csv.Error) as error:
        raise Damaged("The file of reference rates did not arrive whole.", why=f"{error}.", remedy=_NEXT) from error


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError as error:
        raise Refusal(f"The file of reference rates has the day {said[:40]!r}.", remedy=_NEXT) from error


def _rate(day: date, code: str, said: str) -> Decimal:
    if not _CURRENCY.fullmatch(code) or not _RATE.fullmatch(said) or not Decimal(said):
        raise Refusal(f"The file of reference rates has {said[:40]!r} for {code[:10]!r} on {day}.", remedy=_NEXT)
    return Decimal(said)
