import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../google/index.js';
import { called, connected, server } from './connected.js';

const google = open();
const plan = (...formulas) => google.inside('plan_(cells)', { cells: formulas.map((formula, i) => ({ row: i + 2, formula })) });
const one = (...formulas) => plan(...formulas).blocks.map((block) => block.formula);
const why = (...formulas) => plan(...formulas).left.map((left) => left.why);
/** The same formula in rows 2 to 4, filled down. */
const down = (formula) => [2, 3, 4].map((row) => formula.replaceAll('#', row));

test('a column of our single cells becomes one formula over the range', () => {
  assert.deepEqual(one(...down('=AMZ_UNITS(A#,"US","Last 7 days")')), ['=AMZ_UNITS(A2:A4, "US", "Last 7 days")']);
  assert.deepEqual(one(...down("=AMZ_SALES('My items'!$B#;C$1;$D$1;\"EUR\")")), ["=AMZ_SALES('My items'!$B2:$B4; C$1; $D$1; \"EUR\")"]);
  assert.deepEqual(one(...down('=IFERROR(AMZ_CVR(A#,"US","MTD"),0)')), ['=AMZ_CVR(A2:A4, "US", "MTD")']);
});

test("GorillaROI's functions with known arguments become ours", () => {
  assert.deepEqual(one(...down('=GORILLA_SALESCOUNT("me","Last 7 Days",$B$1,A#,"Shipped","NO")')), ['=AMZ_UNITS(A2:A4, $B$1, "Last 7 Days", , , _meta!$B$1)']);
  assert.deepEqual(one(...down('=IFERROR(GORILLA_SALESCOUNT("me";"CUSTOM";"UK";A#;"";"";$E$1;$F$1);0)')), ['=AMZ_UNITS(A2:A4; "UK"; "CUSTOM"; $E$1; $F$1; _meta!$B$1)']);
  assert.deepEqual(one(...down('=GORILLA_MYPRICE(Seller!$A$1,A#,"US")')), ['=AMZ_PRODUCT(A2:A4, "price", "US", _meta!$B$1)']);
  assert.deepEqual(one(...down('=gorilla_inventory("me",$A#,"DE","reserved")')), ['=AMZ_STOCK($A2:$A4, "DE", "reserved", _meta!$B$1)']);
  assert.equal(plan(...down('=GORILLA_SALESCOUNT("me","MTD","US",A#,"Shipped")')).blocks[0].note, 'counts units ordered, not only shipped');
});

test('what is not known for certain stays, each with its reason', () => {
  assert.match(why('=GORILLA_SALESTOTAL("me","MTD","US",A2)')[0], /not published; write it with AMZ_SALES/);
  assert.match(why('=GORILLA_FINANCES("me","MTD","fee")')[0], /fees and charges are not collected/);
  assert.match(why('=GORILLA_SETTLEMENT("me","MTD")')[0], /settlements are not collected/);
  assert.match(why('=GORILLA_UNHEARD(A2)')[0], /nothing like it/);
  assert.match(why('=GORILLA_SALESCOUNT("me","MTD","US",A2,"Pending")')[0], /order status "Pending"/);
  assert.match(why('=GORILLA_SALESCOUNT("me","MTD","US",A2,"","Only")')[0], /multi-channel/);
  assert.match(why('=GORILLA_SALESCOUNT("me","MTD",,A2)')[0], /which marketplace/);
  assert.match(why('=GORILLA_SALESCOUNT("me","MTD","Default",A2)')[0], /which marketplace/);
  assert.match(why('=GORILLA_SALESCOUNT("me",IF(B1,"MTD","YTD"),"US",A2)')[0], /neither a cell nor a fixed text/);
  assert.match(why('=AMZ_UNITS(A2,"US","MTD")*2')[0], /more than one call/);
  assert.match(why('=AMZ_UNITS(A2,"US","MTD")+AMZ_UNITS(A2,"DE","MTD")')[0], /more than one call/);
  assert.match(why('=AMZ_DAILY(A2,"US","units")')[0], /headings/);
  assert.match(why('=AMZ_UNITS("B000000001","US","MTD")')[0], /not a cell that moves/);
  assert.match(why('=AMZ_UNITS(A$2,"US","MTD")', '=AMZ_UNITS(A$2,"US","MTD")')[0], /not a cell that moves/);
  assert.match(why('=AMZ_UNITS(A2:A9,"US","MTD")')[0], /not a cell that moves/);
  assert.match(why('=AMZ_UNITS(A2,"US","MTD")')[0], /the rows around it/);
});

