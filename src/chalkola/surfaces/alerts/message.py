"""What people are told, before it is Slack's or a mail: pure values, composed from news."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from chalkola.pipeline.health import BY_NAME
from chalkola.pipeline.health.lifecycle import News, Told
from chalkola.settings import GitHubRun
from chalkola.store.alerts import KnownAlert
from chalkola.surfaces import words

PAGE = "operating.md"
_LONGEST_TITLE = 120


@dataclass(frozen=True, kw_only=True)
class Link:
    """Words that lead somewhere."""

    text: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Section:
    """One thing that is told: lines, then what is said about all of them under its name, then perhaps a table whose
    first row is its head. The title of a section that is alone is the message's."""

    title: str = ""
    severity: str = ""
    lines: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    link: Link | None = None


@dataclass(frozen=True, kw_only=True)
class Message:
    """All that a channel is told at once. `over` has a line for each kind of alert that is over."""

    title: str
    sections: tuple[Section, ...] = ()
    over: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()


def compose(news: News, channel: str, github: GitHubRun | None) -> Message:
    """Return what a channel is told of some news: a section for each rule, a line for each that is over."""
    by_rule = [list(some) for _, some in groupby(news.worse, key=lambda told: told.alert.rule)]
    return Message(
        title=_title([some[0].alert for some in by_rule], len(news.worse), news.over),
        sections=tuple(_section(some, channel, github, alone=len(by_rule) == 1) for some in by_rule),
        over=tuple(_over(list(some)) for _, some in groupby(news.over, key=lambda alert: alert.rule)),
        links=links_to(github),
    )


def links_to(github: GitHubRun | None) -> tuple[Link, ...]:
    """Return where a person finds the run, and starts it again; nothing outside of GitHub."""
    if github is None:
        return ()
    return Link(text="This run", url=github.run), Link(text="Run it again", url=github.workflow)


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return a table's rows with its columns one below the other; all but the first are set to the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(_placed(row, widths)).rstrip() for row in table]


def _placed(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if column else cell.ljust(width)


def _title(first: Sequence[KnownAlert], count: int, over: Sequence[KnownAlert]) -> str:
    if len(first) == 1:
        title = means = _means(first[0])
        if count == 1 and first[0].subject not in means:
            title = f"{means}: {first[0].subject}"
    elif first:
        title = f"{words.count(count, 'alert')}: {', '.join(alert.rule for alert in first)}"
    else:
        title = f"Over: {', '.join(dict.fromkeys(alert.rule for alert in over))}"
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1]}…"


def _means(alert: KnownAlert) -> str:
    return BY_NAME[alert.rule].means if alert.rule in BY_NAME else alert.rule


def _section(some: Sequence[Told], channel: str, github: GitHubRun | None, *, alone: bool) -> Section:
    alerts = [told.alert for told in some]
    rule = BY_NAME.get(alerts[0].rule)
    facts = (
        ("Why", _whys(alerts)),
        ("Done", _each(alerts, lambda a: a.done)),
        ("To do", _each(alerts, lambda a: a.todo)),
    )
    link = Link(text="What this means", url=f"{github.docs}{PAGE}#{rule.anchor}") if github and rule else None
    return Section(
        title="" if alone else _means(alerts[0]),
        severity=alerts[0].severity or "",
        lines=tuple(line for told in some for line in _lines(told, channel)),
        facts=tuple((name, "\n".join(said)) for name, said in facts if any(said)),
        link=link,
    )


def _lines(told: Told, channel: str) -> Iterable[str]:
    worse = "It has grown worse. " if told.alert.told.get(channel) else ""
    yield f"{worse}{told.alert.message}"
    for rule, some in groupby(sorted(told.explains, key=lambda e: e.rule), key=lambda e: e.rule):
        yield f"For the same reason: {rule} ({', '.join(sorted(alert.subject for alert in some))})."


def _whys(alerts: Sequence[KnownAlert]) -> list[str]:
    """Return each reason once: by itself where it is the only one, else behind those whose reason it is."""
    subjects: dict[str, list[str]] = {}
    for alert in alerts:
        subjects.setdefault(alert.why, []).append(alert.subject)
    if len(subjects) == 1:
        return [alerts[0].why]
    return [f"{', '.join(some)}: {why}" for why, some in subjects.items() if why]


def _each(alerts: Iterable[KnownAlert], of: Callable[[KnownAlert], str]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(of, alerts))))


def _over(alerts: Sequence[KnownAlert]) -> str:
    rule = BY_NAME.get(alerts[0].rule)
    subjects = ", ".join(alert.subject for alert in alerts)
    since = words.instant(min(alert.raised_at for alert in alerts))
    said = f"Over: {alerts[0].rule}, {subjects} (since {since})."
    return f"{said} {rule.over}" if rule and rule.over else said
