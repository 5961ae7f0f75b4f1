"""A month of two runs a day on a clock that jumps, with bad things shuffled into it."""

import asyncio
import io
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from datetime import time as hour

import psycopg
from rich.console import Console

from alerted import UNUSABLE
from bad_nights import BAD_THINGS, NO_NAMES, BadThing, Place, WrongClock
from chalkola.clock import JumpingClock, ScaledClock
from chalkola.datasets import CATALOG
from chalkola.errors import ChalkolaError
from chalkola.pipeline.plan import Request
from chalkola.pipeline.run import pull
from chalkola.settings import Settings
from chalkola.surfaces import failures
from chalkola.surfaces.alerts import alerting
from chalkola.surfaces.pulling import show
from night import Silent
from processes import inherited

SLOTS = (hour(2, tzinfo=UTC), hour(19, 17, tzinfo=UTC))
"""When a run is started: the schedule of `.github/workflows/daily-pull.yml`."""
CALM_RUNS = 12
"""In the end nothing happens any more."""
_SPEED = 60.0
_LOADS_WITHIN_SECONDS = 12.0


class MonthClock(JumpingClock):
    """Jumps, and runs beside a process of its own for as long as that lives."""

    running: ScaledClock | None = None

    def now(self) -> datetime:
        return self.running.now() if self.running else super().now()

    @contextmanager
    def beside(self) -> Iterator[ScaledClock]:
        """Let time run; give the clock that a process has to be given."""
        self.running = ScaledClock(start=super().now(), anchor=time.time(), speed=_SPEED)
        try:
            yield self.running
        finally:
            gone, self.running = self.running.now(), None
            self.advance(gone - self.now())


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A bad thing, and the first and the last of the runs under it."""

    thing: BadThing
    first: int
    last: int

    def is_beside(self, other: "Spell") -> bool:
        """Return whether both can happen: they do not touch the same at once, nor without a run in between."""
        apart = self.first > other.last + 1 or other.first > self.last + 1
        return apart or self.thing.touches != other.thing.touches


def shuffled(dice: random.Random, runs: int, things: Sequence[BadThing] = BAD_THINGS) -> list[Spell]:
    """Return when each thing happens in a month of so many runs: in any order, several at once."""
    spells: list[Spell] = []
    for thing in dice.sample(things, len(things)):
        last = runs - CALM_RUNS - thing.runs
        places = [n for n in range(2, last) if thing.begins in (None, ("morning", "evening")[n % 2])]
        dice.shuffle(places)
        found = (Spell(thing=thing, first=n, last=n + thing.runs - 1) for n in places)
        place = next((one for one in found if all(one.is_beside(other) for other in spells)), None)
        if place is None:
            return shuffled(dice, runs, things)  # those before it have left no room
        spells.append(place)
    return sorted(spells, key=lambda one: one.first)


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A run, and how it ended: `code` is None for one that was killed."""

    began: datetime
    under: tuple[BadThing, ...]
    code: int | None
    said: str
    throttled: int
    """429s that Amazon has answered meanwhile."""
    unusable: int
    """Messages that the database cannot be used."""

    def __str__(self) -> str:
        under = "; ".join(thing.name for thing in self.under)
        return f"{self.began:%Y-%m-%d %H:%M} {self.code} {under}"


@dataclass(kw_only=True)
class Month:
    """The month as it goes."""

    place: Place
    clock: MonthClock
    spells: Sequence[Spell]
    dice: random.Random
    ran: list[Ran] = field(default_factory=list)
    _open: dict[str, AbstractContextManager[None]] = field(default_factory=dict)

    async def go(self, runs: int) -> None:
        """Make so many runs, each at its hour or a little later, as GitHub does."""
        for number in range(runs):
            self._wait()
            for spell in self.spells:
                if spell.last == number - 1:
                    self._open.pop(spell.thing.name).__exit__(None, None, None)
            for spell in self.spells:
                if spell.first == number:
                    self._open[spell.thing.name] = spell.thing.what(self.place)
                    self._open[spell.thing.name].__enter__()
            under = tuple(s.thing for s in self.spells if s.first <= number <= s.last)
            self.ran.append(await self._run(under))

    def _wait(self) -> None:
        now = self.clock.now()
        slots = (datetime.combine(now.date() + timedelta(days=n), slot) for n in range(3) for slot in SLOTS)
        late = timedelta(minutes=self.dice.uniform(0, 25))
        self.clock.advance(next(slot for slot in slots if slot > now) + late - now)

    async def _run(self, under: tuple[BadThing, ...]) -> Ran:
        began, before, messages = self.clock.now(), self._throttled(), len(self.place.slack.messages)
        code, said = await (self._killed() if self.place.killed else self._pulled())
        return Ran(
            began=began, under=under, code=code, said=said, throttled=self._throttled() - before,
            unusable=sum(UNUSABLE in text for text in self.place.slack.texts[messages:]),
        )  # fmt: skip

    async def _pulled(self) -> tuple[int, str]:
        """Pull as the command does. Return its exit code and what it said; an error that nobody foresaw is raised."""
        settings, said = self._settings(), io.StringIO()
        console = Console(file=said, width=500)
        request = Request(datasets=CATALOG, early=True)
        try:
            async with alerting(settings, self.place.url, console) as store:
                report = await pull(settings, store, request, Silent(), asyncio.Event())
                show(console, report)
            return report.exit_code, said.getvalue()
        except ChalkolaError as error:
            return failures.tell(error), f"{said.getvalue()}{error}"

    def _settings(self) -> Settings:
        shop = self.place.shop
        if self.place.no_names:
            shop = shop.set(**NO_NAMES)
        if self.place.ahead:
            return replace(shop.settings, clock=WrongClock(right=self.clock, ahead=self.place.ahead))
        return shop.settings

    async def _killed(self) -> tuple[int | None, str]:
        """Pull in a process, and kill that as it loads rows; return its exit code where it ended before."""
        with self.clock.beside() as running, psycopg.connect(self.place.direct_url) as connection:
            connection.execute("LOCK TABLE sp_daily_asin_data IN SHARE MODE")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "chalkola.surfaces.cli", "pull", "--early", env=self._environment(running),
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, stdin=asyncio.subprocess.DEVNULL,
            )  # fmt: skip
            ends = time.monotonic() + _LOADS_WITHIN_SECONDS
            while process.returncode is None and time.monotonic() < ends and not self._loads():
                await asyncio.sleep(0.02)
            code = process.returncode
            if code is None:
                process.kill()
            said, _ = await process.communicate()
        return code, said.decode(errors="replace")

    def _environment(self, running: ScaledClock) -> dict[str, str]:
        clock = {
            "CHALKOLA_CLOCK_START": f"{running.start.isoformat()}@{running.anchor!r}",
            "CHALKOLA_CLOCK_SPEED": f"{running.speed}",
        }
        shop = self.place.shop
        return inherited() | shop.amazon.env() | shop.environment | {"DATABASE_URL": self.place.url} | clock

    def _loads(self) -> bool:
        with psycopg.connect(self.place.direct_url, autocommit=True) as connection:
            waits = "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
            return connection.execute(waits).fetchone() is not None

    def _throttled(self) -> int:
        calls = self.place.shop.amazon.journal.calls
        return sum(count for (_, status), count in calls.items() if status == 429)
