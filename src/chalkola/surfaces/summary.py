"""What GitHub shows of a run on its page, in Markdown, and the annotations beside it. Pure, but for one write."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from chalkola.errors import ChalkolaError, Setback
from chalkola.marketplaces import Marketplace
from chalkola.pipeline.checkup import Finding, Level
from chalkola.redaction import without_secrets
from chalkola.settings import secret_values
from chalkola.store.buckets import Bucket
from chalkola.surfaces import words
from chalkola.surfaces.doctor_screen import conclusion
from chalkola.surfaces.standing import Late, Standing
from chalkola.surfaces.status_value import turns_left


@dataclass(frozen=True, kw_only=True)
class Day:
    """A marketplace's day, as it is here."""

    marketplace: Marketplace
    day: date
    state: str
    asins: int
    units: int | None
    sales: Decimal | None


@dataclass(frozen=True, kw_only=True)
class History:
    """How far the backfill is: marketplace-days that are closed, of all; questions that are left, and until when
    (None: nothing can be asked now)."""

    closed: int
    days: int
    questions: int
    done_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What a person has to do something about."""

    subject: str
    what: str
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A run that has ended, as of `now` (Amazon's time). `ended` says in a sentence how."""

    title: str
    ended: str
    exit_code: int
    now: datetime
    days: Sequence[Day] = ()
    standings: Sequence[Standing] = ()
    buckets: Sequence[Bucket] = ()
    """Those that questions draw from."""
    history: History | None = None
    troubles: Sequence[Trouble] = ()
    warnings: Sequence[Trouble] = ()


def compose(summary: Summary) -> str:
    """Return the page of a run."""
    parts = [f"## {summary.title}", summary.ended]
    parts += [_in_words(trouble, "❌") for trouble in summary.troubles]
    parts += [_in_words(warning, "⚠️") for warning in summary.warnings]
    parts += [*_days(summary), *_history(summary), *_quotas(summary)]
    return "\n\n".join(parts) + "\n"


def annotations(summary: Summary) -> list[str]:
    """Return the lines by which GitHub shows what matters above everything else."""
    found = [annotation("error", t.subject, f"{t.what} {t.remedy}") for t in summary.troubles]
    found += [annotation("warning", w.subject, f"{w.what} {w.remedy}") for w in summary.warnings]
    late = [one for one in summary.standings if one.late]
    if summary.exit_code == 3:
        said = "; ".join(f"{one.marketplace.code} {_late(one.late, summary.now)}" for one in late)
        found.append(annotation("warning", "Some days failed or are late", said or "The summary says which."))
    return found


def compose_findings(findings: Sequence[Finding]) -> str:
    """Return the page of a preflight."""
    rows = [
        (_MARKS[f.level], f.account or f.area.value, f.what, " ".join(filter(None, (f.why, f.remedy))), f.where)
        for f in findings
    ]
    head = ("", "about", "what", "why, and what to do", "where")
    return "\n\n".join(("## chalkola doctor", conclusion(findings), table(head, rows))) + "\n"


def findings_as_annotations(findings: Sequence[Finding]) -> list[str]:
    """Return a line for each fault and each warning."""
    kinds = {Level.FAULT: "error", Level.WARNING: "warning"}
    return [
        annotation(kinds[f.level], f.account or f.area.value, f"{f.what} {f.remedy}")
        for f in findings
        if f.level in kinds
    ]


def compose_failure(error: ChalkolaError) -> str:
    """Return the page of a command that could not do its work."""
    sentences = [s.strip() for s in (error.what, error.why, error.remedy) if s.strip()]
    head = "## ⚠️ Nothing could be asked now" if isinstance(error, Setback) else "## ❌ A person is needed"
    return "\n\n".join((head, *sentences)) + "\n"


def failure_as_annotation(error: ChalkolaError) -> str:
    """Return the line of such a failure."""
    if isinstance(error, Setback):
        return annotation("warning", "Nothing could be asked now", f"{error.what.strip()} The next run asks again.")
    return annotation("error", "A person is needed", f"{error.what.strip()} {error.remedy}")


def publish(path: Path, page: str, lines: Sequence[str]) -> None:
    """Add a page to GitHub's summary, and print the annotations on standard error. A run goes on where it cannot."""
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(without_secrets(page, *secret_values()) + "\n")
    except OSError as failure:
        print(f"The summary could not be written: {failure}", file=sys.stderr, flush=True)
    for line in lines:
        print(line, file=sys.stderr, flush=True)


def annotation(kind: str, title: str, text: str) -> str:
    """Return a workflow command. docs.github.com/actions/reference/workflow-commands-for-github-actions"""
    escaped = _escaped(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{kind} title={escaped}::{_escaped(text.strip())}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table. A column whose name begins with `>` is set to the right."""
    names = [name.removeprefix(">") for name in head]
    rules = ["---:" if name.startswith(">") else "---" for name in head]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in (names, rules, *rows))


def _days(summary: Summary) -> Iterator[str]:
    if not summary.days:
        return
    late = {one.marketplace: _late(one.late, summary.now) for one in summary.standings if one.late}
    rows = []
    for one in summary.days:
        sales = "" if one.sales is None else words.money(one.sales, one.marketplace.currency)
        units = "" if one.units is None else f"{one.units:,}"
        said = late.pop(one.marketplace, "")
        rows.append((one.marketplace.code, str(one.day), one.state, f"{one.asins:,}", units, sales, said))
    yield table(("marketplace", "day", "state", ">ASINs", ">units", ">sales", "late, and why"), rows)


def _late(late: Sequence[Late], now: datetime) -> str:
    first = late[0]
    asked = "the next run asks" if not first.next_at or first.next_at <= now else (
        f"asked again from {words.instant(first.next_at)}"
    )  # fmt: skip
    more = f"; and {words.count(len(late) - 1, 'day', 'days')} more" if len(late) > 1 else ""
    return f"{first.day} {first.state}: {first.why}; {asked}{more}"


def _history(summary: Summary) -> Iterator[str]:
    one = summary.history
    if one is None or not one.days:
        return
    if one.closed == one.days:
        yield f"History: all {words.count(one.days, 'marketplace-day')} are closed. {_SWITCH_OFF}"
        return
    closed = f"History: {one.closed:,} of {words.count(one.days, 'marketplace-day')} are closed"
    if one.done_at is None:
        yield f"{closed}; nothing more can be asked now."
        return
    yield (
        f"{closed}. {words.count(one.questions, 'question')} to Amazon are left: about"
        f" {words.about(one.done_at - summary.now)} of asking by its quotas, so {words.instant(one.done_at)} at the"
        " earliest."
    )


def _quotas(summary: Summary) -> Iterator[str]:
    rows = []
    for bucket in summary.buckets:
        daily = "" if bucket.daily is None else f"{bucket.daily - len(bucket.turns)} of {bucket.daily}"
        rows.append((bucket.key, f"{turns_left(bucket, summary.now)} of {bucket.burst}", daily))
    if rows:
        inside = table(("quota", ">turns left", ">left today"), rows)
        yield f"<details><summary>What Amazon's quotas leave for asking</summary>\n\n{inside}\n\n</details>"


def _in_words(trouble: Trouble, mark: str) -> str:
    return " ".join(filter(None, (f"{mark} **{trouble.subject}**:", trouble.what.strip(), trouble.remedy)))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


_SWITCH_OFF = "The backfill's schedule has nothing left to do: set the variable CHALKOLA_BACKFILL to off."
_MARKS = {Level.OK: "✅", Level.NOTE: "ℹ️", Level.WARNING: "⚠️", Level.FAULT: "❌"}