test('rows that ask for something else are apart, and other formulas are not ours to mention', () => {
  const { blocks, left } = plan('=AMZ_UNITS(A2,"US","MTD")', '=AMZ_UNITS(A3,"US","MTD")', '=AMZ_UNITS(A4,B4,"MTD")', '=SUM(A1:A3)', '=AMZ_UNITS(A6,"US","MTD")', '=AMZ_UNITS(A7,"us","MTD")', '=AMZ_UNITS(A9,"US","MTD")');
  assert.deepEqual(blocks.map(({ row, rows, formula }) => [row, rows, formula]), [[2, 2, '=AMZ_UNITS(A2:A3, "US", "MTD")'], [6, 2, '=AMZ_UNITS(A6:A7, "US", "MTD")']]);
  assert.deepEqual(left.map(({ row }) => row), [4, 8]);
});

test('rows with a gap between them are not one range', () => {
  const cells = [2, 4].map((row, i) => ({ row, formula: `=AMZ_UNITS(A${i + 2},"US","MTD")` }));
  assert.deepEqual(google.inside('plan_(cells)', { cells }).blocks, []);
});

test('quotation marks, separators and brackets inside texts and names do not part a formula', () => {
  const read = (formula) => google.inside('readCall_(f)', { f: formula });
  assert.deepEqual(read('=AMZ_UNITS(A2,"a, ""b"") ;c",\'x,y\'\'s\'!A1)').args.map((a) => a.raw), ['A2', '"a, ""b"") ;c"', "'x,y''s'!A1"]);
  assert.deepEqual(read('= AMZ_X( {1,2;3} , F(1,2) )').args.map((a) => a.kind), ['other', 'other']);
  for (const formula of ['=AMZ_X(A2', '=A2', '', '=AMZ_X(A2)(B2)', '=IFERROR()', '="AMZ_X(A2)"']) assert.equal(read(formula), null, formula);
});

/** Put formulas into column B from row 2 on, and select the column. */
function sheetOf(book, formulas) {
  book.byHand((b) => formulas.forEach((formula, i) => b.getActiveSheet().getRange(i + 2, 2).setFormula(formula)));
  book.book.selection = [1, 2, 1000, 1];
  return () => book.byHand((b) => b.getActiveSheet().getRange(2, 2, formulas.length, 1).getFormulas().flat());
}

test('the menu shows what would change, changes it on OK, and keeps what stood there as a note', () => {
  const book = connected();
  const formulas = sheetOf(book, [...down('=GORILLA_SALESCOUNT("me","MTD","US",A#)'), '=GORILLA_SALESTOTAL("me","MTD","US",A5)']);
  book.person.answer = 'CANCEL';
  book.menu('menuConvert');
  assert.equal(formulas()[0], '=GORILLA_SALESCOUNT("me","MTD","US",A2)');
  book.person.answer = 'OK';
  book.menu('menuConvert');
  assert.deepEqual(formulas(), ['=AMZ_UNITS(A2:A4, "US", "MTD", , , _meta!$B$1)', '', '', '=GORILLA_SALESTOTAL("me","MTD","US",A5)']);
  assert.match(book.person.alerts.at(-1).text, /Rows 2–4: =AMZ_UNITS[^]*These stay as they are:\nRow 5: =GORILLA_SALESTOTAL/);
  assert.match(book.book.active.at(2, 2).note, /Rows 2 to 4 each had a formula of their own, here =GORILLA_SALESCOUNT/);
});

test('a figure that works elsewhere is not replaced by "no data yet"', () => {
  const book = connected();
  const formulas = sheetOf(book, down('=GORILLA_INVENTORY("me",A#,"US","reserved")'));
  book.menu('menuConvert');
  assert.equal(formulas()[2], '=GORILLA_INVENTORY("me",A4,"US","reserved")');
  assert.match(book.person.alerts.at(-1).text, /Nothing to turn.*[^]*no data yet: inventory/);
  assert.deepEqual(called(book), ['sheet_stock']);
  server.set({ stock: true });
  book.menu('menuConvert');
  assert.equal(formulas()[0], '=AMZ_STOCK(A2:A4, "US", "reserved", _meta!$B$1)');
});

test('an empty selection or one without our formulas changes nothing', () => {
  const book = connected();
  book.menu('menuConvert');
  sheetOf(book, ['=SUM(A1:A3)']);
  book.menu('menuConvert');
  assert.match(book.person.alerts.at(-1).text, /Nothing to turn/);
});
