"""`chalkola alerts`: which there are, whether people can be told, and of which nobody is to be told."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import click
from rich.console import Console

from chalkola.errors import UsageError
from chalkola.pipeline.checkup.upkeep import judge_alerts
from chalkola.pipeline.health import RULES
from chalkola.pipeline.health.lifecycle import TOLD_OVER_WITHIN, is_muted
from chalkola.settings import Settings, read_settings
from chalkola.store.alerts import KnownAlert, Mute, Unheard, mute, read_known_alerts, read_mutes, read_unheard
from chalkola.surfaces import screen, words
from chalkola.surfaces.alerts.channels import Channel, channels
from chalkola.surfaces.alerts.message import Message, Section, links_to
from chalkola.surfaces.alerts.undelivered import Undelivered
from chalkola.surfaces.opening import data_address, opened, run

_SPAN = re.compile(r"(?P<count>\d{1,4})(?P<unit>[hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


@click.group("alerts")
def alerts_command() -> None:
    """Show alerts, test the ways by which people are told, and mute."""


@alerts_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on standard output.")
def list_command(as_json: bool) -> int:
    """Show the alerts that are open, and those that were over within a week. Asks Amazon nothing."""
    settings = read_settings()
    return run(_list(settings, data_address(settings), as_json=as_json))


@alerts_command.command("test")
def test_command() -> int:
    """Send a test message through every channel that is set up, and say what came back; exit with 1 if one fails."""
    settings = read_settings()
    return run(_test(settings, channels(settings)))


@alerts_command.command("mute")
@click.argument("alert", metavar="RULE[/SUBJECT]")
@click.option("--for", "span", metavar="TIME", default="7d", show_default=True, help="So long: 12h, 7d, 2w.")
@click.option("--off", is_flag=True, help="End the mute: people are told again.")
def mute_command(alert: str, span: str, off: bool) -> int:
    """Tell nobody of an alert for a time. It is kept, and shown by `list`.

    RULE alone mutes all of its alerts. Names as `list` shows them; `-` may stand for a space in a rule's name.
    """
    rule, subject = _named(alert)
    length = None if off else _length(span)
    settings = read_settings()
    until = None if length is None else settings.clock.now() + length
    return run(_mute(settings, data_address(settings), rule, subject, until))


async def _list(settings: Settings, url: str, *, as_json: bool) -> int:
    now = settings.clock.now()
    async with opened(settings, url) as store:
        alerts = await read_known_alerts(store.pool, now - TOLD_OVER_WITHIN)
        mutes = await read_mutes(store.pool, now)
        unheard = await read_unheard(store.pool)
    if as_json:
        listed = [{**screen.plain(alert), "muted": is_muted(alert, mutes, now)} for alert in alerts]
        screen.emit({"now": now, "alerts": listed, "mutes": mutes, "unheard": unheard})
    else:
        _show(screen.console(), alerts, mutes, unheard, now)
    return 0


def _show(
    console: Console, alerts: Sequence[KnownAlert], mutes: Sequence[Mute], unheard: Sequence[Unheard], now: datetime
) -> None:
    if not alerts:
        console.print("No alert is open, and none was within a week.", soft_wrap=True)
    for alert in alerts:
        _show_one(console, alert, is_muted=is_muted(alert, mutes, now))
    for one in mutes:
        console.print(f"Muted until {words.instant(one.until)}: {one.rule}/{one.subject}".rstrip("/"), soft_wrap=True)
    for channel in unheard:
        tried = words.instant(channel.tried_at)
        console.print(
            f"{channel.channel} could not be told on {tried}: {channel.failure}", style="red", soft_wrap=True
        )


def _show_one(console: Console, alert: KnownAlert, *, is_muted: bool) -> None:
    since = words.instant(alert.raised_at)
    state = f"open since {since}" if alert.cured_at is None else f"over since {words.instant(alert.cured_at)}"
    told = f"told: {', '.join(alert.told)}" if alert.told else "nobody was told"
    heading = "; ".join(filter(None, (state, told, "muted" if is_muted else "")))
    console.print(f"{alert.key}  ({heading})", style="bold" if alert.cured_at is None else "dim", soft_wrap=True)
    console.print(f"    {alert.message}", soft_wrap=True)
    if alert.cured_at is None:
        for name, said in (("why", alert.why), ("done", alert.done), ("do", alert.todo)):
            if said:
                console.print(f"    {name}: {said}", soft_wrap=True)


async def _test(settings: Settings, ways: Sequence[Channel]) -> int:
    if not ways:
        found = judge_alerts(settings)
        screen.say(f"{found.what} {found.remedy}")
        return 1
    section = Section(title="A test", lines=("If you can read this, alerts of Chalkola reach you here.",))
    message = Message(title="Test message", sections=(section,), links=links_to(settings.github))
    return 0 if all([await _tested(way, message) for way in ways]) else 1


async def _tested(way: Channel, message: Message) -> bool:
    try:
        screen.say(f"{way.name}: {await way.send(message)}.")
    except Undelivered as undelivered:
        screen.say(f"{way.name}: {undelivered}")
        return False
    return True


async def _mute(settings: Settings, url: str, rule: str, subject: str, until: datetime | None) -> int:
    async with opened(settings, url) as store:
        await mute(store.pool, rule, subject, until)
    what = f"{rule}/{subject}" if subject else f"every alert of {rule}"
    screen.say(f"People are told of {what} again." if until is None
               else f"Nobody is told of {what} until {words.instant(until)}.")  # fmt: skip
    return 0


def _named(typed: str) -> tuple[str, str]:
    """Return the rule and subject that were typed; an empty subject is every one. Raises `UsageError`."""
    name, _, subject = typed.partition("/")
    for rule in RULES:
        if name.strip().lower() in (rule.name.lower(), rule.anchor):
            return rule.name, subject.strip()
    raise UsageError(f"There is no rule {name!r}.", remedy=f"Rules are: {', '.join(rule.name for rule in RULES)}.")


def _length(typed: str) -> timedelta:
    match = _SPAN.fullmatch(typed.strip())
    if match is None:
        raise UsageError(f"{typed!r} is no length of time.", remedy="Write it like 12h, 7d or 2w.")
    return int(match["count"]) * _UNITS[match["unit"]]
