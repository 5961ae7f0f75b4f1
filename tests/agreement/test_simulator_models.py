"""The simulated Amazon and Amazon's own models agree: paths, quotas, statuses, headers, fields, documents.

The models are not part of this project; they are looked for beside it.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import aiohttp
import jsonschema
import pytest

from amazon_simulator import Fault, Simulator, SimulatorSettings
from amazon_simulator.answers import RATE_HEADER_STATUSES
from amazon_simulator.catalog import Catalog
from amazon_simulator.document import Question, sales_and_traffic
from amazon_simulator.kiosk import reading
from amazon_simulator.kiosk import requests as kiosk
from amazon_simulator.kiosk.query_book import STATUSES as QUERY_STATUSES
from amazon_simulator.marketplaces import MARKETPLACES
from amazon_simulator.operations import OPERATIONS
from amazon_simulator.report_requests import STATUSES
from amazon_simulator.sales import requests as sales
from amazon_simulator.world import World

MODELS = Path(__file__).parents[3] / "shared" / "amazon-models"
FILES = (
    "models/reports-api-model/reports_2021-06-30.json",
    "models/sellers-api-model/sellers.json",
    "models/data-kiosk-api-model/dataKiosk_2023-11-15.json",
    "models/sales-api-model/sales.json",
)
SCHEMA = "schemas/reports/sellerSalesAndTrafficReport.json"
NOT_IMITATED = {
    "getReportSchedules", "createReportSchedule", "getReportSchedule", "cancelReportSchedule", "getAccount",
}  # fmt: skip

pytestmark = pytest.mark.skipif(not MODELS.exists(), reason=f"Amazon's models are not at {MODELS}")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DATASET = "analytics_salesAndTraffic_2024_04_24"
DE = "A1PA6795UKMFR9"


def _operations():
    """Yield Amazon's operations by name: method, path, model."""
    for file in FILES:
        model = json.loads((MODELS / file).read_text(encoding="utf-8"))
        for path, methods in model["paths"].items():
            for method, operation in methods.items():
                if "operationId" in operation:
                    yield operation["operationId"], method.upper(), path, operation


def test_every_operation_of_the_models_is_imitated_or_said_not_to_be():
    assert {name for name, *_ in _operations()} == {row.name for row in OPERATIONS} | NOT_IMITATED


def test_methods_paths_and_quotas_are_amazons():
    published = {}
    for name, method, path, operation in _operations():
        rate, burst = re.search(r"^\| *(\d*\.?\d+) *\| *(\d+) *\|", operation["description"], re.MULTILINE).groups()
        published[name] = (method, path, float(rate), int(burst))

    imitated = {row.name: (row.method, row.path, row.rate_per_second, row.burst) for row in OPERATIONS}
    assert imitated == {name: published[name] for name in imitated}


def test_the_rate_is_shown_where_the_models_declare_it_and_do_not_call_it_withdrawn():
    for name, _, _, operation in _operations():
        if name in NOT_IMITATED:
            continue
        for status, said in operation["responses"].items():
            header = said["headers"].get("x-amzn-RateLimit-Limit")
            shown = header is not None and "no longer returned" not in header["description"]
            assert shown == (int(status) in RATE_HEADER_STATUSES), (name, status)
            assert "x-amzn-RequestId" in said["headers"]


def _model(number):
    return json.loads((MODELS / FILES[number]).read_text(encoding="utf-8"))


def test_processing_statuses_are_amazons():
    for number, name, statuses in [(0, "Report", STATUSES), (2, "Query", QUERY_STATUSES)]:
        assert set(statuses) == set(_model(number)["definitions"][name]["properties"]["processingStatus"]["enum"])


def test_the_parameters_of_order_metrics_and_their_values_are_amazons():
    parameters = {row["name"]: row for row in _model(3)["paths"]["/sales/v1/orderMetrics"]["get"]["parameters"]}

    assert set(sales.PARAMETERS) == set(parameters)
    assert set(sales.REQUIRED) == {name for name, row in parameters.items() if row["required"]}
    for name, row in parameters.items():
        if "enum" in row:
            assert set(sales.CHOICES[name]) == set(row["enum"])


