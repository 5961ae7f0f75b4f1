"""What the settings say by themselves: what is missing, what grows old, and who hears of alerts. Pure."""

from datetime import date, timedelta

from chalkola.errors import Fault
from chalkola.pipeline.checkup.finding import AUTHORIZE, CREDENTIALS, Area, Finding, Level, from_error
from chalkola.settings import Settings

# developer-docs.amazon.com/sp-api/docs/rotating-your-apps-lwa-credentials and .../renew-authorizations
SECRET_ENDS_AFTER, WARN_OF_SECRET_AFTER = timedelta(days=180), timedelta(days=150)
AUTHORISED_FOR, WARN_OF_AUTHORISATION_AFTER = timedelta(days=365), timedelta(days=335)


def judge_credentials(settings: Settings) -> Finding:
    """Return what is missing for speaking to Amazon: a fault, without which nothing can be asked."""
    try:
        settings.require_amazon()
    except Fault as fault:
        return from_error(Area.SETTINGS, Level.FAULT, fault)
    accounts = ", ".join(account.key for account in settings.accounts)
    return Finding(area=Area.SETTINGS, level=Level.OK, what=f"The settings can be read. Accounts: {accounts}.")


def judge_ages(settings: Settings, today: date) -> list[Finding]:
    """Return how old the client secret and the authorisation are."""
    return [secret_age(settings.secret_created, today), authorisation_age(settings.authorized, today)]


def secret_age(created: date | None, today: date) -> Finding:
    """Return what the age of the client secret means: Amazon ends it after 180 days."""
    if created is None or created > today:
        return _undated("SP_SECRET_CREATED", created, "client secret", "Amazon ends it after 180 days", CREDENTIALS)
    ends, age = created + SECRET_ENDS_AFTER, today - created
    what = f"The client secret is {age.days} days old, and Amazon ends it after {SECRET_ENDS_AFTER.days}: on {ends}."
    if age < WARN_OF_SECRET_AFTER:
        return Finding(area=Area.SETTINGS, level=Level.OK, what=what)
    return Finding(
        area=Area.SETTINGS,
        level=Level.FAULT if age >= SECRET_ENDS_AFTER else Level.WARNING,
        what=what,
        why="From then on Amazon refuses every login, and no data comes in. The refresh tokens stay as they are.",
        remedy="Make a new secret, set it as SP_LWA_CLIENT_SECRET, and set SP_SECRET_CREATED to that day.",
        where=CREDENTIALS,
    )


def authorisation_age(authorized: date | None, today: date) -> Finding:
    """Return what the age of the authorisation means. Public apps must be authorised again every 365 days; for a
    seller's own app Amazon documents no end."""
    if authorized is None or authorized > today:
        return _undated("SP_AUTHORIZED", authorized, "authorisation", "Amazon may end it after 365 days", AUTHORIZE)
    ends, age = authorized + AUTHORISED_FOR, today - authorized
    what = f"The app was authorised {age.days} days ago; {AUTHORISED_FOR.days} days are over on {ends}."
    if age < WARN_OF_AUTHORISATION_AFTER:
        return Finding(area=Area.SETTINGS, level=Level.OK, what=what)
    return Finding(
        area=Area.SETTINGS,
        level=Level.WARNING,
        what=what,
        why="Amazon wants public apps authorised again each year. It names no end for an app of your own, nor "
        "promises that there is none: if it ends, the login fails.",
        remedy="Authorise the app again, set the new refresh tokens, and set SP_AUTHORIZED to that day.",
        where=AUTHORIZE,
    )


def _undated(name: str, given: date | None, subject: str, end: str, where: str) -> Finding:
    if given is not None:
        what, level = f"{name} is {given}, which lies ahead.", Level.WARNING
    else:
        what, level = f"Nobody has said how old the {subject} is.", Level.NOTE
    return Finding(
        area=Area.SETTINGS, level=level, what=what, why=f"{end}, and you would not be warned before.",
        remedy=f"Set {name} to the day on which it was made, like 2026-11-20.", where=where,
    )  # fmt: skip


def judge_alerts(settings: Settings) -> Finding:
    """Return whether anybody would hear of an alert."""
    ways = ["Slack"] if settings.slack_webhook_url else []
    ways += ["mail"] if settings.smtp_url and settings.alert_email_to else []
    if bool(settings.smtp_url) != bool(settings.alert_email_to):
        lacking = "ALERT_EMAIL_TO" if settings.smtp_url else "SMTP_URL"
        what = f"Alerts by mail are half set up: {lacking} is missing."
        return Finding(
            area=Area.ALERTS, level=Level.WARNING, what=what, why="No mail is sent without it.",
            remedy=f"Set {lacking} too, then try it with `chalkola alerts test`.",
        )  # fmt: skip
    if not ways:
        return Finding(
            area=Area.ALERTS, level=Level.WARNING, what="Nobody is to be told when something goes wrong.",
            why="Alerts are raised all the same: `chalkola status` and `chalkola alerts list` show them.",
            remedy="Set SLACK_WEBHOOK_URL, or SMTP_URL and ALERT_EMAIL_TO.",
            where="api.slack.com > Your Apps > your app > Incoming Webhooks",
        )  # fmt: skip
    return Finding(
        area=Area.ALERTS, level=Level.OK, what=f"Alerts go to {' and '.join(ways)}.",
        remedy="`chalkola alerts test` sends a test message and says what comes back.",
    )  # fmt: skip
