"""getMarketplaceParticipations: where an account may sell. Shape: models/sellers-api-model/sellers.json."""

from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.answers import Answer
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.standing import Closures


def participations(account: Account, closures: Closures) -> Answer:
    """Answer getMarketplaceParticipations."""
    payload = [_participation(row, closed=closures.are(row.code)) for row in account.marketplaces]
    return Answer(status=200, body={"payload": payload})


def _participation(row: Marketplace, *, closed: bool) -> dict[str, Any]:
    return {
        "marketplace": {
            "id": row.amazon_id,
            "name": row.name,
            "countryCode": row.country,
            "defaultCurrencyCode": row.currency,
            "defaultLanguageCode": row.language,
            "domainName": row.domain,
        },
        "storeName": "Chalk & Oak",
        "participation": {"isParticipating": not closed, "hasSuspendedListings": False},
    }
