"""What the settings are once they are read and checked: frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from chalkola.clock import Clock
from chalkola.errors import Fault
from chalkola.marketplaces import Marketplace, Region
from chalkola.quotas import Quota
from chalkola.schedule import USUAL, Schedule
from chalkola.settings.sign_in import SignIn
from chalkola.settings.table import AMAZON_LOGIN, AUTHORISE, ECB_RATES, GOOGLE_SHEETS, SETTINGS, Setting


@dataclass(frozen=True, kw_only=True)
class Account:
    """What one refresh token opens. `key` is the setting's suffix: NA, EU, FE or a marketplace's code."""

    key: str
    region: Region | None
    """None: it is nobody's account."""
    endpoint: str = ""
    refresh_token: str = field(default="", repr=False)
    only: Marketplace | None = None
    """The one marketplace of an account that is keyed by a marketplace; None for a region's account."""


PUBLIC = Account(key="public", region=None)
"""Stands for an account where none is needed: what is asked for is open to everybody."""


@dataclass(frozen=True, kw_only=True)
class GitHubRun:
    """The run of GitHub Actions that we are in: addresses to open. GitHub sets what they are made from."""

    run: str
    workflow: str
    """Where it can be started again."""
    docs: str
    """The folder of the pages; a page's name is put after it."""
    is_hosted: bool = False
    """Whether the machine is GitHub's own, whose disk is gone when the run is over."""


@dataclass(frozen=True, kw_only=True)
class Supabase:
    """A project at Supabase, by its address (without a slash at the end) and its secret key."""

    url: str
    key: str = field(repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return what a request to one of its APIs carries. The newer keys are no JWT and go as `apikey` alone
        (supabase.com/docs/guides/api/api-keys); the older one is given in both ways, as Supabase's own clients do."""
        older = {"authorization": f"Bearer {self.key}"} if self.key.startswith("eyJ") else {}
        return {"apikey": self.key, **older}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A bucket of the project's Storage."""

    name: str

    def __str__(self) -> str:
        return f"the bucket {self.name} of Supabase Storage"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a person can set, read and checked."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    login_url: str = AMAZON_LOGIN
    fx_rates_url: str = ECB_RATES
    accounts: tuple[Account, ...] = ()
    database_url: str | None = field(default=None, repr=False)
    supabase: Supabase | None = None
    """None unless both its address and its key are set."""
    home: Path
    archive: Path | Bucket | None
    """None: Amazon's documents are not kept."""
    archive_kept: timedelta | None = timedelta(days=90)
    """How long they are kept; None: for ever."""
    marketplaces: tuple[Marketplace, ...] = ()
    """The marketplaces asked for; empty means every one that a token opens."""
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    open_queries: int = 3
    """Questions of a kind that an account may have under way; Amazon publishes no number."""
    calls_kept: timedelta = timedelta(days=30)
    """How long calls to Amazon are kept; zero: none are written down."""
    log_json: bool = False
    backfill_reserve: float = 0.25
    """The share of Amazon's quotas that a backfill leaves to the nightly pull."""
    secret_created: date | None = None
    authorized: date | None = None
    slack_webhook_url: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    alert_email_to: str = ""
    daily_digest: bool = False
    google_service_account: Path | None = None
    """The file of the key that spreadsheets are written with."""
    spreadsheets: tuple[str, ...] = ()
    """Google's ids of the spreadsheets to fill."""
    currency: str = "USD"
    """Of all marketplaces together, in spreadsheets."""
    sheets_endpoint: str = GOOGLE_SHEETS
    schedule: Schedule = USUAL
    """When a process that stays pulls."""
    port: int | None = None
    """Where such a process is to answer how it is; None: nowhere."""
    sign_in: SignIn | None = None
    """How people sign in to the pages of `chalkola serve`; None: they do not."""
    sign_in_lacks: tuple[str, ...] = ()
    """What is missing of it, in sentences, where a part is set."""
    github: GitHubRun | None = None
    """None outside of GitHub Actions."""
    step_summary: Path | None = None
    """Where GitHub Actions wants what it shows on the run's page; None elsewhere."""
    repository_active: datetime | None = None
    """When the repository of the schedules was last changed; None where nobody said so."""
    clock: Clock

    @property
    def is_embedded(self) -> bool:
        """Return whether the database is the one on this machine's disk."""
        return not self.database_url and not self.supabase

    def require_amazon(self) -> None:
        """Raise `Fault` naming everything that is missing for speaking to Amazon; return when nothing is."""
        raise_if_any(missing(self))


_ATTRIBUTES = {"SP_LWA_CLIENT_ID": "client_id", "SP_LWA_CLIENT_SECRET": "client_secret"}


def missing(settings: Settings) -> list[str]:
    """Return what is missing for speaking to Amazon, in sentences; empty for nothing."""
    lacking = [s for s in SETTINGS[:2] if not getattr(settings, _ATTRIBUTES[s.name])]
    problems = [f"{s.name} is missing: {s.meaning}. {_where(s)}" for s in lacking]
    if not settings.accounts:
        problems.append(f"No SP_REFRESH_TOKEN_NA, _EU or _FE is set: the refresh tokens. Find them at {AUTHORISE}.")
    if settings.github and settings.github.is_hosted and settings.is_embedded:
        problems.append(
            "DATABASE_URL is missing, and a machine of GitHub's forgets what is on its disk. Copy it from"
            " Supabase > Connect > Session pooler; SUPABASE_URL with SUPABASE_SERVICE_KEY will do, more slowly."
        )
    return problems


def raise_if_any(problems: list[str]) -> None:
    """Raise one `Fault` that names all of the problems; return when there is none."""
    if problems:
        listed = "\n".join(f"  - {problem}" for problem in problems)
        raise Fault(
            f"Settings need attention:\n{listed}\n",
            remedy="Correct them in the environment or in .env; .env.example lists them all.",
        )


def _where(setting: Setting) -> str:
    return f"Find it at {setting.found_at}." if setting.found_at else ""
