import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { called, column, connected, rpc, series, summed } from './live.js';

const { cases } = JSON.parse(readFileSync(new URL('../../../tests/documents/periods.json', import.meta.url), 'utf8'));
const [A, B] = ['B0CHILD00A', 'B0CHILD00B'];
const google = connected();
const near = (shown, expected, what) => assert.ok(Math.abs(shown - expected) < 0.006, `${what}: ${shown} instead of ${expected}`);

test('a block of items and marketplaces is right, by one call', () => {
  const sheet = connected();
  const shown = sheet.cell('AMZ_UNITS', column(A.toLowerCase(), '', 'mug-a', '00123', 'nobody', 'B0ONLYINDE'), [['DE', 'GB']], 'Last 7 days');
  const week = (asin) => [summed('units_ordered', asin, 'DE', '2026-11-18', '2026-11-24'), summed('units_ordered', asin, 'UK', '2026-11-16', '2026-11-22')];
  assert.deepEqual(shown.slice(0, 4), [week(A), ['', ''], week(A), week(B)]);
  assert.deepEqual(shown.slice(4), [['not found', 'not found'], [4, '']]);
  assert.deepEqual(called(sheet), ['sheet_values']);
});

const standing = cases.filter((c) => c.today === '2026-11-26' && c.closed === '2026-11-24');
test(`the ${standing.length} cases of periods that are of this day are shown as they are written`, () => {
  assert.ok(standing.length > 50);
  const units = series(A, 'DE');
  for (const { period, from, to, start, end, refused, empty } of standing) {
    const what = `${period} ${start || ''} ${end || ''}`;
    const shown = google.cell('AMZ_UNITS', column(A), 'DE', period, start, end);
    const single = google.cell('AMZ_UNITS', A, 'DE', period, start, end);
    assert.deepEqual(single, Array.isArray(shown) ? shown[0][0] : shown, what);
    if (refused) assert.ok(period.trim() ? String(shown).includes(refused) : /^Which period/.test(shown), `${what}: ${shown}`);
    else if (empty || from > '2026-11-24') assert.equal(typeof shown[0][0], 'string', `${what}: ${shown}`);
    else if (from >= '2025-09-25') {
      const days = units.filter(({ date }) => date >= from && date <= (to < '2026-11-24' ? to : '2026-11-24'));
      assert.equal(shown[0][0], days.reduce((sum, day) => sum + day.units, 0), what);
    }
  }
});

test('single cells show what a range shows, whatever is asked', () => {
  const items = [A, 'mug-a', '00123', '1-2', '0123456789', 'B0PARENT00', 'B0ONLYINDE', 'B0ONCEONLY', 'nobody', ''];
  const asks = [
    ['AMZ_UNITS', 'DE', 'Last 7 days'], ['AMZ_UNITS', 'UK', 'Yesterday'], ['AMZ_UNITS', 'DE', 'Yesterday'], ['AMZ_UNITS', 'UK', 'Last 7 days week ago'],
    ['AMZ_SALES', 'DE', 'MTD'], ['AMZ_SALES', 'ALL', 'Last 30 days', 'EUR'], ['AMZ_SALES', 'UK', 'Last 30 days', 'USD'], ['AMZ_SALES', 'ALL', 'MTD'],
    ['AMZ_TRAFFIC', 'DE', 'Last 30 days', 'sessions'], ['AMZ_TRAFFIC', 'UK', 'Last 7 Days Year Ago', 'page_views'], ['AMZ_TRAFFIC', 'UK', 'MTD', 'mobile_share'],
    ['AMZ_CVR', 'DE', 'Last 7 days'], ['AMZ_BUYBOX', 'DE', 'Last 7 days'], ['AMZ_BUYBOX', 'gb', 'MTD year ago'], ['AMZ_UNITS', 'DE', '2026-10'],
    ['AMZ_UNITS', 'ALL', 'Last day'], ['AMZ_UNITS', 'XX', 'MTD'], ['AMZ_UNITS', 'UK', 'Last 425 days'],
  ];
  for (const [name, ...args] of asks) {
    const grid = google.cell(name, column(...items), ...args);
    items.forEach((item, i) => {
      if (item === '' && !Array.isArray(grid)) return;
      assert.deepEqual(google.cell(name, item, ...args), Array.isArray(grid) ? (grid[i] || [''])[0] : grid, `${name} ${item} ${args}`);
    });
  }
  for (const field of ['title', 'parent', 'sku', 'asin', 'price', 'status']) {
    for (const place of ['DE', 'UK', '']) {
      const grid = google.cell('AMZ_PRODUCT', column(...items), field, place);
      items.slice(0, -1).forEach((item, i) => {
        const single = google.cell('AMZ_PRODUCT', item, field, place);
        assert.deepEqual(Array.isArray(single) ? single[0][0] : single, grid[i][0], `${item} ${field} ${place}`);
      });
    }
  }
});

