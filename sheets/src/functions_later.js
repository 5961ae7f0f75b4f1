/**
 * Units in Amazon's stock by the latest count. Answers "no data yet" until inventory is collected.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} [status] "fulfillable", "inbound_working", "inbound_shipped", "inbound_receiving", "reserved", "transfer", "unsellable" or "total".
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item.
 * @customfunction
 */
function AMZ_STOCK(items, marketplace, status, version) {
  return inWords_(() => rowsOfItems_('sheet_stock', items, { marketplace: text_(marketplace), status: text_(status) }, version));
}

/**
 * For how many days the stock lasts, and the day it is out. Answers "no data yet" until inventory is collected.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} [days] Over how many days units a day are counted.
 * @param {any} [inbound] TRUE to count what is on its way.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} Two columns: days, and the day; one row for each item.
 * @customfunction
 */
function AMZ_COVER(items, marketplace, days, inbound, version) {
  return inWords_(() => rowsOfItems_('sheet_cover', items, { marketplace: text_(marketplace), days: count_(days, 'days'), inbound: inbound === true ? true : null }, version));
}

/**
 * Advertising figures. Answers "no data yet" until advertising is collected.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} metric "spend", "sales", "acos", "tacos", "clicks" or "organic_share".
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" ….
 * @param {any} [currency] Such as "EUR"; needed with ALL, else the marketplace's own.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item.
 * @customfunction
 */
function AMZ_ADS(items, marketplace, metric, period, currency, start, end, version) {
  return inWords_(() => ads_(items, marketplace, metric, period, { currency, start, end, version }));
}
