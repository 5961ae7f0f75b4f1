"""What a run has to tell, as events: a pull that has ended, what a person has to do, and how the run ended."""

from chalkola.marketplaces import by_scope
from chalkola.pipeline.ending import Ended
from chalkola.pipeline.run import Report
from chalkola.store.slices import Line
from chalkola.surfaces import words
from chalkola.surfaces.logs import Log


def tell_pull(log: Log, ended: Ended) -> None:
    """Tell how a pull ended: the facts of which people are told in one line."""
    log(
        "pull",
        pull=ended.pull.id,
        account=ended.pull.account,
        source=ended.pull.source,
        scopes=list(dict.fromkeys(told.slice.scope for told in ended.told)),
        first_day=ended.pull.first_day,
        last_day=ended.pull.last_day,
        stage=ended.stage,
        rows=ended.row_count,
        states=list(dict.fromkeys(told.state for told in ended.told)),
        reasons=list(dict.fromkeys(told.reason for told in ended.told if told.reason)) or None,
        notes=list(ended.notes) or None,
        failure=ended.failure,
        asked_at=ended.pull.intended_at,
    )


def tell_run(log: Log, report: Report) -> None:
    """Tell what a person has to do, which days are not closed and why, and how the run ended."""
    for name, fault in report.worked.faults.items():
        log("fault", **_whose(name), what=fault.what, why=fault.why, remedy=fault.remedy)
    for s in report.plan.unreachable:
        log("unreachable", dataset=s.dataset, scope=s.scope, day=s.day)
    for line in report.lines:
        if not line.state.is_closed:
            _tell_open(log, line)
    ended = report.worked.ended
    log(
        "run",
        began=report.began,
        finished=report.finished,
        exit_code=report.exit_code,
        asked=len(report.plan.pulls),
        loaded=sum(one.stage == "loaded" for one in ended),
        failed=sum(one.stage == "refused" for one in ended),
        rows=sum(one.row_count for one in ended),
        late=len(report.late),
        left_in_ledger=report.worked.left,
        stopped=report.worked.stopped,
    )


def _whose(name: str) -> dict[str, object]:
    if (m := by_scope(name)) is not None:
        return {"marketplace": m.code}
    account, _, source = name.partition(" ")
    return {"account": account, "source": source or None}


def _tell_open(log: Log, line: Line) -> None:
    log(
        "open",
        dataset=line.slice.dataset,
        marketplace=words.of_scope(line.slice.scope),
        day=line.slice.day,
        state=line.state,
        reason=line.reason,
        next_at=line.next_at,
    )
