"""Alerts, mutes and deliveries, as the store keeps them. The verbs are written in `functions/50_alerts.sql`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, LiteralString

from psycopg.types.json import Jsonb

from chalkola.store.connection import Pool
from chalkola.store.database import fetched, fetched_as

Kind = Literal["raised", "cured", "digest"]

SENDING_TAKES = timedelta(minutes=5)
"""Machine time, after which a run that had claimed a message is taken to be dead."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a rule has found, as an alert. `cause` is `rule/subject` of the one that explains it; None: none does."""

    rule: str
    subject: str
    severity: str
    grade: int
    message: str
    why: str
    done: str
    todo: str
    cause: str | None


@dataclass(frozen=True, kw_only=True)
class KnownAlert:
    """An alert, open or cured, and who was told: the gravest grade by channel, and which channels know it is over."""

    id: int
    rule: str
    subject: str
    severity: str | None
    grade: int
    message: str
    why: str
    done: str
    todo: str
    cause: str | None
    raised_at: datetime
    found_at: datetime | None
    cured_at: datetime | None
    told: Mapping[str, int]
    told_over: Sequence[str]

    @property
    def key(self) -> str:
        """Return how causes and mutes name it: `rule/subject`."""
        return f"{self.rule}/{self.subject}"


@dataclass(frozen=True, kw_only=True)
class Mute:
    """Nobody is told of a rule's alerts on `subject` before `until`; an empty subject is every one."""

    rule: str
    subject: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One message for one channel: that an alert is there or has grown to `grade`, that it is over, or a digest."""

    kind: Kind
    alert_id: int | None = None
    grade: int = 0
    day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Unheard:
    """A channel whose last message did not arrive, and why."""

    channel: str
    failure: str
    tried_at: datetime


async def read_known_alerts(pool: Pool, since: datetime) -> list[KnownAlert]:
    """Return the open alerts and those cured since then, the latest first."""
    query: LiteralString = (
        "SELECT id, rule, subject, severity, grade, message, coalesce(why, '') AS why, coalesce(done, '') AS done,"
        " coalesce(todo, '') AS todo, cause, raised_at, found_at, cured_at,"
        " (SELECT coalesce(jsonb_object_agg(t.channel, t.grade), '{}') FROM (SELECT d.channel, max(d.grade) AS grade"
        "   FROM sp_alert_deliveries d WHERE d.alert_id = a.id AND d.kind = 'raised' AND d.delivered_at IS NOT NULL"
        "   GROUP BY d.channel) t) AS told,"
        " (SELECT coalesce(array_agg(d.channel ORDER BY d.channel), '{}') FROM sp_alert_deliveries d"
        "   WHERE d.alert_id = a.id AND d.kind = 'cured' AND d.delivered_at IS NOT NULL) AS told_over"
        " FROM sp_alerts a WHERE cured_at IS NULL OR cured_at > %s ORDER BY raised_at DESC, id DESC"
    )
    return await fetched_as(pool, KnownAlert, query, (since,))


async def read_mutes(pool: Pool, now: datetime) -> list[Mute]:
    """Return the mutes that hold now."""
    query: LiteralString = "SELECT rule, subject, until FROM sp_alert_mutes WHERE until > %s ORDER BY rule, subject"
    return await fetched_as(pool, Mute, query, (now,))


async def read_unheard(pool: Pool) -> list[Unheard]:
    """Return the channels whose last message failed."""
    query: LiteralString = (
        "SELECT channel, failure, tried_at FROM (SELECT DISTINCT ON (channel) channel, failure, tried_at"
        " FROM sp_alert_deliveries ORDER BY channel, tried_at DESC, id DESC) AS last"
        " WHERE failure IS NOT NULL ORDER BY channel"
    )
    return await fetched_as(pool, Unheard, query)


async def see_alerts(pool: Pool, found: Sequence[Seen], over: Sequence[int], now: datetime) -> None:
    """Write down what the rules have found, and close the alerts whose ids are in `over`."""
    values = Jsonb(list(found)), list(over), now
    await fetched(pool, "SELECT sp_see_alerts(%s, %s::bigint[], %s)", values)


async def claim(pool: Pool, channel: str, wanted: Sequence[Delivery], now: datetime) -> dict[int, Delivery]:
    """Return, by the numbers under which they are kept, the messages that are ours to send: neither delivered already
    nor in another run's hands."""
    query: LiteralString = "SELECT id, kind, alert_id, grade, day FROM sp_claim_deliveries(%s, %s, %s, %s)"
    rows = await fetched(pool, query, (channel, Jsonb(list(wanted)), SENDING_TAKES, now))
    return {row[0]: Delivery(kind=row[1], alert_id=row[2], grade=row[3], day=row[4]) for row in rows}


async def note(pool: Pool, claimed: Sequence[int], failure: str | None, now: datetime) -> None:
    """Write down that claimed messages were delivered (`failure` None), or why not."""
    await fetched(pool, "SELECT sp_note_deliveries(%s::bigint[], %s, %s)", (list(claimed), failure, now))


async def mute(pool: Pool, rule: str, subject: str, until: datetime | None) -> None:
    """Tell nobody of a rule's alerts on a subject (empty: on any) before `until`; None ends a mute."""
    await fetched(pool, "SELECT sp_mute_alert(%s, %s, %s)", (rule, subject, until))
