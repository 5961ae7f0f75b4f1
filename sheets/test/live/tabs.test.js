import assert from 'node:assert/strict';
import { test } from 'node:test';
import { called, column, connected, MINUTE, rpc, sql, startServer, stopServer, summed } from './live.js';

/** One spreadsheet lives through all of this. */
const google = connected();
const TABS = ['_UK', '_DE', '_ALL', '_daily'];
const values = (tab) => google.byHand((book) => {
  const sheet = book.getSheetByName(tab);
  return sheet.getRange(1, 1, sheet.getLastRow(), sheet.getLastColumn()).getValues();
});
const meta = () => Object.fromEntries(values('_meta').slice(0, 7).map(([name, value]) => [name, value]));
const touch = () => sql("UPDATE sp_daily_asin_data SET units_ordered = units_ordered + 1 WHERE child_asin = 'B0CHILD00A' AND date = '2026-11-24'; UPDATE sp_slices SET loaded_at = loaded_at + interval '1 minute' WHERE first_day = '2026-11-24'");
const holds = (tab) => {
  const { columns, rows } = rpc('sheet_snapshot', { tab, currency: ['_ALL', '_daily'].includes(tab) ? 'EUR' : undefined });
  const day = (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : value);
  const held = values(tab);
  assert.deepEqual(held[0], columns, tab);
  assert.deepEqual(held.slice(1).map((row) => row.map(day)), rows.map((row) => row.map((v) => (v === null ? '' : /^[=+]/.test(v) ? ` ${v}` : v))), tab);
};

test('the first run fills every tab as the database has it', () => {
  assert.equal(google.fire(), true);
  const { freshness, version, currency, fx_date } = meta();
  assert.match(freshness, /^Up to 2026-11-24/);
  assert.match(version, /^v-/);
  assert.equal(currency, 'EUR');
  assert.ok(fx_date instanceof Date);
  TABS.forEach((tab) => holds(tab));
  assert.deepEqual(called(google), ['sheet_meta', ...TABS.map(() => 'sheet_snapshot')]);
  const de = values('_DE');
  const a = de.find((row) => row[0] === 'B0CHILD00A');
  assert.equal(a[de[0].indexOf('units_last_7')], summed('units_ordered', 'B0CHILD00A', 'DE', '2026-11-18', '2026-11-24'));
  assert.ok(de.some((row) => row[0] === '0123456789'));
});

test('nothing new: one call, nothing written; something new: all of it', () => {
  const writes = [];
  google.world.observers.length = 0;
  google.world.observers.push((sheet) => writes.push(sheet.name));
  google.calls.length = 0;
  google.clock.advance(10 * MINUTE);
  google.fire();
  assert.deepEqual([called(google), writes], [['sheet_meta'], []]);
  const before = meta().version;
  touch();
  google.fire();
  assert.notEqual(meta().version, before);
  TABS.forEach((tab) => holds(tab));
});

test('the server restarts in the middle: whole tables, a sentence, and the next run ends it', () => {
  const old = values('_ALL');
  touch();
  let stopped = false;
  google.world.observers.push((sheet, method) => {
    if (sheet.name === '_DE' && method === 'copyTo' && !stopped) stopped = stopServer() === null;
  });
  google.clock.advance(10 * MINUTE);
  google.fire();
  google.world.observers.length = 0;
  assert.equal(stopped, true);
  assert.deepEqual(values('_ALL'), old);
  assert.match(meta().freshness, /^Not refreshed: the server cannot be reached\. The figures are those of 2026-11-26 12:10 UTC/);
  assert.deepEqual(google.cell('AMZ_UNITS', column('B0CHILD00A'), 'DE', 'Last 14 days'), 'No data: the server cannot be reached; it comes with the next refresh (menu Chalkola, Refresh now)');
  startServer();
  google.calls.length = 0;
  google.fire();
  assert.deepEqual(called(google), ['sheet_meta', 'sheet_snapshot', 'sheet_snapshot']);
  TABS.forEach((tab) => holds(tab));
  assert.doesNotMatch(meta().freshness, /Not refreshed/);
});

test('the database is away for a while: cells and tabs keep their figures', () => {
  const ask = () => google.cell('AMZ_UNITS', column('B0CHILD00A'), 'DE', 'Last 14 days');
  const before = ask();
  stopServer();
  google.clock.advance(20 * MINUTE);
  assert.deepEqual(ask(), before);
  const status = google.cell('AMZ_STATUS');
  assert.match(status, /^No data: the server cannot be reached/);
  startServer();
  google.clock.advance(2 * MINUTE);
  assert.equal(google.cell('AMZ_STATUS')[0][0], 'marketplace');
});

test('a token that is revoked is a sentence in cells, tabs and sidebar', () => {
  sql("UPDATE sp_sheet_tokens SET revoked_at = now()");
  try {
    google.clock.advance(20 * MINUTE);
    assert.match(google.cell('AMZ_UNITS', column('B0CHILD00A'), 'DE', 'MTD'), /^The token "test" was revoked/);
    google.fire();
    assert.match(meta().freshness, /^Not refreshed: The token "test" was revoked.*The figures are those of 2026-11-26 12:/);
    assert.match(google.menu('sidebarConnect', { address: process.env.CHALKOLA_SHEETS_ADDRESS, apikey: '', token: '', currency: 'EUR' }).say, /was revoked/);
  } finally {
    sql('UPDATE sp_sheet_tokens SET revoked_at = NULL');
  }
});

test('a wrong token is a sentence', () => {
  const { ok, say } = google.menu('sidebarConnect', { address: process.env.CHALKOLA_SHEETS_ADDRESS, apikey: '', token: 'cs_nobody_0123456789', currency: 'EUR' });
  assert.equal(ok, false);
  assert.match(say, /token is not known/);
});

test('too many calls in a minute are slowed down, and nothing wrong is shown', () => {
  const google = connected();
  sql('UPDATE sp_sheet_tokens SET calls_a_minute = 1, burst = 1; DELETE FROM sp_sheet_calls');
  try {
    const shown = ['MTD', 'Last month', 'Last 14 days', 'Last 21 days'].map((period) => google.cell('AMZ_UNITS', column('B0CHILD00A'), 'DE', period));
    assert.ok(Array.isArray(shown[0]));
    shown.slice(1).forEach((words) => assert.match(words, /^No data: too many calls at once/));
  } finally {
    sql('UPDATE sp_sheet_tokens SET calls_a_minute = 1000000, burst = 1000000');
  }
});
