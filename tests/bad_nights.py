"""Bad things that happen to nights, as a table: what each does while it lasts, for how many runs, what a run may say.

A thing is a context that is entered before the first of its runs and left after the last. While it lasts a run ends
with 0, or with 3 for days that are late; and with 1 only where the table says that a person is needed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from amazon_simulator import Fault
from chalkola.clock import Clock
from night import Shop
from slack_server import SlackServer

_NOWHERE = "nowhere.invalid"  # no name under .invalid is ever found: RFC 6761
NO_NAMES = {
    "LWA_TOKEN_URL": f"https://login.{_NOWHERE}/auth/o2/token",
    **{f"SP_API_ENDPOINT_{region}": f"https://{region}.{_NOWHERE}" for region in ("NA", "EU", "FE")},
}
"""Settings under which no name of Amazon's is found."""
_OURS = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND starts_with(tablename, 'sp_')"
_END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_FULL = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$
"""
_CUT = """
    CREATE SEQUENCE cuts;
    CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF nextval('cuts') <= 3 THEN
          PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database();
        END IF;
        RETURN NULL;
      END $$;
    CREATE TRIGGER cut AFTER INSERT ON sp_daily_asin_data FOR EACH STATEMENT EXECUTE FUNCTION cut()
"""


@dataclass(kw_only=True)
class Place:
    """What bad things act on, and how the next run is made."""

    shop: Shop
    slack: SlackServer
    direct_url: str
    """The database past any pooler."""
    ahead: timedelta = timedelta()
    """How far the runner's clock is ahead of Amazon's."""
    no_names: bool = False
    """Whether no name of Amazon's is found."""
    no_database: bool = False
    """Whether the name of the database's host is not found."""
    killed: bool = False
    """Whether the next run is a process that is killed in the middle of a load."""

    @property
    def url(self) -> str:
        """Return where a run looks for the database."""
        parts = conninfo_to_dict(self.shop.url)
        return make_conninfo(**{**parts, "host": _NOWHERE}) if self.no_database else self.shop.url

    def execute(self, *statements: str) -> None:
        """Change the database from outside, whatever it lets others do."""
        options = "-c default_transaction_read_only=off"
        with psycopg.connect(self.direct_url, autocommit=True, options=options) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def tables(self) -> list[str]:
        """Return the names of our tables."""
        return [row["tablename"] for row in self.shop.rows(_OURS)]


@dataclass(frozen=True, kw_only=True)
class WrongClock:
    """A clock that is ahead of Amazon's."""

    right: Clock
    ahead: timedelta

    def now(self) -> datetime:
        return self.right.now() + self.ahead

    async def sleep_until(self, instant: datetime) -> None:
        await self.right.sleep_until(instant - self.ahead)

    def in_flight(self) -> AbstractContextManager[None]:
        return self.right.in_flight()


@dataclass(frozen=True, kw_only=True)
class BadThing:
    """One thing that goes wrong, for `runs` runs in a row, the first of them at that time of day (None: at any)."""

    name: str
    what: Callable[[Place], AbstractContextManager[None]]
    touches: str
    """Two that touch the same do not happen at once."""
    runs: int = 1
    begins: Literal["morning", "evening"] | None = None
    needs_person: bool = False
    """Whether a run may end with 1."""
    may_throttle: bool = False
    """Whether Amazon may answer 429."""


def amazon(*faults: Fault) -> Callable[[Place], AbstractContextManager[None]]:
    """Return what makes calls to Amazon go wrong. What it has accepted so far, it goes on with."""

    @contextmanager
    def happens(place: Place) -> Iterator[None]:
        place.shop.goes_wrong(*faults)
        yield
        place.shop.amazon.mischief.remove(*faults)

    return happens


@contextmanager
def read_only(place: Place) -> Iterator[None]:
    name = conninfo_to_dict(place.direct_url)["dbname"]
    place.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on', _END_SESSIONS)
    yield
    place.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only', _END_SESSIONS)


@contextmanager
def full(place: Place) -> Iterator[None]:
    triggers = (
        f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
        for table in place.tables()
    )
    place.execute(_FULL, *triggers)
    yield
    place.execute("DROP FUNCTION full_disk() CASCADE")


@contextmanager
def cut(place: Place) -> Iterator[None]:
    place.execute(_CUT)
    yield
    place.execute("DROP FUNCTION cut() CASCADE; DROP SEQUENCE cuts")


