"""The Reports API's way to sales and traffic: one report per day and marketplace fills both datasets.

The by-ASIN list has no date (Amazon sums it over the report's range), hence one day per report; several marketplaces
fail the report (schemas/reports/sellerSalesAndTrafficReport.json).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from chalkola.datasets.asins import listed, places, with_child, without_child_note
from chalkola.datasets.collecting import Block, collect
from chalkola.datasets.counting import Counting, blocks
from chalkola.datasets.model import Answer, Batch, Box, Limits, Row, Source, Sums
from chalkola.datasets.reading import NEXT, WHOLE_BYTES, Layout, Parts, open_parts, refusal
from chalkola.datasets.sales_and_traffic_tables import (
    BY_ASIN,
    BY_ASIN_IN_REPORT,
    BY_ASIN_NOT_KEPT_OF_REPORT,
    BY_DATE,
    BY_DATE_IN_REPORT,
    BY_DATE_NOT_KEPT_OF_REPORT,
)
from chalkola.datasets.shapes import Section
from chalkola.datasets.twice_listed import added_up
from chalkola.documents import Document
from chalkola.errors import AnotherQuestion
from chalkola.marketplaces import Marketplace
from chalkola.quotas import Quota

REPORT_TYPE = "GET_SALES_AND_TRAFFIC_REPORT"
OPTIONS = {"dateGranularity": "DAY", "asinGranularity": "CHILD"}
_AMAZON_DEFAULTS = {"dateGranularity": "DAY", "asinGranularity": "PARENT"}

_DATES = Section(
    name="salesAndTrafficByDate",
    columns=BY_DATE_IN_REPORT,
    groups={"sales": "salesByDate", "traffic": "trafficByDate"},
    not_kept=BY_DATE_NOT_KEPT_OF_REPORT,
    named_by=("date",),
    labels=("date",),
    short=True,
)
_ASINS = Section(
    name="salesAndTrafficByAsin",
    columns=BY_ASIN_IN_REPORT,
    groups={"sales": "salesByAsin", "traffic": "trafficByAsin"},
    not_kept=BY_ASIN_NOT_KEPT_OF_REPORT,
    named_by=("childAsin", "parentAsin"),
)
LAYOUT = Layout(specification="reportSpecification", sections=(_DATES, _ASINS))


def question(box: Box) -> Mapping[str, object]:
    """Return createReport's body. Amazon ignores the time of day and takes both days as included."""
    return {
        "reportType": REPORT_TYPE,
        "marketplaceIds": [marketplace.amazon_id for marketplace in box.marketplaces],
        "dataStartTime": f"{box.first.isoformat()}T00:00:00Z",
        "dataEndTime": f"{box.last.isoformat()}T00:00:00Z",
        "reportOptions": OPTIONS,
    }


def read(document: Document, box: Box, *, whole_bytes: int = WHOLE_BYTES) -> Answer:
    """Read a report into one batch of ASIN rows and one of the day's totals.

    All of it has been checked when this returns. No rows and no totals is an answer too, with a note (for a day
    without data Amazon usually cancels the report instead). Raises `Refusal` for a document that answers another
    question or lacks what Amazon's schema promises.
    """
    marketplace, day = box.marketplaces[0], box.first
    parts = open_parts(document, LAYOUT, marketplace.currency, whole_bytes=whole_bytes)
    _check_question(parts.specification, marketplace, day)
    totals = list(parts.rows(_DATES))
    _check_dates(totals, day)
    rows, notes = _asin_rows(parts.rows(_ASINS), box)
    if rows.row_count and not totals:
        raise refusal(f"The document has {rows.row_count} ASINs and no totals for {day}.")
    whole = _total(totals, box)
    return Answer(
        batches=(rows, whole),
        notes=[*_notes(notes, rows, whole), *_currency_notes(parts, marketplace)],
        drift=parts.seen.drift,
    )


