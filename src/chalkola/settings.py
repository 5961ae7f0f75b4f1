"""Settings: one table, read once into one frozen value. Nothing else reads the environment.

A value comes from the environment or else from `.env` in the current folder. What is wrong is gathered and said in
one message, each with the place where the right value is found.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values

from chalkola.clock import Clock, read_clock
from chalkola.errors import ChalkolaError, Fault
from chalkola.marketplaces import MARKETPLACES, Marketplace, Region, marketplaces
from chalkola.quotas import Quota, read_quotas

AMAZON_ENDPOINTS = {
    Region.NA: "https://sellingpartnerapi-na.amazon.com",
    Region.EU: "https://sellingpartnerapi-eu.amazon.com",
    Region.FE: "https://sellingpartnerapi-fe.amazon.com",
}
AMAZON_LOGIN = "https://api.amazon.com/auth/o2/token"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One line of the table: its name, what it means, and where a person finds its value."""

    name: str
    meaning: str
    found_at: str = ""
    secret: bool = False


def _per_region(name: str, meaning: str, found_at: str = "", *, secret: bool = False) -> list[Setting]:
    return [Setting(name=f"{name}_{r}", meaning=f"{meaning} ({r})", found_at=found_at, secret=secret) for r in Region]


_APP = "Seller Central > Apps and Services > Develop Apps > your app > LWA credentials"
_AUTHORISE = "Seller Central > Apps and Services > Develop Apps > your app > Authorize"

SETTINGS: tuple[Setting, ...] = (
    Setting(name="SP_LWA_CLIENT_ID", meaning="Login with Amazon client id", found_at=_APP),
    Setting(name="SP_LWA_CLIENT_SECRET", meaning="Login with Amazon secret", found_at=_APP, secret=True),
    *_per_region("SP_REFRESH_TOKEN", "refresh token of the seller account", _AUTHORISE, secret=True),
    Setting(
        name="SP_REFRESH_TOKEN_<CODE>",
        meaning="refresh token of a marketplace that is a seller account of its own, as AE or BR often are",
        found_at=_AUTHORISE,
        secret=True,
    ),
    *_per_region("SP_API_ENDPOINT", "address of Amazon's API; default Amazon's own"),
    Setting(name="LWA_TOKEN_URL", meaning="address of Login with Amazon; default Amazon's own"),
    Setting(
        name="SP_SECRET_CREATED",
        meaning="day on which the secret was made, e.g. 2026-11-20: `doctor` warns before Amazon ends it",
        found_at=_APP,
    ),
    Setting(
        name="SP_AUTHORIZED",
        meaning="day on which the app was authorised, e.g. 2026-11-20: `doctor` warns before that is a year ago",
        found_at=_AUTHORISE,
    ),
    Setting(
        name="DATABASE_URL",
        meaning="PostgreSQL to keep the data in; default: an embedded one in CHALKOLA_HOME",
        found_at="Supabase > Connect > Session pooler",
        secret=True,
    ),
    Setting(name="CHALKOLA_HOME", meaning="folder of the embedded database and of the archive"),
    Setting(
        name="CHALKOLA_ARCHIVE",
        meaning="where Amazon's documents are kept: a folder, or `off`; default: archive/ in CHALKOLA_HOME",
    ),
    Setting(name="CHALKOLA_MARKETPLACES", meaning="codes, e.g. US,DE,JP; default: every one a token opens"),
    Setting(
        name="CHALKOLA_QUOTAS",
        meaning="overrides, e.g. sales_and_traffic.report=3/5min,daily=864,scope=account",
    ),
    Setting(
        name="CHALKOLA_OPEN_QUERIES",
        meaning="Data Kiosk queries of a kind that an account may have under way at once; default: 3",
    ),
    Setting(
        name="SLACK_WEBHOOK_URL",
        meaning="where alerts are to go in Slack",
        found_at="api.slack.com > Your Apps > your app > Incoming Webhooks",
        secret=True,
    ),
    Setting(name="SMTP_URL", meaning="mail server for alerts, e.g. smtp://user:password@host:587", secret=True),
    Setting(name="ALERT_EMAIL_TO", meaning="who gets alerts by mail"),
    Setting(name="CHALKOLA_CLOCK_SPEED", meaning="simulation only: how much faster Amazon's time runs"),
    Setting(name="CHALKOLA_CLOCK_START", meaning="simulation only: 2026-11-20T02:00:00Z@1764000000.0"),
)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What one refresh token opens. `key` is the setting's suffix: NA, EU, FE or a marketplace's code."""

    key: str
    region: Region
    endpoint: str
    refresh_token: str = field(repr=False)
    only: Marketplace | None = None
    """The one marketplace of an account that is keyed by a marketplace; None for a region's account."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a person can set, read and checked."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    login_url: str = AMAZON_LOGIN
    accounts: tuple[Account, ...] = ()
    database_url: str | None = field(default=None, repr=False)
    home: Path
    archive: Path | None
    marketplaces: tuple[Marketplace, ...] = ()
    """The marketplaces asked for; empty means every one that a token opens."""
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    open_queries: int = 3
    """Questions of a kind that an account may have under way; Amazon publishes no number."""
    secret_created: date | None = None
    authorized: date | None = None
    slack_webhook_url: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    alert_email_to: str = ""
    clock: Clock

    def require_amazon(self) -> None:
        """Raise `Fault` naming everything that is missing for speaking to Amazon; return when nothing is."""
        _raise_if_any(_missing(self))


