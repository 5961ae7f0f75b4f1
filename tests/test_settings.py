"""Settings: read once, checked whole, and silent about secrets."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from chalkola.clock import RealClock, ScaledClock
from chalkola.errors import Fault
from chalkola.marketplaces import Region, marketplace
from chalkola.schedule import USUAL, read_schedule
from chalkola.settings import (
    AMAZON_ENDPOINTS,
    AMAZON_LOGIN,
    SETTINGS,
    Bucket,
    read_log_json,
    read_settings,
    secret_values,
)

SECRETS = {
    "SP_LWA_CLIENT_SECRET": "amzn1.oa2-cs.v1.swordfish",
    "SP_REFRESH_TOKEN_EU": "Atzr|swordfish",
    "SP_REFRESH_TOKEN_AE": "Atzr|emirates",
    "DATABASE_URL": "postgresql://user:swordfish@db.example.com:5432/postgres",
}
GOOD = {"SP_LWA_CLIENT_ID": "amzn1.application-oa2-client.1", **SECRETS}
LOOPBACK = {
    "LWA_TOKEN_URL": "http://127.0.0.1:1/auth/o2/token",
    **{f"SP_API_ENDPOINT_{region}": "http://127.0.0.1:2" for region in Region},
    "FX_RATES_URL": "http://127.0.0.1:3/",
}


def problems(**given: str) -> str:
    with pytest.raises(Fault) as fault:
        read_settings({**GOOD, **given})
    return str(fault.value)


def test_amazons_own_addresses_are_the_default() -> None:
    settings = read_settings(GOOD)
    assert settings.login_url == AMAZON_LOGIN
    assert {account.endpoint for account in settings.accounts} == {AMAZON_ENDPOINTS[Region.EU]}
    assert isinstance(settings.clock, RealClock)


def test_an_account_is_a_region_or_one_marketplace() -> None:
    accounts = {account.key: account for account in read_settings(GOOD).accounts}
    assert set(accounts) == {"EU", "AE"}
    assert accounts["EU"].only is None
    assert accounts["AE"].only is marketplace("AE")
    assert accounts["AE"].region is Region.EU


@pytest.mark.parametrize(
    ("spelling", "key"),
    [("UAE", "AE"), ("AE", "AE"), ("USA", "US"), ("GB", "UK"), ("UK", "UK"), ("BR", "BR"), ("AU", "AU")],
)
def test_a_refresh_token_is_named_in_either_spelling(spelling: str, key: str) -> None:
    settings = read_settings({f"SP_REFRESH_TOKEN_{spelling}": "Atzr|x"})
    assert [account.key for account in settings.accounts] == [key]


def test_all_that_is_wrong_is_in_one_message_each_with_where_to_find_it() -> None:
    said = problems(
        SP_REFRESH_TOKEN_NA="Atzr|two words",  # noqa: S106
        SP_API_ENDPOINT_EU="sellingpartnerapi-eu.amazon.com",
        LWA_TOKEN_URL="http://api.amazon.com/auth/o2/token",  # noqa: S106
        DATABASE_URL="https://project.supabase.co",
        CHALKOLA_MARKETPLACES="US,XX",
        CHALKOLA_QUOTAS="x=often",
        CHALKOLA_ARCHIVE="supabase:documents",
        CHALKOLA_CLOCK_SPEED="600",
    )
    for name in (
        "SP_REFRESH_TOKEN_NA", "SP_API_ENDPOINT_EU", "LWA_TOKEN_URL", "DATABASE_URL", "CHALKOLA_MARKETPLACES",
        "CHALKOLA_QUOTAS", "CHALKOLA_ARCHIVE", "CHALKOLA_CLOCK_SPEED",
    ):  # fmt: skip
        assert name in said
    assert said.count("\n  - ") == 8
    for place in ("Seller Central", "Supabase > Connect > Session pooler", "3/5min", "Accepted: US CA MX", ".env"):
        assert place in said


def test_what_is_missing_for_speaking_to_amazon_is_named_all_at_once() -> None:
    settings = read_settings({})
    with pytest.raises(Fault) as fault:
        settings.require_amazon()
    for name in ("SP_LWA_CLIENT_ID", "SP_LWA_CLIENT_SECRET", "SP_REFRESH_TOKEN_NA"):
        assert name in str(fault.value)
    assert str(fault.value).count("Seller Central") == 3


def test_a_value_of_spaces_is_no_value() -> None:
    assert read_settings({"SP_REFRESH_TOKEN_EU": "  "}).accounts == ()


@pytest.mark.parametrize("address", ["http://sellingpartnerapi-eu.amazon.com", "http://192.168.0.2:8080", "ftp://x"])
def test_credentials_are_not_sent_unencrypted(address: str) -> None:
    said = problems(SP_API_ENDPOINT_EU=address)
    assert "unencrypted" in said or "is not an address" in said


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_http_is_allowed_on_loopback(host: str) -> None:
    settings = read_settings({**GOOD, "SP_API_ENDPOINT_EU": f"http://{host}:8080/"})
    assert settings.accounts[0].endpoint == f"http://{host}:8080"


@pytest.mark.parametrize("missing", sorted(LOOPBACK))
def test_a_simulated_clock_is_refused_when_any_address_is_amazons(missing: str) -> None:
    if missing in ("SP_API_ENDPOINT_NA", "SP_API_ENDPOINT_FE"):
        given = {**GOOD, f"SP_REFRESH_TOKEN_{missing[-2:]}": "Atzr|x"}
    else:
        given = GOOD
    given = {**given, **LOOPBACK, "CHALKOLA_CLOCK_START": "2026-11-20T02:00:00Z@1764000000.0"}
    assert isinstance(read_settings(given).clock, ScaledClock)
    del given[missing]
    with pytest.raises(Fault, match="for the simulator only"):
        read_settings(given)


@pytest.mark.parametrize("start", ["yesterday", "2026-11-20T02:00:00", "2026-11-20T02:00:00Z@noon"])
def test_a_clock_that_cannot_be_read_is_said_with_the_form(start: str) -> None:
    assert "2026-11-20T02:00:00Z@1764000000.0" in problems(**LOOPBACK, CHALKOLA_CLOCK_START=start)


def test_no_secret_is_in_any_representation() -> None:
    settings = read_settings(GOOD)
    shown = f"{settings!r} {settings} {settings.accounts!r}"
    assert not [value for value in SECRETS.values() if value in shown]
    assert "swordfish" not in shown


def test_no_secret_is_in_a_message_about_settings() -> None:
    said = problems(SP_REFRESH_TOKEN_EU="Atzr|sword fish", DATABASE_URL="mysql://user:swordfish@host/db")  # noqa: S106
    assert "sword fish" not in said
    assert "swordfish" not in said


def test_every_secret_setting_is_marked_as_one() -> None:
    secret = {setting.name for setting in SETTINGS if setting.secret}
    assert {setting.name for setting in SETTINGS if "TOKEN_" in setting.name and "URL" not in setting.name} <= secret
    assert {"SP_LWA_CLIENT_SECRET", "DATABASE_URL"} <= secret


def test_a_password_in_an_address_is_secret_in_every_spelling_unless_it_is_only_a_name() -> None:
    url = SECRETS["DATABASE_URL"]
    assert set(secret_values({"DATABASE_URL": url, "CHALKOLA_HOME": "here"})) == {url, "swordfish"}
    named = "postgresql://chalkola:chalkola@localhost/chalkola"
    assert secret_values({"DATABASE_URL": named}) == (named,)


def test_calls_are_kept_for_a_month_a_number_of_days_or_not_at_all() -> None:
    kept = [read_settings({"CHALKOLA_CALLS_KEPT_DAYS": typed}).calls_kept.days for typed in ("", "0", "3650")]
    assert kept == [30, 0, 3650]
    for typed in ("-1", "3651", "a month", "1.5"):
        assert f"CHALKOLA_CALLS_KEPT_DAYS: '{typed}' is not a number of days from 0 to 3650." in problems(
            CHALKOLA_CALLS_KEPT_DAYS=typed
        )


def test_questions_under_way_are_a_number_from_1_to_100() -> None:
    read = [read_settings({"CHALKOLA_OPEN_QUERIES": typed}).open_queries for typed in ("", "1", "100")]
    assert read == [3, 1, 100]
    for typed in ("0", "101", "many", "²"):
        said = problems(CHALKOLA_OPEN_QUERIES=typed)
        assert f"CHALKOLA_OPEN_QUERIES: '{typed}' is not a number from 1 to 100." in said


def test_a_backfill_leaves_a_share_in_percent_to_the_night() -> None:
    read = [
        read_settings({"CHALKOLA_BACKFILL_RESERVE": typed}).backfill_reserve for typed in ("", "0", "90 %", "10%")
    ]
    assert read == [0.25, 0, 0.9, 0.1]
    for typed in ("91", "-1", "a quarter", "³%"):
        number = typed.removesuffix("%")
        said = problems(CHALKOLA_BACKFILL_RESERVE=typed)
        assert f"CHALKOLA_BACKFILL_RESERVE: '{number}' is not a number of percent from 0 to 90." in said


def test_logs_are_text_unless_json_is_asked_for() -> None:
    assert [read_settings({"CHALKOLA_LOG": typed}).log_json for typed in ("", "text", "json")] == [False, False, True]
    assert "CHALKOLA_LOG: 'JSON!' is neither text nor json." in problems(CHALKOLA_LOG="JSON!")
    assert read_log_json({"CHALKOLA_LOG": "json", "DATABASE_URL": "wrong"})


def test_the_archive_is_in_the_home_elsewhere_or_off(tmp_path: Path) -> None:
    home = {"CHALKOLA_HOME": str(tmp_path)}
    assert read_settings(home).archive == tmp_path.resolve() / "archive"
    assert read_settings({**home, "CHALKOLA_ARCHIVE": str(tmp_path / "kept")}).archive == tmp_path.resolve() / "kept"
    assert read_settings({**home, "CHALKOLA_ARCHIVE": "off"}).archive is None


def test_a_supabase_project_has_an_address_and_a_secret_key_of_either_form() -> None:
    newer = {"SUPABASE_URL": "https://abc.supabase.co/", "SUPABASE_SERVICE_KEY": "sb_secret_swordfish"}
    project = read_settings(newer).supabase
    assert project is not None
    assert (project.url, project.headers) == ("https://abc.supabase.co", {"apikey": "sb_secret_swordfish"})
    assert "swordfish" not in repr(project)
    key = jwt("service_role")
    older = read_settings({**newer, "SUPABASE_SERVICE_KEY": key}).supabase
    assert older is not None
    assert older.headers == {"apikey": key, "authorization": f"Bearer {key}"}
    for lacking in newer:
        assert read_settings({**newer, lacking: ""}).supabase is None


def test_a_key_that_is_no_secret_key_of_a_project_is_named_before_it_is_used() -> None:
    wrong = {
        "sb_publishable_swordfish": "is the publishable key, which may not write",
        "swordfish": "is neither an sb_secret_… nor an eyJ… key",
        jwt("anon"): "is the key of the role anon, which may not write",
    }
    for key, sentence in wrong.items():
        said = problems(SUPABASE_URL="https://abc.supabase.co", SUPABASE_SERVICE_KEY=key)
        assert f"SUPABASE_SERVICE_KEY {sentence}. Copy the secret key from Supabase > Project Settings" in said
        assert key not in said


def test_a_projects_address_is_https() -> None:
    given = {"SUPABASE_SERVICE_KEY": "sb_secret_swordfish"}
    assert "SUPABASE_URL='http://abc.supabase.co' would send" in problems(
        **given, SUPABASE_URL="http://abc.supabase.co"
    )


def jwt(role: str) -> str:
    head, payload = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (
        {"alg": "HS256", "typ": "JWT"}, {"iss": "supabase", "ref": "abc", "role": role}
    ))  # fmt: skip
    return f"{head}.{payload}.swordfish"


SUPABASE = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SERVICE_KEY": "sb_secret_swordfish"}


def test_the_archive_is_a_bucket_where_one_is_named_and_its_project_is_known() -> None:
    assert read_settings({**SUPABASE, "CHALKOLA_ARCHIVE": "supabase:my-bucket"}).archive == Bucket(name="my-bucket")
    for typed in ("supabase", "supabase:", "supabase:a/b", "supabase:../x"):
        assert f"CHALKOLA_ARCHIVE='{typed}': after supabase: comes the name of a bucket" in problems(
            **SUPABASE, CHALKOLA_ARCHIVE=typed
        )
    assert "SUPABASE_URL or SUPABASE_SERVICE_KEY is missing" in problems(CHALKOLA_ARCHIVE="supabase:my-bucket")


def test_on_a_machine_of_githubs_documents_go_to_the_project_or_nowhere() -> None:
    here = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/shop", "GITHUB_RUN_ID": "7"}
    hosted = {**here, "RUNNER_ENVIRONMENT": "github-hosted"}
    assert read_settings(hosted).archive is None
    assert read_settings({**hosted, **SUPABASE}).archive == Bucket(name="chalkola")
    assert read_settings({**hosted, **SUPABASE, "CHALKOLA_ARCHIVE": "off"}).archive is None
    assert isinstance(read_settings({**here, **SUPABASE, "RUNNER_ENVIRONMENT": "self-hosted"}).archive, Path)


def test_documents_are_kept_for_three_months_some_days_or_for_ever() -> None:
    kept = [read_settings({"CHALKOLA_ARCHIVE_KEPT_DAYS": typed}).archive_kept for typed in ("", "7", "forever")]
    assert kept == [timedelta(days=90), timedelta(days=7), None]
    for typed in ("0", "-1", "always", "1.5"):
        assert f"CHALKOLA_ARCHIVE_KEPT_DAYS: '{typed}' is neither a number of days from 1 to 3650 nor" in problems(
            CHALKOLA_ARCHIVE_KEPT_DAYS=typed
        )


def test_settings_come_from_the_environment_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SP_LWA_CLIENT_ID=from-file\nCHALKOLA_MARKETPLACES=GB,UAE\n")
    with working_in(tmp_path, SP_LWA_CLIENT_ID="from-environment"):
        settings = read_settings()
    assert settings.client_id == "from-environment"
    assert [m.code for m in settings.marketplaces] == ["UK", "AE"]


@contextmanager
def working_in(folder: Path, **environment: str) -> Iterator[None]:
    before, where = dict(os.environ), Path.cwd()
    os.environ.update(environment)
    os.environ.pop("CHALKOLA_MARKETPLACES", None)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(where)
        os.environ.clear()
        os.environ.update(before)


def test_a_digest_is_daily_or_off() -> None:
    assert read_settings({}).daily_digest is False
    assert read_settings({"CHALKOLA_DIGEST": "daily"}).daily_digest is True
    assert "CHALKOLA_DIGEST='weekly' is neither daily nor off." in problems(CHALKOLA_DIGEST="weekly")


def test_a_run_of_github_actions_is_known_by_what_github_sets() -> None:
    given = {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/shop", "GITHUB_RUN_ID": "7"}
    workflow = {"GITHUB_WORKFLOW_REF": "me/shop/.github/workflows/daily-pull.yml@refs/heads/main"}

    github = read_settings({**given, **workflow}).github

    assert github is not None
    assert github.run == "https://github.com/me/shop/actions/runs/7"
    assert github.workflow == "https://github.com/me/shop/actions/workflows/daily-pull.yml"
    assert github.docs == "https://github.com/me/shop/blob/HEAD/docs/"
    bare = read_settings(given).github
    assert bare is not None
    assert bare.workflow == bare.run
    for name in given:
        assert read_settings({**given, name: ""}).github is None
    assert read_settings({**given, "GITHUB_RUN_ID": "javascript:x"}).github is None


def test_a_process_that_stays_has_its_hours_and_the_port_of_its_host() -> None:
    assert read_settings(GOOD).schedule == USUAL
    assert read_settings(GOOD).port is None
    chosen = read_settings({**GOOD, "CHALKOLA_SCHEDULE": "06:30", "PORT": "8080"})
    assert (chosen.schedule, chosen.port) == (read_schedule("06:30"), 8080)
    assert "CHALKOLA_SCHEDULE: '25:00' is not an hour like 02:00" in problems(CHALKOLA_SCHEDULE="25:00")


def test_a_variable_of_somebody_elses_that_is_called_port_too_is_none_of_ours() -> None:
    assert read_settings({**GOOD, "PORT": "tcp://10.0.0.1:80"}).port is None


GOOGLE = {
    "GOOGLE_CLIENT_ID": "1-x.apps.googleusercontent.com", "GOOGLE_CLIENT_SECRET": "GOCSPX-swordfish",
    "ALLOWED_EMAIL_DOMAIN": "@Example.com, shop.example.co.uk", "SESSION_SECRET": "s" * 32,
}  # fmt: skip


def test_people_sign_in_where_all_that_it_needs_is_set() -> None:
    settings = read_settings({**GOOD, **GOOGLE, "CHALKOLA_OWNERS": "Ann@example.com,  bob@example.com"})
    assert settings.sign_in is not None
    assert settings.sign_in.domains == ("example.com", "shop.example.co.uk")
    assert settings.sign_in.owners == {"ann@example.com", "bob@example.com"}
    assert settings.sign_in.discovery_url == "https://accounts.google.com/.well-known/openid-configuration"
    assert settings.sign_in_lacks == ()
    assert "swordfish" not in repr(settings)


def test_a_part_of_it_stops_no_pull_and_is_named_for_whoever_serves() -> None:
    assert read_settings(GOOD).sign_in_lacks == ()
    for name in GOOGLE:
        settings = read_settings({**GOOD, **{other: value for other, value in GOOGLE.items() if other != name}})
        assert settings.sign_in is None
        (lack,) = settings.sign_in_lacks
        assert lack.startswith(f"{name} is missing")


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("ALLOWED_EMAIL_DOMAIN", "gmail.com", "anybody can have an address at gmail.com"),
        ("ALLOWED_EMAIL_DOMAIN", "ann@example.com", "no domain like example.com"),
        ("ALLOWED_EMAIL_DOMAIN", "com", "no domain like example.com"),
        ("SESSION_SECRET", "short", "fewer than 32 characters"),
        ("CHALKOLA_OWNERS", "Ann", "'ann' is no mail address"),
        ("GOOGLE_DISCOVERY_URL", "http://accounts.example.com", "unencrypted"),
    ],
)
def test_what_is_wrong_with_it_is_said(name: str, typed: str, said: str) -> None:
    assert said in problems(**{**GOOGLE, name: typed})
