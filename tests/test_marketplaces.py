"""The marketplaces: ids and UUIDs as the seller's database has them, and every spelling a person types."""

from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from chalkola.errors import UsageError
from chalkola.marketplaces import MARKETPLACES, Region, by_amazon_id, by_scope, marketplace, marketplaces

AS_AGREED = """
    US ATVPDKIKX0DER  f47ac10b-58cc-4372-a567-0e02b2c3d479 NA USD
    CA A2EUQ1WTGCTBG2 a1b2c3d4-58cc-4372-a567-0e02b2c3d480 NA CAD
    MX A1AM78C64UM0Y8 c9d0e1f2-58cc-4372-a567-0e02b2c3d488 NA MXN
    UK A1F83G8C2ARO7P b2c3d4e5-58cc-4372-a567-0e02b2c3d481 EU GBP
    DE A1PA6795UKMFR9 c3d4e5f6-58cc-4372-a567-0e02b2c3d482 EU EUR
    FR A13V1IB3VIYZZH d4e5f6a7-58cc-4372-a567-0e02b2c3d483 EU EUR
    IT APJ6JRA9NG5V4  a7b8c9d0-58cc-4372-a567-0e02b2c3d486 EU EUR
    ES A1RKKUPIHCS9HS b8c9d0e1-58cc-4372-a567-0e02b2c3d487 EU EUR
    AE A2VIGQ35RCS4UG e5f6a7b8-58cc-4372-a567-0e02b2c3d484 EU AED
    AU A39IBJ37TRP1C6 f6a7b8c9-58cc-4372-a567-0e02b2c3d485 FE AUD
    JP A1VC38T7YXB528 d0e1f2a3-58cc-4372-a567-0e02b2c3d489 FE JPY
"""


@pytest.mark.parametrize("row", [line.split() for line in AS_AGREED.strip().splitlines()], ids=lambda row: row[0])
def test_a_marketplace_has_the_ids_that_the_sellers_database_has(row: list[str]) -> None:
    code, amazon_id, uuid, region, currency = row
    found = marketplace(code)
    assert (found.amazon_id, found.uuid, found.region, found.currency) == (
        amazon_id, UUID(uuid), Region(region), currency,
    )  # fmt: skip
    assert found.always_present


def test_there_are_twelve_and_no_id_is_used_twice() -> None:
    assert len(MARKETPLACES) == 12
    for attribute in ("code", "amazon_id", "uuid", "scope", "name"):
        assert len({getattr(m, attribute) for m in MARKETPLACES}) == 12, attribute


def test_brazil_has_a_uuid_of_its_own_and_is_there_only_once_it_is_opened() -> None:
    brazil = marketplace("BR")
    assert (brazil.amazon_id, brazil.region) == ("A2Q3Y263D00KWC", Region.NA)
    assert [m.code for m in MARKETPLACES if not m.always_present] == ["BR"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("US", "US"), ("USA", "US"), ("usa", "US"), (" us ", "US"), ("UK", "UK"), ("GB", "UK"), ("gb", "UK"),
        ("AE", "AE"), ("UAE", "AE"), ("uae", "AE"), ("de", "DE"), ("A1PA6795UKMFR9", "DE"),
    ],
)  # fmt: skip
def test_both_spellings_are_understood_wherever_a_person_types_one(typed: str, code: str) -> None:
    assert marketplace(typed).code == code


def test_an_unknown_marketplace_is_refused_with_the_accepted_values() -> None:
    with pytest.raises(UsageError) as refused:
        marketplace("XX")
    assert "'XX'" in str(refused.value)
    assert all(m.code in refused.value.remedy for m in MARKETPLACES)
    assert all(spelling in refused.value.remedy for spelling in ("GB", "USA", "UAE"))


def test_several_are_typed_between_commas_each_counted_once() -> None:
    assert [m.code for m in marketplaces(["US, DE,", "USA,jp", ""])] == ["US", "DE", "JP"]


@pytest.mark.parametrize("m", MARKETPLACES, ids=lambda m: m.code)
def test_a_marketplace_is_found_by_each_of_its_keys(m: object) -> None:
    assert by_amazon_id(m.amazon_id) is m  # type: ignore[attr-defined]
    assert by_scope(m.scope) is m  # type: ignore[attr-defined]
    assert m.zone == ZoneInfo(m.time_zone)  # type: ignore[attr-defined]


def test_what_is_not_in_the_table_is_none() -> None:
    assert by_amazon_id("ANEUSTADT") is None
    assert by_scope("account:EU") is None


def test_only_yen_have_no_decimals() -> None:
    assert [m.code for m in MARKETPLACES if m.decimals == 0] == ["JP"]
