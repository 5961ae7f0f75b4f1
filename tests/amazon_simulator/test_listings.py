"""The list of listings: what may be asked, its columns, languages and charsets, its rows, and what goes wrong."""

import gzip
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from amazon_simulator import LIST_KINDS, Fault, ReportTypeQuota, SimulatorSettings
from amazon_simulator.catalog import Catalog
from amazon_simulator.listings.offers import offers
from amazon_simulator.marketplaces import MARKETPLACES

REPORTS = "/reports/2021-06-30/reports"
DE, US, JP = "A1PA6795UKMFR9", "ATVPDKIKX0DER", "A1VC38T7YXB528"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIST = "GET_MERCHANT_LISTINGS_ALL_DATA"
ENGLISH = {"preferredReportDocumentLocale": "en_US"}
QUESTION = {"reportType": LIST, "marketplaceIds": [DE], "reportOptions": ENGLISH}
CODECS = {"DE": "cp1252", "US": "utf-8", "JP": "cp932"}


async def ask(amazon, account="EU", **changed):
    amazon.account = account
    return await amazon.call("POST", REPORTS, json=QUESTION | changed)


async def listed(amazon, account="EU", **changed):
    """Return the report and the document of a list, after its time has passed."""
    report_id = (await ask(amazon, account, **changed)).body["reportId"]
    amazon.time.pass_by(hours=1)
    report = await amazon.report(report_id)
    return report, await amazon.download(report)


def table(raw, codec):
    """Return the lines by their columns, the first of a name, empty cells left out."""
    head, *lines = gzip.decompress(raw).decode(codec).replace("\r\n", "\n").removesuffix("\n").split("\n")
    names = head.split("\t")
    found = [dict(reversed(list(zip(names, line.split("\t"), strict=False)))) for line in lines]
    return names, [{name: cell for name, cell in row.items() if cell} for row in found]


async def test_a_list_is_the_sellers_offers_of_one_marketplace(open_amazon):
    amazon = await open_amazon()
    report, said = await listed(amazon)

    names, rows = table(said.raw, "cp1252")
    assert said.headers["Content-Type"] == "text/plain; charset=Cp1252"
    assert names[:7] == [
        "item-name", "item-description", "listing-id", "seller-sku", "price", "quantity", "open-date",
    ]  # fmt: skip
    assert "fulfilment-channel" in names
    assert names.count("Deprecated column") == 9
    true = amazon.simulator.listings("DE", NOON + timedelta(minutes=5))
    there = {name: name.replace("fulfillment", "fulfilment") for name in true[0]}
    assert rows == [{there.get(name, name): cell for name, cell in row.items()} for row in true]
    assert (report["dataStartTime"], report["reportType"]) == (report["dataEndTime"], LIST)


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"reportOptions": None}, 202),
        ({"reportOptions": {"custom": "true"}}, 202),
        ({"reportOptions": {"custom": "yes"}}, 400),
        ({"reportOptions": {"preferredReportDocumentLocale": "en-US"}}, 400),
        ({"reportOptions": {"asinGranularity": "CHILD"}}, 400),
        ({"reportOptions": ["custom"]}, 400),
        ({"marketplaceIds": [US]}, 403),
        ({"marketplaceIds": []}, 400),
        ({"dataStartTime": "2026-11-21T00:00:00Z"}, 400),
    ],
)
async def test_what_may_be_asked(open_amazon, changed, status):
    amazon = await open_amazon()
    assert (await ask(amazon, **changed)).status == status


async def test_of_several_marketplaces_the_first_is_taken(open_amazon):
    amazon = await open_amazon()
    report, _ = await listed(amazon, marketplaceIds=["A13V1IB3VIYZZH", DE])
    assert report["marketplaceIds"] == ["A13V1IB3VIYZZH"]


async def test_it_costs_no_turn_of_the_sales_and_traffic_report(open_amazon):
    amazon = await open_amazon(report_type_quota=ReportTypeQuota())
    assert [(await ask(amazon)).status for _ in range(4)] == [202] * 4
    assert (await amazon.create()).status == 202
    assert (await amazon.create()).status == 429


@pytest.mark.parametrize(
    ("account", "marketplace", "codec", "header"),
    [
        ("EU", DE, "cp1252", ("Artikelbezeichnung", "Händler-SKU", "ASIN 1", "Versender", "Status")),
        ("EU", "A13V1IB3VIYZZH", "cp1252", ("nom-produit", "sku-vendeur", "asin1", "canal-traitement", "état")),
        ("FE", JP, "cp932", ("商品名", "出品者SKU", "商品ID", "フルフィルメント・チャンネル", "ステータス")),
        ("NA", US, "utf-8", ("item-name", "seller-sku", "asin1", "fulfillment-channel", "status")),
    ],
)
async def test_a_header_is_in_the_marketplaces_language_unless_another_is_asked_for(
    open_amazon, account, marketplace, codec, header
):
    amazon = await open_amazon()
    _, said = await listed(amazon, account, marketplaceIds=[marketplace], reportOptions=None)
    names, _ = table(said.raw, codec)
    assert set(header) <= set(names)


