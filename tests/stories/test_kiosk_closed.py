"""Data Kiosk is closed to an account, from the start or in the middle of a month, and opened again."""

import pytest

from amazon_simulator import Fault
from chalkola.store.pulls import Claimed
from kiosk import AT_ONCE, DAY, alerts, asked, calls, left_open, not_proven, right, said
from night import OpenShop, Shop, Silent

KIOSK_ONLY = (
    "units_refunded, refund_rate, orders_shipped, units_shipped, shipped_product_sales, page_views_percentage"
)
CLOSED = {f"{source} EU" for source in ("sales_and_traffic.by_asin", "daily_totals.by_date", "daily_parents.by_asin")}
SMALL = {"parents": 8, "children": 24, **AT_ONCE}


@pytest.mark.parametrize(
    ("refusal", "status", "words"),
    [
        ("denied", 403, "Access to requested resource is denied"),
        ("fields", 403, "salesAndTrafficByAsin.sales.unitsOrdered"),
        ("unauthorized", 401, "Access to requested resource is denied"),  # as the mission's owner saw it
    ],
)
async def test_an_account_that_data_kiosk_refuses_goes_by_report_in_the_same_night(
    opened_shop: OpenShop, refusal: str, status: int, words: str
) -> None:
    shop = await opened_shop(kiosk=True, without_role=("EU",), role_refusal=refusal)

    report = await shop.night()

    assert report.exit_code == 0, "every row and every total is proven"
    assert asked(shop) == {"children": 2, "totals": 2, "parents": 2}, "the others have it"
    assert [entry["marketplace"] for entry in shop.journal] == ["DE"]
    assert not_proven(shop) == {f"daily_parents marketplace:DE {shop.newest('DE')}": "closed"}
    assert shop.wrong_cells(shop.newest_days()) == []
    assert alerts(shop).keys() == CLOSED
    for message in (*alerts(shop).values(), said(shop)):
        assert f"HTTP {status}" in message
        assert "Brand Analytics" in message
        assert "SP_REFRESH_TOKEN_EU" in message
    assert words in alerts(shop)["sales_and_traffic.by_asin EU"]
    # A 401 is tried once more with a fresh access token.
    refusals = calls(shop, "createQuery", status)
    assert refusals <= len(CLOSED) * (2 if status == 401 else 1), "asked once for each source, not hammered"

    shop.clock.advance(DAY)
    again = await shop.night()

    assert again.exit_code == 0
    assert calls(shop, "createQuery", status) == refusals, "what is closed is not asked"
    assert alerts(shop).keys() == CLOSED
    assert shop.rows("SELECT count(*) FROM sp_alerts")[0]["count"] == 3, "said once"
    assert right(shop) == []


