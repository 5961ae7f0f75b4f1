"""Each call's facts are told, whatever came of it."""

import asyncio
import socket
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from chalkola.calls import made_for
from chalkola.errors import Setback

LOGIN = "/auth/o2/token"
REPORT = "/reports/2021-06-30/reports/123"


def get_report(transport, account):
    return transport.call(account, "getReport", path={"reportId": "123"})


async def test_the_sink_learns_the_facts_of_each_call(loopback, transport, account, clock, calls):
    headers = {"x-amzn-RequestId": "r-1", "x-amzn-RateLimit-Limit": "2.0"}
    loopback.answer(REPORT, json={}, headers=headers)
    await get_report(transport, account)
    login, call = calls
    assert (login.operation, login.account, login.status) == ("login", "EU", 200)
    assert (call.operation, call.account, call.status, call.failure) == ("getReport", "EU", 200, "")
    assert (call.request_id, call.rate_per_second, call.at) == ("r-1", 2.0, clock.now())
    assert 0 < call.seconds < 5
    assert (login.pull, call.pull) == (None, None)


async def test_a_call_that_is_sent_again_with_a_fresh_token_is_two_calls(loopback, transport, account, calls):
    loopback.error(REPORT, 401, "denied")
    loopback.answer(REPORT, json={})
    await get_report(transport, account)
    told = [(call.operation, call.status) for call in calls]
    assert told == [("login", 200), ("getReport", 401), ("login", 200), ("getReport", 200)]


@pytest.mark.parametrize(
    ("header", "given", "told"),
    [
        ("x-amzn-RequestId", "0c7a7f4e-7b2f-4c", "0c7a7f4e-7b2f-4c"),
        ("x-amz-rid", "Q2Z8A1", "Q2Z8A1"),
        ("x-amz-request-id", "79104EXAMPLEB723", "79104EXAMPLEB723"),
        ("x-amzn-RequestId", "Atza|a-token-by-mistake", ""),
        ("x-amzn-RequestId", "x" * 101, ""),
    ],
)
async def test_a_request_id_is_told_whatever_its_header_is_called_and_nothing_else(
    loopback, transport, account, calls, header, given, told
):
    loopback.answer(LOGIN, 200, {"access_token": "Atza|1", "expires_in": 3600}, headers={header: given})
    loopback.answer(REPORT, json={}, headers={header: given})
    await get_report(transport, account)
    assert [call.request_id for call in calls] == [told, told]


async def test_calls_are_told_with_the_pull_that_their_task_is_for(loopback, transport, account, calls):
    loopback.answer(REPORT, json={})

    async def step(pull: int) -> None:
        made_for(pull)
        await get_report(transport, account)

    await asyncio.gather(*(asyncio.create_task(step(pull)) for pull in (7, 8)))
    await get_report(transport, account)
    assert sorted(str(call.pull) for call in calls if call.operation == "getReport") == ["7", "8", "None"]


async def test_a_connection_that_is_not_to_be_had_is_told_by_its_reason(transport, account, calls):
    await transport.login.token(account)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for endpoint in (refused, "http://nobody.invalid"):
            with pytest.raises(Setback):
                await get_report(transport, replace(account, endpoint=endpoint))
    assert [(call.status, call.failure) for call in calls[1:]] == [(None, "no connection"), (None, "name not found")]


async def test_a_call_that_is_stopped_half_way_is_told_too(transport, account, calls):
    await transport.login.token(account)
    async with silent_server() as url:
        asking = asyncio.create_task(get_report(transport, replace(account, endpoint=url)))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    assert [(call.operation, call.status, call.failure) for call in calls[1:]] == [("getReport", None, "stopped")]


@asynccontextmanager
async def silent_server():
    """Give the address of a server that reads and never answers."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
