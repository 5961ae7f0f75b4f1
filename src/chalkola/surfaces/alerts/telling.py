"""The end of a run: what is wrong is looked for, and people are told. Nothing here stops or fails a run."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from rich.console import Console

from chalkola.errors import ChalkolaError, UsageError
from chalkola.pipeline.health import BY_NAME, look_for_alerts
from chalkola.pipeline.health.lifecycle import News, news
from chalkola.settings import Settings
from chalkola.store import Store
from chalkola.store.alerts import Delivery, KnownAlert, Mute, claim, note, read_mutes
from chalkola.store.connection import DatabaseGone
from chalkola.surfaces import failures, words
from chalkola.surfaces.alerts.channels import Channel, channels
from chalkola.surfaces.alerts.digest import compose_digest
from chalkola.surfaces.alerts.message import Message, Section, compose, links_to
from chalkola.surfaces.alerts.undelivered import Undelivered
from chalkola.surfaces.logs import log_of
from chalkola.surfaces.opening import opened

_LONGEST_SENDING = timedelta(minutes=2)  # machine time, of one message to one channel


@asynccontextmanager
async def alerting(settings: Settings, url: str, console: Console) -> AsyncIterator[Store]:
    """Give the store as `opened` does, and tell people at the end what they should know, however the run has ended.

    Raises what the run raises, and nothing of its own.
    """
    try:
        async with opened(settings, url) as store:
            try:
                yield store
            except (DatabaseGone, UsageError):
                raise
            except Exception:
                await tell(settings, store, console)
                raise
            await tell(settings, store, console)
    except DatabaseGone as gone:
        await _tell_without_database(settings, channels(settings), gone, console)
        raise


async def tell(settings: Settings, store: Store, console: Console) -> None:
    """Look for what is wrong, write it down, and tell every channel what is new to it; `console` says how it went."""
    ways = channels(settings)
    with settings.clock.in_flight():
        try:
            alerts = await look_for_alerts(settings, store, [way.name for way in ways])
            mutes = await read_mutes(store.pool, settings.clock.now())
        except ChalkolaError as error:
            await _tell_without_database(settings, ways, error, console)
            return
        except Exception as error:  # whatever it is, the run has ended as it has
            failures.tell_unexpected(error, ["alerts"])
            return
        for way in ways:
            try:
                await _tell_news(settings, store, way, alerts, mutes, console)
                await _tell_digest(settings, store, way, console)
            except Exception as error:  # one channel's trouble is not another's
                failures.tell_unexpected(error, ["alerts", way.name])


async def _tell_news(
    settings: Settings, store: Store, way: Channel, alerts: Sequence[KnownAlert], mutes: Sequence[Mute],
    console: Console,
) -> None:  # fmt: skip
    fresh = news(alerts, mutes, BY_NAME, way.name, settings.clock.now())
    if not fresh.deliveries:
        return
    claimed = await claim(store.pool, way.name, fresh.deliveries, settings.clock.now())
    ours = fresh.only(claimed.values())
    if claimed:
        message = compose(ours, way.name, settings.github)
        await _deliver(settings, store, way, message, list(claimed), _counted(ours), console)


async def _tell_digest(settings: Settings, store: Store, way: Channel, console: Console) -> None:
    """Send the day's digest where it is wanted: once a day, by the first run that has something to show."""
    if not settings.daily_digest:
        return
    message = await compose_digest(settings, store)
    if message is None:
        return
    today = Delivery(kind="digest", day=settings.clock.now().date())
    if claimed := await claim(store.pool, way.name, [today], settings.clock.now()):
        await _deliver(settings, store, way, message, list(claimed), "the digest", console)


async def _deliver(
    settings: Settings, store: Store, way: Channel, message: Message, claimed: Sequence[int], what: str,
    console: Console,
) -> None:  # fmt: skip
    failure = await _sent(way, message)
    await note(store.pool, claimed, failure, settings.clock.now())
    _say(settings, console, way, what, failure)


def _say(settings: Settings, console: Console, way: Channel, what: str, failure: str | None) -> None:
    """Say how telling went, as an event where those are asked for."""
    if log := log_of(settings, console):
        log("told", channel=way.name, of=what, failure=failure)
        return
    said = f"could not be told of {what}: {failure}" if failure else f"was told of {what}."
    console.print(f"{way.name} {said}", soft_wrap=True)


async def _sent(way: Channel, message: Message) -> str | None:
    """Send a message. Return None when it arrived, else why not."""
    try:
        async with asyncio.timeout(_LONGEST_SENDING.total_seconds()):
            await way.send(message)
    except Undelivered as undelivered:
        return str(undelivered)
    except TimeoutError:
        return f"{way.name} did not answer within {words.span(_LONGEST_SENDING)}."
    return None


async def _tell_without_database(
    settings: Settings, ways: Sequence[Channel], error: ChalkolaError, console: Console
) -> None:
    """Tell people that the database cannot be used: by every run that meets it, for it cannot be written down that
    they know."""
    done = error.remedy or "What was under way is in the ledger."
    section = Section(
        title="The database cannot be used",
        severity="fault",
        lines=(error.what.strip(),),
        facts=(("Why", error.why), ("Done", done), ("To do", _DATABASE_TODO)),
    )
    message = Message(title=section.title, sections=(section,), links=links_to(settings.github))
    for way in ways:
        _say(settings, console, way, "the database, which cannot be used", await _sent(way, message))


_DATABASE_TODO = (
    "Run `chalkola doctor`. Supabase pauses unused projects of its free plan, and lets a full database only be read."
)


def _counted(told: News) -> str:
    counts = []
    if told.worse:
        counts.append(words.count(len(told.worse), "alert"))
    if told.over:
        counts.append(f"{words.count(len(told.over), 'alert')} that {'is' if len(told.over) == 1 else 'are'} over")
    return " and ".join(counts)
