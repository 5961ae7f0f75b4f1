"""The way of docs/setup.md, by the workflows' own steps: from an empty database to the first night and its alert."""

from collections.abc import Callable
from typing import Any

import psycopg

from slack_server import SlackServer
from workflows import Runner, step


def test_a_newcomer_gets_a_filled_database_a_page_and_a_message(
    runner_for: Callable[[str], Runner], bare_url: str, amazon: Any, slack: SlackServer
) -> None:
    """9. The first doctor · 10. The first pull · 11. Be told when something is wrong · 12. The history."""
    runner = runner_for(bare_url)
    runner.secrets = {**runner.secrets, "SLACK_WEBHOOK_URL": slack.url}

    doctor = runner.carry_out(step("doctor.yml", "Doctor"))
    assert doctor.code == 0, doctor.said
    assert doctor.page.startswith("## chalkola doctor\n\nAll is well: `chalkola pull` can begin.")

    amazon.goes_wrong(kind="token_revoked", account="EU", times=9)
    pull = runner.carry_out(step("daily-pull.yml", "Pull"))
    assert pull.code == 1, pull.said
    assert "❌ **Account EU**" in pull.page
    assert "| US | 2026-11-17 | proven |" in pull.page
    (message,) = slack.texts
    assert "SP_REFRESH_TOKEN_EU" in message
    assert "https://github.com/me/shop/actions/runs/7" in str(slack.messages)

    backfill = runner.carry_out(step("backfill.yml", "Backfill"), days="5", marketplaces="US,JP")
    assert backfill.page.startswith("## chalkola backfill: "), backfill.said
    with psycopg.connect(bare_url) as connection:
        held = dict(connection.execute(
            "SELECT marketplace, count(*) FROM sp_coverage WHERE dataset = 'sales_and_traffic' AND state = 'proven'"
            " GROUP BY 1"
        ).fetchall())  # fmt: skip
    assert held["US"] >= 5, held
    assert held["JP"] >= 5, held
    assert len(slack.texts) == 1, "what was told once is not told again"
