"""What the columns of a Business Report are called, and which of ours they fill. Pure.

The English spellings, with and without business customers, are those of downloads that public programs read, the
older ones too; dashes, letter case and spaces vary between downloads and do not count. Of the German spellings public
programs show some only: `import` writes a template for what is missing.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from chalkola.datasets.business_report_file import DOWNLOAD_AGAIN, UnusableFile
from chalkola.datasets.counting import SUMMED
from chalkola.datasets.model import Column
from chalkola.datasets.sales_and_traffic_tables import BY_ASIN

IGNORE = "ignore"
"""Stands for our column where the file has one that we do not keep."""

COLUMNS: Mapping[str, Column] = {c.name: c for c in BY_ASIN.columns if c.name != "currency_code"}
"""What a column of a file may fill, by name."""
NEEDED = ("child_asin", "parent_asin", *SUMMED.values())
"""Without these no row can be stored, or held against Amazon's total."""

_B2B_TOO = {
    "Units Ordered": "units_ordered",
    "Ordered Product Sales": "ordered_product_sales",
    "Total Order Items": "total_order_items",
    "Sessions - Total": "sessions",
    "Sessions": "sessions",
    "Page Views - Total": "page_views",
    "Page Views": "page_views",
    "Featured Offer (Buy Box) Percentage": "buy_box_percentage",
    "Featured Offer Percentage": "buy_box_percentage",
    "Buy Box Percentage": "buy_box_percentage",
    "Unit Session Percentage": "unit_session_percentage",
    "Units Refunded": "units_refunded",
    "Refund Rate": "refund_rate",
    "Shipped Product Sales": "shipped_product_sales",
    "Units Shipped": "units_shipped",
    "Orders Shipped": "orders_shipped",
}
# Of business customers these are not kept: see BY_ASIN_NOT_KEPT.
_OF_ALL_ONLY = {
    "Sessions - Mobile App": "mobile_app_sessions",
    "Sessions - Browser": "browser_sessions",
    "Page Views - Mobile App": "mobile_app_page_views",
    "Page Views - Browser": "browser_page_views",
    "Session Percentage - Mobile App": "mobile_app_session_percentage",
    "Session Percentage - Browser": "browser_session_percentage",
    "Session Percentage - Total": "session_percentage",
    "Session Percentage": "session_percentage",
    "Page Views Percentage - Mobile App": "mobile_app_page_views_percentage",
    "Page Views Percentage - Browser": "browser_page_views_percentage",
    "Page Views Percentage - Total": "page_views_percentage",
    "Page Views Percentage": "page_views_percentage",
}
_ENGLISH = {
    "(Child) ASIN": "child_asin",
    "(Parent) ASIN": "parent_asin",
    "Title": IGNORE,
    "SKU": IGNORE,
    "Featured Offer - Unfilled Percentage": IGNORE,
    "Featured Offer - Unfilled Percentage - B2B": IGNORE,
    **_B2B_TOO,
    **{f"{name} - B2B": f"{column}_b2b" for name, column in _B2B_TOO.items()},
    **_OF_ALL_ONLY,
    **{f"{name} - B2B": IGNORE for name in _OF_ALL_ONLY},
}
_GERMAN = {
    "(Untergeordnete) ASIN": "child_asin",
    "(Übergeordnete) ASIN": "parent_asin",
    "Titel": IGNORE,
    "Sitzungen – Summe": "sessions",
    "Sitzungen – Summe – B2B": "sessions_b2b",
    "Sitzungen – mobile App": "mobile_app_sessions",
    "Sitzungen – mobile App – B2B": IGNORE,
    "Sitzungen – Browser": "browser_sessions",
    "Sitzungen – Browser – B2B": IGNORE,
    "Seitenaufrufe – Summe": "page_views",
    "Seitenaufrufe – Summe – B2B": "page_views_b2b",
    "Bestellte Einheiten": "units_ordered",
    "Bestellte Einheiten – B2B": "units_ordered_b2b",
    "Prozentsatz an Einheiten pro Sitzung": "unit_session_percentage",
    "Durch bestellte Produkte erzielter Umsatz": "ordered_product_sales",
    "Bestellsumme – B2B": "ordered_product_sales_b2b",
    "Zahl der Bestellposten": "total_order_items",
    "Zahl der Bestellposten – B2B": "total_order_items_b2b",
}


