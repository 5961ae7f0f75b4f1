"""The GraphQL schema of the sales-and-traffic dataset, from tables of names and types.

Names and types: schemas/data-kiosk/analytics_salesAndTraffic_2024_04_24.graphql in amzn/selling-partner-api-models;
an agreement test compares.
"""

import re
from datetime import date
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    StringValueNode,
    ValueNode,
)

DATASET = "analytics_salesAndTraffic_2024_04_24"
BY_ASIN, BY_DATE, TRENDS = KINDS = ("salesAndTrafficByAsin", "salesAndTrafficByDate", "salesAndTrafficTrends")
ASIN_GRANULARITIES = ("CHILD", "PARENT", "SKU")
DATE_GRANULARITIES = ("DAY", "WEEK", "MONTH")

# type: {type of field: names}. Every field is there (non-null) and has a nullable twin whose name ends in B2B, ...
METRICS: dict[str, dict[str, str]] = {
    "ByAsinSales": {
        "Amount": "orderedProductSales shippedProductSales",
        "Float": "refundRate",
        "Long": "ordersShipped totalOrderItems unitsOrdered unitsRefunded unitsShipped",
    },
    "ByAsinTraffic": {
        "Float": "browserPageViewsPercentage browserSessionPercentage buyBoxPercentage mobileAppPageViewsPercentage "
        "mobileAppSessionPercentage pageViewsPercentage sessionPercentage unitSessionPercentage",
        "Long": "browserPageViews browserSessions mobileAppPageViews mobileAppSessions pageViews sessions",
    },
    "ByDateSales": {
        "Amount": "averageSalesPerOrderItem averageSellingPrice claimsAmount orderedProductSales shippedProductSales",
        "Float": "averageUnitsPerOrderItem refundRate",
        "Long": "claimsGranted ordersShipped totalOrderItems unitsOrdered unitsRefunded unitsShipped",
    },
    "ByDateTraffic": {
        "Float": "buyBoxPercentage orderItemSessionPercentage receivedNegativeFeedbackRate unitSessionPercentage",
        "Long": "averageOfferCount averageParentItems browserPageViews browserSessions feedbackReceived "
        "mobileAppPageViews mobileAppSessions negativeFeedbackReceived pageViews sessions",
    },
}
WITHOUT_B2B = ("averageOfferCount", "averageParentItems")  # ... but for these

# type of row: its fields as `name:type`, `!` for non-null
_ROWS = {
    "SalesAndTrafficByAsin": "childAsin:String endDate:Date! marketplaceId:String! parentAsin:String! "
    "sales:ByAsinSales! sku:String startDate:Date! traffic:ByAsinTraffic!",
    "SalesAndTrafficByDate": "endDate:Date! marketplaceId:String! sales:ByDateSales! startDate:Date! "
    "traffic:ByDateTraffic!",
    "SalesAndTrafficTrends": "asinAggregation:AsinGranularity! childAsin:String endDate:Date! marketplaceId:String! "
    "parentAsin:String! sales:ByAsinSales! sku:String startDate:Date! traffic:ByAsinTraffic!",
}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _day(value: Any) -> date:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise GraphQLError(f"Expected a full date like 2023-11-15, found {value!r}.")


def _day_literal(node: ValueNode, variables: Any = None) -> date:
    return _day(node.value if isinstance(node, StringValueNode) else None)


_DATE = GraphQLScalarType("Date", parse_value=_day, parse_literal=_day_literal)
_ASINS_BY = GraphQLEnumType("AsinGranularity", {name: name for name in ASIN_GRANULARITIES})
_DATES_BY = GraphQLEnumType("DateGranularity", {name: name for name in DATE_GRANULARITIES})
_AMOUNT = GraphQLObjectType(
    "Amount",
    {
        "amount": GraphQLField(GraphQLNonNull(GraphQLFloat)),
        "currencyCode": GraphQLField(GraphQLNonNull(GraphQLString)),
    },
)
_TYPES: dict[str, Any] = {
    "String": GraphQLString,
    "Float": GraphQLFloat,
    "Long": GraphQLScalarType("Long"),
    "Date": _DATE,
    "Amount": _AMOUNT,
    "AsinGranularity": _ASINS_BY,
}


def _metrics(name: str) -> GraphQLObjectType:
    fields: dict[str, GraphQLField] = {}
    for type_name, names in METRICS[name].items():
        for field in names.split():
            fields[field] = _field(f"{type_name}!")
            if field not in WITHOUT_B2B:
                fields[f"{field}B2B"] = _field(type_name)
    return GraphQLObjectType(name, fields)


def _field(text: str) -> GraphQLField:
    kind = _TYPES[text.rstrip("!")]
    return GraphQLField(GraphQLNonNull(kind) if text.endswith("!") else kind)


def _row(name: str) -> GraphQLObjectType:
    fields = dict(part.split(":") for part in _ROWS[name].split())
    return GraphQLObjectType(name, {field: _field(kind) for field, kind in fields.items()})


def _required(kind: Any) -> GraphQLArgument:
    return GraphQLArgument(GraphQLNonNull(kind))


def _list(kind: Any) -> GraphQLList[Any]:
    return GraphQLList(GraphQLNonNull(kind))


def _schema() -> GraphQLSchema:
    for name in METRICS:
        _TYPES[name] = _metrics(name)
    one = GraphQLInputObjectType(
        "MarketplaceAsinFilter",
        {
            "asins": GraphQLInputField(GraphQLNonNull(_list(GraphQLString))),
            "marketplaceId": GraphQLInputField(GraphQLNonNull(GraphQLString)),
        },
    )
    days = {"startDate": _required(_DATE), "endDate": _required(_DATE)}
    marketplaces = {"marketplaceIds": _required(_list(GraphQLString))}
    arguments = {
        BY_ASIN: {"aggregateBy": _required(_ASINS_BY), **days, **marketplaces},
        BY_DATE: {"aggregateBy": _required(_DATES_BY), **days, **marketplaces},
        TRENDS: {
            "asinAggregation": _required(_ASINS_BY),
            "dateAggregation": _required(_DATES_BY),
            **days,
            "filters": _required(_list(one)),
        },
    }
    rows = dict(zip(KINDS, _ROWS, strict=True))
    dataset = GraphQLObjectType(
        "Analytics_SalesAndTraffic_2024_04_24",
        {kind: GraphQLField(GraphQLList(_row(rows[kind])), args=arguments[kind]) for kind in KINDS},
    )
    return GraphQLSchema(GraphQLObjectType("Query", {DATASET: GraphQLField(dataset)}))


SCHEMA = _schema()
