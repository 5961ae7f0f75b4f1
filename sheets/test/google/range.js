// Range.
import { entered, valueOf } from './cells.js';

const WRITES = ['setValue', 'setValues', 'setNumberFormat', 'setNumberFormats', 'setFormula', 'setBackground', 'setNote', 'clearContent', 'copyTo'];

/** Return a range of a sheet. Writing methods ask for permission; every one is told to whoever observes. */
export function range(sheet, row, column, rows = 1, columns = 1) {
  const { book } = sheet;
  if (!(row >= 1 && column >= 1 && rows >= 1 && columns >= 1)) throw new Error('The coordinates of the range are outside the dimensions of the sheet.');
  if (row + rows - 1 > sheet.maxRows) throw new Error('Those rows are out of bounds.');
  if (column + columns - 1 > sheet.maxColumns) throw new Error('Those columns are out of bounds.');
  const grid = (read) => Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) => read(sheet.at(row + i, column + j))));
  const each = (work) => {
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sheet.put(row + i, column + j, work(sheet.at(row + i, column + j), i, j));
  };
  const shape = (values) => {
    if (values.length !== rows) throw new Error(`The number of rows in the data does not match the number of rows in the range. The data has ${values.length} but the range has ${rows}.`);
    const odd = values.find((line) => line.length !== columns);
    if (odd) throw new Error(`The number of columns in the data does not match the number of columns in the range. The data has ${odd.length} but the range has ${columns}.`);
  };
  const it = {
    sheet, row, column, rows, columns,
    getRow: () => row,
    getColumn: () => column,
    getNumRows: () => rows,
    getNumColumns: () => columns,
    getSheet: () => sheet.face,
    getValue: () => valueOf(sheet.at(row, column), book.zone),
    getValues: () => grid((cell) => valueOf(cell, book.zone)),
    getFormulas: () => grid((cell) => cell.formula),
    getNote: () => sheet.at(row, column).note,
    setValue: (value) => each((cell) => entered(cell, value, book.zone)),
    setValues: (values) => (shape(values), each((cell, i, j) => entered(cell, values[i][j], book.zone))),
    setNumberFormat: (format) => each((cell) => ({ ...cell, format })),
    setNumberFormats: (formats) => (shape(formats), each((cell, i, j) => ({ ...cell, format: formats[i][j] }))),
    setFormula: (formula) => each((cell) => ({ ...cell, formula, value: '' })),
    setBackground: (background) => each((cell) => ({ ...cell, background })),
    setNote: (note) => each((cell) => ({ ...cell, note })),
    clearContent: () => each((cell) => ({ ...cell, value: '', formula: '' })),
    copyTo: (target) => {
      const cells = grid((cell) => cell);
      const there = range(target.sheet, target.row, target.column, rows, columns);
      cells.forEach((line, i) => line.forEach((cell, j) => target.sheet.put(there.row + i, there.column + j, cell)));
      book.wrote(target.sheet, 'copyTo');
    },
  };
  for (const name of WRITES) {
    const write = it[name];
    it[name] = (...args) => {
      book.executions.enter('SpreadsheetApp', name);
      book.spend(name, rows * columns);
      write(...args);
      if (name !== 'copyTo') book.wrote(sheet, name);
      return it;
    };
  }
  return it;
}
