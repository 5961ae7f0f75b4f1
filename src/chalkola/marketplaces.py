"""The places that data is about: the marketplaces, as a table, and the world.

Ids and endpoints: Amazon's own pages; the UUIDs are the seller's database's.
A day of sales and traffic is taken as the marketplace's local day: Amazon does not document its zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from chalkola.errors import UsageError


class Region(StrEnum):
    """An endpoint of Amazon's API. One seller account may span all marketplaces of a region, or just one."""

    NA = "NA"
    EU = "EU"
    FE = "FE"


@dataclass(frozen=True, kw_only=True)
class Place:
    """What slices are about: a marketplace, or the world. `time_zone` is an IANA name."""

    code: str
    name: str
    time_zone: str

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which this place's days begin and end."""
        return ZoneInfo(self.time_zone)

    @property
    def scope(self) -> str:
        """The scope key of slices that belong to this place."""
        return self.code


WORLD = Place(code="world", name="the world", time_zone="UTC")
"""Of what belongs to no marketplace, and is asked without an account."""


@dataclass(frozen=True, kw_only=True)
class Marketplace(Place):
    """One row of the table; `decimals` is the currency's."""

    amazon_id: str
    uuid: UUID
    region: Region
    currency: str
    spellings: tuple[str, ...] = ()
    decimals: int = 2
    always_present: bool = True
    """Whether `migrate` writes it into `marketplaces`, or only the first token or request that opens it."""

    @property
    def scope(self) -> str:
        return f"marketplace:{self.code}"


def _row(
    code: str, name: str, amazon_id: str, uuid: str, region: Region, currency: str, zone: str, *spellings: str
) -> Marketplace:
    return Marketplace(
        code=code, name=name, amazon_id=amazon_id, uuid=UUID(uuid), region=region, currency=currency,
        time_zone=zone, spellings=spellings, decimals=0 if currency == "JPY" else 2,
        always_present=code != "BR",
    )  # fmt: skip


# fmt: off
MARKETPLACES: tuple[Marketplace, ...] = (
    _row("US", "United States", "ATVPDKIKX0DER", "f47ac10b-58cc-4372-a567-0e02b2c3d479", Region.NA, "USD", "America/Los_Angeles", "USA"),  # noqa: E501
    _row("CA", "Canada", "A2EUQ1WTGCTBG2", "a1b2c3d4-58cc-4372-a567-0e02b2c3d480", Region.NA, "CAD", "America/Los_Angeles"),  # noqa: E501
    _row("MX", "Mexico", "A1AM78C64UM0Y8", "c9d0e1f2-58cc-4372-a567-0e02b2c3d488", Region.NA, "MXN", "America/Los_Angeles"),  # noqa: E501
    _row("BR", "Brazil", "A2Q3Y263D00KWC", "b1a2c3e4-58cc-4372-a567-0e02b2c3d490", Region.NA, "BRL", "America/Sao_Paulo"),  # noqa: E501
    _row("UK", "United Kingdom", "A1F83G8C2ARO7P", "b2c3d4e5-58cc-4372-a567-0e02b2c3d481", Region.EU, "GBP", "Europe/London", "GB"),  # noqa: E501
    _row("DE", "Germany", "A1PA6795UKMFR9", "c3d4e5f6-58cc-4372-a567-0e02b2c3d482", Region.EU, "EUR", "Europe/Berlin"),  # noqa: E501
    _row("FR", "France", "A13V1IB3VIYZZH", "d4e5f6a7-58cc-4372-a567-0e02b2c3d483", Region.EU, "EUR", "Europe/Paris"),
    _row("IT", "Italy", "APJ6JRA9NG5V4", "a7b8c9d0-58cc-4372-a567-0e02b2c3d486", Region.EU, "EUR", "Europe/Rome"),
    _row("ES", "Spain", "A1RKKUPIHCS9HS", "b8c9d0e1-58cc-4372-a567-0e02b2c3d487", Region.EU, "EUR", "Europe/Madrid"),
    _row("AE", "United Arab Emirates", "A2VIGQ35RCS4UG", "e5f6a7b8-58cc-4372-a567-0e02b2c3d484", Region.EU, "AED", "Asia/Dubai", "UAE"),  # noqa: E501
    _row("AU", "Australia", "A39IBJ37TRP1C6", "f6a7b8c9-58cc-4372-a567-0e02b2c3d485", Region.FE, "AUD", "Australia/Sydney"),  # noqa: E501
    _row("JP", "Japan", "A1VC38T7YXB528", "d0e1f2a3-58cc-4372-a567-0e02b2c3d489", Region.FE, "JPY", "Asia/Tokyo"),
)
# fmt: on

CURRENCIES = tuple(dict.fromkeys(m.currency for m in MARKETPLACES))

_BY_SPELLING = {name: m for m in MARKETPLACES for name in (m.code, *m.spellings)}
_BY_AMAZON_ID = {m.amazon_id: m for m in MARKETPLACES}
_BY_SCOPE = {m.scope: m for m in MARKETPLACES}


def marketplace(typed: str) -> Marketplace:
    """Return the marketplace for a code in either spelling (UK or GB, US or USA, AE or UAE) or an Amazon id.

    Raises `UsageError` that lists the accepted codes.
    """
    wanted = typed.strip()
    found = _BY_SPELLING.get(wanted.upper()) or _BY_AMAZON_ID.get(wanted)
    if found is None:
        codes = " ".join(m.code for m in MARKETPLACES)
        raise UsageError(
            f"There is no marketplace {typed!r}.",
            remedy=f"Accepted: {codes} (GB, USA and UAE are understood too).",
        )
    return found


def by_amazon_id(amazon_id: str) -> Marketplace | None:
    """Return the marketplace with this Amazon id, or None for one that is not in the table."""
    return _BY_AMAZON_ID.get(amazon_id)


def by_scope(scope: str) -> Marketplace | None:
    """Return the marketplace whose slices have this scope key, or None when the scope is none of them."""
    return _BY_SCOPE.get(scope)


def place_of(scope: str) -> Place | None:
    """Return the place whose slices have this scope key, or None when the scope is none of ours."""
    return WORLD if scope == WORLD.scope else _BY_SCOPE.get(scope)


def marketplaces_among(places: Iterable[Place]) -> tuple[Marketplace, ...]:
    """Return those of the places that are marketplaces, in their order."""
    return tuple(place for place in places if isinstance(place, Marketplace))


def marketplaces(typed: Iterable[str]) -> tuple[Marketplace, ...]:
    """Return the marketplaces named in `typed` (each may hold several codes between commas), each one once."""
    codes = (code for text in typed for code in text.split(",") if code.strip())
    return tuple(dict.fromkeys(marketplace(code) for code in codes))