def clock_wrong_by(ahead: timedelta) -> Callable[[Place], AbstractContextManager[None]]:
    @contextmanager
    def happens(place: Place) -> Iterator[None]:
        place.ahead = ahead
        yield
        place.ahead = timedelta()

    return happens


@contextmanager
def no_names(place: Place) -> Iterator[None]:
    place.no_names = True
    yield
    place.no_names = False


@contextmanager
def no_database(place: Place) -> Iterator[None]:
    place.no_database = True
    yield
    place.no_database = False


@contextmanager
def killed(place: Place) -> Iterator[None]:
    place.killed = True
    yield
    place.killed = False


@contextmanager
def revoked(place: Place) -> Iterator[None]:
    """The seller withdraws the authorisation; in the end a person authorises the app anew and sets the new token."""
    place.shop.amazon.authorisations.withdraw("EU")
    yield
    renew(place)


@contextmanager
def without_role(place: Place) -> Iterator[None]:
    """Amazon takes Data Kiosk's role away; in the end it is back, and a person has authorised the app anew."""
    place.shop.amazon.roles.set("EU", "denied")
    yield
    place.shop.amazon.roles.set("EU", "granted")
    renew(place)


def renew(place: Place) -> None:
    """Authorise the app anew for an account, and set its new refresh token."""
    place.shop.amazon.authorisations.renew("EU")
    place.shop = place.shop.set()


@contextmanager
def marketplace_closed(place: Place) -> Iterator[None]:
    place.shop.amazon.closures.close("FR")
    yield
    place.shop.amazon.closures.reopen("FR")


@contextmanager
def no_slack(place: Place) -> Iterator[None]:
    place.slack.gone = True
    yield
    place.slack.gone = False


_TEN_MINUTES = timedelta(minutes=10)

BAD_THINGS: tuple[BadThing, ...] = (
    BadThing(
        name="Amazon is down for six hours from 02:00", begins="morning", touches="Amazon",
        what=amazon(Fault(kind="server_error", times=None)),
    ),
    BadThing(
        name="Amazon answers Europe with pages of HTML for two days", runs=4, touches="Amazon",
        what=amazon(Fault(kind="unavailable_html", account="EU", times=None)),
    ),
    BadThing(
        name="Amazon's answers are lost", runs=2, touches="Amazon",
        what=amazon(
            Fault(kind="reset_after", operation="createQuery", times=3),
            Fault(kind="lost_answer", operation="createQuery", times=3),
            Fault(kind="cut_body", times=2),
        ),
    ),
    BadThing(
        name="Amazon is slow, and gives some up", runs=2, touches="Amazon",
        what=amazon(Fault(kind="slow_report", hours=5, times=3), Fault(kind="fatal", times=3)),
    ),
    BadThing(
        name="Amazon throttles", runs=2, touches="Amazon", may_throttle=True,
        what=amazon(Fault(kind="throttled", operation="createQuery", times=12)),
    ),
    BadThing(
        name="a refresh token is revoked, and renewed by a person later", runs=7, needs_person=True, what=revoked,
        touches="Europe",
    ),
    BadThing(name="a role is removed and given back", runs=6, what=without_role, touches="Europe"),
    BadThing(name="a marketplace is closed, and open again later", runs=6, what=marketplace_closed, touches="Europe"),
    BadThing(name="the database can only be read", needs_person=True, what=read_only, touches="database"),
    BadThing(name="the database is full", runs=2, needs_person=True, what=full, touches="database"),
    BadThing(
        name="every connection is dropped in the middle of a load", runs=2, needs_person=True, what=cut,
        touches="database",
    ),
    BadThing(name="the database's name is not found", needs_person=True, what=no_database, touches="names"),
    BadThing(name="no name is found", what=no_names, touches="names"),
    BadThing(
        name="the clock is ten minutes ahead", runs=2, may_throttle=True, what=clock_wrong_by(_TEN_MINUTES),
        touches="clock",
    ),
    BadThing(
        name="the clock is ten minutes behind", runs=2, may_throttle=True, what=clock_wrong_by(-_TEN_MINUTES),
        touches="clock",
    ),
    # In the evening a day has settled, so that there is something to load.
    BadThing(name="the runner is killed in the middle of a load", begins="evening", what=killed, touches="database"),
    BadThing(name="it is killed again", begins="evening", what=killed, touches="database"),
    BadThing(name="Slack is gone", runs=3, what=no_slack, touches="Slack"),
)  # fmt: skip