def test_the_members_of_a_query_specification_are_amazons():
    specification = _model(2)["definitions"]["CreateQuerySpecification"]["properties"]

    assert set(specification) == kiosk.MEMBERS
    assert f"at most {reading.LONGEST_QUERY} characters" in specification["query"]["description"]


async def test_answers_have_the_shape_that_the_models_declare():
    settings = SimulatorSettings(
        parents=5, children=20, processing_seconds=0, report_type_quota=None, query_page_rows=5
    )
    async with Simulator(settings, lambda: NOW) as simulator, aiohttp.ClientSession() as http:
        said = await _conversation(simulator, http)

    models = [json.loads((MODELS / file).read_text(encoding="utf-8")) for file in FILES]
    for name, status, headers, body in said:
        model = next(model for model in models if name in json.dumps(model["paths"]))
        operation = next(row for row in _operations() if row[0] == name)[3]
        declared = operation["responses"][str(status)]
        assert (body is None) == ("schema" not in declared), (name, status)
        jsonschema.validate(body, declared.get("schema", {}) | {"definitions": model["definitions"]})
        shown = {header for header in headers if header.lower().startswith("x-amzn")}
        assert shown <= set(declared["headers"]), (name, status)
    assert {status for _, status, _, _ in said} == {200, 202, 204, 400, 403, 404, 415, 429, 500}


async def _conversation(simulator, http):
    """Speak every operation, with good and bad ends; return what was said as (operation, status, headers, body)."""
    account = simulator.accounts[0]
    form = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
    form |= {"client_id": simulator.client_id, "client_secret": simulator.client_secret}
    async with http.post(simulator.urls["lwa"], data=form) as answer:
        token = (await answer.json())["access_token"]
    reports = "/reports/2021-06-30/reports"
    question = {"reportType": "GET_SALES_AND_TRAFFIC_REPORT", "marketplaceIds": ["ATVPDKIKX0DER"]}
    question |= {"dataStartTime": "2026-11-10", "dataEndTime": "2026-11-10"}
    said = []

    async def call(name, method, path, **options):
        headers = {"x-amz-access-token": options.pop("token", token)}
        async with http.request(method, simulator.urls["na"] + path, headers=headers, **options) as answer:
            body = await answer.json() if answer.status != 204 else None
            said.append((name, answer.status, answer.headers, body))
        return said[-1][3]

    report_id = (await call("createReport", "POST", reports, json=question))["reportId"]
    report = await call("getReport", "GET", f"{reports}/{report_id}")
    document_path = f"/reports/2021-06-30/documents/{report['reportDocumentId']}"
    await call("getReportDocument", "GET", document_path)
    await call("getReports", "GET", reports, params={"reportTypes": question["reportType"], "pageSize": "1"})
    await call("getReports", "GET", reports)
    await call("getReport", "GET", f"{reports}/1")
    await call("createReport", "POST", reports, data=b"x")
    await call("createReport", "POST", reports, json=question, token="Atza|x")  # noqa: S106 - never given
    simulator.mischief.add(Fault(kind="server_error"), Fault(kind="throttled"))
    await call("createReport", "POST", reports, json=question)
    await call("createReport", "POST", reports, json=question)
    await call("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations")
    await call("cancelReport", "DELETE", f"{reports}/{report_id}")
    await _ask_data_kiosk(call, simulator)
    await _ask_sales(call)
    return said


