"""The rules about what a shop's owner looks after: credentials, room, channels, the archive."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalkola.pipeline.checkup.room import FREE_PLAN_BYTES, TIGHT_BYTES
from chalkola.pipeline.health.model import Concern, Opened, Room
from chalkola.store.alerts import Unheard
from concerns import DAY, EU, HOUR, NOW, PACE, found, unkept, waiting


@pytest.mark.parametrize(("age", "grades"), [(149, []), (150, [1]), (174, [2]), (180, [3])])
def test_the_client_secret_is_told_of_before_its_end_and_again_when_it_is_near(age: int, grades: list[int]) -> None:
    told = found("credentials end", secret_created=NOW.date() - timedelta(days=age))
    assert [concern.grade for concern in told] == grades
    assert all(concern.subject == "client secret" and "SP_LWA_CLIENT_SECRET" in concern.todo for concern in told)


def test_an_authorisation_near_a_year_is_told_of_and_one_whose_day_lies_ahead_or_is_not_known_is_not() -> None:
    (told,) = found("credentials end", authorized=NOW.date() - timedelta(days=340))
    assert told.subject == "authorisation"
    assert found("credentials end", authorized=NOW.date() + DAY, secret_created=None) == []


def test_nothing_pulled_for_thirty_hours_is_told_and_an_outage_is_its_cause() -> None:
    def pulled(ago: timedelta, **facts: Any) -> list[Concern]:
        return found("nothing pulled", pace=replace(PACE, pulled_at=NOW - ago), **facts)

    assert pulled(29 * HOUR) == []
    assert "for 31 h" in pulled(31 * HOUR)[0].what
    assert pulled(31 * HOUR, waiting=(waiting(hours=31),))[0].cause == ("outage", "Amazon")
    assert pulled(31 * HOUR, accounts=(replace(EU, fault="refused"),))[0].cause == ("login refused", "EU")
    assert pulled(31 * HOUR, accounts=(replace(EU, fault="refused"), Opened(key="NA")))[0].cause is None
    never = replace(PACE, pulled_at=None)
    assert found("nothing pulled", pace=replace(never, began_at=NOW - HOUR)) == []
    assert found("nothing pulled", pace=replace(never, began_at=None)) == [], "there was no pull yet"
    assert len(found("nothing pulled", pace=never)) == 1


def test_a_full_database_is_told_of_by_supabases_plan_or_by_the_disk() -> None:
    def filled(part: float) -> list[int]:
        pace = replace(PACE, size_bytes=int(part * FREE_PLAN_BYTES))
        return [c.grade for c in found("database full", pace=pace, room=Room(on_supabase=True, free_bytes=None))]

    def left(free: float) -> list[int]:
        room = Room(on_supabase=False, free_bytes=int(free * TIGHT_BYTES))
        return [c.grade for c in found("database full", room=room)]

    assert [filled(part) for part in (0.7, 0.85, 0.92, 0.98, 1.01, 1.3)] == [[], [1], [2], [3], [4], []]
    assert [left(free) for free in (3, 1.5, 0.9, 0.1)] == [[], [1], [2], [3]]
    assert found("database full", room=Room(on_supabase=False, free_bytes=None)) == [], "a server elsewhere"


def test_a_backfill_that_has_not_moved_for_two_days_is_told_of() -> None:
    def stalled(ago: timedelta, left: int = 3) -> list[Concern]:
        return found("backfill stalled", pace=replace(PACE, history_open=left, history_moved_at=NOW - ago))

    assert stalled(47 * HOUR) == []
    assert stalled(60 * HOUR, left=0) == []
    assert "3 questions left, and none has moved for 2 days" in stalled(60 * HOUR)[0].what


def test_a_channel_that_was_not_reached_is_told_of() -> None:
    (unheard,) = found("alerts unheard", unheard=(Unheard(channel="Slack", failure="HTTP 404", tried_at=NOW),))
    assert (unheard.subject, unheard.why) == ("Slack", "HTTP 404")


def test_documents_that_are_not_kept_are_told_until_one_is_kept_and_half_a_day_beyond() -> None:
    (concern,) = found("documents not kept", unkept=(unkept(),))
    assert concern.what == "3 documents could not be archived since 2026-11-20 18:00 UTC."
    assert (concern.why, concern.grade) == ("The bucket is away.", 1)
    assert found("documents not kept", unkept=(unkept(goes_on=False),))[0].grade == 1
    assert found("documents not kept", unkept=(unkept(goes_on=False, last_at=NOW - 13 * HOUR),)) == []
    grades = [
        found("documents not kept", unkept=(unkept(first_at=NOW - days * DAY),))[0].grade for days in (0, 1, 2, 3)
    ]
    assert grades == [1, 2, 2, 3]


def test_documents_that_are_too_large_for_the_archive_are_told_for_as_long_as_they_are_read() -> None:
    large = unkept(state="too large", count=1, largest_bytes=61_000_000, goes_on=False, last_at=NOW - 6 * DAY)
    (concern,) = found("documents not kept", unkept=(large,))
    assert concern.subject == "too large"
    assert concern.what == "1 document of the last week cannot be archived, the largest of 61 MB."
