"""Amazon's time, real and simulated."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from chalkola.clock import JumpingClock, RealClock, ScaledClock, SlowingClock, read_clock
from chalkola.errors import Fault

START = datetime(2026, 11, 20, 2, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


async def test_a_jumping_clock_wakes_sleepers_in_order_and_at_their_instant() -> None:
    clock, woken = JumpingClock(START), []

    async def sleeper(after: timedelta) -> None:
        await clock.sleep_until(START + after)
        woken.append(clock.now() - START)

    await asyncio.gather(*(sleeper(minutes(m)) for m in (30, 10, 20)))
    assert woken == [minutes(10), minutes(20), minutes(30)]


async def test_a_jumping_clock_stands_still_while_work_is_in_flight() -> None:
    clock, seen = JumpingClock(START), []

    async def worker() -> None:
        with clock.in_flight():
            for _ in range(200):
                await asyncio.sleep(0)
            seen.append(clock.now())

    await asyncio.gather(worker(), clock.sleep_until(START + minutes(1)))
    assert seen == [START]
    assert clock.now() == START + minutes(1)


async def test_a_sleep_within_work_lets_the_clock_jump() -> None:
    clock = JumpingClock(START)
    with clock.in_flight():
        await clock.sleep_until(START + minutes(15))
    assert clock.now() == START + minutes(15)


async def test_work_within_work_counts_once() -> None:
    clock = JumpingClock(START)
    with clock.in_flight(), clock.in_flight():
        await clock.sleep_until(START + minutes(15))
    assert clock.now() == START + minutes(15)


async def test_who_waits_for_what_has_landed_takes_off_before_the_clock_jumps() -> None:
    clock, landed, seen = JumpingClock(START), asyncio.Event(), []

    async def step() -> None:
        with clock.in_flight():
            await asyncio.sleep(0)
        landed.set()

    async def dispatcher() -> None:
        late = asyncio.create_task(clock.sleep_until(START + minutes(60)))
        await asyncio.wait({asyncio.create_task(landed.wait()), late}, return_when=asyncio.FIRST_COMPLETED)
        with clock.in_flight():
            seen.append(clock.now())
        late.cancel()

    await asyncio.gather(step(), dispatcher())
    assert seen == [START]


async def test_a_cancelled_sleep_within_work_leaves_the_clock_usable() -> None:
    clock = JumpingClock(START)

    async def worker() -> None:
        with clock.in_flight():
            await clock.sleep_until(START + minutes(60))

    task = asyncio.create_task(worker())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await clock.sleep_until(START + minutes(5))
    assert clock.now() == START + minutes(5)


async def test_processes_with_one_anchor_agree_on_a_scaled_time() -> None:
    anchor = time.time()
    one = ScaledClock(start=START, anchor=anchor, speed=600)
    other = ScaledClock(start=START, anchor=anchor, speed=600)
    assert abs((one.now() - other.now()).total_seconds()) < 60
    await one.sleep_until(one.now() + timedelta(seconds=6))
    assert one.now() >= START + timedelta(seconds=6)


def test_settings_choose_the_clock() -> None:
    assert isinstance(read_clock(start=None, speed=None), RealClock)
    clock = read_clock(start="2026-11-20T02:00:00Z@1764000000.0", speed="600")
    assert clock == ScaledClock(start=START, anchor=1764000000.0, speed=600)


@pytest.mark.parametrize(("start", "speed"), [("yesterday", None), ("2026-11-20T02:00:00", "2"), (None, "0")])
def test_an_unreadable_clock_is_a_fault_that_quotes_it(start: str | None, speed: str | None) -> None:
    with pytest.raises(Fault, match="CHALKOLA_CLOCK_START"):
        read_clock(start=start, speed=speed)


async def test_a_clock_that_is_slowed_down_goes_on_from_its_instant_as_fast_as_ours() -> None:
    clock = SlowingClock(within=JumpingClock(START))
    with clock.in_flight():
        assert clock.now() == START
    clock.slow_down()
    await clock.sleep_until(START + timedelta(seconds=0.05))
    assert timedelta(seconds=0.05) <= clock.now() - START < minutes(2)
