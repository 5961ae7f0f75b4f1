/** One argument of a function, as the sidebar explains it; `needed` ones cannot be left out. */
/** @typedef {{name: string, needed?: boolean, about: string, example: string}} Argument */

/** @type {Record<string, Argument>} */
const ARGUMENTS_ = {
  items: { name: 'items', needed: true, about: 'Child ASINs, parent ASINs or SKUs: a cell or one column', example: 'A2:A1000' },
  marketplace: { name: 'marketplace', needed: true, about: 'US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL; or a row of them', example: 'US' },
  one: { name: 'marketplace', needed: true, about: 'US, CA, MX, BR, UK, DE, FR, IT, ES, AE, AU, JP or ALL', example: 'US' },
  any: { name: 'marketplace', about: 'One marketplace; all of them when left out', example: 'US' },
  period: { name: 'period', needed: true, about: 'Yesterday, Last 7 days, MTD, Last month, 2026-09, 2026-W40, Custom …', example: 'Last 7 days' },
  metric: { name: 'metric', needed: true, about: 'units, sales, order_items, sessions, page_views, cvr, buy_box, average_price …', example: 'units' },
  traffic: { name: 'metric', about: 'sessions, page_views, mobile_share or b2b_share', example: 'sessions' },
  currency: { name: 'currency', about: 'Needed with ALL; otherwise money is in the marketplace\'s own', example: 'EUR' },
  start: { name: 'start', about: 'First day, for Custom', example: '2026-09-01' },
  end: { name: 'end', about: 'Last day, for Custom', example: '2026-09-30' },
  version: { name: 'version', about: 'Calculates again when new figures are in', example: '_meta!$B$1' },
};

/** What can be inserted: the arguments in their order. */
const FUNCTIONS_ = functions_(ARGUMENTS_);

/**
 * @param {Record<string, Argument>} a
 * @return {{name: string, about: string, args: Argument[]}[]}
 */
function functions_(a) {
  const custom = [a.start, a.end, a.version];
  /** @type {(name: string, about: string, ...args: Argument[]) => {name: string, about: string, args: Argument[]}} */
  const row = (name, about, ...args) => ({ name, about, args });
  /** @type {(name: string, about: string, example: string, needed?: boolean) => Argument} */
  const arg = (name, about, example, needed) => ({ name, about, example, needed });
  return [
    row('AMZ_UNITS', 'Units ordered', a.items, a.marketplace, a.period, ...custom),
    row('AMZ_SALES', 'Ordered product sales', a.items, a.marketplace, a.period, a.currency, ...custom),
    row('AMZ_TRAFFIC', 'Sessions, page views and their shares', a.items, a.marketplace, a.period, a.traffic, ...custom),
    row('AMZ_CVR', 'Units for each session', a.items, a.marketplace, a.period, ...custom),
    row('AMZ_BUYBOX', 'Share of page views with your offer in the buy box', a.items, a.marketplace, a.period, ...custom),
    row('AMZ_DAILY', 'A grid of items and days', a.items, a.one, a.metric,
      arg('days', 'How many days up to the last closed one, or the first day', '30'), a.end, a.currency, a.version),
    row('AMZ_COMPARE', 'Now, then, change, change in per cent', a.items, a.one, a.metric, a.period,
      arg('versus', 'previous, week_ago, month_ago or year_ago', 'week_ago', true), a.currency, ...custom),
    row('AMZ_TOP', 'The items with the most, the least, or that moved most', a.one, a.metric, a.period,
      arg('n', 'How many', '20'), arg('direction', 'most, least, up or down', 'most'),
      arg('level', 'child or parent', 'child'), a.currency, ...custom),
    row('AMZ_STOCK', 'Units in stock (no data yet)', a.items, a.one,
      arg('status', 'fulfillable, inbound_working, inbound_shipped, inbound_receiving, reserved, transfer, unsellable or total', 'fulfillable'), a.version),
    row('AMZ_COVER', 'Days that the stock lasts (no data yet)', a.items, a.one,
      arg('days', 'Over how many days units a day are counted', '30'), arg('inbound', 'TRUE counts what is on its way', 'TRUE'), a.version),
    row('AMZ_ADS', 'Advertising figures (no data yet)', a.items, a.one,
      arg('metric', 'spend, sales, acos, tacos, clicks or organic_share', 'spend', true), a.period, a.currency, ...custom),
    row('AMZ_PRODUCT', 'Title, parent, SKU, ASIN, price, status or category', a.items,
      arg('field', 'title, parent, sku, asin, price, status or category; or a row of them', 'title', true), a.any, a.version),
    row('AMZ_FX', 'The rate by which a currency is converted', arg('source', 'From', 'GBP', true), arg('target', 'To', 'EUR', true),
      arg('date', 'The day; the newest when left out', '2026-09-30'), a.version),
    row('AMZ_STATUS', 'How complete and how fresh the figures are', a.any, a.version),
    row('AMZ_ALERTS', 'What is wrong or deserves a look', a.any, arg('rule', 'Only alerts of this rule', ''), a.version),
  ];
}

/**
 * Return a formula from arguments as they were typed: addresses, numbers and TRUE stay, everything else is text. Empty
 * arguments at the end are left out.
 * @param {string} name
 * @param {string[]} args
 * @param {string} separator
 * @return {string}
 */
function formula_(name, args, separator) {
  const known = FUNCTIONS_.find((f) => f.name === name) || refuse_('There is no function ' + name);
  const typed = known.args.map((_, i) => String(args[i] == null ? '' : args[i]).trim());
  known.args.forEach((a, i) => a.needed && !typed[i] && refuse_(a.name + ' is missing: ' + a.about));
  while (typed.length && !typed[typed.length - 1]) typed.pop();
  return '=' + name + '(' + typed.map(argument_).join(separator + ' ') + ')';
}

/**
 * @param {string} typed
 * @return {string}
 */
function argument_(typed) {
  const address = /^(('[^']+'|[A-Za-z_][\w.]*)!)?\$?[A-Za-z]{1,3}\$?[1-9]\d{0,6}(:\$?[A-Za-z]{1,3}(\$?[1-9]\d{0,6})?)?$/;
  if (!typed || address.test(typed) || /^(\d+|TRUE|FALSE)$/.test(typed)) return typed;
  return '"' + typed.replace(/"/g, '""') + '"';
}

/**
 * Return what stands between arguments: a comma where English is spoken; the semicolon is understood everywhere else,
 * where the comma may be the decimal sign.
 * @param {string} locale such as de_DE
 * @return {string}
 */
function separator_(locale) {
  return /^en(_(?!ZA)|$)/.test(locale) ? ',' : ';';
}
