"""Nights on which something is wrong: people are told once, again when it grows worse, and when it is over."""

import asyncio
import io
from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from rich.console import Console

from alerted import alerts, deliveries, night, told_shop
from amazon_simulator import Fault
from chalkola.errors import ChalkolaError
from chalkola.pipeline.health import BY_NAME
from chalkola.store.alerts import mute
from chalkola.surfaces.alerts import alerting, tell
from kiosk import BY_ASIN, DAY
from mail_server import running_mail
from night import OpenShop
from slack_server import SlackServer


async def test_quiet_nights_say_nothing(opened_shop: OpenShop, slack: SlackServer) -> None:
    shop = await told_shop(opened_shop, slack)
    for _ in range(4):
        assert await night(shop) == ""
    assert slack.posts == 0
    assert alerts(shop) == {}


async def test_an_outage_on_one_night_is_one_message_and_is_closed_with_one_line(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("US", "DE", "FR", "JP"))
    for _ in range(3):
        await night(shop)
    shop.goes_wrong(Fault(kind="server_error", times=None))

    said = await night(shop, at_rest=timedelta(hours=10))

    assert said == "Slack was told of 1 alert.\n"
    (message,) = slack.texts
    assert "Amazon does not answer" in message
    assert "(accounts: EU FE NA)" in message
    assert "Amazon says: " in message

    said = await night(shop, at_rest=timedelta(hours=14))
    late = [name for name in alerts(shop) if name.startswith("late/")]

    assert said == "", "it goes on, and is not told again"
    assert len(late) > 2, "days are late for it, and are shown"
    assert slack.posts == 1

    shop.amazon.mischief.clear()
    said = await night(shop)

    assert said == "Slack was told of 1 alert that is over.\n"
    assert slack.texts[1].count("Over: outage, Amazon") == 1
    assert "late" not in slack.texts[1], "nobody was told of that by itself"
    assert not any(alerts(shop).values())
    assert await night(shop) == ""
    assert shop.wrong_cells(shop.loaded_days()) == []


