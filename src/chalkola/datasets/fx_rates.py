"""The euro's daily reference rates, published by the European Central Bank: what money is converted with.

A row for each working day and currency: units of the currency for one euro. Two rules are ours:

- The euro itself is 1.
- The UAE dirham (AED) is not among the bank's currencies. It has been pegged to the dollar since November 1997, at
  3.6725 for one (Central Bank of the UAE), so its rate is the dollar's times 3.6725.

Conversion takes the rate of a sale's day, or of the last day before it that has one.
"""

from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from decimal import Decimal

from chalkola.datasets.cadence import WorkingDays
from chalkola.datasets.counting import Counting
from chalkola.datasets.model import (
    Answer,
    Box,
    Column,
    Dataset,
    Limits,
    Past,
    Proof,
    Row,
    Source,
    Stamps,
    Table,
)
from chalkola.datasets.reference_rates import Rates, days_of
from chalkola.datasets.target_days import is_closed
from chalkola.documents import Document
from chalkola.marketplaces import MARKETPLACES

EURO, DOLLAR = "EUR", "USD"
PEGGED: Mapping[str, tuple[str, Decimal]] = {"AED": (DOLLAR, Decimal("3.6725"))}
"""Currencies that are not published: each with the one that it is pegged to, and its units for one of that."""
PUBLISHED, PEG, ITSELF = "ecb", "peg", "euro"

CADENCE = WorkingDays(
    at=time(17),  # "usually updated around 16:00 CET"
    time_zone="Europe/Berlin",
    closed=is_closed,
)
FX_RATES = Table(
    name="fx_rates",
    key=("currency_code",),
    columns=(
        Column(name="currency_code", type="text", path="currency", meaning="the currency, ISO 4217", required=True),
        Column(name="per_eur", type="numeric", path="rate", meaning="units of the currency for one euro"),
        Column(
            name="source", type="text", path="",
            meaning=(
                f"`{PUBLISHED}`: as published; `{PEG}`: by a fixed rate to one that is (AED: 3.6725 for one USD,"
                f" since 1997); `{ITSELF}`: the euro, which is 1"
            ),
        ),
    ),
    placed_by=("date",),
    stamps=Stamps(source=None, first=None, changed=None, times=None),
)  # fmt: skip
_NEEDED = {m.currency for m in MARKETPLACES} - {EURO} - PEGGED.keys()


def question(box: Box) -> Mapping[str, object]:
    """Return the days that are wanted."""
    return {"first": box.first.isoformat(), "last": box.last.isoformat()}


def read(document: Document, box: Box) -> Answer:
    """Read a file of the bank's: of the box's working days those that it has. Raises `Refusal`."""
    slices = [s for s in box.slices("fx_rates") if CADENCE.begins(s.day)]
    numbers = {s.day: number for number, s in enumerate(slices)}
    counting = Counting("fx_rates", FX_RATES, FX_RATES.columns, slices)
    lacking: set[str] = set()
    for day, rates in days_of(document, box.first, box.last):
        if day in numbers:
            rows = list(_rows(rates))
            counting.add([numbers[day]] * len(rows), list(zip(*rows, strict=True)))
            lacking |= _NEEDED - rates.keys()
    notes = [f"no rate for {', '.join(sorted(lacking))} on some days"] if lacking else []
    return Answer(batches=(counting.batch,), notes=notes)


def _rows(rates: Rates) -> Iterator[Row]:
    yield EURO, Decimal(1), ITSELF
    for code, rate in rates.items():
        if code not in PEGGED and code != EURO:
            yield code, rate, PUBLISHED
    for code, (other, units) in PEGGED.items():
        if other in rates:
            yield code, rates[other] * units, PEG


SOURCE = Source(
    name="fx_rates.ecb",
    driver="central_bank",
    creation="getReferenceRates",
    quota=None,
    fills=("fx_rates",),
    limits=Limits(marketplaces=1, days=800),
    bytes_per_row=110,
    question=question,
    read=read,
    processing=timedelta(),
    cadence=CADENCE,
    tries=3,
)

DATASET = Dataset(
    name="fx_rates",
    meaning="euro reference rates of the European Central Bank, a line a working day and currency",
    sources=(SOURCE,),
    table=FX_RATES,
    cadence=CADENCE,
    rereads=(),
    kept_for=timedelta(days=730),
    past=Past.AT_ONCE,
    proof=Proof.PUBLICATION,
    of_the_world=True,
    extra=True,
)
