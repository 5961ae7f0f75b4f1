"""From where on something is told: what may be chosen, and what a choice does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.pipeline.health import RULES
from chalkola.pipeline.health.model import Health, Opened
from chalkola.pipeline.health.outages import NOTHING_PULLED_AFTER, OUTAGE_AFTER, outage
from chalkola.pipeline.health.rules import THRESHOLDS
from chalkola.pipeline.health.thresholds import Chosen, Threshold, chosen, typed
from chalkola.store.alert_settings import AlertSetting
from chalkola.store.health import Waiting

NOW = datetime(2026, 11, 20, 19, tzinfo=UTC)
ALL = [threshold for rule in RULES for threshold in rule.thresholds]
BY_NAMES = st.sampled_from(ALL)


def setting(rule: str, enabled: bool = True, **thresholds: object) -> AlertSetting:
    return AlertSetting(rule=rule, enabled=enabled, thresholds=thresholds, changed_at=NOW, changed_by="a@example.com")


@pytest.mark.parametrize("threshold", ALL, ids=lambda one: f"{one.rule} {one.name}")
def test_what_is_usual_may_be_chosen_and_a_threshold_belongs_to_its_rule(threshold: Threshold) -> None:
    assert threshold.allows(threshold.usual)
    assert threshold in THRESHOLDS[threshold.rule]
    assert [one.name for one in THRESHOLDS[threshold.rule]].count(threshold.name) == 1
    assert threshold.name != "enabled", "a field of the form"


@given(
    BY_NAMES, st.floats(allow_nan=False) | st.text(max_size=8) | st.none() | st.booleans() | st.lists(st.integers())
)
def test_whatever_stands_in_the_database_a_threshold_is_a_figure_that_is_allowed(
    one: Threshold, kept: object
) -> None:
    what = chosen([setting(one.rule, **{one.name: kept}), setting("a rule of tomorrow", x=1)], THRESHOLDS)
    assert one.allows(what.figure(one))
    assert set(what.figures) <= {(one.rule, one.name)}


@given(BY_NAMES, st.floats(0, 1))
def test_a_figure_that_is_typed_counts_as_it_was_typed(one: Threshold, where: float) -> None:
    figure = float(f"{one.least + (one.most - one.least) * where:.4f}")
    if one.allows(figure):
        figures, wrong = typed([one], {one.name: f"{figure}"})
        assert wrong == []
        assert chosen([setting(one.rule, **figures)], THRESHOLDS).figure(one) == figure


def test_what_is_not_allowed_is_said_in_a_sentence_and_what_is_left_empty_is_usual() -> None:
    for text in ("0", "1e9", "soon", "nan", "inf", "<b>"):
        figures, wrong = typed([NOTHING_PULLED_AFTER], {"after": text})
        assert figures == {}
        assert wrong == [f"How long no answer was loaded: 6 to 336 hours, and not {text!r}."]
    assert typed([NOTHING_PULLED_AFTER], {"after": " "}) == ({}, [])
    assert typed([NOTHING_PULLED_AFTER], {"after": "30"}) == ({}, [])
    assert typed([NOTHING_PULLED_AFTER], {"after": "36,5"}) == ({"after": 36.5}, [])


def test_a_rule_finds_what_it_finds_from_the_chosen_figure_on() -> None:
    waits = Waiting(
        account="EU", scopes=[], since=NOW - timedelta(hours=3), is_trouble=True, waiting_for="", said="HTTP 503."
    )  # fmt: skip
    health = Health(now=NOW, accounts=(Opened(key="EU"),), waiting=(waits,))
    later = replace(health, chosen=Chosen(figures={(OUTAGE_AFTER.rule, OUTAGE_AFTER.name): 4}))
    assert len(list(outage(health))) == 1
    assert list(outage(later)) == []


def test_only_rules_that_are_known_can_be_off() -> None:
    assert chosen([setting("late", enabled=False), setting("of tomorrow", enabled=False)], THRESHOLDS).off == {"late"}
