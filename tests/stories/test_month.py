"""A month of nights with everything that can go wrong, shuffled by a seed: at its end nothing of it is left.

CHALKOLA_TEST_MONTHS=100 makes that many of them, CHALKOLA_TEST_MONTHS_FROM=7 the first one's seed.
"""

import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerted import SMALL
from bad_nights import Place
from month import Month, MonthClock, shuffled
from night import open_shop
from proofs import wrong
from slack_server import SlackServer

RUNS = 60
MONTHS = (
    (datetime(2026, 10, 3, 1, tzinfo=UTC), "AU"),  # clocks change in Sydney, then in Berlin and Paris
    (datetime(2028, 2, 14, 1, tzinfo=UTC), "US"),  # 29 February, then clocks change in Los Angeles
    (datetime(2027, 3, 9, 1, tzinfo=UTC), "US"),  # clocks change in Los Angeles, then in Berlin and Paris
    (datetime(2027, 3, 12, 1, tzinfo=UTC), "AU"),  # clocks change in Berlin and Paris, then in Sydney
)
"""When a month begins, and which marketplace there is beside Germany and France, in an account of its own."""
FIRST, COUNT = (int(os.environ.get(f"CHALKOLA_TEST_MONTHS{part}", usual)) for part, usual in (("_FROM", 1), ("", 2)))


@asynccontextmanager
async def open_month(seed: int, url: str, direct_url: str, slack: SlackServer, home: Path) -> AsyncIterator[Month]:
    """Give the month of a seed, before its first run."""
    begin, other = MONTHS[seed % len(MONTHS)]
    dice, clock = random.Random(seed), MonthClock(begin)
    chosen = {**SMALL, "marketplaces": (other, "DE", "FR"), "parents": 3, "children": 8, "restated": 0.1}
    environment = {"SLACK_WEBHOOK_URL": slack.url}
    async with open_shop(url, home, clock=clock, environment=environment, seed=seed, **chosen) as shop:
        place = Place(shop=shop, slack=slack, direct_url=direct_url)
        yield Month(place=place, clock=clock, spells=shuffled(dice, RUNS), dice=dice)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
async def test_after_a_month_of_bad_nights_tables_are_true_and_people_were_told_once(
    seed: int, database_url: str, direct_url: str, slack: SlackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHALKOLA_HOME", str(tmp_path))  # where an error that nobody foresaw would be written
    async with open_month(seed, database_url, direct_url, slack, tmp_path) as month:
        await month.go(RUNS)

        print("\n".join(map(str, month.ran)))  # seen where the test fails
        assert wrong(month) == []
        assert any(run.code is None for run in month.ran), "one at least was killed while it was at work"
        assert not (tmp_path / "log").exists()
