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
