"""What a cell of a Business Report says: counts, amounts and percentages as people write them. Pure.

A sign that parts thousands in one file parts decimals in another, and one file may write counts in one manner and
amounts in the other (German downloads do). So it is decided for each kind of figure, by what the file itself shows,
and never guessed.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from chalkola.datasets.business_report_file import Raw, UnusableFile

_NOTHING = {"", "-", "--", "n/a"}
_FIGURE = re.compile(r"(?P<before>[^\d]*)(?P<digits>\d(?:[\d.,'’\s]*\d)?)(?P<after>[^\d]*)")
_COUNT = re.compile(r"\d+|\d{1,3}(?:(?P<sign>[.,'’\s])\d{3})(?:(?P=sign)\d{3})*")
_THOUSANDS = re.compile(r"['’\s]")

_DOLLARS = frozenset({"USD", "CAD", "AUD", "MXN"})
_CURRENCIES = {
    "$": _DOLLARS, "us$": {"USD"}, "ca$": {"CAD"}, "c$": {"CAD"}, "a$": {"AUD"}, "au$": {"AUD"}, "mx$": {"MXN"},
    "mex$": {"MXN"}, "r$": {"BRL"}, "£": {"GBP"}, "€": {"EUR"}, "¥": {"JPY"}, "円": {"JPY"}, "د.إ": {"AED"},
    **{code.lower(): {code} for code in ("USD", "CAD", "AUD", "MXN", "BRL", "GBP", "EUR", "JPY", "AED")},
}  # fmt: skip


class NotAFigure(Exception):
    """A cell says something else; the message is the end of a sentence about it."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A figure as it is written: its digits with what parts them, and the sign beside it in small letters."""

    digits: str
    sign: str


def written(cell: Raw) -> Written | Decimal | None:
    """Return what a cell holds: a figure as it is written, an exact number out of XLSX, None for nothing.

    Raises `NotAFigure` for text, dates and what is below zero.
    """
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return _not_below_zero(Decimal(repr(cell)))
    text = unicodedata.normalize("NFKC", str(cell if cell is not None else ""))
    text = "".join(c for c in text if unicodedata.category(c) != "Cf").replace("−", "-").replace("–", "-").strip()
    if text.lower() in _NOTHING:
        return None
    found = _FIGURE.fullmatch(text) if isinstance(cell, str) else None
    if found is None:
        raise NotAFigure("is not a number")
    sign = (found["before"] + found["after"]).strip().lower()
    if "-" in sign or "(" in sign:
        raise NotAFigure("is below zero")
    return Written(digits=found["digits"], sign=sign)


def count(cell: Raw) -> int | None:
    """Return a whole number: whatever parts its digits can only part thousands."""
    match written(cell):
        case None:
            return None
        case Decimal() as exact if exact == int(exact):
            return int(exact)
        case Written(digits=digits, sign="") if _COUNT.fullmatch(digits):
            return int(re.sub(r"\D", "", digits))
    raise NotAFigure("is not a whole number")


def amount(cell: Raw, decimal: str, currency: str) -> Decimal | None:
    """Return money. Raises `NotAFigure`, also for a sign of another currency."""
    found = written(cell)
    if not isinstance(found, Written):
        return found
    if found.sign and found.sign not in _CURRENCIES:
        raise NotAFigure("is not an amount")
    if found.sign and currency not in _CURRENCIES[found.sign]:
        raise NotAFigure(f"is not in {currency}, the marketplace's currency")
    return _exact(found.digits, decimal)


def percentage(cell: Raw, decimal: str, scale: int | None) -> Decimal | None:
    """Return percent; a number out of XLSX is multiplied by `scale`, None where that is not known."""
    found = written(cell)
    if isinstance(found, Decimal) and found and scale is None:
        raise NotAFigure("may mean percent or a part of 1: take the CSV as Seller Central gave it")
    if not isinstance(found, Written):
        return found if found is None else found * (scale or 1)
    if found.sign not in ("", "%", "٪"):
        raise NotAFigure("is not a percentage")
    return _exact(found.digits, decimal)


def decimal_sign(cells: Iterable[Raw], *, kind: str, given: str | None, whole: bool = False) -> str:
    """Return what parts decimals in these cells: `.` or `,`.

    `given` decides where they do not show it; `whole`: figures of this kind have no decimals, so that 1,234 is one
    thousand and something. Raises `UnusableFile` where the cells show both, or nothing for sure.
    """
    shown: dict[str, str] = {}
    for digits in _digits(cells):
        shown.setdefault(_shows(digits), digits)
    unsure = shown.pop("?", None)
    shown.pop("", None)
    if len(shown) > 1:
        raise UnusableFile(
            f"Decimals are written in two ways: {' and '.join(shown.values())}.",
            remedy="Take the file as Seller Central gave it.",
        )
    if shown or given:
        return next(iter(shown), given or ".")
    if unsure and whole:
        return "," if "." in unsure else "."
    if unsure:
        raise UnusableFile(
            f"Whether {unsure} is a thousand and more or has three decimals cannot be told from the file's {kind}.",
            remedy="Say what parts decimals: --decimal . or --decimal ,",
        )
    return "."


def says_currency(cells: Iterable[Raw]) -> bool:
    """Return whether any of these amounts names its currency."""
    return any(isinstance(found, Written) and found.sign for found in map(_or_nothing, cells))


def _digits(cells: Iterable[Raw]) -> Iterable[str]:
    return (found.digits for found in map(_or_nothing, cells) if isinstance(found, Written))


def _or_nothing(cell: Raw) -> Written | Decimal | None:
    try:
        return written(cell)
    except NotAFigure:
        return None  # said when the cell is read, with its place


def _shows(digits: str) -> str:
    """Return what one figure shows of what parts decimals: a sign, `?` where it may be either, '' for nothing."""
    plain = _THOUSANDS.sub("", digits)
    signs = [c for c in plain if c in ".,"]
    if not signs:
        return ""
    if len(set(signs)) == 2:
        return signs[-1]
    if len(signs) > 1:
        return "," if signs[0] == "." else "."
    head, tail = plain.split(signs[0])
    if len(tail) == 3 and len(head) <= 3 and head != "0" and plain == digits:
        return "?"
    return signs[0]


def _exact(digits: str, decimal: str) -> Decimal:
    whole, _, part = digits.partition(decimal)
    if not _COUNT.fullmatch(whole) or (part and not part.isdigit()):
        raise NotAFigure(f"does not fit the other figures, whose decimals follow a {_NAMES[decimal]}")
    return Decimal(re.sub(r"\D", "", whole) + "." + (part or "0"))


_NAMES = {".": "point", ",": "comma"}


def _not_below_zero(exact: Decimal) -> Decimal:
    if not exact.is_finite():
        raise NotAFigure("is not a number")
    if exact < 0:
        raise NotAFigure("is below zero")
    return exact