REPORT = Source(
    name="sales_and_traffic.report",
    driver="reports",
    creation="createReport",
    # Support, April 2026: 1 per 15 minutes and 96 a day, for all sellers of the app (issue 5210 of
    # amzn/selling-partner-api-models). Others were told the same per seller account; Amazon's page later said 3 per
    # 5 minutes. The most careful reading is the default; CHALKOLA_QUOTAS overrides it under this source's name.
    quota=Quota(count=1, per=timedelta(minutes=15), daily=96, scope="app"),
    fills=("sales_and_traffic", "daily_totals"),
    limits=Limits(marketplaces=1, days=1),
    bytes_per_row=550,  # a row of 210 bytes, its six index entries, and 150 bytes of the compressed document
    question=question,
    read=read,
)


def _check_question(said: Mapping[str, object], marketplace: Marketplace, day: date) -> None:
    """Hold Amazon's repetition of the question against ours: a report found instead of asked may differ."""
    options = said.get("reportOptions")
    options = _AMAZON_DEFAULTS | (options if isinstance(options, dict) else {})
    for name, found, wanted in (
        ("reportType", said.get("reportType"), REPORT_TYPE),
        ("marketplaceIds", said.get("marketplaceIds"), [marketplace.amazon_id]),
        ("dataStartTime", str(said.get("dataStartTime"))[:10], day.isoformat()),
        ("dataEndTime", str(said.get("dataEndTime"))[:10], day.isoformat()),
        *((f"reportOptions.{name}", options[name], wanted) for name, wanted in OPTIONS.items()),
    ):
        if found != wanted:
            raise AnotherQuestion(
                f"The document answers another question: {name} is {found}, not {wanted}.", remedy=NEXT
            )


def _check_dates(totals: list[Row], day: date) -> None:
    found = sorted(str(row[-1])[:10] for row in totals)
    if found and found != [day.isoformat()]:
        raise refusal(f"The document has totals for {', '.join(found[:3])}, not for {day} alone.")


@dataclass(frozen=True, kw_only=True)
class _Found:
    without_child: int
    twice: list[str]


def _asin_rows(rows: Iterable[Row], box: Box) -> tuple[Batch, _Found]:
    """Take the rows, which may be read again, with one line per child: those listed twice are added up."""
    counting = Counting("sales_and_traffic", BY_ASIN, BY_ASIN_IN_REPORT, box.slices("sales_and_traffic"))
    without_child = 0

    def read_through() -> Iterator[Block]:
        nonlocal without_child
        without_child = 0
        for block in blocks(rows):
            columns, filled = with_child(BY_ASIN_IN_REPORT, list(zip(*block, strict=True)))
            without_child += filled
            yield [0] * len(block), columns

    key = places(BY_ASIN_IN_REPORT, BY_ASIN.key)
    collected = collect(read_through, counting, key, partial(added_up, BY_ASIN_IN_REPORT), drop_identical=False)
    return counting.batch, _Found(without_child=without_child, twice=[asin for _, asin in collected.added])


def _total(totals: list[Row], box: Box) -> Batch:
    counting = Counting("daily_totals", BY_DATE, BY_DATE_IN_REPORT, box.slices("daily_totals"))
    if totals:
        counting.add([0], list(zip(*totals, strict=True))[: len(BY_DATE_IN_REPORT)])
    return counting.batch


def _notes(found: _Found, rows: Batch, totals: Batch) -> Iterator[str]:
    if not totals.row_count:
        yield "no rows and no totals"
    if found.without_child:
        yield without_child_note(found.without_child)
    if found.twice:
        yield f"{listed(found.twice)} listed twice: added; {_agreement(_sums(rows), _sums(totals))}"


def _sums(batch: Batch) -> Sums:
    (count,) = batch.counts.values()
    return count.sums


def _agreement(rows: Sums, totals: Sums) -> str:
    """Sessions are left out: one visit may see several ASINs, so they do not add up to the day's."""
    wrong = [
        f"{name} {ours} against {theirs}"
        for name, ours, theirs in (
            ("units", rows.units, totals.units),
            ("order items", rows.order_items, totals.order_items),
            ("sales", rows.sales, totals.sales),
        )
        if ours != theirs
    ]
    return f"the sums differ from the totals ({', '.join(wrong)})" if wrong else "the sums agree with the totals"


def _currency_notes(parts: Parts, marketplace: Marketplace) -> Iterator[str]:
    for path in sorted(parts.seen.without_currency):
        yield f"{path} without a currency: taken as {marketplace.currency}"
