import gzip
import logging
from contextlib import suppress
from datetime import timedelta

import pytest

from chalkola.amazon.documents import UrlExpired, download
from chalkola.errors import Refusal, Setback

BODY = b'{"salesAndTrafficByAsin": []}' * 1000
SIGNED = "/document?X-Amz-Signature=5ecre7"


@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}])
async def test_bytes_are_kept_as_they_were_sent(loopback, transport, clock, headers):
    sent = gzip.compress(BODY)
    loopback.answer("/document", body=sent, headers=headers)
    document = await download(transport.client, loopback.url + SIGNED, clock)
    document.raw.seek(0)
    assert (document.raw.read(), document.size_bytes) == (sent, len(sent))
    assert document.content() == BODY
    assert "x-amz-access-token" not in loopback.received[-1].headers
    assert loopback.received[-1].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [400, 403, 404, 410])
async def test_a_dead_address_is_told_from_an_outage(loopback, transport, clock, status):
    loopback.answer("/document", status, body=b"<Error><Code>AccessDenied</Code></Error>")
    with pytest.raises(UrlExpired):
        await download(transport.client, loopback.url + SIGNED, clock)


@pytest.mark.parametrize("status", [204, 429, 500, 503])
async def test_anything_but_200_is_a_setback(loopback, transport, clock, status):
    loopback.answer("/document", status)
    with pytest.raises(Setback, match=f"HTTP {status}") as setback:
        await download(transport.client, loopback.url + SIGNED, clock)
    assert type(setback.value) is Setback
    assert setback.value.until == clock.now() + timedelta(minutes=1)


async def test_a_body_shorter_than_announced_is_a_setback(loopback, transport, clock, short_server):
    with pytest.raises(Setback, match="could not be downloaded whole"):
        await download(transport.client, f"{short_server}{SIGNED}", clock)


async def test_a_gzip_stream_that_ends_early_is_refused_on_reading(loopback, transport, clock):
    loopback.answer("/document", body=gzip.compress(BODY)[:-20])
    document = await download(transport.client, loopback.url + SIGNED, clock)
    with pytest.raises(Refusal, match="cut short"):
        document.content()


@pytest.mark.parametrize(
    ("path", "told"),
    [("/document", (200, "")), ("/dead", (403, "")), ("/busy", (503, "")), ("/reset", (None, "reset"))],
)
async def test_a_download_is_told_without_its_address(loopback, transport, clock, calls, path, told):
    loopback.answer("/document", body=BODY, headers={"x-amz-request-id": "S3-1"})
    loopback.answer("/dead", 403)
    loopback.answer("/busy", 503)
    loopback.reset("/reset")
    telling = transport.teller.telling("download", "EU")
    with suppress(Setback):
        await download(transport.client, f"{loopback.url}{path}?X-Amz-Signature=5ecre7", clock, telling)
    (call,) = calls
    assert (call.operation, call.account, (call.status, call.failure)) == ("download", "EU", told)
    assert call.request_id == ("S3-1" if path == "/document" else "")
    assert "5ecre7" not in repr(call)
    assert loopback.url not in repr(call)


async def test_a_body_that_ends_early_is_told_as_begun_and_broken(transport, clock, calls, short_server):
    telling = transport.teller.telling("download", "EU")
    with pytest.raises(Setback):
        await download(transport.client, f"{short_server}{SIGNED}", clock, telling)
    assert [(call.status, call.failure) for call in calls] == [(200, "reset")]


async def test_the_address_is_in_no_error_and_no_log(loopback, transport, clock, caplog):
    caplog.set_level(logging.DEBUG)
    loopback.answer("/document", 403)
    loopback.reset("/document")
    for address in (loopback.url + SIGNED, loopback.url + SIGNED, "gopher://h" + SIGNED, "http://[" + SIGNED):
        with pytest.raises(Setback) as setback:
            await download(transport.client, address, clock)
        assert "5ecre7" not in str(setback.value)
        assert setback.value.__suppress_context__ or setback.value.__context__ is None
    assert any("/document" in record.getMessage() for record in caplog.records)
    assert not any("5ecre7" in record.getMessage() for record in caplog.records)
