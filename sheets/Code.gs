// Chalkola for Google Sheets: your Amazon figures, in formulas and tabs that never time out.
// Made from sheets/src; change it there. How to set it up: docs/sheets.md.
/** @OnlyCurrentDoc */

// ── functions_figures.js ──

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

// ── functions_grids.js ──

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

// ── functions_facts.js ──

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

// ── functions_later.js ──

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

// ── menu.js ──

/** Add the menu. Google calls this when the spreadsheet is opened, without any authorisation. */
function onOpen() {
  SpreadsheetApp.getUi()
    .createMenu('Chalkola')
    .addItem('Connect …', 'menuSidebar')
    .addItem('Refresh now', 'menuRefresh')
    .addItem('Insert a function …', 'menuSidebar')
    .addItem('Turn columns into one formula …', 'menuConvert')
    .addSeparator()
    .addItem('How fresh are the figures?', 'menuFreshness')
    .addToUi();
}

/** Show the sidebar. */
function menuSidebar() {
  SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutput(SIDEBAR_).setTitle('Chalkola'));
}

/** Refresh now and say what came of it. */
function menuRefresh() {
  SpreadsheetApp.getActive().toast(refresh_(true), 'Chalkola', 15);
}

/** Say how fresh the figures are, as the freshness cell has it. */
function menuFreshness() {
  const state = sidebarState();
  const automatic = state.trigger ? '' : '\n\nThey are not refreshed by themselves for you: press Connect once.';
  SpreadsheetApp.getUi().alert('Chalkola', state.freshness + automatic, SpreadsheetApp.getUi().ButtonSet.OK);
}

// ── refreshing.js ──

/** One run stops in good time before Google ends it at 6 minutes; the next one goes on. */
const RUN_MS_ = 300000;

/** Every cell of the tabs is read this often to find out whether somebody changed one; their size at each run. */
const THOROUGH_ = { key: 'thorough', seconds: 3600 };

/** Cells that show an old answer are calculated again at most this often: one that can never succeed would otherwise
 * have all of them calculated at each run. */
const HEALED_ = { key: 'healed', seconds: 1800 };

/** So often may the figures change under a run before it leaves the rest to the next one. */
const ROUNDS_ = 2;

/** What the one time trigger calls, every ten minutes. */
function refreshSnapshots() {
  return refresh_(false);
}

/**
 * Bring the tabs to the newest version, and say in words what came of it.
 * @param {boolean} asked by a person: then every cell is compared, and the formulas calculate again
 * @return {string}
 */
