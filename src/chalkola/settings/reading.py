"""From the environment, or else from `.env` in the current folder, into one frozen value.

What is wrong is gathered and said in one message, each with the place where the right value is found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from chalkola.clock import Clock, read_clock
from chalkola.errors import ChalkolaError
from chalkola.marketplaces import CURRENCIES, MARKETPLACES, Marketplace, Region, marketplaces
from chalkola.quotas import Quota, read_quotas
from chalkola.schedule import USUAL, Schedule, read_schedule
from chalkola.settings.given import github_run_in, given_in, home_in, step_summary_in
from chalkola.settings.keeping import read_archive
from chalkola.settings.keys import wrong_with_key
from chalkola.settings.sign_in import GOOGLE, read_sign_in
from chalkola.settings.spreadsheets import spreadsheet_ids
from chalkola.settings.table import AMAZON_ENDPOINTS, AMAZON_LOGIN, AUTHORISE, ECB_RATES, GOOGLE_SHEETS
from chalkola.settings.typed import Typed, on_loopback
from chalkola.settings.values import Account, Bucket, GitHubRun, Settings, Supabase, missing, raise_if_any

_LONGEST_KEPT_DAYS = 3650
_KEYS = "Supabase > Project Settings > API Keys"


def read_settings(environment: Mapping[str, str] | None = None, *, for_amazon: bool = False) -> Settings:
    """Return the settings in `environment` (default: the process's own over those in `.env`).

    Raises one `Fault` that names everything malformed, and with `for_amazon` everything missing for speaking to
    Amazon, and where to find the right value.
    """
    typed = Typed(given_in(environment))
    settings = _Reading(typed).settings()
    raise_if_any([*typed.problems, *(missing(settings) if for_amazon else ())])
    return settings


@dataclass
class _Reading:
    """One pass over all settings."""

    typed: Typed

    def settings(self) -> Settings:
        home = home_in(self._given)
        accounts = tuple(self._accounts())
        login_url = self.typed.address("LWA_TOKEN_URL", AMAZON_LOGIN)
        fx_rates_url = self.typed.address("FX_RATES_URL", ECB_RATES, "could be changed on its way")
        supabase, github = self._supabase(), github_run_in(self._given)
        sign_in, lacks = read_sign_in(
            self._given, self.typed.address("GOOGLE_DISCOVERY_URL", GOOGLE), self.typed.problem
        )
        return Settings(
            client_id=self.typed.text("SP_LWA_CLIENT_ID"),
            client_secret=self.typed.text("SP_LWA_CLIENT_SECRET"),
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
            open_queries=self.typed.number("CHALKOLA_OPEN_QUERIES", 3, 1, 100),
            backfill_reserve=self.typed.number("CHALKOLA_BACKFILL_RESERVE", 25, 0, 90, unit="percent") / 100,
            calls_kept=timedelta(
                days=self.typed.number("CHALKOLA_CALLS_KEPT_DAYS", 30, 0, _LONGEST_KEPT_DAYS, unit="days")
            ),
            log_json=self._log_json(),
            secret_created=self.typed.day("SP_SECRET_CREATED"),
            authorized=self.typed.day("SP_AUTHORIZED"),
            slack_webhook_url=self.typed.text("SLACK_WEBHOOK_URL"),
            smtp_url=self.typed.text("SMTP_URL"),
            alert_email_to=self.typed.text("ALERT_EMAIL_TO"),
            daily_digest=self._daily_digest(),
            google_service_account=self.typed.path("GOOGLE_SERVICE_ACCOUNT_FILE"),
            spreadsheets=self._spreadsheets(),
            currency=self._currency(),
            sheets_endpoint=self.typed.address("SHEETS_API_ENDPOINT", GOOGLE_SHEETS),
            schedule=self._schedule(),
            port=self._port(),
            sign_in=sign_in,
            sign_in_lacks=lacks,
            github=github,
            step_summary=step_summary_in(self._given),
            repository_active=self.typed.instant("CHALKOLA_REPOSITORY_ACTIVE"),
            clock=self._clock((login_url, fx_rates_url, *(a.endpoint for a in accounts))),
        )

    def _accounts(self) -> list[Account]:
        accounts = []
        for region in Region:
            if token := self._given.get(f"SP_REFRESH_TOKEN_{region}"):
                accounts.append(self._account(region.value, region, token, None))
        for m in MARKETPLACES:
            for spelling in (m.code, *m.spellings):
                if token := self._given.get(f"SP_REFRESH_TOKEN_{spelling}"):
                    accounts.append(self._account(m.code, m.region, token, m))
                    break
        return accounts

    def _account(self, key: str, region: Region, token: str, only: Marketplace | None) -> Account:
        if any(c.isspace() for c in token):
            self.typed.problem(f"SP_REFRESH_TOKEN_{key} contains a space or line break. Copy it again: {AUTHORISE}.")
        endpoint = self.typed.address(f"SP_API_ENDPOINT_{region}", AMAZON_ENDPOINTS[region])
        return Account(key=key, region=region, endpoint=endpoint, refresh_token=token, only=only)

    def _database_url(self) -> str | None:
        url = self._given.get("DATABASE_URL")
        if url and not url.startswith(("postgresql://", "postgres://")):
            self.typed.problem(
                "DATABASE_URL does not begin with postgresql://. Copy it from Supabase > Connect > Session pooler."
            )
        return url

    def _supabase(self) -> Supabase | None:
        if not self._given.get("SUPABASE_URL"):
            return None
        url = self.typed.address("SUPABASE_URL", "https://<project>.supabase.co").removesuffix("/rest/v1")
        key = self._given.get("SUPABASE_SERVICE_KEY")
        if key and (wrong := wrong_with_key(key)):
            self.typed.problem(f"SUPABASE_SERVICE_KEY {wrong}. Copy the secret key from {_KEYS}.")
        return Supabase(url=url, key=key) if key else None

    def _archive(self, home: Path, supabase: Supabase | None, github: GitHubRun | None) -> Path | Bucket | None:
        try:
            kept = read_archive(self._given.get("CHALKOLA_ARCHIVE"), home, supabase, github)
        except ValueError as error:
            self.typed.problem(f"CHALKOLA_ARCHIVE={self._given['CHALKOLA_ARCHIVE']!r}: {error}.")
            return None
        if isinstance(kept, Bucket) and supabase is None:
            self.typed.problem(
                "CHALKOLA_ARCHIVE names a bucket, and SUPABASE_URL or SUPABASE_SERVICE_KEY is missing. Copy them from"
                f" {_KEYS}."
            )
        return kept

    def _archive_kept(self) -> timedelta | None:
        typed = self._given.get("CHALKOLA_ARCHIVE_KEPT_DAYS", "90")
        if typed == "forever":
            return None
        if typed.isdecimal() and 1 <= int(typed) <= _LONGEST_KEPT_DAYS:
            return timedelta(days=int(typed))
        self.typed.problem(
            f"CHALKOLA_ARCHIVE_KEPT_DAYS: {typed!r} is neither a number of days from 1 to {_LONGEST_KEPT_DAYS} nor"
            " forever."
        )
        return timedelta(days=90)

    def _marketplaces(self) -> tuple[Marketplace, ...]:
        try:
            return marketplaces([self.typed.text("CHALKOLA_MARKETPLACES")])
        except ChalkolaError as error:
            self.typed.problem(f"CHALKOLA_MARKETPLACES: {error}")
            return ()

    def _quotas(self) -> Mapping[str, Quota]:
        try:
            return read_quotas(self.typed.text("CHALKOLA_QUOTAS"))
        except ValueError as error:
            self.typed.problem(f"CHALKOLA_QUOTAS: {error}.")
            return {}

    def _log_json(self) -> bool:
        typed = self._given.get("CHALKOLA_LOG", "text")
        if typed not in ("text", "json"):
            self.typed.problem(f"CHALKOLA_LOG: {typed!r} is neither text nor json.")
        return typed == "json"

    def _daily_digest(self) -> bool:
        typed = self._given.get("CHALKOLA_DIGEST", "off")
        if typed not in ("daily", "off"):
            self.typed.problem(f"CHALKOLA_DIGEST={typed!r} is neither daily nor off.")
        return typed == "daily"

    def _spreadsheets(self) -> tuple[str, ...]:
        try:
            return spreadsheet_ids([self.typed.text("CHALKOLA_SHEETS")])
        except ChalkolaError as error:
            self.typed.problem(f"CHALKOLA_SHEETS: {error}")
            return ()

    def _currency(self) -> str:
        typed = self._given.get("CHALKOLA_CURRENCY", "USD").upper()
        if typed not in CURRENCIES:
            self.typed.problem(
                f"CHALKOLA_CURRENCY: there is no currency {typed!r} here; known: {', '.join(CURRENCIES)}."
            )
        return typed

    def _schedule(self) -> Schedule:
        typed = self._given.get("CHALKOLA_SCHEDULE")
        try:
            return read_schedule(typed) if typed else USUAL
        except ValueError as error:
            self.typed.problem(f"CHALKOLA_SCHEDULE: {error}; write hours in UTC, like 02:00,19:17.")
            return USUAL

    def _port(self) -> int | None:
        """Other programs' variables are called PORT as well: one that is no port is none of ours."""
        typed = self.typed.text("PORT")
        return int(typed) if typed.isdecimal() and 1 <= int(typed) <= 65535 else None

    def _clock(self, addresses: tuple[str, ...]) -> Clock:
        start, speed = self._given.get("CHALKOLA_CLOCK_START"), self._given.get("CHALKOLA_CLOCK_SPEED")
        if (start or speed) and not all(on_loopback(address) for address in addresses):
            self.typed.problem(
                "CHALKOLA_CLOCK_START and CHALKOLA_CLOCK_SPEED are for the simulator only, "
                "and a real address (Amazon's, or FX_RATES_URL) is set or left at its default. Remove both."
            )
            start = speed = None
        try:
            return read_clock(start=start, speed=speed)
        except ChalkolaError as error:
            self.typed.problem(str(error))
            return read_clock(start=None, speed=None)

    @property
    def _given(self) -> Mapping[str, str]:
        return self.typed.given
