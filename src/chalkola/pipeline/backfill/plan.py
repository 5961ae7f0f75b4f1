"""The questions about history that can be asked now: totals first, then the newest days. Pure.

Where Amazon answers by name (Trends), days are asked for in windows: first the months are listed, then each window is
asked for the ASINs of its months. Where it does not, or where that costs more, each day is asked for whole. Days that
did not reconcile are asked for whole in either case.
"""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from chalkola.datasets import CATALOG
from chalkola.datasets.model import Pull
from chalkola.pipeline.backfill.by_name import ByName
from chalkola.pipeline.backfill.lacking import Aim, without
from chalkola.pipeline.backfill.plot import Plot
from chalkola.pipeline.backfill.steps import Knowledge, Steps, slices
from chalkola.pipeline.means import Means
from chalkola.pipeline.parts import parts

__all__ = ["Knowledge", "Steps", "plan"]


def plan(aim: Aim, means: Means, known: Knowledge, now: datetime) -> Steps:
    """Return the next steps towards the aim."""
    catalog = {d.name: d for d in (*CATALOG, *aim.datasets)}
    plots = [Plot(aim=aim, part=part, known=known, now=now) for part in parts(aim.datasets, catalog, means)]
    found = [_steps(plot) for plot in plots]
    return Steps(
        pulls=tuple(sorted((p for steps in found for p in steps.pulls), key=_place)),
        repairs=frozenset(p for steps in found for p in steps.repairs),
        silent=tuple(s for steps in found for s in steps.silent),
        later=sum((steps.later for steps in found), Counter()),
        unreachable=tuple(s for steps in found for s in steps.unreachable),
        next_at=min((steps.next_at for steps in found if steps.next_at is not None), default=None),
        lacking=sum((steps.lacking for steps in found), Counter()),
    )


def _steps(plot: Plot) -> Steps:
    if not plot.days or not plot.part.marketplaces:
        return Steps()
    rows, totals = plot.part.dataset, tuple(plot.totals())
    if rows.totals_in is None:
        return Steps(pulls=totals, lacking=plot.lacking(rows))
    if plot.complete is None:
        return Steps(unreachable=tuple(slices(rows.name, {m: x.now for m, x in plot.lacks.items()})))
    silent = plot.silent()
    left = {m: without(x, silent.get(m, ())) for m, x in plot.lacks.items()}
    by_name = ByName.of(plot)
    redone = tuple(by_name.redone()) if by_name else ()
    steps = by_name.steps(left) if by_name and by_name.costs_less(left) else plot.by_day(left)
    both = [d for d in (rows, plot.part.totals) if d is not None]
    return replace(
        steps, pulls=(*totals, *redone, *steps.pulls), silent=tuple(s for d in both for s in slices(d.name, silent)),
        next_at=min((at for x in plot.lacks.values() for at in x.waiting.values()), default=None),
        lacking=sum((plot.lacking(d) for d in both), Counter()),
    )  # fmt: skip


_OF_TOTALS = frozenset(
    source.name for d in CATALOG for source in d.sources if source.fills == (d.name,) and d.totals_in is None
)
"""The sources that bring totals alone."""


def _place(pull: Pull) -> tuple[bool, int]:
    return pull.source.name not in _OF_TOTALS, -pull.box.last.toordinal()