async def test_japans_list_has_its_asins_in_the_product_id(open_amazon):
    amazon = await open_amazon()
    _, said = await listed(amazon, "FE", marketplaceIds=[JP])
    names, rows = table(said.raw, "cp932")
    assert "asin1" not in names
    assert {row["product-id"] for row in rows if row["status"] != "Incomplete"} == {
        row["asin1"] for row in amazon.simulator.listings("JP") if "asin1" in row
    }


async def test_what_the_charset_cannot_hold_is_a_question_mark(open_amazon):
    amazon = await open_amazon()
    titles = {code: " ".join(row.get("item-name", "") for row in amazon.simulator.listings(code)) for code in CODECS}
    assert "✏️" in titles["US"]
    assert "✏" not in titles["DE"] + titles["JP"]
    assert "für Anfänger ??" in titles["DE"]
    assert "チョーク" in titles["JP"]


async def test_a_list_is_given_once_more_for_hours_in_the_language_it_was_made_in(open_amazon):
    amazon = await open_amazon()
    first = await listed(amazon, reportOptions=None)
    again = await listed(amazon)
    amazon.time.pass_by(hours=6)
    later = await listed(amazon)

    assert again[1].raw == first[1].raw
    assert b"seller-sku" in gzip.decompress(later[1].raw)
    as_of = [entry.as_of for entry in amazon.simulator.journal.entries]
    assert as_of[0] == as_of[1] < as_of[2]


async def test_another_applications_list_is_a_custom_one_with_fewer_columns(open_amazon):
    amazon = await open_amazon()
    amazon.simulator.mischief.add(Fault(kind="foreign_twin", report_type=LIST))
    await ask(amazon)
    amazon.time.pass_by(hours=1)
    query = {"reportTypes": LIST}
    reports = (await amazon.call("GET", REPORTS, params=query)).body["reports"]
    assert len(reports) == 2


@pytest.mark.parametrize("code", MARKETPLACES)
def test_skus_are_unique_and_some_share_an_asin(code):
    settings = SimulatorSettings()
    catalog = Catalog(seed=settings.seed, parents=settings.parents, size=settings.children)
    found = offers(catalog, MARKETPLACES[code], NOON)
    skus = [offer.sku for offer in found]
    assert len(skus) == len(set(skus))
    assert len({sku.lower() for sku in skus}) < len(skus), "some differ by case alone"
    assert any(sku.isdigit() and sku.startswith("0") for sku in skus)
    assert any(" " in sku for sku in skus)
    assert max(Counter(offer.asin for offer in found if offer.asin).values()) > 1
    assert {offer.status for offer in found} == {"Active", "Inactive", "Incomplete"}


def test_a_child_that_is_retired_is_offered_no_more_and_one_that_comes_out_is():
    catalog = Catalog(seed=1, parents=50, size=300, retired=0.5)
    germany = MARKETPLACES["DE"]
    before, after = ({o.sku for o in offers(catalog, germany, NOON - timedelta(days=back))} for back in (400, 0))
    assert before - after
    assert after - before


@pytest.mark.parametrize("kind", LIST_KINDS)
async def test_each_fault_is_seen_in_the_document(open_amazon, kind):
    amazon = await open_amazon()
    amazon.simulator.mischief.add(Fault(kind=kind, field="seller-sku", factor=0.25))
    _, said = await listed(amazon)
    right = amazon.simulator.listings("DE", NOON + timedelta(minutes=5))
    text = gzip.decompress(said.raw).decode("cp1252")
    names, rows = table(said.raw, "cp1252")
    seen = {
        "rows_missing": len(rows) == len(right) // 4,
        "lines_twice": len(rows) == len(right) + 2,
        "lines_torn": len(rows) == len(right) + 1 and '\t"as good' in text,
        "column_missing": "seller-sku" not in names,
        "column_added": "unheard-of" in names,
        "own_language": "Händler-SKU" in names,
    }
    assert seen[kind]


async def test_faults_of_lists_and_those_of_sales_and_traffic_do_not_meet(open_amazon):
    amazon = await open_amazon()
    faults = (Fault(kind="rows_missing"), Fault(kind="shrunk_day"), Fault(kind="fatal", report_type=LIST))
    amazon.simulator.mischief.add(*faults)
    await amazon.create()
    assert [fault["struck"] for fault in amazon.simulator.mischief.to_json()] == [0, 1, 0]
    await ask(amazon)
    assert [fault["struck"] for fault in amazon.simulator.mischief.to_json()] == [1, 1, 1]


async def test_a_seller_who_offers_nothing_gets_no_list(open_amazon):
    amazon = await open_amazon(parents=1, children=1, retired=1.0, seed=3)
    amazon.time.pass_by(days=90)
    report_id = (await ask(amazon)).body["reportId"]
    amazon.time.pass_by(hours=1)
    assert (await amazon.report(report_id))["processingStatus"] == "CANCELLED"
