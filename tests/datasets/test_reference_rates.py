"""The bank's files as it publishes them, and what is none of them."""

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from chalkola.datasets import source
from chalkola.datasets.model import Box
from chalkola.datasets.reference_rates import days_of
from chalkola.datasets.target_days import easter, is_closed
from chalkola.documents import Document
from chalkola.errors import Damaged, Refusal

# As published: https://www.ecb.europa.eu/stats/eurofxref/eurofxref-daily.xml, shortened.
DAILY = """<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
\t<gesmes:subject>Reference rates</gesmes:subject>
\t<gesmes:Sender>
\t\t<gesmes:name>European Central Bank</gesmes:name>
\t</gesmes:Sender>
\t<Cube>
\t\t<Cube time='2026-11-19'>
\t\t\t<Cube currency='USD' rate='1.1525'/>
\t\t\t<Cube currency='JPY' rate='166.20'/>
\t\t</Cube>
\t</Cube>
</gesmes:Envelope>"""
HISTORY = (
    "Date,USD,JPY,BGN,\n2026-11-19,1.1525,166.2,N/A,\n2026-11-18,1.1501,165.94,N/A,\n2025-12-31,1.175,184.1,1.9558,\n"
)
FIRST, LAST = date(2025, 12, 1), date(2026, 11, 30)
THURSDAY = date(2026, 11, 19)


def document(content: bytes) -> Document:
    return Document(raw=io.BytesIO(content), size_bytes=len(content))


def zipped(text: str, name: str = "eurofxref-hist.csv") -> bytes:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return place.getvalue()


def box(first: date, last: date) -> Box:
    return Box(account="public", marketplaces=(), first=first, last=last)


def read(content: bytes, first: date = THURSDAY, last: date = THURSDAY) -> dict[str, list[str]]:
    """Return the rows of the answer as lines, by day."""
    answer = source("fx_rates.ecb").read(document(content), box(first, last))
    (batch,) = answer.batches
    slices = list(batch.counts)
    found: dict[str, list[str]] = {}
    for block in batch.spool.blocks():
        for number, line in block:
            found.setdefault(str(slices[number].day), []).append(line.decode())
    return found


def test_the_daily_file_has_one_day() -> None:
    found = list(days_of(document(DAILY.encode()), FIRST, LAST))
    assert found == [(THURSDAY, {"USD": Decimal("1.1525"), "JPY": Decimal("166.20")})]


def test_the_zip_has_all_days_and_a_currency_that_left_has_no_rate() -> None:
    found = dict(days_of(document(zipped(HISTORY)), FIRST, LAST))
    assert list(found) == [THURSDAY, date(2026, 11, 18), date(2025, 12, 31)]
    assert set(found[THURSDAY]) == {"USD", "JPY"}
    assert found[date(2025, 12, 31)]["BGN"] == Decimal("1.9558")


def test_days_that_were_not_asked_for_are_left_out() -> None:
    assert [day for day, _ in days_of(document(zipped(HISTORY)), THURSDAY, THURSDAY)] == [THURSDAY]


def test_the_euro_is_one_and_the_dirham_follows_the_dollar() -> None:
    assert read(DAILY.encode())["2026-11-19"] == [
        '"EUR","1","euro"', '"USD","1.1525","ecb"', '"JPY","166.2","ecb"', '"AED","4.23255625","peg"',
    ]  # fmt: skip


def test_a_day_without_rates_is_there_with_none() -> None:
    answer = source("fx_rates.ecb").read(document(DAILY.encode()), box(date(2026, 11, 18), THURSDAY))
    assert {s.day: count.row_count for s, count in answer.batches[0].counts.items()} == {
        date(2026, 11, 18): 0, THURSDAY: 4,
    }  # fmt: skip


def test_a_currency_of_a_marketplace_that_has_no_rate_is_noted() -> None:
    answer = source("fx_rates.ecb").read(document(DAILY.encode()), box(THURSDAY, THURSDAY))
    assert answer.notes == ["no rate for AUD, BRL, CAD, GBP, MXN on some days"]


@pytest.mark.parametrize(
    "content",
    [DAILY[:400].encode(), zipped(HISTORY)[:90], b"", b"PK\x03\x04"],
    ids=["xml", "zip", "nothing", "the beginning of a zip"],
)
def test_half_a_file_is_damaged(content: bytes) -> None:
    with pytest.raises(Damaged):
        list(days_of(document(content), FIRST, LAST))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<html><body>This page is being worked on.</body></html>", "no day in it"),
        (DAILY.replace("2026-11-19", "19 November"), "the day '19 November'"),
        (DAILY.replace("1.1525", "1,1525"), "'1,1525' for 'USD' on 2026-11-19"),
        (DAILY.replace("1.1525", "0"), "'0' for 'USD'"),
        (DAILY.replace("1.1525", "NaN"), "'NaN' for 'USD'"),
        (DAILY.replace("'USD'", "'dollar'"), "for 'dollar'"),
    ],
)
def test_what_is_no_file_of_rates_is_refused_and_said(content: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        list(days_of(document(content.encode()), FIRST, LAST))


def test_a_zip_of_something_else_is_refused() -> None:
    with pytest.raises(Refusal, match="not with a date"):
        list(days_of(document(zipped("name,price\n")), FIRST, LAST))


def test_easter_is_where_the_calendar_has_it() -> None:
    # Butcher's Ecclesiastical Calendar; published tables.
    assert [easter(year) for year in (2019, 2024, 2026, 2027, 2038)] == [
        date(2019, 4, 21), date(2024, 3, 31), date(2026, 4, 5), date(2027, 3, 28), date(2038, 4, 25),
    ]  # fmt: skip


def test_the_closing_days_of_2026_are_the_banks() -> None:
    days = [date.fromordinal(o) for o in range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal())]
    assert [(day.month, day.day) for day in days if is_closed(day)] == [
        (1, 1), (4, 3), (4, 6), (5, 1), (12, 25), (12, 26),
    ]  # fmt: skip
