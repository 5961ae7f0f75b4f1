"""Data Kiosk's way of asking for sales and traffic: a GraphQL query whose fields are the paths of our columns.

Amazon's schema is schemas/data-kiosk/analytics_salesAndTraffic_2024_04_24.graphql. A document repeats nothing of the
question but what its rows carry: marketplace, first and last day.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalkola.datasets.model import Box, Column
from chalkola.datasets.shapes import Section, tree

DATASET = "analytics_salesAndTraffic_2024_04_24"
MOST_CHARACTERS = 8_000
"""Of a query, once needless whitespace is removed (dataKiosk_2023-11-15.json)."""
FRAME = ("startDate", "endDate", "marketplaceId")
"""The labels of every row: what it answers."""


def section(name: str, columns: tuple[Column, ...], not_kept: Mapping[str, str], *named_by: str) -> Section:
    """Return the section of a query of this name. GraphQL's Float is a double."""
    return Section(
        name=name, columns=columns, not_kept=not_kept, named_by=(*named_by, "marketplaceId"),
        labels=FRAME,
    )  # fmt: skip


def query(asked: Section, arguments: str) -> Mapping[str, object]:
    """Return createQuery's body: the fields of a section, for these arguments."""
    fields = dict.fromkeys((*FRAME, *asked.paths, *(f"{money}.currencyCode" for money in asked.money)))
    return {"query": f"query {{ {DATASET} {{ {asked.name}({arguments}) {_selection(tree(fields))} }} }}"}


def days(box: Box) -> str:
    """Return the arguments for a box's days, both included."""
    return f'startDate: "{box.first.isoformat()}" endDate: "{box.last.isoformat()}"'


def marketplaces(box: Box) -> str:
    """Return the argument for a box's marketplaces."""
    return f"marketplaceIds: {texts(marketplace.amazon_id for marketplace in box.marketplaces)}"


def texts(values: Iterable[str]) -> str:
    """Return a list of texts. Whitespace separates in GraphQL, and so does a comma."""
    return f"[{' '.join(map(json.dumps, values))}]"


def _selection(fields: Mapping[str, Any]) -> str:
    return f"{{{' '.join(f'{name}{_selection(inner)}' if inner else name for name, inner in fields.items())}}}"