async def test_an_outage_that_lasts_is_told_again_when_it_grows_worse(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    await night(shop)
    shop.goes_wrong(Fault(kind="unavailable_html", times=None))

    said = [await night(shop) for _ in range(5)]

    assert [bool(one) for one in said] == [True, True, False, True, False], "after an hour, a day and three"
    assert "It has grown worse." in slack.texts[1]


async def test_a_token_revoked_on_the_third_night_of_five_is_told_once_and_its_end_once(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack)
    for n in range(5):
        if n == 2:
            shop.goes_wrong(Fault(kind="token_revoked", account="EU", times=None))
        if n == 4:
            shop.amazon.mischief.clear()
        await night(shop)

    raised, over = slack.texts
    for words in (
        "refuses an account: EU",
        "DE cannot be pulled",
        "invalid_grant",
        "SP_REFRESH_TOKEN_EU",
        "Seller Central",
    ):
        assert words in raised
    assert "Over: login refused, EU" in over
    assert set(alerts(shop)) <= {"login refused/EU", "late/DE"}


async def test_closed_sources_are_one_message_and_one_line_when_they_are_open_again(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack)
    await night(shop)
    shop.amazon.roles.set("EU", "denied")
    for _ in range(3):
        await night(shop)

    (message,) = slack.texts
    assert message.count("is closed to account EU.") == 3
    assert message.count("Brand Analytics") == 1, "the reason is the same for all of them"
    assert len(alerts(shop)) == 3, "raised at once by the run, and seen by the rule"

    shop.amazon.roles.set("EU", "granted")
    shop.clock.advance(7 * DAY)
    for _ in range(3):
        await night(shop)

    ends = [text for text in slack.texts if "Over: source closed" in text]
    assert sum(text.count("EU") for text in ends) == 3
    assert len(ends) == 1


async def test_a_day_that_differs_is_told_once(opened_shop: OpenShop, slack: SlackServer) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    await night(shop)
    day = shop.newest("DE")
    shop.goes_wrong(Fault(kind="totals_differ", marketplace="DE", day=day, times=None))
    for _ in range(6):
        await night(shop)

    assert alerts(shop) == {"totals differ/DE": True}
    (message,) = slack.texts
    assert f"DE: the rows of {day} do not add up to Amazon's own total" in message
    assert "+7 units" in message


async def test_a_day_that_shrank_is_told_and_so_is_its_end(opened_shop: OpenShop, slack: SlackServer) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",), parents=8, children=24)
    day = shop.newest("DE")
    await night(shop)
    shop.clock.advance(5 * DAY)
    # The children and the parents; a total that comes after them finds the old rows proven at once.
    shop.goes_wrong(Fault(kind="shrunk_rows", query=BY_ASIN, marketplace="DE", day=day, times=2),
                    Fault(kind="slow_report", query=BY_ASIN, hours=0.1, times=2))  # fmt: skip
    await shop.night(first=day, again=True)
    await tell(shop.settings, shop.store, Console(file=io.StringIO()))

    assert f"day shrank/DE {day}" in alerts(shop)
    assert f"DE {day}: Amazon's last answer has much less" in slack.texts[-1]

    shop.clock.advance(2 * DAY)
    await night(shop)

    assert alerts(shop)[f"day shrank/DE {day}"] is False
    assert sum(f"Over: day shrank, DE {day}" in text for text in slack.texts) == 1


async def test_new_fields_of_amazons_are_told_once_and_over_after_a_week(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("JP",))
    shop.goes_wrong(Fault(kind="new_field", marketplace="JP", times=1))
    for _ in range(10):
        await night(shop)

    raised, over = slack.texts
    assert "new fields: " in raised
    assert "A week's answers had nothing unknown in them." in over


async def test_a_webhook_that_fails_is_recorded_changes_nothing_and_is_made_up_for(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    slack.gone = True
    shop.amazon.roles.set("EU", "denied")

    said = await night(shop)

    assert said.startswith(
        "Slack could not be told of 3 alerts: Slack did not take the message: HTTP 404 no_service."
    )
    assert shop.reports[-1].exit_code == 0
    assert {(d["failure"].partition(":")[0], d["tries"], d["done"]) for d in deliveries(shop)} == {
        ("Slack did not take the message", 1, False)
    }
    kept = [shop.rows(f"SELECT * FROM {table}") for table in ("sp_alerts", "sp_alert_deliveries", "sp_pulls")]
    assert "swordfish" not in str(kept), "it takes no more than the webhook's address to post there"

    await night(shop)
    assert alerts(shop)["alerts unheard/Slack"], "the next run shows it"
    assert {d["tries"] for d in deliveries(shop) if d["rule"] == "source closed"} == {2}

    slack.gone = False
    await night(shop)
    await night(shop)

    assert slack.texts[0].count("is closed to account EU.") == 3
    assert not alerts(shop)["alerts unheard/Slack"]
    assert "Over: alerts unheard, Slack" in slack.texts[-1]
    assert len(slack.texts) == 2


async def test_a_channel_that_fails_is_told_of_through_the_other_one(
    opened_shop: OpenShop, slack: SlackServer, tmp_path: Path
) -> None:
    slack.gone = True
    with running_mail(tmp_path, starttls=False, login=False) as mail:
        by_mail = {"SMTP_URL": f"smtp://127.0.0.1:{mail.port}", "ALERT_EMAIL_TO": "me@example.com"}
        shop = await told_shop(opened_shop, slack, marketplaces=("DE",), without_role=("EU",), environment=by_mail)
        for _ in range(3):
            await night(shop)

    assert [letter["Subject"] for letter in mail.letters] == [
        "Chalkola: Amazon does not let an account use a source",
        "Chalkola: A channel for alerts cannot be reached: Slack",
    ]
    told = {(d["channel"], d["rule"]): (d["done"], d["tries"]) for d in deliveries(shop)}
    assert told["mail", "source closed"] == (True, 1)
    assert told["Slack", "source closed"] == (False, 3)


async def test_a_run_that_ends_in_a_fault_tells_people_all_the_same(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack)
    await night(shop)
    shop.goes_wrong(Fault(kind="token_revoked", times=None))

    with pytest.raises(ChalkolaError, match="SP_REFRESH_TOKEN_"):
        await night(shop)

    (message,) = slack.texts
    assert message.count("cannot be pulled") == 3


async def test_a_database_that_can_only_be_read_is_told_of_by_every_run(
    opened_shop: OpenShop, slack: SlackServer, database_url: str
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    await night(shop)
    with psycopg.connect(database_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'.encode())

    for _ in range(2):
        with pytest.raises(ChalkolaError):
            async with alerting(shop.settings, shop.url, Console(file=io.StringIO())) as store:
                await store.ledger.define_slots({"x@EU": 3})

    assert len(slack.texts) == 2
    assert "The database cannot be used" in slack.texts[0]
    assert "read-only" in slack.texts[0]


async def test_a_database_that_is_gone_is_told_of_without_its_password(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE",))
    url = "postgresql://me:swordfish@127.0.0.1:9/none?connect_timeout=2"

    with pytest.raises(ChalkolaError):
        async with alerting(shop.settings, url, Console(file=io.StringIO())):
            pytest.fail("there is no database")

    (message,) = slack.texts
    assert "The database at 127.0.0.1:9 cannot be reached" in message
    assert "swordfish" not in message.replace(slack.url, "")


async def test_two_runs_that_end_together_tell_people_once(opened_shop: OpenShop, slack: SlackServer) -> None:
    shop = await told_shop(opened_shop, slack, without_role=("EU",), marketplaces=("DE",))
    await shop.night()

    await asyncio.gather(*(tell(shop.settings, shop.store, Console(file=io.StringIO())) for _ in range(4)))

    assert len(slack.texts) == 1
    assert {d["tries"] for d in deliveries(shop)} == {1}


async def test_a_muted_rule_is_silent_until_the_mute_ends(opened_shop: OpenShop, slack: SlackServer) -> None:
    shop = await told_shop(opened_shop, slack, without_role=("EU",), marketplaces=("DE",))
    await mute(shop.store.pool, "source closed", "", shop.clock.now() + 2 * DAY)

    heard = [bool(await night(shop)) for _ in range(4)]

    assert heard == [False, False, True, False]


async def test_a_digest_is_sent_once_a_day_and_compares_with_the_week_before(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("DE", "JP"), environment={"CHALKOLA_DIGEST": "daily"})
    for _ in range(8):
        await night(shop)
    await night(shop, at_rest=timedelta(hours=12))
    totals = (
        "SELECT t.date, t.units_ordered FROM sp_daily_totals t JOIN marketplaces m ON m.id = t.marketplace_id"
        " WHERE m.code = 'DE' ORDER BY t.date DESC LIMIT 1"
    )
    newest = shop.rows(totals)[0]
    assert await night(shop) == "", "the second run of a day"

    assert len(slack.texts) == 9
    first, last = slack.texts[0], slack.texts[-1]
    assert "%" not in first, "there is no week before yet"
    assert "%" in last
    for currency in ("EUR", "JPY"):
        assert currency in last
    moves = [line for line in last.splitlines() if " units (" in line]
    assert 0 < len(moves) <= 5
    (row,) = [line.split() for line in last.splitlines() if line.startswith("DE  2026")]
    assert row[1:3] == [str(newest["date"]), f"{newest['units_ordered']:,}"]


async def test_in_a_stormy_fortnight_every_alert_is_told_once_a_grade_and_its_end_once(
    opened_shop: OpenShop, slack: SlackServer
) -> None:
    shop = await told_shop(opened_shop, slack, parents=3, children=6)
    storm = {
        2: [Fault(kind="server_error", account="EU", times=None)],
        4: [Fault(kind="token_revoked", account="FE", times=None)],
        6: [Fault(kind="fatal", account="NA", times=3), Fault(kind="new_field", account="EU")],
        8: [Fault(kind="unavailable_html", times=None)],
        9: [Fault(kind="no_data", account="EU", times=2), Fault(kind="totals_differ", account="NA")],
    }
    for n in range(14):
        shop.amazon.mischief.clear()
        shop.goes_wrong(*storm.get(n, []))
        if n == 5:
            slack.answers(500, "rollup_error", times=2)
        await night(shop)

    assert slack.refused == []
    told = Counter((d["kind"], d["rule"], d["subject"], d["grade"]) for d in deliveries(shop) if d["done"])
    assert {kind for kind, *_ in told} == {"raised", "cured"}
    alone = shop.rows(
        "SELECT a.id FROM sp_alerts a WHERE cured_at IS NOT NULL"
        " AND (SELECT count(*) FROM sp_alert_deliveries d WHERE d.alert_id = a.id AND d.kind = 'cured') <>"
        "  least(1, (SELECT count(*) FROM sp_alert_deliveries d WHERE d.alert_id = a.id AND d.kind = 'raised'))"
        " AND rule = ANY (%s)", [name for name, rule in BY_NAME.items() if rule.over])  # fmt: skip
    assert alone == [], "what was told has one end, and what was not has none"
    lost = shop.rows(
        "SELECT a.id FROM sp_alerts a WHERE cured_at IS NULL AND cause IS NULL"
        " AND grade > coalesce((SELECT max(d.grade) FROM sp_alert_deliveries d WHERE d.alert_id = a.id"
        "  AND kind = 'raised' AND delivered_at IS NOT NULL), 0)"
    )
    assert lost == []
    assert shop.wrong_cells(shop.loaded_days()) == []
