"""What an All Listings Report may be asked.

Source: developer-docs.amazon.com/sp-api/docs/report-type-values-inventory, "All Listings Report".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amazon_simulator.answers import invalid
from amazon_simulator.marketplaces import Marketplace

REPORT_TYPE = "GET_MERCHANT_LISTINGS_ALL_DATA"
_LOCALE = re.compile(r"[a-z]{2}_[A-Z]{2}")  # "standard locale codes in the POSIX-style locale format"


@dataclass(frozen=True, kw_only=True)
class ListQuestion:
    """What a list was asked: one marketplace, and how it is written. It has no days: it is as things are."""

    marketplace: Marketplace
    locale: str | None = None  # of the header; None: the marketplace's own language
    custom: bool = False  # with fewer columns
    made: datetime | None = None  # when the earlier list was made that this one repeats; None: it is made anew

    @property
    def language(self) -> str:
        """Return the language of the header."""
        return (self.locale or self.marketplace.language).partition("_")[0]


def list_options(options: Any) -> dict[str, str]:
    """Return the options of a createReport for a list; raises a Rejection."""
    if options is None:
        return {}
    if not isinstance(options, dict):
        raise invalid("Invalid Input", "reportOptions")
    for name, value in options.items():
        known = {"custom": "true|false", "preferredReportDocumentLocale": _LOCALE.pattern}.get(name)
        if known is None or not isinstance(value, str) or not re.fullmatch(known, value):
            raise invalid("Invalid report options", f"{name}: {value}")
    return dict(options)


def list_question(marketplace: Marketplace, options: Mapping[str, str]) -> ListQuestion:
    """Return what was asked with these options."""
    return ListQuestion(
        marketplace=marketplace,
        locale=options.get("preferredReportDocumentLocale"),
        custom=options.get("custom") == "true",
    )
