"""The functions as a sheet calls them, over HTTP and a real database: the same as through PostgREST."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import psycopg
import pytest

from chalkola.clock import JumpingClock, RealClock
from chalkola.store.access import READ_FUNCTIONS
from chalkola.store.calling import Call, Caller, may_become, read_functions
from chalkola.store.connection import open_pool
from chalkola.store.sheet_tokens import new_sheet_token
from served import Served, add_functions, served

FIELDS = {"code", "message", "details", "hint"}


@pytest.fixture
async def server_url(database_url: str) -> str:
    add_functions(database_url)
    return database_url


@pytest.fixture
async def web(server_url: str) -> AsyncIterator[Served]:
    async with served(server_url) as running:
        yield running


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    said = answer.json()
    assert set(said) == FIELDS
    assert "Traceback" not in answer.text
    return answer.status_code, said["code"]


async def test_a_function_answers_its_named_arguments(web: Served) -> None:
    answer = await web.call("told", token="t", items=["B0A", None, ""], start="2026-11-20")
    assert answer.status_code == 200
    said = answer.json()
    assert (said["items"], said["start"], said["days"]) == (["B0A", None, ""], "2026-11-20", 7)


async def test_letters_of_any_language_come_back_as_they_went(web: Served) -> None:
    answer = await web.call("told", token="t", items=["Größe 電池 😀", "'; DROP TABLE products; --", "%s {0} \\"])
    assert answer.json()["items"] == ["Größe 電池 😀", "'; DROP TABLE products; --", "%s {0} \\"]
    assert answer.headers["content-type"] == "application/json; charset=utf-8"


async def test_a_function_without_arguments_takes_an_empty_body(web: Served) -> None:
    answer = await web.client.post("/rest/v1/rpc/nothing")
    assert (answer.status_code, answer.text) == (200, "null")


async def test_an_unknown_function_or_argument_is_a_404(web: Served) -> None:
    token = {"token": "t"}
    for name, body in (
        ("no_such_function", token), ("nobody_may", token), ("pg_sleep", {"seconds": 9}), ("comes_later", token),
        ("told", {"token": "t", "itmes": []}), ("told", {}),
    ):  # fmt: skip
        assert refusal(await web.client.post(f"/rest/v1/rpc/{name}", json=body)) == (404, "PGRST202"), name


async def test_a_404_says_what_might_have_been_meant(web: Served) -> None:
    misspelt = (await web.call("tolt", token="t")).json()
    assert misspelt["message"] == "Could not find the function public.tolt(token) in the schema cache"
    assert misspelt["hint"] == "Perhaps you meant to call the function public.told"
    unknown = (await web.call("told", token="t", day="x")).json()
    assert unknown["hint"] == "Perhaps you meant to call the function public.told(days, items, start, token)"


async def test_a_function_that_a_migration_has_just_made_is_found(web: Served, server_url: str) -> None:
    await web.call("told", token="t")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION comes_later(token text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '1'::jsonb $$"
        )
    await asyncio.sleep(1.1)
    assert (await web.call("comes_later", token="t")).text == "1"


async def test_a_body_that_is_no_json_object_is_a_400(web: Served) -> None:
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"\xff\xfe", b"[]", b'"text"', b'{"token": NaN}', b"[" * 20_000, b'{"token": "\x00"}'):
        answer = await web.client.post("/rest/v1/rpc/told", content=body, headers=headers)
        assert refusal(answer) == (400, "PGRST102"), body


async def test_a_form_is_told_to_be_json(web: Served) -> None:
    answer = await web.client.post("/rest/v1/rpc/told", data={"token": "t"})
    assert refusal(answer) == (400, "PGRST102")
    assert "application/json" in answer.json()["hint"]


async def test_another_method_is_a_405(web: Served) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = await web.client.request(method, "/rest/v1/rpc/told")
        assert refusal(answer) == (405, "PGRST101")
        assert answer.headers["allow"] == "POST"


async def test_another_path_is_a_404(web: Served) -> None:
    for path in ("/rest/v1/told", "/rest/v1/rpc/told/more", "/rest/v1/", "/rest/v1/rpc/"):
        assert refusal(await web.client.post(path, json={})) == (404, "PGRST125"), path


async def test_what_the_database_refuses_comes_in_its_own_words(web: Served) -> None:
    statuses = {"P0001": 400, "22023": 400, "42501": 401, "23505": 409, "XX000": 500, "53300": 503, "40001": 500}
    for sqlstate, status in statuses.items():
        answer = await web.call("fails", token="t", how=sqlstate)
        assert answer.status_code == status
        assert answer.json() == {
            "code": sqlstate,
            "message": "so it is",
            "details": "in detail",
            "hint": "what to do",
        }


async def test_an_argument_of_the_wrong_type_is_a_400(web: Served) -> None:
    answer = await web.call("told", token="t", start="soon")
    assert refusal(answer) == (400, "22007")
    assert refusal(await web.call("told", token="t", items={"a": 1}))[0] == 400


async def test_a_function_ends_at_its_own_time_out(web: Served) -> None:
    began = asyncio.get_running_loop().time()
    answer = await web.call("sleeps", token="t", seconds=20)
    assert refusal(answer) == (500, "57014")
    assert asyncio.get_running_loop().time() - began < 5
    assert (await web.call("sleeps", token="t", seconds=0.01)).status_code == 200
    assert (await web.call("told", token="t")).json()["timeout"] == "10s"


async def test_nothing_of_a_call_stays_in_its_session(web: Served) -> None:
    await web.call("sleeps", token="t", seconds=0.01)
    said = (await web.call("told", token="t")).json()
    assert (said["timeout"], said["now"]) == ("10s", None)


async def test_small_answers_are_not_held_back(web: Served) -> None:
    clock = asyncio.get_running_loop().time
    took = []
    for _ in range(12):
        began = clock()
        await web.call("told", token="t")
        took.append(clock() - began)
    assert sorted(took)[3] < 0.035, "40 ms is what Nagle's algorithm and a delayed acknowledgement cost"


async def test_more_callers_than_connections_are_all_answered(web: Served) -> None:
    answers = await asyncio.gather(*(web.call("sleeps", token="t", seconds=0.05) for _ in range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12


async def test_a_simulated_clock_is_the_databases_now(server_url: str) -> None:
    clock = JumpingClock(datetime(2026, 11, 20, 2, tzinfo=UTC))
    async with served(server_url, clock=clock) as web:
        said = (await web.call("told", token="t")).json()
    assert said["now"] == "2026-11-20T02:00:00+00:00"


async def test_a_call_runs_as_the_role_for_sheets_and_may_do_nothing_else(web: Served, server_url: str) -> None:
    assert (await web.call("told", token="t")).json()["role"] == "chalkola_sheets"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute("REVOKE ALL ON FUNCTION large FROM PUBLIC")
    assert refusal(await web.call("large", token="t")) == (401, "42501")


async def test_it_runs_as_ourselves_where_that_role_is_not_ours_to_take_on(server_url: str) -> None:
    async with open_pool(server_url, size=1) as pool:
        assert not await may_become(pool, "nobody_of_this_name")
        (told,) = await read_functions(pool, ["told"])
        answer = await Caller(pool=pool, role=None)(Call(function=told, names=["token"], arguments='{"token": "t"}'))
    assert json.loads(answer)["role"] == "chalkola"


async def test_a_large_answer_comes_compressed_where_that_is_asked_for(web: Served) -> None:
    async with web.client.stream(
        "POST", "/rest/v1/rpc/large", json={"token": "t"}, headers={"Accept-Encoding": "gzip"}
    ) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(raw))["rows"]) == 100_000
    plain = await web.client.post("/rest/v1/rpc/large", json={"token": "t"}, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert len(raw) < len(plain.content) / 2


async def test_a_body_that_is_too_large_is_refused(web: Served) -> None:
    answer = await web.call("told", token="t", items=["B" * 100] * 20_000)
    assert refusal(answer) == (413, "413")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b" " * 100_000

    streamed = await web.client.post(
        "/rest/v1/rpc/told", content=pieces(), headers={"Content-Type": "application/json"}
    )
    assert refusal(streamed) == (413, "413")


async def test_every_answer_has_the_headers_of_a_careful_server(web: Served) -> None:
    for answer in (await web.call("told", token="t"), await web.client.get("/nothing/here")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
        assert "strict-transport-security" not in answer.headers
    behind_https = await web.client.get("/health", headers={"X-Forwarded-Proto": "https"})
    assert behind_https.headers["strict-transport-security"] == "max-age=31536000"


async def test_the_log_has_what_came_of_each_call_and_nothing_of_what_was_sent(web: Served) -> None:
    await web.call("told", token="cs_abc_secret")
    await web.call("known", token="cs_abc_secret")
    await web.client.post("/rest/v1/rpc/told?token=cs_abc_secret", json={})
    seen = [(one.status, one.noted, one.path) for one in web.answered_requests]
    assert seen == [
        (200, "ok", "/rest/v1/rpc/told"), (200, "token_unknown", "/rest/v1/rpc/known"),
        (404, "PGRST202", "/rest/v1/rpc/told"),
    ]  # fmt: skip


async def test_who_tries_tokens_out_has_to_wait_and_who_has_one_does_not(web: Served) -> None:
    assert (await web.call("known", token="right")).json()["ok"]
    codes = [(await web.call("known", token=f"guess {n}")).json()["code"] for n in range(12)]
    assert codes == ["token_unknown"] * 10 + ["slow_down"] * 2
    assert (await web.call("known", token="right")).json()["ok"]


async def test_how_it_is(web: Served) -> None:
    answer = await web.client.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["trouble"]) == (200, "ok", [])
    web.is_database_there = False
    answer = await web.client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "trouble")
    assert web.answered_requests[-1].status == 503
    assert len(web.answered_requests) == 1


async def test_a_call_under_way_is_answered_when_the_server_is_stopped(web: Served) -> None:
    under_way = asyncio.create_task(web.call("sleeps", token="t", seconds=0.5))
    await asyncio.sleep(0.2)
    web.stop.set()
    assert (await under_way).status_code == 200
    await asyncio.sleep(0.3)
    with pytest.raises(httpx2.TransportError):
        await web.call("told", token="t")


async def test_a_sheet_with_a_token_is_answered_by_the_functions_of_this_version(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool:
        token = await new_sheet_token(pool, "a sheet", RealClock().now())
    async with served(database_url, names=READ_FUNCTIONS) as web:
        said = (await web.call("sheet_status", token=token)).json()
        assert (said["ok"], said["data"]["rows"]) == (True, [])
        wrong = (await web.call("sheet_status", token=token + "x")).json()
        assert (wrong["ok"], wrong["code"]) == (False, "token_unknown")
    assert [one.noted for one in web.answered_requests] == ["ok", "token_unknown"]
