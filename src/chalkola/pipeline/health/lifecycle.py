"""The life of an alert: raised once, told once for each grade, closed with one line. Pure.

found by a rule      -> raised, or brought up to date
not found any more   -> over, once it has been unseen for as long as its rule says
told                 -> of each channel once, and again when its grade exceeds what that channel was told
muted                -> kept and shown; nobody is told
explained by another -> that one is told instead, with this one in it, for as long as it is open
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalkola.pipeline.health.model import Concern, Health, Rule
from chalkola.store.alerts import Delivery, KnownAlert, Mute, Seen

TOLD_OVER_WITHIN = timedelta(days=7)
"""An alert that was over for longer when a channel could be told is not told any more."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is to be written: what the rules have found, and the ids of the alerts that are over."""

    found: tuple[Seen, ...]
    over: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Told:
    """An alert that a channel is to be told of, and the alerts that it explains."""

    alert: KnownAlert
    explains: tuple[KnownAlert, ...] = ()


@dataclass(frozen=True, kw_only=True)
class News:
    """What a channel is to be told: alerts that are new to it or have grown worse, the gravest first; and those that
    it was told of and that are over."""

    worse: tuple[Told, ...] = ()
    over: tuple[KnownAlert, ...] = ()

    @property
    def deliveries(self) -> list[Delivery]:
        """Return what has to be claimed before it is told."""
        raised = [Delivery(kind="raised", alert_id=t.alert.id, grade=t.alert.grade) for t in self.worse]
        return raised + [Delivery(kind="cured", alert_id=alert.id) for alert in self.over]

    def only(self, claimed: Iterable[Delivery]) -> "News":
        """Return the part of it that was claimed."""
        ours = {(one.kind, one.alert_id) for one in claimed}
        return News(
            worse=tuple(told for told in self.worse if ("raised", told.alert.id) in ours),
            over=tuple(alert for alert in self.over if ("cured", alert.id) in ours),
        )


def examine(health: Health, rules: Sequence[Rule]) -> tuple[tuple[Rule, Concern], ...]:
    """Return what every rule finds, of each subject the gravest. A cause that no rule has found is none, and neither
    is one that has a cause of its own."""
    found: dict[tuple[str, str], tuple[Rule, Concern]] = {}
    for rule in rules:
        for concern in rule.see(health):
            before = found.get((rule.name, concern.subject))
            if before is None or before[1].grade < concern.grade:
                found[rule.name, concern.subject] = rule, concern
    roots = {key for key, (_, concern) in found.items() if concern.cause is None}
    return tuple(
        (rule, concern if concern.cause in roots else replace(concern, cause=None))
        for rule, concern in found.values()
    )


def changes(
    known: Sequence[KnownAlert], found: Sequence[tuple[Rule, Concern]], rules: Mapping[str, Rule], now: datetime
) -> Changes:
    """Return what is to be written. Alerts of rules that this version does not know are left alone."""
    present = {(rule.name, concern.subject) for rule, concern in found}
    gone = (a for a in known if a.cured_at is None and a.rule in rules and (a.rule, a.subject) not in present)
    return Changes(
        found=tuple(_seen(rule, concern) for rule, concern in found),
        over=tuple(a.id for a in gone if now - (a.found_at or a.raised_at) >= rules[a.rule].calm),
    )


def news(
    alerts: Sequence[KnownAlert], mutes: Sequence[Mute], rules: Mapping[str, Rule], channel: str, now: datetime
) -> News:
    """Return what a channel is to be told now."""
    there = {alert.key for alert in alerts if alert.cured_at is None}
    heard = [alert for alert in alerts if not is_muted(alert, mutes, now)]
    worse = [a for a in heard if a.cured_at is None and a.cause not in there and a.grade > a.told.get(channel, 0)]
    explained = [alert for alert in heard if alert.cured_at is None and alert.cause in there]
    return News(
        worse=tuple(
            Told(alert=alert, explains=tuple(e for e in explained if e.cause == alert.key))
            for alert in sorted(worse, key=lambda a: _order(a, rules))
        ),
        over=tuple(
            alert
            for alert in sorted(heard, key=lambda a: _order(a, rules))
            if alert.cured_at is not None
            and now - alert.cured_at <= TOLD_OVER_WITHIN
            and channel in alert.told
            and channel not in alert.told_over
            and (alert.rule not in rules or rules[alert.rule].over)
        ),
    )


def is_muted(alert: KnownAlert, mutes: Iterable[Mute], now: datetime) -> bool:
    """Return whether nobody is to be told of an alert now."""
    return any(m.rule == alert.rule and m.subject in ("", alert.subject) and now < m.until for m in mutes)


def _seen(rule: Rule, concern: Concern) -> Seen:
    return Seen(
        rule=rule.name, subject=concern.subject, severity=rule.severity.value, grade=concern.grade,
        message=concern.what, why=concern.why, done=concern.done, todo=concern.todo,
        cause="/".join(concern.cause) if concern.cause else None,
    )  # fmt: skip


def _order(alert: KnownAlert, rules: Mapping[str, Rule]) -> tuple[int, int, str]:
    place = list(rules).index(alert.rule) if alert.rule in rules else len(rules)
    return place, -alert.grade, alert.subject