def mapped(header: Sequence[str], chosen: Mapping[str, str]) -> dict[int, Column]:
    """Return our column of each place in the header; what is not kept is left out.

    `chosen` goes before the known spellings. Raises `UnusableFile` that names what is unknown, twice or lacking.
    """
    _refuse_dates(header)
    known = {**_KNOWN, **{_plain(name): column for name, column in chosen.items()}}
    unknown = [name for name in header if known.get(_plain(name)) is None]
    if unknown:
        raise UnusableFile(
            f"Unknown {'columns' if len(unknown) > 1 else 'column'}: {_quoted(unknown)}.",
            why="What a column means is never guessed.",
            remedy="`chalkola import FILE --template map.toml` writes down the file's columns; say there what they"
            " are, and import with `--map map.toml`.",
        )
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        column = known[_plain(name)]
        if column in places:
            raise UnusableFile(
                f"Two columns are {column}: {_quoted([header[places[column]], name])}.", remedy=DOWNLOAD_AGAIN
            )
        if column != IGNORE:
            places[column] = place
    _refuse_lacking(places)
    return {place: COLUMNS[column] for column, place in places.items()}


def template(header: Sequence[str]) -> str:
    """Return a mapping file for a header: known columns filled in, the others left empty."""
    names = "\n".join(f"#   {c.name:34}{c.meaning}" for c in COLUMNS.values())
    lines = (f"{_toml(name)} = {_toml(_KNOWN.get(_plain(name), ''))}" for name in dict.fromkeys(header) if name)
    return (
        "# What the columns of a Business Report are. Left: as the file has them. Right: one of the names below, or\n"
        f'# "{IGNORE}" for what is not to be stored. Fill in what is empty.\n#\n{names}\n\n' + "\n".join(lines) + "\n"
    )


def read_mapping(text: str) -> dict[str, str]:
    """Return what a mapping file says. Raises `UnusableFile` that names the line which cannot be used."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnusableFile(
            "The mapping file cannot be read.", why=f"{error}.", remedy='Its lines are like "Sessions" = "sessions".'
        ) from error
    for name, column in said.items():
        if column == "":
            raise UnusableFile(
                f"The mapping file does not say what {json.dumps(name, ensure_ascii=False)} is.",
                remedy=f'Write one of our columns after it, or "{IGNORE}".',
            )
        if not isinstance(column, str) or column not in (*COLUMNS, IGNORE):
            raise UnusableFile(
                f"The mapping file has {name!r} = {column!r}, which is none of our columns.",
                remedy=f"Accepted: {', '.join((*COLUMNS, IGNORE))}.",
            )
    return {name: str(column) for name, column in said.items()}


def has_skus(header: Iterable[str]) -> bool:
    """Return whether the report is the one by SKU, which may list an ASIN several times."""
    return any(_plain(name) == "sku" for name in header)


def _refuse_dates(header: Sequence[str]) -> None:
    names = set(map(_plain, header))
    if names & {"date", "datum"}:
        raise UnusableFile(
            "The file has a column for dates: it is the report by date, or holds several days.",
            why="It would be stored as one day.",
            remedy=DOWNLOAD_AGAIN,
        )


def _refuse_lacking(found: Iterable[str]) -> None:
    lacking = [name for name in NEEDED if name not in set(found)]
    if not lacking:
        return
    by_parent = lacking == ["child_asin"]
    raise UnusableFile(
        "The file has no child ASINs: it is the report by parent item."
        if by_parent
        else f"The file lacks {', '.join(map(_in_english, lacking))}.",
        why="" if by_parent else "Without that a row cannot be stored, or held against Amazon's total.",
        remedy=DOWNLOAD_AGAIN + ("" if by_parent else " Show all columns before downloading."),
    )


def _in_english(column: str) -> str:
    return next(f'"{name}"' for name, known in _ENGLISH.items() if known == column)


def _plain(name: str) -> str:
    """Return a spelling without what does not count: `sessions-mobile app` for `Sessions – Mobile APP`."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    plain = re.sub(r"\s*[-‐‑‒–—−]\s*", "-", plain)
    return re.sub(r"\s+", " ", plain).strip()


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_KNOWN: Mapping[str, str] = {_plain(name): column for name, column in {**_GERMAN, **_ENGLISH}.items()}
