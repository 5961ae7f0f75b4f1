// Evaluates a workbook's formulas with HyperFormula, which is for development only and never shipped.
// Reads {sheets, wanted, scenarios: [{changes: [{sheet, row, column, value}]}]}; each scenario goes on from the one before.
// Writes a list: the values of the wanted tabs after each scenario.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const { HyperFormula } = createRequire(new URL('../sheets/', import.meta.url))('hyperformula');
const { sheets, wanted, scenarios } = JSON.parse(readFileSync(0, 'utf8'));
const book = HyperFormula.buildFromSheets(sheets, { licenseKey: 'gpl-v3' });
const shown = (value) => (value !== null && typeof value === 'object' ? `ERROR ${value.value} ${value.message}` : value ?? null);
const values = (name) => book.getSheetValues(book.getSheetId(name)).map((row) => row.map(shown));
const results = scenarios.map(({ changes }) => {
  book.batch(() => {
    for (const { sheet, row, column, value } of changes) {
      book.setCellContents({ sheet: book.getSheetId(sheet), row, col: column }, [[value]]);
    }
  });
  return Object.fromEntries(wanted.map((name) => [name, values(name)]));
});
process.stdout.write(JSON.stringify(results));
