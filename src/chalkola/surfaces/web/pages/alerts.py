"""Alerts: what is wrong and what was, of what nobody is told, and the rules by which they are found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from chalkola.pipeline.health.lifecycle import is_muted
from chalkola.pipeline.health.model import Rule
from chalkola.pipeline.health.rules import BY_NAME, RULES, THRESHOLDS
from chalkola.pipeline.health.thresholds import Chosen, chosen, typed
from chalkola.store.alert_settings import (
    AlertSetting,
    change_alert_setting,
    read_alert_changes,
    read_alert_settings,
)
from chalkola.store.alerts import KnownAlert, Mute, mute, read_known_alerts, read_mutes, read_unheard
from chalkola.surfaces import words
from chalkola.surfaces.web.house import House, house_of, person_of
from chalkola.surfaces.web.pages.forms import fields_of, owners_only, who
from chalkola.surfaces.web.pages.rendering import page, sorry

_SHOWN = timedelta(days=30)
LENGTHS: Mapping[str, timedelta] = {
    "1 day": timedelta(days=1), "1 week": timedelta(weeks=1), "1 month": timedelta(days=30),
}  # fmt: skip
_LONGEST_SUBJECT = 500


@dataclass(frozen=True, kw_only=True)
class _Shown:
    """An alert as a card: the mute that holds of it, None where people are told."""

    alert: KnownAlert
    means: str
    muted: Mute | None


async def _alerts(request: Request) -> Response:
    house = house_of(request)
    now = house.clock.now()
    alerts, mutes = await read_known_alerts(house.pool, now - _SHOWN), await read_mutes(house.pool, now)
    what = chosen(await read_alert_settings(house.pool), THRESHOLDS)
    cards = [_card(alert, mutes, house) for alert in _gravest_first(alerts)]
    open_ = [card for card in cards if card.alert.cured_at is None]
    return await page(
        request, "alerts.html", words=words, open=open_, over=[card for card in cards if card not in open_],
        mutes=[one for one in mutes if all(card.muted != one for card in open_)],
        unheard=await read_unheard(house.pool), lengths=list(LENGTHS), may_change=person_of(request).is_owner,
        off=[rule.name for rule in RULES if rule.name in what.off], days=_SHOWN.days,
    )  # fmt: skip


def _gravest_first(alerts: Sequence[KnownAlert]) -> list[KnownAlert]:
    """Return open alerts in the order of the rules, and those that are over, the latest first."""
    order = {rule.name: place for place, rule in enumerate(RULES)}
    is_open = [alert for alert in alerts if alert.cured_at is None]
    over = [alert for alert in alerts if alert.cured_at is not None]
    return [
        *sorted(is_open, key=lambda one: (order.get(one.rule, len(order)), -one.grade, one.subject)),
        *sorted(over, key=lambda one: one.cured_at or one.raised_at, reverse=True),
    ]


def _card(alert: KnownAlert, mutes: Sequence[Mute], house: House) -> _Shown:
    now = house.clock.now()
    rule = BY_NAME.get(alert.rule)
    muted = next((one for one in mutes if is_muted(alert, [one], now)), None)
    return _Shown(alert=alert, means=rule.means if rule else alert.rule, muted=muted)


@owners_only
async def _mute(request: Request) -> Response:
    """Have nobody told of an alert for a time, or told again."""
    house, fields = house_of(request), await fields_of(request)
    rule, subject, length = fields.get("rule", ""), fields.get("subject", ""), fields.get("for", "")
    if not rule or len(rule) > _LONGEST_SUBJECT or len(subject) > _LONGEST_SUBJECT or "\0" in rule + subject:
        return await sorry(request, 400, "There is no such alert.")
    if length and length not in LENGTHS:
        return await sorry(request, 400, f"An alert is muted for {', '.join(LENGTHS)}.")
    await mute(house.pool, rule, subject, house.clock.now() + LENGTHS[length] if length else None)
    return RedirectResponse("/alerts", 303)


async def _rules(request: Request) -> Response:
    return await _show_rules(request)


async def _show_rules(request: Request, wrong: Sequence[str] = (), of: str = "") -> Response:
    house = house_of(request)
    settings = await read_alert_settings(house.pool)
    what = chosen(settings, THRESHOLDS)
    return await page(
        request, "alert_rules.html", status=422 if wrong else 200, words=words, rules=RULES, what=what,
        changed={one.rule: one for one in settings}, changes=[_change(one) for one in await _changes(house)],
        may_change=person_of(request).is_owner, wrong=wrong, of=of,
    )  # fmt: skip


async def _changes(house: House) -> list[AlertSetting]:
    return [one for one in await read_alert_changes(house.pool) if one.rule in BY_NAME]


def _change(one: AlertSetting) -> tuple[AlertSetting, str]:
    """Return a change, and what held since then in words."""
    if not one.enabled:
        return one, "off"
    what = chosen([one], THRESHOLDS)
    figures = [_figure(what, BY_NAME[one.rule], name) for _, name in what.figures]
    return one, "; ".join(figures) or "as usual"


def _figure(what: Chosen, rule: Rule, name: str) -> str:
    found = next(one for one in rule.thresholds if one.name == name)
    return f"{found.means}: {what.figure(found):g} {found.unit}"


@owners_only
async def _change_rule(request: Request) -> Response:
    """Switch a rule on or off, and choose its thresholds."""
    house, fields = house_of(request), await fields_of(request)
    rule = BY_NAME.get(fields.get("rule", ""))
    if rule is None:
        return await sorry(request, 400, "There is no such rule.")
    usual = "usual" in fields
    figures, wrong = typed(rule.thresholds, {} if usual else fields)
    if wrong:
        return await _show_rules(request, wrong, rule.name)
    await change_alert_setting(house.pool, AlertSetting(
        rule=rule.name, enabled=usual or "enabled" in fields, thresholds=figures, changed_at=house.clock.now(),
        changed_by=who(request),
    ))  # fmt: skip
    return RedirectResponse(f"/alerts/rules#{rule.anchor}", 303)


ROUTES = (
    Route("/alerts", _alerts, methods=["GET"]),
    Route("/alerts/mute", _mute, methods=["POST"]),
    Route("/alerts/rules", _rules, methods=["GET"]),
    Route("/alerts/rules", _change_rule, methods=["POST"]),
)
