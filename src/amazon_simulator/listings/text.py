"""The All Listings Report's document: lines with tabs, in the charset of the marketplace's region.

Charsets as the download's Content-Type names them: jrl84/amazon-sp-api#144 (North America, Europe), docs#2086
(Japan). What the charset cannot hold is a question mark (models#4888). Nothing is quoted: a quotation mark is one.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from amazon_simulator.amounts import amount
from amazon_simulator.listings.headers import columns_of, header
from amazon_simulator.listings.offers import Offer
from amazon_simulator.listings.question import ListQuestion
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.mischief import Fault

Row = dict[str, str]
"""The cells of a line by their columns; absent: empty."""
_DATES = {"na": "%Y-%m-%d 08:00:00 PST", "eu": "%d/%m/%Y 08:00:00 GMT", "fe": "%Y/%m/%d 08:00:00 JST"}


class Charset(NamedTuple):
    """How the text is encoded, by Python's name, and how the download's Content-Type names that."""

    codec: str
    content_type: str


def charset(marketplace: Marketplace) -> Charset:
    """Return the charset of a marketplace's lists."""
    if marketplace.code == "JP":
        return Charset("cp932", "text/plain; charset=Shift_JIS")
    if marketplace.region == "na":
        return Charset("utf-8", "text/plain; charset=utf8")
    return Charset("cp1252", "text/plain; charset=Cp1252")


def row(marketplace: Marketplace, offer: Offer) -> Row:
    """Return an offer's cells, as the charset leaves them."""
    cells = {
        "item-name": offer.title,
        "item-description": offer.description,
        "listing-id": offer.listing_id,
        "seller-sku": offer.sku,
        "price": "" if offer.price is None else f"{amount(marketplace, offer.price)}",
        "quantity": "" if offer.quantity is None else str(offer.quantity),
        "open-date": offer.opened.strftime(_DATES[marketplace.region]),
        "item-is-marketplace": "y",
        "product-id-type": "4" if offer.barcode else "1" if offer.asin else "",
        "item-condition": "11",
        "asin1": offer.asin or "",
        "product-id": offer.barcode or offer.asin or "",
        "pending-quantity": "" if offer.by_amazon else "0",
        "fulfillment-channel": f"AMAZON_{_centre(marketplace)}" if offer.by_amazon else "DEFAULT",
        "merchant-shipping-group": "Migrated Template",
        "status": offer.status,
    }
    codec = charset(marketplace).codec
    return {name: cell.encode(codec, "replace").decode(codec) for name, cell in cells.items() if cell}


def written(question: ListQuestion, offers: Sequence[Offer], faults: Sequence[Fault]) -> bytes:
    """Return the document, as faults leave it. Lines may end before cells that are empty."""
    rows = [row(question.marketplace, offer) for offer in offers]
    columns = list(columns_of(question))
    if any(fault.kind == "own_language" for fault in faults):
        question = replace(question, locale=None)
    names = header(question, columns)
    for fault in faults:
        if fault.kind == "not_json":
            return b"Your report could not be rendered. Please contact Selling Partner Support."
        if fault.kind in _SPOILERS:
            _SPOILERS[fault.kind](names, columns, rows, fault)
    lines = [names, *([cells.get(column, "") for column in columns] for cells in rows)]
    end = "\r\n" if question.marketplace.code == "JP" else "\n"
    text = end.join("\t".join(line).rstrip("\t") for line in lines) + end
    return text.encode(charset(question.marketplace).codec, "replace")


def _centre(marketplace: Marketplace) -> str:
    return marketplace.code if marketplace.region == "fe" else marketplace.region.upper()


def _rows_missing(names: list[str], columns: list[str], rows: list[Row], fault: Fault) -> None:
    kept = random.Random("rows missing").sample(range(len(rows)), int(len(rows) * fault.factor))
    rows[:] = [rows[at] for at in sorted(kept)]


def _lines_twice(names: list[str], columns: list[str], rows: list[Row], fault: Fault) -> None:
    rows[1:1] = rows[:2]


def _lines_torn(names: list[str], columns: list[str], rows: list[Row], fault: Fault) -> None:
    """Put a tab into one description, and the end of a line into another."""
    torn = [cells for cells in rows if "item-description" in cells][:2]
    for cells, what in zip(torn, "\t\n", strict=False):
        cells["item-description"] = cells["item-description"].replace(", ", what)


def _column_missing(names: list[str], columns: list[str], rows: list[Row], fault: Fault) -> None:
    if fault.field in columns:
        at = columns.index(fault.field)
        del columns[at], names[at]


def _column_added(names: list[str], columns: list[str], rows: list[Row], fault: Fault) -> None:
    columns.insert(3, "unheard-of")
    names.insert(3, "unheard-of")
    for cells in rows:
        cells["unheard-of"] = "1"


_SPOILERS: Mapping[str, Callable[[list[str], list[str], list[Row], Fault], None]] = {
    "rows_missing": _rows_missing,
    "lines_twice": _lines_twice,
    "lines_torn": _lines_torn,
    "column_missing": _column_missing,
    "column_added": _column_added,
}
