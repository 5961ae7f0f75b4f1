/**
 * @param {any} items
 * @param {any} marketplace
 * @param {any} metric
 * @param {any} days a number of days, or the first day
 * @param {any} end
 * @param {any} currency
 * @param {any} version
 * @return {Cell[][]}
 */
function daily_(items, marketplace, metric, days, end, currency, version) {
  const down = items_(items);
  const number = text_(days, 'days');
  const many = number === '' || (/^\d+$/.test(number) && Number(number) <= 20000);
  const span = many ? { days: Number(number || 30) } : { start: date_(days, 'the first day'), end: date_(end, 'the last day') };
  bounded_(down.list.length, span.days || 1);
  const asked = { metric: needed_(metric, 'metric'), items: down.list, marketplace: needed_(marketplace, 'marketplace'), ...span, currency: text_(currency) };
  const answer = ask_('sheet_daily', asked, version_(version));
  const { dates, states } = answer.data;
  const named = answer.data.items && down.all ? answer.data.items : down.list;
  const heading = dates.map((/** @type {string} */ day, /** @type {number} */ j) => (states[j] === 'closed' ? day : day + ' ' + states[j]));
  const rows = rowsOf_(answer.data, named.length, dates.length).map((row, i) => [down.dates[i] ? NOT_AN_ITEM_ : named[i], ...row]);
  return marked_([['item', ...heading], ...rows], answer);
}

/**
 * @param {any} items
 * @param {any} marketplace
 * @param {any} metric
 * @param {any} period
 * @param {any} versus
 * @param {{currency: any, start: any, end: any, version: any}} more
 * @return {Cell[][] | Cell}
 */
function compare_(items, marketplace, metric, period, versus, more) {
  const asked = {
    metric: needed_(metric, 'metric'), marketplace: needed_(marketplace, 'marketplace'),
    period: needed_(span_(period, more.start), 'period'), versus: text_(versus, 'versus') || 'previous', ...spans_(more),
  };
  return rowsOfItems_('sheet_compare', items, asked, more.version);
}

/**
 * @param {any} marketplace
 * @param {any} metric
 * @param {any} period
 * @param {any} n
 * @param {any} direction
 * @param {any} level
 * @param {{currency: any, start: any, end: any, version: any}} more
 * @return {Cell[][]}
 */
function top_(marketplace, metric, period, n, direction, level, more) {
  const asked = {
    marketplace: needed_(marketplace, 'marketplace'), metric: needed_(metric, 'metric'), period: needed_(span_(period, more.start), 'period'),
    n: count_(n, 'n') || 20, direction: text_(direction, 'direction') || 'most', level: text_(level, 'level') || 'child', ...spans_(more),
  };
  return table_('sheet_top', asked, more.version);
}

/**
 * @param {any} items
 * @param {any} marketplace
 * @param {any} metric
 * @param {any} period
 * @param {{currency: any, start: any, end: any, version: any}} more
 * @return {Cell[][] | Cell}
 */
function ads_(items, marketplace, metric, period, more) {
  const asked = {
    marketplace: needed_(marketplace, 'marketplace'), metric: needed_(metric, 'metric'), period: needed_(span_(period, more.start), 'period'), ...spans_(more),
  };
  return rowsOfItems_('sheet_ads', items, asked, more.version);
}

/**
 * Ask a function that answers one row for each item, and lay the rows beside the items.
 * @param {string} name
 * @param {any} items
 * @param {Record<string, any>} asked
 * @param {any} version
 * @return {Cell[][] | Cell}
 */
function rowsOfItems_(name, items, asked, version) {
  const down = items_(items);
  bounded_(down.list.length, 1);
  if (down.list.every((item) => item === null)) return down.list.map((_, i) => [blankRow_(down, i)]);
  const rows = rowsOf_(ask_(name, { items: down.list, ...asked }, version_(version)).data, down.list.length);
  return rows.map((row, i) => (down.list[i] === null ? row.map((_, j) => (j ? null : blankRow_(down, i))) : row));
}

/**
 * Ask a function that answers a heading and rows of its own.
 * @param {string} name
 * @param {Record<string, any>} asked
 * @param {any} version
 * @return {Cell[][]}
 */
function table_(name, asked, version) {
  const answer = ask_(name, asked, version_(version));
  const { header, rows } = answer.data;
  return marked_([header.slice(), ...rows.map((/** @type {Cell[]} */ row) => row.slice())], answer);
}

/**
 * Say in the first heading that an answer is the last one that came, and of which hour it is. Columns of figures have
 * no room for a word that would not break their sums; for them the freshness cell of `_meta` speaks.
 * @param {Cell[][]} grid
 * @param {Kept} answer
 * @return {Cell[][]}
 */
function marked_(grid, answer) {
  if (answer.stale) grid[0][0] = 'stale, of ' + time_(answer.at) + ': ' + answer.stale;
  return grid;
}

/**
 * @param {number} at in milliseconds
 * @return {string}
 */
function time_(at) {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
}

/**
 * Return an argument that cannot be left out.
 * @param {any} typed
 * @param {string} what
 * @return {string}
 */
function needed_(typed, what) {
  return text_(typed, what) || refuse_('Which ' + what + '? It is empty');
}

/**
 * @param {any} period
 * @param {any} start
 * @return {string}
 */
function span_(period, start) {
  const one = Array.isArray(period) ? text_(period, 'period') : period;
  return isBlank_(one) ? (isBlank_(start) ? '' : 'Custom') : period_(one);
}

/**
 * @param {{currency: any, start: any, end: any}} more
 * @return {{currency: string, start: string, end: string}}
 */
function spans_(more) {
  return { currency: text_(more.currency, 'currency'), start: date_(more.start, 'start'), end: date_(more.end, 'end') };
}
