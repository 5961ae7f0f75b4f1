"""The two tables that sales and traffic fill, whichever way it was asked for, and the fields without a column.

Names and meanings: Amazon's schemas/reports/sellerSalesAndTrafficReport.json. The by-ASIN columns and their types are
the seller's own (`sp_daily_asin_data`); the by-date columns are all of Amazon's figures under our spelling.
"""

from collections.abc import Mapping

from chalkola.datasets.model import Column, Table

_PERCENT = "numeric(7,2)"
_B2B = "B2B"


def _column(path: str, type_: str, meaning: str, *, name: str = "", required: bool | None = None) -> Column:
    """Figures of business customers are only there for sellers who serve them; all others are always there."""
    figure = path.removesuffix(".amount").split(".")[-1]
    return Column(
        name=name or _snake_case(figure), type=type_, path=path, meaning=meaning,
        required=not figure.endswith(_B2B) if required is None else required,
    )  # fmt: skip


def _snake_case(figure: str) -> str:
    """Turn `unitsOrderedB2B` into `units_ordered_b2b`."""
    plain = figure.removesuffix(_B2B)
    spelled = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in plain)
    return f"{spelled}_b2b" if plain != figure else spelled


def _asin_sales(figure: str, type_: str, meaning: str) -> Column:
    return _column(f"salesByAsin.{figure}", type_, meaning)


def _asin_traffic(figure: str, type_: str, meaning: str) -> Column:
    return _column(f"trafficByAsin.{figure}", type_, meaning)


# fmt: off
BY_ASIN = Table(
    name="sp_daily_asin_data",
    key=("child_asin",),
    columns=(
        _column("parentAsin", "text", "ASIN of the product that groups the variations; a product without variations is its own parent"),  # noqa: E501
        # Optional in Amazon's schema, yet it is our key: the report's reader puts the parent where it is absent.
        _column("childAsin", "text", "ASIN of the variation that is sold", required=False),
        _asin_sales("unitsOrdered", "integer", "units ordered"),
        _asin_sales("unitsOrderedB2B", "integer", "units ordered by business customers"),
        _asin_sales("orderedProductSales.amount", "numeric(12,2)", "price times units ordered, in currency_code"),
        _asin_sales("orderedProductSalesB2B.amount", "numeric(12,2)", "the same for business customers"),
        _column("salesByAsin.orderedProductSales.currencyCode", "text", "currency of the sales, as in ISO 4217", name="currency_code"),  # noqa: E501
        _asin_sales("totalOrderItems", "integer", "order lines: two units of one product in an order are one item"),
        _asin_sales("totalOrderItemsB2B", "integer", "order lines of business customers"),
        _asin_traffic("sessions", "integer", "visits; everything a visitor does within 24 hours is one session"),
        _asin_traffic("sessionsB2B", "integer", "visits by business customers"),
        _asin_traffic("pageViews", "integer", "times the product's pages were looked at"),
        _asin_traffic("pageViewsB2B", "integer", "times business customers looked at them"),
        _asin_traffic("browserSessions", "integer", "sessions in a browser"),
        _asin_traffic("mobileAppSessions", "integer", "sessions in Amazon's app"),
        _asin_traffic("browserPageViews", "integer", "page views in a browser"),
        _asin_traffic("mobileAppPageViews", "integer", "page views in Amazon's app"),
        _asin_traffic("buyBoxPercentage", _PERCENT, "percent of page views on which the seller's offer was in the buy box"),  # noqa: E501
        _asin_traffic("buyBoxPercentageB2B", _PERCENT, "the same for business customers"),
        _asin_traffic("unitSessionPercentage", _PERCENT, "units ordered per 100 sessions; above 100 when more units than sessions"),  # noqa: E501
        _asin_traffic("unitSessionPercentageB2B", _PERCENT, "the same for business customers"),
    ),
)

_SHARE = "a share of the seller's whole day: computed from the counts when it is wanted"
_SPLIT_B2B = "the split of business visits into browser and app is not in the seller's table"