test('a thousand single cells of one marketplace, of any metric and period of the snapshot, make one call', () => {
  const sheet = connected();
  const periods = ['Last day', 'Last 7 days', 'Last 7 Days Week Ago', 'Last 30 days', 'MTD', 'MTD year ago'];
  const functions = ['AMZ_UNITS', 'AMZ_SALES', 'AMZ_TRAFFIC', 'AMZ_BUYBOX'];
  for (let i = 0; i < 1000; i++) sheet.cell(functions[i % 4], [A, B, 'mug-a', 'B0PARENT00'][i % 4], 'DE', periods[i % 6]);
  assert.deepEqual(called(sheet), ['sheet_snapshot']);
});

test('money is of the marketplace, or of the currency that is given, by the rate of each day', () => {
  const [own, eur] = [['DE'], ['DE', 'EUR']].map(([place, ...more]) => google.cell('AMZ_SALES', column(A), place, 'Last 7 days', ...more)[0][0]);
  near(own, summed('ordered_product_sales', A, 'DE', '2026-11-18', '2026-11-24'), 'own');
  assert.equal(own, eur);
  assert.match(google.cell('AMZ_SALES', column(A), 'ALL', 'Last 7 days'), /ALL needs a currency/);
  assert.ok(google.cell('AMZ_SALES', column(A), 'ALL', 'Last 7 days', 'EUR')[0][0] > own);
  near(google.cell('AMZ_FX', 'EUR', 'GBP', '2026-11-26'), 0.8, 'rate');
});

test('a daily grid adds up to the period, with its days above', () => {
  const shown = google.cell('AMZ_DAILY', column(A, '', 'nobody'), 'DE', 'units', 7);
  assert.deepEqual(shown[0], ['item', ...[18, 19, 20, 21, 22, 23, 24].map((d) => `2026-11-${d}`)]);
  assert.equal(shown[1].slice(1).reduce((a, b) => a + b), google.cell('AMZ_UNITS', A, 'DE', 'Last 7 days'));
  assert.deepEqual(shown.slice(2), [Array(8).fill(''), ['nobody', ...Array(7).fill('not found')]]);
  const later = google.cell('AMZ_DAILY', column(A), 'UK', 'units', '2026-11-21', '2026-11-25');
  assert.deepEqual(later[0], ['item', '2026-11-21', '2026-11-22', '2026-11-23 due', '2026-11-24 due', '2026-11-25 preliminary']);
  assert.equal(later[1][5], 77);
  assert.ok(google.cell('AMZ_DAILY', '*', 'DE', 'units', 2).some(([name]) => name === 'mug-a'));
});

