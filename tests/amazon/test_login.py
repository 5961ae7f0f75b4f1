import asyncio
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from chalkola.errors import LoginFault, Setback

LOGIN = "/auth/o2/token"


async def test_a_token_is_kept_until_a_minute_before_it_ends(loopback, transport, account, clock):
    first = await transport.login.token(account)
    clock.advance(timedelta(minutes=58, seconds=59))
    assert await transport.login.token(account) == first
    clock.advance(timedelta(seconds=1))
    assert await transport.login.token(account) != first
    assert len(loopback.asked(LOGIN)) == 2


async def test_twenty_calls_at_once_log_in_once_per_account(loopback, transport, account, other_account):
    asked = [transport.login.token(a) for a in (account, other_account) for _ in range(20)]
    assert len(set(await asyncio.gather(*asked))) == 2
    assert len(loopback.asked(LOGIN)) == 2


async def test_a_refresh_token_is_exchanged_as_amazon_asks(loopback, transport, account, settings):
    await transport.login.token(account)
    (request,) = loopback.asked(LOGIN)
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": [account.refresh_token],
        "client_id": [settings.client_id],
        "client_secret": [settings.client_secret],
    }


async def test_only_the_token_in_use_can_be_forgotten(loopback, transport, account):
    first = await transport.login.token(account)
    transport.login.forget(account, first)
    second = await transport.login.token(account)
    transport.login.forget(account, first)
    assert await transport.login.token(account) == second
    assert len(loopback.asked(LOGIN)) == 2


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("invalid_grant", "SP_REFRESH_TOKEN_EU"),
        ("access_denied", "SP_REFRESH_TOKEN_EU"),
        ("invalid_client", "SP_LWA_CLIENT_SECRET"),
        ("unauthorized_client", "SP_LWA_CLIENT_SECRET"),
    ],
)
async def test_a_refusal_closes_that_account_alone_and_is_remembered(
    loopback, transport, account, other_account, error, remedy
):
    said = f"Not granted for {account.refresh_token}"
    loopback.answer(LOGIN, 400, {"error": error, "error_description": said})
    loopback.answer(LOGIN, 200, {"access_token": "Atza|other", "expires_in": 3600})
    with pytest.raises(LoginFault) as first:
        await transport.login.token(account)
    with pytest.raises(LoginFault) as second:
        await transport.login.token(account)
    assert len(loopback.asked(LOGIN)) == 1
    assert str(first.value) == str(second.value)
    assert first.value.account == "EU"
    for part in ("account EU (region EU)", error, "Not granted for [hidden]", remedy, "Seller Central > "):
        assert part in str(first.value)

    assert await transport.login.token(other_account) == "Atza|other"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"error": "server_error", "error_description": "Try again"}'),
        (503, b'{"error": "temporarily_unavailable"}'),
        (500, b"<html><title>x</title><h1>Sorry</h1></html>"),
        (403, b"<html>a proxy of the office</html>"),
        (200, b"<html>Welcome to this wireless network</html>"),
        (200, b"{}"),
    ],
)
async def test_an_outage_of_the_login_is_a_setback_that_all_callers_share(
    loopback, transport, account, clock, status, body
):
    loopback.answer(LOGIN, status, body=body)
    loopback.answer(LOGIN, 200, {"access_token": "Atza|later", "expires_in": 3600})
    outcomes = await asyncio.gather(*(transport.login.token(account) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(outcome, Setback) for outcome in outcomes)
    assert len(loopback.asked(LOGIN)) == 1
    until = outcomes[0].until
    assert timedelta(seconds=2) <= until - clock.now() <= timedelta(seconds=4)
    await clock.sleep_until(until)
    assert await transport.login.token(account) == "Atza|later"


async def test_a_connection_that_fails_is_a_setback(loopback, transport, account):
    loopback.reset(LOGIN)
    with pytest.raises(Setback, match=r"Login with Amazon \(account EU\)"):
        await transport.login.token(account)
