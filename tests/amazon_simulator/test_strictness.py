"""What Amazon rejects, it rejects: one case for each rejected request."""

from datetime import timedelta

import pytest

REPORTS = "/reports/2021-06-30/reports"
DE, FR, US = "A1PA6795UKMFR9", "A13V1IB3VIYZZH", "ATVPDKIKX0DER"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        pytest.param({"reportType": "GET_SALES_REPORT"}, 400, "InvalidInput", id="an unknown report type"),
        pytest.param({"reportType": None}, 400, "InvalidInput", id="no report type"),
        pytest.param({"reportType": 7}, 400, "InvalidInput", id="a report type that is no text"),
        pytest.param({"marketplaceIds": [DE, FR]}, 400, "InvalidInput", id="two marketplaces"),
        pytest.param({"marketplaceIds": []}, 400, "InvalidInput", id="no marketplace"),
        pytest.param({"marketplaceIds": DE}, 400, "InvalidInput", id="a marketplace outside a list"),
        pytest.param({"marketplaceIds": [US]}, 403, "Unauthorized", id="a marketplace of another account"),
        pytest.param({"marketplaceIds": ["A0000000000000"]}, 403, "Unauthorized", id="an unknown marketplace"),
        pytest.param({"reportOptions": {"granularity": "DAY"}}, 400, "InvalidInput", id="an unknown option"),
        pytest.param({"reportOptions": {"asinGranularity": "child"}}, 400, "InvalidInput", id="an unknown value"),
        pytest.param({"reportOptions": {"dateGranularity": 1}}, 400, "InvalidInput", id="a value that is no text"),
        pytest.param({"reportOptions": ["DAY"]}, 400, "InvalidInput", id="options outside an object"),
        pytest.param({"dataEndTime": "2026-11-16T00:00:00Z"}, 400, "InvalidInput", id="an end before the start"),
        pytest.param({"dataStartTime": "2026-11-21T00:00:00Z"}, 400, "InvalidInput", id="a start in the future"),
        pytest.param({"dataEndTime": "2026-11-20T23:59:59Z"}, 400, "InvalidInput", id="an end in the future"),
        pytest.param({"dataStartTime": "17.11.2026"}, 400, "InvalidInput", id="a date that is not ISO 8601"),
        pytest.param({"dataStartTime": "2026-02-30T00:00:00Z"}, 400, "InvalidInput", id="a date that is none"),
        pytest.param({"dataStartTime": "20261117"}, 400, "InvalidInput", id="a date without hyphens"),
        pytest.param({"dataStartTime": 1763337600}, 400, "InvalidInput", id="a date that is a number"),
    ],
)
async def test_a_report_is_not_created_for(amazon, changed, status, code):
    said = await amazon.create(**changed)

    assert said.error == (status, code)
    assert amazon.simulator.journal.entries == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"DAY"', b"null"])
async def test_a_body_that_is_no_json_object_is_invalid(amazon, body):
    said = await amazon.call("POST", REPORTS, data=body, headers={"Content-Type": "application/json"})

    assert said.error == (400, "InvalidInput")


async def test_missing_parameters_are_named_together(amazon):
    said = await amazon.call("POST", REPORTS, json={"reportOptions": {}})

    assert said.body["errors"][0]["details"] == "marketplaceIds;reportType;"


async def test_a_creation_in_another_content_type_is_unsupported(amazon):
    said = await amazon.call("POST", REPORTS, data=b"{}", headers={"Content-Type": "text/plain"})

    assert said.status == 415


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param({}, 400, id="neither types nor a token"),
        pytest.param({"reportTypes": ",".join(f"T{n}" for n in range(11))}, 400, id="eleven types"),
        pytest.param({"reportTypes": "T", "pageSize": "0"}, 400, id="an empty page"),
        pytest.param({"reportTypes": "T", "pageSize": "101"}, 400, id="a page too long"),
        pytest.param({"reportTypes": "T", "pageSize": "ten"}, 400, id="a page size that is no number"),
        pytest.param({"reportTypes": "T", "processingStatuses": "READY"}, 400, id="an unknown status"),
        pytest.param({"reportTypes": "T", "createdSince": "yesterday"}, 400, id="a malformed date"),
        pytest.param({"reportTypes": "T", "marketplaceIds": ",".join("ABCDEFGHIJK")}, 400, id="11 marketplaces"),
        pytest.param({"nextToken": "x", "pageSize": "10"}, 400, id="a token with another parameter"),
        pytest.param({"nextToken": "never-given"}, 400, id="a token that was never given"),
        pytest.param(
            {"reportTypes": "GET_FLAT_FILE_OPEN_LISTINGS_DATA"}, 200, id="(accepted) a type without reports"
        ),
        pytest.param({"reportTypes": "T", "MarketplaceId": DE}, 200, id="(accepted) a parameter it does not know"),
    ],
)
async def test_a_list_of_reports_asked_with(amazon, query, status):
    assert (await amazon.call("GET", REPORTS, params=query)).status == status


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{REPORTS}/50000000000"),
        ("DELETE", f"{REPORTS}/50000000000"),
        ("GET", "/reports/2021-06-30/documents/amzn1.spdoc.1.4.nothing"),
    ],
)
async def test_an_unknown_id_is_not_found(amazon, method, path):
    assert (await amazon.call(method, path)).error == (404, "NotFound")


