"""How many queries Amazon takes at once of one kind: learned from refusals, remembered, and tried again slowly."""

from kiosk import BY_ASIN, DAY, asked, calls, left_open, not_proven, right
from night import OpenShop, Shop, Silent
from truth import queries_asked_twice

SHOP = {"parents": 8, "children": 24, "marketplaces": ("UK", "DE"), "refuse_after": None}


class MostAtOnce(Silent):
    """Notes the most queries of a kind that are under way at any time, by slot."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.most: dict[str, int] = {}
        self.kinds_at_once = 0

    def waiting(self, until: object) -> None:
        rows = self.shop.rows("SELECT slot, count(*) FROM sp_pulls WHERE finished_at IS NULL AND stage = 'asked'"
                              " GROUP BY slot")  # fmt: skip
        self.kinds_at_once = max(self.kinds_at_once, len(rows))
        for row in rows:
            self.most[row["slot"]] = max(self.most.get(row["slot"], 0), row["count"])


async def test_a_cap_below_our_setting_is_learned_remembered_and_tried_again_slowly(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, open_queries=1, **SHOP)

    report = await shop.night()

    assert report.exit_code == 0
    assert calls(shop, "createQuery", 429) <= 3, "learned from few refusals"
    assert _most(shop, BY_ASIN) == 1
    assert queries_asked_twice(shop.queries) == {}
    assert not_proven(shop) == {}
    refused = calls(shop, "createQuery", 429)

    await shop.nights(1)  # the same night again: nothing to ask, and nothing forgotten
    assert calls(shop, "createQuery", 429) == refused
    each_night = []
    for _ in range(4):
        before = calls(shop, "createQuery", 429)
        await shop.nights(1)
        each_night.append(calls(shop, "createQuery", 429) - before)
    assert max(each_night) <= 4, "one more at once is tried, once a day and kind"
    assert left_open(shop) == []
    assert right(shop) == []


async def test_what_was_learned_comes_back_by_one_a_day(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    await shop.night()
    shop.rows("UPDATE sp_slots SET most = 1, refused_at = %s RETURNING 1", shop.clock.now())
    found = []
    for _ in range(4):
        shop.clock.advance(DAY)
        await shop.night()
        found.append(_most(shop, BY_ASIN))
    assert found == [2, 3, 3, 3]
    assert calls(shop, "createQuery", 429) == 0


async def test_rows_totals_and_parents_of_one_night_do_not_wait_for_each_other(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    await shop.nights(1)  # until Amazon has accepted one query of a kind, one at a time is asked
    watching = MostAtOnce(shop)
    report = await shop.night(observer=watching)
    assert report.exit_code == 0
    assert watching.kinds_at_once >= 2, "rows and totals are under way together"
    assert watching.most[f"{BY_ASIN}@EU"] >= 2, "and so are children and parents"
    assert max(watching.most.values()) <= 3


async def test_many_days_keep_three_queries_of_a_kind_under_way_and_never_more(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, **SHOP)
    last = shop.newest("DE")
    watching = MostAtOnce(shop)
    report = await shop.night(first=last - 6 * DAY, last=last, observer=watching)
    assert report.exit_code == 0
    assert watching.most[f"{BY_ASIN}@EU"] == 3
    assert calls(shop, "createQuery", 429) == 0
    assert asked(shop)["children"] == 7
    assert asked(shop)["totals"] == 1, "all days in one"
    assert not_proven(shop) == {}
    assert right(shop) == []


async def test_a_role_that_is_missing_shows_on_one_query_of_a_kind(opened_shop: OpenShop) -> None:
    shop = await opened_shop(kiosk=True, without_role=("EU",), **{**SHOP, "marketplaces": ("DE",)})
    last = shop.newest("DE")
    await shop.night(first=last - 2 * DAY, last=last)
    assert calls(shop, "createQuery", 403) == 3, "not one for each day: children, parents, totals"


def _most(shop: Shop, kind: str) -> int:
    (row,) = shop.rows("SELECT most FROM sp_slots WHERE key = %s", f"{kind}@EU")
    return int(row["most"])
