"""The rules: what each makes of what the ledger says."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets import CATALOG, dataset
from chalkola.datasets.model import Slice, SliceState, Sums
from chalkola.marketplaces import marketplace
from chalkola.pipeline.health import BY_NAME, RULES
from chalkola.pipeline.health.days import NEEDED, SLACK, USUAL_AT_FIRST, restated_by, usual_lag
from chalkola.pipeline.health.lifecycle import examine
from chalkola.pipeline.health.model import Concern, Health, Opened, Room
from chalkola.pipeline.health.reading import lags, lost
from chalkola.settings import Settings, read_settings
from chalkola.store.alerts import Unheard
from chalkola.store.buckets import Bucket
from chalkola.store.health import FirstLoaded, Noted, Restatement
from chalkola.store.lines import Coverage, Known
from concerns import DAY, EU, FRANCE, GERMANY, HOUR, NEWEST, NOW, PACE, days_of, found, health, unkept, waiting
from ledgers import knowing, line, proven

FRENCH = Opened(key="EU", marketplaces=(FRANCE,))
ASKED = NEEDED[0].sources[0].name
RESTATED = Restatement(
    dataset="sales_and_traffic", scope=GERMANY.scope, day=NEWEST - 7 * DAY, at=NOW, units_before=100, units_after=70,
    sales_before=Decimal(1000), sales_after=Decimal(700),
)  # fmt: skip


def test_nothing_is_wrong_where_nothing_is_known_and_where_all_is_well() -> None:
    assert examine(Health(now=NOW), RULES) == ()
    assert examine(health(coverage=knowing(proven(NEWEST), proven(NEWEST - DAY))), RULES) == ()


def test_a_settled_day_that_was_asked_for_is_late_once_its_usual_hour_is_over() -> None:
    lacks = line(NEWEST, SliceState.FAILED, reason="Amazon gave it up.")
    settled = NEEDED[0].settles_at(NEWEST, GERMANY.zone)
    usual = {GERMANY.scope: (2 * HOUR, 3 * HOUR, 9 * HOUR)}

    in_time = days_of("late", lacks, lags=usual, now=settled + 3 * HOUR + SLACK)
    (late,) = days_of("late", lacks, lags=usual, now=settled + 3 * HOUR + SLACK + 2 * HOUR)

    assert in_time == []
    assert late.subject == "DE"
    assert f"DE: {NEWEST} should be here by now, and is 2 h late" in late.what
    assert late.why == "Amazon gave it up."
    assert late.cause is None


def test_a_marketplace_that_has_not_shown_its_usual_hour_yet_is_given_the_longest_that_two_runs_a_day_leave() -> None:
    assert usual_lag((HOUR, HOUR)) == USUAL_AT_FIRST
    assert usual_lag((HOUR, 2 * HOUR, 30 * HOUR)) == 2 * HOUR


def test_days_that_are_held_found_or_were_never_asked_for_are_not_late() -> None:
    old = NEWEST - 3 * DAY
    assert days_of("late", line(old, SliceState.LOADED, row_count=9)) == []
    assert days_of("late", line(old, SliceState.LOADED, source="found")) == []
    assert days_of("late", proven(NEWEST - 9 * DAY)) == [], "days between were never asked for"
    assert days_of("late", line(NEWEST - 400 * DAY)) == [], "history is the backfill's"


def test_a_day_that_stays_late_grows_worse_and_is_one_concern_of_its_marketplace() -> None:
    grades = [days_of("late", *(line(NEWEST - n * DAY) for n in range(count)))[0].grade for count in (2, 4, 8, 13)]
    assert grades == sorted(set(grades))
    (late,) = days_of("late", *(line(NEWEST - n * DAY) for n in range(4)))
    assert f"DE: {NEWEST - DAY} and 2 more" in late.what


def test_what_is_late_for_an_outage_a_login_or_a_closed_source_names_it_as_its_cause() -> None:
    late = line(NEWEST - 3 * DAY)
    closed = dict.fromkeys((source.name for dataset in NEEDED for source in dataset.sources), "no role")

    assert days_of("late", late, waiting=(waiting(),))[0].cause == ("outage", "Amazon")
    assert days_of("late", late, accounts=(replace(EU, fault="refused"),))[0].cause == ("login refused", "EU")
    assert days_of("late", late, accounts=(replace(EU, closed=closed),))[0].cause == (
        "source closed", f"{NEEDED[0].sources[-1].name} EU",
    )  # fmt: skip
    assert days_of("late", late, waiting=(waiting("NA"),))[0].cause is None, "another account's outage"


def test_an_outage_is_one_concern_however_many_accounts_it_strikes() -> None:
    (outage,) = found("outage", waiting=(waiting("NA", hours=3), waiting("EU"), waiting("EU")))
    assert outage.subject == "Amazon"
    assert "(accounts: EU NA)" in outage.what
    assert "3 pulls are in the ledger" in outage.done
    assert outage.why.endswith("HTTP 503.")


@pytest.mark.parametrize(("hours", "grades"), [(0.5, []), (2, [1]), (25, [2]), (73, [3])])
def test_an_outage_counts_after_an_hour_and_grows_worse_by_the_day(hours: float, grades: list[int]) -> None:
    assert [concern.grade for concern in found("outage", waiting=(waiting(hours=hours),))] == grades


def test_what_amazon_is_slow_with_or_a_refused_account_waits_for_is_no_outage() -> None:
    assert found("outage", waiting=(waiting(trouble=False, hours=30),)) == []
    assert found("outage", waiting=(waiting(hours=30),), accounts=(replace(EU, fault="refused"),)) == []


def test_a_refused_login_names_the_marketplaces_that_cannot_be_pulled() -> None:
    (refused,) = found("login refused", accounts=(replace(EU, fault="invalid_grant"), Opened(key="NA")))
    assert (refused.subject, refused.why) == ("EU", "invalid_grant")
    assert "DE FR cannot be pulled" in refused.what


def test_a_closed_source_is_graver_where_no_other_way_is_open() -> None:
    source = NEEDED[0].sources[0].name
    every = dict.fromkeys((s.name for d in NEEDED for s in d.sources), "no role")

    (beside,) = found("source closed", accounts=(replace(EU, closed={source: "no role"}),))
    alone = found("source closed", accounts=(replace(EU, closed=every),))

    assert (beside.subject, beside.grade) == (f"{source} EU", 1)
    assert {concern.grade for concern in alone} == {2}


def test_a_changed_quota_is_told_with_before_and_after_and_is_worse_when_it_is_slower_still() -> None:
    before = Bucket(key="createQuery@EU", seconds_per_turn=60, burst=15)

    def changed(seconds: float) -> Concern:
        return found("quota changed", rates=((before, replace(before, seconds_per_turn=seconds)),))[0]

    assert "a turn in 60 s before, in 900 s now" in changed(900).what
    assert [changed(seconds).grade for seconds in (30, 90, 130, 250, 1000)] == [1, 1, 2, 3, 4]
    assert found("quota changed", rates=((before, replace(before, seconds_per_turn=59.88)),)) == []
    (slot,) = found("quota changed", slots={"salesAndTrafficByAsin@EU": 1, "salesAndTrafficTrends@EU": 3})
    assert "3 queries at once before, 1 now" in slot.what
    assert slot.grade == 2


@pytest.mark.parametrize(
    "kept",
    [
        proven(NEWEST - 5 * DAY, reason="units fell from 90 to 9, while Amazon's own total did not fall: the old rows"
               " stay, and the day is asked again", ask="complete", next_at=NOW),
        proven(NEWEST - 5 * DAY, reason="The document could not be read.", ask="complete", next_at=NOW),
        proven(NEWEST - 5 * DAY, reason="Amazon now says there is no data; the 9 rows it gave before stay"),
    ],
    ids=["guarded", "asked again in vain", "no data any more"],
)  # fmt: skip
def test_a_day_that_shrank_is_told(kept: Any) -> None:
    (shrank,) = days_of("day shrank", kept)
    assert shrank.subject == f"DE {NEWEST - 5 * DAY}"
    assert shrank.why == kept.reason


def test_days_that_differ_are_one_concern_of_their_marketplace_by_how_many_and_how_much() -> None:
    def differing(count: int, units: int = 1) -> Concern:
        sums, residual = Sums(units=100, sales=Decimal(1000)), Sums(units=units)
        lines = [
            line(NEWEST - n * DAY, SliceState.DIFFERS, row_count=9, sums=sums, residual=residual, reason="+1 units")
            for n in range(1, count + 1)
        ]
        (concern,) = days_of("totals differ", *lines)
        return concern

    assert differing(1).subject == "DE"
    assert f"the rows of {NEWEST - DAY} do not add up" in differing(1).what
    assert [differing(count).grade for count in (1, 2, 3, 7, 14)] == [1, 1, 2, 3, 4]
    assert [differing(1, units).grade for units in (1, 7, 40)] == [1, 2, 3]
    assert "and 2 more" in differing(7).what


def test_a_restatement_is_told_when_it_is_large_and_the_day_was_settled_long_before() -> None:
    (restated,) = found("restated", restatements=(RESTATED,))

    assert restated.subject == f"DE {RESTATED.day}"
    assert "by 30%: units from 100 to 70, sales from 1000 to 700 EUR" in restated.what
    assert restated.grade == 2
    for small in (
        replace(RESTATED, units_after=96, sales_after=Decimal(960)),
        replace(RESTATED, units_before=6, units_after=3, sales_after=Decimal(500)),
        replace(RESTATED, day=NEWEST),
        replace(RESTATED, dataset="daily_parents"),
        replace(RESTATED, units_before=None),
    ):
        assert found("restated", restatements=(small,)) == []


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_restatement_of_few_units_is_none_whatever_its_part(before: int, after: int) -> None:
    part = restated_by(replace(RESTATED, units_before=before, units_after=after, sales_before=None))
    assert (part > 0) == (abs(after - before) > 5)


def test_unknown_fields_are_told_and_more_of_them_are_worse() -> None:
    one = Noted(source="by_asin", notes=["new fields in Amazon's answer: a.b; 3 rows left out", "2 rows left out"])
    two = replace(one, notes=[*one.notes, "new fields in Amazon's answer: a.b, c"])
    other = Noted(source="report", notes=["unknown marketplace A1: 3 lines left out"])
    plain = Noted(source="trends", notes=["an answer asked for later is there already"])

    assert [(c.subject, c.grade) for c in found("schema drift", notes=(two, other, plain))] == [
        ("by_asin", 2), ("report", 1),
    ]  # fmt: skip
    assert found("schema drift", notes=(two,))[0].what == "by_asin: new fields: a.b, c."


def test_a_marketplace_that_is_lost_is_told_and_is_the_cause_of_its_late_days() -> None:
    lost = Opened(key="EU", marketplaces=(FRANCE,))
    late, closed = (
        days_of(rule, line(NEWEST - 3 * DAY), accounts=(lost,), lost=(GERMANY,))
        for rule in ("late", "marketplace closed")
    )
    assert [one.cause for one in late] == [("marketplace closed", "DE")]
    assert [one.subject for one in closed] == ["DE"]


def settings(**more: str) -> Settings:
    given = {
        "SP_LWA_CLIENT_ID": "amzn1.application-oa2-client.x", "SP_LWA_CLIENT_SECRET": "x",
        "SP_REFRESH_TOKEN_EU": "Atzr|x", **more,
    }  # fmt: skip
    return read_settings(given, for_amazon=True)


@pytest.mark.parametrize(
    ("source", "accounts", "more", "expected"),
    [
        (ASKED, (FRENCH,), {}, ["DE"]),
        (ASKED, (EU,), {}, []),
        (ASKED, (), {}, []),
        (ASKED, (FRENCH,), {"CHALKOLA_MARKETPLACES": "FR"}, []),
        (ASKED, (FRENCH,), {"CHALKOLA_MARKETPLACES": "FR,DE"}, ["DE"]),
        ("found", (FRENCH,), {}, []),
        ("import", (FRENCH,), {}, []),
    ],
    ids=["lost", "open", "never seen", "not wanted", "wanted", "found in a table", "imported"],
)
def test_a_marketplace_is_lost_when_amazon_gave_its_days_and_no_account_opens_it_any_more(
    source: str, accounts: tuple[Opened, ...], more: dict[str, str], expected: list[str]
) -> None:
    coverage = knowing(proven(NEWEST, source=source))
    assert [m.code for m in lost(settings(**more), accounts, coverage)] == expected


def test_every_concern_says_what_was_done_and_what_to_do() -> None:
    lines = (
        line(NEWEST - 3 * DAY), line(NEWEST - 4 * DAY, SliceState.DIFFERS, row_count=9),
        proven(NEWEST - 5 * DAY, ask="complete", reason="shrank"),
    )  # fmt: skip
    everything = health(
        coverage={**knowing(*lines), **listing("the answer has 1 rows and lacks 9: the list that is here stays")},
        accounts=(EU, Opened(key="NA", fault="refused"), Opened(key="FE", closed={"x": "no role"})),
        waiting=(waiting(),), restatements=(RESTATED,), notes=(Noted(source="x", notes=["new fields: a"]),),
        slots={"x@EU": 1}, secret_created=date(2026, 1, 1), room=Room(on_supabase=False, free_bytes=1),
        pace=replace(PACE, pulled_at=NOW - 9 * DAY, history_open=1, history_moved_at=NOW - 9 * DAY),
        unheard=(Unheard(channel="mail", failure="gone", tried_at=NOW),), repository_active=NOW - 50 * DAY,
        lost=(marketplace("IT"),),
        unkept=(unkept(),),
    )  # fmt: skip

    concerns = examine(everything, RULES)

    assert {rule.name for rule, _ in concerns} == {rule.name for rule in RULES}
    for rule, concern in concerns:
        assert concern.what.endswith("."), rule.name
        assert concern.why, rule.name
        assert concern.done, rule.name
        assert concern.todo, rule.name
        assert concern.grade >= 1
    keys = [(rule.name, concern.subject) for rule, concern in concerns]
    assert len(keys) == len(set(keys))
    roots = {(rule.name, concern.subject) for rule, concern in concerns if concern.cause is None}
    assert {concern.cause for _, concern in concerns if concern.cause} <= roots


def listing(reason: str | None, *, weeks_ago: int = 0, state: SliceState = SliceState.LOADED) -> Coverage:
    """Return a ledger that has a list of Germany's listings."""
    monday = dataset("listings").newest(NOW, GERMANY.zone) - weeks_ago * 7 * DAY
    one = replace(
        line(monday, state, reason=reason), slice=Slice(dataset="listings", scope=GERMANY.scope, day=monday)
    )
    return {("listings", GERMANY.scope): Known(others={monday: one})}


