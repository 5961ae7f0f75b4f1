"""Settings: read once, checked whole, and silent about secrets."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chalkola.clock import RealClock, ScaledClock
from chalkola.errors import Fault
from chalkola.marketplaces import marketplace
from chalkola.settings import AMAZON_ENDPOINTS, AMAZON_LOGIN, SETTINGS, Region, read_settings

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


def test_the_archive_is_in_the_home_elsewhere_or_off(tmp_path: Path) -> None:
    home = {"CHALKOLA_HOME": str(tmp_path)}
    assert read_settings(home).archive == tmp_path.resolve() / "archive"
    assert read_settings({**home, "CHALKOLA_ARCHIVE": str(tmp_path / "kept")}).archive == tmp_path.resolve() / "kept"
    assert read_settings({**home, "CHALKOLA_ARCHIVE": "off"}).archive is None


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
