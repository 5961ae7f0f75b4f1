"""What is written down of a plan: the first questions of each account and source, and never a part of a window."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chalkola.datasets import source
from chalkola.datasets.model import AsinFilter, Box, Pull
from chalkola.marketplaces import marketplace
from chalkola.pipeline.backfill.portion import portion
from chalkola.pipeline.backfill.steps import Steps

TRENDS, BY_ASIN = source("sales_and_traffic.trends"), source("sales_and_traffic.by_asin")
GERMANY, NEWEST = marketplace("DE"), date(2026, 11, 18)


def window(number: int, parts: int) -> list[Pull]:
    last = NEWEST - timedelta(days=10 * number)
    return [
        Pull(
            source=TRENDS, settled=True, rank=2,
            box=Box(account="EU", marketplaces=(GERMANY,), first=last - timedelta(days=9), last=last,
                    filters=(AsinFilter(marketplace=GERMANY, asins=(f"B0{part:08}",)),)),
        )
        for part in range(parts)
    ]  # fmt: skip


def repair(number: int) -> Pull:
    day = NEWEST - timedelta(days=number)
    return Pull(
        source=BY_ASIN, settled=True, rank=2, box=Box(account="EU", marketplaces=(GERMANY,), first=day, last=day)
    )


@given(st.lists(st.integers(1, 12), max_size=8), st.integers(0, 40), st.integers(1, 32))
def test_a_window_is_written_down_whole_or_not_at_all(parts: list[int], open_: int, most: int) -> None:
    windows = [window(number, count) for number, count in enumerate(parts)]
    steps = Steps(pulls=tuple(p for of in windows for p in of))

    chosen = list(portion(steps, {("EU", TRENDS.name): open_}, {}, most))

    assert chosen == list(steps.pulls[: len(chosen)]), "in their order"
    for of in windows:
        assert sum(p in chosen for p in of) in (0, len(of))
    room = max(0, most - open_)
    assert len(chosen) < room + 12
    assert len(chosen) == len(steps.pulls) or len(chosen) >= room


def test_repairs_are_no_more_than_an_account_has_left() -> None:
    repairs = [repair(number) for number in range(9)]
    steps = Steps(pulls=(*window(0, 3), *repairs), repairs=frozenset(repairs))
    chosen = Counter(p.source.name for p in portion(steps, {}, {"EU": 4}))
    assert chosen == {TRENDS.name: 3, BY_ASIN.name: 4}
