"""A preflight's judgements: what each reading means, and what to do about it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from chalkola.amazon import Participation
from chalkola.clock import RealClock
from chalkola.datasets import SOURCES
from chalkola.marketplaces import marketplace, marketplaces
from chalkola.pipeline.checkup.clocks import heard_dates, judge_clock
from chalkola.pipeline.checkup.database import judge_privileges, judge_server, judge_way
from chalkola.pipeline.checkup.finding import Area, Finding, Level, is_well
from chalkola.pipeline.checkup.marketplaces import judge_login, judge_wanted
from chalkola.pipeline.checkup.quotas import judge_quotas, judge_slots
from chalkola.pipeline.checkup.room import FREE_PLAN_BYTES, Size, is_supabase, judge_room
from chalkola.pipeline.checkup.sources import judge_ways
from chalkola.pipeline.checkup.upkeep import (
    authorisation_age,
    judge_ages,
    judge_alerts,
    judge_credentials,
    secret_age,
)
from chalkola.pipeline.checkup.zones import judge_zones
from chalkola.pipeline.metering import all_buckets
from chalkola.settings import Settings, read_settings
from chalkola.store.checks import DatabaseFacts
from chalkola.store.day_zones import DayZone
from chalkola.wire import open_client

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)
FACTS = DatabaseFacts(
    version="17.6", version_number=170006, role="postgres", may_create=True, unusable=[], not_owned=[],
    size_bytes=9_000_000, row_count=0, read_only=False,
)  # fmt: skip
GIVEN = {"SP_LWA_CLIENT_ID": "id", "SP_LWA_CLIENT_SECRET": "secret", "SP_REFRESH_TOKEN_EU": "Atzr|x"}


def settings(**given: str) -> Settings:
    return read_settings({**GIVEN, **given})


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("age", "level"),
    [(0, "ok"), (149, "ok"), (150, "warning"), (179, "warning"), (180, "fault"), (181, "fault"), (-1, "warning")],
)
def test_a_client_secret_is_warned_of_at_150_days_and_is_a_fault_at_180(age: int, level: str) -> None:
    finding = secret_age(ago(age), TODAY)

    assert finding.level == level
    assert level == "ok" or "LWA credentials" in finding.where


@pytest.mark.parametrize(("age", "level"), [(334, "ok"), (335, "warning"), (365, "warning"), (400, "warning")])
def test_an_authorisation_is_warned_of_at_335_days_and_never_a_fault(age: int, level: str) -> None:
    assert authorisation_age(ago(age), TODAY).level == level


def test_dates_that_nobody_has_set_are_asked_for_and_no_warning() -> None:
    secret, authorisation = judge_ages(settings(), TODAY)

    assert (secret.level, authorisation.level) == ("note", "note")
    assert "SP_SECRET_CREATED" in secret.remedy
    assert "SP_AUTHORIZED" in authorisation.remedy


def test_missing_credentials_are_one_fault_that_names_them_all() -> None:
    finding = judge_credentials(read_settings({}))

    assert (finding.level, judge_credentials(settings()).level) == ("fault", "ok")
    assert all(name in finding.what for name in ("SP_LWA_CLIENT_ID", "SP_LWA_CLIENT_SECRET", "SP_REFRESH_TOKEN"))


def test_alerts_that_reach_nobody_are_a_warning() -> None:
    mail = {"SMTP_URL": "smtp://host", "ALERT_EMAIL_TO": "me@example.com"}

    assert judge_alerts(settings()).level is Level.WARNING
    assert "ALERT_EMAIL_TO" in judge_alerts(settings(SMTP_URL="smtp://host")).remedy
    both = judge_alerts(settings(**mail, SLACK_WEBHOOK_URL="https://hooks"))
    assert (both.level, both.what) == (Level.OK, "Alerts go to Slack and mail.")
    assert "chalkola alerts test" in both.remedy


def test_a_clock_is_judged_by_amazons_nearest_answer_and_by_the_database_without_one() -> None:
    hour, second = timedelta(hours=1), timedelta(seconds=1)

    assert judge_clock([hour, second], None).level is Level.OK
    assert "3600 s behind Amazon's" in judge_clock([hour], second).what
    assert "3600 s ahead of the database's" in judge_clock([], -hour).what
    assert judge_clock([], None).level is Level.NOTE


@pytest.mark.parametrize(("minutes", "said"), [(10, "behind Amazon's"), (-10, "ahead of Amazon's")])
async def test_a_clock_that_is_ten_minutes_wrong_is_told_by_the_date_of_an_answer(minutes: int, said: str) -> None:
    there = RealClock().now() + timedelta(minutes=minutes)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"Date": format_datetime(there, usegmt=True)})

    app = web.Application()
    app.router.add_get("/", answer)
    heard: list[timedelta] = []
    async with TestServer(app) as server, open_client() as client:
        with heard_dates(client, heard):
            await client.get(str(server.make_url("/")))

    finding = judge_clock(heard, timedelta())
    assert finding.level is Level.WARNING
    assert finding.what.endswith(f"{said}.")
    assert 595 <= abs(heard[0].total_seconds()) <= 605


@given(st.timedeltas(min_value=timedelta(days=-3), max_value=timedelta(days=3)))
def test_a_clock_is_warned_of_beyond_two_minutes(ahead: timedelta) -> None:
    assert (judge_clock([ahead], None).level is Level.WARNING) == (abs(ahead) > timedelta(minutes=2))


@pytest.mark.parametrize(
    ("url", "way"),
    [
        ("postgresql://u:p@aws-0-eu.pooler.supabase.com:6543/postgres", "through a transaction pooler"),
        ("postgresql://u:p@127.0.0.1:6543/postgres", "through a transaction pooler"),
        ("postgresql://u:p@aws-0-eu.pooler.supabase.com:5432/postgres", "through a session pooler"),
        ("postgresql://u:p@db.abc.supabase.co:5432/postgres", "directly"),
        ("postgresql://u:swordfish@localhost/postgres", "directly (localhost:5432)"),
    ],
)
def test_a_pooler_is_told_by_its_address_which_keeps_its_password(url: str, way: str) -> None:
    finding = judge_way(url)

    assert way in finding.what
    assert "swordfish" not in str(finding)


def test_supabases_direct_address_is_said_to_need_ipv6() -> None:
    assert "IPv6" in judge_way("postgresql://u:p@db.abc.supabase.co/postgres").why


def test_an_old_server_is_a_warning_and_one_that_can_only_be_read_a_fault() -> None:
    assert [f.level for f in judge_server(FACTS)] == ["ok"]
    assert [f.level for f in judge_server(replace(FACTS, version="14.2", version_number=140002))] == ["warning"]
    assert judge_server(replace(FACTS, read_only=True))[-1].level is Level.FAULT


def test_tables_that_may_not_be_written_are_a_fault_and_those_of_another_role_a_warning() -> None:
    assert [f.level for f in judge_privileges(FACTS)] == ["ok"]
    (finding,) = judge_privileges(replace(FACTS, unusable=["sp_pulls"]))
    assert (finding.level, "sp_pulls" in finding.what) == (Level.FAULT, True)
    worse = judge_privileges(replace(FACTS, may_create=False, not_owned=["marketplaces"]))
    assert [f.level for f in worse] == ["warning", "warning"]


def test_two_years_of_a_thousand_asins_in_twelve_marketplaces_are_2_9_gigabytes() -> None:
    assert Size(size_bytes=0, row_count=0).expected_bytes == 730 * 12_000 * 330
    assert "2.9 GB (1,000 ASINs in 12 marketplaces" in str(Size(size_bytes=9_000_000, row_count=0))


def test_rows_that_are_there_are_not_counted_twice() -> None:
    full = Size(size_bytes=3_000_000, row_count=7300, rows_a_day=10)

    assert full.expected_bytes == full.size_bytes
    assert replace(full, row_count=7299).expected_bytes == full.size_bytes + 330


def test_what_exceeds_supabases_free_plan_is_a_warning_that_names_it() -> None:
    finding = judge_room(Size(size_bytes=9_000_000, row_count=0), supabase=True, free_bytes=None)

    assert finding.level is Level.WARNING
    assert "free plan holds 500 MB" in finding.what
    small = Size(size_bytes=9_000_000, row_count=0, rows_a_day=1000)
    assert judge_room(small, supabase=True, free_bytes=None).level is Level.OK
    assert is_supabase("postgresql://u@aws-0.pooler.supabase.com/x")
    assert not is_supabase("postgresql://u@example.com/supabase.com")


@given(st.integers(0, 10**10), st.integers(0, 10**7), st.none() | st.integers(0, 50_000))
def test_room_on_supabase_is_enough_exactly_when_all_of_it_fits(size: int, rows: int, a_day: int | None) -> None:
    held = Size(size_bytes=size, row_count=rows, rows_a_day=a_day)

    fits = judge_room(held, supabase=True, free_bytes=None).level is Level.OK

    assert held.expected_bytes >= size
    assert fits == (held.expected_bytes <= FREE_PLAN_BYTES)


def test_a_disk_is_well_tight_or_full() -> None:
    size = Size(size_bytes=0, row_count=0)

    levels = [judge_room(size, supabase=False, free_bytes=free).level for free in (10**10, 2 * 10**9, 10**8)]

    assert levels == ["ok", "warning", "fault"]
    assert judge_room(size, supabase=False, free_bytes=None).level is Level.NOTE


def participation(code: str, **chosen: bool) -> Participation:
    found = {"is_participating": True, "has_suspended_listings": False} | chosen
    return Participation(amazon_id=marketplace(code).amazon_id, country=code, **found)


def test_a_login_says_what_it_opens_and_where_listings_are_suspended() -> None:
    (account,) = settings().accounts

    login = judge_login(account, [participation("DE"), participation("FR", has_suspended_listings=True)])

    assert login.opens == marketplaces(["DE,FR"])
    assert [finding.level for finding in login.findings] == ["ok", "warning"]
    assert "FR" in login.findings[1].what


def test_a_login_that_opens_nothing_of_ours_or_not_its_own_marketplace_is_a_fault() -> None:
    (account,) = settings().accounts
    (own,) = read_settings({"SP_REFRESH_TOKEN_AE": "Atzr|x"}).accounts

    for login in (judge_login(account, [participation("DE", is_participating=False)]),
                  judge_login(own, [participation("DE")])):  # fmt: skip
        assert [finding.level for finding in login.findings] == ["fault"]
    assert "AE" in login.findings[0].what


def test_a_marketplace_asked_for_that_nobody_opens_is_a_fault_unless_its_account_is_silent() -> None:
    wanted = settings(CHALKOLA_MARKETPLACES="DE,FR", SP_REFRESH_TOKEN_NA="Atzr|y")  # noqa: S106
    opens = marketplaces(["DE"])

    (fault,) = judge_wanted(wanted, {"EU": opens, "NA": None})
    notes = judge_wanted(wanted, {"EU": None, "NA": marketplaces(["US"])})

    assert (fault.level, "FR" in fault.what) == (Level.FAULT, True)
    assert [note.level for note in notes] == ["note", "note"]


def found(level: Level) -> Finding:
    return Finding(area=Area.ACCOUNT, level=level, what="x", account="EU")


def test_a_closed_way_is_a_fault_unless_the_other_one_is_known_to_be_open() -> None:
    ok, warning, fault = found(Level.OK), found(Level.WARNING), found(Level.FAULT)

    assert is_well(judge_ways([fault, ok]))
    assert is_well(judge_ways([ok, fault]))
    assert not is_well(judge_ways([fault, fault]))
    assert not is_well(judge_ways([fault, warning]))


def test_quotas_are_said_as_configured_and_as_amazon_has_shown_them() -> None:
    configured = all_buckets(["EU"], SOURCES, {})
    observed = [
        replace(b, seconds_per_turn=30.0) if b.key == "createQuery@EU"
        else replace(b, blocked_until=NOW + timedelta(hours=1), refused_in_row=2) if b.key == "getReports@EU"
        else b
        for b in configured
    ]  # fmt: skip

    report, throttled, stated = judge_quotas(configured, observed, SOURCES, {}, NOW)

    assert report.what.startswith("sales_and_traffic.report: ")
    assert "0 of 96 taken in the last 24 hours" in report.what
    assert (throttled.level, "getReports@EU 2 times" in throttled.what) == (Level.WARNING, True)
    assert "createQuery@EU a turn in 30 s" in stated.what


def test_fewer_queries_at_once_than_configured_are_said() -> None:
    assert judge_slots({"salesAndTrafficByAsin@EU": 3}, 3) == []
    assert "2 of salesAndTrafficByAsin@EU" in judge_slots({"salesAndTrafficByAsin@EU": 2}, 3)[0].what


def test_another_day_than_the_local_one_is_a_warning_that_says_what_it_means() -> None:
    zone = DayZone(
        amazon_marketplace_id=marketplace("DE").amazon_id, zone="Europe/Berlin", days=14, fits={"Europe/Berlin": 14},
        found_at=NOW,
    )  # fmt: skip

    levels = [judge_zones([replace(zone, zone=name)])[0].level for name in ("Europe/Berlin", "UTC", None)]

    assert levels == ["ok", "warning", "note"]
    assert "Nothing is lost" in judge_zones([replace(zone, zone="UTC")])[0].why
    assert "7 are needed" in judge_zones([replace(zone, zone=None, days=2, fits={})])[0].what


def test_the_settings_of_a_preflight_are_read_from_their_variables(tmp_path: Path) -> None:
    dates = {"SP_SECRET_CREATED": "2026-05-01", "SP_AUTHORIZED": "2026-05-02"}
    read = settings(**dates, CHALKOLA_HOME=str(tmp_path))

    assert (read.secret_created, read.authorized) == (date(2026, 5, 1), date(2026, 5, 2))
    assert isinstance(read.clock, RealClock)
