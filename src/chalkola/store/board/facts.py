"""What products are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import LiteralString
from uuid import UUID

from chalkola.store.board.asking import Look


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A product's listing as the first marketplace has it that lists it. `skus`: all there, with | between."""

    title: str | None = None
    sku: str | None = None
    skus: str | None = None
    price: Decimal | None = None
    currency_code: str | None = None
    status: str | None = None


UNKNOWN = Facts()

_FACTS: LiteralString = """
WITH shelf AS (  -- whatever columns a table `products` of the user's has
  SELECT DISTINCT ON (p ->> 'parent_asin') p ->> 'parent_asin' AS asin, p ->> 'title' AS title
  FROM (SELECT to_jsonb(t) FROM products t) AS x (p) WHERE p ->> 'parent_asin' IS NOT NULL
), listed AS (
  SELECT f.* FROM sp_sheet_facts(
    ARRAY(SELECT DISTINCT l.asin FROM sp_listings l WHERE l.asin IS NOT NULL), %(members)s) f
)
SELECT coalesce(f.asin, s.asin) AS asin, coalesce(f.title, s.title) AS title, f.sku, f.skus, f.price, f.currency_code,
       f.status
FROM listed f FULL JOIN shelf s ON s.asin = f.asin
"""


async def read_facts(look: Look, members: tuple[UUID, ...]) -> Mapping[str, Facts]:
    """Return what is known of every product that is listed in some marketplaces; what is in no list is not there."""

    async def read() -> Mapping[str, Facts]:
        rows = await look.rows(_FACTS, {"members": list(members)})
        return {row.pop("asin"): Facts(**row) for row in rows}

    return await look.once(("facts", members), read)
