"""Settings: tokens that are shown once, sessions that an owner ends, and names without their values."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import psycopg
import pytest

from chalkola.clock import RealClock
from chalkola.settings import given_names
from chalkola.store.connection import open_pool
from chalkola.surfaces.web.house import open_house
from chalkola.surfaces.web.pages import settings
from entering import enter, send
from night import OpenShop
from openid_provider import Provider, openid_provider
from served import Served, served

EVIL = "<script>alert(1)</script>"
OWNER, VIEWER = "owner@example.com", "ann@example.com"


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with openid_provider() as running:
        yield running


@pytest.fixture
async def web(database_url: str, provider: Provider) -> AsyncIterator[Served]:
    async with served(database_url, pages=True, sign_in=provider.sign_in()) as running:
        yield running


def tokens_of(database: psycopg.Connection[Any]) -> list[tuple[str, bool]]:
    rows = database.execute(
        "SELECT name, revoked_at IS NULL AS valid FROM sp_sheet_tokens ORDER BY created_at"
    ).fetchall()
    return [(row["name"], row["valid"]) for row in rows]


async def test_a_token_is_shown_once_opens_what_it_is_for_and_is_revoked(
    web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, OWNER)
    made = await send(web, "/settings/tokens", {"name": "  Sales   team "}, of="/settings")
    (token,) = re.findall(r"<code>(cs_\w+)</code>", made.text)
    assert made.headers["cache-control"] == "no-store"
    again = (await web.client.get("/settings")).text
    assert token not in again
    assert token.split("_")[2] not in again
    assert "Sales team" in again
    assert tokens_of(database) == [("Sales team", True)]
    twice = await send(web, "/settings/tokens", {"name": "Sales team"}, of="/settings")
    assert (twice.status_code, "already" in twice.text) == (422, True)

    revoked = await send(web, "/settings/tokens/revoke", {"id": token.split("_")[1]}, of="/settings")
    assert revoked.status_code == 303
    assert tokens_of(database) == [("Sales team", False)]
    assert (
        await send(web, "/settings/tokens/revoke", {"id": token.split("_")[1]}, of="/settings")
    ).status_code == 404


async def test_a_token_of_the_api_opens_that_and_one_of_a_sheet_does_not(web: Served, provider: Provider) -> None:
    await enter(web, provider, OWNER)
    opened = {}
    for kind in ("api", "sheet", EVIL):
        made = await send(web, "/settings/tokens", {"name": f"for {kind}", "kind": kind}, of="/settings")
        (token,) = re.findall(r"<code>(cs_\w+)</code>", made.text)
        async with httpx2.AsyncClient(base_url=web.address) as program:
            answer = await program.get("/api/v1/alerts", headers={"Authorization": f"Bearer {token}"})
        opened[kind] = answer.status_code
    assert opened["api"] == 200
    assert opened["sheet"] == opened[EVIL]
    assert opened["sheet"] in (401, 403)


async def test_a_tokens_name_is_shown_as_text_and_one_that_cannot_be_printed_is_refused(
    web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, OWNER)
    made = await send(web, "/settings/tokens", {"name": EVIL}, of="/settings")
    assert "<script>alert" not in made.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in made.text
    for name in ("", " ", "x" * 61, "a\x00b", "a\u202eb"):
        assert (await send(web, "/settings/tokens", {"name": name}, of="/settings")).status_code == 422, name
    assert len(tokens_of(database)) == 1


async def test_an_owner_ends_a_session_which_opens_nothing_from_then_on(
    web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, VIEWER)
    viewer = dict(web.client.cookies)
    await enter(web, provider, OWNER)
    async with httpx2.AsyncClient(base_url=web.address, cookies=viewer) as ann:
        assert (await ann.get("/settings")).status_code == 200
        page = (await web.client.get("/settings")).text
        assert VIEWER in page
        row = database.execute("SELECT id FROM sp_web_sessions WHERE email = %s", (VIEWER,)).fetchone()
        assert row is not None
        ended = await send(web, "/settings/sessions/end", {"id": str(row["id"])}, of="/settings")
        assert ended.status_code == 303
        assert (await ann.get("/settings")).status_code == 303, "to sign in again"
    assert VIEWER not in (await web.client.get("/settings")).text
    by = database.execute("SELECT ended_by FROM sp_web_sessions WHERE email = %s", (VIEWER,)).fetchone()
    assert by == {"ended_by": OWNER}
    assert (await send(web, "/settings/sessions/end", {"id": "1e9"}, of="/settings")).status_code == 404
    assert (await send(web, "/settings/sessions/end", {"id": "999999"}, of="/settings")).status_code == 303


CHANGES = (
    ("/settings/tokens", {"name": "mine"}), ("/settings/tokens/revoke", {"id": "x"}),
    ("/settings/sessions/end", {"id": "1"}),
)  # fmt: skip


@pytest.mark.parametrize(("path", "fields"), CHANGES)
async def test_who_is_no_owner_or_comes_from_elsewhere_changes_nothing(
    path: str, fields: dict[str, str], web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, VIEWER)
    assert 'method="post" action="/settings' not in (await web.client.get("/settings")).text
    assert (await send(web, path, fields, of="/settings")).status_code == 403
    await enter(web, provider, OWNER)
    assert (await web.client.post(path, data=fields)).status_code == 403
    evil = {"Origin": "https://evil.example.org"}
    assert (await web.client.post(path, data=fields, headers=evil)).status_code == 403
    assert tokens_of(database) == []
    assert database.execute("SELECT count(*) AS n FROM sp_web_sessions WHERE ended_at IS NOT NULL").fetchone() == {
        "n": 0
    }


async def test_what_is_configured_is_told_by_name_and_never_by_value(database_url: str) -> None:
    environment = {
        "SP_LWA_CLIENT_SECRET": "swordfish", "SP_REFRESH_TOKEN_AE": "Atzr|swordfish", "DATABASE_URL": "swordfish",
        "HOME": "swordfish", "CHALKOLA_CURRENCY": "EUR", "SMTP_URL": " ",
    }  # fmt: skip
    given = given_names(environment)
    assert given == ("SP_LWA_CLIENT_SECRET", "SP_REFRESH_TOKEN_AE", "DATABASE_URL", "CHALKOLA_CURRENCY")
    async with open_pool(database_url, size=1) as pool:
        shown = settings.configured(open_house(pool, RealClock(), (), None, given))
    assert [name for name, _ in shown] == list(given)
    assert all(meaning for _, meaning in shown)
    assert "swordfish" not in repr(shown)


async def test_version_and_freshness_are_told_and_whoever_sits_here_is_an_owner(opened_shop: OpenShop) -> None:
    shop = await opened_shop(marketplaces=("DE",))
    newest = shop.newest("DE")
    await shop.night()
    async with served(shop.url, pages=True, clock=shop.clock) as web:
        page = (await web.client.get("/settings")).text
        assert web.broken == []
    assert f'closed up to <a href="/coverage/DE/{newest}?dataset=sales_and_traffic">{newest}</a>' in page
    assert "this machine alone" in page
    assert 'action="/settings/tokens"' in page
