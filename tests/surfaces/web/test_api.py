"""The JSON API, over HTTP, of a shop that is written by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, get_args

import httpx2
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from board_shop import write_shop
from chalkola.clock import JumpingClock
from chalkola.store.board.definitions import METRICS
from chalkola.surfaces.web.api.routes import Metric
from openid_provider import openid_provider
from served import Served, served
from sheeting import CLOSED, NOW, Book, opened


@pytest.fixture
def book(database: psycopg.Connection[dict[str, Any]]) -> Book:
    """A small shop, and the hand that has written it."""
    book = opened(database)
    write_shop(book)
    return book


@pytest.fixture
def token(book: Book) -> str:
    """A token of the API's own, which may call as often as it likes."""
    row = book.database.execute("SELECT sp_new_token('app', 'api') AS token").fetchone()
    assert row is not None
    book.database.execute("UPDATE sp_sheet_tokens SET calls_a_minute = 1000000, burst = 1000000")
    return str(row["token"])


@pytest.fixture
async def web(database_url: str, book: Book) -> AsyncIterator[Served]:
    async with served(database_url, pages=True, clock=JumpingClock(NOW)) as running:
        yield running


async def get(web: Served, path: str, **headers: str) -> httpx2.Response:
    return await web.client.get(f"/api/v1{path}", headers=headers)


def problem(answer: httpx2.Response) -> tuple[int, str]:
    """Return a refusal's status and code, after a look at its form."""
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == answer.status_code
    assert said["detail"]
    return answer.status_code, said["code"]


async def test_figures_are_numbers_and_what_is_not_there_is_null(web: Served) -> None:
    said = (await get(web, "/metrics?marketplace=DE")).json()
    tiles = {tile["metric"]: tile for tile in said["panels"][0]["tiles"]}
    assert (tiles["units"]["value"], tiles["sales"]["value"], tiles["cvr"]["value"]) == (26, 520, 0.13)
    assert tiles["sales"]["versus"]["week_ago"] == {"then": 400, "change": 120, "ratio": 0.3}
    assert tiles["sales"]["versus"]["year_ago"] == {"then": None, "change": None, "ratio": None}
    assert said["panels"][1]["span"]["state"] == "due"
    assert (said["currency"], said["places"], said["freshness"]["closed"]) == ("EUR", ["US", "DE"], str(CLOSED))
    assert said["up"][0]["why"] == {"sessions": 0, "conversion": 120, "price": 0}
    assert [one["key"] for one in said["definitions"]] == [one.key for one in METRICS]


async def test_products_have_pages_and_children(web: Served) -> None:
    said = (await get(web, "/products?marketplace=DE&period=Last 7 days&page_size=1&page=2&metric=units")).json()
    assert (said["page"], said["pages"], said["total"]) == (2, 2, 2)
    assert said["rows"][0]["asin"] == "B0SINGLE01"
    assert said["rows"][0]["cells"] == {"units": {"value": 48, "then": 42, "change": 6, "ratio": 0.1429}}
    rows = (await get(web, "/products/B0PARENT00/children?marketplace=DE&period=Last 7 days")).json()["rows"]
    assert [row["asin"] for row in rows] == ["B0CHILD001", "B0CHILD002"]


async def test_a_product_is_found_in_any_case_and_an_unknown_one_is_a_404(web: Served) -> None:
    said = (await get(web, "/products/b0child001?days=7")).json()
    assert (said["asin"], said["parent"]["asin"], len(said["days"])) == ("B0CHILD001", "B0PARENT00", 7)
    assert said["places"][0]["values"]["units"] == [20] * 7
    assert problem(await get(web, "/products/B0NOTHERE0")) == (404, "not_found")


async def test_the_ledger_has_pages_too(web: Served) -> None:
    said = (await get(web, f"/coverage?marketplace=DE&dataset=sales_and_traffic&end={CLOSED}&page_size=3")).json()
    assert (said["total"], said["pages"], len(said["rows"])) == (70, 24, 3)
    assert said["rows"][0]["state"] == "proven"
    assert (await get(web, "/coverage?state=failed")).json()["rows"] == []


async def test_alerts_are_open_or_cured(web: Served, book: Book) -> None:
    book.database.execute(
        "INSERT INTO sp_alerts (rule, subject, message, raised_at, cured_at) VALUES ('late', 'DE', '<b>Late</b>', %s,"
        " NULL), ('late', 'US', 'Was late', %s, %s)", (NOW, NOW, NOW),
    )  # fmt: skip
    counts = {state: (await get(web, f"/alerts?state={state}")).json()["total"] for state in ("open", "cured", "all")}
    assert counts == {"open": 1, "cured": 1, "all": 2}
    assert (await get(web, "/alerts")).json()["rows"][0]["message"] == "<b>Late</b>"
    assert (await get(web, "/metrics")).json()["open_alerts"] == 1


