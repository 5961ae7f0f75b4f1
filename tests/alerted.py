"""What the stories about alerts share: a shop whose alerts go to a Slack, nights that tell, and what was told."""

import io
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rich.console import Console

from chalkola.surfaces.alerts import alerting
from kiosk import AT_ONCE, DAY
from night import OpenShop, Shop
from slack_server import SlackServer

SMALL: Mapping[str, Any] = {"kiosk": True, "parents": 4, "children": 10, **AT_ONCE}
_OVER = re.compile(r"✅ Over: ([a-z ]+), ([^()]+) \(since")


async def told_shop(opened_shop: OpenShop, slack: SlackServer, **chosen: Any) -> Shop:
    """Open a small shop whose alerts go to that Slack."""
    environment = {"SLACK_WEBHOOK_URL": slack.url, **chosen.pop("environment", {})}
    return await opened_shop(**{**SMALL, **chosen}, environment=environment)


async def night(shop: Shop, *, at_rest: timedelta = DAY) -> str:
    """Pull and tell as the command does, and stop `at_rest` after the beginning. Return what was said of alerts."""
    evening, said = shop.clock.now(), io.StringIO()
    async with alerting(shop.settings, shop.url, Console(file=said, width=500)):
        await shop.night()
    shop.clock.advance(evening + at_rest - shop.clock.now())
    return said.getvalue()


def alerts(shop: Shop) -> dict[str, bool]:
    """Return every alert that was ever raised, and whether it is open."""
    rows = shop.rows("SELECT rule, subject, cured_at IS NULL AS open FROM sp_alerts ORDER BY id")
    return {f"{row['rule']}/{row['subject']}": row["open"] for row in rows}


def deliveries(shop: Shop) -> list[dict[str, Any]]:
    """Return every message that was to be sent, and what became of it."""
    return shop.rows(
        "SELECT a.rule, a.subject, d.channel, d.kind, d.grade, d.tries, d.failure, d.delivered_at IS NOT NULL AS done"
        " FROM sp_alert_deliveries d JOIN sp_alerts a ON a.id = d.alert_id ORDER BY d.id"
    )


def ends(slack: SlackServer) -> list[str]:
    """Return the alerts that were said to be over, as often as that was said: `late/DE`."""
    found = (_OVER.findall(text) for text in slack.texts)
    return [f"{rule}/{subject}" for lines in found for rule, subjects in lines for subject in subjects.split(", ")]


def raised(slack: SlackServer) -> int:
    """Return how many alerts were told, those told again because they grew worse counted again."""
    lines = [line for text in slack.texts if UNUSABLE not in text for line in text.splitlines()]
    return sum(line.startswith("• ") and not line.startswith("• For the same reason") for line in lines)


UNUSABLE = "The database cannot be used"
"""What every run says that meets such a database: nobody can remember having said it."""
