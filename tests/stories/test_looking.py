"""Amazon's list shows other applications' reports too: what is found is ours only if its document says so."""

from typing import Any

from amazon_simulator import Fault
from chalkola.amazon import open_amazon
from chalkola.datasets import source
from chalkola.datasets.model import Box
from chalkola.marketplaces import marketplace
from night import OpenShop, Shop

UNHURRIED = {"CHALKOLA_QUOTAS": "sales_and_traffic.report=10/1min"}


async def another_application_asks(shop: Shop, code: str) -> str:
    """Ask for the newest day by parent, as the app of somebody else might, and return its ticket."""
    day, m = shop.newest(code), marketplace(code)
    box = Box(account=m.region.value, marketplaces=(m,), first=day, last=day)
    question: dict[str, Any] = {**source("sales_and_traffic.report").question(box)}
    question["reportOptions"] = {"dateGranularity": "DAY", "asinGranularity": "PARENT"}
    account = next(a for a in shop.settings.accounts if a.key == m.region.value)
    async with open_amazon(shop.settings, shop.store.buckets) as amazon:
        return await amazon.driver("reports").ask(account, question, paid=True, buckets=())


async def test_a_report_of_another_application_is_looked_past_and_ours_is_asked(opened_shop: OpenShop) -> None:
    shop = await opened_shop(report_type_quota=None, environment=UNHURRIED)
    theirs = await another_application_asks(shop, "DE")
    shop.goes_wrong(Fault(kind="reset_before", operation="createReport", marketplace="DE"))

    report = await shop.night()

    pull = shop.pulls("DE")[0]
    assert report.exit_code == 0
    assert (pull["stage"], pull["not_ours"], pull["lost_asks"]) == ("loaded", [theirs], 1)
    assert pull["ticket"] != theirs
    assert shop.line("DE", shop.newest("DE"))["state"] == "proven"
    assert shop.asked("DE", shop.newest("DE")) == 2, "theirs and ours"


async def test_a_report_of_ours_is_found_behind_another_applications(opened_shop: OpenShop) -> None:
    shop = await opened_shop(report_type_quota=None, environment=UNHURRIED)
    shop.goes_wrong(Fault(kind="reset_after", operation="createReport", marketplace="DE"))
    await another_application_asks(shop, "US")

    report = await shop.night()

    pull = shop.pulls("DE")[0]
    assert report.exit_code == 0
    assert (pull["stage"], pull["lost_asks"], pull["asks"], pull["found"]) == ("loaded", 0, 1, True)
    assert shop.asked("DE", shop.newest("DE")) == 1
    assert shop.wrong_cells(shop.newest_days()) == []
