import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure } from '../server/shop.js';
import { called, column, connected, server } from './connected.js';

const units = (asin, place, slug = 'last_7') => figure('units', asin, place, slug);

test('items down and marketplaces across are one call, positioned as they were typed', () => {
  const google = connected();
  const shown = google.cell('AMZ_UNITS', column('b000000001', '', 'RED-L', 10042, 'B000000100', 'nobody'), [['US', 'GB', 'DE']], 'Last 7 days');
  assert.deepEqual(shown, [
    ['US', 'UK', 'DE'].map((m) => units('B000000001', m)), ['', '', ''], ['US', 'UK', 'DE'].map((m) => units('B000000002', m)),
    ['US', 'UK', 'DE'].map((m) => units('B000000003', m)), ['US', 'UK', 'DE'].map((m) => units('B000000100', m)),
    ['not found', 'not found', 'not found'],
  ]);
  assert.deepEqual(called(google), ['sheet_values']);
});

test('periods may stand across instead, and blank headings leave their column blank', () => {
  const google = connected();
  const shown = google.cell('AMZ_UNITS', column('B000000001'), 'US', [['Last 7 days', '', 'Last 30 days', '']]);
  assert.deepEqual(shown, [[units('B000000001', 'US'), '', units('B000000001', 'US', 'last_30')]]);
});

test('a range down to the end of the sheet is answered as far as there are items', () => {
  const google = connected();
  assert.equal(google.cell('AMZ_UNITS', column('B000000001', '', 'B000000002', ...Array(900).fill('')), 'US', 'MTD').length, 3);
  assert.equal(server.journal().at(-1).args.items.length, 3);
});

test('blank items alone cost no call', () => {
  const google = connected();
  assert.deepEqual(google.cell('AMZ_UNITS', column('', '', ''), [['US', 'DE']], 'MTD'), [['', '']]);
  assert.equal(google.cell('AMZ_UNITS', '', 'US', 'MTD'), '');
  assert.deepEqual(called(google), []);
});

test('no data is blank and a true zero is 0', () => {
  const google = connected();
  const zero = ['US', 'DE', 'UK'].flatMap((m) => ['last_7', 'last_14', 'last_30', 'mtd'].map((s) => [m, s])).find(([m, s]) => ['B000000001', 'B000000002', 'B000000003', 'B000000004'].some((a) => units(a, m, s) === 0));
  const shown = google.cell('AMZ_UNITS', column('0123456789', 'B000000001', 'B000000002', 'B000000003', 'B000000004'), zero[0], { last_7: 'Last 7 days', last_14: 'Last 14 days', last_30: 'Last 30 days', mtd: 'MTD' }[zero[1]]);
  assert.equal(shown[0][0], '');
  assert.ok(shown.some(([value]) => value === 0));
});

test('yesterday is the preliminary figure, or the word when it is due', () => {
  const google = connected();
  assert.deepEqual(google.cell('AMZ_UNITS', column('B000000001', '', 'nobody'), [['US', 'DE']], 'Yesterday'), [
    [units('B000000001', 'US', 'yesterday'), 'due 19:30 UTC'], ['', ''], ['not found', 'not found'],
  ]);
});

test('all items of a marketplace are listed with their names', () => {
  const shown = connected().cell('AMZ_UNITS', '*', 'US', 'Last 7 days');
  assert.deepEqual(shown.find(([name]) => name === 'B000000002'), ['B000000002', units('B000000002', 'US')]);
});

test('a SKU that Google took for a date says so in its row, and the others are right', () => {
  const shown = connected().cell('AMZ_UNITS', column(new Date('2026-01-02T05:00:00Z'), 'B000000001'), 'US', 'Last 7 days');
  assert.deepEqual(shown, [['not an item: format the cell as plain text'], [units('B000000001', 'US')]]);
});

