"""`chalkola alerts`, and what `pull` says of telling people."""

import json
from typing import Any

import pytest

from slack_server import SlackServer

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "me/shop", "GITHUB_RUN_ID": "7",
    "GITHUB_WORKFLOW_REF": "me/shop/.github/workflows/daily-pull.yml@refs/heads/main",
}  # fmt: skip


def test_a_pull_tells_slack_what_is_wrong_with_links_to_the_run_and_list_shows_it(
    by_reports: Any, slack: SlackServer
) -> None:
    first = by_reports("pull", SLACK_WEBHOOK_URL=slack.url, **GITHUB)
    second = by_reports("pull", SLACK_WEBHOOK_URL=slack.url, **GITHUB)

    assert (first.code, second.code) == (0, 0), first.err
    assert "Slack was told of " in first.out
    assert "Slack" not in second.out
    (message,) = slack.texts
    assert "sales_and_traffic.by_asin is closed to account EU." in message
    assert "<https://github.com/me/shop/actions/runs/7|This run>" in message
    assert "<https://github.com/me/shop/actions/workflows/daily-pull.yml|Run it again>" in message
    assert "<https://github.com/me/shop/blob/HEAD/docs/operating.md#source-closed|What this means>" in message

    listed, shown = by_reports("alerts", "list", "--json"), by_reports("alerts", "list")
    closed = [one for one in listed.object["alerts"] if one["rule"] == "source closed"]
    assert {(one["cured_at"], json.dumps(one["told"]), one["muted"]) for one in closed} == {
        (None, '{"Slack": 1}', False)
    }
    assert "source closed/sales_and_traffic.by_asin EU  (open since 2026-11-20 " in shown.out
    assert "told: Slack" in shown.out
    assert "    do: Give the app the role" in shown.out


def test_a_webhook_that_fails_is_said_and_listed_and_the_exit_code_is_as_without_it(
    by_reports: Any, slack: SlackServer
) -> None:
    slack.gone = True
    said = by_reports("pull", SLACK_WEBHOOK_URL=slack.url)
    listed = by_reports("alerts", "list")

    assert said.code == 0
    assert "Slack could not be told of " in said.out
    assert "HTTP 404 no_service. The webhook was switched off or removed" in said.out
    assert "Slack could not be told on 2026-11-20 " in listed.out
    assert "swordfish" not in said.out + said.err + listed.out


def test_a_pull_whose_logins_are_all_refused_ends_with_1_and_people_are_told(
    by_reports: Any, reports_amazon: Any, slack: SlackServer
) -> None:
    reports_amazon.goes_wrong(kind="token_revoked", times=None)

    said = by_reports("pull", SLACK_WEBHOOK_URL=slack.url)

    assert said.code == 1
    assert "SP_REFRESH_TOKEN_" in said.out
    assert slack.texts[0].count("invalid_grant") == 3


def test_json_stays_one_object_and_a_log_of_json_an_object_a_line(by_reports: Any, slack: SlackServer) -> None:
    slack.answers(400, "invalid_blocks")
    as_json = by_reports("pull", "--json", "--marketplace", "DE", SLACK_WEBHOOK_URL=slack.url)
    as_log = by_reports("pull", "--marketplace", "DE", SLACK_WEBHOOK_URL=slack.url, CHALKOLA_LOG="json")

    assert as_json.object["exit_code"] == 0
    assert "Slack could not be told of " in as_json.err
    events = [json.loads(line) for line in as_log.out.splitlines()]
    assert [(e["channel"], "failure" in e) for e in events if e["event"] == "told"] == [("Slack", False)]


def test_nothing_is_listed_where_nothing_is_wrong(alone: Any, database_url: str) -> None:
    said = alone("alerts", "list", DATABASE_URL=database_url)
    assert (said.code, said.out) == (0, "No alert is open, and none was within a week.\n")


def test_a_test_message_says_what_came_back_without_any_database(alone: Any, slack: SlackServer) -> None:
    good = alone("alerts", "test", SLACK_WEBHOOK_URL=slack.url, DATABASE_URL="postgresql://127.0.0.1:9/none")
    assert (good.code, good.out) == (0, "Slack: HTTP 200 ok.\n")
    assert "If you can read this, alerts of Chalkola reach you here." in slack.texts[0]

    slack.gone = True
    mail = {"SMTP_URL": "smtp://127.0.0.1:9", "ALERT_EMAIL_TO": "me@example.com"}
    bad = alone("alerts", "test", SLACK_WEBHOOK_URL=slack.url, **mail)
    assert bad.code == 1
    assert "Slack: Slack did not take the message: HTTP 404 no_service." in bad.out
    assert "mail: The mail server 127.0.0.1:9 did not take the message." in bad.out, "each is tried"


def test_a_test_without_any_channel_says_how_to_set_one_up(alone: Any) -> None:
    said = alone("alerts", "test")
    assert said.code == 1
    assert "Nobody is to be told" in said.out
    assert "SLACK_WEBHOOK_URL" in said.out
    half = alone("alerts", "test", SMTP_URL="smtp://host")
    assert "ALERT_EMAIL_TO is missing" in half.out


def test_a_mute_is_shown_holds_and_ends(by_reports: Any, slack: SlackServer) -> None:
    muted = by_reports("alerts", "mute", "source-closed", "--for", "2d")
    said = by_reports("pull", SLACK_WEBHOOK_URL=slack.url)
    listed = by_reports("alerts", "list")

    assert muted.out.startswith("Nobody is told of every alert of source closed until 2026-11-22 ")
    assert "Slack" not in said.out
    assert slack.posts == 0
    assert "nobody was told; muted)" in listed.out
    assert "Muted until 2026-11-22 " in listed.out

    ended = by_reports("alerts", "mute", "source closed", "--off")
    by_reports("pull", SLACK_WEBHOOK_URL=slack.url)
    assert ended.out == "People are told of every alert of source closed again.\n"
    assert slack.posts == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("lateness",), "There is no rule 'lateness'."), (("late/DE", "--for", "soon"), "'soon' is no length of time.")],
)
def test_what_cannot_be_muted_is_wrong_usage(alone: Any, arguments: tuple[str, ...], said: str) -> None:
    done = alone("alerts", "mute", *arguments)
    assert done.code == 2
    assert said in done.err


def test_a_mute_of_one_subject_says_so(alone: Any, database_url: str) -> None:
    said = alone("alerts", "mute", "Late/DE", "--for", "12h", DATABASE_URL=database_url)
    assert said.out.startswith("Nobody is told of late/DE until ")
