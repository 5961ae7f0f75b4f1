"""What Amazon said first of a day: only what it said once the day had settled counts."""

from datetime import timedelta

from chalkola.store.board.asking import looking
from chalkola.store.board.product_shapes import Restated
from chalkola.store.board.restating import read_restated
from chalkola.store.board.shapes import Scope
from chalkola.store.connection import open_pool
from night import OpenShop, Shop

HALF_A_DAY = timedelta(hours=17)


async def restated(shop: Shop) -> tuple[Restated, ...]:
    line = [shop.newest("JP") - timedelta(n) for n in range(9, -2, -1)]
    async with open_pool(shop.url) as pool, looking(pool) as look:
        return await read_restated(look, Scope(), line)


async def test_a_day_that_rises_until_it_settles_is_not_restated(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE", "JP"))
    await shop.night(early=True)
    shop.clock.advance(HALF_A_DAY)
    await shop.night(early=True)

    risen = shop.rows("SELECT * FROM sp_restatements WHERE units_before < units_after")
    assert risen, "the ledger has written down that it rose"
    assert [one for one in await restated(shop) if one.units_first != one.units_now] == []


async def test_a_day_that_changes_after_it_has_settled_has_what_was_said_first_and_what_is_said_now(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(kiosk=True, marketplaces=("DE", "JP"), restated=0.3)
    await shop.nights(6)

    found = await restated(shop)
    assert found
    for one in found:
        history = shop.rows(
            "SELECT * FROM sp_restatements WHERE dataset = 'sales_and_traffic' AND (scope, first_day) = (%s, %s)"
            " ORDER BY restated_at, id", f"marketplace:{one.marketplace}", one.day,
        )  # fmt: skip
        assert (one.units_first, one.sales_first) == (history[0]["units_before"], history[0]["sales_before"])
        assert (one.units_now, one.sales_now) == (history[-1]["units_after"], history[-1]["sales_after"])
