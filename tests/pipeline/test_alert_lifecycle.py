"""The life of an alert: raised once, told once for each grade and channel, closed with one line; none is lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from chalkola.pipeline.checkup.finding import Level
from chalkola.pipeline.health.lifecycle import News, changes, examine, is_muted, news
from chalkola.pipeline.health.model import Concern, Health, Rule
from chalkola.store.alerts import KnownAlert, Mute, Seen

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
SLACK, MAIL = "Slack", "mail"


def rule(name: str, *, over: str | None = "It is over.", calm: timedelta = timedelta()) -> Rule:
    return Rule(name=name, severity=Level.WARNING, means=name, over=over, see=lambda _: (), calm=calm)


RULES = {
    one.name: one for one in (rule("outage"), rule("late"), rule("event", over=None), rule("shaky", calm=2 * DAY))
}


@dataclass
class Ledger:
    """The alerts of a story, and everything that was told, in order: (channel, alert, grade); grade 0 is its end."""

    alerts: list[KnownAlert] = field(default_factory=list)
    said: list[tuple[str, int, int]] = field(default_factory=list)

    def evening(
        self, concerns: Sequence[tuple[str, Concern]], now: datetime, *, mutes: Sequence[Mute] = (),
        reached: Sequence[str] = (SLACK, MAIL),
    ) -> dict[str, News]:  # fmt: skip
        """End a run: look, write down, tell the channels; those that are not `reached` fail. Return the news."""
        by_rule = {name: [c for of, c in concerns if of == name] for name in RULES}
        seen = [replace(one, see=lambda _, found=by_rule[one.name]: found) for one in RULES.values()]
        made = changes(self.alerts, examine(Health(now=now), seen), RULES, now)
        self._write(made.found, made.over, now)
        told = {channel: news(self.alerts, mutes, RULES, channel, now) for channel in (SLACK, MAIL)}
        for channel in reached:
            self._tell(channel, told[channel])
        return told

    def _write(self, found: Sequence[Seen], over: Sequence[int], now: datetime) -> None:
        for seen in found:
            is_open = [a for a in self.alerts if (a.rule, a.subject, a.cured_at) == (seen.rule, seen.subject, None)]
            if is_open:
                self._put(replace(is_open[0], grade=seen.grade, cause=seen.cause, message=seen.message, found_at=now))
            else:
                self.alerts.append(alert(len(self.alerts) + 1, seen, now))
        for number in over:
            self._put(replace(self.alerts[number - 1], cured_at=now))

    def _tell(self, channel: str, told: News) -> None:
        for one in told.worse:
            before = self.alerts[one.alert.id - 1]
            self._put(replace(before, told={**before.told, channel: one.alert.grade}))
            self.said.append((channel, one.alert.id, one.alert.grade))
        for over in told.over:
            before = self.alerts[over.id - 1]
            self._put(replace(before, told_over=[*before.told_over, channel]))
            self.said.append((channel, over.id, 0))

    def _put(self, changed: KnownAlert) -> None:
        self.alerts[changed.id - 1] = changed


def alert(number: int, seen: Seen, now: datetime) -> KnownAlert:
    return KnownAlert(
        id=number, rule=seen.rule, subject=seen.subject, severity=seen.severity, grade=seen.grade,
        message=seen.message, why=seen.why, done=seen.done, todo=seen.todo, cause=seen.cause, raised_at=now,
        found_at=now, cured_at=None, told={}, told_over=[],
    )  # fmt: skip


def concern(subject: str, grade: int = 1, cause: tuple[str, str] | None = None) -> Concern:
    return Concern(subject=subject, what=f"{subject} at {grade}.", grade=grade, cause=cause)


def told(found: News) -> list[str]:
    return [f"{one.alert.key} {one.alert.grade}" for one in found.worse] + [f"over {a.key}" for a in found.over]


def test_an_alert_is_told_once_again_when_worse_and_closed_with_one_line() -> None:
    ledger = Ledger()
    nights = [[("late", concern("DE", grade))] for grade in (1, 1, 2, 1, 2, 3)] + [[], []]

    heard = [told(ledger.evening(found, NOW + n * DAY)[SLACK]) for n, found in enumerate(nights)]

    assert heard == [["late/DE 1"], [], ["late/DE 2"], [], [], ["late/DE 3"], ["over late/DE"], []]


def test_what_comes_back_after_its_end_is_a_new_alert() -> None:
    ledger = Ledger()
    nights = [[("late", concern("DE"))], [], [("late", concern("DE"))]]
    heard = [told(ledger.evening(found, NOW + n * DAY)[SLACK]) for n, found in enumerate(nights)]
    assert heard == [["late/DE 1"], ["over late/DE"], ["late/DE 1"]]
    assert len(ledger.alerts) == 2


def test_an_event_is_told_and_passes_without_a_word() -> None:
    ledger = Ledger()
    assert told(ledger.evening([("event", concern("DE 2026-11-17"))], NOW)[SLACK]) == ["event/DE 2026-11-17 1"]
    assert told(ledger.evening([], NOW + DAY)[SLACK]) == []
    assert ledger.alerts[0].cured_at is not None


def test_what_comes_and_goes_is_over_only_after_it_has_been_calm() -> None:
    ledger = Ledger()
    here = [("shaky", concern("x"))]
    heard = [
        told(ledger.evening(found, NOW + n * DAY)[SLACK]) for n, found in enumerate((here, [], here, [], [], []))
    ]
    assert heard == [["shaky/x 1"], [], [], [], ["over shaky/x"], []]


def test_what_another_alert_explains_is_told_with_it_and_by_itself_when_it_outlives_it() -> None:
    ledger = Ledger()
    outage = ("outage", concern("Amazon"))
    because = [("late", concern(code, cause=("outage", "Amazon"))) for code in ("DE", "US")]

    first = ledger.evening([outage, *because], NOW)[SLACK]
    same = ledger.evening([outage, *because], NOW + DAY)[SLACK]
    over = ledger.evening([("late", concern("DE"))], NOW + 2 * DAY)[SLACK]
    end = ledger.evening([], NOW + 3 * DAY)[SLACK]

    assert told(first) == ["outage/Amazon 1"]
    assert sorted(alert.subject for alert in first.worse[0].explains) == ["DE", "US"]
    assert told(same) == []
    assert told(over) == ["late/DE 1", "over outage/Amazon"], "nobody was told of US by itself"
    assert told(end) == ["over late/DE"]


def test_a_muted_alert_is_not_told_until_the_mute_ends() -> None:
    ledger = Ledger()
    mutes = [Mute(rule="late", subject="DE", until=NOW + 3 * DAY)]
    found = [("late", concern("DE")), ("late", concern("US"))]
    heard = [told(ledger.evening(found, NOW + n * DAY, mutes=mutes)[SLACK]) for n in range(4)]
    assert heard == [["late/US 1"], [], [], ["late/DE 1"]]


def test_a_mute_without_a_subject_is_for_every_one() -> None:
    ledger = Ledger()
    mutes = [Mute(rule="late", subject="", until=NOW + DAY)]
    found = [("late", concern("DE")), ("outage", concern("Amazon"))]
    assert told(ledger.evening(found, NOW, mutes=mutes)[SLACK]) == ["outage/Amazon 1"]


def test_a_channel_that_fails_is_told_later_and_the_other_one_not_twice() -> None:
    ledger = Ledger()
    found = [("late", concern("DE"))]
    ledger.evening(found, NOW, reached=[SLACK])
    later = ledger.evening(found, NOW + DAY)
    assert (told(later[SLACK]), told(later[MAIL])) == ([], ["late/DE 1"])


def test_a_channel_that_never_heard_of_an_alert_is_not_told_of_its_end() -> None:
    ledger = Ledger()
    ledger.evening([("late", concern("DE"))], NOW, reached=[SLACK])
    end = ledger.evening([], NOW + DAY)
    assert (told(end[SLACK]), told(end[MAIL])) == (["over late/DE"], [])


def test_alerts_of_rules_that_this_version_does_not_know_are_left_alone() -> None:
    ledger = Ledger()
    strange = Seen(rule="of tomorrow", subject="x", severity="note", grade=1, message="x", why="", done="", todo="",
                   cause=None)  # fmt: skip
    ledger.alerts.append(alert(1, strange, NOW))
    assert told(ledger.evening([], NOW)[SLACK]) == ["of tomorrow/x 1"]
    assert ledger.alerts[0].cured_at is None


@st.composite
def nights(draw: st.DrawFn) -> list[tuple[dict[tuple[str, str], int], set[str], set[str]]]:
    """Return some nights: what is wrong, at which grade; which rules are muted; which channels can be reached."""
    wrong = st.dictionaries(
        st.sampled_from(
            [("outage", "Amazon"), *((name, code) for name in ("late", "event") for code in ("DE", "US"))]
        ),
        st.integers(1, 3),
    )
    channels = st.sets(st.sampled_from([SLACK, MAIL]))
    return draw(st.lists(st.tuples(wrong, st.sets(st.sampled_from(["late", "outage"])), channels), max_size=12))


@settings(max_examples=300)
@given(nights())
def test_whatever_happens_nothing_is_told_twice_and_nothing_is_lost(
    story: list[tuple[dict[tuple[str, str], int], set[str], set[str]]],
) -> None:
    ledger = Ledger()
    for n, (wrong, muted, reached) in enumerate(story):
        now = NOW + n * DAY
        mutes = [Mute(rule=name, subject="", until=now + DAY / 2) for name in muted]
        cause = ("outage", "Amazon") if ("outage", "Amazon") in wrong else None
        found = [(name, concern(s, g, cause if name == "late" else None)) for (name, s), g in wrong.items()]

        ledger.evening(found, now, mutes=mutes, reached=sorted(reached))

        open_ = {a.key: a for a in ledger.alerts if a.cured_at is None}
        assert {(a.rule, a.subject) for a in open_.values()} == set(wrong), "what is open is what is wrong"
        for channel in reached:
            for one in open_.values():
                is_told = one.told.get(channel, 0) >= one.grade
                assert is_told or one.cause in open_ or is_muted(one, mutes, now), "lost"

    assert len(ledger.said) == len(set(ledger.said)), "no grade, and no end, is told twice"
    for channel in (SLACK, MAIL):
        for number in {number for heard, number, _ in ledger.said if heard == channel}:
            grades = [grade for heard, of, grade in ledger.said if (heard, of) == (channel, number)]
            raised = [grade for grade in grades if grade]
            assert raised == sorted(raised), "only what is worse is told again"
            assert raised, "no end of what nobody was told of"
            assert 0 not in grades[:-1], "its end comes last"


@given(nights())
def test_a_quiet_week_after_any_story_closes_everything_that_was_told(
    story: list[tuple[dict[tuple[str, str], int], set[str], set[str]]],
) -> None:
    ledger = Ledger()
    for n, (wrong, _, reached) in enumerate(story):
        ledger.evening(
            [(name, concern(s, g)) for (name, s), g in wrong.items()], NOW + n * DAY, reached=sorted(reached)
        )
    ledger.evening([], NOW + len(story) * DAY)

    for one in ledger.alerts:
        assert one.cured_at is not None
        known = {channel for channel in one.told if one.cured_at > NOW + (len(story) - 7) * DAY}
        if RULES[one.rule].over:
            assert known <= set(one.told_over)
        else:
            assert one.told_over == []
