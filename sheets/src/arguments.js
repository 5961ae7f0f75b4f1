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
