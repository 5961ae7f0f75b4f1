"""The report's rows by date: what the whole catalog did in a day, a week or a month."""

from collections.abc import Iterable, Sequence
from datetime import date

from amazon_simulator.amounts import Document, average, money, percent, ratio
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.world import DayTotals


def date_row(marketplace: Marketplace, first: date, days_of_it: Sequence[DayTotals]) -> Document:
    """Return the row of the period that begins with `first`."""
    totals = sum_totals(days_of_it)
    return {
        "date": first.isoformat(),
        "salesByDate": _sales_by_date(marketplace, totals),
        "trafficByDate": _traffic_by_date(marketplace, totals, len(days_of_it)),
    }


def _sales_by_date(marketplace: Marketplace, t: DayTotals) -> Document:
    claims = t.units // 900
    sales: Document = {
        "orderedProductSales": money(marketplace, t.sales),
        "unitsOrdered": t.units,
        "totalOrderItems": t.items,
        "averageSalesPerOrderItem": money(marketplace, average(t.sales, t.items)),
        "averageUnitsPerOrderItem": ratio(t.units, t.items),
        "averageSellingPrice": money(marketplace, average(t.sales, t.units)),
        "unitsRefunded": t.units_refunded,
        "refundRate": percent(t.units_refunded, t.units),
        "claimsGranted": claims,
        "claimsAmount": money(marketplace, claims * average(t.sales, t.units)),
        "shippedProductSales": money(marketplace, t.sales_shipped),
        "unitsShipped": t.units_shipped,
        "ordersShipped": t.items_shipped,
    }
    if marketplace.business:
        sales |= {
            "orderedProductSalesB2B": money(marketplace, t.sales_b),
            "unitsOrderedB2B": t.units_b,
            "totalOrderItemsB2B": t.items_b,
            "averageSalesPerOrderItemB2B": money(marketplace, average(t.sales_b, t.items_b)),
            "averageUnitsPerOrderItemB2B": ratio(t.units_b, t.items_b),
            "averageSellingPriceB2B": money(marketplace, average(t.sales_b, t.units_b)),
        }
    return sales


def _traffic_by_date(marketplace: Marketplace, t: DayTotals, day_count: int) -> Document:
    sessions, views = t.browser_sessions + t.app_sessions, t.browser_views + t.app_views
    feedback = t.items // 60
    traffic: Document = {
        "browserPageViews": t.browser_views,
        "mobileAppPageViews": t.app_views,
        "pageViews": views,
        "browserSessions": t.browser_sessions,
        "mobileAppSessions": t.app_sessions,
        "sessions": sessions,
        "buyBoxPercentage": percent(t.buy_box_views, views),
        "orderItemSessionPercentage": min(percent(t.items, sessions), 100.0),
        "unitSessionPercentage": percent(t.units, sessions),
        "averageOfferCount": t.offers // day_count,
        "averageParentItems": t.parents // day_count,
        "feedbackReceived": feedback,
        "negativeFeedbackReceived": feedback // 12,
        "receivedNegativeFeedbackRate": percent(feedback // 12, feedback),
    }
    if marketplace.business:
        sessions_b, views_b = t.browser_sessions_b + t.app_sessions_b, t.browser_views_b + t.app_views_b
        traffic |= {
            "browserPageViewsB2B": t.browser_views_b,
            "mobileAppPageViewsB2B": t.app_views_b,
            "pageViewsB2B": views_b,
            "browserSessionsB2B": t.browser_sessions_b,
            "mobileAppSessionsB2B": t.app_sessions_b,
            "sessionsB2B": sessions_b,
            "buyBoxPercentageB2B": percent(t.buy_box_views, views) if views_b else 0.0,
            "orderItemSessionPercentageB2B": min(percent(t.items_b, sessions_b), 100.0),
            "unitSessionPercentageB2B": percent(t.units_b, sessions_b),
        }
    return traffic


def sum_totals(totals: Iterable[DayTotals]) -> DayTotals:
    """Add days up; visitors who come on two days count twice."""
    return DayTotals(*map(sum, zip(*totals, strict=True)))
