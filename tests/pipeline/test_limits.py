"""How much one question may span: learned from refusals, and from what is taken."""

from datetime import date, timedelta

import pytest

from chalkola.datasets import source
from chalkola.datasets.model import AsinFilter, Box, Limits
from chalkola.marketplaces import marketplace
from chalkola.pipeline.limits import larger, limits_of, nearer, reach_of, smaller

TRENDS = source("sales_and_traffic.trends")
AT_FIRST = Limits(marketplaces=12, days=90, filters=15)
LAST = date(2026, 11, 18)


def box(days: int, *codes: str, filters: int = 0) -> Box:
    named = [marketplace(code) for code in codes]
    return Box(
        account="EU", marketplaces=tuple(named), first=LAST - timedelta(days=days - 1), last=LAST,
        filters=tuple(AsinFilter(marketplace=m, asins=("B000000001",)) for m in named for _ in range(filters)),
    )  # fmt: skip


def test_trends_begin_with_ninety_days_and_may_come_to_span_two_years() -> None:
    assert limits_of(TRENDS, None).days == 90
    assert TRENDS.limits.days == 729


def test_windows_double_while_amazon_takes_them_and_never_beyond_what_it_refused() -> None:
    once = larger(AT_FIRST, TRENDS.limits, box(90, "DE", filters=2))
    assert once is not None
    assert (once.days, once.taken_days) == (180, 90)
    assert larger(once, TRENDS.limits, box(90, "DE", filters=2)) is None, "the next of the same size teaches nothing"
    refused = smaller(once, box(180, "DE", filters=2))
    assert refused is not None
    assert (refused.days, refused.refused_days) == (90, 180)
    assert larger(refused, TRENDS.limits, box(90, "DE", filters=2)) is None
    assert larger(AT_FIRST, TRENDS.limits, box(30, "DE", filters=2)) is None, "a short one says nothing"


@pytest.mark.parametrize(
    ("said", "days", "learned"),
    [
        ("more than 60 days", 90, {"days": 45, "refused_days": 90}),
        ("more than 20 filters", 90, {"filters": 2}),
        ("a marketplace has more than one filter", 90, {"repeats": False}),
        ("Reduce the date range or the number of filters.", 90, {"days": 45}),
        ("Reduce the date range or the number of filters.", 14, {"repeats": False}),
        ("too large", 14, {"repeats": False}),
    ],
)
def test_what_amazons_words_name_is_given_up_first(said: str, days: int, learned: dict[str, object]) -> None:
    found = smaller(AT_FIRST, box(days, "DE", "UK", filters=2), said)
    assert found is not None
    assert {name: getattr(found, name) for name in learned} == learned


def test_a_question_asked_before_less_was_learned_teaches_nothing_more() -> None:
    known = Limits(marketplaces=12, days=45, filters=15, refused_days=90)
    assert smaller(known, box(90, "DE", filters=2)) == known


def test_what_cannot_be_halved_is_not() -> None:
    assert smaller(AT_FIRST, box(1, "DE", filters=1)) is None


def test_amazons_edge_is_stepped_in_by_a_day_and_then_by_as_much_as_before() -> None:
    known, seen = AT_FIRST, []
    while (known.reaches_back or 729) > 715:
        known = nearer(known, 729, known.reaches_back or 729, known.reaches_back or 729)
        seen.append(known.reaches_back)
    assert seen == [728, 727, 725, 721, 713]
    assert nearer(AT_FIRST, 729, 721, 728).reaches_back == 721, "another source of the account has learned it before"


def test_one_refusal_is_a_lesson_for_all_sources_of_its_account() -> None:
    learned = {
        ("EU", "daily_totals.by_date"): Limits(marketplaces=12, days=729, reaches_back=725),
        ("NA", "x"): AT_FIRST,
    }
    assert reach_of("EU", learned, 729) == 725
    assert reach_of("NA", learned, 729) == 729
