// SpreadsheetApp with one spreadsheet.
import { LIMITS } from './limits.js';
import { range } from './range.js';

const BLANK = Object.freeze({ value: '', formula: '', format: 'General', background: null, note: '' });

class Sheet {
  constructor(book, name, rows = 1000, columns = 26) {
    Object.assign(this, { book, name, maxRows: rows, maxColumns: columns, hidden: false, protection: null, cells: new Map() });
    this.face = face(this);
  }

  at(row, column) {
    return this.cells.get(row * 20_000 + column) || BLANK;
  }

  put(row, column, cell) {
    this.cells.set(row * 20_000 + column, cell);
  }

  last(which) {
    let last = 0;
    for (const [key, cell] of this.cells) {
      if (cell.value !== '' || cell.formula) last = Math.max(last, which === 'row' ? Math.floor(key / 20_000) : key % 20_000);
    }
    return last;
  }

  grow(rows, columns) {
    const others = this.book.sheets.filter((s) => s !== this).reduce((sum, s) => sum + s.maxRows * s.maxColumns, 0);
    if (others + (this.maxRows + rows) * (this.maxColumns + columns) > LIMITS.cells) {
      throw new Error(`This action would increase the number of cells in the workbook above the limit of ${LIMITS.cells} cells.`);
    }
    this.maxRows += rows;
    this.maxColumns += columns;
  }
}

/** What a script sees of a sheet. */
function face(sheet) {
  const { book } = sheet;
  const writes = (name, work) => (...args) => {
    book.executions.enter('SpreadsheetApp', name);
    book.spend(name, 1);
    const value = work(...args);
    book.wrote(sheet, name);
    return value === undefined ? it : value;
  };
  const it = {
    getName: () => sheet.name,
    getRange: (row, column, rows, columns) => range(sheet, row, column, rows, columns),
    getLastRow: () => sheet.last('row'),
    getLastColumn: () => sheet.last('column'),
    getMaxRows: () => sheet.maxRows,
    getMaxColumns: () => sheet.maxColumns,
    isSheetHidden: () => sheet.hidden,
    insertRowsAfter: writes('insertRowsAfter', (after, count) => sheet.grow(count, 0)),
    insertColumnsAfter: writes('insertColumnsAfter', (after, count) => sheet.grow(0, count)),
    clear: writes('clear', () => sheet.cells.clear()),
    hideSheet: writes('hideSheet', () => {
      if (!book.sheets.some((s) => s !== sheet && !s.hidden)) throw new Error("You can't hide all the sheets in a document.");
      sheet.hidden = true;
    }),
    protect: writes('protect', () => protection(sheet)),
  };
  return it;
}

function protection(sheet) {
  sheet.protection = { warningOnly: false, description: '' };
  const it = {
    setDescription: (text) => ((sheet.protection.description = text), it),
    setWarningOnly: (only) => ((sheet.protection.warningOnly = only), it),
  };
  return it;
}

export class Book {
  constructor(executions, { zone, locale, wrote, spend }) {
    Object.assign(this, { executions, zone, locale, wrote, spend, sheets: [], selection: null });
    this.sheets.push(new Sheet(this, 'Sheet1'));
    this.active = this.sheets[0];
    this.face = this.#face();
  }

  sheet(name) {
    return this.sheets.find((s) => s.name === name) || null;
  }

  insert(name, index = this.sheets.length) {
    if (this.sheet(name)) throw new Error(`A sheet with the name "${name}" already exists. Please enter another name.`);
    if (name.length > LIMITS.sheetNameChars) throw new Error('The sheet name is too long.');
    const sheet = new Sheet(this, name, 0, 0);
    sheet.grow(1000, 26);
    this.sheets.splice(index, 0, sheet);
    this.active = sheet;
    return sheet;
  }

  remove(name) {
    this.sheets = this.sheets.filter((s) => s.name !== name);
    this.active = this.sheets[0];
  }

  #face() {
    const enter = (method) => this.executions.enter('SpreadsheetApp', method);
    return {
      getSheetByName: (name) => (enter('getSheetByName'), this.sheet(name) && this.sheet(name).face),
      getNumSheets: () => (enter('getNumSheets'), this.sheets.length),
      getActiveSheet: () => (enter('getActiveSheet'), this.active.face),
      getActiveRange: () => (enter('getActiveRange'), this.selection && range(this.active, ...this.selection)),
      getActiveCell: () => (enter('getActiveCell'), this.selection && range(this.active, this.selection[0], this.selection[1])),
      getSpreadsheetTimeZone: () => (enter('getSpreadsheetTimeZone'), this.zone),
      getSpreadsheetLocale: () => (enter('getSpreadsheetLocale'), this.locale),
      insertSheet: (name, index) => (enter('insertSheet'), this.insert(name, index).face),
      setActiveSheet: (sheet) => (enter('setActiveSheet'), (this.active = this.sheet(sheet.getName())), sheet),
      toast: (text) => (enter('toast'), void (this.toasted = text)),
    };
  }
}

export function spreadsheetApp(executions, book, ui) {
  const enter = (method) => executions.enter('SpreadsheetApp', method);
  return {
    getActive: () => (enter('getActive'), book.face),
    getUi: () => (enter('getUi'), ui),
    flush: () => enter('flush'),
  };
}
