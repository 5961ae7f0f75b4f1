"""The ways by which people are told. Each is there when its settings are."""

from typing import Protocol

from chalkola.settings import Settings
from chalkola.surfaces.alerts.mail import Mail
from chalkola.surfaces.alerts.message import Message
from chalkola.surfaces.alerts.slack import Slack


class Channel(Protocol):
    """A way to tell people."""

    @property
    def name(self) -> str:
        """Return how it is called, in the ledger too."""

    async def send(self, message: Message) -> str:
        """Deliver a message. Return what came back. Raises `Undelivered`, without any secret in it."""


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Return the channels that are set up; none where nobody is to be told."""
    found: list[Channel] = []
    if settings.slack_webhook_url:
        found.append(Slack(webhook=settings.slack_webhook_url))
    if settings.smtp_url and settings.alert_email_to:
        found.append(Mail(smtp_url=settings.smtp_url, to=_addresses(settings.alert_email_to)))
    return tuple(found)


def _addresses(typed: str) -> tuple[str, ...]:
    return tuple(address.strip() for address in typed.split(",") if address.strip())
