import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure } from '../server/shop.js';
import { called, column, connected, server } from './connected.js';

test('a daily grid has the days above, and says which are preliminary', () => {
  const shown = connected().cell('AMZ_DAILY', column('B000000001', '', 'RED-L'), 'US', 'units', 3);
  assert.deepEqual(shown[0], ['item', '2026-11-22', '2026-11-23', '2026-11-24 preliminary']);
  assert.deepEqual(shown[1], ['B000000001', ...['22', '23', '24'].map((d) => figure('units', 'B000000001', 'US', `2026-11-${d}`))]);
  assert.deepEqual(shown[2], ['', '', '', '']);
  assert.equal(shown[3][0], 'RED-L');
});

test('a daily grid takes a number of days, or a first and a last one', () => {
  const google = connected();
  google.cell('AMZ_DAILY', 'B000000001', 'US', 'units');
  assert.equal(server.journal().at(-1).args.days, 30);
  google.cell('AMZ_DAILY', 'B000000001', 'US', 'units', new Date('2026-11-01T04:00:00Z'), '2026-11-03');
  const { days, start, end } = server.journal().at(-1).args;
  assert.deepEqual([days, start, end], [undefined, '2026-11-01', '2026-11-03']);
});

test('a comparison has four columns beside its items and no headings', () => {
  const shown = connected().cell('AMZ_COMPARE', column('B000000001', '', 'nobody', '0123456789'), 'US', 'units', 'Last 7 days', 'week_ago');
  const [now, then] = [figure('units', 'B000000001', 'US', 'last_7'), figure('units', 'B000000001', 'US', 'last_7 week_ago')];
  assert.deepEqual(shown, [[now, then, now - then, now / then - 1], ['', '', '', ''], Array(4).fill('not found'), ['', '', '', '']]);
});

test('the best sellers come with headings', () => {
  const shown = connected().cell('AMZ_TOP', 'US', 'units', 'Last 7 days', 2);
  assert.deepEqual(shown[0], ['asin', 'title', 'sku', 'units']);
  assert.equal(shown.length, 3);
  assert.ok(shown[1][3] >= shown[2][3]);
});

test('products have one field or several across', () => {
  const google = connected();
  assert.deepEqual(google.cell('AMZ_PRODUCT', column('RED-L', '', 'x'), [['title', 'price']]), [['Shirt, red, large', 21.5], ['', ''], ['not found', 'not found']]);
  assert.deepEqual(google.cell('AMZ_PRODUCT', column('RED-L'), 'parent', 'US'), [['B000000100']]);
});

test('a rate is a number', () => {
  const google = connected();
  assert.equal(google.cell('AMZ_FX', 'EUR', 'USD', new Date('2026-11-20T05:00:00Z')), 1.15);
  assert.equal(server.journal().at(-1).args.date, '2026-11-20');
});

test('status and alerts are tables with headings', () => {
  const google = connected();
  assert.deepEqual(google.cell('AMZ_STATUS').map(([m]) => m), ['marketplace', 'US', 'DE', 'UK']);
  assert.deepEqual(google.cell('AMZ_STATUS', 'GB').map(([m]) => m), ['marketplace', 'UK']);
  assert.deepEqual(google.cell('AMZ_ALERTS'), [['rule', 'marketplace', 'since', 'what']]);
});

test('what is not collected yet says so, once for all cells', () => {
  const google = connected();
  for (const item of ['B000000001', 'B000000002', 'B000000003']) assert.equal(google.cell('AMZ_STOCK', item, 'US', 'fulfillable'), 'no data yet: inventory is not collected');
  assert.equal(google.cell('AMZ_COVER', column('B000000001'), 'US'), 'no data yet: inventory is not collected');
  assert.equal(google.cell('AMZ_ADS', column('B000000001'), 'US', 'spend', 'MTD'), 'no data yet: advertising is not collected');
  assert.deepEqual(called(google), ['sheet_stock', 'sheet_cover', 'sheet_ads']);
});

test('what cannot be left out is asked for', () => {
  const google = connected();
  assert.match(google.cell('AMZ_DAILY', 'B000000001', '', 'units'), /Which marketplace\?/);
  assert.match(google.cell('AMZ_COMPARE', 'B000000001', 'US', '', 'MTD', 'previous'), /Which metric\?/);
  assert.match(google.cell('AMZ_TOP', 'US', 'units', ''), /Which period\?/);
  assert.match(google.cell('AMZ_TOP', 'US', 'units', 'MTD', 'many'), /whole number/);
  assert.match(google.cell('AMZ_FX', '', 'EUR'), /convert from/);
});