class TakesTheRole(Silent):
    """Takes Data Kiosk's role away as soon as the first of an account's queries is accepted."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def stepped(self, pull: Claimed, ended: object) -> None:
        if pull.account == "EU" and pull.stage == "asking":
            self.shop.amazon.roles.set("EU", "denied")


async def test_a_role_taken_away_while_queries_are_under_way_ends_them_and_does_not_hammer_amazon(
    kiosk_shop: Shop,
) -> None:
    report = await kiosk_shop.night(observer=TakesTheRole(kiosk_shop))
    assert report.exit_code == 0
    assert calls(kiosk_shop, "getQuery", 403) <= 3, "once for each query that was under way"
    assert calls(kiosk_shop, "createQuery", 403) <= 3
    assert left_open(kiosk_shop) == []
    assert [entry["marketplace"] for entry in kiosk_shop.journal] == ["DE"]
    assert kiosk_shop.wrong_cells(kiosk_shop.newest_days()) == []
    assert alerts(kiosk_shop).keys() == CLOSED
    kiosk_shop.clock.advance(DAY)
    before = calls(kiosk_shop, "getQuery", 403)
    assert (await kiosk_shop.night()).exit_code == 0
    assert calls(kiosk_shop, "getQuery", 403) == before


async def test_a_role_taken_away_in_the_middle_of_a_month_and_given_back_leaves_no_gap(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SMALL)
    await shop.nights(2)
    early = shop.newest("DE") - DAY
    before = _kiosk_only(shop, early)
    assert before
    assert None not in before[0].values()

    shop.amazon.roles.set("EU", "denied")
    reports = await shop.nights(3)

    assert [report.exit_code for report in reports] == [0, 0, 0]
    late = shop.newest("DE") - DAY
    assert set(_sources(shop, late)) == {"report"}
    assert {value for row in _kiosk_only(shop, late) for value in row.values()} == {None}
    assert _kiosk_only(shop, early) == before, "what only Data Kiosk knows stays as it was"
    assert _not_extra(shop) == {}
    assert {name for name, _ in shop.loaded_days()} == {"US", "DE", "JP"}
    assert right(shop) == []
    assert len({e["time"] for e in shop.queries if e["account"] == "EU" and e["start"] == late.isoformat()}) == 0

    shop.amazon.roles.set("EU", "granted")
    refused = calls(shop, "createQuery", 403)
    reports = await shop.nights(6)

    assert calls(shop, "createQuery", 403) == refused
    assert {report.exit_code for report in reports} == {0}
    assert alerts(shop) == {}, "opened and cured"
    assert alerts(shop, cured=True).keys() >= CLOSED
    assert set(_sources(shop, late)) <= {"by_asin", "trends"}, "read again by Data Kiosk"
    filled = [value for row in _kiosk_only(shop, late) for value in row.values()]
    assert None not in filled, "later reads fill the columns"
    assert not_proven(shop) == {}, "the parents of the nights without it too"
    assert right(shop) == []


async def test_a_closed_source_is_tried_once_a_week(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, without_role=("EU",), marketplaces=("DE",), **SMALL)
    refused = []
    for _ in range(9):
        await shop.nights(1)
        refused.append(calls(shop, "createQuery", 403))
    first = refused[0]
    assert refused[:7] == [first] * 7, "left alone for a week"
    assert first < refused[-1] <= first + len(CLOSED) + 1, "then tried once"
    assert _not_extra(shop) == {}
    assert right(shop) == []


async def test_a_new_refresh_token_opens_a_closed_source_at_once(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, without_role=("EU",), marketplaces=("DE",), **SMALL)
    await shop.night()
    assert alerts(shop).keys() == CLOSED
    shop.amazon.roles.set("EU", "granted")
    shop.clock.advance(DAY)
    await shop.night()
    assert asked(shop) == {}, "nothing says that it is open again"
    # The simulated Amazon knows one token; what the ledger has seen is another one.
    for table in ("sp_sources", "sp_accounts"):
        shop.rows(f"UPDATE {table} SET token_fingerprint = 'of the token before' RETURNING 1")
    shop.clock.advance(DAY)
    await shop.night()
    assert asked(shop, "EU")["children"] >= 1
    assert alerts(shop) == {}
    assert right(shop) == []


async def test_one_query_whose_fields_are_denied_closes_its_source_and_the_day_comes_by_report(
    kiosk_shop: Shop,
) -> None:
    kiosk_shop.goes_wrong(Fault(kind="fields_denied", account="EU", query="salesAndTrafficByAsin"))
    report = await kiosk_shop.night()
    assert report.exit_code == 0
    assert alerts(kiosk_shop).keys() == {"sales_and_traffic.by_asin EU"}
    (refused,) = kiosk_shop.rows("SELECT failure FROM sp_pulls WHERE stage = 'refused'")
    for words in (refused["failure"], alerts(kiosk_shop)["sales_and_traffic.by_asin EU"]):
        assert "salesAndTrafficByAsin.sales.unitsOrdered" in words
    assert [entry["marketplace"] for entry in kiosk_shop.journal] == ["DE"]
    assert kiosk_shop.wrong_cells(kiosk_shop.newest_days()) == []


def _kiosk_only(shop: Shop, day: object) -> list[dict[str, object]]:
    query = f"""
        SELECT {KIOSK_ONLY} FROM sp_daily_asin_data t JOIN marketplaces m ON m.id = t.marketplace_id
        WHERE m.code = 'DE' AND t.date = %s AND units_ordered > 0 ORDER BY child_asin
    """
    return shop.rows(query, day)


def _sources(shop: Shop, day: object) -> list[str]:
    return [row["source"] for row in shop.rows(
        "SELECT DISTINCT t.source FROM sp_daily_asin_data t JOIN marketplaces m ON m.id = t.marketplace_id"
        " WHERE m.code = 'DE' AND t.date = %s", day)]  # fmt: skip


def _not_extra(shop: Shop) -> dict[str, str]:
    """Return what is not proven of the datasets without which a night is not complete."""
    return {place: state for place, state in not_proven(shop).items() if not place.startswith("daily_parents")}
