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
