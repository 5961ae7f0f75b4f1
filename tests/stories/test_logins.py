"""Accounts whose login fails, wholly or for a moment, and accounts that may not use a source."""

from datetime import timedelta

import pytest

from amazon_simulator import Fault
from chalkola.errors import LoginFault
from night import OpenShop, Shop

DAY = timedelta(days=1)


async def test_a_revoked_refresh_token_closes_its_account_alone_and_is_caught_up_with_later(shop: Shop) -> None:
    await shop.nights(1)
    shop.goes_wrong(Fault(kind="token_revoked", account="EU", times=None))
    lost = shop.newest("DE")

    report = await shop.night()

    assert report.exit_code == 1
    fault = report.worked.faults["EU"]
    assert isinstance(fault, LoginFault)
    assert "region EU" in fault.what
    assert "invalid_grant" in fault.why
    assert "SP_REFRESH_TOKEN_EU" in fault.remedy
    assert "Seller Central" in fault.remedy
    assert shop.rows("SELECT fault FROM sp_accounts WHERE account = 'EU'")[0]["fault"] == str(fault)
    assert {code for code, day in shop.loaded_days() if day >= lost} == {"US", "JP"}

    shop.amazon.mischief.clear()
    shop.clock.advance(DAY)
    report = await shop.night()

    assert report.exit_code == 0
    assert ("DE", lost) in shop.loaded_days()
    assert shop.wrong_cells(shop.loaded_days()) == []
    assert shop.rows("SELECT account FROM sp_accounts WHERE fault IS NOT NULL") == []


async def test_a_token_that_is_revoked_in_the_middle_leaves_its_tickets_to_a_later_run(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("US", "DE", "FR", "JP"), processing_seconds=1800.0)
    shop.goes_wrong(Fault(kind="token_revoked", account="EU", times=None, skip=1))  # the second login, an hour later

    report = await shop.night()

    assert report.exit_code == 1
    assert list(report.worked.faults) == ["EU"]
    assert {code for code, _ in shop.loaded_days()} >= {"US", "JP"}
    asked = shop.journal

    shop.amazon.mischief.clear()
    await shop.night()

    assert shop.wrong_cells(shop.newest_days(("US", "DE", "FR", "JP"))) == []
    assert shop.journal == asked or len(shop.journal) == 4, "tickets were resumed, not asked again"


async def test_a_401_in_the_middle_of_a_run_refreshes_the_access_token_once(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="unauthorized", operation="getReport", account="EU"))
    report = await shop.night()
    assert report.exit_code == 0
    assert shop.amazon.journal.calls["login", 200] == 3 + 1
    assert shop.amazon.journal.calls["getReport", 401] == 1


async def test_a_403_that_says_expired_in_the_middle_of_a_run_refreshes_the_access_token_once(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="token_expired", operation="getReportDocument", account="EU"))
    report = await shop.night()
    assert report.exit_code == 0
    assert shop.amazon.journal.calls["login", 200] == 3 + 1
    assert shop.wrong_cells(shop.newest_days()) == []


async def test_access_tokens_are_refreshed_once_an_hour_and_account_and_not_for_every_call(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=("UK", "DE", "FR", "IT", "ES", "AE"))
    report = await shop.night()
    hours = (report.finished - report.began) / timedelta(hours=1)
    assert 1 < hours < 2
    assert shop.amazon.journal.calls["login", 200] == 2


async def test_an_account_without_the_role_has_its_source_closed_and_says_what_to_do(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="access_denied", operation="createReport", account="FE", times=None))

    report = await shop.night()

    assert report.exit_code == 1
    (fault,) = report.worked.faults.values()
    assert "Brand Analytics" in fault.remedy
    assert "SP_REFRESH_TOKEN_FE" in fault.remedy
    assert shop.states()[f"JP {shop.newest('JP')}"] == "closed"
    assert {code for code, _ in shop.loaded_days()} == {"US", "DE"}
    assert shop.rows("SELECT status FROM sp_data_pulls WHERE amazon_marketplace_id = 'A1VC38T7YXB528'") == [
        {"status": "failed"}
    ]
    assert [(a["rule"], a["subject"]) for a in shop.rows("SELECT * FROM sp_alerts")] == [
        ("source closed", "sales_and_traffic.report FE")
    ]

    creations = shop.amazon.journal.calls["createReport", 403]
    again = await shop.night()

    assert shop.amazon.journal.calls["createReport", 403] == creations, "a closed source is not asked every night"
    assert again.exit_code == 3, "what no source covers is late"


async def test_every_token_revoked_is_a_fault_that_names_the_remedy(shop: Shop) -> None:
    shop.goes_wrong(Fault(kind="token_revoked", times=None))
    with pytest.raises(LoginFault, match="SP_REFRESH_TOKEN_"):
        await shop.night()
    assert shop.journal == []
