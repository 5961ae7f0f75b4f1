import asyncio
import json
import logging
import socket
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from chalkola.amazon import Uncertain
from chalkola.errors import LoginFault, Refusal, Setback, SourceClosed

LOGIN = "/auth/o2/token"
REPORTS = "/reports/2021-06-30/reports"
REPORT = f"{REPORTS}/123"
PAGE = b"<html><head><title>503</title><style>h1 {}</style></head><body><h1>Service Unavailable</h1></body></html>"


def get_report(transport, account, **more):
    return transport.call(account, "getReport", path={"reportId": "123"}, **more)


def create(transport, account, **more):
    return transport.call(account, "createReport", body={"reportType": "X"}, **more)


async def test_a_call_is_sent_as_amazon_asks(loopback, transport, account):
    loopback.answer("/reports/2021-06-30/reports/1%2F2%3Fa%20%C3%A9", json={"ok": True})
    reply = await transport.call(
        account, "getReport", path={"reportId": "1/2?a é"}, query={"nextToken": "a+b/c=&d", "x": "1,2"}
    )
    assert (reply.status, reply.json(dict)) == (200, {"ok": True})
    sent = loopback.received[-1]
    assert sent.target == "/reports/2021-06-30/reports/1%2F2%3Fa%20%C3%A9?nextToken=a%2Bb%2Fc%3D%26d&x=1%2C2"
    assert sent.headers["x-amz-access-token"] == "Atza|1"
    assert sent.headers["user-agent"].startswith("chalkola/")
    assert sent.headers["user-agent"].endswith(" (Language=Python)")


async def test_a_body_is_sent_as_json(loopback, transport, account):
    loopback.answer(REPORTS, 202, {"reportId": "1"})
    await create(transport, account)
    sent = loopback.received[-1]
    assert (sent.method, sent.headers["content-type"]) == ("POST", "application/json")
    assert json.loads(sent.body) == {"reportType": "X"}


async def test_a_404_is_an_answer(loopback, transport, account):
    loopback.error(REPORT, 404, "No such report")
    assert (await get_report(transport, account)).status == 404


# --- turns ---------------------------------------------------------------------------------------------------------


async def test_a_short_wait_is_slept_through_and_a_long_one_is_a_setback(loopback, transport, account, clock):
    loopback.answer(REPORT, json={})
    begun = clock.now()
    for _ in range(25):  # a burst of 15, then two a second
        await get_report(transport, account)
    assert timedelta(seconds=4.9) <= clock.now() - begun <= timedelta(seconds=5.6)

    loopback.answer(REPORTS, 202, {"reportId": "1"})
    for _ in range(15):
        await create(transport, account)
    with pytest.raises(Setback, match="createReport@EU") as setback:
        await create(transport, account)
    assert timedelta(seconds=59) <= setback.value.until - clock.now() <= timedelta(seconds=60)
    assert len(loopback.asked(REPORTS)) == 15


async def test_a_paid_call_takes_no_turn_and_a_tighter_bucket_is_drawn_from_as_well(
    loopback, transport, account, buckets
):
    loopback.answer(REPORTS, 202, {"reportId": "1"})
    await create(transport, account, paid=True, extra_buckets=("own quota",))
    assert not buckets.known
    await create(transport, account, extra_buckets=("own quota",))
    assert (buckets.bucket("createReport@EU").tokens, buckets.bucket("own quota").tokens) == (14, 0)
    with pytest.raises(Setback, match="own quota"):
        await create(transport, account, extra_buckets=("own quota",))
    assert buckets.bucket("createReport@EU").tokens == 14


# --- throttling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "more", "least", "most"),
    [
        ({"Retry-After": "42"}, {"refused_wait": timedelta(minutes=15)}, 42, 42),
        ({"Retry-After": "Fri, 20 Nov 2026 02:01:30 GMT"}, {}, 90, 90),
        ({"Retry-After": "soon"}, {}, 2, 4),
        ({}, {}, 2, 4),
        ({}, {"refused_wait": timedelta(minutes=15)}, 900, 900),
    ],
)
async def test_a_429_closes_the_bucket_for_as_long_as_amazon_says(
    loopback, transport, account, clock, buckets, headers, more, least, most
):
    loopback.error(REPORT, 429, "You exceeded your quota.", code="QuotaExceeded", headers=headers)
    with pytest.raises(Setback, match=r"throttled getReport \(account EU\).*QuotaExceeded: You exceeded") as setback:
        await get_report(transport, account, **more)
    wait = (setback.value.until - clock.now()).total_seconds()
    assert least <= wait <= most
    assert buckets.bucket("getReport@EU").closed_until == setback.value.until


