"""The three tables that sales and traffic fill, whichever way it was asked for, and the fields without a column.

Names: Amazon's schemas/reports/sellerSalesAndTrafficReport.json and its GraphQL schema
data-kiosk/analytics_salesAndTraffic_2024_04_24. The first by-ASIN columns and their types are the seller's own
(`sp_daily_asin_data`); all others are Amazon's figures under our spelling. A path is the figure's own, as Data Kiosk
has it; how a report spells its groups is in its sections.
"""

from collections.abc import Mapping

from chalkola.datasets.model import Column, Table

_PERCENT = "numeric(7,2)"
_B2B = "B2B"


_SHARES = (
    "browserSessionPercentage",
    "mobileAppSessionPercentage",
    "sessionPercentage",
    "browserPageViewsPercentage",
    "mobileAppPageViewsPercentage",
    "pageViewsPercentage",
)


def _column(path: str, type_: str, meaning: str, *, name: str = "", required: bool | None = None) -> Column:
    """Figures of business customers are only there for sellers who serve them; all others are always there."""
    figure = path.removesuffix(".amount").split(".")[-1]
    return Column(
        name=name or _snake_case(figure), type=type_, path=path, meaning=meaning,
        required=not figure.endswith(_B2B) if required is None else required, of_the_day=figure in _SHARES,
    )  # fmt: skip


def _snake_case(figure: str) -> str:
    """Turn `unitsOrderedB2B` into `units_ordered_b2b`."""
    plain = figure.removesuffix(_B2B)
    spelled = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in plain)
    return f"{spelled}_b2b" if plain != figure else spelled


def _sales(figure: str, type_: str, meaning: str) -> Column:
    return _column(f"sales.{figure}", type_, meaning)


def _traffic(figure: str, type_: str, meaning: str) -> Column:
    return _column(f"traffic.{figure}", type_, meaning)


def _money(figure: str, meaning: str, type_: str = "numeric(14,2)") -> Column:
    return _column(f"sales.{figure}.amount", type_, f"{meaning}, in currency_code")


def _twins(path: str, meaning: str, type_: str = "integer") -> tuple[Column, Column]:
    """Return the figure and its twin of business customers."""
    figure, dot, amount = path.partition(".amount")
    group, _, name = figure.partition(".")
    twin = _column(f"{group}.{name}{_B2B}{dot}{amount}", type_, f"{meaning}: business customers only")
    return _column(path, type_, meaning), twin


# fmt: off
BY_ASIN_IN_REPORT = (
    # The key comes first: rows are told apart by how their lines begin (store/changes.py).
    # Optional in Amazon's schemas, yet it is our key: the readers put the parent where it is absent.
    _column("childAsin", "text", "ASIN of the variation that is sold", required=False),
    _column("parentAsin", "text", "ASIN of the product that groups the variations; a product without variations is its own parent"),  # noqa: E501
    _sales("unitsOrdered", "integer", "units ordered"),
    _sales("unitsOrderedB2B", "integer", "units ordered by business customers"),
    _sales("orderedProductSales.amount", "numeric(12,2)", "price times units ordered, in currency_code"),
    _sales("orderedProductSalesB2B.amount", "numeric(12,2)", "the same for business customers"),
    _column("sales.orderedProductSales.currencyCode", "text", "currency of the sales, as in ISO 4217", name="currency_code"),  # noqa: E501
    _sales("totalOrderItems", "integer", "order lines: two units of one product in an order are one item"),
    _sales("totalOrderItemsB2B", "integer", "order lines of business customers"),
    _traffic("sessions", "integer", "visits; everything a visitor does within 24 hours is one session"),
    _traffic("sessionsB2B", "integer", "visits by business customers"),
    _traffic("pageViews", "integer", "times the product's pages were looked at"),
    _traffic("pageViewsB2B", "integer", "times business customers looked at them"),
    _traffic("browserSessions", "integer", "sessions in a browser"),
    _traffic("mobileAppSessions", "integer", "sessions in Amazon's app"),
    _traffic("browserPageViews", "integer", "page views in a browser"),
    _traffic("mobileAppPageViews", "integer", "page views in Amazon's app"),
    _traffic("buyBoxPercentage", _PERCENT, "percent of page views on which the seller's offer was in the buy box"),
    _traffic("buyBoxPercentageB2B", _PERCENT, "the same for business customers"),
    _traffic("unitSessionPercentage", _PERCENT, "units ordered per 100 sessions; above 100 when more units than sessions"),  # noqa: E501
    _traffic("unitSessionPercentageB2B", _PERCENT, "the same for business customers"),
)

BY_ASIN = Table(
    name="sp_daily_asin_data",
    key=("child_asin",),
    columns=(
        *BY_ASIN_IN_REPORT,  # what follows is in Data Kiosk only
        *_twins("sales.unitsRefunded", "units refunded on this day, whenever they were ordered"),
        *_twins("sales.refundRate", "units refunded per 100 units ordered", _PERCENT),
        *_twins("sales.ordersShipped", "orders shipped"),
        *_twins("sales.unitsShipped", "units shipped"),
        *_twins("sales.shippedProductSales.amount", "sales shipped on this day, in currency_code", "numeric(12,2)"),
        _traffic("browserSessionPercentage", _PERCENT, "percent of the seller's browser sessions that saw it"),
        _traffic("mobileAppSessionPercentage", _PERCENT, "the same for sessions in Amazon's app"),
        _traffic("sessionPercentage", _PERCENT, "the same for all sessions"),
        _traffic("browserPageViewsPercentage", _PERCENT, "the product's part of the seller's browser page views, in percent"),  # noqa: E501
        _traffic("mobileAppPageViewsPercentage", _PERCENT, "the same for page views in Amazon's app"),
        _traffic("pageViewsPercentage", _PERCENT, "the same for all page views"),
    ),
)

