"""Which marketplaces an account sells in: the Sellers API, v1. It is the test of a login as well."""

from dataclasses import dataclass

import msgspec

from chalkola.amazon.transport import Transport
from chalkola.settings import Account


@dataclass(frozen=True, kw_only=True)
class Participation:
    """One marketplace of an account. `country` is Amazon's two-letter code, `GB` for the United Kingdom."""

    amazon_id: str
    country: str
    is_participating: bool
    has_suspended_listings: bool


class _Marketplace(msgspec.Struct, rename="camel"):
    id: str
    country_code: str = ""


class _Standing(msgspec.Struct, rename="camel"):
    is_participating: bool
    has_suspended_listings: bool = False


class _Entry(msgspec.Struct):
    marketplace: _Marketplace
    participation: _Standing


class _Entries(msgspec.Struct):
    payload: list[_Entry]


async def participations(transport: Transport, account: Account) -> tuple[Participation, ...]:
    """Return the marketplaces that an account opens, in Amazon's order; empty for none.

    Raises what every call raises: `Setback`, `Refusal`, `SourceClosed` and `LoginFault`.
    """
    reply = await transport.call(account, "getMarketplaceParticipations")
    return tuple(_participation(entry) for entry in reply.json(_Entries).payload)


def _participation(entry: _Entry) -> Participation:
    return Participation(
        amazon_id=entry.marketplace.id,
        country=entry.marketplace.country_code,
        is_participating=entry.participation.is_participating,
        has_suspended_listings=entry.participation.has_suspended_listings,
    )