async def _ask_data_kiosk(call, simulator):
    queries, documents = "/dataKiosk/2023-11-15/queries", "/dataKiosk/2023-11-15/documents"
    arguments = 'aggregateBy: CHILD startDate: "2026-11-10" endDate: "2026-11-10" marketplaceIds: ["ATVPDKIKX0DER"]'
    asked = {"query": f"{{{DATASET} {{ salesAndTrafficByAsin({arguments}) {{ childAsin }} }} }}"}
    simulator.mischief.add(Fault(kind="slow_queue"))
    waiting = (await call("createQuery", "POST", queries, json=asked))["queryId"]
    query_id = (await call("createQuery", "POST", queries, json=asked))["queryId"]
    await call("cancelQuery", "DELETE", f"{queries}/{waiting}")
    await call("cancelQuery", "DELETE", f"{queries}/{query_id}")
    query = await call("getQuery", "GET", f"{queries}/{query_id}")
    await call("getQuery", "GET", f"{queries}/1")
    assert query["pagination"]["nextToken"]
    await call("getDocument", "GET", f"{documents}/{query['dataDocumentId']}")
    await call("getQueries", "GET", queries, params={"pageSize": "1"})
    await call("createQuery", "POST", queries, json={})
    await call("createQuery", "POST", queries, data=b"x")
    simulator.roles.set(simulator.accounts[0].key, "fields")
    await call("createQuery", "POST", queries, json=asked)


async def _ask_sales(call):
    path = "/sales/v1/orderMetrics"
    question = {"marketplaceIds": "ATVPDKIKX0DER", "granularity": "Day", "granularityTimeZone": "US/Pacific"}
    question["interval"] = "2026-11-09T00:00:00-08:00--2026-11-16T00:00:00-08:00"
    await call("getOrderMetrics", "GET", path, params=question)
    await call("getOrderMetrics", "GET", path, params=question | {"granularityTimeZone": "UTC"})
    await call("getOrderMetrics", "GET", path, params=question | {"marketplaceIds": DE})


@pytest.mark.parametrize("code", MARKETPLACES)
@pytest.mark.parametrize(("dates", "asins"), [("DAY", "CHILD"), ("WEEK", "PARENT"), ("MONTH", "SKU")])
def test_documents_fit_amazons_schema(code, dates, asins):
    world = World(catalog=Catalog(seed=3, parents=20, size=80))
    question = Question(
        marketplace=MARKETPLACES[code],
        start=date(2026, 11, 10),
        end=date(2026, 11, 12),
        date_granularity=dates,
        asin_granularity=asins,
    )
    document = sales_and_traffic(world, question, NOW + timedelta(days=20))
    schema = json.loads((MODELS / SCHEMA).read_text(encoding="utf-8"))

    jsonschema.validate(document, schema)
    _assert_nothing_unknown(document, schema, schema)
    assert document["salesAndTrafficByAsin"]


def test_a_business_sellers_document_has_every_field_of_the_schema():
    world = World(catalog=Catalog(seed=3, parents=20, size=80))
    question = Question(
        marketplace=MARKETPLACES["DE"], start=date(2026, 11, 10), end=date(2026, 11, 10), asin_granularity="SKU"
    )
    document = sales_and_traffic(world, question, NOW)
    definitions = json.loads((MODELS / SCHEMA).read_text(encoding="utf-8"))["definitions"]

    by_date, by_asin = document["salesAndTrafficByDate"][0], document["salesAndTrafficByAsin"][0]
    for name, part in [
        ("SalesByDate", by_date["salesByDate"]), ("TrafficByDate", by_date["trafficByDate"]),
        ("SalesAndTrafficByAsin", by_asin), ("SalesByAsin", by_asin["salesByAsin"]),
        ("TrafficByAsin", by_asin["trafficByAsin"]),
    ]:  # fmt: skip
        assert part.keys() == definitions[name]["properties"].keys()


def _assert_nothing_unknown(value, schema, root):
    """Amazon's schema allows unknown fields; the simulator has none."""
    if "$ref" in schema:
        schema = root["definitions"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for item in value[:3]:
            _assert_nothing_unknown(item, schema.get("items", {}), root)
    elif isinstance(value, dict) and "properties" in schema:
        assert value.keys() <= schema["properties"].keys()
        for name, part in value.items():
            _assert_nothing_unknown(part, schema["properties"][name], root)
