"""The twelve marketplaces the simulated seller may sell in.

Ids: developer-docs.amazon.com/sp-api/docs/marketplace-ids. Currencies and time zones as Amazon's advertising
accounts have them; that a sales-and-traffic day follows the same zone is nowhere documented.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class Marketplace:
    """One of Amazon's shops, with what the simulated seller does there."""

    code: str
    amazon_id: str
    region: str
    country: str
    currency: str
    decimals: int
    zone: ZoneInfo
    name: str
    language: str
    domain: str
    size: float  # demand, with the United States as 1
    assortment: float  # part of the catalog that is listed
    usd_rate: float  # units of the currency for a dollar, for prices only
    business: bool  # the seller is an Amazon Business seller here: B2B fields are filled

    def day_end(self, day: date) -> datetime:
        """Return the instant at which a local day is over, in UTC."""
        midnight = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return midnight.astimezone(UTC)


def _rows() -> list[Marketplace]:
    def row(
        code: str, amazon_id: str, region: str, currency: str, zone: str, domain: str, language: str,
        size: float, assortment: float, usd_rate: float, business: bool,
    ) -> Marketplace:  # fmt: skip
        return Marketplace(
            code=code, amazon_id=amazon_id, region=region, currency=currency, zone=ZoneInfo(zone),
            domain=f"www.{domain}", name=domain.capitalize(), language=language, size=size,
            country="GB" if code == "UK" else code, decimals=0 if currency == "JPY" else 2,
            assortment=assortment, usd_rate=usd_rate, business=business,
        )  # fmt: skip

    west, paris = "America/Los_Angeles", "Europe/Paris"
    return [
        row("US", "ATVPDKIKX0DER", "na", "USD", west, "amazon.com", "en_US", 1.0, 1.0, 1.0, True),
        row("CA", "A2EUQ1WTGCTBG2", "na", "CAD", west, "amazon.ca", "en_CA", 0.2, 0.8, 1.38, False),
        row("MX", "A1AM78C64UM0Y8", "na", "MXN", west, "amazon.com.mx", "es_MX", 0.14, 0.5, 18.6, False),
        row("BR", "A2Q3Y263D00KWC", "na", "BRL", "America/Sao_Paulo", "amazon.com.br", "pt_BR",
            0.08, 0.3, 5.4, False),
        row("UK", "A1F83G8C2ARO7P", "eu", "GBP", "Europe/London", "amazon.co.uk", "en_GB",
            0.42, 0.9, 0.76, True),
        row("DE", "A1PA6795UKMFR9", "eu", "EUR", paris, "amazon.de", "de_DE", 0.5, 0.95, 0.87, True),
        row("FR", "A13V1IB3VIYZZH", "eu", "EUR", paris, "amazon.fr", "fr_FR", 0.26, 0.85, 0.87, True),
        row("IT", "APJ6JRA9NG5V4", "eu", "EUR", paris, "amazon.it", "it_IT", 0.24, 0.8, 0.87, True),
        row("ES", "A1RKKUPIHCS9HS", "eu", "EUR", paris, "amazon.es", "es_ES", 0.2, 0.8, 0.87, True),
        row("AE", "A2VIGQ35RCS4UG", "eu", "AED", "Asia/Dubai", "amazon.ae", "en_AE", 0.09, 0.4, 3.67, False),
        row("AU", "A39IBJ37TRP1C6", "fe", "AUD", "Australia/Sydney", "amazon.com.au", "en_AU",
            0.12, 0.6, 1.53, False),
        row("JP", "A1VC38T7YXB528", "fe", "JPY", "Asia/Tokyo", "amazon.co.jp", "ja_JP",
            0.3, 0.7, 155.0, True),
    ]  # fmt: skip


MARKETPLACES: dict[str, Marketplace] = {row.code: row for row in _rows()}
BY_AMAZON_ID: dict[str, Marketplace] = {row.amazon_id: row for row in MARKETPLACES.values()}
_SPELLINGS = {"USA": "US", "UAE": "AE", "GB": "UK"}


def marketplace(text: str) -> Marketplace:
    """Return the marketplace for a code (also USA, UAE, GB) or Amazon's id; raises ValueError when unknown."""
    code = _SPELLINGS.get(text.upper(), text.upper())
    found = MARKETPLACES.get(code) or BY_AMAZON_ID.get(text)
    if found is None:
        raise ValueError(f"unknown marketplace {text!r}; known are {', '.join(MARKETPLACES)}")
    return found