function refresh_(asked) {
  const lock = LockService.getDocumentLock();
  if (!lock.tryLock(asked ? 5000 : 10)) return 'Another refresh is under way; it brings the same figures.';
  const book = SpreadsheetApp.getActive();
  try {
    return refreshed_(book, asked, Date.now());
  } catch (error) {
    return old_(book, error instanceof Refusal_ ? error.message : 'Google Sheets refused (' + reason_(error) + ')');
  } finally {
    lock.releaseLock();
  }
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {boolean} asked
 * @param {number} began
 * @return {string}
 */
function refreshed_(book, asked, began) {
  const connection = connection_();
  if (asked) forgetSaid_();
  const thorough = asked || !CacheService.getScriptCache().get(THOROUGH_.key);
  for (let round = 1; ; round++) {
    const { version, data: meta } = brought_('sheet_meta', { currency: currency_() }, connection);
    const due = meta.tabs.map((/** @type {any} */ t) => t.tab).filter((/** @type {string} */ tab) => isDue_(book, tab, version, thorough));
    const outcome = writeTabs_(book, due, version, connection, began);
    if (outcome === 'done') return completed_(book, meta, version, { written: due.length > 0, asked, thorough });
    if (outcome === 'time' || round === ROUNDS_) return halfway_(book, outcome);
  }
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} tab
 * @param {string} version
 * @param {boolean} thorough
 * @return {boolean} whether a tab has to be written
 */
function isDue_(book, tab, version, thorough) {
  const record = record_(tab);
  return !record || record.version !== version || record.currency !== currency_() || !isIntact_(book, tab, record, thorough);
}

/**
 * Write tabs one after the other, each with its line in the properties, until time runs out or the figures change
 * under way.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string[]} tabs
 * @param {string} version
 * @param {Connection} connection
 * @param {number} began
 * @return {'done' | 'time' | 'changed'}
 */
function writeTabs_(book, tabs, version, connection, began) {
  let longest = 0;
  for (const tab of tabs) {
    const start = Date.now();
    if (start - began + longest > RUN_MS_) return 'time';
    const answer = brought_('sheet_snapshot', { tab, currency: ['_ALL', '_daily'].includes(tab) ? currency_() : null }, connection);
    if (answer.version !== version) return 'changed';
    keepRecord_(tab, { version, currency: currency_(), ...writeTab_(book, answer.data) });
    keepSnapshot_(connection, tab, answer);
    longest = Math.max(longest, Date.now() - start);
  }
  return 'done';
}

/**
 * Ask the database directly. Refuses with the sentence when nothing comes.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @return {Data}
 */
function brought_(name, args, connection) {
  const answer = call_(name, args, connection);
  if (answer.kind === 'data') return answer;
  return refuse_(answer.kind === 'said' ? answer.say : answer.why);
}

/**
 * All tabs are of one version. Where nothing changed, nothing is written, but for a freshness cell that says otherwise
 * and for cells that show an old answer and shall calculate again.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {Meta} meta
 * @param {string} version
 * @param {{written: boolean, asked: boolean, thorough: boolean}} how
 * @return {string}
 */
function completed_(book, meta, version, how) {
  const cache = CacheService.getScriptCache();
  seen_(version);
  if (how.thorough) cache.put(THOROUGH_.key, 'yes', THOROUGH_.seconds);
  const trouble = Boolean(cache.get('trouble')) && !cache.get(HEALED_.key);
  if (trouble) {
    cache.remove('trouble');
    cache.put(HEALED_.key, 'yes', HEALED_.seconds);
    forgetSaid_();
  }
  const stamp = stamp_(version, how.asked || trouble);
  if (how.written || how.asked || trouble || !metaIsIntact_(book, stamp)) writeMeta_(book, meta, stamp);
  else sayFreshness_(book, meta.freshness, true);
  return meta.freshness;
}

/**
 * Return what stands in _meta!B1: the version, and behind # how often it was written, so that formulas calculate again
 * even where the version is the same.
 * @param {string} version
 * @param {boolean} again
 * @return {string}
 */
function stamp_(version, again) {
  const properties = PropertiesService.getScriptProperties();
  const kept = JSON.parse(properties.getProperty('stamp') || 'null') || { version, n: again ? -1 : 0 };
  const n = kept.version !== version ? 0 : again ? kept.n + 1 : kept.n;
  properties.setProperty('stamp', JSON.stringify({ version, n }));
  return n ? version + '#' + n : version;
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {'time' | 'changed'} outcome
 * @return {string}
 */
function halfway_(book, outcome) {
  const why = outcome === 'time' ? 'Google gives a run six minutes' : 'the figures are changing just now';
  const words = 'Being refreshed since ' + time_(Date.now()) + ': some tabs are newer than others (' + why + '); it goes on within ten minutes.';
  sayFreshness_(book, words, false);
  return words;
}

/**
 * Keep what is there and say why it is not newer.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} why
 * @return {string}
 */
function old_(book, why) {
  const tab = book.getSheetByName(META_.tab);
  const since = tab ? String(tab.getRange(6, 2).getValue()) : '';
  const kept = since ? 'The figures are those of ' + since : 'There are no figures yet';
  const words = 'Not refreshed: ' + why + '. ' + kept + '; tried last at ' + time_(Date.now()) + '.';
  try {
    sayFreshness_(book, words, false);
  } catch (error) {
    return words + ' (_meta could not be written: ' + reason_(error) + ')';
  }
  return words;
}

// ── arguments.js ──

// What Google hands to a custom function: a cell as a scalar, a range as rows, an empty cell as '', a date as a Date, a
// SKU of digits as a number. `instanceof` does not hold for what was made elsewhere, so the tag decides.

/** What an item that arrived as a date gets in its row: the SKU that was typed is gone. */
const NOT_AN_ITEM_ = 'not an item: format the cell as plain text';

/** As many cells as the database answers at most; a larger question is refused before it travels. */
const CELLS_ = 50000;

/**
 * Return the items of a cell or of one column: texts, null for a blank one. Blank cells after the last item are left
 * out, so that A2:A answers as far as there are items.
 * @param {any} typed
 * @return {{list: (string | null)[], single: boolean, dates: boolean[], all: boolean}}
 */
function items_(typed) {
  const rows = Array.isArray(typed) ? typed : [[typed]];
  if (rows.some((row) => row.length !== 1)) refuse_('Items must stand in one column, such as A2:A1000');
  const cells = rows.map((row) => row[0]);
  while (cells.length > 1 && isBlank_(cells[cells.length - 1])) cells.pop();
  const list = cells.map(item_);
  return { list, single: !Array.isArray(typed), dates: cells.map(isDate_), all: list.length === 1 && list[0] === '*' };
}

/**
 * @param {any} cell
 * @return {string | null}
 */
function item_(cell) {
  if (isBlank_(cell) || isDate_(cell)) return null;
  return String(cell).trim();
}

/**
 * Return what stands in a cell or in one row: marketplaces or periods across. Blank cells after the last one are left
 * out; those between stay, as null.
 * @param {any} typed
 * @param {string} what the plural, for the sentence that refuses
 * @param {(cell: any) => string} read
 * @return {{list: (string | null)[], single: boolean}}
 */
function across_(typed, what, read) {
  if (!Array.isArray(typed)) return { list: [isBlank_(typed) ? null : read(typed)], single: true };
  if (typed.length !== 1) refuse_(what + ' must stand in one row, such as B1:K1, and items in one column');
  const cells = typed[0].slice();
  while (cells.length > 1 && isBlank_(cells[cells.length - 1])) cells.pop();
  return { list: cells.map((/** @type {any} */ cell) => (isBlank_(cell) ? null : read(cell))), single: false };
}

/**
 * Return a period as it was typed; which words there are is known to the database alone. Refuses a date: Google turns
 * 2026-09 into the first of September, and the figures of one day would stand where a month was meant.
 * @param {any} cell
 * @return {string}
 */
function period_(cell) {
  if (isDate_(cell)) refuse_("The period arrived as a date: type it as text ('2026-09), or use Custom with a start and an end");
  return words_(cell);
}

/**
 * Return one word or text, or '' for nothing. Refuses a range of several cells.
 * @param {any} cell
 * @param {string} [what] for the sentence that refuses
 * @return {string}
 */
function text_(cell, what) {
  const one = Array.isArray(cell) && cell.length === 1 && cell[0].length === 1 ? cell[0][0] : cell;
  if (Array.isArray(one)) refuse_('One cell is expected for ' + (what || 'this argument') + ', not a range');
  return isBlank_(one) ? '' : words_(one);
}

/**
 * @param {any} cell
 * @return {string}
 */
function words_(cell) {
  return isDate_(cell) ? day_(cell) : String(cell).trim();
}

/**
 * Return a day as YYYY-MM-DD, or '' for nothing. A date is read in the spreadsheet's time zone, a number is Google's
 * count of days since 1899-12-30, text goes to the database as it is.
 * @param {any} typed
 * @param {string} what for the sentence that refuses
 * @return {string}
 */
function date_(typed, what) {
  const cell = Array.isArray(typed) && typed.length === 1 && typed[0].length === 1 ? typed[0][0] : typed;
  if (Array.isArray(cell)) refuse_('One date is expected for ' + what + ', not a range');
  if (isBlank_(cell)) return '';
  if (isDate_(cell)) return day_(cell);
  if (typeof cell === 'number' && cell > 20000 && cell < 80000) {
    return new Date(Math.floor(cell - 25569) * 86400000).toISOString().slice(0, 10);
  }
  return words_(cell);
}

/**
 * @param {any} date
 * @return {string} YYYY-MM-DD
 */
function day_(date) {
  return Utilities.formatDate(date, SpreadsheetApp.getActive().getSpreadsheetTimeZone(), 'yyyy-MM-dd');
}

/**
 * Return a whole number, or null for nothing.
 * @param {any} typed
 * @param {string} what for the sentence that refuses
 * @return {number | null}
 */
function count_(typed, what) {
  const text = text_(typed, what);
  if (!text) return null;
  if (!/^\d+$/.test(text)) refuse_('A whole number is expected for ' + what + ', not ' + text);
  return Number(text);
}

/**
 * Return the version without the mark that has cells calculated again.
 * @param {any} typed what stands in _meta!B1
 * @return {string}
 */
function version_(typed) {
  return text_(typed, 'version').split('#')[0];
}

/**
 * @param {any} cell
 * @return {boolean}
 */
function isBlank_(cell) {
  return cell === null || cell === undefined || String(cell).trim() === '';
}

/**
 * @param {any} cell
 * @return {boolean}
 */
function isDate_(cell) {
  return Object.prototype.toString.call(cell) === '[object Date]';
}

/**
 * Refuse a question that is larger than the database answers.
 * @param {number} rows
 * @param {number} columns
 */
function bounded_(rows, columns) {
  if (rows * columns <= CELLS_) return;
  refuse_(
    rows + ' × ' + columns + ' cells are more than the ' + CELLS_ + ' that one formula may ask for: split the range, ' +
      'or read the hidden tabs (_US, _ALL …), which have every item',
  );
}

// ── asking.js ──

/** The newest version that anybody has seen, and for how long that counts: while it stands, an answer of this version
 * is as good as a new one and nothing is asked. Each answer renews it, and the refresh of the tabs does every ten
 * minutes. */
const SEEN_ = { key: 'seen', seconds: 900 };

/** Functions whose whole dataset may not be collected yet; one answer speaks for every cell of them. */
const WAITING_ = ['sheet_stock', 'sheet_cover', 'sheet_ads'];

/** What was said under another epoch is forgotten. */
const EPOCH_ = 'said-epoch';

/** How long a sentence of the database, or a lost answer, speaks for whom: everybody, a function, or one question. */
const SAID_ = {
  token_unknown: { scope: 'all', seconds: 60 },
  token_revoked: { scope: 'all', seconds: 60 },
  no_data_yet: { scope: 'question', seconds: 60 },
  bad_argument: { scope: 'question', seconds: 60 },
  too_large: { scope: 'question', seconds: 60 },
  lost: { scope: 'question', seconds: 20 },
};

/**
 * Return the answer to a question: a kept one of the newest version, a new one, or the last one kept, marked stale.
 * Refuses with a sentence for the cell when there is none.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {string} version that the cell was given, or ''
 * @return {Kept}
 */
function ask_(name, args, version) {
  const connection = connection_();
  const key = key_(connection, name, args);
  const kept = recall_(key);
  if (kept && isFresh_(kept, version)) return kept;
  return settle_(name, key, kept, askNow_(name, args, connection, key));
}

/**
 * Ask unless it was said a moment ago that there is nothing, and keep what comes.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @param {string} key
 * @return {Answer}
 */
function askNow_(name, args, connection, key) {
  const said = recallSaid_(name, key);
  if (said) return said;
  const closed = breakerSays_();
  if (closed) return lost_(closed, false);
  callBegins_();
  const answer = call_(name, args, connection);
  callEnds_(answer);
  if (answer.kind === 'data') seen_(answer.version);
  else keepSaid_(name, key, answer);
  return answer;
}

/**
 * Return the answer for the cell: the new one, kept; or, where none came, the last one, marked stale.
 * @param {string} name
 * @param {string} key
 * @param {Kept | null} kept
 * @param {Answer} answer
 * @return {Kept}
 */
function settle_(name, key, kept, answer) {
  if (answer.kind === 'data') {
    keep_(key, answer);
    return { ...answer, at: Date.now() };
  }
  return lastOrWords_(kept, answer);
}

/**
 * Return the last answer, marked stale, or refuse with the sentence. What the database said of the token or the
 * question stands above an older answer; what was lost on the way does not.
 * @param {Kept | null} kept
 * @param {Said | Lost} answer
 * @return {Kept}
 */
function lastOrWords_(kept, answer) {
  if (answer.kind === 'said' && answer.code !== 'slow_down') return refuse_(answer.say);
  const why = answer.kind === 'lost' ? answer.why : 'too many calls at once';
  markTrouble_();
  if (kept) return { ...kept, stale: why };
  return refuse_('No data: ' + why + (/menu Chalkola|chalkola migrate/.test(why) ? '' : '; it comes with the next refresh (menu Chalkola, Refresh now)'));
}

/**
 * @param {Kept} kept
 * @param {string} version that the cell was given, or ''
 * @return {boolean}
 */
function isFresh_(kept, version) {
  return kept.version === (CacheService.getScriptCache().get(SEEN_.key) || version);
}

/** @param {string} version that has just been seen */
function seen_(version) {
  CacheService.getScriptCache().put(SEEN_.key, version, SEEN_.seconds);
}

/**
 * @param {string} name
 * @param {string} key
 * @param {Said | Lost} answer
 */
function keepSaid_(name, key, answer) {
  const code = /** @type {keyof typeof SAID_} */ (answer.kind === 'lost' ? 'lost' : answer.code);
  const waits = code === 'no_data_yet' && WAITING_.includes(name);
  const rule = waits ? { scope: 'function', seconds: 600 } : SAID_[code];
  const cache = CacheService.getScriptCache();
  const said = { answer, epoch: cache.get(EPOCH_) };
  if (rule) cache.put(saidKey_(rule.scope, name, key), JSON.stringify(said), rule.seconds);
}

/**
 * @param {string} name
 * @param {string} key
 * @return {Said | Lost | null}
 */
function recallSaid_(name, key) {
  const keys = ['all', 'function', 'question'].map((scope) => saidKey_(scope, name, key));
  const kept = CacheService.getScriptCache().getAll([...keys, EPOCH_]);
  const said = keys.filter((k) => kept[k]).map((k) => JSON.parse(kept[k]));
  const valid = said.find(({ epoch }) => epoch === (kept[EPOCH_] || null));
  return valid ? valid.answer : null;
}

/**
 * @param {string} scope
 * @param {string} name
 * @param {string} key
 * @return {string}
 */
function saidKey_(scope, name, key) {
  return 'said:' + (scope === 'all' ? '' : scope === 'function' ? name : key);
}

/** Forget what was said, so that the next question is asked whatever came of the last one. */
function forgetSaid_() {
  CacheService.getScriptCache().put(EPOCH_, Date.now() + ' ' + Math.random(), KEEP_.seconds);
  closeBreaker_();
}

/** Some cell shows an old answer or none: the next refresh that succeeds has the cells calculated again. */
function markTrouble_() {
  CacheService.getScriptCache().put('trouble', 'yes', KEEP_.seconds);
}

// ── breaker.js ──

/** So many answers lost within a minute, and for a minute nobody asks any more: cells answer from what was kept. */
const BREAKER_ = { failures: 5, seconds: 60, hanging: 120, lost: 'breaker:lost', open: 'breaker:open', waiting: 'breaker:waiting' };

/** Google ends a cell at 30 s without a word, so a call that began this long ago and never ended counts as lost. */
const HANGING_MS_ = 25000;

/**
 * Say why nobody should ask now, or return '' when asking is fine.
 * @return {string}
 */
function breakerSays_() {
  const cache = CacheService.getScriptCache();
  const said = cache.getAll([BREAKER_.open, BREAKER_.waiting]);
  if (said[BREAKER_.open]) return said[BREAKER_.open];
  const since = Number(said[BREAKER_.waiting] || 0);
  return since && Date.now() - since > HANGING_MS_ ? 'the server does not answer in time' : '';
}

/** Write down that a call is under way, unless another one already stands there. */
function callBegins_() {
  const cache = CacheService.getScriptCache();
  if (!cache.get(BREAKER_.waiting)) cache.put(BREAKER_.waiting, String(Date.now()), BREAKER_.hanging);
}

/**
 * Count how a call ended. The lists of two executions may overwrite each other; a lost count opens the breaker a
 * little later, which is no harm.
 * @param {Answer} answer
 */
function callEnds_(answer) {
  const cache = CacheService.getScriptCache();
  cache.remove(BREAKER_.waiting);
  const lost = answer.kind === 'lost' || (answer.kind === 'said' && answer.code === 'slow_down');
  if (!lost) return;
  const now = Date.now();
  /** @type {number[]} */
  const before = JSON.parse(cache.get(BREAKER_.lost) || '[]');
  const recent = before.filter((at) => now - at < BREAKER_.seconds * 1000).concat(now);
  cache.put(BREAKER_.lost, JSON.stringify(recent), BREAKER_.seconds);
  const why = answer.kind === 'lost' ? answer.why : 'too many calls at once';
  if (recent.length >= BREAKER_.failures) cache.put(BREAKER_.open, why, BREAKER_.seconds);
}

/** Let everybody ask again, as after a new connection or by the menu. */
function closeBreaker_() {
  CacheService.getScriptCache().removeAll([BREAKER_.lost, BREAKER_.open, BREAKER_.waiting]);
}

// ── calling.js ──

/** The longest that a cell waits for an answer; Google ends it at 30 s with #ERROR!. */
const BUDGET_MS_ = 20000;

/** Between the first try and the second; the spread keeps many cells from asking again at one moment. */
const PAUSE_MS_ = { least: 400, spread: 1200 };

/**
 * Ask the database, once more when the first try was lost and there is time for a second one as long.
 * @param {string} name of the function
 * @param {Record<string, any>} args without the token; null and undefined are left out
 * @param {Connection} connection
 * @return {Answer}
 */
function call_(name, args, connection) {
  const began = Date.now();
  const first = callOnce_(name, args, connection);
  if (!worthAsking_(first)) return first;
  const pause = pause_(first);
  if (2 * (Date.now() - began) + pause > BUDGET_MS_) return first;
  Utilities.sleep(pause);
  return callOnce_(name, args, connection);
}

/**
 * Return for how many milliseconds to wait before the second try: as long as the database says, and a little more.
 * @param {Answer} answer
 * @return {number}
 */
function pause_(answer) {
  const told = answer.kind === 'said' && answer.wait ? answer.wait * 1000 : 0;
  return told + PAUSE_MS_.least + Math.floor(Math.random() * PAUSE_MS_.spread);
}

/**
 * Say whether asking again may bring another answer.
 * @param {Answer} answer
 * @return {boolean}
 */
function worthAsking_(answer) {
  return (answer.kind === 'lost' && answer.again) || (answer.kind === 'said' && answer.code === 'slow_down');
}

/**
 * One HTTP call. Never throws.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @return {Answer}
 */
function callOnce_(name, args, connection) {
  /** @type {Record<string, string>} */
  const headers = connection.apikey ? { apikey: connection.apikey } : {};
  try {
    const response = UrlFetchApp.fetch(connection.address + '/rest/v1/rpc/' + name, {
      method: 'post',
      contentType: 'application/json',
      headers,
      payload: JSON.stringify(withoutNothing_({ token: connection.token, ...args })),
      muteHttpExceptions: true,
      followRedirects: false,
    });
    return read_(response.getResponseCode(), response.getContentText(), name);
  } catch (error) {
    return unreachable_(error);
  }
}

/**
 * Google's own limit is named, everything else is a server that did not answer. The error's text is not shown: it may
 * carry the address.
 * @param {any} error
 * @return {Lost}
 */
function unreachable_(error) {
  const worn = /too many times|quota/i.test(reason_(error));
  return worn ? lost_("Google's daily limit of calls is reached", false) : lost_('the server cannot be reached', true);
}

/**
 * Return what an HTTP answer means.
 * @param {number} status
 * @param {string} text
 * @param {string} name
 * @return {Answer}
 */
function read_(status, text, name) {
  if (status === 401 || status === 403) return lost_('the server refuses the public key (menu Chalkola, Connect)', false);
  if (status === 404) return lost_('there is no function ' + name + ' at this address (chalkola migrate makes it)', false);
  if (status === 429) return { kind: 'said', code: 'slow_down', say: 'No data: too many calls at once; it comes by itself' };
  if (status === 408 || status >= 500) return lost_('the server is busy or down (' + status + ')', true);
  if (status !== 200) return lost_('the server answered ' + status, false);
  return envelope_(text);
}

/**
 * Open the envelope.
 * @param {string} text
 * @return {Answer}
 */
function envelope_(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    return lost_('something else answers at this address', false);
  }
  if (answer && answer.ok === true && typeof answer.version === 'string') {
    return { kind: 'data', version: answer.version, data: answer.data };
  }
  if (answer && answer.ok === false && answer.say) {
    return { kind: 'said', code: String(answer.code), say: String(answer.say), wait: Number(answer.retry_after) || 0 };
  }
  return lost_('something else answers at this address', false);
}

/**
 * @param {string} why
 * @param {boolean} again whether the same call may succeed a moment later
 * @return {Lost}
 */
function lost_(why, again) {
  return { kind: 'lost', why, again };
}

/**
 * Return the arguments that have a value.
 * @param {Record<string, any>} args
 * @return {Record<string, any>}
 */
function withoutNothing_(args) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined && value !== ''));
}

