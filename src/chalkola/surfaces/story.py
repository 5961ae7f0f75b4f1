"""A day's story in words: facts in, sentences out. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from chalkola.datasets.model import Dataset, Proof, SliceState
from chalkola.marketplaces import Marketplace, Place
from chalkola.pipeline.lacks import Lack
from chalkola.pipeline.why import Whose, whose
from chalkola.settings import Bucket
from chalkola.store.slices import Line
from chalkola.store.stories import Event, PullStory, Restatement
from chalkola.surfaces import words
from chalkola.surfaces.waiting import doing


@dataclass(frozen=True, kw_only=True)
class Story:
    """All that is known of one day of a dataset in a place."""

    place: Place
    day: date
    dataset: Dataset
    line: Line | None
    """None: the ledger has never heard of it."""
    pulls: Sequence[PullStory]
    """Those that covered it, or the day of a dataset that it is judged with."""
    lack: Lack | None
    """None: it is closed."""
    again_at: datetime | None
    """From when a closed day is read again; None: it is not."""
    found: int
    """Rows that were there before the first pull."""
    fault: str | None
    """Why the login of the marketplace's account fails; None: it works, or no account is known."""
    archive: Path | Bucket | None


@dataclass(frozen=True, kw_only=True)
class Told:
    """A story in sentences: how the day stands, what happened to each pull under its heading, and what comes next."""

    standing: tuple[str, ...]
    pulls: tuple[tuple[str, tuple[str, ...]], ...]
    next: tuple[str, ...]


def tell(story: Story) -> list[str]:
    """Return the story, a line each: how the day stands, each pull and what happened to it, and what comes next."""
    told = told_of(story)
    return [*told.standing, *(line for pull in told.pulls for line in ("", pull[0], *pull[1])), "", *told.next]


def told_of(story: Story) -> Told:
    """Return the story in its parts."""
    return Told(
        standing=tuple(_standing(story)),
        pulls=tuple((_heading(story, pull), tuple(_of_pull(story, pull))) for pull in story.pulls),
        next=(*([f"Account closed: {story.fault}"] if story.fault else []), _next(story)),
    )


def what_next(lack: Lack) -> str:
    """Return why a day is not closed, and what will be done about it and when, as a sentence that begins small."""
    state = "" if lack.state in (SliceState.DUE, SliceState.ASKED) else f"{lack.state}: "
    return f"{state}{lack.reason.removesuffix('.')}; {_then(lack)}."


def _then(lack: Lack) -> str:
    who = f"`{lack.command}` {lack.does}" if lack.command else lack.does
    return f"{who}, from {words.instant(lack.at)} on" if lack.at else who


def _standing(story: Story) -> Iterator[str]:
    line = story.line
    reason = story.lack.reason if story.lack is not None else line.reason if line is not None else None
    stands = ": ".join(filter(None, (line.state if line is not None else None, reason)))
    yield _sentences(f"{story.place.code} {story.day}, {story.dataset.name}: {stands}")
    if line is not None and line.row_count and (line.sums is not None or story.dataset.proof is not Proof.TOTALS):
        asked = f", asked {words.second(line.asked_at)}" if line.asked_at else ""
        yield f"It has {_figures(story, line)}, by {line.source}{asked}."
    if story.found:
        yield f"{words.count(story.found, 'row was', 'rows were')} here before the first pull."


def _figures(story: Story, line: Line) -> str:
    rows, sums = words.count(line.row_count or 0, "row"), line.sums
    if sums is None or story.dataset.proof is not Proof.TOTALS:
        return rows
    sales = words.money(sums.sales, _currency(story))
    return f"{rows}: {words.count(sums.units, 'unit')}, {sales}, {words.count(sums.sessions, 'session')}"


def _currency(story: Story) -> str:
    return story.place.currency if isinstance(story.place, Marketplace) else ""


def _next(story: Story) -> str:
    if story.lack is not None:
        return f"Next: {_then(story.lack)}."
    if story.again_at is not None:
        return f"Next: `chalkola pull` reads it again from {words.instant(story.again_at)} on: Amazon may restate it."
    if not story.dataset.rereads:
        return "Nothing more is asked: it is closed."
    return "Nothing more is asked: it is closed, and Amazon hardly restates a day of its age."


def _of_pull(story: Story, pull: PullStory) -> Iterator[str]:
    if pull.file is None and pull.created_at < pull.begins:
        yield _at(pull.created_at, "Planned.")
    for event, ticket in _with_tickets(pull.events or _remembered(pull)):
        said = _sentence(event, ticket, pull, story.archive)
        fault = whose(event.what, event.said)
        yield _at(event.at, f"{said} {_FAULTS[fault]}" if fault is not None else said)
    for said in (*(_restated(story, one) for one in pull.restatements), *_became(story, pull)):
        yield _at(pull.finished_at or pull.begins, said)
    if pull.finished_at is None:
        until = "" if pull.in_hand else f", from {words.second(pull.until)} on"
        yield f"  Under way: {doing(pull.as_open())}{until}."


def _at(at: datetime, said: str) -> str:
    return f"  {words.second(at)}  {said}"


