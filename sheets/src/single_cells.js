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
