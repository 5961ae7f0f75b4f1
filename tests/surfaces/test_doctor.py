"""`chalkola doctor`: what a person reads, and what a program does."""

from typing import Any

from chalkola.pipeline.checkup import Area, Finding, Level
from chalkola.surfaces.doctor_screen import conclusion


def test_a_preflight_says_for_each_account_what_is_open_and_how_it_ends(chalkola: Any) -> None:
    said = chalkola("doctor")

    assert (said.code, said.err) == (0, "")
    for words in ("Account EU", "opens DE", "Data Kiosk is open", "No fault", "where: Seller Central"):
        assert words in said.out


def test_json_holds_the_same_findings(chalkola: Any) -> None:
    said, told = chalkola("doctor"), chalkola("doctor", "--json")

    assert told.code == 0
    assert told.object["ok"] is True
    findings = told.object["findings"]
    assert set(findings[0]) == {"area", "level", "what", "why", "remedy", "where", "account"}
    assert len(findings) == sum(line[:9].strip() in set(Level) for line in said.out.splitlines())
    for finding in findings:
        if finding["area"] in ("settings", "account", "alerts"):
            assert finding["what"] in said.out
            assert finding["remedy"] in said.out


def test_a_revoked_token_ends_in_one_with_what_to_do(chalkola: Any, amazon: Any) -> None:
    amazon.goes_wrong(kind="token_revoked", account="FE", times=None)

    said = chalkola("doctor")

    assert said.code == 1
    assert "Authorise the app again and set the new token as SP_REFRESH_TOKEN_FE" in said.out
    assert "1 fault and 1 warning" in said.out


def test_settings_that_cannot_be_read_are_findings_and_no_error(alone: Any) -> None:
    told = alone("doctor", "--json", SP_REFRESH_TOKEN_EU="Atzr|two words", SP_SECRET_CREATED="may")  # noqa: S106

    assert (told.code, told.err, told.object["ok"]) == (1, "", False)
    (finding,) = told.object["findings"]
    assert "SP_REFRESH_TOKEN_EU contains a space" in finding["what"]
    assert "SP_SECRET_CREATED='may' is not a day" in finding["what"]


def test_a_first_preflight_without_any_setting_names_what_is_missing(alone: Any, database_url: str) -> None:
    said = alone("doctor", DATABASE_URL=database_url)

    assert said.code == 1
    assert "SP_LWA_CLIENT_ID is missing" in said.out
    assert "PostgreSQL" in said.out


def test_an_unreachable_database_is_a_finding_without_its_password(chalkola: Any) -> None:
    said = chalkola("doctor", DATABASE_URL="postgresql://me:swordfish-1@127.0.0.1:1/x")

    assert said.code == 1
    assert "The database at 127.0.0.1:1 cannot be reached" in said.out
    assert "swordfish-1" not in said.out + said.err


def test_a_zone_that_was_found_is_in_the_status(chalkola: Any, database: Any) -> None:
    chalkola("pull", "--marketplace", "DE")
    database.execute(
        "INSERT INTO sp_day_zones VALUES ('A1PA6795UKMFR9', 'America/Los_Angeles', 14, '{}', '2026-11-20 02:00Z')"
    )

    assert "DE: Amazon's days run in America/Los_Angeles, not in Europe/Berlin." in chalkola("status").out
    (zone,) = chalkola("status", "--json").object["day_zones"]
    assert zone["zone"] == "America/Los_Angeles"


def test_the_end_counts_faults_and_warnings() -> None:
    ok, warning, fault = (Finding(area=Area.CLOCK, level=level, what="x") for level in (Level.OK, Level.WARNING,
                                                                                          Level.FAULT))  # fmt: skip

    assert conclusion([ok]) == "All is well: `chalkola pull` can begin."
    assert conclusion([ok, warning]).startswith("No fault, 1 warning")
    assert conclusion([fault, fault]).startswith("2 faults. Mend")
    assert conclusion([fault, warning]).startswith("1 fault and 1 warning. Mend")