_ATTRIBUTES = {"SP_LWA_CLIENT_ID": "client_id", "SP_LWA_CLIENT_SECRET": "client_secret"}


def read_settings(environment: Mapping[str, str] | None = None, *, for_amazon: bool = False) -> Settings:
    """Return the settings in `environment` (default: the process's own over those in `.env`).

    Raises one `Fault` that names everything malformed, and with `for_amazon` everything missing for speaking to
    Amazon, and where to find the right value.
    """
    reading = _Reading(_given(environment))
    settings = reading.settings()
    _raise_if_any([*reading.problems, *(_missing(settings) if for_amazon else ())])
    return settings


def read_home(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of `CHALKOLA_HOME`, whatever is wrong with the other settings."""
    return _home(_given(environment))


def secret_values(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what must never be logged: the value of every secret setting, the password in an address too."""
    given = _given(environment)
    secret = [given[name] for name in given if any(_is_named(name, s) for s in SETTINGS if s.secret)]
    return (*secret, *filter(None, map(_password, secret)))


def _environment() -> dict[str, str]:
    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}


@dataclass
class _Reading:
    """One pass over the values; what is wrong piles up in `problems`."""

    given: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def settings(self) -> Settings:
        home = _home(self.given)
        accounts = tuple(self._accounts())
        login_url = self._url("LWA_TOKEN_URL", AMAZON_LOGIN)
        return Settings(
            client_id=self.given.get("SP_LWA_CLIENT_ID", ""),
            client_secret=self.given.get("SP_LWA_CLIENT_SECRET", ""),
            login_url=login_url,
            accounts=accounts,
            database_url=self._database_url(),
            home=home,
            archive=self._archive(home),
            marketplaces=self._marketplaces(),
            quotas=self._quotas(),
            open_queries=self._open_queries(),
            secret_created=self._day("SP_SECRET_CREATED"),
            authorized=self._day("SP_AUTHORIZED"),
            slack_webhook_url=self.given.get("SLACK_WEBHOOK_URL", ""),
            smtp_url=self.given.get("SMTP_URL", ""),
            alert_email_to=self.given.get("ALERT_EMAIL_TO", ""),
            clock=self._clock((login_url, *(a.endpoint for a in accounts))),
        )

    def _accounts(self) -> list[Account]:
        accounts = []
        for region in Region:
            if token := self.given.get(f"SP_REFRESH_TOKEN_{region}"):
                accounts.append(self._account(region.value, region, token, None))
        for m in MARKETPLACES:
            for spelling in (m.code, *m.spellings):
                if token := self.given.get(f"SP_REFRESH_TOKEN_{spelling}"):
                    accounts.append(self._account(m.code, m.region, token, m))
                    break
        return accounts

    def _account(self, key: str, region: Region, token: str, only: Marketplace | None) -> Account:
        if any(c.isspace() for c in token):
            self.problems.append(
                f"SP_REFRESH_TOKEN_{key} contains a space or line break. Copy it again: {_AUTHORISE}."
            )
        endpoint = self._url(f"SP_API_ENDPOINT_{region}", AMAZON_ENDPOINTS[region])
        return Account(key=key, region=region, endpoint=endpoint, refresh_token=token, only=only)

    def _url(self, name: str, default: str) -> str:
        value = self.given.get(name, default)
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._problem(f"{name}={value!r} is not an address like {default}.")
        elif parts.scheme == "http" and not _on_loopback(value):
            self._problem(f"{name}={value!r} would send your credentials unencrypted. Use https.")
        return value.rstrip("/")

    def _problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    def _database_url(self) -> str | None:
        url = self.given.get("DATABASE_URL")
        if url and not url.startswith(("postgresql://", "postgres://")):
            self._problem(
                "DATABASE_URL does not begin with postgresql://. Copy it from Supabase > Connect > Session pooler."
            )
        return url

    def _archive(self, home: Path) -> Path | None:
        match self.given.get("CHALKOLA_ARCHIVE"):
            case None:
                return home / "archive"
            case "off":
                return None
            case kept if kept.startswith("supabase:"):
                self._problem(
                    f"CHALKOLA_ARCHIVE={kept!r}: Supabase Storage comes with a later version. "
                    "Name a folder, or write off."
                )
                return None
            case folder:
                return Path(folder).expanduser().resolve()

    def _marketplaces(self) -> tuple[Marketplace, ...]:
        try:
            return marketplaces([self.given.get("CHALKOLA_MARKETPLACES", "")])
        except ChalkolaError as error:
            self._problem(f"CHALKOLA_MARKETPLACES: {error}")
            return ()

    def _quotas(self) -> Mapping[str, Quota]:
        try:
            return read_quotas(self.given.get("CHALKOLA_QUOTAS", ""))
        except ValueError as error:
            self._problem(f"CHALKOLA_QUOTAS: {error}.")
            return {}

    def _open_queries(self) -> int:
        typed = self.given.get("CHALKOLA_OPEN_QUERIES", "3")
        if typed.isdigit() and 1 <= int(typed) <= 100:
            return int(typed)
        self._problem(f"CHALKOLA_OPEN_QUERIES: {typed!r} is not a number from 1 to 100.")
        return 3

    def _day(self, name: str) -> date | None:
        typed = self.given.get(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self._problem(f"{name}={typed!r} is not a day like 2026-11-20.")
            return None

    def _clock(self, addresses: tuple[str, ...]) -> Clock:
        start, speed = self.given.get("CHALKOLA_CLOCK_START"), self.given.get("CHALKOLA_CLOCK_SPEED")
        if (start or speed) and not all(_on_loopback(address) for address in addresses):
            self._problem(
                "CHALKOLA_CLOCK_START and CHALKOLA_CLOCK_SPEED are for the simulator only, "
                "and an address of Amazon's is set or left at its default. Remove both."
            )
            start = speed = None
        try:
            return read_clock(start=start, speed=speed)
        except ChalkolaError as error:
            self._problem(str(error))
            return read_clock(start=None, speed=None)


def _given(environment: Mapping[str, str] | None) -> Mapping[str, str]:
    given = _environment() if environment is None else environment
    return {name: value.strip() for name, value in given.items() if value.strip()}


def _home(given: Mapping[str, str]) -> Path:
    home = given.get("CHALKOLA_HOME") or platformdirs.user_data_path("chalkola")
    return Path(home).expanduser().resolve()


def _missing(settings: Settings) -> list[str]:
    missing = [s for s in SETTINGS[:2] if not getattr(settings, _ATTRIBUTES[s.name])]
    problems = [f"{s.name} is missing: {s.meaning}. {_where(s)}" for s in missing]
    if not settings.accounts:
        problems.append(f"No SP_REFRESH_TOKEN_NA, _EU or _FE is set: the refresh tokens. Find them at {_AUTHORISE}.")
    return problems


def _is_named(name: str, setting: Setting) -> bool:
    stem, open_ended, _ = setting.name.partition("<")
    return name.startswith(stem) if open_ended else name == stem


def _password(value: str) -> str | None:
    try:
        return urlsplit(value).password
    except ValueError:
        return None


def _on_loopback(address: str) -> bool:
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")


def _where(setting: Setting) -> str:
    return f"Find it at {setting.found_at}." if setting.found_at else ""


def _raise_if_any(problems: list[str]) -> None:
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise Fault(
            f"Settings need attention:\n{listed}\n",
            remedy="Correct them in the environment or in .env; .env.example lists them all.",
        )
