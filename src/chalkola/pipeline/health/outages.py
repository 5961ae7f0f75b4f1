"""Amazon does not answer, nothing comes in, or the history stands still. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalkola.pipeline.health.model import Concern, Health, in_hours, steps
from chalkola.pipeline.health.thresholds import Threshold, Unit

HISTORY_RANK = 2
"""Of the pulls of a backfill: see `datasets.model.Pull.rank`."""
NOTHING_AFTER = timedelta(hours=30)
OUTAGE_AFTER = Threshold(
    rule="outage",
    name="after",
    unit=Unit.HOURS,
    usual=1,
    least=0.25,
    most=72,
    means="How long Amazon has not answered",
)
NOTHING_PULLED_AFTER = Threshold(
    rule="nothing pulled", name="after", unit=Unit.HOURS, usual=NOTHING_AFTER / timedelta(hours=1), least=6, most=336,
    means="How long no answer was loaded",
)  # fmt: skip
STALLED_AFTER = Threshold(
    rule="backfill stalled", name="after", unit=Unit.HOURS, usual=48, least=1, most=720,
    means="How long the backfill has not moved",
)  # fmt: skip
_DAY = timedelta(days=1)


def outage_since(health: Health, account: str | None = None) -> datetime | None:
    """Return since when Amazon has not answered an account (None: any of them), None where it does."""
    closed = {one.key for one in health.accounts if one.fault}
    since = min(
        (w.since for w in health.waiting
         if w.is_trouble and w.account not in closed and account in (None, w.account)), default=None,
    )  # fmt: skip
    return since if since is not None and health.now - since >= health.chosen.span(OUTAGE_AFTER) else None


def outage(health: Health) -> Iterator[Concern]:
    """Yield one concern, whatever is late for it: Amazon does not answer."""
    if since := outage_since(health):
        struck = [w for w in health.waiting if w.is_trouble and outage_since(health, w.account)]
        accounts = " ".join(sorted({w.account for w in struck}))
        yield Concern(
            subject="Amazon",
            what=f"Amazon has not answered since {since:%Y-%m-%d %H:%M} UTC (accounts: {accounts}).",
            why=struck[0].said,
            done=f"{_pulls(len(struck))} in the ledger. The next run goes on with them; nothing is asked twice.",
            todo="Nothing: it passes. Amazon says how it is at https://sellercentral.amazon.com/sp-api-status.",
            grade=steps(health.now - since, _DAY, 3 * _DAY),
        )


def nothing_pulled(health: Health) -> Iterator[Concern]:
    """Yield one concern where no answer of Amazon's has come in for long."""
    if health.pace is None or (since := health.pace.pulled_at or health.pace.began_at) is None:
        return
    if health.now - since >= health.chosen.span(NOTHING_PULLED_AFTER):
        yield Concern(
            subject="Amazon",
            what=f"No answer of Amazon's has been loaded for {in_hours(health.now - since)}.",
            why=health.waiting[0].waiting_for if health.waiting else "",
            done="What is under way stays in the ledger, and the next run goes on with it.",
            todo="Run `chalkola doctor`: it looks at logins, roles, quotas and the database, and says what to do.",
            grade=steps(health.now - since, 3 * _DAY, 7 * _DAY),
            cause=_cause(health),
        )


def _cause(health: Health) -> tuple[str, str] | None:
    if outage_since(health):
        return "outage", "Amazon"
    faulty = [account for account in health.accounts if account.fault]
    return ("login refused", faulty[0].key) if faulty and len(faulty) == len(health.accounts) else None


def backfill_stalled(health: Health) -> Iterator[Concern]:
    """Yield one concern where questions about the history are open and none has moved for long."""
    pace = health.pace
    if pace is None or not pace.history_open or pace.history_moved_at is None:
        return
    still = health.now - pace.history_moved_at
    if still >= health.chosen.span(STALLED_AFTER):
        yield Concern(
            subject="backfill",
            what=f"The backfill has {pace.history_open} questions left, and none has moved for {in_hours(still)}.",
            why="It moves only while a run of it works: none was started, or its runs end before they get a turn.",
            done="Nothing is lost: the ledger knows what is left.",
            todo="Start `chalkola backfill` again (on GitHub: Actions > backfill > Run workflow).",
            grade=steps(still, 7 * _DAY),
            cause=_cause(health),
        )


def _pulls(count: int) -> str:
    return "1 pull is" if count == 1 else f"{count} pulls are"
