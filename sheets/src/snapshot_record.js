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
