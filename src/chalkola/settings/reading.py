"""From the environment, or else from `.env` in the current folder, into one frozen value.

What is wrong is gathered and said in one message, each with the place where the right value is found.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values

from chalkola.clock import Clock, read_clock
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import CURRENCIES, MARKETPLACES, Marketplace, Region, marketplaces
from chalkola.quotas import Quota, read_quotas
from chalkola.schedule import USUAL, Schedule, read_schedule
from chalkola.settings.keeping import read_archive
from chalkola.settings.keys import wrong_with_key
from chalkola.settings.sign_in import GOOGLE, read_sign_in
from chalkola.settings.spreadsheets import spreadsheet_ids
from chalkola.settings.table import (
    AMAZON_ENDPOINTS,
    AMAZON_LOGIN,
    AUTHORISE,
    ECB_RATES,
    GOOGLE_SHEETS,
    SETTINGS,
    Setting,
)
from chalkola.settings.values import Account, Bucket, GitHubRun, Settings, Supabase, missing, raise_if_any

_LONGEST_KEPT_DAYS = 3650
_KEYS = "Supabase > Project Settings > API Keys"


def read_settings(environment: Mapping[str, str] | None = None, *, for_amazon: bool = False) -> Settings:
    """Return the settings in `environment` (default: the process's own over those in `.env`).

    Raises one `Fault` that names everything malformed, and with `for_amazon` everything missing for speaking to
    Amazon, and where to find the right value.
    """
    reading = _Reading(_given(environment))
    settings = reading.settings()
    raise_if_any([*reading.problems, *(missing(settings) if for_amazon else ())])
    return settings


def read_home(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of `CHALKOLA_HOME`, whatever is wrong with the other settings."""
    return _home(_given(environment))


def read_log_json(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether `CHALKOLA_LOG` asks for JSON, whatever is wrong with the other settings."""
    return _given(environment).get("CHALKOLA_LOG") == "json"


def read_step_summary(environment: Mapping[str, str] | None = None) -> Path | None:
    """Return where GitHub Actions wants its summary, whatever is wrong with the other settings."""
    return _step_summary(_given(environment))


def secret_values(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return what must never be printed or logged: the value of every secret setting, the password in an address too.

    A password that is no more than the name of the role, database or host beside it is none.
    """
    given = _given(environment)
    secret = [given[name] for name in given if any(_is_named(name, s) for s in SETTINGS if s.secret)]
    return (*secret, *filter(None, map(_password, secret)))


def given_names(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the names of the settings that are set, in the order of the table; nothing of their values."""
    given = sorted(_given(environment))
    return tuple(dict.fromkeys(name for setting in SETTINGS for name in given if _is_named(name, setting)))


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
        fx_rates_url = self._url("FX_RATES_URL", ECB_RATES, "could be changed on its way")
        supabase, github = self._supabase(), _github_run(self.given)
        sign_in, lacks = read_sign_in(self.given, self._url("GOOGLE_DISCOVERY_URL", GOOGLE), self._problem)
        return Settings(
            client_id=self.given.get("SP_LWA_CLIENT_ID", ""),
            client_secret=self.given.get("SP_LWA_CLIENT_SECRET", ""),
            login_url=login_url,
            fx_rates_url=fx_rates_url,
            accounts=accounts,
            database_url=self._database_url(),
            supabase=supabase,
            home=home,
            archive=self._archive(home, supabase, github),
            archive_kept=self._archive_kept(),
            marketplaces=self._marketplaces(),
            quotas=self._quotas(),
            open_queries=self._open_queries(),
            backfill_reserve=self._backfill_reserve(),
            calls_kept=self._calls_kept(),
            log_json=self._log_json(),
            secret_created=self._day("SP_SECRET_CREATED"),
            authorized=self._day("SP_AUTHORIZED"),
            slack_webhook_url=self.given.get("SLACK_WEBHOOK_URL", ""),
            smtp_url=self.given.get("SMTP_URL", ""),
            alert_email_to=self.given.get("ALERT_EMAIL_TO", ""),
            daily_digest=self._daily_digest(),
            google_service_account=self._path("GOOGLE_SERVICE_ACCOUNT_FILE"),
            spreadsheets=self._spreadsheets(),
            currency=self._currency(),
            sheets_endpoint=self._url("SHEETS_API_ENDPOINT", GOOGLE_SHEETS),
            schedule=self._schedule(),
            port=self._port(),
            sign_in=sign_in,
            sign_in_lacks=lacks,
            github=github,
            step_summary=_step_summary(self.given),
            repository_active=self._instant("CHALKOLA_REPOSITORY_ACTIVE"),
            clock=self._clock((login_url, fx_rates_url, *(a.endpoint for a in accounts))),
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
                f"SP_REFRESH_TOKEN_{key} contains a space or line break. Copy it again: {AUTHORISE}."
            )
        endpoint = self._url(f"SP_API_ENDPOINT_{region}", AMAZON_ENDPOINTS[region])
        return Account(key=key, region=region, endpoint=endpoint, refresh_token=token, only=only)

    def _url(self, name: str, default: str, danger: str = "would send your credentials unencrypted") -> str:
        value = self.given.get(name, default)
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            self._problem(f"{name}={value!r} is not an address like {default}.")
        elif parts.scheme == "http" and not _on_loopback(value):
            self._problem(f"{name}={value!r} {danger}. Use https.")
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

    def _supabase(self) -> Supabase | None:
        if not self.given.get("SUPABASE_URL"):
            return None
        url = self._url("SUPABASE_URL", "https://<project>.supabase.co").removesuffix("/rest/v1")
        key = self.given.get("SUPABASE_SERVICE_KEY")
        if key and (wrong := wrong_with_key(key)):
            self._problem(f"SUPABASE_SERVICE_KEY {wrong}. Copy the secret key from {_KEYS}.")
        return Supabase(url=url, key=key) if key else None

    def _archive(self, home: Path, supabase: Supabase | None, github: GitHubRun | None) -> Path | Bucket | None:
        try:
            kept = read_archive(self.given.get("CHALKOLA_ARCHIVE"), home, supabase, github)
        except ValueError as error:
            self._problem(f"CHALKOLA_ARCHIVE={self.given['CHALKOLA_ARCHIVE']!r}: {error}.")
            return None
        if isinstance(kept, Bucket) and supabase is None:
            self._problem(
                "CHALKOLA_ARCHIVE names a bucket, and SUPABASE_URL or SUPABASE_SERVICE_KEY is missing. Copy them from"
                f" {_KEYS}."
            )
        return kept

    def _archive_kept(self) -> timedelta | None:
        typed = self.given.get("CHALKOLA_ARCHIVE_KEPT_DAYS", "90")
        if typed == "forever":
            return None
        if typed.isdecimal() and 1 <= int(typed) <= _LONGEST_KEPT_DAYS:
            return timedelta(days=int(typed))
        self._problem(
            f"CHALKOLA_ARCHIVE_KEPT_DAYS: {typed!r} is neither a number of days from 1 to {_LONGEST_KEPT_DAYS} nor"
            " forever."
        )
        return timedelta(days=90)

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

    def _calls_kept(self) -> timedelta:
        typed = self.given.get("CHALKOLA_CALLS_KEPT_DAYS", "30")
        if typed.isdecimal() and int(typed) <= _LONGEST_KEPT_DAYS:
            return timedelta(days=int(typed))
        self._problem(f"CHALKOLA_CALLS_KEPT_DAYS: {typed!r} is not a number of days from 0 to {_LONGEST_KEPT_DAYS}.")
        return timedelta(days=30)

    def _log_json(self) -> bool:
        typed = self.given.get("CHALKOLA_LOG", "text")
        if typed not in ("text", "json"):
            self._problem(f"CHALKOLA_LOG: {typed!r} is neither text nor json.")
        return typed == "json"

    def _backfill_reserve(self) -> float:
        typed = self.given.get("CHALKOLA_BACKFILL_RESERVE", "25").removesuffix("%").strip()
        if typed.isdigit() and int(typed) <= 90:
            return int(typed) / 100
        self._problem(f"CHALKOLA_BACKFILL_RESERVE: {typed!r} is not a number of percent from 0 to 90.")
        return 0.25

    def _daily_digest(self) -> bool:
        typed = self.given.get("CHALKOLA_DIGEST", "off")
        if typed not in ("daily", "off"):
            self._problem(f"CHALKOLA_DIGEST={typed!r} is neither daily nor off.")
        return typed == "daily"

    def _path(self, name: str) -> Path | None:
        typed = self.given.get(name)
        return Path(typed).expanduser().resolve() if typed else None

    def _spreadsheets(self) -> tuple[str, ...]:
        try:
            return spreadsheet_ids([self.given.get("CHALKOLA_SHEETS", "")])
        except ChalkolaError as error:
            self._problem(f"CHALKOLA_SHEETS: {error}")
            return ()

    def _currency(self) -> str:
        typed = self.given.get("CHALKOLA_CURRENCY", "USD").upper()
        if typed not in CURRENCIES:
            self._problem(f"CHALKOLA_CURRENCY: there is no currency {typed!r} here; known: {', '.join(CURRENCIES)}.")
        return typed

    def _schedule(self) -> Schedule:
        typed = self.given.get("CHALKOLA_SCHEDULE")
        try:
            return read_schedule(typed) if typed else USUAL
        except ValueError as error:
            self._problem(f"CHALKOLA_SCHEDULE: {error}; write hours in UTC, like 02:00,19:17.")
            return USUAL

    def _port(self) -> int | None:
        """Other programs' variables are called PORT as well: one that is no port is none of ours."""
        typed = self.given.get("PORT", "")
        return int(typed) if typed.isdecimal() and 1 <= int(typed) <= 65535 else None

    def _day(self, name: str) -> date | None:
        typed = self.given.get(name)
        try:
            return date.fromisoformat(typed) if typed else None
        except ValueError:
            self._problem(f"{name}={typed!r} is not a day like 2026-11-20.")
            return None

    def _instant(self, name: str) -> datetime | None:
        typed = self.given.get(name)
        try:
            at = datetime.fromisoformat(typed) if typed else None
        except ValueError:
            at = None
        if typed and (at is None or at.tzinfo is None):
            self._problem(f"{name}={typed!r} is not an instant like 2026-11-20T02:00:00+00:00.")
            return None
        return at

    def _clock(self, addresses: tuple[str, ...]) -> Clock:
        start, speed = self.given.get("CHALKOLA_CLOCK_START"), self.given.get("CHALKOLA_CLOCK_SPEED")
        if (start or speed) and not all(_on_loopback(address) for address in addresses):
            self._problem(
                "CHALKOLA_CLOCK_START and CHALKOLA_CLOCK_SPEED are for the simulator only, "
                "and a real address (Amazon's, or FX_RATES_URL) is set or left at its default. Remove both."
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


def _github_run(given: Mapping[str, str]) -> GitHubRun | None:
    """Return where a run of GitHub Actions can be seen; docs.github.com/actions names the variables."""
    server, repository, run = (given.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if not (server.startswith("https://") and repository and run.isdigit()):
        return None
    home = f"{server.rstrip('/')}/{repository}"
    # owner/name/.github/workflows/daily-pull.yml@refs/heads/main
    file = given.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
    this = f"{home}/actions/runs/{run}"
    return GitHubRun(
        run=this, workflow=f"{home}/actions/workflows/{file}" if file else this, docs=f"{home}/blob/HEAD/docs/",
        is_hosted=given.get("RUNNER_ENVIRONMENT") == "github-hosted",
    )  # fmt: skip


def _step_summary(given: Mapping[str, str]) -> Path | None:
    path = given.get("GITHUB_STEP_SUMMARY")
    return Path(path) if path else None


def _is_named(name: str, setting: Setting) -> bool:
    stem, open_ended, _ = setting.name.partition("<")
    return name.startswith(stem) if open_ended else name == stem


def _password(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        named = (parts.username, parts.path.strip("/"), parts.hostname)
        return parts.password if parts.password not in named else None
    except ValueError:
        return None


def _on_loopback(address: str) -> bool:
    return urlsplit(address).hostname in ("127.0.0.1", "localhost", "::1")
