"""getMarketplaceParticipations: where an account may sell. Shape: models/sellers-api-model/sellers.json."""

from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.answers import Answer
from amazon_simulator.marketplaces import Marketplace


def participations(account: Account) -> Answer:
    """Answer getMarketplaceParticipations."""
    return Answer(status=200, body={"payload": [_participation(row) for row in account.marketplaces]})


def _participation(row: Marketplace) -> dict[str, Any]:
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
        "participation": {"isParticipating": True, "hasSuspendedListings": False},
    }
