/**
 * A figure for each item and day: items down, days across, with a row of days above.
 * Days that Amazon has not settled say so beside the date.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} metric "units", "sales", "sessions", "page_views", "cvr", "buy_box" …
 * @param {any} [days] How many days up to the last closed one (30), or the first day.
 * @param {any} [end] The last day, when the first one is given.
 * @param {any} [currency] Such as "EUR"; needed with ALL, else the marketplace's own.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} A row of days, then one row for each item.
 * @customfunction
 */
function AMZ_DAILY(items, marketplace, metric, days, end, currency, version) {
  return inWords_(() => daily_(items, marketplace, metric, days, end, currency, version));
}

/**
 * A figure now and then, for each item: now, then, change, and change as a fraction of then.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} metric "units", "sales", "sessions", "page_views", "cvr", "buy_box" …
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" ….
 * @param {any} versus "previous", "week_ago", "month_ago" or "year_ago".
 * @param {any} [currency] Such as "EUR"; needed with ALL, else the marketplace's own.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} Four columns, one row for each item.
 * @customfunction
 */
function AMZ_COMPARE(items, marketplace, metric, period, versus, currency, start, end, version) {
  return inWords_(() => compare_(items, marketplace, metric, period, versus, { currency, start, end, version }));
}

/**
 * The items with the most, the least, or that moved most, with a row of headings above.
 *
 * @param {any} marketplace US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} metric "units", "sales", "sessions", "page_views", "cvr", "buy_box" …
 * @param {any} period "Yesterday", "Last 7 days", "MTD", "2026-09", "2026-W40", "Custom" ….
 * @param {any} [n] How many (20).
 * @param {any} [direction] "most", "least", "up" or "down".
 * @param {any} [level] "child" or "parent".
 * @param {any} [currency] Such as "EUR"; needed with ALL, else the marketplace's own.
 * @param {any} [start] First day, for a period Custom.
 * @param {any} [end] Last day, for a period Custom.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} A row of headings, then one row for each item, the first one first.
 * @customfunction
 */
function AMZ_TOP(marketplace, metric, period, n, direction, level, currency, start, end, version) {
  return inWords_(() => top_(marketplace, metric, period, n, direction, level, { currency, start, end, version }));
}