async def test_what_is_wrong_is_said_in_a_sentence(web: Served) -> None:
    for path, status, code, word in (
        ("/products?period=Last blue moon", 400, "bad_argument", "Known: Today"),
        ("/metrics?marketplace=XX", 400, "bad_argument", "Known: US"),
        ("/metrics?currency=XXX", 400, "bad_argument", "There is no currency"),
        ("/products?search=%00", 400, "bad_argument", "character"),
        ("/products?page=0", 422, "bad_argument", "page"),
        ("/products?metric=mood", 422, "bad_argument", "metric"),
        ("/products/%3Cscript%3E", 422, "bad_argument", "asin"),
        ("/nothing", 404, "not_found", "nothing at this address"),
    ):  # fmt: skip
        answer = await get(web, path)
        assert problem(answer) == (status, code), path
        assert word in answer.json()["detail"], path
    assert problem(await web.client.post("/api/v1/metrics")) == (405, "method_not_allowed")


async def test_only_this_machine_asks_without_a_token_where_nobody_signs_in(web: Served, token: str) -> None:
    assert problem(await get(web, "/metrics", host="chalkola.example.com")) == (403, "not_from_this_machine")
    assert problem(await get(web, "/metrics", **{"X-Forwarded-For": "1.2.3.4"})) == (403, "not_from_this_machine")
    assert problem(await get(web, "/metrics", **{"Sec-Fetch-Site": "cross-site"})) == (403, "not_from_here")
    answer = await get(web, "/alerts", host="chalkola.example.com", authorization=f"Bearer {token}")
    assert answer.status_code == 200


async def test_a_token_opens_what_it_is_made_for(web: Served, token: str, book: Book) -> None:
    assert (await get(web, "/alerts", authorization=f"bearer {token}")).status_code == 200
    for shown, code in (
        ("Bearer", "no_token"), ("Basic YTpi", "no_token"), (f"Bearer {token}x", "token_unknown"),
        (f"Bearer {book.token}", "token_of_another_kind"),
    ):  # fmt: skip
        answer = await get(web, "/alerts", authorization=shown)
        assert problem(answer) == (401, code)
        assert answer.headers["www-authenticate"] == "Bearer"
    book.token = token
    assert book.ask("sheet_alerts")["code"] == "token_of_another_kind"
    book.database.execute("SELECT sp_revoke_sheet_token('app')")
    assert problem(await get(web, "/alerts", authorization=f"Bearer {token}")) == (401, "token_revoked")


async def test_whoever_asks_too_often_is_told_when_to_ask_again(web: Served, token: str, book: Book) -> None:
    book.database.execute("UPDATE sp_sheet_tokens SET burst = 2, calls_a_minute = 1 WHERE name = 'app'")
    answers = [await get(web, "/alerts", authorization=f"Bearer {token}") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert problem(answers[2]) == (429, "slow_down")
    assert 0 < int(answers[2].headers["retry-after"]) <= 60


async def test_whoever_is_signed_in_asks_from_the_pages(database_url: str, book: Book) -> None:
    async with (
        openid_provider() as provider,
        served(database_url, pages=True, sign_in=provider.sign_in(), clock=JumpingClock(NOW)) as web,
    ):
        assert problem(await get(web, "/alerts")) == (401, "no_token")
        assert (await get(web, "/openapi.json")).status_code == 200
        left = await web.client.get("/sign-in/google?back=/")
        came = await web.client.get(left.headers["location"])
        await web.client.get(came.headers["location"])
        assert (await get(web, "/alerts")).status_code == 200
        assert problem(await get(web, "/alerts", **{"Sec-Fetch-Site": "same-site"})) == (403, "not_from_here")


def test_the_metrics_that_can_be_asked_for_are_those_that_are_defined() -> None:
    assert get_args(Metric) == tuple(one.key for one in METRICS)


async def test_nothing_breaks_it_and_answers_are_as_documented(web: Served, token: str) -> None:
    document = (await get(web, "/openapi.json")).json()
    await asyncio.to_thread(_attack, document, web.address, token)
    assert web.broken == []


_CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip


def _attack(document: dict[str, Any], address: str, token: str) -> None:
    schema = schemathesis.openapi.from_dict(json.loads(json.dumps(document)))
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=20, deadline=None, database=None, phases=[Phase.generate], derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def attempt(case: Any) -> None:
            case.call_and_validate(
                base_url=f"{address}/api/v1", checks=_CHECKS, headers={"Authorization": f"Bearer {token}"}
            )

        attempt()
