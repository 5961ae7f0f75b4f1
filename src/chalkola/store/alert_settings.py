"""What was chosen of the rules for alerts, as the store keeps it: each choice stays, with who made it and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg.types.json import Jsonb

from chalkola.store.connection import Pool, database_errors
from chalkola.store.database import fetched_as


@dataclass(frozen=True, kw_only=True)
class AlertSetting:
    """What holds of a rule since `changed_at`. `thresholds`: figures by name, where they are not the usual ones."""

    rule: str
    enabled: bool
    thresholds: Mapping[str, object]
    changed_at: datetime
    changed_by: str


_COLUMNS: LiteralString = "rule, enabled, thresholds, changed_at, changed_by"


async def read_alert_settings(pool: Pool) -> list[AlertSetting]:
    """Return what holds now, by rule; nothing of a rule that nobody has changed."""
    return await fetched_as(
        pool, AlertSetting, "SELECT DISTINCT ON (rule) " + _COLUMNS + " FROM sp_alert_settings ORDER BY rule, id DESC"
    )


async def read_alert_changes(pool: Pool) -> list[AlertSetting]:
    """Return the last changes, the latest first."""
    return await fetched_as(
        pool, AlertSetting, "SELECT " + _COLUMNS + " FROM sp_alert_settings ORDER BY id DESC LIMIT 50"
    )


async def change_alert_setting(pool: Pool, changed: AlertSetting) -> None:
    """Have something else hold of a rule from now on."""
    values = changed.rule, changed.enabled, Jsonb(dict(changed.thresholds)), changed.changed_at, changed.changed_by
    with database_errors():
        async with pool.connection() as connection:
            await connection.execute("SELECT sp_change_alert_setting(%s, %s, %s, %s, %s)", values)