def _heading(story: Story, pull: PullStory) -> str:
    beside = "" if _covers(story, pull) else f", {' and '.join(one.dataset for one in pull.became)} beside it"
    if pull.file is not None:
        return f"Pull {pull.id}{beside}: import of {pull.file}."
    some = f", {words.count(pull.asins, 'ASIN')} of {story.place.code} by name" if pull.asins else ""
    what = f"{words.scopes(pull.scopes)} {words.days(pull.first_day, pull.last_day)}{some}"
    return f"Pull {pull.id}{beside}: {pull.source}{words.of_account(pull.account)}, for {what}."


def _with_tickets(events: Sequence[Event]) -> Iterator[tuple[Event, str | None]]:
    """Yield the events; an asking that Amazon took at once comes with its ticket, and tells both."""
    left = list(events)
    while left:
        event = left.pop(0)
        is_taken = event.what == "asking" and bool(left) and left[0].what == "ticket"
        yield event, left.pop(0).said if is_taken else None


def _remembered(pull: PullStory) -> tuple[Event, ...]:
    """Return what the line of a pull tells that ended before events were written down."""
    ticket, end = "found" if pull.found else "ticket", pull.failure or pull.note
    known = (
        (pull.intended_at, "asking", None),
        (pull.ticketed_at, ticket, pull.ticket),
        (pull.finished_at, pull.stage, end),
    )
    return tuple(
        Event(id=0, pull_id=pull.id, at=at, what=what, said=said) for at, what, said in known if at is not None
    )


EVENTS = {
    "asking": "Asked{page}{ticket}.",
    "ticket": "Amazon's ticket is {raw}.",
    "throttled": "{said}",
    "setback": "{said}",
    "lost": "{said}",
    "looking": "Taken over: whoever was asking is gone, so Amazon's list is searched before it is asked again.",
    "taken over": "Taken over: whoever had it in hand is gone.",
    "found": "Found in Amazon's list: ticket {raw}.",
    "not ours": "What was found is not ours. {said}",
    "asked again": "Amazon's list does not have it: it is asked once more.",
    "page": "The document of {raw} is there, and names a next one.",
    "first page": "{said}",
    "source closed": "Amazon has closed the way. {said}",
    "loaded": "Loaded {rows} from a document of {size}, {kept}.{note}",
    "empty": "Amazon has no data. {said}",
    "refused": "Given up. {said}{document}",
}
"""How each event of a pull is told."""


def _sentence(event: Event, ticket: str | None, pull: PullStory, archive: Path | Bucket | None) -> str:
    raw, kept = event.said or "", _kept(pull, archive)
    said = _sentences(raw)
    return EVENTS[event.what].format(
        raw=raw, said=said, kept=kept,
        page=f" for {raw}" if raw else "",
        ticket=f": Amazon's ticket is {ticket}" if ticket else "",
        rows=words.count(pull.row_count or 0, "row"), size=words.size(pull.byte_count or 0),
        note=f" Note: {said}" if said else "",
        document=f" The document is {kept}." if pull.archived_as else "",
    ).rstrip()  # fmt: skip


def _kept(pull: PullStory, archive: Path | Bucket | None) -> str:
    if pull.archived_as is None:
        return f"not kept: {pull.unkept.rstrip('.')}" if pull.unkept else "not kept"
    if isinstance(archive, Path) and not pull.archived_as.startswith("supabase:"):
        return f"kept as {archive / pull.archived_as}"
    return f"kept as {pull.archived_as}"


def _sentences(said: str) -> str:
    """Return words as sentences: with a capital at the beginning and a stop at the end."""
    begun = said[:1].upper() + said[1:]
    return begun if not begun or begun.endswith((".", "!", "?", ")")) else f"{begun}."


def _became(story: Story, pull: PullStory) -> Iterator[str]:
    """Yield what the day is by a pull: once, where it is the same in all its datasets."""
    known = [one for one in pull.became if one.state is not None]
    is_same = len({(one.state, one.reason) for one in known}) == 1 and _covers(story, pull)
    for one in known[:1] if is_same else known:
        what = "The day is" if is_same else f"Its {one.dataset} is"
        yield _sentences(f"{what} now {one.state}{f': {one.reason}' if one.reason else ''}")


def _covers(story: Story, pull: PullStory) -> bool:
    return any(one.dataset == story.dataset.name for one in pull.became)


def _restated(story: Story, one: Restatement) -> str:
    currency = _currency(story)
    sums = (
        ("units", f"{one.units_before:,}", f"{one.units_after:,}"),
        ("sales", words.money(one.sales_before, currency), words.money(one.sales_after, currency)),
        ("sessions", f"{one.sessions_before:,}", f"{one.sessions_after:,}"),
    )
    moved = ", ".join(f"{name} from {before} to {after}" for name, before, after in sums if before != after)
    rows = f"{one.rows_added:,} added, {one.rows_changed:,} changed, {one.rows_withdrawn:,} withdrawn"
    return f"Amazon had restated its {one.dataset}: {moved or 'the sums are the same'}; rows: {rows}."


_FAULTS = {
    Whose.QUOTA: "Nobody's fault: Amazon's quota.",
    Whose.AMAZON: "Whose fault: Amazon's.",
    Whose.ACCOUNT: "Whose fault: the account's settings, which a person has to mend.",
    Whose.NETWORK: "Whose fault: the network's.",
    Whose.OURS: "Whose fault: ours. Please report it.",
}