// ── connecting.js ──

// What the sidebar calls. Google lets it call functions whose names do not end in an underscore.

/**
 * Return what the sidebar shows: never the token.
 * @return {{connected: boolean, address: string, apikey: string, currency: string, freshness: string, trigger: boolean}}
 */
function sidebarState() {
  const kept = PropertiesService.getScriptProperties().getProperties();
  const meta = SpreadsheetApp.getActive().getSheetByName(META_.tab);
  return {
    connected: Boolean(kept[CONNECTION_.address] && kept[CONNECTION_.token]),
    address: kept[CONNECTION_.address] || '',
    apikey: kept[CONNECTION_.apikey] || '',
    currency: kept[CONNECTION_.currency] || DEFAULT_CURRENCY_,
    freshness: meta ? String(meta.getRange(2, 2).getValue()) : 'No figures yet.',
    trigger: hasTrigger_(),
  };
}

/**
 * Try a connection, and only if the database answers keep it and start refreshing. An empty token keeps the one that
 * is there.
 * @param {{address: string, apikey: string, token: string, currency: string}} form
 * @return {{ok: boolean, say: string}}
 */
function sidebarConnect(form) {
  try {
    return { ok: true, say: connect_(form) };
  } catch (error) {
    return { ok: false, say: error instanceof Refusal_ ? error.message : 'That did not work: ' + reason_(error) };
  }
}

/**
 * @param {{address: string, apikey: string, token: string, currency: string}} form
 * @return {string}
 */
function connect_(form) {
  const before = PropertiesService.getScriptProperties().getProperty(CONNECTION_.token);
  const address = address_(form.address);
  const connection = { address, apikey: apikey_(form.apikey), token: form.token || !before ? token_(form.token) : before };
  if (/\.supabase\.co$/i.test(address) && !connection.apikey) refuse_('Supabase wants its public key as well: Project Settings, API Keys');
  const currency = String(form.currency || DEFAULT_CURRENCY_).trim().toUpperCase();
  const { data } = brought_('sheet_meta', { currency }, connection);
  keepConnection_(connection, currency);
  forgetSaid_();
  startTrigger_();
  return 'Connected: ' + data.tabs.length + ' tabs. ' + data.freshness;
}

/**
 * Refresh now, and say what came of it.
 * @return {string}
 */
function sidebarRefresh() {
  return refresh_(true);
}

/**
 * Return what can be inserted, with each argument explained.
 * @return {typeof FUNCTIONS_}
 */
function sidebarFunctions() {
  return FUNCTIONS_;
}

/**
 * Write a formula into the active cell.
 * @param {string} name
 * @param {string[]} args as they were typed, in order
 * @return {string} the formula, or why there is none
 */
function sidebarInsert(name, args) {
  return inWords_(() => {
    const book = SpreadsheetApp.getActive();
    const cell = book.getActiveCell();
    if (!cell) refuse_('Choose a cell first');
    const formula = formula_(name, args, separator_(book.getSpreadsheetLocale()));
    cell.setFormula(formula);
    return formula;
  });
}

// ── connection.js ──

/** The names under which the connection stands in the script's properties. Every editor of the spreadsheet can read
 * them there, so the token opens reading functions only. */
const CONNECTION_ = { address: 'address', apikey: 'apikey', token: 'token', currency: 'currency' };

/** The currency of the tab `_ALL` until another one is chosen. */
const DEFAULT_CURRENCY_ = 'USD';

/**
 * Return the connection, or refuse with what to do when there is none. Google allows 50,000 looks into the properties a
 * day, which a thousand single cells would use up, so a copy stands in the cache.
 * @return {Connection}
 */
function connection_() {
  const cache = CacheService.getScriptCache();
  const copy = cache.get('connection');
  if (copy) return JSON.parse(copy);
  const connection = keptConnection_();
  cache.put('connection', JSON.stringify(connection), 600);
  return connection;
}

/** @return {Connection} as it stands in the properties */
function keptConnection_() {
  const kept = PropertiesService.getScriptProperties().getProperties();
  const address = kept[CONNECTION_.address];
  const token = kept[CONNECTION_.token];
  if (!address || !token) refuse_('Not connected: menu Chalkola, Connect');
  return { address, token, apikey: kept[CONNECTION_.apikey] || '' };
}

/**
 * Write down the connection and the currency of `_ALL`.
 * @param {Connection} connection
 * @param {string} currency
 */
function keepConnection_(connection, currency) {
  PropertiesService.getScriptProperties().setProperties({
    [CONNECTION_.address]: connection.address,
    [CONNECTION_.apikey]: connection.apikey,
    [CONNECTION_.token]: connection.token,
    [CONNECTION_.currency]: currency,
  });
  CacheService.getScriptCache().remove('connection');
}

/** @return {string} the currency of the tab `_ALL` */
function currency_() {
  return PropertiesService.getScriptProperties().getProperty(CONNECTION_.currency) || DEFAULT_CURRENCY_;
}

/**
 * Return the address as it is called, from what a person pasted. Refuses what is no address, and http:// beyond this
 * machine: the token would travel readable.
 * @param {any} pasted
 * @return {string}
 */
function address_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim().replace(/\/+$/, '').replace(/\/rest\/v1(\/rpc)?$/, '');
  const parts = /^(https?):\/\/([^/:?#@\s]+)(:\d+)?(\/[^?#\s]*)?$/i.exec(text);
  if (!parts) {
    return refuse_('The address is not one: it looks like https://abcdefgh.supabase.co or https://figures.example.com');
  }
  const here = /^(localhost|127(\.\d{1,3}){3})$/i.test(parts[2]);
  if (parts[1].toLowerCase() === 'http' && !here) refuse_('The address must begin with https://, or the token could be read on its way');
  return text;
}

/**
 * Return the token as it is sent. Refuses what cannot be one, and names the mistake that is made most: a database key.
 * @param {any} pasted
 * @return {string}
 */
function token_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim();
  if (!text) refuse_('The token is missing: make one with chalkola sheets token create');
  if (/^(eyJ|sb_)/.test(text)) refuse_('That is a key of Supabase, not a token: make a token with chalkola sheets token create');
  if (!/^cs_[A-Za-z0-9]+_[A-Za-z0-9]+$/.test(text)) refuse_('That is no token: one begins with cs_ and is shown once by chalkola sheets token create');
  return text;
}

/**
 * Return Supabase's public key as it is sent, or '' where there is none. Refuses keys that may write.
 * @param {any} pasted
 * @return {string}
 */
function apikey_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim();
  if (/^sb_secret_/.test(text) || roleOf_(text) === 'service_role') {
    refuse_('That is a secret key, which opens the whole database; take the public one (anon or publishable)');
  }
  return text;
}

/**
 * Return the role that a key of Supabase's older form (a JWT) carries, or '' for any other text.
 * @param {string} key
 * @return {string}
 */
function roleOf_(key) {
  const middle = key.split('.')[1];
  if (!middle) return '';
  try {
    return JSON.parse(Utilities.newBlob(Utilities.base64DecodeWebSafe(middle)).getDataAsString()).role || '';
  } catch (error) {
    return '';
  }
}

