/**
 * Units ordered, for items down and marketplaces or periods across, by one call.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them.
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" …; or a row of them.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item. Empty: no data. 0: none was sold.
 * @customfunction
 */
function AMZ_UNITS(items, marketplace, period, start, end, version) {
  return figures_('units', items, marketplace, period, { start, end, version });
}

/**
 * Ordered product sales, for items down and marketplaces or periods across, by one call.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them.
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" …; or a row of them.
 * @param {any} [currency] Such as "EUR"; needed with ALL, else the marketplace's own.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item, in the marketplace's currency unless another is given.
 * @customfunction
 */
function AMZ_SALES(items, marketplace, period, currency, start, end, version) {
  return figures_('sales', items, marketplace, period, { currency, start, end, version });
}

/**
 * Visits and what they were. A parent's figures are Amazon's own: its children's sessions do not add up to them.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them.
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" …; or a row of them.
 * @param {any} metric "sessions", "page_views", "mobile_share" or "b2b_share".
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item; shares are fractions (0.1 is 10 %).
 * @customfunction
 */
function AMZ_TRAFFIC(items, marketplace, period, metric, start, end, version) {
  return figures_(text_(metric, 'metric') || 'sessions', items, marketplace, period, { start, end, version });
}

/**
 * Conversion: units ordered for each session, from the sums of the period.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them.
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" …; or a row of them.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item, as a fraction (0.1 is 10 %).
 * @customfunction
 */
function AMZ_CVR(items, marketplace, period, start, end, version) {
  return figures_('cvr', items, marketplace, period, { start, end, version });
}

/**
 * Share of page views with your offer in the buy box, weighted by page views.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them.
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" …; or a row of them.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item, as a fraction (0.9 is 90 %).
 * @customfunction
 */
function AMZ_BUYBOX(items, marketplace, period, start, end, version) {
  return figures_('buy_box', items, marketplace, period, { start, end, version });
}
