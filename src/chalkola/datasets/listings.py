"""Amazon's list of what a seller offers in a marketplace: which SKU is which ASIN, title, price, status.

The report `GET_MERCHANT_LISTINGS_ALL_DATA` (developer-docs.amazon.com/sp-api/docs/report-type-values-inventory, "All
Listings Report"): one marketplace a report, as things are when Amazon makes it, which it does anew once in one to six
hours. Asked for once a week, and whenever a person wants it. A SKU that is on it no more is kept, and marked as gone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice

from chalkola.datasets.cadence import EachWeek
from chalkola.datasets.collecting import Block, collect
from chalkola.datasets.counting import Counting, blocks
from chalkola.datasets.flat_file import charset_of, lines_of_text
from chalkola.datasets.listings_header import NAMES, places_of, unknown_in
from chalkola.datasets.listings_lines import Lines
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
from chalkola.documents import Document

REPORT_TYPE = "GET_MERCHANT_LISTINGS_ALL_DATA"
OPTIONS = {"preferredReportDocumentLocale": "en_US"}
USUAL_CHARSETS: Mapping[str, Sequence[str]] = {"JP": ("cp932", "cp1252")}
"""By marketplace, where it is not UTF-8 (selling-partner-api-docs#2086); elsewhere it is Windows-1252."""
_WESTERN = ("cp1252",)

LISTINGS = Table(
    name="sp_listings",
    key=("sku",),
    columns=(
        Column(
            name="sku", type="text", path="seller-sku", required=True,
            meaning="the seller's own name of the offer, as Amazon has it",
        ),
        Column(
            name="asin", type="text", path="asin1",
            meaning="the product's ASIN; where the list has no such column, as in Japan, the product id of type 1."
            " NULL: Amazon names none, as of a listing that is incomplete",
        ),
        Column(
            name="title", type="text", path="item-name",
            meaning="the product's title in the marketplace; what its charset lacks comes as question marks",
        ),
        Column(name="price", type="numeric(12,2)", path="price", meaning="the seller's price, in currency_code"),
        Column(name="currency_code", type="text", path="", meaning="currency of the price: the marketplace's"),
        Column(
            name="quantity", type="integer", path="quantity",
            meaning="pieces that the merchant has; NULL where Amazon keeps the stock",
        ),
        Column(
            name="status", type="text", path="status", meaning="Active, Inactive or Incomplete, in Amazon's words"
        ),
        Column(
            name="fulfilment", type="text", path="fulfillment-channel",
            meaning="`FBA`: Amazon sends it; `FBM`: the merchant does",
        ),
        Column(name="listing_id", type="text", path="listing-id", meaning="Amazon's own name of the offer"),
        Column(
            name="open_date", type="text", path="open-date",
            meaning="since when it is offered, as Amazon writes it, which differs by marketplace",
        ),
    ),
    placed_by=("marketplace_id", "amazon_marketplace_id"),
    stamps=Stamps(source=None, first="first_seen_at", changed="changed_at", times=None, gone="gone_at"),
)  # fmt: skip
_FROM = {"price": "price", "currency_code": "price", "quantity": "quantity", "status": "status",
         "fulfilment": "channel", "listing_id": "listing_id", "open_date": "open_date"}  # fmt: skip
"""Columns that a list may lack, each with what of its header it is read from: they are left as they are then."""
_NO_MORE = "Amazon does not fill it any more"
NOT_KEPT: Mapping[str, str] = {
    "item-description": "long, and of no use to a table of figures",
    "product-id": "the ASIN is in asin; other numbers of the product are the seller's own matter",
    "product-id-type": "says what product-id is",
    "item-note": "the merchant's words about the condition",
    "item-condition": "a number that Amazon explains nowhere",
    "item-is-marketplace": "always y",
    "will-ship-internationally": "about the merchant's shipping",
    "expedited-shipping": "about the merchant's shipping",
    "merchant-shipping-group": "about the merchant's shipping",
    "pending-quantity": "pieces in orders under way, of the merchant's own stock",
    "add-delete": "for files that are sent to Amazon",
    "Minimum order quantity": "about business customers' prices",
    "Sell remainder": "about business customers' prices",
    "points": "of Japan's Amazon Points",
    "asin2": _NO_MORE,
    "asin3": _NO_MORE,
    "image-url": _NO_MORE,
    "zshop-shipping-fee": _NO_MORE,
    "zshop-category1": _NO_MORE,
    "zshop-browse-path": _NO_MORE,
    "zshop-storefront-feature": _NO_MORE,
    "zshop-boldface": _NO_MORE,
    "bid-for-featured-placement": _NO_MORE,
    "Deprecated column": _NO_MORE,
}


def question(box: Box) -> Mapping[str, object]:
    """Return createReport's body. It has no days: a list is as things are."""
    marketplaces = [marketplace.amazon_id for marketplace in box.marketplaces]
    return {"reportType": REPORT_TYPE, "marketplaceIds": marketplaces, "reportOptions": OPTIONS}


def read(document: Document, box: Box) -> Answer:
    """Read a list into one batch: a row for each SKU.

    A list without a line is an answer too. Raises `AnotherQuestion`, a `Refusal`, for one whose header lacks what
    every list has, and `Damaged` for one that did not arrive whole.
    """
    marketplace = box.marketplaces[0]
    charset = charset_of(document, USUAL_CHARSETS.get(marketplace.code, _WESTERN))
    header = next(lines_of_text(document, charset), "").split("\t")
    places = places_of(header)
    columns = tuple(c for c in LISTINGS.columns if c.name not in _FROM or _FROM[c.name] in places)
    counting = Counting("listings", LISTINGS, columns, box.slices("listings"))
    lines = Lines(places=places, currency=marketplace.currency, columns=columns)

    def read_through() -> Iterator[Block]:
        below = islice(lines_of_text(document, charset), 1, None)
        for block in blocks(lines.rows(below)):
            yield [0] * len(block), list(zip(*block, strict=True))

    collected = collect(read_through, counting, (0,), _last, drop_identical=True)
    twice = [str(key[-1]) for key in collected.added]
    notes = [*_notes_of_header(header, places), *_notes_of_lines(lines), *_notes_of_keys(twice, collected.identical)]
    return Answer(batches=(counting.batch,), notes=notes)


def _last(rows: Sequence[Row]) -> Row:
    return rows[-1]


def _notes_of_header(header: Sequence[str], places: Mapping[str, int]) -> Iterator[str]:
    lacking = [NAMES[name][0] for name in dict.fromkeys(_FROM.values()) if name not in places]
    if lacking:
        yield f"without the columns {', '.join(lacking)}: what was known of them stays"
    if unknown := unknown_in(header, NOT_KEPT):
        yield f"columns that are not known: {', '.join(name[:40] for name in unknown[:8])}"


def _notes_of_lines(lines: Lines) -> Iterator[str]:
    remarks = lines.remarks
    if remarks.mended:
        yield f"lines torn within a text, and put together: {remarks.mended}"
    if remarks.left_out:
        numbers = ", ".join(map(str, remarks.left_out[:5]))
        yield f"lines without a SKU, left out: {len(remarks.left_out)} (number {numbers})"
    for column, said in remarks.unreadable.items():
        yield f"{column} cannot be read, and is stored as NULL: {len(said)} times, such as {said[0][:40]!r}"


def _notes_of_keys(twice: Sequence[str], identical: int) -> Iterator[str]:
    if twice:
        yield f"listed twice, of which the last line is taken: {', '.join(sku[:40] for sku in twice[:5])}"
    if identical:
        yield f"lines that came twice: {identical}"


REPORT = Source(
    name="listings.report",
    driver="reports",
    creation="createReport",
    quota=None,
    fills=("listings",),
    limits=Limits(marketplaces=1, days=1),
    bytes_per_row=600,  # a row of 250 bytes, two index entries, and 250 bytes of the compressed document
    question=question,
    read=read,
)

DATASET = Dataset(
    name="listings",
    meaning="what is offered in a marketplace, a line a SKU, as Amazon lists it",
    sources=(REPORT,),
    table=LISTINGS,
    cadence=EachWeek(),
    rereads=(),
    kept_for=timedelta(),
    past=Past.GONE,
    proof=Proof.LIST_BEFORE,
    cached_for=timedelta(hours=6),
    extra=True,
    not_kept=NOT_KEPT,
)
