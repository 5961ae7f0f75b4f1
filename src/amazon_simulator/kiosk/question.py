"""What a Data Kiosk query asks, once it has been understood."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from amazon_simulator.kiosk.schema import BY_ASIN, TRENDS
from amazon_simulator.marketplaces import Marketplace

Selection = Mapping[str, "Selection | None"]
"""Fields as asked for, in that order; None for a field without parts."""

_TOKENS = re.compile(r'"(?:[^"\\\n]|\\.)*"|[\s\ufeff]+|[^\s\ufeff"]+')
_PUNCTUATION = "{}()[]:,!"


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One marketplace of a query, and which of its children are wanted (None: all)."""

    marketplace: Marketplace
    asins: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class KioskQuestion:
    """A query of the sales-and-traffic dataset: `kind` is its name in the schema, days are both included."""

    kind: str
    start: date
    end: date
    scopes: tuple[Scope, ...]
    asin_granularity: str = "CHILD"
    date_granularity: str = "DAY"
    selection: Selection
    too_large: bool = False
    """Amazon takes the query and finds out later that it cannot answer it."""

    @property
    def aggregate(self) -> str:
        """Return the granularity that the query chose."""
        return self.asin_granularity if self.kind == BY_ASIN else self.date_granularity

    @property
    def codes(self) -> tuple[str, ...]:
        """Return the codes of the marketplaces, each once."""
        return tuple(dict.fromkeys(scope.marketplace.code for scope in self.scopes))

    @property
    def asins(self) -> int | None:
        """Return how many ASINs the query names, None when its kind names none."""
        return sum(len(scope.asins or ()) for scope in self.scopes) if self.kind == TRENDS else None

    def fields(self) -> list[str]:
        """Return the paths of the fields asked for, those with parts left out."""
        return list(_paths(self.selection, self.kind))


def compact(text: str) -> str:
    """Return a query without needless whitespace: none beside punctuation, one space elsewhere."""
    out = ""
    for token in _TOKENS.findall(text.strip()):
        if not token.isspace():
            out = out[:-1] if out.endswith(" ") and token[0] in _PUNCTUATION else out
            out += token
        elif out and out[-1] not in _PUNCTUATION:
            out += " "
    return out


def _paths(selection: Selection, above: str) -> Any:
    for name, parts in selection.items():
        if parts is None:
            yield f"{above}.{name}"
        else:
            yield from _paths(parts, f"{above}.{name}")
