"""Which child has which parent, as the rows have it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import LiteralString

from chalkola.store.board.asking import Look


@dataclass(frozen=True, kw_only=True)
class Kinship:
    """`parents`: the parent that each child had last, None where it had none; `children`: all that a parent ever had,
    without itself."""

    parents: Mapping[str, str | None]
    children: Mapping[str, tuple[str, ...]]


# The products of months that are summed are written down; those of months written since are read from the rows.
_KINSHIP: LiteralString = """
SELECT k.child_asin, k.parent_asin, max(k.last) AS last FROM (
  SELECT p.child_asin, p.parent_asin, max(p.days[cardinality(p.days)]) AS last FROM sp_summed_products p
  WHERE NOT p.of_parents GROUP BY 1, 2
  UNION ALL
  SELECT t.child_asin, t.parent_asin, max(t.date)
  FROM (SELECT DISTINCT marketplace_id, month FROM sp_unsummed WHERE NOT of_parents) AS u
  JOIN sp_daily_asin_data t ON t.marketplace_id = u.marketplace_id
    AND t.date BETWEEN u.month AND (u.month + interval '1 month')::date - 1
  GROUP BY 1, 2
) AS k WHERE k.child_asin IS NOT NULL GROUP BY 1, 2
"""


async def read_kinship(look: Look) -> Kinship:
    """Return the families of every marketplace together, once for everybody."""

    async def read() -> Kinship:
        rows = await look.rows(_KINSHIP)
        return kinship((row["child_asin"], row["parent_asin"], row["last"]) for row in rows)

    return await look.once(("kinship",), read)


def kinship(known: Iterable[tuple[str, str | None, date]]) -> Kinship:
    """Return the families of children, each with a parent and the last day on which it had it. Pure."""
    ordered = sorted(known, key=lambda one: (one[2], one[1] or ""))
    children: dict[str, set[str]] = {}
    for child, parent, _ in ordered:
        if parent is not None and parent != child:
            children.setdefault(parent, set()).add(child)
    return Kinship(
        parents={child: parent for child, parent, _ in ordered},
        children={parent: tuple(sorted(of)) for parent, of in children.items()},
    )
