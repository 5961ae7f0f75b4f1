"""Alerts, mutes and deliveries in the database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from chalkola.store.alerts import (
    Delivery,
    Seen,
    claim,
    mute,
    note,
    read_known_alerts,
    read_mutes,
    read_unheard,
    see_alerts,
)
from chalkola.store.connection import Pool

Database = psycopg.Connection[dict[str, Any]]
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)
LATE = Seen(rule="late", subject="DE", severity="warning", grade=1, message="late", why="w", done="d", todo="t",
            cause=None)  # fmt: skip


async def seen(pool: Pool) -> int:
    """Raise an alert and return its number."""
    await see_alerts(pool, [LATE], [], NOW)
    return (await read_known_alerts(pool, NOW))[0].id


async def test_an_alert_is_one_line_until_it_is_over_and_then_another(pool: Pool) -> None:
    number = await seen(pool)
    await see_alerts(pool, [LATE], [], NOW + DAY)
    (again,) = await read_known_alerts(pool, NOW)
    assert (again.id, again.raised_at, again.found_at) == (number, NOW, NOW + DAY)

    await see_alerts(pool, [], [number], NOW + 2 * DAY)
    await see_alerts(pool, [LATE], [], NOW + 3 * DAY)

    assert [(one.id == number, one.cured_at) for one in await read_known_alerts(pool, NOW)] == [
        (False, None), (True, NOW + 2 * DAY),
    ]  # fmt: skip
    assert len(await read_known_alerts(pool, NOW + 9 * DAY)) == 1, "what was over long ago is not read"


async def test_an_alert_that_a_run_has_raised_at_once_is_the_rules_own(pool: Pool, database: Database) -> None:
    database.execute("SELECT sp_raise_alert('late', 'DE', 'at once', %s)", (NOW - DAY,))
    await seen(pool)
    (one,) = await read_known_alerts(pool, NOW)
    assert (one.message, one.todo, one.raised_at) == ("late", "t", NOW - DAY)


async def test_a_message_is_claimed_by_one_and_never_again_once_it_was_delivered(pool: Pool) -> None:
    number = await seen(pool)
    wanted = [Delivery(kind="raised", alert_id=number, grade=1), Delivery(kind="digest", day=date(2026, 11, 20))]

    first = await claim(pool, "Slack", wanted, NOW)
    assert set(first.values()) == set(wanted)
    assert await claim(pool, "Slack", wanted, NOW) == {}, "another run has it"
    assert set((await claim(pool, "mail", wanted, NOW)).values()) == set(wanted), "another channel is another message"

    await note(pool, list(first), None, NOW)
    assert await claim(pool, "Slack", wanted, NOW) == {}
    (one,) = await read_known_alerts(pool, NOW)
    assert (one.told, one.told_over) == ({"Slack": 1}, [])


async def test_what_failed_is_claimed_again_and_its_channel_counts_as_unheard_until_one_arrives(pool: Pool) -> None:
    number = await seen(pool)
    wanted = [Delivery(kind="raised", alert_id=number, grade=1)]
    await note(pool, list(await claim(pool, "Slack", wanted, NOW)), "HTTP 404", NOW)
    assert [(one.channel, one.failure) for one in await read_unheard(pool)] == [("Slack", "HTTP 404")]

    again = await claim(pool, "Slack", wanted, NOW + DAY)
    await note(pool, list(again), None, NOW + DAY)

    assert len(again) == 1
    assert await read_unheard(pool) == []


async def test_what_a_run_had_in_hand_when_it_died_is_sent_by_the_next_one(pool: Pool, database: Database) -> None:
    wanted = [Delivery(kind="raised", alert_id=await seen(pool), grade=1)]
    await claim(pool, "Slack", wanted, NOW)
    database.execute("UPDATE sp_alert_deliveries SET sending_until = clock_timestamp() - interval '1 second'")
    assert len(await claim(pool, "Slack", wanted, NOW)) == 1


async def test_a_graver_alert_and_its_end_are_messages_of_their_own(pool: Pool) -> None:
    number = await seen(pool)
    for wanted in (
        Delivery(kind="raised", alert_id=number, grade=1),
        Delivery(kind="raised", alert_id=number, grade=3),
        Delivery(kind="cured", alert_id=number),
    ):
        await note(pool, list(await claim(pool, "Slack", [wanted], NOW)), None, NOW)
    (one,) = await read_known_alerts(pool, NOW)
    assert (one.told, one.told_over) == ({"Slack": 3}, ["Slack"])


async def test_a_mute_holds_until_its_end_can_be_moved_and_ended(pool: Pool) -> None:
    await mute(pool, "late", "DE", NOW + DAY)
    await mute(pool, "late", "DE", NOW + 2 * DAY)
    await mute(pool, "outage", "", NOW + DAY)
    assert [(m.rule, m.subject, m.until) for m in await read_mutes(pool, NOW)] == [
        ("late", "DE", NOW + 2 * DAY), ("outage", "", NOW + DAY),
    ]  # fmt: skip
    assert await read_mutes(pool, NOW + 2 * DAY) == []
    await mute(pool, "late", "DE", None)
    assert [m.rule for m in await read_mutes(pool, NOW)] == ["outage"]


def test_a_digest_belongs_to_a_day_and_every_other_message_to_an_alert(database: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        database.execute(
            "INSERT INTO sp_alert_deliveries (channel, kind, tried_at) VALUES ('Slack', 'digest', now())"
        )
