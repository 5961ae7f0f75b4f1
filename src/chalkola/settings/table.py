"""Every setting: its name, what it means, and where a person finds its value."""

from dataclasses import dataclass

from chalkola.marketplaces import Region

AMAZON_ENDPOINTS = {
    Region.NA: "https://sellingpartnerapi-na.amazon.com",
    Region.EU: "https://sellingpartnerapi-eu.amazon.com",
    Region.FE: "https://sellingpartnerapi-fe.amazon.com",
}
AMAZON_LOGIN = "https://api.amazon.com/auth/o2/token"
GOOGLE_SHEETS = "https://sheets.googleapis.com"
ECB_RATES = "https://www.ecb.europa.eu/stats/eurofxref"


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
_GOOGLE = "Google Cloud Console > APIs & Services > Credentials > your OAuth client"
AUTHORISE = "Seller Central > Apps and Services > Develop Apps > your app > Authorize"

SETTINGS: tuple[Setting, ...] = (
    Setting(name="SP_LWA_CLIENT_ID", meaning="Login with Amazon client id", found_at=_APP),
    Setting(name="SP_LWA_CLIENT_SECRET", meaning="Login with Amazon secret", found_at=_APP, secret=True),
    *_per_region("SP_REFRESH_TOKEN", "refresh token of the seller account", AUTHORISE, secret=True),
    Setting(
        name="SP_REFRESH_TOKEN_<CODE>",
        meaning="refresh token of a marketplace that is a seller account of its own, as AE or BR often are",
        found_at=AUTHORISE,
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
        found_at=AUTHORISE,
    ),
    Setting(
        name="DATABASE_URL",
        meaning="PostgreSQL to keep the data in; default: Supabase's API where that is set, else an embedded one in"
        " CHALKOLA_HOME",
        found_at="Supabase > Connect > Session pooler",
        secret=True,
    ),
    Setting(
        name="SUPABASE_URL",
        meaning="address of the Supabase project, https://<project>.supabase.co",
        found_at="Supabase > Project Settings > Data API",
    ),
    Setting(
        name="SUPABASE_SERVICE_KEY",
        meaning="secret key of that project: sb_secret_…, or the older service_role key, eyJ…",
        found_at="Supabase > Project Settings > API Keys",
        secret=True,
    ),
    Setting(name="CHALKOLA_HOME", meaning="folder of the embedded database and of the archive"),
    Setting(
        name="CHALKOLA_ARCHIVE",
        meaning="where Amazon's documents are kept: a folder, supabase:<bucket>, or `off`; default: archive/ in "
        "CHALKOLA_HOME; on a machine of GitHub's the bucket chalkola if the two keys of Supabase are set, else `off`",
    ),
    Setting(
        name="CHALKOLA_ARCHIVE_KEPT_DAYS",
        meaning="days for which these documents are kept, or `forever`; default: 90",
    ),
    Setting(name="CHALKOLA_MARKETPLACES", meaning="codes, e.g. US,DE,JP; default: every one a token opens"),
    Setting(
        name="CHALKOLA_QUOTAS",
        meaning="overrides, e.g. sales_and_traffic.report=3/5min,daily=864,scope=account",
    ),
    Setting(
        name="FX_RATES_URL",
        meaning="folder of the euro's reference rates (eurofxref-daily.xml and others); default the European Central "
        "Bank's",
    ),
    Setting(
        name="CHALKOLA_OPEN_QUERIES",
        meaning="Data Kiosk queries of a kind that an account may have under way at once; default: 3",
    ),
    Setting(
        name="CHALKOLA_CALLS_KEPT_DAYS",
        meaning="days for which calls to Amazon are kept, for `chalkola calls`; default: 30; 0: none are kept",
    ),
    Setting(
        name="CHALKOLA_LOG",
        meaning="`json`: where nobody looks, a run says what happens in JSON, an object a line; default: `text`",
    ),
    Setting(
        name="CHALKOLA_BACKFILL_RESERVE",
        meaning="percent of Amazon's quotas that a backfill leaves to the nightly pull; default: 25",
    ),
    Setting(
        name="SLACK_WEBHOOK_URL",
        meaning="where alerts are to go in Slack",
        found_at="api.slack.com > Your Apps > your app > Incoming Webhooks",
        secret=True,
    ),
    Setting(
        name="SMTP_URL",
        meaning="mail server for alerts: smtp://user:password@host:587 (STARTTLS) or smtps://; ?from= says who sends",
        secret=True,
    ),
    Setting(name="ALERT_EMAIL_TO", meaning="who gets alerts by mail; several with commas between them"),
    Setting(
        name="CHALKOLA_DIGEST",
        meaning="`daily`: each morning the newest day against the same weekday a week before; default: off",
    ),
    Setting(
        name="GOOGLE_SERVICE_ACCOUNT_FILE",
        meaning="key of the service account that `chalkola sheets push` writes with, a JSON file",
        found_at="Google Cloud > IAM & Admin > Service accounts > your account > Keys",
    ),
    Setting(
        name="CHALKOLA_SHEETS",
        meaning="addresses or ids of the spreadsheets that `chalkola sheets push` fills; several with commas between",
    ),
    Setting(
        name="CHALKOLA_CURRENCY",
        meaning="currency of all marketplaces together in spreadsheets; default: USD",
    ),
    Setting(name="SHEETS_API_ENDPOINT", meaning="address of Google's Sheets API; default Google's own"),
    Setting(
        name="CHALKOLA_SCHEDULE",
        meaning="hours in UTC at which `chalkola run` pulls; default: 02:00,19:17",
    ),
    Setting(
        name="PORT",
        meaning="set by Railway and others: the port of `chalkola serve` (default: 8800) and of `chalkola run` for "
        "GET /health (default: none)",
    ),
    Setting(
        name="GOOGLE_CLIENT_ID",
        meaning="client id with which people sign in to the pages of `chalkola serve`",
        found_at=_GOOGLE,
    ),
    Setting(name="GOOGLE_CLIENT_SECRET", meaning="secret of that client", found_at=_GOOGLE, secret=True),
    Setting(name="GOOGLE_DISCOVERY_URL", meaning="where Google says how to sign in; default Google's own"),
    Setting(
        name="ALLOWED_EMAIL_DOMAIN",
        meaning="domain of the addresses that are let in, e.g. example.com; several with commas between them",
    ),
    Setting(
        name="SESSION_SECRET",
        meaning="32 characters or more that nobody can guess (`openssl rand -hex 32`); a new one signs everybody out",
        secret=True,
    ),
    Setting(
        name="CHALKOLA_OWNERS",
        meaning="addresses that may change settings in the pages, with commas between them; the others look",
    ),
    Setting(
        name="CHALKOLA_REPOSITORY_ACTIVE",
        meaning="set by the workflows on GitHub: when the repository was last changed, for its schedules end 60 days "
        "later",
    ),
    Setting(name="CHALKOLA_CLOCK_SPEED", meaning="simulation only: how much faster Amazon's time runs"),
    Setting(name="CHALKOLA_CLOCK_START", meaning="simulation only: 2026-11-20T02:00:00Z@1764000000.0"),
)