BY_ASIN_NOT_KEPT: Mapping[str, str] = {
    "sku": "only present when the report is asked by SKU; ours is asked by child ASIN",
    "salesByAsin.orderedProductSalesB2B.currencyCode": "checked to be the marketplace's, which is in currency_code",
    **{
        f"trafficByAsin.{figure}Percentage{customers}": _SHARE
        for figure in (
            "browserSession", "mobileAppSession", "session",
            "browserPageViews", "mobileAppPageViews", "pageViews",
        )
        for customers in ("", _B2B)
    },
    **{
        f"trafficByAsin.{where}{figure}B2B": _SPLIT_B2B
        for where in ("browser", "mobileApp")
        for figure in ("Sessions", "PageViews")
    },
}


def _sales(figure: str, type_: str, meaning: str) -> Column:
    return _column(f"salesByDate.{figure}", type_, meaning)


def _money(figure: str, meaning: str) -> Column:
    return _column(f"salesByDate.{figure}.amount", "numeric(14,2)", f"{meaning}, in currency_code")


def _traffic(figure: str, meaning: str, type_: str = "integer") -> tuple[Column, Column]:
    """Return the figure and its twin of business customers."""
    return (
        _column(f"trafficByDate.{figure}", type_, meaning),
        _column(f"trafficByDate.{figure}B2B", type_, f"{meaning}: business customers only"),
    )


BY_DATE = Table(
    name="sp_daily_totals",
    key=(),
    columns=(
        _money("orderedProductSales", "price times units ordered"),
        _money("orderedProductSalesB2B", "price times units ordered by business customers"),
        _column("salesByDate.orderedProductSales.currencyCode", "text", "currency of every amount of the line, as in ISO 4217", name="currency_code"),  # noqa: E501
        _sales("unitsOrdered", "integer", "units ordered"),
        _sales("unitsOrderedB2B", "integer", "units ordered by business customers"),
        _sales("totalOrderItems", "integer", "order lines"),
        _sales("totalOrderItemsB2B", "integer", "order lines of business customers"),
        _money("averageSalesPerOrderItem", "sales per order line"),
        _money("averageSalesPerOrderItemB2B", "sales per order line of business customers"),
        _sales("averageUnitsPerOrderItem", "numeric(12,2)", "units per order line"),
        _sales("averageUnitsPerOrderItemB2B", "numeric(12,2)", "units per order line of business customers"),
        _money("averageSellingPrice", "sales per unit"),
        _money("averageSellingPriceB2B", "sales per unit of business customers"),
        _sales("unitsRefunded", "integer", "units refunded on this day, whenever they were ordered"),
        _sales("refundRate", _PERCENT, "units refunded per 100 units ordered (Amazon's own text has it inverted)"),
        _sales("claimsGranted", "integer", "A-to-z claims granted"),
        _money("claimsAmount", "sum of A-to-z claims filed"),
        _money("shippedProductSales", "sales shipped on this day"),
        _sales("unitsShipped", "integer", "units shipped"),
        _sales("ordersShipped", "integer", "orders shipped"),
        *_traffic("browserPageViews", "page views in a browser"),
        *_traffic("mobileAppPageViews", "page views in Amazon's app"),
        *_traffic("pageViews", "page views"),
        *_traffic("browserSessions", "sessions in a browser"),
        *_traffic("mobileAppSessions", "sessions in Amazon's app"),
        *_traffic("sessions", "sessions: less than the sum over ASINs, as one visit may see several"),
        *_traffic("buyBoxPercentage", "percent of page views with the seller's offer in the buy box", _PERCENT),
        *_traffic("orderItemSessionPercentage", "order lines per 100 sessions", _PERCENT),
        *_traffic("unitSessionPercentage", "units ordered per 100 sessions", _PERCENT),
        _column("trafficByDate.averageOfferCount", "integer", "offers listed for sale"),
        _column("trafficByDate.averageParentItems", "integer", "parent products listed for sale"),
        _column("trafficByDate.feedbackReceived", "integer", "times customers left feedback"),
        _column("trafficByDate.negativeFeedbackReceived", "integer", "of these, negative"),
        _column("trafficByDate.receivedNegativeFeedbackRate", _PERCENT, "percent of orders with negative feedback"),
    ),
)
# fmt: on

BY_DATE_NOT_KEPT: Mapping[str, str] = {
    "date": "the line's own day: checked to be the day that was asked for",
    **{
        column.path.replace(".amount", ".currencyCode"): "checked to be the marketplace's, which is in currency_code"
        for column in BY_DATE.columns
        if column.path.endswith(".amount") and ".orderedProductSales." not in column.path
    },
}
