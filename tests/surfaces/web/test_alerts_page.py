"""Alerts and their rules: who sees them, who may change what, and that a change counts in the next run."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from alerted import alerts, ends, night, told_shop
from amazon_simulator import Fault
from chalkola.store.alerts import Seen, mute, see_alerts
from chalkola.store.connection import Pool
from entering import enter, send
from night import OpenShop
from openid_provider import Provider, openid_provider
from served import Served, served
from slack_server import SlackServer

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


async def raised(pool: Pool, subject: str = "DE", text: str = "late") -> None:
    one = Seen(
        rule="late", subject=subject, severity="warning", grade=1, message=text, why=text, done="asked `again`",
        todo="Nothing.", cause=None,
    )  # fmt: skip
    await see_alerts(pool, [one], [], datetime.now(UTC))


async def test_an_alert_says_what_why_what_was_done_and_what_to_do(
    web: Served, provider: Provider, pool: Pool, database: psycopg.Connection[Any]
) -> None:
    await raised(pool, "DE", "DE: 2026-11-18 is late.")
    await raised(pool, "FR", "FR is late.")
    database.execute("UPDATE sp_alerts SET cured_at = now() WHERE subject = 'FR'")
    await enter(web, provider, VIEWER)
    page = (await web.client.get("/alerts")).text
    open_, over = page.split('id="over"')
    assert "DE: 2026-11-18 is late." in open_
    assert "<code>again</code>" in open_
    assert "FR is late." in over
    assert "FR is late." not in open_
    assert 'action="/alerts/mute"' not in page, "a viewer looks"


async def test_whatever_an_alert_is_made_of_is_shown_as_text(web: Served, provider: Provider, pool: Pool) -> None:
    await raised(pool, EVIL, f'{EVIL}" onload="x `{EVIL}`')
    await mute(pool, EVIL, "", datetime.now(UTC) + timedelta(days=1))
    await enter(web, provider, OWNER)
    page = (await web.client.get("/alerts")).text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 5
    assert "<script>alert" not in page
    assert "<code>&lt;script&gt;" in page


async def test_an_owner_mutes_an_alert_and_has_people_told_again(
    web: Served, provider: Provider, pool: Pool, database: psycopg.Connection[Any]
) -> None:
    await raised(pool)
    await enter(web, provider, OWNER)
    muted = await send(web, "/alerts/mute", {"rule": "late", "subject": "DE", "for": "1 week"}, of="/alerts")
    assert (muted.status_code, muted.headers["location"]) == (303, "/alerts")
    assert "muted until" in (await web.client.get("/alerts")).text
    (kept,) = database.execute("SELECT rule, subject, until - now() AS left FROM sp_alert_mutes").fetchall()
    assert timedelta(days=6, hours=23) < kept["left"] <= timedelta(days=7)
    await send(web, "/alerts/mute", {"rule": "late", "subject": "DE"}, of="/alerts")
    assert database.execute("SELECT * FROM sp_alert_mutes").fetchall() == []
    for bad in ({"rule": ""}, {"rule": "late", "for": "9 years"}, {"rule": "x" * 501}, {"rule": "a\0b"}):
        assert (await send(web, "/alerts/mute", bad, of="/alerts")).status_code == 400, bad


CHANGES = (("/alerts/mute", {"rule": "late", "for": "1 week"}), ("/alerts/rules", {"rule": "late"}))


@pytest.mark.parametrize(("path", "fields"), CHANGES)
async def test_who_is_no_owner_or_comes_from_elsewhere_changes_nothing(
    path: str, fields: dict[str, str], web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, VIEWER)
    refused = await send(web, path, fields, of="/alerts")
    assert refused.status_code == 403
    assert "Only owners may change this." in refused.text
    await enter(web, provider, OWNER)
    assert (await web.client.post(path, data=fields)).status_code == 403, "without a token"
    assert (await web.client.post(path, data={**fields, "csrf_token": "x"})).status_code == 403
    evil = {"Origin": "https://evil.example.org"}
    assert (await web.client.post(path, data=fields, headers=evil)).status_code == 403
    assert (await web.client.get("/alerts/mute")).status_code == 405
    for table in ("sp_alert_mutes", "sp_alert_settings"):
        assert database.execute(f"SELECT * FROM {table}".encode()).fetchall() == []


async def test_a_change_of_a_rule_is_kept_with_who_made_it_and_when_and_a_wrong_one_is_not(
    web: Served, provider: Provider, database: psycopg.Connection[Any]
) -> None:
    await enter(web, provider, OWNER)
    form = {"rule": "nothing pulled", "enabled": "on", "after": "36"}
    assert (await send(web, "/alerts/rules", form)).status_code == 303
    wrong = await send(web, "/alerts/rules", {**form, "after": EVIL})
    assert wrong.status_code == 422
    assert "6 to 336 hours, and not" in wrong.text
    assert "<script>alert" not in wrong.text
    assert (await send(web, "/alerts/rules", {"rule": "outage"})).status_code == 303
    assert (await send(web, "/alerts/rules", {"rule": EVIL})).status_code == 400
    rows = database.execute(
        "SELECT rule, enabled, thresholds, changed_by FROM sp_alert_settings ORDER BY id"
    ).fetchall()
    assert [tuple(row.values()) for row in rows] == [
        ("nothing pulled", True, {"after": 36.0}, OWNER), ("outage", False, {}, OWNER),
    ]  # fmt: skip
    page = (await web.client.get("/alerts/rules")).text
    assert f"{OWNER}: nothing pulled: How long no answer was loaded: 36 hours" in page
    assert f"{OWNER}: outage: off" in page
    await send(web, "/alerts/rules", {"rule": "outage", "usual": "1"})
    assert "off: outage" not in (await web.client.get("/alerts")).text
    await enter(web, provider, VIEWER)
    page = (await web.client.get("/alerts/rules")).text
    assert "from 36 hours on" in page
    assert '<input type="number"' not in page


async def test_a_rule_that_is_off_finds_nothing_in_the_next_run_ends_its_alerts_and_says_nothing_of_it(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    shop.goes_wrong(Fault(kind="new_field", times=None))
    await night(shop)
    found = alerts(shop)
    assert set(found.values()) == {True}
    assert all(name.startswith("schema drift/") for name in found)
    async with served(shop.url, pages=True, clock=shop.clock) as web:
        await send(web, "/alerts/rules", {"rule": "schema drift"})
    await night(shop)
    assert alerts(shop) == dict.fromkeys(found, False)
    assert ends(slack) == []
    async with served(shop.url, pages=True, clock=shop.clock) as web:
        await send(web, "/alerts/rules", {"rule": "schema drift", "usual": "1"})
        page = (await web.client.get("/alerts/rules")).text
    assert "by this machine" in page
    await night(shop)
    assert sum(alerts(shop).values()) >= 1
