"""The rules, as a table. docs/operating.md has a section for each; a test holds both together."""

from datetime import timedelta

from chalkola.pipeline.checkup.finding import Level
from chalkola.pipeline.health import access, days, outages, upkeep
from chalkola.pipeline.health.model import Rule

RULES: tuple[Rule, ...] = (
    Rule(
        name="login refused",
        severity=Level.FAULT,
        means="Login with Amazon refuses an account",
        over="The login works again; what was missed is being caught up with.",
        see=access.login_refused,
    ),
    Rule(
        name="nothing pulled",
        severity=Level.FAULT,
        means="No answer of Amazon's has been loaded for long",
        over="Answers come in again.",
        see=outages.nothing_pulled,
        thresholds=(outages.NOTHING_PULLED_AFTER,),
    ),
    Rule(
        name="database full",
        severity=Level.FAULT,
        means="The database is about to have no room",
        over="There is room again.",
        see=upkeep.database_full,
        thresholds=(upkeep.FULL_FROM,),
    ),
    Rule(
        name="credentials end",
        severity=Level.WARNING,
        means="The client secret or the authorisation is near its end",
        over="It was renewed.",
        see=upkeep.credentials_end,
    ),
    Rule(
        name="schedules end",
        severity=Level.WARNING,
        means="GitHub is about to stop the schedules",
        over="The repository was changed: the schedules go on.",
        see=upkeep.schedules_end,
        thresholds=(upkeep.SCHEDULES_WARN_AFTER,),
    ),
    Rule(
        name="outage",
        severity=Level.WARNING,
        means="Amazon does not answer",
        over="Amazon answers again, and what was open has been taken up.",
        see=outages.outage,
        thresholds=(outages.OUTAGE_AFTER,),
    ),
    Rule(
        name="marketplace closed",
        severity=Level.WARNING,
        means="A marketplace is not open to us any more",
        over="It is open again, is not wanted any more, or has been closed for a month.",
        see=access.marketplace_closed,
    ),
    Rule(
        name="source closed",
        severity=Level.WARNING,
        means="Amazon does not let an account use a source",
        over="Amazon lets it be used again.",
        see=access.source_closed,
    ),
    Rule(
        name="late",
        severity=Level.WARNING,
        means="A settled day is not here though its usual hour is over",
        over="The days that were late are here, or are not waited for any more.",
        see=days.late,
        thresholds=(days.LATE_AFTER,),
    ),
    Rule(
        name="day shrank",
        severity=Level.WARNING,
        means="Amazon's last answer has much less than what we hold of a day",
        over="The day has been answered in full since.",
        see=days.day_shrank,
    ),
    Rule(
        name="list shrank",
        severity=Level.WARNING,
        means="Amazon's last list lacks much of the one that is here, and was not believed",
        over="A list was believed since, or is not waited for any more.",
        see=days.list_has_shrunk,
    ),
    Rule(
        name="totals differ",
        severity=Level.WARNING,
        means="Days do not add up to Amazon's own total",
        over="No day of the last month differs from Amazon's total any more.",
        see=days.totals_differ,
        thresholds=(days.DIFFERS_WITHIN, days.DIFFERS_BY),
    ),
    Rule(
        name="backfill stalled",
        severity=Level.WARNING,
        means="The backfill has not moved for long",
        over="It moves again, or is done.",
        see=outages.backfill_stalled,
        thresholds=(outages.STALLED_AFTER,),
    ),
    Rule(
        name="documents not kept",
        severity=Level.WARNING,
        means="Amazon's documents do not get into the archive",
        over="Amazon's documents are kept again.",
        see=upkeep.documents_not_kept,
    ),
    Rule(
        name="alerts unheard",
        severity=Level.WARNING,
        means="A channel for alerts cannot be reached",
        over="Messages get through again.",
        see=upkeep.alerts_unheard,
    ),
    Rule(
        name="restated",
        severity=Level.NOTE,
        means="Amazon has changed a settled day by much",
        over=None,
        see=days.restated,
        thresholds=(days.RESTATED_BY, days.RESTATED_UNITS),
    ),
    Rule(
        name="quota changed",
        severity=Level.NOTE,
        means="Amazon's quota is another one than configured",
        over="The quota is as configured again.",
        see=access.quota_changed,
        thresholds=(access.QUOTA_CHANGED_BY,),
        calm=timedelta(days=3),  # how many queries Amazon takes at once is tried again every day
    ),
    Rule(
        name="schema drift",
        severity=Level.NOTE,
        means="Amazon's answers have something that its schema did not have",
        over="A week's answers had nothing unknown in them.",
        see=access.schema_drift,
    ),
)  # fmt: skip
"""The gravest first: in this order they are told."""

BY_NAME = {rule.name: rule for rule in RULES}
THRESHOLDS = {rule.name: rule.thresholds for rule in RULES}
