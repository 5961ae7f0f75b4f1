import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure, meant, PERIODS } from '../server/shop.js';
import { connected } from './connected.js';

/** Numbers that are the same in every run. */
function random(seed) {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}
const ITEMS = ['B000000001', 'b000000002', 'RED-S', 'red-l', 10042, '00123', 'B000000100', 'B000000200', '0123456789', 'NUR-DE', 'nobody', 'constructor', '', '  ', null];
const PLACES = ['US', 'usa', 'DE', ' de ', 'GB', 'UK', '', null];
const SPANS = [...Object.keys(PERIODS).filter((period) => period !== 'custom'), 'LAST 7 DAYS', '2026-09', ''];
const CODES = { US: 'US', USA: 'US', DE: 'DE', GB: 'UK', UK: 'UK' };

const blank = (cell) => cell === null || String(cell).trim() === '';

/** What a cell has to show, worked out from the shop alone. */
function expected(item, place, span) {
  if (blank(item) || blank(place) || blank(span)) return '';
  const asin = meant(String(item));
  if (!asin) return 'not found';
  const slug = PERIODS[span.trim().toLowerCase()] || span.toLowerCase();
  const code = CODES[place.trim().toUpperCase()];
  const value = figure('units', asin, code, slug);
  return value === null ? (slug === 'yesterday' && code === 'DE' ? 'due 19:30 UTC' : '') : value;
}

test('three hundred blocks of any shape show each figure beside its item and below its heading', () => {
  const google = connected();
  const next = random(20_261_126);
  const some = (list, most) => Array.from({ length: 1 + next(most) }, () => list[next(list.length)]);
  for (let n = 0; n < 300; n++) {
    const items = some(ITEMS, 8);
    const byPlace = next(2) === 0;
    const across = some(byPlace ? PLACES : SPANS, 5);
    const other = byPlace ? 'Last 7 days' : 'US';
    const shown = google.cell('AMZ_UNITS', items.map((item) => [item]), ...(byPlace ? [[across], other] : [other, [across]]));
    shown.forEach((row, i) => row.forEach((value, j) => {
      const [place, span] = byPlace ? [across[j], other] : [other, across[j]];
      assert.equal(value, expected(items[i], place, span), `${n}: ${JSON.stringify([items, across])} row ${i} column ${j}`);
    }));
    assert.ok(items.slice(shown.length).every(blank) && across.slice(shown[0].length).every(blank), `${n}: something is lacking`);
  }
});

test('twelve marketplaces of a thousand products fit into the cache', () => {
  const google = connected();
  google.inside(`
    const columns = ['key', 'sku', 'skus', 'title', ...SNAPSHOT_.metrics.flatMap((m) => SNAPSHOT_.periods.map((p) => m + '_' + p))];
    const rows = Array.from({ length: 1300 }, (_, i) => ['B' + String(i).padStart(9, '0'), 'SKU-OF-THE-SHOP-' + i, 'SKU-OF-THE-SHOP-' + i + '|OTHER-SKU-' + i, 'Größe ' + i, ...columns.slice(4).map((_, j) => i * 100.01 + j)]);
    for (let m = 0; m < 12; m++) keepSnapshot_(connection_(), '_' + m, { kind: 'data', version: 'v-0123456789abcdef', data: { columns, rows } });
  `);
  assert.ok(google.cache.size < 300, `${google.cache.size} items`);
  assert.ok([...google.cache.values()].every(({ value }) => Buffer.byteLength(value) <= 90_000));
  const part = google.inside("recallPart_(key_(connection_(), 'sheet_snapshot', { tab: '_11' }), 'sales').data");
  assert.equal(part.index['OTHER-SKU-7'], 7);
  assert.equal(part.part.sales_last_7[7], 7 * 100.01 + 15);
});
