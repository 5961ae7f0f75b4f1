"""How much one question may span: halved when Amazon refuses it, and remembered. Pure."""

from collections import Counter
from dataclasses import replace

from chalkola.datasets.model import Box, Limits


def smaller(known: Limits, box: Box) -> Limits | None:
    """Return the limits under which a refused question is asked in halves; None when it cannot be halved.

    `known` are the limits so far. First several filters of one marketplace are given up, then filters, then days,
    then marketplaces: in the order in which Amazon is likely to have minded, since it publishes none of these.
    """
    days = (box.last - box.first).days + 1
    per_marketplace = Counter(f.marketplace.code for f in box.filters)
    if _beyond(known, box, per_marketplace):
        return known  # asked before this was learned: another refusal of the same size teaches nothing more
    if known.repeats and any(count > 1 for count in per_marketplace.values()):
        return replace(known, repeats=False)
    if len(box.filters) > 1:
        return replace(known, filters=len(box.filters) // 2)
    if days > 1:
        return replace(known, days=days // 2)
    if len(box.marketplaces) > 1:
        return replace(known, marketplaces=len(box.marketplaces) // 2)
    return None


def _beyond(known: Limits, box: Box, per_marketplace: Counter[str]) -> bool:
    return (
        len(box.marketplaces) > known.marketplaces
        or (box.last - box.first).days >= known.days
        or len(box.filters) > known.filters
        or (not known.repeats and any(count > 1 for count in per_marketplace.values()))
    )
