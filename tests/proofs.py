"""What has to hold at the end of a month, whatever has happened in it: each proof yields what is wrong."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import truth
from alerted import ends, raised
from chalkola.pipeline.health import BY_NAME
from month import CALM_RUNS, Month, Ran
from night import Shop
from slack_server import SlackServer

_CLOSED = ("proven", "differs", "empty")


def wrong(month: Month) -> list[str]:
    """Return all that is wrong with a month; empty for nothing."""
    shop, slack = month.place.shop, month.place.slack
    return [
        *(said for run in month.ran for said in wrong_end(run)),
        *wrong_calm(month.ran[-CALM_RUNS // 2 :]),
        *wrong_days(shop, month.ran[0].began, month.clock.now()),
        *wrong_questions(shop),
        *wrong_messages(shop, slack),
    ]


def wrong_end(run: Ran) -> Iterator[str]:
    """Yield what is wrong with how a run has ended: its exit code, its words, its messages, its 429s."""
    may = {None, 0, 3, *([1] if any(thing.needs_person for thing in run.under) else [])}
    if run.code not in may:
        yield f"{run}: exit code {run.code}. {run.said}"
    if "Traceback" in run.said or "does not know" in run.said:
        yield f"{run}: {run.said}"
    if run.unusable > 1:
        yield f"{run}: {run.unusable} messages that the database cannot be used"
    if run.throttled and not any(thing.may_throttle for thing in run.under):
        yield f"{run}: {run.throttled} times more was asked than Amazon allows"


def wrong_calm(runs: list[Ran]) -> Iterator[str]:
    """Yield the runs at the end, when nothing happens any more, that were not complete."""
    yield from (f"{run}: exit code {run.code} when all is calm. {run.said}" for run in runs if run.code)


def wrong_days(shop: Shop, began: datetime, now: datetime) -> Iterator[str]:
    """Yield the settled days that are not closed, the cells that are not Amazon's, and what was left open."""
    states = shop.states()
    for code in shop.amazon.settings.marketplaces:
        newest, first = truth.newest_settled(code, now), truth.newest_settled(code, began)
        for n in range((newest - first).days + 1):
            day = first + timedelta(days=n)
            if (state := states.get(f"{code} {day}")) not in _CLOSED:
                yield f"{code} {day} is {state}: {shop.line(code, day) if state else 'never heard of'}"
    yield from shop.wrong_cells(shop.loaded_days())
    for one in shop.rows("SELECT id, stage, waiting_for FROM sp_pulls WHERE finished_at IS NULL"):
        yield f"a pull is open: {one}"


def wrong_questions(shop: Shop) -> Iterator[str]:
    """Yield the questions that Amazon has accepted twice: for one line of the ledger, or for two that were open at
    once. That a later night reads a day again is no such thing."""
    pulls = shop.rows("SELECT * FROM sp_pulls ORDER BY id")
    known = Counter((p["account"], t) for p in pulls for t in {p["ticket"], *p["page_tickets"]} - {None})
    accepted = [((e["account"], e["query_id"]), e) for e in shop.queries]
    accepted += [((e["account"], e["report_id"]), e) for e in shop.journal]
    for ticket, entry in accepted:
        if known[ticket] != 1:
            yield f"accepted, and {known[ticket]} pulls have its ticket: {entry}"
    last: dict[str, dict[str, Any]] = {}
    for one in pulls:
        before = last.get(one["question_key"])
        if before and (before["finished_at"] is None or before["finished_at"] > one["created_at"]):
            yield f"asked while it was under way: {before} {one}"
        last[one["question_key"]] = one


def wrong_messages(shop: Shop, slack: SlackServer) -> Iterator[str]:
    """Yield what people were told twice, or not at all, and the alerts that are still open."""
    yield from (f"Slack refused: {why}" for why in slack.refused)
    alerts = shop.rows(
        "SELECT a.rule, a.subject, a.raised_at, a.cured_at, a.grade, a.cause, a.message,"
        " coalesce(array_agg(d.kind || ' ' || d.grade) FILTER (WHERE d.delivered_at IS NOT NULL), '{}') AS told"
        " FROM sp_alerts a LEFT JOIN sp_alert_deliveries d ON d.alert_id = a.id GROUP BY a.id ORDER BY a.id"
    )
    for alert in alerts:
        yield from (f"{why}: {alert}" for why in _wrong_alert(alert))
    by_ledger = sum(word.startswith("raised") for alert in alerts for word in alert["told"])
    if (by_slack := raised(slack)) != by_ledger:
        yield f"the ledger says that {by_ledger} alerts were told, Slack has {by_slack}"
    over = Counter(f"{a['rule']}/{a['subject']}" for a in alerts if "cured 0" in a["told"])
    if over != (said := Counter(ends(slack))):
        yield f"over by the ledger and not by Slack: {over - said}; by Slack and not by the ledger: {said - over}"


def _wrong_alert(alert: dict[str, Any]) -> Iterator[str]:
    rule, told = BY_NAME[alert["rule"]], Counter(alert["told"])
    if alert["cured_at"] is None and rule.over:
        yield "an alert is open"
    if any(times > 1 for times in told.values()):
        yield "told twice"
    was_raised, was_ended = any(word.startswith("raised") for word in told), told["cured 0"] == 1
    if rule.over and alert["cured_at"] is not None and was_raised != was_ended:
        yield "told, and its end was not" if was_raised else "its end was told, and it was not"
