"""The snapshot tabs' layout, on which script, push and template rely."""

from chalkola.surfaces.sheets import layout


def test_an_item_tab_has_each_metric_for_each_period_once() -> None:
    names = layout.ITEM_COLUMNS
    assert len(set(names)) == len(names) == 8 + 5 * 12 + 3
    assert names[:8] == ("key", "level", "asin", "sku", "skus", "parent_asin", "title", "price")
    assert {"units_last_day_week_ago", "sales_mtd_year_ago", "buy_box_last_30_month_ago"} <= set(names)
    assert "buy_box_yesterday" not in names


def test_every_tab_fits_into_the_grid_that_formulas_look_at() -> None:
    assert max(len(layout.ITEM_COLUMNS), len(layout.DAILY_COLUMNS)) < layout.COLUMNS
    assert layout.DAILY_ROWS > 400 * 12, "400 days of twelve marketplaces"
    assert len(layout.META) < layout.META_TABLE_ROW


def test_a_workbook_of_twelve_marketplaces_leaves_most_of_googles_ten_million_cells_free() -> None:
    tabs = 13 * layout.ITEM_ROWS + layout.DAILY_ROWS + layout.META_ROWS
    assert tabs * layout.COLUMNS < 5_000_000
