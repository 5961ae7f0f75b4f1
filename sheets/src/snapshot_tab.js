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