async def test_waits_double_until_amazon_lets_a_call_through(loopback, transport, account, clock, buckets):
    loopback.error(REPORT, 429, "Slow down", times=3)
    loopback.answer(REPORT, json={})
    waits = []
    for _ in range(3):
        with pytest.raises(Setback) as setback:
            await get_report(transport, account, paid=True)
        waits.append((setback.value.until - clock.now()).total_seconds())
        await clock.sleep_until(setback.value.until)
    assert all(first < second for first, second in pairwise(waits))
    await get_report(transport, account)
    await get_report(transport, account)
    assert buckets.writes == ["refused getReport@EU"] * 3 + ["accepted getReport@EU"]


async def test_calls_refused_together_are_one_refusal(loopback, transport, account, buckets):
    loopback.error(REPORT, 429, "Slow down")
    outcomes = await asyncio.gather(
        *(get_report(transport, account, paid=True) for _ in range(10)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {Setback}
    assert buckets.writes == ["refused getReport@EU"]


async def test_a_429_to_a_question_with_its_own_quota_leaves_the_operation_open(
    loopback, transport, account, buckets
):
    loopback.error(REPORTS, 429, "Slow down")
    with pytest.raises(Setback):
        await create(transport, account, extra_buckets=("sales_and_traffic.report",))
    assert buckets.writes == ["refused sales_and_traffic.report"]


async def test_amazons_rate_is_learned_for_the_operation_when_it_changes(loopback, transport, account, buckets):
    for rate in ("0.0167", "0.0167", "0.05", "nonsense"):
        loopback.answer(REPORTS, 202, {"reportId": "1"}, headers={"x-amzn-RateLimit-Limit": rate})
    for _ in range(4):
        await create(transport, account, paid=True, extra_buckets=("own quota",))
    assert buckets.learned == [("createReport@EU", 0.0167), ("createReport@EU", 0.05)]


async def test_a_403_after_a_run_of_429s_is_throttling_until_silence_does_not_help(
    loopback, transport, account, clock, other_account
):
    loopback.error(REPORTS, 429, "Slow down", times=3)
    loopback.error(REPORTS, 403, "Access denied", code="Unauthorized")
    for _ in range(3):
        with pytest.raises(Setback) as setback:
            await create(transport, account)
        await clock.sleep_until(setback.value.until)
    for _ in range(3):
        with pytest.raises(Setback, match="403 follows") as setback:
            await create(transport, account)
        assert setback.value.until - clock.now() == timedelta(minutes=15)
        await clock.sleep_until(setback.value.until)
    with pytest.raises(SourceClosed):
        await create(transport, account)
    with pytest.raises(SourceClosed):  # without 429s before it, a 403 is what it says
        await create(transport, other_account)


# --- tokens and permissions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "message", "details"),
    [
        (401, "Access to requested resource is denied.", ""),
        (403, "Access to requested resource is denied.", "The access token you provided has expired."),
    ],
)
async def test_a_token_that_ended_in_the_middle_is_renewed_once(
    loopback, transport, account, status, message, details
):
    loopback.error(REPORT, status, message, details=details)
    loopback.answer(REPORT, json={"done": 1})
    assert (await get_report(transport, account)).json(dict) == {"done": 1}
    assert [r.headers["x-amz-access-token"] for r in loopback.asked(REPORT)] == ["Atza|1", "Atza|2"]


async def test_twenty_calls_with_the_same_dead_token_renew_it_once(loopback, transport, account):
    loopback.dead_tokens = {"Atza|1"}
    loopback.answer(REPORT, json={})
    await asyncio.gather(*(get_report(transport, account, paid=True) for _ in range(20)))
    assert len(loopback.asked(LOGIN)) == 2


async def test_a_401_that_survives_a_fresh_token_closes_the_source(loopback, transport, account, buckets):
    loopback.error(REPORT, 401, "Access to requested resource is denied.", code="Unauthorized")
    with pytest.raises(SourceClosed) as closed:
        await get_report(transport, account)
    assert len(loopback.asked(REPORT)) == 2
    assert buckets.bucket("getReport@EU").tokens == 13
    assert closed.value.account == "EU"
    for part in ("getReport", "Unauthorized: Access to", "role Brand Analytics", "SP_REFRESH_TOKEN_EU"):
        assert part in str(closed.value)


async def test_a_403_is_not_tried_again(loopback, transport, account):
    loopback.error(REPORT, 403, "Access to requested resource is denied.", code="Unauthorized")
    with pytest.raises(SourceClosed):
        await get_report(transport, account)
    assert len(loopback.asked(REPORT)) == 1


async def test_a_login_that_is_refused_in_the_middle_closes_the_account(loopback, transport, account):
    loopback.answer(LOGIN, 200, {"access_token": "Atza|1", "expires_in": 3600})
    loopback.answer(LOGIN, 400, {"error": "invalid_grant", "error_description": "revoked"})
    loopback.error(REPORT, 401, "denied")
    with pytest.raises(LoginFault):
        await get_report(transport, account)


# --- refusals and outages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 413, 415])
async def test_a_bad_request_is_refused_in_amazons_words(loopback, transport, account, status):
    loopback.error(REPORTS, status, "Invalid Input", code="InvalidInput", details="dataEndTime " + "x" * 500)
    with pytest.raises(Refusal) as refusal:
        await create(transport, account)
    assert f'(HTTP {status}): "InvalidInput: Invalid Input (dataEndTime xxx' in str(refusal.value)
    assert len(str(refusal.value)) < 500


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_outage_is_a_setback_and_for_a_creation_uncertain(loopback, transport, account, clock, status):
    loopback.answer(REPORT, status, body=PAGE, headers={"Content-Type": "text/html"})
    loopback.answer(REPORTS, status, body=PAGE, headers={"Content-Type": "text/html"})
    with pytest.raises(Setback, match=f'HTTP {status}: "Service Unavailable') as setback:
        await get_report(transport, account)
    assert type(setback.value) is Setback
    assert timedelta(seconds=2) <= setback.value.until - clock.now() <= timedelta(seconds=4)
    with pytest.raises(Uncertain, match="look whether it was accepted"):
        await create(transport, account)


async def test_a_lost_answer_is_uncertain_for_a_creation_only(loopback, transport, account, calls):
    loopback.reset(REPORT)
    loopback.reset(REPORTS)
    with pytest.raises(Setback) as setback:
        await get_report(transport, account)
    assert type(setback.value) is Setback
    with pytest.raises(Uncertain):
        await create(transport, account)
    assert len(loopback.asked(REPORTS)) == 1
    assert [(call.operation, call.status, call.failure) for call in calls] == [
        ("login", 200, ""),
        ("getReport", None, "reset"),
        ("createReport", None, "reset"),
    ]


async def test_a_creation_that_never_left_is_certain(transport, account):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refused
        nobody = replace(account, endpoint=f"http://127.0.0.1:{unused.getsockname()[1]}")
        with pytest.raises(Setback) as setback:
            await create(transport, nobody)
    assert type(setback.value) is Setback


@pytest.mark.parametrize("body", [PAGE, b"", b'{"reportId": 12'])
async def test_a_success_that_is_not_json_is_never_taken_for_an_empty_one(loopback, transport, account, body):
    loopback.answer(REPORT, 200, body=body)
    loopback.answer(REPORTS, 202, body=body)
    with pytest.raises(Setback, match="cannot be read"):
        (await get_report(transport, account)).json(dict)
    with pytest.raises(Uncertain, match="cannot be read"):
        (await create(transport, account)).json(dict)


async def test_an_address_in_an_answer_cut_short_is_not_quoted(loopback, transport, account):
    loopback.answer(REPORT, 200, body=b'{"url": "https://s3.example/d?X-Amz-Date=1&X-Amz-Signature=5ecre7", "rep')
    with pytest.raises(Setback, match=r"https://s3.example/d\?\[hidden\]") as setback:
        (await get_report(transport, account)).json(dict)
    assert "5ecre7" not in str(setback.value)


async def test_json_of_another_shape_is_a_refusal(loopback, transport, account):
    loopback.answer(REPORT, json=[1])
    with pytest.raises(Refusal, match="cannot be read"):
        (await get_report(transport, account)).json(dict)


async def test_no_secret_is_in_any_error_or_log(loopback, transport, account, settings, caplog):
    caplog.set_level(logging.DEBUG)
    secrets = (account.refresh_token, settings.client_secret, "Atza|1", "Atza|2")
    loopback.answer(LOGIN, 200, {"access_token": "Atza|1", "expires_in": 3600})
    loopback.answer(LOGIN, 200, {"access_token": "Atza|2", "expires_in": 3600})
    loopback.answer(LOGIN, 400, {"error": "invalid_grant", "error_description": " ".join(secrets[:2])})
    for status in (400, 401, 403, 429, 500):
        loopback.error(REPORT, status, "You sent Atza|1", details="and Atza|2")
    told = []
    for _ in range(6):
        try:
            await get_report(transport, account, paid=True)
        except (Setback, Refusal, SourceClosed, LoginFault) as error:
            told += [str(error), repr(error), str(error.__cause__)]
    assert told
    text = " ".join(told + [record.getMessage() for record in caplog.records])
    assert [secret for secret in secrets if secret in text] == []


async def test_many_calls_in_flight_at_once_share_login_and_turns_without_stalling_the_clock(
    loopback, transport, account, clock
):
    loopback.answer(REPORT, json={})
    begun = clock.now()

    async def one():
        with clock.in_flight():
            return await get_report(transport, account)

    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*(one() for _ in range(40)), return_exceptions=True)
    answered = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
    assert len(answered) == 15 + 20  # the burst, and two a second for the ten seconds that are worth sleeping
    assert all(isinstance(outcome, Setback) for outcome in outcomes if isinstance(outcome, Exception))
    assert clock.now() - begun <= timedelta(seconds=10.1)
    assert len(loopback.asked(LOGIN)) == 1
