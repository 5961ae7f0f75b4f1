import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, METRICS, PERIODS } from '../server/shop.js';
import { called, connected, MINUTE, server } from './connected.js';

const ITEMS = ['B000000001', 'red-l', 10042, '00123', 'B000000100', '0123456789'];
const ASINS = ['B000000001', 'B000000002', 'B000000003', 'B000000004', 'B000000100', '0123456789'];

test('a thousand single cells of one marketplace, of all metrics and periods, make one call', () => {
  const google = connected();
  const functions = [['AMZ_UNITS', 'units'], ['AMZ_SALES', 'sales'], ['AMZ_TRAFFIC', 'sessions'], ['AMZ_BUYBOX', 'buy_box']];
  const periods = Object.entries(PERIODS).filter(([, slug]) => /^(last_(day|7|30)|mtd)/.test(slug));
  for (let i = 0; i < 1000; i++) {
    const [name, metric] = functions[i % 4];
    const [period, slug] = periods[Math.floor(i / 4) % periods.length];
    const n = Math.floor(i / 50) % ITEMS.length;
    const expected = figure(metric, ASINS[n], 'US', slug);
    assert.equal(google.cell(name, ITEMS[n], 'US', period), expected === null ? '' : expected, `${name} ${ITEMS[n]} ${period}`);
  }
  assert.deepEqual(called(google), ['sheet_snapshot']);
});

test('a thousand single cells of a period that the snapshot does not have make one call', () => {
  const google = connected();
  for (let i = 0; i < 1000; i++) {
    const expected = figure('units', ASINS[i % 6], 'US', 'last_14');
    assert.equal(google.cell('AMZ_UNITS', ITEMS[i % 6], 'US', 'Last 14 days'), expected === null ? '' : expected);
  }
  assert.deepEqual(called(google), ['sheet_values']);
});

test('a single cell shows what the same question as a range shows', () => {
  const google = connected();
  const odd = ['nobody', '', 'constructor', '2026-09', '1-2', 'NUR-DE', 'b000000009'];
  for (const place of ['US', 'de', 'GB', 'XX']) {
    for (const period of [...Object.keys(PERIODS), '2026-09', 'fortnight', 'LAST  7  DAYS']) {
      for (const item of [ITEMS[1], ...odd]) {
        const single = google.cell('AMZ_UNITS', item, place, period);
        const grid = google.cell('AMZ_UNITS', [[item]], place, period);
        assert.deepEqual(single, item === '' || Array.isArray(grid) ? grid[0][0] : grid, `${item} ${place} ${period}`);
      }
      server.set({ faults: [] });
      google.clock.advance(MINUTE + 1);
    }
  }
});

test('a marketplace in small letters is the same one and costs no call of its own', () => {
  const google = connected();
  for (const place of ['US', 'us', ' Us']) assert.equal(google.cell('AMZ_UNITS', 'B000000001', place, 'MTD'), figure('units', 'B000000001', 'US', 'mtd'));
  assert.deepEqual(called(google), ['sheet_snapshot']);
});

test('what another marketplace sells is blank, what nobody knows is not found, by two calls more for all of them', () => {
  const google = connected();
  for (const item of ['NUR-DE', 'B000000009', 'nobody', 'b000000009', 'NOBODY']) {
    assert.equal(google.cell('AMZ_UNITS', item, 'US', 'MTD'), /nobody/i.test(item) ? 'not found' : '', item);
  }
  assert.deepEqual(called(google), ['sheet_snapshot', 'sheet_values', 'sheet_values']);
});

test('a currency, a first day or ALL goes by the column of all items', () => {
  const google = connected();
  assert.equal(google.cell('AMZ_SALES', 'B000000001', 'ALL', 'Last 7 days', 'EUR'), figure('sales', 'B000000001', 'ALL', 'last_7', 'EUR'));
  assert.equal(google.cell('AMZ_SALES', 'B000000001', 'US', 'Last 7 days', 'EUR'), figure('sales', 'B000000001', 'US', 'last_7', 'EUR'));
  assert.equal(google.cell('AMZ_CVR', 'B000000001', 'US', 'MTD'), figure('cvr', 'B000000001', 'US', 'mtd'));
  assert.equal(google.cell('AMZ_UNITS', 'B000000001', 'ALL', 'MTD'), figure('units', 'B000000001', 'ALL', 'mtd'));
  assert.deepEqual(called(google), Array(4).fill('sheet_values'));
});

test('a product field of single cells is one call for all of them', () => {
  const google = connected();
  assert.equal(google.cell('AMZ_PRODUCT', 'red-s', 'title', 'US'), 'Shirt, red');
  assert.equal(google.cell('AMZ_PRODUCT', 'RED-L', 'Title', 'US'), 'Shirt, red, large');
  assert.equal(google.cell('AMZ_PRODUCT', 'B000000100', 'title', 'US'), '');
  assert.deepEqual(called(google), ['sheet_product']);
  assert.equal(google.cell('AMZ_PRODUCT', 'nobody', 'title', 'US'), 'not found');
  assert.equal(google.cell('AMZ_PRODUCT', 'RED-L', 'parent'), 'B000000100');
  assert.match(google.cell('AMZ_PRODUCT', 'RED-L', 'colour'), /There is no field/);
});

test('while one cell fetches, another waits, and says so if it waits in vain', () => {
  const google = connected();
  let other;
  google.duringNextFetch(() => (other = google.cell('AMZ_UNITS', 'RED-L', 'US', 'Last 7 days')));
  assert.equal(google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days'), figure('units', 'B000000001', 'US', 'last_7'));
  assert.match(other, /^No data: another cell is still fetching/);
  assert.deepEqual(called(google), ['sheet_snapshot']);
});

test('a cell that had to wait for the lock finds what the other one has fetched', () => {
  const google = connected();
  const ask = () => google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days');
  google.beforeNextLock(ask);
  assert.equal(ask(), figure('units', 'B000000001', 'US', 'last_7'));
  assert.deepEqual(called(google), ['sheet_snapshot']);
});

test('while one cell fetches anew, another shows the last answer', () => {
  const google = connected();
  const ask = () => google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days');
  const before = ask();
  google.clock.advance(16 * MINUTE);
  let other;
  google.duringNextFetch(() => (other = ask()));
  assert.equal(ask(), before);
  assert.equal(other, before);
});

test('a thousand single cells of a server that is down ask a few times, not a thousand', () => {
  const google = connected();
  server.set({ down: { status: 503 } });
  for (let i = 0; i < 1000; i++) assert.match(google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days'), /^No data: the server is busy or down/);
  assert.ok(called(google).length <= 10, `${called(google).length} calls`);
});

test('the refresh of the tabs fills the cache of single cells as well', () => {
  const google = connected();
  google.fire();
  google.calls.length = 0;
  assert.equal(google.cell('AMZ_UNITS', 'B000000001', 'DE', 'Last 7 days'), figure('units', 'B000000001', 'DE', 'last_7'));
  assert.deepEqual(called(google), []);
});

test('single cells keep their last answer when the server goes away', () => {
  const google = connected();
  const before = google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days');
  google.clock.advance(20 * MINUTE);
  server.set({ down: {} });
  assert.equal(google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days'), before);
});

test('the metrics of the snapshot are among those that can be asked for', () => {
  const { metrics } = connected().inside('SNAPSHOT_');
  metrics.forEach((metric) => assert.ok(METRICS.includes(metric)));
});
