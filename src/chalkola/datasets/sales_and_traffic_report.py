"""The Reports API's way to sales and traffic: one report per day and marketplace fills both datasets.

The by-ASIN list has no date (Amazon sums it over the report's range), hence one day per report; several marketplaces
fail the report (schemas/reports/sellerSalesAndTrafficReport.json).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from chalkola.datasets.counting import blocks, fill, sums_of
from chalkola.datasets.model import Answer, Batch, Box, Cell, Row, Slice, Source, Sums
from chalkola.datasets.reading import NEXT, WHOLE_BYTES, Layout, Parts, open_parts, refusal
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN, BY_ASIN_NOT_KEPT, BY_DATE, BY_DATE_NOT_KEPT
from chalkola.datasets.shapes import Section
from chalkola.datasets.twice_listed import CHILD, PARENT, added_up
from chalkola.documents import Document
from chalkola.errors import AnotherQuestion
from chalkola.marketplaces import Marketplace
from chalkola.quotas import Quota

REPORT_TYPE = "GET_SALES_AND_TRAFFIC_REPORT"
OPTIONS = {"dateGranularity": "DAY", "asinGranularity": "CHILD"}
_AMAZON_DEFAULTS = {"dateGranularity": "DAY", "asinGranularity": "PARENT"}

_DATES = Section(
    name="salesAndTrafficByDate",
    table=BY_DATE,
    not_kept=BY_DATE_NOT_KEPT,
    named_by=("date",),
    labels=("date",),
    short=True,
)
_ASINS = Section(
    name="salesAndTrafficByAsin",
    table=BY_ASIN,
    not_kept=BY_ASIN_NOT_KEPT,
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

    All of it has been checked when this returns: reading the rows of a large document, which happens from the
    document's stream while they are taken, brings no refusal any more. No rows and no totals is an answer too, with a
    note (for a day without data Amazon usually cancels the report instead). Raises `Refusal` for a document that
    answers another question or lacks what Amazon's schema promises.
    """
    marketplace, day = box.marketplaces[0], box.first
    parts = open_parts(document, LAYOUT, marketplace.currency, whole_bytes=whole_bytes)
    _check_question(parts.specification, marketplace, day)
    totals = list(parts.rows(_DATES))
    _check_dates(totals, day)
    asins = parts.rows(_ASINS)
    survey = _survey(asins)
    if survey.row_count and not totals:
        raise refusal(f"The document has {survey.row_count} ASINs and no totals for {day}.")
    rows = fill(_batch("sales_and_traffic", marketplace, day), _clean(asins, survey), at_once=isinstance(asins, list))
    whole = fill(_batch("daily_totals", marketplace, day), [row[:-1] for row in totals], at_once=True)
    return Answer(
        batches=(rows, whole),
        notes=[*_notes(survey, whole), *_currency_notes(parts, marketplace)],
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
    marketplaces_per_pull=1,
    days_per_pull=1,
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


@dataclass(kw_only=True)
class _Survey:
    """What has to be known of all rows before the first one can be handed on."""

    row_count: int = 0
    without_child: int = 0
    twice: set[str] = field(default_factory=set)
    sums: Sums = field(default_factory=Sums)


def _survey(rows: Iterable[Row]) -> _Survey:
    survey, seen = _Survey(), set[Cell]()
    for block in blocks(rows):
        for row in block:
            child = row[CHILD] or row[PARENT]
            if child in seen:
                survey.twice.add(str(child))
            seen.add(child)
            survey.without_child += not row[CHILD]
        survey.row_count += len(block)
        survey.sums += sums_of(BY_ASIN, block)
    return survey


def _clean(rows: Iterable[Row], survey: _Survey) -> Iterable[Row]:
    """Return the rows with one line per child: those listed twice are added up and come last."""
    if survey.without_child:
        rows = map(_with_child, rows)
    return _added(rows, survey.twice) if survey.twice else rows


def _with_child(row: Row) -> Row:
    """Put the parent where the child is absent: such a row, if it comes, can only be about the parent itself, for
    which Amazon has a line too when asked by child (selling-partner-api-docs#2441)."""
    return row if row[CHILD] else (*row[:CHILD], row[PARENT], *row[CHILD + 1 :])


def _added(rows: Iterable[Row], twice: set[str]) -> Iterator[Row]:
    held: dict[Cell, list[Row]] = {}
    for row in rows:
        if row[CHILD] in twice:
            held.setdefault(row[CHILD], []).append(row)
        else:
            yield row
    yield from map(added_up, held.values())


def _batch(dataset: str, marketplace: Marketplace, day: date) -> Batch:
    return Batch(
        slice=Slice(dataset=dataset, scope=marketplace.scope, day=day),
        marketplace=marketplace,
        table=BY_ASIN if dataset == "sales_and_traffic" else BY_DATE,
        rows=(),
    )


def _notes(survey: _Survey, totals: Batch) -> Iterator[str]:
    if not totals.row_count:
        yield "no rows and no totals"
    if survey.without_child:
        yield f"rows without childAsin: {survey.without_child}; the parent is taken as the child"
    if survey.twice:
        yield f"{_listed(survey.twice)} listed twice: added; {_agreement(survey.sums, totals.sums)}"


def _listed(asins: set[str], most: int = 5) -> str:
    names, more = sorted(asins), len(asins) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


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
