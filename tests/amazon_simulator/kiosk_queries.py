"""Data Kiosk queries as tests write them."""

import json
from typing import Any

from graphql import get_named_type, is_object_type

from amazon_simulator.kiosk.schema import SCHEMA

QUERIES = "/dataKiosk/2023-11-15/queries"
KIOSK_DOCUMENTS = "/dataKiosk/2023-11-15/documents"
DATASET = "analytics_salesAndTraffic_2024_04_24"
DE = "A1PA6795UKMFR9"
US = "ATVPDKIKX0DER"


def by_asin(fields: str = "childAsin", **changed: str) -> str:
    """Write a salesAndTrafficByAsin query; arguments are GraphQL literals, an empty one is left out."""
    arguments = {
        "aggregateBy": "CHILD",
        "startDate": '"2026-11-17"',
        "endDate": '"2026-11-17"',
        "marketplaceIds": f'["{DE}"]',
    }
    return graphql("salesAndTrafficByAsin", arguments | changed, fields)


def by_date(fields: str = "startDate", **changed: str) -> str:
    """Write a salesAndTrafficByDate query of a week."""
    week = {"aggregateBy": "DAY", "startDate": '"2026-11-11"'}
    return by_asin(fields, **(week | changed)).replace("TrafficByAsin", "TrafficByDate")


def trends(asins: list[str], fields: str = "startDate childAsin", **changed: str) -> str:
    """Write a salesAndTrafficTrends query of a week in one marketplace."""
    arguments = {
        "asinAggregation": "CHILD",
        "dateAggregation": "DAY",
        "startDate": '"2026-11-11"',
        "endDate": '"2026-11-17"',
        "filters": f"[{one_filter(asins)}]",
    }
    return graphql("salesAndTrafficTrends", arguments | changed, fields)


def one_filter(asins: list[str], marketplace_id: str = DE) -> str:
    return f'{{marketplaceId: "{marketplace_id}", asins: {json.dumps(asins)}}}'


def graphql(kind: str, arguments: dict[str, str], fields: str) -> str:
    written = " ".join(f"{name}: {value}" for name, value in arguments.items() if value)
    return f"query {{ {DATASET} {{ {kind}({written}) {{ {fields} }} }} }}"


def every_field(kind: str) -> str:
    """Write all the fields of a query's rows."""
    dataset: Any = SCHEMA.type_map["Analytics_SalesAndTraffic_2024_04_24"]
    return _fields(get_named_type(dataset.fields[kind].type))


def _fields(of: Any) -> str:
    parts = {name: get_named_type(field.type) for name, field in of.fields.items()}
    return " ".join(f"{name} {{ {_fields(kind)} }}" if is_object_type(kind) else name for name, kind in parts.items())