BY_PARENT = Table(
    name="sp_daily_parent_data",
    key=("parent_asin",),
    columns=tuple(column for column in BY_ASIN.columns if column.name != "child_asin"),
)

BY_DATE_IN_REPORT = (
    *_twins("sales.orderedProductSales.amount", "price times units ordered, in currency_code", "numeric(14,2)"),
    _column("sales.orderedProductSales.currencyCode", "text", "currency of every amount of the line, as in ISO 4217", name="currency_code"),  # noqa: E501
    *_twins("sales.unitsOrdered", "units ordered"),
    *_twins("sales.totalOrderItems", "order lines"),
    *_twins("sales.averageSalesPerOrderItem.amount", "sales per order line, in currency_code", "numeric(14,2)"),
    *_twins("sales.averageUnitsPerOrderItem", "units per order line", "numeric(12,2)"),
    *_twins("sales.averageSellingPrice.amount", "sales per unit, in currency_code", "numeric(14,2)"),
    _sales("unitsRefunded", "integer", "units refunded on this day, whenever they were ordered"),
    _sales("refundRate", _PERCENT, "units refunded per 100 units ordered (the report's own text has it inverted)"),
    _sales("claimsGranted", "integer", "A-to-z claims granted"),
    _money("claimsAmount", "sum of A-to-z claims filed"),
    _money("shippedProductSales", "sales shipped on this day"),
    _sales("unitsShipped", "integer", "units shipped"),
    _sales("ordersShipped", "integer", "orders shipped"),
    *_twins("traffic.browserPageViews", "page views in a browser"),
    *_twins("traffic.mobileAppPageViews", "page views in Amazon's app"),
    *_twins("traffic.pageViews", "page views"),
    *_twins("traffic.browserSessions", "sessions in a browser"),
    *_twins("traffic.mobileAppSessions", "sessions in Amazon's app"),
    *_twins("traffic.sessions", "sessions: less than the sum over ASINs, as one visit may see several"),
    *_twins("traffic.buyBoxPercentage", "percent of page views with the seller's offer in the buy box", _PERCENT),
    *_twins("traffic.orderItemSessionPercentage", "order lines per 100 sessions", _PERCENT),
    *_twins("traffic.unitSessionPercentage", "units ordered per 100 sessions", _PERCENT),
    _traffic("averageOfferCount", "integer", "offers listed for sale"),
    _traffic("averageParentItems", "integer", "parent products listed for sale"),
    _traffic("feedbackReceived", "integer", "times customers left feedback"),
    _traffic("negativeFeedbackReceived", "integer", "of these, negative"),
    _traffic("receivedNegativeFeedbackRate", _PERCENT, "percent of orders with negative feedback"),
)

BY_DATE = Table(
    name="sp_daily_totals",
    key=(),
    columns=(
        *BY_DATE_IN_REPORT,  # what follows is in Data Kiosk only
        _money("claimsAmountB2B", "sum of A-to-z claims filed by business customers"),
        _sales("claimsGrantedB2B", "integer", "A-to-z claims granted to business customers"),
        _sales("ordersShippedB2B", "integer", "orders of business customers shipped"),
        _sales("refundRateB2B", _PERCENT, "units refunded per 100 units ordered: business customers only"),
        _money("shippedProductSalesB2B", "sales to business customers shipped on this day"),
        _sales("unitsRefundedB2B", "integer", "units refunded to business customers on this day"),
        _sales("unitsShippedB2B", "integer", "units shipped to business customers"),
        _traffic("feedbackReceivedB2B", "integer", "times business customers left feedback"),
        _traffic("negativeFeedbackReceivedB2B", "integer", "of these, negative"),
        _traffic("receivedNegativeFeedbackRateB2B", _PERCENT, "percent of business customers' orders with negative feedback"),  # noqa: E501
    ),
)
# fmt: on


def _currencies(columns: tuple[Column, ...]) -> Mapping[str, str]:
    """Return the currency of each amount but the one that has a column."""
    return {
        column.path.replace(".amount", ".currencyCode"): "checked to be the marketplace's, which is in currency_code"
        for column in columns
        if column.path.endswith(".amount") and ".orderedProductSales." not in column.path
    }


BY_ASIN_NOT_KEPT: Mapping[str, str] = {
    "sku": "only present when asked by SKU; we ask by ASIN",
    **_currencies(BY_ASIN.columns),
    **{
        f"traffic.{share}{_B2B}": "a share of business customers' traffic: computed from the counts when it is wanted"
        for share in _SHARES
    },
    **{
        f"traffic.{where}{figure}B2B": "business visits are not split into browser and app in the seller's table"
        for where in ("browser", "mobileApp")
        for figure in ("Sessions", "PageViews")
    },
}
BY_DATE_NOT_KEPT: Mapping[str, str] = _currencies(BY_DATE.columns)
BY_ASIN_NOT_KEPT_OF_REPORT: Mapping[str, str] = {
    **{path: reason for path, reason in BY_ASIN_NOT_KEPT.items() if not path.startswith("sales.shipped")},
    **{
        f"traffic.{share}": "a share of the seller's whole day: left to Data Kiosk, which owns the column"
        for share in _SHARES
    },
}
BY_DATE_NOT_KEPT_OF_REPORT: Mapping[str, str] = {
    "date": "the line's own day: checked to be the day that was asked for",
    **_currencies(BY_DATE_IN_REPORT),
}
