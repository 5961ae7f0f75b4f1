"""The report's rows by ASIN: one for each parent, child or SKU over the whole range."""

from amazon_simulator.amounts import Document, money, percent, share
from amazon_simulator.figures import Cell
from amazon_simulator.marketplaces import Marketplace
from amazon_simulator.world import DayTotals


def asin_row(marketplace: Marketplace, cell: Cell, whole: DayTotals, granularity: str) -> Document:
    """Return a row; `whole` is what its shares are shares of."""
    child = cell.listing.child
    row: Document = {"parentAsin": child.parent_asin}
    if granularity != "PARENT":
        row["childAsin"] = child.asin
    if granularity == "SKU":
        row["sku"] = child.sku
    row["salesByAsin"] = _sales_by_asin(marketplace, cell)
    row["trafficByAsin"] = _traffic_by_asin(cell, whole)
    if marketplace.business:
        row["trafficByAsin"] |= _business_traffic(cell, whole)
    return row


def _sales_by_asin(marketplace: Marketplace, cell: Cell) -> Document:
    if not marketplace.business:
        return {
            "unitsOrdered": cell.units,
            "orderedProductSales": money(marketplace, cell.sales),
            "totalOrderItems": cell.items,
        }
    return {
        "unitsOrdered": cell.units,
        "unitsOrderedB2B": cell.units_b,
        "orderedProductSales": money(marketplace, cell.sales),
        "orderedProductSalesB2B": money(marketplace, cell.sales_b),
        "totalOrderItems": cell.items,
        "totalOrderItemsB2B": cell.items_b,
    }


def _traffic_by_asin(cell: Cell, whole: DayTotals) -> Document:
    browser, app, browser_views, app_views = cell[4:8]
    sessions, views = browser + app, browser_views + app_views
    return {
        "browserSessions": browser,
        "mobileAppSessions": app,
        "sessions": sessions,
        "browserSessionPercentage": share(browser, whole.browser_sessions),
        "mobileAppSessionPercentage": share(app, whole.app_sessions),
        "sessionPercentage": share(sessions, whole.browser_sessions + whole.app_sessions),
        "browserPageViews": browser_views,
        "mobileAppPageViews": app_views,
        "pageViews": views,
        "browserPageViewsPercentage": share(browser_views, whole.browser_views),
        "mobileAppPageViewsPercentage": share(app_views, whole.app_views),
        "pageViewsPercentage": share(views, whole.browser_views + whole.app_views),
        "buyBoxPercentage": percent(cell.buy_box_views, views),
        "unitSessionPercentage": percent(cell.units, sessions),
    }


def _business_traffic(cell: Cell, whole: DayTotals) -> Document:
    browser, app, browser_views, app_views = cell[12:16]
    sessions, views = browser + app, browser_views + app_views
    return {
        "browserSessionsB2B": browser,
        "mobileAppSessionsB2B": app,
        "sessionsB2B": sessions,
        "browserSessionPercentageB2B": share(browser, whole.browser_sessions_b),
        "mobileAppSessionPercentageB2B": share(app, whole.app_sessions_b),
        "sessionPercentageB2B": share(sessions, whole.browser_sessions_b + whole.app_sessions_b),
        "browserPageViewsB2B": browser_views,
        "mobileAppPageViewsB2B": app_views,
        "pageViewsB2B": views,
        "browserPageViewsPercentageB2B": share(browser_views, whole.browser_views_b),
        "mobileAppPageViewsPercentageB2B": share(app_views, whole.app_views_b),
        "pageViewsPercentageB2B": share(views, whole.browser_views_b + whole.app_views_b),
        "buyBoxPercentageB2B": percent(cell.buy_box_views, cell.browser_views + cell.app_views) if views else 0.0,
        "unitSessionPercentageB2B": percent(cell.units_b, sessions),
    }