// ── converting.js ──

// Plans how a column of single-cell formulas becomes a few formulas over ranges. Pure.

/**
 * `rows` formulas from row `row` on become one.
 * @typedef {{row: number, rows: number, formula: string, was: string, note?: string}} Block
 * @typedef {{row: number, formula: string, why: string}} Left
 */

/**
 * Plan a column. Rows belong together when the same call stands in each and only the item moves down with the row.
 * @param {{row: number, formula: string}[]} cells those with a formula, from above
 * @param {(name: string) => string} [lacks] why a function of ours cannot answer yet, or ''
 * @return {{blocks: Block[], left: Left[]}}
 */
function plan_(cells, lacks) {
  /** @type {{blocks: Block[], left: Left[]}} */
  const plan = { blocks: [], left: [] };
  /** @type {Line[]} */
  let run = [];
  for (const cell of cells.filter((c) => /\b(AMZ|GORILLA)_/i.test(c.formula))) {
    const line = line_(cell, lacks || (() => ''));
    if (typeof line === 'string') plan.left.push({ ...cell, why: line });
    else if (run.length && follows_(run[run.length - 1], line)) run.push(line);
    else {
      closeRun_(plan, run);
      run = [line];
    }
  }
  closeRun_(plan, run);
  plan.left.sort((a, b) => a.row - b.row);
  return plan;
}

/**
 * @typedef {{row: number, formula: string, ours: Written, at: NonNullable<ReturnType<typeof cellOf_>>, separator: string, same: string}} Line
 */

/**
 * Read one cell, or say why it stays.
 * @param {{row: number, formula: string}} cell
 * @param {(name: string) => string} lacks
 * @return {Line | string}
 */
function line_(cell, lacks) {
  const call = readCall_(cell.formula);
  if (!call) return 'it is more than one call of a function';
  const ours = written_(call);
  if (typeof ours === 'string') return ours;
  const at = ours.item.kind === 'cell' ? cellOf_(ours.item.raw) : null;
  if (!at || at.fixed) return 'its item is not a cell that moves down with the row';
  const lack = lacks(ours.name);
  if (lack) return lack;
  const same = JSON.stringify([ours.name, at.tab, at.column, ours.rest.map((term) => term.raw.toUpperCase())]);
  return { ...cell, ours, at, separator: call.separator, same };
}

/**
 * @param {Line} above
 * @param {Line} below
 * @return {boolean}
 */
function follows_(above, below) {
  return below.row === above.row + 1 && below.same === above.same && below.at.row === above.at.row + 1;
}

/**
 * Make one formula of rows that belong together; a row that stands alone gains nothing and stays.
 * @param {{blocks: Block[], left: Left[]}} plan
 * @param {Line[]} run
 */
function closeRun_(plan, run) {
  if (!run.length) return;
  const [first, last] = [run[0], run[run.length - 1]];
  if (run.length === 1) {
    plan.left.push({ row: first.row, formula: first.formula, why: 'the rows around it ask for something else' });
    return;
  }
  const items = first.at.tab + first.at.column + first.at.row + ':' + first.at.column + last.at.row;
  const args = [items, ...first.ours.rest.map((term) => term.raw)];
  while (!args[args.length - 1]) args.pop();
  const formula = '=' + first.ours.name + '(' + args.join(first.separator + ' ') + ')';
  plan.blocks.push({ row: first.row, rows: run.length, formula, was: first.formula, note: first.ours.note });
}

// ── converting_menu.js ──

/** Turn the selected columns of single-cell formulas into formulas over ranges, after showing what would change. */
function menuConvert() {
  const ui = SpreadsheetApp.getUi();
  const columns = selectedColumns_(SpreadsheetApp.getActive());
  const plans = columns.map((column) => ({ ...column, ...plan_(column.cells, lacksOnce_()) }));
  const blocks = plans.reduce((sum, plan) => sum + plan.blocks.length, 0);
  if (!blocks) return ui.alert('Chalkola', 'Nothing to turn into one formula.\n\n' + leftWords_(plans), ui.ButtonSet.OK);
  const answer = ui.alert('Chalkola', planWords_(plans), ui.ButtonSet.OK_CANCEL);
  if (answer !== ui.Button.OK) return answer;
  plans.forEach((plan) => plan.blocks.forEach((block) => writeBlock_(plan.tab, plan.column, block)));
  return answer;
}

/**
 * Return the columns of the selection, or of the active cell, with the cells that hold a formula.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @return {{tab: GoogleAppsScript.Spreadsheet.Sheet, column: number, cells: {row: number, formula: string}[]}[]}
 */
function selectedColumns_(book) {
  const range = book.getActiveRange();
  if (!range) return [];
  const tab = range.getSheet();
  const first = range.getRow();
  const rows = Math.min(range.getNumRows(), tab.getLastRow() - first + 1);
  if (rows < 1) return [];
  const formulas = tab.getRange(first, range.getColumn(), rows, range.getNumColumns()).getFormulas();
  return formulas[0].map((_, j) => ({
    tab,
    column: range.getColumn() + j,
    cells: formulas.map((row, i) => ({ row: first + i, formula: row[j] })).filter((cell) => cell.formula),
  }));
}

/**
 * Return what says why a function of ours cannot answer yet: a figure that works elsewhere is not replaced by "no data
 * yet". Each is asked at most once.
 * @return {(name: string) => string}
 */
function lacksOnce_() {
  /** @type {Record<string, string>} */
  const known = {};
  const asked = { AMZ_STOCK: 'sheet_stock', AMZ_COVER: 'sheet_cover', AMZ_ADS: 'sheet_ads' };
  return (name) => {
    const called = asked[/** @type {keyof typeof asked} */ (name)];
    if (!called) return '';
    if (!(name in known)) {
      const answer = callOnce_(called, { items: [] }, connection_());
      known[name] = answer.kind === 'said' && answer.code === 'no_data_yet' ? answer.say : '';
    }
    return known[name];
  };
}

/**
 * Write one formula in place of many; what stood there is kept as a note at its cell.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} tab
 * @param {number} column
 * @param {Block} block
 */
function writeBlock_(tab, column, block) {
  tab.getRange(block.row, column, block.rows, 1).clearContent();
  tab
    .getRange(block.row, column)
    .setFormula(block.formula)
    .setNote('Rows ' + block.row + ' to ' + (block.row + block.rows - 1) + ' each had a formula of their own, here ' + block.was);
}

/** How many lines of a list a dialog shows. */
const SHOWN_ = 12;

/**
 * @param {{blocks: Block[], left: Left[]}[]} plans
 * @return {string}
 */
function planWords_(plans) {
  const blocks = plans.flatMap((plan) => plan.blocks);
  const lines = blocks.map((b) => 'Rows ' + b.row + '–' + (b.row + b.rows - 1) + ': ' + b.formula + (b.note ? ' (' + b.note + ')' : ''));
  return 'These become one formula each:\n' + some_(lines) + '\n\n' + leftWords_(plans) + '\n\nGo on?';
}

/**
 * @param {{left: Left[]}[]} plans
 * @return {string}
 */
function leftWords_(plans) {
  const left = plans.flatMap((plan) => plan.left);
  if (!left.length) return 'No other formula of ours or of GorillaROI is in the selection.';
  return 'These stay as they are:\n' + some_(left.map((l) => 'Row ' + l.row + ': ' + l.formula + ': ' + l.why));
}

/**
 * @param {string[]} lines
 * @return {string}
 */
function some_(lines) {
  const more = lines.length - SHOWN_;
  return lines.slice(0, SHOWN_).join('\n') + (more > 0 ? '\n… and ' + more + ' more' : '');
}

// ── facts.js ──

/**
 * @param {any} items
 * @param {any} field
 * @param {any} marketplace
 * @param {any} version
 * @return {any}
 */
function product_(items, field, marketplace, version) {
  const down = items_(items);
  const fields = across_(field, 'Fields', words_);
  if (fields.single && !fields.list[0]) refuse_('Which field? title, parent, sku, asin, price, status or category');
  const place = text_(marketplace, 'marketplace');
  if (down.single && fields.single && down.list[0] !== null && !down.all) {
    const found = oneFact_(down.list[0], String(fields.list[0]).toLowerCase(), place, version_(version));
    if (found) return found.value;
  }
  bounded_(down.list.length, fields.list.length);
  const asked = { items: down.list, fields: fields.list.filter(Boolean), marketplace: place };
  if (!asked.fields.length || down.list.every((item) => item === null)) return down.list.map((_, i) => fields.list.map(() => blankRow_(down, i)));
  const data = ask_('sheet_product', asked, version_(version)).data;
  const named = down.all ? data.items : down.list;
  const rows = rowsOf_(data, named.length, asked.fields.length);
  const grid = rows.map((row, i) => spread_(fields.list, (j) => (named[i] === null ? blankRow_(down, i) : row[j])));
  return down.all ? grid.map((row, i) => [named[i], ...row]) : grid;
}

/**
 * Return one field of one item from the column of all items of its marketplace, or null for one that another
 * marketplace has: what is known of it here only the database can say.
 * @param {string} item
 * @param {string} field
 * @param {string} marketplace
 * @param {string} version
 * @return {{value: Cell} | null}
 */
function oneFact_(item, field, marketplace, version) {
  const { index, values } = columnOfAll_('sheet_product', { items: ['*'], fields: [field], marketplace }, version);
  const row = place_(index, item);
  if (row >= 0) return { value: values[row] };
  const elsewhere = elsewhere_(item, version);
  return elsewhere === null ? null : { value: elsewhere };
}

/**
 * @param {any} source
 * @param {any} target
 * @param {any} date
 * @param {any} version
 * @return {number}
 */
function fx_(source, target, date, version) {
  const asked = { source: needed_(source, 'currency to convert from'), target: needed_(target, 'currency to convert to'), date: date_(date, 'date') };
  return ask_('sheet_fx', asked, version_(version)).data.rate;
}

/**
 * @param {any} marketplace
 * @param {any} version
 * @return {Cell[][]}
 */
function status_(marketplace, version) {
  const places = Array.isArray(marketplace) ? marketplace.flat() : [marketplace];
  return table_('sheet_status', { marketplaces: places.filter((/** @type {any} */ place) => !isBlank_(place)).map(words_) }, version);
}

/**
 * @param {any} marketplace
 * @param {any} rule
 * @param {any} version
 * @return {Cell[][]}
 */
function alerts_(marketplace, rule, version) {
  return table_('sheet_alerts', { marketplace: text_(marketplace, 'marketplace'), rule: text_(rule, 'rule') }, version);
}

// ── figures.js ──

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

// ── formula_reading.js ──

// Reads a formula that is one call of a function, as they stand in a column of single cells. Pure.