def test_a_list_that_shrank_is_told_until_one_is_believed_or_the_week_is_over() -> None:
    reason = "the answer has 400 rows and lacks 600 of the 1,000 that are here: the list that is here stays, and …"
    (concern,) = found("list shrank", coverage=listing(reason))
    assert (concern.subject, concern.why) == ("listings DE", f"{reason}.")
    assert concern.what == "DE: Amazon's last list was not believed: sp_listings stays as it is."
    assert found("list shrank", coverage=listing(reason, weeks_ago=1)) == []
    assert found("list shrank", coverage=listing("never asked", state=SliceState.FAILED)) == []


def test_a_list_that_is_late_is_no_urgent_matter() -> None:
    late = listing("Amazon gave it up.", state=SliceState.FAILED)
    assert examine(health(coverage=late), RULES) == ()


def test_a_cause_that_no_rule_has_found_is_none() -> None:
    stray = replace(BY_NAME["late"], see=lambda _: [Concern(subject="DE", what="Late.", cause=("outage", "Amazon"))])
    ((_, concern),) = examine(health(), [stray])
    assert concern.cause is None


def test_the_usual_hour_is_told_by_days_that_came_in_their_time() -> None:
    settled = NEEDED[0].settles_at(NEWEST, GERMANY.zone)
    loaded = [FirstLoaded(scope=GERMANY.scope, day=NEWEST, at=settled + lag) for lag in (HOUR, 50 * HOUR, -HOUR)]

    assert lags([*loaded, FirstLoaded(scope="world", day=NEWEST, at=NOW)]) == {GERMANY.scope: (HOUR,)}


def test_the_datasets_without_which_a_night_is_complete_are_never_late() -> None:
    assert {dataset.name for dataset in CATALOG} > {dataset.name for dataset in NEEDED}