test('a month that Google took for a date is refused, since it would be a day', () => {
  assert.match(connected().cell('AMZ_UNITS', 'B000000001', 'US', new Date('2026-09-01T04:00:00Z')), /type it as text \('2026-09\)/);
});

test('days are those of the spreadsheet, wherever it stands', () => {
  for (const [zone, at] of [['America/New_York', '2026-09-01T04:00:00Z'], ['Asia/Tokyo', '2026-08-31T15:00:00Z']]) {
    const google = connected({ zone });
    google.cell('AMZ_UNITS', column('B000000001'), 'US', 'Custom', new Date(at), 46_295);
    const { start, end } = server.journal().at(-1).args;
    assert.deepEqual([start, end], ['2026-09-01', '2026-09-30'], zone);
  }
});

test('a start without a period means Custom, and reversed days are told', () => {
  const google = connected();
  assert.equal(google.cell('AMZ_UNITS', 'B000000001', 'US', '', '2026-09-01', '2026-09-30'), units('B000000001', 'US', 'custom 2026-09-01 2026-09-30'));
  assert.match(google.cell('AMZ_UNITS', 'B000000001', 'US', 'Custom', '2026-09-30', '2026-09-01'), /is after the end/);
});

test('what is missing or of the wrong shape is said before anything is asked', () => {
  const google = connected();
  const says = (words, ...args) => assert.match(google.cell('AMZ_UNITS', ...args), words);
  says(/one row, such as B1:K1/, column('B000000001', 'B000000002'), column('US', 'DE'), 'MTD');
  says(/one column, such as A2:A1000/, [['B000000001', 'B000000002']], 'US', 'MTD');
  says(/Either marketplaces or periods/, column('B000000001'), [['US', 'DE']], [['MTD', 'Yesterday']]);
  says(/Which marketplace\?/, 'B000000001', '', 'MTD');
  says(/Which period\?/, 'B000000001', 'US', '');
  says(/10001 × 5 cells are more than the 50000.*split the range/, column(...Array(10_001).fill('B000000001')), [['US', 'DE', 'UK', 'US', 'DE']], 'MTD');
  assert.deepEqual(called(google), []);
});

test('what the database refuses is its sentence', () => {
  const google = connected();
  assert.match(google.cell('AMZ_UNITS', column('B000000001'), 'XX', 'MTD'), /There is no marketplace "XX"/);
  assert.match(google.cell('AMZ_UNITS', 'B000000001', 'US', 'fortnight'), /There is no period "fortnight"/);
  assert.match(google.cell('AMZ_SALES', column('B000000001'), 'ALL', 'MTD'), /ALL needs a currency/);
  assert.match(google.cell('AMZ_TRAFFIC', column('B000000001'), 'US', 'MTD', 'clicks'), /There is no metric "clicks"/);
});

test('each kind of figure asks for its metric', () => {
  const google = connected();
  const asked = (name, ...args) => (google.cell(name, column('B000000002'), 'US', 'MTD', ...args), server.journal().at(-1).args);
  assert.equal(asked('AMZ_SALES', 'EUR').currency, 'EUR');
  assert.equal(asked('AMZ_TRAFFIC').metric, 'sessions');
  assert.equal(asked('AMZ_TRAFFIC', 'mobile_share').metric, 'mobile_share');
  assert.equal(asked('AMZ_CVR').metric, 'cvr');
  assert.equal(asked('AMZ_BUYBOX').metric, 'buy_box');
});

test('the same question again, by whichever cell, is answered without a call while the version stands', () => {
  const google = connected();
  const ask = () => google.cell('AMZ_UNITS', column('B000000001'), 'US', 'MTD');
  assert.deepEqual(ask(), ask());
  assert.equal(called(google).length, 1);
  google.clock.advance(16 * 60_000);
  ask();
  assert.equal(called(google).length, 2);
});

test('when the version in _meta!B1 changes the question is asked anew', () => {
  const google = connected();
  const ask = (version) => google.cell('AMZ_UNITS', column('B000000001'), 'US', 'MTD', '', '', version);
  ask('v-1');
  ask('v-1#4');
  assert.equal(called(google).length, 1);
  server.set({ version: 'v-2' });
  google.fire();
  google.calls.length = 0;
  ask('v-2');
  assert.equal(called(google).length, 1);
});

test('two long lists with the same beginning do not share an answer', () => {
  const google = connected();
  const items = (last) => column(...Array(500).fill('B000000001'), last);
  assert.notDeepEqual(google.cell('AMZ_UNITS', items('B000000002'), 'US', 'MTD'), google.cell('AMZ_UNITS', items('B000000003'), 'US', 'MTD'));
});
