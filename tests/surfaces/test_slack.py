"""Alerts in Slack: what they say, that they keep Slack's limits, and what becomes of Slack's refusals."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalkola.pipeline.health import BY_NAME, RULES
from chalkola.pipeline.health.lifecycle import Told
from chalkola.surfaces.alerts.message import Link, Message, Section, compose
from chalkola.surfaces.alerts.slack import Slack, render
from chalkola.surfaces.alerts.undelivered import Undelivered
from slack_server import PATH, SlackServer, wrong_with
from told import GITHUB, alert, news

ANYTHING = st.text(max_size=3_000) | st.text(alphabet="<>&|`*_~ \n", max_size=3_000) | st.just("&" * 3_000)
MESSAGE = Message(title="Test message", sections=(Section(title="A test", lines=("It works.",)),))


def text_of(message: Message) -> str:
    payload = render(message)
    assert wrong_with(payload) == ""
    return "\n".join(block["text"]["text"] for block in payload["blocks"])


def test_an_alert_says_what_why_what_was_done_what_to_do_and_links_to_run_rerun_and_meaning() -> None:
    text = text_of(compose(news(alert()), "Slack", GITHUB))

    assert text == (
        "🟠 A settled day is not here though its usual hour is over: DE\n"
        "• DE is what it is.\n"
        "*Why:* Because.\n"
        "*Done:* This was done.\n"
        "*To do:* Do that.\n"
        "<https://github.com/me/shop/blob/HEAD/docs/operating.md#late|What this means>\n"
        "<https://github.com/me/shop/actions/runs/7|This run> · "
        "<https://github.com/me/shop/actions/workflows/daily-pull.yml|Run it again>"
    )


def test_alerts_of_one_rule_are_one_section_and_what_they_explain_is_in_it() -> None:
    outage = Told(alert=alert("outage", "Amazon"), explains=(alert(subject="JP"), alert(subject="DE")))
    closed = [alert("source closed", f"{name} EU", why=f"no {name[:4]}") for name in ("by_asin", "by_date", "by_day")]

    text = text_of(compose(news(outage, *closed), "Slack", None))

    assert text.startswith("🟠 4 alerts: outage, source closed\n🟠 *Amazon does not answer*\n")
    assert "For the same reason: late (DE, JP)." in text
    assert text.count("*Why:*") == 2
    assert "*Why:* by_asin EU: no by_a\nby_date EU, by_day EU: no by_d\n" in text
    assert text.count("*To do:* Do that.") == 2


def test_what_was_told_before_says_that_it_has_grown_worse_in_the_channel_that_knew_it() -> None:
    worse = compose(news(alert(grade=2, told={"Slack": 1})), "Slack", None)
    new = compose(news(alert(grade=2, told={"mail": 1})), "Slack", None)
    assert worse.sections[0].lines == ("It has grown worse. DE is what it is.",)
    assert new.sections[0].lines == ("DE is what it is.",)


def test_what_is_over_is_one_line_for_each_rule() -> None:
    over = (alert(subject="DE"), alert(subject="US"), alert("outage", "Amazon"))
    message = compose(news(over=over), "Slack", None)

    assert message.title == "Over: late, outage"
    assert message.over == (
        "Over: late, DE, US (since 2026-11-20 02:00 UTC). The days that were late are here, or are not"
        " waited for any more.",
        "Over: outage, Amazon (since 2026-11-20 02:00 UTC)."
        " Amazon answers again, and what was open has been taken up.",
    )
    assert text_of(message).count("✅") == 2


def test_every_rule_at_once_for_every_marketplace_and_source_is_one_message() -> None:
    many = [alert(rule.name, f"{rule.name} {n}", why="w" * 600) for rule in RULES for n in range(40)]
    message = compose(news(*many, over=tuple(many)), "Slack", GITHUB)
    text = text_of(message)
    assert all(rule.means in text for rule in RULES)
    assert all(f"{rule.name} 0 is what it is." in text for rule in RULES)
    assert all(len(section.lines) == 40 for section in message.sections), "nothing is lost but for want of room"
    assert "more: see chalkola alerts list." in text


def test_more_sections_than_slack_takes_are_counted() -> None:
    sections = tuple(Section(title=f"Section {n}", lines=("x",)) for n in range(80))
    text = text_of(Message(title="Many", sections=sections, links=(Link(text="x", url="https://x"),)))
    assert "And 33 more: `chalkola alerts list` has them all." in text


@given(ANYTHING, ANYTHING, ANYTHING, st.integers(1, 60))
def test_whatever_amazon_says_slack_takes_it(what: str, why: str, todo: str, count: int) -> None:
    rules = list(BY_NAME)
    some = [alert(rules[n % len(rules)], f"{n}", message=what or "x", why=why, todo=todo) for n in range(count)]
    some.sort(key=lambda one: rules.index(one.rule))
    assert wrong_with(render(compose(news(*some, over=tuple(some)), "Slack", GITHUB))) == ""


def test_the_stand_in_refuses_what_slack_refuses() -> None:
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}}
    header = {"type": "header", "text": {"type": "plain_text", "text": "x"}}
    assert wrong_with({"text": "x", "blocks": [header, section]}) == ""
    for payload in (
        {"text": "", "blocks": [section]},
        {"text": "x", "blocks": []},
        {"text": "x", "blocks": [section] * 51},
        {"text": "x", "blocks": [{**section, "text": {"type": "mrkdwn", "text": "x" * 3_001}}]},
        {"text": "x", "blocks": [{**section, "text": {"type": "mrkdwn", "text": ""}}]},
        {"text": "x", "blocks": [{**section, "text": {"type": "mrkdwn", "text": "R&D"}}]},
        {"text": "x", "blocks": [{**section, "text": {"type": "mrkdwn", "text": "1 < 2"}}]},
        {"text": "x", "blocks": [{**header, "text": {"type": "mrkdwn", "text": "x"}}]},
        {"text": "x", "blocks": [{**header, "text": {"type": "plain_text", "text": "x" * 151}}]},
        {"text": "x", "blocks": [{"type": "section"}]},
        {"text": "x", "blocks": [{"type": "carousel"}]},
    ):
        assert wrong_with(payload), payload


async def test_a_message_is_posted_and_slack_says_ok(slack: SlackServer) -> None:
    assert await Slack(webhook=slack.url).send(MESSAGE) == "HTTP 200 ok"
    assert slack.texts == ["Test message\n*A test*\n• It works."]


async def test_a_throttled_message_is_sent_once_more_after_the_time_that_slack_names(slack: SlackServer) -> None:
    slack.answers(429, "rate_limited", Retry_After="1")
    assert await Slack(webhook=slack.url).send(MESSAGE) == "HTTP 200 ok"
    assert slack.posts == 2


async def test_a_wait_that_is_too_long_is_left_to_the_next_run(slack: SlackServer) -> None:
    slack.answers(429, "rate_limited", Retry_After="600")
    with pytest.raises(Undelivered, match="HTTP 429 rate_limited"):
        await Slack(webhook=slack.url).send(MESSAGE)
    assert slack.posts == 1


async def test_an_error_of_slacks_is_tried_once_more_and_then_said(slack: SlackServer) -> None:
    slack.answers(503, "upstream gone", times=2)
    with pytest.raises(Undelivered, match="HTTP 503 upstream gone"):
        await Slack(webhook=slack.url).send(MESSAGE)
    assert slack.posts == 2


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [(400, "invalid_blocks", ""), (404, "no_service", "make a new one"), (410, "channel_is_archived", "archived")],
)
async def test_a_refusal_is_final_and_says_what_to_do(
    slack: SlackServer, status: int, said: str, remedy: str
) -> None:
    slack.answers(status, said)
    with pytest.raises(Undelivered) as refused:
        await Slack(webhook=slack.url).send(MESSAGE)
    assert f"HTTP {status} {said}" in refused.value.what
    assert remedy in refused.value.remedy
    assert slack.posts == 1


async def test_the_webhook_is_in_no_error_and_no_log(slack: SlackServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    slack.answers(500, f"proxy could not reach {PATH}", times=2)
    said = []
    for webhook in (
        slack.url,
        f"http://127.0.0.1:9{PATH}",
        f"ftp://example.com{PATH}",
        f"https://[{PATH}",
        f"x{PATH}",
    ):
        with pytest.raises(Undelivered) as failed:
            await Slack(webhook=webhook).send(MESSAGE)
        said.append(f"{failed.value} {failed.value.__cause__!r} {Slack(webhook=webhook)!r}")
    await Slack(webhook=slack.url).send(MESSAGE)

    assert "swordfish" not in "".join(said)
    assert "swordfish" not in caplog.text
    assert "it cannot be reached (no connection)" in said[1]


async def test_an_address_without_encryption_is_not_used() -> None:
    with pytest.raises(Undelivered, match="not an https address"):
        await Slack(webhook=f"http://hooks.slack.com{PATH}").send(MESSAGE)
