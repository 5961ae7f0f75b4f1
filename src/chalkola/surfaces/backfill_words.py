"""A backfill in words and as an object: what there is to do, what it adds, how it ended, what is left."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from chalkola.pipeline.backfill.outlook import Progress
from chalkola.pipeline.backfill.run import Outlook, Report
from chalkola.pipeline.checkup.finding import Finding
from chalkola.pipeline.work import WhyLeft
from chalkola.surfaces import screen, words
from chalkola.surfaces.backfill_progress import table

_WHY = {
    WhyLeft.STOPPED: "Stopped in good order",
    WhyLeft.OUT_OF_TIME: "The time is up",
    WhyLeft.WAITING: "Nothing can be asked for a while",
    None: "Nothing more can be asked now",
}


def begin(console: Console, outlook: Outlook, done: Sequence[Progress], room: Finding) -> None:
    """Print what there is to do, how long Amazon's quotas make it take, what it adds and whether there is room."""
    for name, fault in outlook.opened.faults.items():
        console.print(f"{words.of_fault(name)}: {fault}", style="red", soft_wrap=True)
    if any(one.days for one in done):
        screen.show(console, table(outlook, done))
    for sentence in (*_what_is_left(outlook), *_what_it_adds(outlook)):
        console.print(sentence, soft_wrap=True)
    if outlook.done_at is not None:
        console.print(" ".join(filter(None, (room.what, room.why, room.remedy))), soft_wrap=True)


def end(console: Console, report: Report, done: Sequence[Progress]) -> None:
    """Print how it ended: what a person has to do, how far it is, what is left and when that can be done."""
    for name, fault in report.worked.faults.items():
        console.print(f"\n{words.of_fault(name)}: {fault.what}", style="red", soft_wrap=True)
        for sentence in filter(None, (fault.why, fault.remedy)):
            console.print(f"  {sentence}", soft_wrap=True)
    if any(one.days for one in done):
        screen.show(console, table(report.outlook, done))
    for sentence in _ending(report, done):
        console.print(sentence, soft_wrap=True)


def _what_is_left(outlook: Outlook) -> Iterator[str]:
    if outlook.done_at is None:
        yield "Nothing is left to ask for now."
        return
    questions = sum(one.questions.total() for one in outlook.ahead.values())
    took = words.about(outlook.done_at - outlook.now)
    yield (
        f"{words.count(questions, 'question')} to Amazon are left. By its quotas all of it should be in about"
        f" {words.instant(outlook.done_at)}, in {took}; days that do not add up are asked for again after that."
    )
    if outlook.steps.later:
        yield "How many questions the days take is known once their months are listed: which ASINs were there."


def _what_it_adds(outlook: Outlook) -> Iterator[str]:
    adds = outlook.estimate
    if adds.rows:
        but = f", and what {words.listed(adds.unknown)} add" if adds.unknown else ""
        yield f"It adds about {words.count(adds.rows, 'row')}, {words.size(adds.bytes)}{but}."
    if adds.unknown:
        yield "How much that is, and whether there is room for it, is said as soon as it can be known."


def _ending(report: Report, done: Sequence[Progress]) -> Iterator[str]:
    took, ended = words.span(report.finished - report.began), report.worked.ended
    rows = words.count(sum(one.row_count for one in ended if one.stage == "loaded"), "row")
    yield f"{words.count(len(ended), 'question')} answered, {rows}, in {took} of Amazon's time."
    left = sum(one.days - one.closed for one in done)
    if left:
        days = words.count(left, "marketplace-day is", "marketplace-days are")
        yield f"{_WHY[report.worked.why_left]}: {days} left.{_when(report)}"
        yield "The next `chalkola backfill` goes on from here; `chalkola gaps` says what each day waits for."
        return
    differ = sum(one.differ for one in done)
    accepted = (
        f" {words.count(differ, 'day differs', 'days differ')} by a residual that was accepted." if differ else ""
    )
    yield f"Every day is closed.{accepted} `chalkola gaps` lists what there is to know."


def _when(report: Report) -> str:
    done_at, next_at = report.outlook.done_at, report.outlook.steps.next_at
    if done_at is None:
        return f" The first of them can be asked for again from {words.instant(next_at)} on." if next_at else ""
    asking = words.about(done_at - report.finished)
    return f" By Amazon's quotas they can be in about {words.instant(done_at)}, {asking} of asking from now."


def outlook_as_object(outlook: Outlook, done: Sequence[Progress]) -> dict[str, object]:
    """Return what there is to do as `--json` prints it."""
    return {
        "now": outlook.now,
        "accounts": [{**screen.plain(one), "waiting": one.waiting} for one in done],
        "questions": {account: dict(one.questions) for account, one in outlook.ahead.items()},
        "done_at": outlook.done_at,
        "seconds": (outlook.done_at - outlook.now).total_seconds() if outlook.done_at else 0,
        "adds_rows": outlook.estimate.rows,
        "adds_bytes": outlook.estimate.bytes,
        "size_unknown": [m.code for m in outlook.estimate.unknown],
        "unreachable": len(outlook.steps.unreachable),
        "faults": {account: str(fault) for account, fault in outlook.opened.faults.items()},
    }


def report_as_object(report: Report, done: Sequence[Progress]) -> dict[str, object]:
    """Return how it ended as `--json` prints it, with what is left."""
    faults = report.worked.faults.items()
    return {
        **outlook_as_object(report.outlook, done),
        "began": report.began,
        "finished": report.finished,
        "why_left": report.worked.why_left,
        "answered": len(report.worked.ended),
        "rows": sum(one.row_count for one in report.worked.ended if one.stage == "loaded"),
        "days_left": sum(one.days - one.closed for one in done),
        "next_at": report.worked.next_at or report.outlook.steps.next_at,
        "faults": {name: {"what": f.what, "why": f.why, "remedy": f.remedy} for name, f in faults},
    }
