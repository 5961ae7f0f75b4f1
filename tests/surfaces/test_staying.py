"""What a process that stays decides, and how it says that it is: values, without any process."""

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalkola.errors import Fault
from chalkola.schedule import USUAL, Schedule, next_run
from chalkola.surfaces.remembered import Remembered
from chalkola.surfaces.staying.deciding import (
    LOOKED_AGAIN_AFTER,
    Backfill,
    Pull,
    Sleep,
    Standing,
    after_backfill,
    after_pull,
    next_pull_at,
    next_step,
)
from chalkola.surfaces.staying.endpoint import served
from chalkola.surfaces.staying.health import Answer, LastPull, State, answer

NIGHT = datetime(2026, 11, 20, 2, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EVENING = NIGHT.replace(hour=19, minute=17)


def pulled(began: datetime, ended: datetime, *, backfills: bool = True, before: Standing | None = None) -> Standing:
    return after_pull(
        before or Standing(), began=began, now=ended, was_made=True, is_retry=False, backfills=backfills
    )


def failed(began: datetime, *, before: Standing | None = None) -> Standing:
    known = before or Standing()
    return after_pull(
        known, began=began, now=began, was_made=False, is_retry=known.failures > 0, backfills=True
    )  # fmt: skip


def test_it_begins_with_a_pull_whatever_the_hour() -> None:
    assert next_step(Standing(), USUAL, NIGHT + 5 * MINUTE) == Pull()
    assert next_pull_at(Standing(), USUAL, NIGHT) == NIGHT


def test_between_pulls_the_history_is_filled_until_the_next_one() -> None:
    standing = pulled(NIGHT + 5 * MINUTE, NIGHT + HOUR)
    assert next_step(standing, USUAL, NIGHT + HOUR) == Backfill(until=EVENING)
    assert next_step(standing, USUAL, EVENING) == Pull()


def test_without_a_backfill_it_sleeps() -> None:
    standing = pulled(NIGHT, NIGHT + HOUR, backfills=False)
    assert next_step(standing, USUAL, NIGHT + HOUR) == Sleep(until=EVENING)


def test_a_history_that_is_filled_is_looked_at_after_the_next_pull() -> None:
    now = NIGHT + 2 * HOUR
    standing = after_backfill(pulled(NIGHT, NIGHT + HOUR), now=now, was_made=True, is_left=False)
    assert next_step(standing, USUAL, now) == Sleep(until=EVENING)
    again = pulled(EVENING, EVENING + MINUTE, before=standing)
    assert next_step(again, USUAL, EVENING + MINUTE) == Backfill(until=NIGHT + 24 * HOUR)


def test_a_history_of_which_nothing_can_be_asked_now_is_tried_again_later() -> None:
    now = NIGHT + 2 * HOUR
    standing = after_backfill(pulled(NIGHT, NIGHT + HOUR), now=now, was_made=True, is_left=True)
    assert next_step(standing, USUAL, now) == Sleep(until=now + LOOKED_AGAIN_AFTER)
    assert next_step(standing, USUAL, now + LOOKED_AGAIN_AFTER) == Backfill(until=EVENING)


def test_a_pull_that_could_not_be_made_is_made_again_ever_more_seldom_and_without_a_backfill() -> None:
    standing, now, waits = failed(NIGHT), NIGHT, []
    for _ in range(6):
        slept = next_step(standing, USUAL, now)
        assert isinstance(slept, Sleep)
        waits.append((slept.until - now) // MINUTE)
        now = slept.until
        assert next_step(standing, USUAL, now) == Pull(is_retry=True)
        standing = failed(now, before=standing)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_a_retry_takes_nothing_from_the_next_hour() -> None:
    began = EVENING - MINUTE
    standing = replace(failed(NIGHT), retry_at=began)
    assert next_step(standing, USUAL, began) == Pull(is_retry=True)
    made = after_pull(
        standing, began=began, now=EVENING + MINUTE, was_made=True, is_retry=True, backfills=True
    )  # fmt: skip
    assert next_step(made, USUAL, EVENING + MINUTE) == Pull()
    assert made.failures == 0


def test_a_backfill_that_fails_is_left_alone_for_a_while() -> None:
    now = NIGHT + 2 * HOUR
    first = after_backfill(pulled(NIGHT, NIGHT + HOUR), now=now, was_made=False, is_left=True)
    second = after_backfill(first, now=now, was_made=False, is_left=True)
    assert next_step(first, USUAL, now) == Sleep(until=now + 5 * MINUTE)
    assert next_step(second, USUAL, now) == Sleep(until=now + 10 * MINUTE)
    assert pulled(EVENING, EVENING, before=second).backfill_failures == 0


@dataclass
class Lived:
    """A process lived through on paper: when each pull began and why, and how long anything took."""

    schedule: Schedule
    pulls: list[tuple[datetime, bool]] = field(default_factory=list)
    """When, and whether the hour was the reason."""

    def live(self, start: datetime, end: datetime, lengths: "st.DataObject") -> datetime:
        """Live from a start to an end. Return when the last thing in hand was over."""
        now, standing = start, Standing()
        while now < end:
            step = next_step(standing, self.schedule, now)
            long = lengths.draw(LENGTHS)
            match step:
                case Pull(is_retry=retry):
                    self.pulls.append((now, not retry))
                    standing = after_pull(
                        standing, began=now, now=now + long, was_made=lengths.draw(MOSTLY), is_retry=retry,
                        backfills=True,
                    )  # fmt: skip
                    now += long
                case Backfill(until=until):
                    now = min(now + long, until)
                    standing = after_backfill(
                        standing, now=now, was_made=lengths.draw(MOSTLY), is_left=lengths.draw(st.booleans())
                    )
                case Sleep(until=until):
                    assert until > now, "a sleep that ends at once would never end"
                    now = until
        return now


LENGTHS = st.timedeltas(MINUTE, 6 * HOUR)
MOSTLY = st.sampled_from([True, True, True, False])
SCHEDULES = st.lists(
    st.integers(0, 24 * 60 - 1).map(lambda n: time(n // 60, n % 60, tzinfo=UTC)), min_size=1, max_size=4, unique=True
).map(lambda hours: tuple(sorted(hours)))


@settings(deadline=None, max_examples=60)
@given(
    schedule=SCHEDULES, lives=st.lists(st.tuples(LENGTHS, st.timedeltas(HOUR, 40 * HOUR)), max_size=3), data=st.data()
)
def test_every_hour_is_kept_once_also_over_restarts(
    schedule: Schedule, lives: list[tuple[timedelta, timedelta]], data: "st.DataObject"
) -> None:
    now = NIGHT + data.draw(st.timedeltas(timedelta(0), 24 * HOUR))
    for down, up in [*lives, (MINUTE, 30 * HOUR)]:
        start = now + down
        lived = Lived(schedule)
        now = lived.live(start, start + up, data)
        by_hour = [at for at, for_the_hour in lived.pulls if for_the_hour]
        assert by_hour[0] == start, "what was missed is made up for at once"
        for before, after in pairwise(by_hour):
            assert next_run(schedule, before) <= after, "no hour is kept twice"
        missed = [at for at in hours_between(schedule, start, start + up) if not any(p >= at for p in by_hour)]
        assert all(at > now - 6 * HOUR for at in missed), "only what came while it was still at work"


def hours_between(schedule: Schedule, first: datetime, last: datetime) -> list[datetime]:
    found, at = [], next_run(schedule, first)
    while at < last:
        found.append(at)
        at = next_run(schedule, at)
    return found


def test_on_time_every_hour_is_kept_to_the_minute() -> None:
    standing, now, began = Standing(), NIGHT, []
    while now < NIGHT + 72 * HOUR:
        match next_step(standing, USUAL, now):
            case Pull():
                began.append(now)
                standing, now = pulled(now, now + HOUR, before=standing), now + HOUR
            case Backfill(until=until) | Sleep(until=until):
                now = until
    assert began == [NIGHT, *hours_between(USUAL, NIGHT, NIGHT + 72 * HOUR)]


STATE = State(since=NIGHT, doing_since=NIGHT, next_pull_at=EVENING)


def ended(code: int) -> LastPull:
    return LastPull(
        began=NIGHT, ended=NIGHT + HOUR, exit_code=code, said="The login is refused." if code == 1 else None
    )


@pytest.mark.parametrize(
    ("state", "hours", "database", "code"),
    [
        (STATE, 0, False, HTTPStatus.OK),
        (replace(STATE, last_pull=ended(0), pulled_at=NIGHT), 29, True, HTTPStatus.OK),
        (replace(STATE, last_pull=ended(3), pulled_at=NIGHT), 1, True, HTTPStatus.OK),
        (replace(STATE, last_pull=ended(1), pulled_at=NIGHT), 1, True, HTTPStatus.SERVICE_UNAVAILABLE),
        (replace(STATE, last_pull=ended(3), pulled_at=NIGHT), 30, True, HTTPStatus.SERVICE_UNAVAILABLE),
        (replace(STATE, pulled_at=NIGHT - 90 * HOUR), 1, True, HTTPStatus.OK),
        (STATE, 30, True, HTTPStatus.SERVICE_UNAVAILABLE),
    ],
    ids=["just started", "well", "late days", "a person is needed", "nothing came in", "was down", "never pulled"],
)  # fmt: skip
def test_it_is_in_trouble_when_a_person_is_needed_or_nothing_comes_in(
    state: State, hours: int, database: bool, code: HTTPStatus
) -> None:
    said = answer(state, NIGHT + hours * HOUR, database=database)
    assert said.code == code
    assert (said.status == "ok") is (not said.trouble) is (code == HTTPStatus.OK)
    assert said.database is database


async def test_the_endpoint_answers_health_and_nothing_else() -> None:
    asked = 0

    async def look() -> bool:
        nonlocal asked
        asked += 1
        return True

    there = Remembered(look=look)

    async def answering() -> Answer:
        return answer(replace(STATE, last_pull=ended(1)), NIGHT + HOUR, database=await there())

    async with served("127.0.0.1", 0, answering) as address:
        codes = [await asyncio.to_thread(_status, one) for one in (address, address, address + "/more")]
        assert codes == [503, 503, 404]
        assert asked == 1, "however often it is asked, the database is left in peace"
        port = int(address.rsplit(":", 1)[1].partition("/")[0])
        with pytest.raises(Fault, match="cannot listen"):
            async with served("127.0.0.1", port, answering):
                pass


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=10) as said:
            return int(said.status)
    except urllib.error.HTTPError as error:
        return error.code