/**
 * @typedef {{kind: 'nothing' | 'text' | 'number' | 'cell' | 'other', raw: string, text: string}} Term
 * @typedef {{name: string, args: Term[], separator: string}} Call
 */

/**
 * Return the one call that a formula is, or null for anything else. IFERROR around it is taken off: our functions
 * answer in words where there is nothing.
 * @param {string} formula
 * @return {Call | null}
 */
function readCall_(formula) {
  const call = callOf_(String(formula).replace(/^\s*=\s*/, ''));
  if (!call || call.name !== 'IFERROR') return call;
  const inner = call.args[0] ? callOf_(call.args[0].raw) : null;
  return inner && { ...inner, separator: inner.args.length > 1 ? inner.separator : call.separator };
}

/**
 * @param {string} text without its =
 * @return {Call | null}
 */
function callOf_(text) {
  const head = /^\s*([A-Za-z_][\w.]*)\s*\(/.exec(text);
  if (!head) return null;
  const inside = insideOf_(text, head[0].length);
  if (!inside || text.slice(inside.end + 1).trim()) return null;
  const raws = inside.pieces.length === 1 && !inside.pieces[0].trim() ? [] : inside.pieces;
  return { name: head[1].toUpperCase(), args: raws.map(term_), separator: inside.separator };
}

/**
 * Part what is between parentheses at its outermost separators; null when they do not close.
 * @param {string} text
 * @param {number} start behind the opening parenthesis
 * @return {{pieces: string[], end: number, separator: string} | null}
 */
function insideOf_(text, start) {
  const pieces = [];
  let [depth, begin, separator] = [0, start, ','];
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (c === '"' || c === "'") i = closing_(text, i);
    else if (c === '(' || c === '{') depth++;
    else if (c === ')' && depth === 0) return { pieces: [...pieces, text.slice(begin, i)], end: i, separator };
    else if (c === ')' || c === '}') depth--;
    else if ((c === ',' || c === ';') && depth === 0) {
      pieces.push(text.slice(begin, i));
      [begin, separator] = [i + 1, c];
    }
  }
  return null;
}

/**
 * @param {string} text
 * @param {number} i where a quotation mark stands
 * @return {number} where the one that closes it stands; a doubled one closes and opens again
 */
function closing_(text, i) {
  const end = text.indexOf(text[i], i + 1);
  return end < 0 ? text.length : end;
}

/**
 * @param {string} raw
 * @return {Term}
 */
function term_(raw) {
  const text = raw.trim();
  if (!text) return { kind: 'nothing', raw: '', text: '' };
  if (/^"([^"]|"")*"$/.test(text)) return { kind: 'text', raw: text, text: text.slice(1, -1).replace(/""/g, '"') };
  if (/^-?\d+([.,]\d+)?$/.test(text) || /^(TRUE|FALSE)$/i.test(text)) return { kind: 'number', raw: text, text };
  return { kind: cellOf_(text) ? 'cell' : 'other', raw: text, text };
}

/**
 * Part the address of a single cell; null for anything else. `$A$2` has an unmoving row, `$A2` a moving one.
 * @param {string} text
 * @return {{tab: string, column: string, row: number, fixed: boolean} | null}
 */
function cellOf_(text) {
  const parts = /^((?:'(?:[^']|'')+'|[A-Za-z_][\w.]*)!)?(\$?[A-Za-z]{1,3})(\$?)([1-9]\d{0,6})$/.exec(text);
  return parts && { tab: parts[1] || '', column: parts[2].toUpperCase(), row: Number(parts[4]), fixed: parts[3] === '$' };
}

// ── gorilla.js ──

// What GorillaROI's functions are called here. Only those whose arguments are known from their documentation or from
// their users' sheets are translated; a guess would put a plausible figure where another one was meant.

/**
 * How a call is written with ours: the item, and the arguments behind it as they stand in a formula, the version last.
 * @typedef {{name: string, item: Term, rest: Term[], note?: string}} Written
 */

const NOTHING_ = /** @type {Term} */ ({ kind: 'nothing', raw: '', text: '' });

/** @type {Record<string, (args: Term[]) => Written | string>} translated, or why it is not */
const GORILLA_ = {
  // seller, period, marketplace, sku, order status, MCF, start, end
  GORILLA_SALESCOUNT: (args) => {
    const [, period, place, sku, status, mcf, start, end] = padded_(args, 8);
    if (!isOneOf_(status, ['', 'all', 'shipped'])) return 'its order status ' + status.raw + ' has no equivalent: ours counts units ordered';
    if (!isOneOf_(mcf, ['', 'exclude', 'no'])) return 'multi-channel orders (' + mcf.raw + ') are not in our figures';
    const note = status.text ? 'counts units ordered, not only shipped' : undefined;
    return { name: 'AMZ_UNITS', item: sku, rest: [place, period, start, end], note };
  },
  // seller, sku, marketplace, status
  GORILLA_INVENTORY: (args) => {
    const [, sku, place, status] = padded_(args, 4);
    return { name: 'AMZ_STOCK', item: sku, rest: [place, status] };
  },
  // seller, sku, marketplace
  GORILLA_MYPRICE: (args) => {
    const [, sku, place] = padded_(args, 3);
    return { name: 'AMZ_PRODUCT', item: sku, rest: [{ kind: 'text', raw: '"price"', text: 'price' }, place] };
  },
  GORILLA_FINANCES: () => 'fees and charges are not collected yet',
  GORILLA_FEETYPE: () => 'fees and charges are not collected yet',
  GORILLA_CHARGETYPE: () => 'fees and charges are not collected yet',
  GORILLA_SETTLEMENT: () => 'settlements are not collected yet',
  GORILLA_SETTLEMENTDETAILS: () => 'settlements are not collected yet',
};

/** What to write by hand for those whose arguments nobody has published. */
const GORILLA_BY_HAND_ = {
  GORILLA_SALESTOTAL: 'AMZ_SALES', GORILLA_BIZSESSIONS: 'AMZ_TRAFFIC', GORILLA_BIZCONVERSION: 'AMZ_CVR',
  GORILLA_PRODUCT: 'AMZ_PRODUCT', GORILLA_CATEGORY: 'AMZ_PRODUCT', GORILLA_INVENTORYHEALTH: 'AMZ_STOCK',
  GORILLA_SPSTATS: 'AMZ_ADS', GORILLA_SBSTATS: 'AMZ_ADS', GORILLA_ADPERFORMPROD: 'AMZ_ADS', GORILLA_SPSPENDPROD: 'AMZ_ADS',
  GORILLA_SDSPENDPROD: 'AMZ_ADS',
};

/** Our functions that answer one row for each item, the item first. */
const BY_ITEM_ = ['AMZ_UNITS', 'AMZ_SALES', 'AMZ_TRAFFIC', 'AMZ_CVR', 'AMZ_BUYBOX', 'AMZ_COMPARE', 'AMZ_PRODUCT', 'AMZ_STOCK', 'AMZ_COVER', 'AMZ_ADS'];

/** At which place after the item our translated functions take the version. */
const VERSION_AT_ = { AMZ_UNITS: 4, AMZ_STOCK: 2, AMZ_PRODUCT: 2 };

/**
 * Return a call as ours, or why it stays as it is.
 * @param {Call} call
 * @return {Written | string}
 */
function written_(call) {
  if (BY_ITEM_.includes(call.name)) return call.args.length ? { name: call.name, item: call.args[0], rest: call.args.slice(1) } : 'it names no item';
  if (call.name.startsWith('AMZ_')) return 'it has a row of headings of its own';
  const translate = Object.prototype.hasOwnProperty.call(GORILLA_, call.name) && GORILLA_[call.name];
  if (!translate) return byHand_(call.name);
  const ours = translate(call.args);
  if (typeof ours === 'string') return ours;
  const odd = [ours.item, ...ours.rest].find((term) => term.kind === 'other');
  if (odd) return 'the argument ' + odd.raw + ' is neither a cell nor a fixed text';
  if (isOneOf_(ours.rest[ours.name === 'AMZ_PRODUCT' ? 1 : 0], ['', 'default'])) return 'it does not say which marketplace';
  return { ...ours, rest: withVersion_(ours) };
}

/**
 * @param {string} name
 * @return {string}
 */
function byHand_(name) {
  const ours = GORILLA_BY_HAND_[/** @type {keyof typeof GORILLA_BY_HAND_} */ (name)];
  return ours ? 'its arguments are not published; write it with ' + ours : 'there is nothing like it here';
}

/**
 * @param {Written} ours
 * @return {Term[]}
 */
function withVersion_(ours) {
  const rest = padded_(ours.rest, VERSION_AT_[/** @type {keyof typeof VERSION_AT_} */ (ours.name)]);
  return [...rest, { kind: 'cell', raw: '_meta!$B$1', text: '_meta!$B$1' }];
}

/**
 * @param {Term[]} args
 * @param {number} count
 * @return {Term[]}
 */
function padded_(args, count) {
  return Array.from({ length: count }, (_, i) => args[i] || NOTHING_);
}

/**
 * @param {Term} term
 * @param {string[]} texts in small letters; '' stands for nothing
 * @return {boolean} false for what is not a fixed text
 */
function isOneOf_(term, texts) {
  return (term.kind === 'text' || term.kind === 'nothing') && texts.includes(term.text.trim().toLowerCase());
}

// ── grids.js ──

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

// ── inserting.js ──

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

// ── keeping.js ──

/** Google's cache: 100 KB a value, 250 characters a key, 6 hours at most. */
const KEEP_ = { seconds: 21600, chunk: 90000, chunks: 40 };

/**
 * Return the key of an answer: a SHA-256 of address, token, function and arguments, so that nothing readable stands in
 * the cache and no two questions share an answer.
 * @param {Connection} connection
 * @param {string} name
 * @param {Record<string, any>} args
 * @return {string} 64 hexadecimal digits
 */
function key_(connection, name, args) {
  return sha256_(JSON.stringify([connection.address, connection.apikey, connection.token, name, withoutNothing_(args)]));
}

/**
 * Keep an answer for six hours, in pieces. The head is written last, so a reader sees all of an answer or none; an
 * answer that is too large is not kept.
 * @param {string} key
 * @param {Data} answer
 */
function keep_(key, answer) {
  const text = ascii_(JSON.stringify(answer.data));
  const count = Math.ceil(text.length / KEEP_.chunk);
  if (count > KEEP_.chunks) return;
  /** @type {Record<string, string>} */
  const pieces = {};
  for (let i = 0; i < count; i++) {
    pieces[pieceKey_(key, answer.version, i)] = text.slice(i * KEEP_.chunk, (i + 1) * KEEP_.chunk);
  }
  const cache = CacheService.getScriptCache();
  try {
    cache.putAll(pieces, KEEP_.seconds);
    cache.put(key, JSON.stringify({ version: answer.version, at: Date.now(), count, length: text.length }), KEEP_.seconds);
  } catch (error) {
    cache.remove(key); // Google's cache is full or ill: the answer is there all the same
  }
}

