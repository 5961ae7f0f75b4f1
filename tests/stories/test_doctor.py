"""A preflight against a simulated Amazon: what is found, what is opened again, and what it costs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from amazon_simulator import Fault
from chalkola.datasets import SOURCES
from chalkola.marketplaces import marketplaces
from chalkola.pipeline.checkup import Area, Finding, Level, check_up, is_well
from chalkola.settings import read_settings
from night import OpenShop, Shop
from storage_server import running_storage

KIOSK = {source.name for source in SOURCES if source.driver == "data_kiosk"}
DAY = timedelta(days=1)
LIST = "GET_MERCHANT_LISTINGS_ALL_DATA"


@pytest.fixture
async def shop(opened_shop: OpenShop) -> Shop:
    """A small shop that may use Data Kiosk."""
    return await opened_shop(kiosk=True)


async def examined(shop: Shop, *, day_zone: bool = False) -> list[Finding]:
    return await check_up(shop.settings, shop.url, day_zone=day_zone)


def of_account(findings: list[Finding], key: str) -> list[Finding]:
    return [finding for finding in findings if finding.account == key]


def levels(findings: list[Finding]) -> list[str]:
    return [finding.level.value for finding in findings]


def closed(shop: Shop, key: str) -> set[str]:
    query = "SELECT source FROM sp_sources WHERE account = %s AND closed_at IS NOT NULL"
    return {row["source"] for row in shop.rows(query, key)}


def tickets(shop: Shop) -> int:
    return len(shop.queries)


async def test_all_is_well_before_the_first_pull_with_one_query_an_account_that_is_taken_back(shop: Shop) -> None:
    findings = await examined(shop)

    assert is_well(findings)
    assert {finding.account for finding in findings} == {"NA", "EU", "FE", None}
    for key in ("NA", "EU", "FE"):
        assert levels(of_account(findings, key)) == ["ok"] * 4
    assert tickets(shop) == 3
    assert list(dict.fromkeys(finding.area for finding in findings)) == [a for a in Area if a is not Area.DAY_ZONE]


async def test_a_bank_that_is_away_is_a_warning_that_says_what_lacks_without_it(shop: Shop) -> None:
    assert "newest are of 2026-11-19" in of_rates(await examined(shop)).what
    shop.goes_wrong(Fault(kind="server_error", operation="rates"))

    found = of_rates(await examined(shop))

    assert (found.level, "HTTP 500" in found.why) == (Level.WARNING, True)
    assert "nothing is converted" in found.why


def of_rates(findings: list[Finding]) -> Finding:
    (found,) = [finding for finding in findings if finding.area is Area.RATES]
    return found


async def test_what_amazon_accepted_within_a_week_is_not_asked_again(shop: Shop) -> None:
    await shop.night()
    asked = tickets(shop)

    findings = await examined(shop)

    assert tickets(shop) == asked
    assert "Amazon accepted a question on 2026-11-20" in of_account(findings, "EU")[1].what

    shop.clock.advance(timedelta(days=8))
    await examined(shop)

    assert tickets(shop) == asked + 3


async def test_a_revoked_token_is_a_fault_of_its_account_alone_and_says_where_to_authorise(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="token_revoked", account="EU", times=None))

    findings = await examined(shop)

    (fault,) = of_account(findings, "EU")
    assert fault.level is Level.FAULT
    assert "invalid_grant" in fault.why
    assert "SP_REFRESH_TOKEN_EU" in fault.remedy
    assert fault.where.startswith("Seller Central")
    assert levels(of_account(findings, "NA") + of_account(findings, "FE")) == ["ok"] * 8
    assert not is_well(findings)

    shop.amazon.mischief.clear()
    assert is_well(await examined(shop))
    assert shop.rows("SELECT FROM sp_accounts WHERE fault IS NOT NULL") == []


@pytest.mark.parametrize("refusal", ["denied", "fields", "unauthorized"])
async def test_a_closed_data_kiosk_is_named_with_its_role_and_opened_again_once_amazon_does(
    opened_shop: OpenShop, refusal: str
) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("US", "DE"), without_role=("EU",), role_refusal=refusal)

    findings = await examined(shop)

    refused = of_account(findings, "EU")[1]
    assert (refused.level, is_well(findings)) == (Level.WARNING, True)
    assert "Brand Analytics" in refused.remedy
    assert refused.where.startswith("Seller Central")
    assert closed(shop, "EU") == KIOSK
    assert closed(shop, "NA") == set()
    assert shop.rows("SELECT FROM sp_alerts WHERE cured_at IS NULL AND rule = 'source closed'")

    shop.amazon.roles.set("EU", "granted")
    findings = await examined(shop)

    assert "open again" in of_account(findings, "EU")[1].what
    assert closed(shop, "EU") == set()
    assert shop.rows("SELECT FROM sp_alerts WHERE cured_at IS NULL") == []


async def test_a_night_after_the_role_was_given_back_asks_data_kiosk_again(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",), without_role=("EU",))
    await shop.night()
    shop.amazon.roles.set("EU", "granted")

    await examined(shop)
    shop.clock.advance(DAY)
    report = await shop.night()

    assert report.exit_code == 0
    assert {pull["source"] for pull in shop.pulls("DE") if pull["stage"] == "loaded"} & KIOSK


async def test_a_refused_list_is_named_with_its_role_tried_again_and_says_nothing_of_sales(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=("DE",), without_role=("EU",))
    both = ("sales_and_traffic", "daily_totals", "listings")
    shop.goes_wrong(Fault(kind="access_denied", operation="createReport", report_type=LIST, times=None))
    await shop.night(datasets=both)

    findings = of_account(await examined(shop), "EU")

    assert [f.level for f in findings if "Data Kiosk is closed" in f.what] == [Level.WARNING], "reports are open"
    (refused,) = [f for f in findings if "refused" in f.what]
    assert (refused.level, refused.what) == (Level.WARNING, "Amazon has refused listings.report.")
    assert "the role Inventory and Order Tracking, or Product Listing, to the developer profile" in refused.why
    shop.amazon.mischief.clear()
    shop.clock.advance(DAY)
    await shop.night(datasets=both)
    assert "listings.report" not in closed(shop, "EU")
    assert shop.rows("SELECT FROM sp_listings")


async def test_closed_reports_are_left_to_the_next_run_and_no_report_is_spent(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",))
    (account,) = shop.settings.accounts
    await shop.store.accounts.close_source(account, "sales_and_traffic.report", "Access denied.")
    assert await shop.store.accounts.closed_sources([account]) == {("EU", "sales_and_traffic.report")}

    findings = await examined(shop)

    warned = of_account(findings, "EU")[2]
    assert (warned.level, warned.remedy.partition(",")[0]) == (Level.WARNING, "The next run tries it")
    assert await shop.store.accounts.closed_sources([account]) == set()
    assert closed(shop, "EU") == {"sales_and_traffic.report"}, "it is shown as closed until Amazon accepts a report"
    assert shop.journal == []


async def test_a_used_up_quota_leaves_a_closed_source_to_the_next_run(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",), without_role=("EU",))
    await examined(shop)
    (account,) = shop.settings.accounts
    until = shop.clock.now() + timedelta(hours=1)
    await shop.store.buckets.refused("createQuery@EU", until=until)

    findings = await examined(shop)

    assert of_account(findings, "EU")[1].remedy == "The next run tries it."
    assert await shop.store.accounts.closed_sources([account]) == set()
    assert [f.level for f in findings if f.area is Area.QUOTAS and "createQuery@EU" in f.what] == ["warning"]


async def test_a_marketplace_asked_for_that_no_token_opens_is_a_fault(shop: Shop) -> None:
    settings = replace(shop.settings, marketplaces=marketplaces(["DE,FR"]))

    findings = await check_up(settings, shop.url)

    assert [finding.what for finding in findings if finding.level is Level.FAULT] == [
        "CHALKOLA_MARKETPLACES names FR, and no refresh token opens it."
    ]


@pytest.mark.parametrize(("age", "level"), [(151, Level.WARNING), (181, Level.FAULT)])
async def test_an_old_client_secret_is_found(shop: Shop, age: int, level: Level) -> None:
    settings = replace(shop.settings, secret_created=shop.clock.now().date() - timedelta(days=age))

    findings = await check_up(settings, shop.url)

    assert [finding.level for finding in findings if "client secret" in finding.what] == [level]
    assert levels(of_account(findings, "EU")) == ["ok"] * 4, "the accounts are looked at all the same"


async def test_an_outage_of_amazons_is_a_warning_and_ends_nothing(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="server_error", account="EU", times=None))

    findings = await examined(shop)

    assert levels(of_account(findings, "EU")) == ["warning"]
    assert is_well(findings)


async def test_a_bare_database_is_brought_up_to_date_and_looked_at(shop: Shop, bare_url: str) -> None:
    findings = await check_up(replace(shop.settings, database_url=bare_url), bare_url)

    assert is_well(findings)
    assert any("was brought up to date" in finding.what for finding in findings)


@pytest.mark.parametrize("granted", ["SELECT", "ALL"])
async def test_a_role_that_may_not_write_or_sees_no_row_is_a_fault_that_names_the_tables(
    shop: Shop, granted: str
) -> None:
    with psycopg.connect(shop.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'r'")
        connection.execute(f"GRANT {granted} ON ALL TABLES IN SCHEMA public TO reader".encode())
        try:
            host = shop.url.partition("@")[2]
            findings = await check_up(shop.settings, f"postgresql://reader:r@{host}")
        finally:
            connection.execute("DROP OWNED BY reader")
            connection.execute("DROP ROLE reader")

    (fault, *_) = (finding for finding in findings if finding.level is Level.FAULT)
    assert "sp_pulls" in fault.what
    assert "may not" in fault.what


async def test_a_database_that_cannot_be_reached_is_a_finding_and_no_secret_is_in_it(shop: Shop) -> None:
    findings = await check_up(shop.settings, "postgresql://chalkola:swordfish@127.0.0.1:1/chalkola")

    assert [finding.area for finding in findings if finding.level is Level.FAULT] == [Area.DATABASE]
    assert "swordfish" not in str(findings)
    assert any("DATABASE_URL" in finding.remedy for finding in findings)
    assert tickets(shop) == 0


async def test_missing_credentials_leave_the_database_looked_at(shop: Shop) -> None:
    findings = await check_up(replace(read_settings({}), clock=shop.clock), shop.url)

    assert [finding.area for finding in findings if finding.level is Level.FAULT] == [Area.SETTINGS]
    assert Area.DATABASE in {finding.area for finding in findings}


async def test_the_zone_of_amazons_day_is_found_kept_and_said(opened_shop: OpenShop) -> None:
    begin = datetime(2026, 11, 20, 20, tzinfo=UTC)
    shop = await opened_shop(
        kiosk=True, begin=begin, marketplaces=("US", "DE"), day_zones={"DE": "America/Los_Angeles"}
    )
    await shop.night(first=date(2026, 11, 1), last=date(2026, 11, 17))

    findings = await examined(shop, day_zone=True)

    of_zones = {finding.what[:2]: finding for finding in findings if finding.area is Area.DAY_ZONE}
    assert {code: finding.level for code, finding in of_zones.items()} == {"US": Level.OK, "DE": Level.WARNING}
    assert "DE: Amazon's day runs in America/Los_Angeles, not in Europe/Berlin" in of_zones["DE"].what
    kept = shop.rows("SELECT zone, days FROM sp_day_zones ORDER BY zone")
    assert [row["zone"] for row in kept] == ["America/Los_Angeles"] * 2
    assert all(row["days"] == 14 for row in kept)

    asked = [finding for finding in await examined(shop) if finding.area is Area.DAY_ZONE]
    assert sorted(levels(asked)) == ["ok", "warning"], "what was found is shown without being asked again"


async def test_the_zone_is_not_told_by_too_few_days_and_nothing_is_asked_for_it(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",))
    await shop.night(first=date(2026, 11, 12), last=date(2026, 11, 16))

    (finding,) = [f for f in await examined(shop, day_zone=True) if f.area is Area.DAY_ZONE]

    assert finding.level is Level.NOTE
    assert "do not tell" in finding.what
    assert shop.rows("SELECT zone, fits FROM sp_day_zones") == [{"zone": None, "fits": {}}]


async def test_a_zone_that_was_found_stays_when_a_later_comparison_does_not_tell(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",))
    await shop.night(first=date(2026, 11, 1), last=date(2026, 11, 17))
    await examined(shop, day_zone=True)
    shop.clock.advance(timedelta(days=90))

    (finding,) = [f for f in await examined(shop, day_zone=True) if f.area is Area.DAY_ZONE]

    assert finding.level is Level.OK
    assert "Europe/Berlin" in finding.what


async def test_a_closed_sales_api_is_said_and_the_zone_is_left_open(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE",))
    await shop.night(first=date(2026, 11, 1), last=date(2026, 11, 17))
    shop.goes_wrong(Fault(kind="access_denied", operation="getOrderMetrics", times=None))

    findings = await examined(shop, day_zone=True)

    assert levels(of_account(findings, "EU"))[3:] == ["note", "warning"]
    assert "Inventory and Order Tracking" in of_account(findings, "EU")[3].remedy
    assert shop.rows("SELECT FROM sp_day_zones") == []


async def test_the_archive_is_made_where_it_is_missing_and_what_keeps_documents_out_is_a_warning(
    opened_shop: OpenShop,
) -> None:
    with running_storage() as storage:
        shop = await opened_shop(kiosk=True, environment=storage.env())
        (made,) = [f for f in await examined(shop) if f.area is Area.ARCHIVE]
        storage.buckets["chalkola"].public = True
        (public,) = [f for f in await examined(shop) if f.area is Area.ARCHIVE]
    (away,) = [f for f in await examined(shop) if f.area is Area.ARCHIVE]
    off = replace(shop.settings, archive=None)
    (none,) = [f for f in await check_up(off, shop.url) if f.area is Area.ARCHIVE]

    assert (made.level, "which is private. It was made now." in made.what) == (Level.OK, True)
    assert (public.level, "is public" in public.what) == (Level.WARNING, True)
    assert (away.level, "cannot be reached" in away.what) == (Level.WARNING, True)
    assert none.level is Level.NOTE
