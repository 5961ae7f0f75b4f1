/**
 * What is known of an item: its title, parent, SKU, ASIN, price, status or category.
 *
 * @param {any} items Child ASIN, parent ASIN or SKU: one cell, or one column such as A2:A1000.
 * @param {any} field "title", "parent", "sku", "asin", "price", "status" or "category"; or a row of them.
 * @param {any} [marketplace] US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each item.
 * @customfunction
 */
function AMZ_PRODUCT(items, field, marketplace, version) {
  return inWords_(() => product_(items, field, marketplace, version));
}

/**
 * The rate by which a currency is converted: the European Central Bank's of that day, or of the last day before it that has one.
 *
 * @param {any} source From, such as "GBP".
 * @param {any} target To, such as "EUR".
 * @param {any} [date] The day; the newest when left out.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One of `source` in `target`.
 * @customfunction
 */
function AMZ_FX(source, target, date, version) {
  return inWords_(() => fx_(source, target, date, version));
}

/**
 * How complete and how fresh the figures are: one row for each marketplace, with a row of headings above.
 *
 * @param {any} [marketplace] US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP; all of them when left out.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} Last closed day, yesterday's state, rows, missing and differing days, last load, and a sentence.
 * @customfunction
 */
function AMZ_STATUS(marketplace, version) {
  return inWords_(() => status_(marketplace, version));
}

/**
 * What is wrong or deserves a look, with a row of headings above.
 *
 * @param {any} [marketplace] US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP; all of them when left out.
 * @param {any} [rule] Only alerts of this rule.
 * @param {any} [version] _meta!$B$1: calculates again when new figures are in.
 * @return {any} One row for each open alert.
 * @customfunction
 */
function AMZ_ALERTS(marketplace, rule, version) {
  return inWords_(() => alerts_(marketplace, rule, version));
}