/**
 * Return the answer kept under the key, or null when there is none or a piece of it has been dropped.
 * @param {string} key
 * @return {Kept | null}
 */
function recall_(key) {
  const cache = CacheService.getScriptCache();
  const head = JSON.parse(cache.get(key) || 'null');
  if (!head) return null;
  const keys = Array.from({ length: head.count }, (_, i) => pieceKey_(key, head.version, i));
  const pieces = cache.getAll(keys);
  const text = keys.map((k) => pieces[k] || '').join('');
  if (text.length !== head.length) return null;
  return { kind: 'data', version: head.version, at: head.at, data: JSON.parse(text) };
}

/**
 * @param {string} key
 * @param {string} version
 * @param {number} i
 * @return {string}
 */
function pieceKey_(key, version, i) {
  return key + ':' + (version.length > 80 ? sha256_(version) : version) + ':' + i;
}

/**
 * Return JSON in ASCII alone, so that characters are bytes and a piece has the size it seems to have.
 * @param {string} json
 * @return {string}
 */
function ascii_(json) {
  return json.replace(/[\u0080-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

/**
 * @param {string} text
 * @return {string} 64 hexadecimal digits
 */
function sha256_(text) {
  return hex_(Utilities.computeDigest(Utilities.DigestAlgorithm.SHA_256, text, Utilities.Charset.UTF_8));
}

/**
 * @param {number[]} bytes signed, as Google gives them
 * @return {string}
 */
function hex_(bytes) {
  return bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('');
}

// ── meta_tab.js ──

/** `_meta`: these names in A1:A7 and their values beside them; below, from the row TABLE, a line for each other tab. */
const META_ = {
  tab: '_meta',
  facts: ['version', 'freshness', 'currency', 'fx_date', 'made_at', 'written_at', 'written_by'],
  table: 9,
  columns: ['tab', 'marketplace', 'rows', 'last_closed'],
  rows: 60,
};

/** The colours of the freshness cell. */
const COLOURS_ = { fresh: null, old: '#ffe0a3' };

/**
 * @typedef {{tabs: {tab: string, marketplace?: string, rows?: number}[], last_closed: Record<string, string>,
 *   fx_date: string | null, made_at: string, freshness: string}} Meta
 */

/**
 * Write `_meta`, after all tabs are in: formulas calculate again when the version in it changes.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {Meta} meta
 * @param {string} stamp
 */
function writeMeta_(book, meta, stamp) {
  const tab = metaTab_(book);
  const cells = metaCells_(meta, stamp);
  const range = tab.getRange(1, 1, cells.length, META_.columns.length);
  range.setNumberFormats(cells.map((row, i) => row.map((_, j) => metaFormat_(i, j))));
  range.setValues(cells.map((row, i) => row.map((value, j) => (value === '' ? '' : stored_(value, metaFormat_(i, j))))));
  tab.getRange(2, 2).setBackground(COLOURS_.fresh);
  SpreadsheetApp.flush();
  keepRecord_(META_.tab, { version: stamp, currency: '', rows: cells.length, columns: META_.columns.length, digest: metaDigest_(tab) });
}

/**
 * @param {Meta} meta
 * @param {string} stamp
 * @return {any[][]} blank below the last line, which empties what an older table had there
 */
function metaCells_(meta, stamp) {
  const made = meta.made_at ? time_(Date.parse(meta.made_at)) : '';
  const facts = [stamp, meta.freshness, currency_(), meta.fx_date, made, time_(Date.now()), 'script'];
  const lines = META_.facts.map((name, i) => [name, facts[i] || '', '', '']);
  const table = meta.tabs.map((t) => [t.tab, t.marketplace || '', rowsOfTab_(t.tab), closedOf_(meta, t)]);
  const cells = [...lines, ['', '', '', ''], META_.columns, ...table];
  return [...cells, ...Array.from({ length: Math.max(0, META_.rows - cells.length) }, () => ['', '', '', ''])];
}

/**
 * @param {number} i
 * @param {number} j
 * @return {string} the format of a cell of `_meta`
 */
function metaFormat_(i, j) {
  if ((META_.facts[i] === 'fx_date' && j === 1) || (i >= META_.table && j === 3)) return FORMATS_.day;
  return i >= META_.table && j === 2 ? FORMATS_.figure : FORMATS_.text;
}

/**
 * Say whether `_meta` is there as it was written, whatever its freshness cell says.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} stamp
 * @return {boolean}
 */
function metaIsIntact_(book, stamp) {
  const [tab, record] = [book.getSheetByName(META_.tab), record_(META_.tab)];
  return tab !== null && record !== null && record.version === stamp && metaDigest_(tab) === record.digest;
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} tab
 * @return {string}
 */
function metaDigest_(tab) {
  const held = tab.getRange(1, 1, META_.rows, META_.columns.length).getValues();
  held[1][1] = '';
  return digest_(held);
}

/**
 * Say in the freshness cell why the figures are not newer; what they are stays. Writes nothing when it says so already.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} words
 * @param {boolean} fresh
 */
function sayFreshness_(book, words, fresh) {
  const cell = metaTab_(book).getRange(2, 2);
  if (cell.getValue() === words) return;
  cell.setNumberFormat(FORMATS_.text).setValue(words);
  cell.setBackground(fresh ? COLOURS_.fresh : COLOURS_.old);
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @return {GoogleAppsScript.Spreadsheet.Sheet}
 */
function metaTab_(book) {
  const tab = ownTab_(book, META_.tab);
  if (!tab.getLastRow()) tab.getRange(1, 1, 2, 2).setValues([['version', ''], ['freshness', '']]);
  return tab;
}

/**
 * @param {string} tab
 * @return {number | string}
 */
function rowsOfTab_(tab) {
  const record = record_(tab);
  return record ? record.rows - 1 : '';
}

/**
 * @param {Meta} meta
 * @param {{tab: string, marketplace?: string}} line
 * @return {string}
 */
function closedOf_(meta, line) {
  return (line.marketplace && meta.last_closed[line.marketplace]) || '';
}

// ── refusal.js ──

/** What went against us, in words for a cell: what, why, and what to do next. */
class Refusal_ extends Error {}

/**
 * Stop with a sentence for the cell.
 * @param {string} sentence
 * @return {never}
 */
function refuse_(sentence) {
  throw new Refusal_(sentence);
}

/**
 * Return what `work` returns, or the sentence that says why there is nothing. A cell never shows #ERROR!, nor a 0 that
 * nobody counted.
 * @param {() => any} work
 * @return {any}
 */
function inWords_(work) {
  try {
    return work();
  } catch (error) {
    return error instanceof Refusal_ ? error.message : 'No data: the script stopped (' + reason_(error) + ')';
  }
}

/**
 * Return the first line of what was thrown, short enough for a cell.
 * @param {any} error
 * @return {string}
 */
function reason_(error) {
  const text = String((error && error.message) || error).split('\n')[0];
  return text.length > 200 ? text.slice(0, 200) + '…' : text;
}

// ── single_cells.js ──

// A column of single-cell formulas is a habit of GorillaROI's users. Each cell is an execution of its own, so what they
// share must stand in the cache: the marketplace's whole snapshot, asked for once.

/** What lists every item of every marketplace, to tell what is not sold in one from what nobody knows. */
const EVERY_ITEM_ = { metric: 'units', items: ['*'], marketplaces: ['ALL'], periods: ['Last day'] };

/** What is said of the caller and not of the question. */
const FOR_EVERYBODY_ = ['token_unknown', 'token_revoked', 'slow_down'];

/** How long a cell waits for the one that fetches. */
const TURN_MS_ = 12000;

/** The figures that a snapshot tab has, and over which periods (its columns are `<metric>_<period>`). `yesterday` is
 * not among them: it carries a word of its own when the day is not there yet. */
const SNAPSHOT_ = {
  metrics: ['units', 'sales', 'sessions', 'page_views', 'buy_box'],
  periods: [
    'last_day', 'last_day_week_ago', 'last_day_year_ago', 'last_7', 'last_7_week_ago', 'last_7_year_ago',
    'last_30', 'last_30_month_ago', 'last_30_year_ago', 'mtd', 'mtd_month_ago', 'mtd_year_ago',
  ],
};

/**
 * Return the figure of one cell, from the kept snapshot of its marketplace if that has the period, else from the kept
 * column of all its items.
 * @param {Question} question of one item, one marketplace, one period
 * @return {Cell}
 */
function single_(question) {
  const item = question.items.list[0];
  if (item === null) return blankRow_(question.items, 0);
  const found = fromSnapshot_(question, item) || fromColumn_(question, item);
  return found.value === undefined ? null : found.value;
}

/**
 * Return the figure as the snapshot has it, or null when it does not have the period or the item (one without a figure
 * for more than a year, or of another marketplace).
 * @param {Question} question
 * @param {string} item
 * @return {{value: Cell} | null}
 */
function fromSnapshot_(question, item) {
  const period = columnName_(String(question.periods[0]));
  const { currency, start, end } = question.more;
  const has = SNAPSHOT_.metrics.includes(question.metric) && SNAPSHOT_.periods.includes(period);
  if (!has || currency || start || end) return null;
  const place = String(question.places[0]).toUpperCase();
  const kept = place === 'ALL' ? null : snapshotPart_('_' + place, question.metric, question.version);
  const values = kept && kept.data.part[question.metric + '_' + period];
  const row = kept ? place_(kept.data.index, item) : -1;
  return values && row >= 0 ? { value: values[row] } : null;
}

/**
 * Return the name that a period has in the snapshot's columns: `Last 7 Days Week Ago` is `last_7_week_ago` there. This
 * compares names and reckons no dates; what is no such name is asked of the database.
 * @param {string} period
 * @return {string}
 */
function columnName_(period) {
  return period.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^last_(\d+)_days?/, 'last_$1');
}

/**
 * Return what a cell shows of an item that its marketplace does not have: nothing if another one has it.
 * @param {string} item
 * @param {string} version
 * @return {Cell}
 */
function elsewhere_(item, version) {
  return place_(columnOfAll_('sheet_values', EVERY_ITEM_, version).index, item) < 0 ? 'not found' : null;
}

/**
 * Return the index and one part of a tab's snapshot: kept, new, or stale; null when the database has no such tab.
 * @param {string} tab
 * @param {string} part
 * @param {string} version
 * @return {Kept | null}
 */
function snapshotPart_(tab, part, version) {
  const connection = connection_();
  const key = key_(connection, 'sheet_snapshot', { tab });
  return oneFetches_(version, () => recallPart_(key, part), (kept) => {
    const answer = askNow_('sheet_snapshot', { tab }, connection, key);
    if (answer.kind === 'said' && !FOR_EVERYBODY_.includes(answer.code)) return null;
    if (answer.kind !== 'data') return lastOrWords_(kept, answer);
    const parts = keepSnapshot_(connection, tab, answer);
    return { kind: 'data', version: answer.version, at: Date.now(), data: { index: parts.index, part: parts[part] || {} } };
  });
}

/**
 * Return what `recall` has if it is fresh. Otherwise one execution fetches, and the others wait for it and recall.
 * @param {string} version
 * @param {() => Kept | null} recall
 * @param {(kept: Kept | null) => Kept | null} fetch
 * @return {Kept | null}
 */
function oneFetches_(version, recall, fetch) {
  const before = recall();
  if (before && isFresh_(before, version)) return before;
  const lock = LockService.getScriptLock();
  const mine = lock.tryLock(TURN_MS_);
  try {
    const kept = recall();
    if (kept && isFresh_(kept, version)) return kept;
    return mine ? fetch(kept) : lastOrWords_(kept, lost_('another cell is still fetching', true));
  } finally {
    if (mine) lock.releaseLock();
  }
}

/**
 * Keep a snapshot in parts, so that a cell reads the few kilobytes that it needs; return the parts.
 * @param {Connection} connection
 * @param {string} tab
 * @param {Data} answer of sheet_snapshot
 * @return {Record<string, any>}
 */
function keepSnapshot_(connection, tab, answer) {
  const key = key_(connection, 'sheet_snapshot', { tab });
  const parts = parts_(answer.data);
  for (const part of Object.keys(parts)) keep_(key + ':' + part, { ...answer, data: parts[part] });
  return parts;
}

/**
 * @param {string} key
 * @param {string} part
 * @return {Kept | null}
 */
function recallPart_(key, part) {
  const index = recall_(key + ':index');
  const kept = index && recall_(key + ':' + part);
  if (!index || !kept || kept.version !== index.version) return null;
  return { ...kept, data: { index: index.data, part: kept.data } };
}

/**
 * Part a snapshot by metric: the index (name -> row) and, for each part, its columns.
 * @param {{columns: string[], rows: any[][]}} snapshot
 * @return {Record<string, any>}
 */
function parts_(snapshot) {
  /** @type {Record<string, any>} */
  const parts = { index: index_(snapshot) };
  for (const metric of SNAPSHOT_.metrics) parts[metric] = {};
  snapshot.columns.forEach((column, j) => {
    const metric = SNAPSHOT_.metrics.find((m) => SNAPSHOT_.periods.includes(column.slice(m.length + 1)) && column.startsWith(m + '_'));
    if (metric) parts[metric][column] = snapshot.rows.map((row) => row[j]);
  });
  return parts;
}

/**
 * Return under which names an item is found: its key and its SKUs, as they are and in capitals. An ASIN comes before a
 * SKU of the same name.
 * @param {{columns: string[], rows: any[][]}} snapshot
 * @return {Record<string, number>}
 */
function index_(snapshot) {
  const [key, sku, skus] = ['key', 'sku', 'skus'].map((column) => snapshot.columns.indexOf(column));
  const names = snapshot.rows.flatMap((row, i) => [row[sku], ...String(row[skus] || '').split('|')].map((name) => [name, i]));
  return indexOf_([...snapshot.rows.map((row, i) => [row[key], i]), ...names, ...names.map(([name, i]) => [String(name || '').toUpperCase(), i])]);
}

/**
 * @param {any[][]} names with the row of each; the first one of a name counts
 * @return {Record<string, number>}
 */
function indexOf_(names) {
  /** @type {Record<string, number>} */
  const index = {};
  for (const [name, row] of names) {
    if (name && !Object.prototype.hasOwnProperty.call(index, name)) index[name] = row;
  }
  return index;
}

/**
 * @param {Record<string, number>} index
 * @param {string} item
 * @return {number} its row, or -1
 */
function place_(index, item) {
  const name = [item, item.toUpperCase()].find((n) => Object.prototype.hasOwnProperty.call(index, n));
  return name === undefined ? -1 : index[name];
}

/**
 * Return the figure from the column of all items of its marketplace: one call for each metric and period.
 * @param {Question} question
 * @param {string} item
 * @return {{value: Cell}}
 */
function fromColumn_(question, item) {
  const { metric, places, periods, more, version } = question;
  const { index, values, say } = columnOfAll_('sheet_values', { metric, items: ['*'], marketplaces: places, periods, ...more }, version);
  const row = place_(index, item);
  if (row < 0) return { value: elsewhere_(item, version) };
  return { value: values[row] === null ? say : values[row] };
}

/**
 * Return the one column of an answer about all items.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {string} version
 * @return {{index: Record<string, number>, values: any[], say: string | null}}
 */
function columnOfAll_(name, args, version) {
  const connection = connection_();
  const key = key_(connection, name, args);
  const kept = oneFetches_(version, () => recall_(key), (last) => {
    const answer = askNow_(name, args, connection, key);
    return settle_(name, key, last, answer.kind === 'data' ? { ...answer, data: column_(answer.data) } : answer);
  });
  return (kept || refuse_('No data')).data;
}

/**
 * @param {any} data
 * @return {{index: Record<string, number>, values: any[], say: string | null}}
 */
function column_(data) {
  const rows = rowsOf_(data, data.items.length, 1);
  const names = data.items.map((/** @type {string} */ name, /** @type {number} */ i) => [name, i]);
  const index = indexOf_([...names, ...names.map((/** @type {any[]} */ [name, i]) => [name.toUpperCase(), i])]);
  return { index, values: rows.map((row) => row[0]), say: (data.columns && data.columns[0].say) || null };
}

// ── snapshot_check.js ──

// Whether what stands in a range is what the database sent. Pure but for the digest.

/**
 * @typedef {{tab: string, columns: string[], rows: any[][], count: number,
 *   check: {keys_md5: string, sums: Record<string, number>}}} Snapshot
 */

/**
 * Return what a range has otherwise than the snapshot says, in words; '' for nothing.
 * @param {any[][]} held the range as it was read back, headings first
 * @param {Snapshot} snapshot
 * @return {string}
 */
function differs_(held, snapshot) {
  const { columns, check } = snapshot;
  if (JSON.stringify(held[0]) !== JSON.stringify(columns)) return 'its headings are others';
  const rows = held.slice(1);
  if (rows.length !== snapshot.count) return 'it has ' + rows.length + ' rows and should have ' + snapshot.count;
  const key = columns.indexOf('key');
  if (md5_(rows.map((row) => String(row[key])).join('\n')) !== check.keys_md5) return 'its keys are others';
  const wrong = Object.keys(check.sums).find((column) => sum_(rows, columns.indexOf(column)) !== Number(check.sums[column]));
  return wrong ? 'the column ' + wrong + ' adds up to another sum' : '';
}

/**
 * Return the sum of a column in ten-thousandths, each value rounded half away from zero as the database does it.
 * @param {any[][]} rows
 * @param {number} column
 * @return {number}
 */
function sum_(rows, column) {
  return rows.reduce((sum, row) => sum + tenThousandths_(row[column]), 0);
}

/**
 * Return a number in ten-thousandths. 1.00005 × 10000 is 10000.499999999998 in binary, hence the fifteen digits.
 * @param {any} value an empty cell counts as nothing; text in a column of figures is no number, and the sum fails
 * @return {number}
 */
function tenThousandths_(value) {
  if (value === '' || value === null) return 0;
  if (typeof value !== 'number') return NaN;
  return Math.sign(value) * Math.round(Number((Math.abs(value) * 10000).toPrecision(15)));
}

/**
 * @param {string} text
 * @return {string} 32 hexadecimal digits
 */
function md5_(text) {
  return hex_(Utilities.computeDigest(Utilities.DigestAlgorithm.MD5, text, Utilities.Charset.UTF_8));
}

/**
 * Return a digest of all cells of a range, to find out later whether somebody has changed one.
 * @param {any[][]} held
 * @return {string}
 */
function digest_(held) {
  return sha256_(JSON.stringify(held));
}

// ── snapshot_record.js ──

// What is known of each tab that was written, in the script's properties: so a run that was ended goes on where it was,
// a tab that is up to date is not written again, and one that a person changed is noticed.

/**
 * `currency` is part of it because the same version in another currency is another table.
 * @typedef {{version: string, currency: string, rows: number, columns: number, digest: string}} Record_
 */

/**
 * @param {string} tab
 * @return {Record_ | null}
 */
function record_(tab) {
  return JSON.parse(PropertiesService.getScriptProperties().getProperty('tab:' + tab) || 'null');
}

/**
 * @param {string} tab
 * @param {Record_} record
 */
function keepRecord_(tab, record) {
  PropertiesService.getScriptProperties().setProperty('tab:' + tab, JSON.stringify(record));
}

/**
 * Say whether a tab is there as it was written. `thorough` reads every cell; otherwise its size and headings speak.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} name
 * @param {Record_} record
 * @param {boolean} thorough
 * @return {boolean}
 */
function isIntact_(book, name, record, thorough) {
  const tab = book.getSheetByName(name);
  if (!tab || tab.getLastRow() !== record.rows || tab.getLastColumn() !== record.columns) return false;
  if (!thorough) return tab.getRange(1, 1).getValue() === 'key';
  return digest_(tab.getRange(1, 1, record.rows, record.columns).getValues()) === record.digest;
}

// ── snapshot_tab.js ──

/** The tab in which a table is laid out and verified before it stands where formulas read it. */
const STAGING_ = '_staging';

/** A tab's grid has at least these rows and columns, so that bounded formulas find what they refer to. */
const GRID_ = { items: { rows: 3000, columns: 100 }, _daily: { rows: 6000, columns: 100 } };

/** How a text, a day and a figure are formatted: a SKU 00123 stays text, a day is a date, absent is an empty cell. */
const FORMATS_ = { text: '@', day: 'yyyy-mm-dd', figure: 'General' };

/**
 * Write a snapshot into its tab: into the staging range first, read back and verified, then copied over the old table
 * in one step, so that nobody ever reads half of one. Refuses when what was read back is not what was sent.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {Snapshot} snapshot
 * @return {{rows: number, columns: number, digest: string}} what stands there now
 */
function writeTab_(book, snapshot) {
  const live = ownTab_(book, snapshot.tab);
  const rows = Math.max(live.getLastRow(), snapshot.rows.length + 1);
  const columns = Math.max(live.getLastColumn(), snapshot.columns.length);
  const staging = stage_(book, snapshot, rows, columns);
  const held = staging.getRange(1, 1, snapshot.rows.length + 1, snapshot.columns.length).getValues();
  const wrong = differs_(held, snapshot);
  if (wrong) refuse_('the tab ' + snapshot.tab + ' could not be verified: ' + wrong);
  room_(live, rows, columns);
  staging.getRange(1, 1, rows, columns).copyTo(live.getRange(1, 1, rows, columns));
  SpreadsheetApp.flush();
  return { rows: held.length, columns: snapshot.columns.length, digest: digest_(held) };
}

/**
 * Lay a snapshot out in the staging range; what is below and beside it is blank, which empties what the old table had
 * there.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {Snapshot} snapshot
 * @param {number} rows
 * @param {number} columns
 * @return {GoogleAppsScript.Spreadsheet.Sheet}
 */
function stage_(book, snapshot, rows, columns) {
  const staging = book.getSheetByName(STAGING_) || hidden_(book, STAGING_);
  staging.clear();
  room_(staging, rows, columns);
  formats_(snapshot).forEach((format, j) => staging.getRange(1, j + 1, snapshot.rows.length + 1, 1).setNumberFormat(format));
  staging.getRange(1, 1, 1, snapshot.columns.length).setNumberFormat(FORMATS_.text);
  const kinds = formats_(snapshot);
  const cells = snapshot.rows.map((row) => row.map((value, j) => stored_(value, kinds[j])));
  staging.getRange(1, 1, cells.length + 1, snapshot.columns.length).setValues([snapshot.columns, ...cells]);
  SpreadsheetApp.flush();
  return staging;
}

/**
 * @param {Snapshot} snapshot
 * @return {string[]} the format of each column
 */
function formats_(snapshot) {
  return snapshot.columns.map((column) => {
    if (column in snapshot.check.sums) return FORMATS_.figure;
    return column === 'date' || column.endsWith('_date') ? FORMATS_.day : FORMATS_.text;
  });
}

/**
 * Return a value as it is written: nothing as an empty cell, a day as Google counts days, a text so that it is never
 * taken for a formula (a title may begin with =).
 * @param {any} value
 * @param {string} format
 * @return {any}
 */
function stored_(value, format) {
  if (value === null || value === undefined) return '';
  if (format === FORMATS_.day) return Math.round(Date.parse(value + 'T00:00:00Z') / 86400000) + 25569;
  return format === FORMATS_.text && /^[=+]/.test(String(value)) ? ' ' + value : value;
}

/**
 * Return one of our tabs, made hidden when it is not there. Refuses a tab of that name which is somebody's own.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} name
 * @return {GoogleAppsScript.Spreadsheet.Sheet}
 */
function ownTab_(book, name) {
  const tab = book.getSheetByName(name);
  if (!tab) return hidden_(book, name);
  const first = String(tab.getRange(1, 1).getValue());
  const ours = record_(name) || tab.getLastRow() === 0 || first === 'key' || first === 'version';
  if (!ours) refuse_('a tab named ' + name + ' with something else in it is in the way: rename that tab');
  return tab;
}

/**
 * Make a hidden tab, which warns whoever types into it, and leave the person where they were.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} name
 * @return {GoogleAppsScript.Spreadsheet.Sheet}
 */
function hidden_(book, name) {
  const before = book.getActiveSheet();
  const tab = book.insertSheet(name, book.getNumSheets());
  if (before) book.setActiveSheet(before);
  tab.hideSheet();
  tab.protect().setDescription('Written by Chalkola; what is typed here is overwritten').setWarningOnly(true);
  return tab;
}

/**
 * Make a tab's grid large enough. It is never made smaller: formulas would lose what they refer to.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} tab
 * @param {number} rows
 * @param {number} columns
 */
function room_(tab, rows, columns) {
  const least = tab.getName() === STAGING_ ? { rows, columns } : tab.getName() === '_daily' ? GRID_._daily : GRID_.items;
  const moreRows = Math.max(rows, least.rows) - tab.getMaxRows();
  const moreColumns = Math.max(columns, least.columns) - tab.getMaxColumns();
  if (moreRows > 0) tab.insertRowsAfter(tab.getMaxRows(), moreRows);
  if (moreColumns > 0) tab.insertColumnsAfter(tab.getMaxColumns(), moreColumns);
}

// ── trigger.js ──

/** The one time trigger of the person who connected; another person's runs share the work by the document's lock. */
const TRIGGER_ = { handler: 'refreshSnapshots', minutes: 10 };

/** Start the time trigger unless it is there. */
function startTrigger_() {
  if (!hasTrigger_()) ScriptApp.newTrigger(TRIGGER_.handler).timeBased().everyMinutes(TRIGGER_.minutes).create();
}

/** @return {boolean} */
function hasTrigger_() {
  return ScriptApp.getProjectTriggers().some((trigger) => trigger.getHandlerFunction() === TRIGGER_.handler);
}

// ── types.js ──

// The shapes that travel between the rooms of this script.

/**
 * Where the figures are, and with what they are asked for.
 * @typedef {{address: string, apikey: string, token: string}} Connection
 */

/**
 * What one call brought: data of a version; a sentence of the database (its code says which,
 * `wait` after how many seconds it would be another); or nothing, and why.
 * @typedef {{kind: 'data', version: string, data: any}} Data
 * @typedef {{kind: 'said', code: string, say: string, wait?: number}} Said
 * @typedef {{kind: 'lost', why: string, again: boolean}} Lost
 * @typedef {Data | Said | Lost} Answer
 */

/**
 * An answer that was kept, and when it was given; `stale` says why there is no newer one.
 * @typedef {{kind: 'data', version: string, data: any, at: number, stale?: string}} Kept
 */

/**
 * What a cell can show; null leaves it empty.
 * @typedef {string | number | boolean | Date | null} Cell
 */

// ── sidebar.html ──

const SIDEBAR_ = "<!doctype html>\n<style>\nbody { font: 13px Arial, sans-serif; margin: 12px; color: #1f2933; }\nh2 { font-size: 14px; margin: 18px 0 6px; }\nlabel { display: block; margin: 8px 0 2px; font-weight: bold; }\nsmall { display: block; color: #6b7785; }\ninput, select { width: 100%; box-sizing: border-box; padding: 6px; border: 1px solid #c5ced6; border-radius: 4px; }\nbutton { margin: 10px 6px 0 0; padding: 7px 12px; border: 0; border-radius: 4px; background: #0b5c6b; color: #fff; cursor: pointer; }\nbutton:disabled { background: #9aa5b1; cursor: wait; }\n.say { margin: 8px 0; padding: 8px; border-radius: 4px; background: #f5f7fa; white-space: pre-wrap; overflow-wrap: anywhere; }\n.say:empty { display: none; }\n.bad { background: #fde7e5; }\n</style>\n<h2>Freshness</h2>\n<div class=\"say\" id=\"freshness\">…</div>\n<button id=\"refresh\">Refresh now</button>\n\n<h2>Connect</h2>\n<form id=\"connect\">\n<label for=\"address\">Address</label>\n<input id=\"address\" name=\"address\" placeholder=\"https://abcdefgh.supabase.co\" autocomplete=\"off\" required>\n<small>Your Supabase project's address, or that of your own server (chalkola serve).</small>\n<label for=\"apikey\">Public key of Supabase</label>\n<input id=\"apikey\" name=\"apikey\" autocomplete=\"off\">\n<small>\"anon\" or \"publishable\"; never a secret one. Leave it empty for your own server.</small>\n<label for=\"token\">Token of this sheet</label>\n<input id=\"token\" name=\"token\" type=\"password\" autocomplete=\"off\">\n<small>Made by: chalkola sheets token create \"Name of this sheet\". Everyone who may edit this spreadsheet can read it; it opens these figures and nothing else, and can be revoked.</small>\n<label for=\"currency\">Currency of the tab _ALL</label>\n<input id=\"currency\" name=\"currency\" maxlength=\"3\" autocomplete=\"off\">\n<button>Test and connect</button>\n</form>\n<div class=\"say\" id=\"connected\"></div>\n\n<h2>Insert a function</h2>\n<form id=\"insert\">\n<select id=\"function\" aria-label=\"Function\"></select>\n<small id=\"about\"></small>\n<div id=\"arguments\"></div>\n<button>Insert into the chosen cell</button>\n</form>\n<div class=\"say\" id=\"inserted\"></div>\n<script>\nconst by = (id) => document.getElementById(id);\nconst run = (name, args, then) => {\nconst buttons = document.querySelectorAll('button');\nbuttons.forEach((b) => (b.disabled = true));\nconst end = (work) => (value) => {\nbuttons.forEach((b) => (b.disabled = false));\nwork(value);\n};\ngoogle.script.run.withSuccessHandler(end(then)).withFailureHandler(end((e) => say('connected', e.message, true)))[name](...args);\n};\nconst say = (id, text, bad) => {\nby(id).textContent = text;\nby(id).classList.toggle('bad', Boolean(bad));\n};\nconst showState = (state) => {\nsay('freshness', state.freshness + (state.connected && !state.trigger ? '\\nNot refreshed by itself for you: connect once.' : ''));\nby('address').value = state.address;\nby('apikey').value = state.apikey;\nby('currency').value = state.currency;\nby('token').placeholder = state.connected ? 'kept; paste another one to change it' : 'cs_…';\n};\nlet functions = [];\nconst chosen = () => functions[by('function').selectedIndex];\nconst showArguments = () => {\nby('about').textContent = chosen().about;\nby('arguments').replaceChildren(...chosen().args.flatMap((a, i) => {\nconst label = Object.assign(document.createElement('label'), { textContent: a.name + (a.needed ? '' : ' (may be empty)'), htmlFor: 'a' + i });\nconst input = Object.assign(document.createElement('input'), { id: 'a' + i, placeholder: a.example, value: a.name === 'version' ? a.example : '' });\nreturn [label, input, Object.assign(document.createElement('small'), { textContent: a.about })];\n}));\n};\nby('connect').onsubmit = (event) => {\nevent.preventDefault();\nconst form = Object.fromEntries(new FormData(by('connect')));\nsay('connected', 'Trying …');\nrun('sidebarConnect', [form], (answer) => {\nsay('connected', answer.say, !answer.ok);\nby('token').value = answer.ok ? '' : by('token').value;\nif (answer.ok) run('sidebarRefresh', [], (words) => say('freshness', words));\n});\n};\nby('refresh').onclick = () => {\nsay('freshness', 'Refreshing …');\nrun('sidebarRefresh', [], (words) => say('freshness', words));\n};\nby('function').onchange = showArguments;\nby('insert').onsubmit = (event) => {\nevent.preventDefault();\nrun('sidebarInsert', [chosen().name, chosen().args.map((a, i) => by('a' + i).value)], (words) => say('inserted', words, !words.startsWith('=')));\n};\nrun('sidebarState', [], (state) => {\nshowState(state);\nrun('sidebarFunctions', [], (list) => {\nfunctions = list;\nby('function').replaceChildren(...list.map((f) => new Option(f.name, f.name)));\nshowArguments();\n});\n});\n</script>";
