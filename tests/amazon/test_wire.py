import asyncio
from pathlib import Path

import httpx2
import pytest

from chalkola.amazon.transport import Transport
from chalkola.errors import Setback
from chalkola.wire import _FAILURES, what_failed


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    loopback, settings, buckets, account, monkeypatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    loopback.answer("/reports/2021-06-30/reports/1", json={})
    async with Transport(settings, buckets) as transport:
        reply = await transport.call(account, "getReport", path={"reportId": "1"})
    assert reply.status == 200


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (httpx2.PoolTimeout("x"), "no connection free"),
        (httpx2.ConnectTimeout("x"), "no connection in time"),
        (httpx2.ReadTimeout("x"), "timeout"),
        (httpx2.WriteTimeout("x"), "timeout"),
        (TimeoutError(), "timeout"),
        (httpx2.ConnectError("x"), "no connection"),
        (httpx2.ProxyError("x"), "proxy"),
        (httpx2.ReadError("x"), "reset"),
        (httpx2.RemoteProtocolError("x"), "reset"),
        (asyncio.CancelledError(), "stopped"),
        (httpx2.InvalidURL("https://s3.example/?X-Amz-Signature=1"), "InvalidURL"),
    ],
)
def test_what_went_wrong_with_a_call_is_said_in_a_word_or_two(error, word):
    assert what_failed(error) == word


def test_what_we_make_of_an_answer_is_no_failure_of_the_connection(clock):
    assert what_failed(Setback("not now", until=clock.now())) == ""


def test_every_failure_is_explained_to_who_runs_it():
    explained = (Path(__file__).parents[2] / "docs" / "operating.md").read_text(encoding="utf-8")
    assert [word for _, word in _FAILURES if f"`{word}`" not in explained] == []
