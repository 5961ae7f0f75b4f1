"""How much of a plan is written down at once. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping

from chalkola.datasets.model import Pull
from chalkola.pipeline.backfill.steps import Steps

MOST = 32
"""Questions of a source and account that are written down ahead of asking: enough never to run dry, and few enough
that what is learned meanwhile counts for the rest."""


def portion(
    steps: Steps, open_: Mapping[tuple[str, str], int], repairs_left: Mapping[str, int], most: int = MOST
) -> Iterator[Pull]:
    """Yield the questions to write down: those that come first of each account and source, beside those that are
    `open_` already. Questions for the same days are parts of a window: all of them or none, for its days are judged
    when the last part is in. `repairs_left` is how many repairs an account may still ask for."""
    taken, repaired = Counter(open_), Counter[str]()
    begun: set[tuple[object, ...]] = set()
    for pull in steps.pulls:
        account, box = pull.box.account, pull.box
        key, window = (account, pull.source.name), (account, pull.source.name, box.first, box.last)
        if taken[key] >= most and not (box.filters and window in begun):
            continue
        if pull in steps.repairs:
            if repaired[account] >= repairs_left.get(account, 0):
                continue
            repaired[account] += 1
        begun.add(window)
        taken[key] += 1
        yield pull
