/**
 * Return a metric for items down × marketplaces or periods across: a value for single cells, a grid otherwise.
 * @param {string} metric
 * @param {any} items
 * @param {any} marketplaces
 * @param {any} periods
 * @param {{currency?: any, start?: any, end?: any, version?: any}} more
 * @return {any}
 */
function figures_(metric, items, marketplaces, periods, more) {
  return inWords_(() => {
    const question = question_(metric, items, marketplaces, periods, more);
    return question.single && !question.items.all ? single_(question) : grid_(question);
  });
}

/**
 * @typedef {{metric: string, items: ReturnType<typeof items_>, places: (string | null)[], periods: (string | null)[],
 *   single: boolean, more: {currency: string, start: string, end: string}, version: string}} Question
 */

/**
 * Read the arguments of a figure, or refuse with what is wrong.
 * @param {string} metric
 * @param {any} items
 * @param {any} marketplaces
 * @param {any} periods
 * @param {{currency?: any, start?: any, end?: any, version?: any}} more
 * @return {Question}
 */
function question_(metric, items, marketplaces, periods, more) {
  const down = items_(items);
  const places = across_(marketplaces, 'Marketplaces', words_);
  const start = date_(more.start, 'start');
  const spans = across_(isBlank_(periods) && start ? 'Custom' : periods, 'Periods', period_);
  if (places.list.length > 1 && spans.list.length > 1) refuse_('Either marketplaces or periods may be a range, not both');
  if (places.single && !places.list[0]) refuse_('Which marketplace? For example US, DE or ALL');
  if (spans.single && !spans.list[0]) refuse_('Which period? For example Last 7 days, Yesterday or 2026-09');
  bounded_(down.list.length, places.list.length * spans.list.length);
  return {
    metric, items: down, places: places.list, periods: spans.list,
    single: down.single && places.single && spans.single,
    more: { currency: text_(more.currency, 'currency'), start, end: date_(more.end, 'end') },
    version: version_(more.version),
  };
}

/**
 * Ask for the whole block by one call and lay it out as it was asked.
 * @param {Question} question
 * @return {Cell[][]}
 */
function grid_(question) {
  const { metric, items, places, periods, more, version } = question;
  const asked = { metric, items: items.list, marketplaces: places.filter(Boolean), periods: periods.filter(Boolean), ...more };
  const across = places.length > 1 ? places : periods;
  if (!asked.marketplaces.length || !asked.periods.length || (!items.all && items.list.every((item) => item === null))) {
    return items.list.map((_, i) => across.map(() => blankRow_(items, i)));
  }
  const data = ask_('sheet_values', asked, version).data;
  const named = items.all ? data.items : items.list;
  const rows = rowsOf_(data, named.length, data.columns.length);
  const grid = rows.map((row, i) => spread_(across, (j) => valueIn_(row[j], data.columns[j], named[i], items, i)));
  return items.all ? grid.map((row, i) => [named[i], ...row]) : grid;
}

/**
 * Return a row as wide as what was asked for: blank where the heading is blank.
 * @param {(string | null)[]} across
 * @param {(j: number) => Cell} value of the j-th heading that is not blank
 * @return {Cell[]}
 */
function spread_(across, value) {
  let j = 0;
  return across.map((heading) => (heading ? value(j++) : null));
}

/**
 * Return one value for a cell: the figure, or what the column says where there is none yet.
 * @param {any} value
 * @param {{state: string, say: string | null}} column
 * @param {string | null} item
 * @param {{dates: boolean[]}} items
 * @param {number} i
 * @return {Cell}
 */
function valueIn_(value, column, item, items, i) {
  if (item === null) return blankRow_(items, i);
  return value === null || value === undefined ? column.say || null : value;
}

/**
 * @param {{dates: boolean[]}} items
 * @param {number} i
 * @return {Cell} nothing, or why this row is no item
 */
function blankRow_(items, i) {
  return items.dates[i] ? NOT_AN_ITEM_ : null;
}

/**
 * Return the rows of an answer; refuses one that has not the shape that was asked for, before a figure stands beside
 * the wrong item.
 * @param {any} data
 * @param {number} count
 * @param {number} [width]
 * @return {any[][]}
 */
function rowsOf_(data, count, width) {
  const rows = data && data.rows;
  const right = Array.isArray(rows) && rows.length === count && rows.every((row) => width === undefined || row.length === width);
  return right ? rows : refuse_('No data: the answer has another shape than the question (is the database of the same version as this script?)');
}