test('a comparison, a ranking and the facts of products are laid out as asked', () => {
  const [[now, then, change, share]] = google.cell('AMZ_COMPARE', column(A), 'DE', 'units', 'Last 7 days', 'week_ago');
  assert.deepEqual([now, then], [google.cell('AMZ_UNITS', A, 'DE', 'Last 7 days'), google.cell('AMZ_UNITS', A, 'DE', 'Last 7 days week ago')]);
  assert.equal(change, now - then);
  near(share, now / then - 1, 'share');
  const top = google.cell('AMZ_TOP', 'DE', 'units', 'Last 30 days', 2);
  assert.deepEqual(top[0].slice(0, 3), ['asin', 'title', 'sku']);
  assert.equal(top.length, 3);
  assert.deepEqual(google.cell('AMZ_PRODUCT', column('mug-a', 'mug-a-old', '00123'), [['title', 'price']], 'DE'), [['=A "mug", größer', 12.3], ['Old mug', 1], ['カップ', 1.5]]);
});

test('status, alerts and what is not collected yet answer in words', () => {
  const status = google.cell('AMZ_STATUS');
  assert.equal(status[0][0], 'marketplace');
  assert.deepEqual(status.slice(1).map((row) => row.slice(0, 2)), [['UK', '2026-11-22'], ['DE', '2026-11-24']]);
  assert.equal(google.cell('AMZ_ALERTS')[0][0], 'rule');
  assert.match(google.cell('AMZ_STOCK', column(A), 'DE', 'fulfillable'), /^no data yet/);
  assert.match(google.cell('AMZ_COVER', A, 'DE', 30, true), /^no data yet/);
  assert.match(google.cell('AMZ_ADS', column(A), 'DE', 'spend', 'MTD'), /^no data yet/);
});

test('what the database refuses is its sentence in the cell', () => {
  assert.match(google.cell('AMZ_UNITS', column(A), 'XX', 'MTD'), /There is no marketplace "XX"/);
  assert.match(google.cell('AMZ_TRAFFIC', column(A), 'DE', 'MTD', 'clicks'), /There is no metric "clicks"/);
  assert.match(google.cell('AMZ_UNITS', A, 'FR', 'MTD'), /^no data yet/);
  assert.match(google.cell('AMZ_COMPARE', column(A), 'DE', 'units', 'MTD', 'tomorrow'), /tomorrow/);
  assert.match(google.cell('AMZ_UNITS', column(A), 'DE', 'Custom', '2026-09-30', '2026-09-01'), /after the end/);
  assert.match(google.cell('AMZ_DAILY', column(...Array(200).fill(A)), 'DE', 'units', 300), /more than the 50000/);
});

test('every argument that the script sends is one that the function has', () => {
  const sheet = connected();
  sheet.cell('AMZ_TOP', 'DE', 'sales', 'Custom', 5, 'up', 'parent', 'EUR', '2026-09-01', '2026-09-30');
  sheet.cell('AMZ_COMPARE', column(A), 'DE', 'sales', 'Custom', 'year_ago', 'USD', '2026-09-01', '2026-09-30');
  sheet.cell('AMZ_ADS', column(A), 'DE', 'spend', 'Custom', 'EUR', '2026-09-01', '2026-09-30');
  sheet.cell('AMZ_DAILY', column(A), 'DE', 'sales', '2026-09-01', '2026-09-30', 'USD');
  sheet.cell('AMZ_ALERTS', 'DE', 'late');
  sheet.cell('AMZ_STATUS', [['DE', 'UK']]);
  const shown = [...sheet.cache.values()].map((item) => item.value).join();
  assert.doesNotMatch(shown, /chalkola migrate makes it/);
  assert.equal(called(sheet).length, 6);
});

test('the names of tabs and columns are those that the script looks for', () => {
  const { columns } = rpc('sheet_snapshot', { tab: '_DE' });
  const { metrics, periods } = google.inside('SNAPSHOT_');
  metrics.forEach((metric) => periods.forEach((period) => assert.ok(columns.includes(`${metric}_${period}`), `${metric}_${period}`)));
});