async def test_a_report_of_another_account_is_not_found(open_amazon):
    amazon = await open_amazon(own_accounts=("AE",))
    created = await amazon.create()

    amazon.account = "AE"

    assert (await amazon.call("GET", f"{REPORTS}/{created.body['reportId']}")).status == 404


async def test_two_accounts_get_the_same_report_ids(amazon):
    of_eu = await amazon.create()
    amazon.account = "NA"
    of_na = await amazon.create(marketplaceIds=[US])

    assert of_eu.body == of_na.body


@pytest.mark.parametrize("path", ["/reports/2021-06-30/nothing", "/reports/50000019001", "/documents/x", "/"])
async def test_a_path_that_amazon_does_not_have_is_denied(amazon, path):
    assert (await amazon.call("GET", path)).error == (403, "Unauthorized")


async def test_a_call_without_a_token_is_denied(amazon):
    said = await amazon.send("GET", amazon.simulator.urls["eu"] + "/sellers/v1/marketplaceParticipations")

    assert said.error == (403, "Unauthorized")
    assert "missing" in said.body["errors"][0]["details"]


@pytest.mark.parametrize("token", ["Atza|x", "Atza|e30=.00", "nonsense", "Atza|WyJFVSIsIDllOSwgIngiXQ==.ab"])
async def test_a_token_that_login_never_gave_is_denied(amazon, token):
    said = await amazon.call("GET", "/sellers/v1/marketplaceParticipations", token=token)

    assert said.error == (403, "Unauthorized")
    assert "revoked, malformed or invalid" in said.body["errors"][0]["details"]


async def test_a_token_expires_after_an_hour_of_amazons_time(amazon):
    token = await amazon.token()
    amazon.time.pass_by(minutes=59, seconds=59)
    assert (await amazon.call("GET", "/sellers/v1/marketplaceParticipations", token=token)).status == 200

    amazon.time.pass_by(seconds=1)

    said = await amazon.call("GET", "/sellers/v1/marketplaceParticipations", token=token)
    assert said.error == (403, "Unauthorized")
    assert said.body["errors"][0]["details"] == "The access token you provided has expired."


async def test_a_token_of_another_region_is_denied(amazon):
    token = await amazon.token("NA")

    assert (await amazon.call("GET", "/sellers/v1/marketplaceParticipations", token=token)).status == 403


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "amzn1.oa2-cs.v1.old"}, 401, "invalid_client"),
        ({"client_id": "amzn1.application-oa2-client.other"}, 401, "invalid_client"),
        ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
        ({"refresh_token": ""}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_login_refuses(amazon, changed, status, error):
    said = await amazon.log_in(**changed)

    assert (said.status, said.body["error"]) == (status, error)
    assert said.body["error_description"]


async def test_login_wants_a_form_and_not_json(amazon):
    said = await amazon.send("POST", amazon.simulator.urls["lwa"], json={"grant_type": "refresh_token"})

    assert (said.status, said.body["error"]) == (400, "invalid_request")


async def test_login_gives_a_bearer_token_for_an_hour(amazon):
    body = (await amazon.log_in()).body

    assert body["access_token"].startswith("Atza|")
    assert (body["token_type"], body["expires_in"]) == ("bearer", 3600)


async def test_a_document_url_is_refused_after_five_minutes(amazon):
    url = await amazon.url(await amazon.finished())
    amazon.time.pass_by(minutes=5)
    assert (await amazon.send("GET", url)).status == 200

    amazon.time.pass_by(seconds=1)

    said = await amazon.send("GET", url)
    assert said.status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in said.raw


@pytest.mark.parametrize("change", [("X-Amz-Expires=300", "X-Amz-Expires=86400"), ("spdoc-prod/", "spdoc-prod/0")])
async def test_a_document_url_that_was_altered_is_refused(amazon, change):
    url = await amazon.url(await amazon.finished())

    said = await amazon.send("GET", url.replace(*change))

    assert said.status == 403
    assert b"SignatureDoesNotMatch" in said.raw


async def test_only_a_queued_report_can_be_cancelled(amazon):
    queued, running = await amazon.create(), await amazon.create()

    cancelled = await amazon.call("DELETE", f"{REPORTS}/{queued.body['reportId']}")
    amazon.time.pass_by(hours=1)
    refused = await amazon.call("DELETE", f"{REPORTS}/{running.body['reportId']}")

    assert (cancelled.status, refused.status) == (200, 400)
    assert (await amazon.report(queued.body["reportId"]))["processingStatus"] == "CANCELLED"
    assert (await amazon.report(running.body["reportId"]))["processingStatus"] == "DONE"


async def test_days_more_than_two_years_back_are_cancelled(amazon):
    old = await amazon.finished(dataStartTime="2024-11-19", dataEndTime="2024-11-19")
    within = await amazon.finished(dataStartTime="2024-11-20", dataEndTime="2024-11-20")

    assert (old["processingStatus"], within["processingStatus"]) == ("CANCELLED", "DONE")


async def test_a_report_is_forgotten_after_ninety_days(amazon):
    report = await amazon.finished()

    amazon.time.instant += timedelta(days=91)

    assert (await amazon.call("GET", f"{REPORTS}/{report['reportId']}")).status == 404
