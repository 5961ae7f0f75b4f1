import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call } from '../google/url_fetch.js';
import { PRODUCTS } from '../server/shop.js';
import { called, connected, MINUTE, server } from './connected.js';

const TABS = ['_US', '_DE', '_UK', '_ALL', '_daily'];
const values = (google, tab) => google.byHand((book) => {
  const sheet = book.getSheetByName(tab);
  return sheet.getRange(1, 1, Math.max(1, sheet.getLastRow()), Math.max(1, sheet.getLastColumn())).getValues();
});
const freshness = (google) => values(google, '_meta')[1][1];
const stamp = (google) => values(google, '_meta')[0][1];
const background = (google) => google.book.sheet('_meta').at(2, 2).background;
const asked = (tab, currency) => {
  const { body } = call(`${server.address}/rest/v1/rpc/sheet_snapshot`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: server.token, tab, currency }) });
  return JSON.parse(Buffer.from(body).toString()).data;
};
/** Count what is written into our tabs from now on. */
const writes = (google) => {
  const seen = [];
  google.world.observers.push((sheet, method) => seen.push(`${sheet.name} ${method}`));
  return seen;
};
const holds = (google, tab, currency) => {
  const { columns, rows } = asked(tab, currency);
  const held = values(google, tab);
  const day = (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : value);
  assert.deepEqual(held[0], columns);
  assert.deepEqual(held.slice(1).map((row) => row.map(day)), rows.map((row) => row.map((value) => (value === null ? '' : value === '=1+1' ? ' =1+1' : value))));
};

test('the first run fills every tab, hidden, and says how fresh it is', () => {
  const google = connected();
  assert.equal(google.fire(), true);
  TABS.forEach((tab) => holds(google, tab, ['_ALL', '_daily'].includes(tab) ? 'USD' : undefined));
  assert.ok([...TABS, '_meta', '_staging'].every((tab) => google.book.sheet(tab).hidden));
  assert.deepEqual(values(google, '_meta').slice(0, 2).map((row) => row[1]), ['v-1', 'Up to 2026-11-24; DE up to 2026-11-23.']);
  assert.equal(background(google), null);
});

test('SKUs that look like numbers, months or formulas stay what they are, and days are days', () => {
  const google = connected();
  google.fire();
  const us = values(google, '_US');
  const skus = us.slice(1).map((row) => row[us[0].indexOf('sku')]);
  ['00123', '10042', '1-2', '2026-09'].forEach((sku) => assert.ok(skus.includes(sku), sku));
  assert.ok(us.some((row) => row[0] === '0123456789'));
  assert.deepEqual(google.byHand((book) => book.getSheetByName('_US').getRange(1, 1, 9, 8).getFormulas().flat().filter(Boolean)), []);
  assert.ok(values(google, '_daily')[1][2] instanceof Date);
});

test('the second run asks one question and writes nothing', () => {
  const google = connected();
  google.fire();
  const seen = writes(google);
  google.calls.length = 0;
  google.clock.advance(10 * MINUTE);
  google.fire();
  assert.deepEqual(called(google), ['sheet_meta']);
  assert.deepEqual(seen, []);
  google.clock.advance(60 * MINUTE);
  google.fire();
  assert.deepEqual(seen, []);
});

test('a new version is written, and rows that are gone are emptied', () => {
  const google = connected();
  google.fire();
  server.set({ version: 'v-2', gone: [PRODUCTS[1].asin, PRODUCTS[2].asin] });
  google.fire();
  TABS.forEach((tab) => holds(google, tab, ['_ALL', '_daily'].includes(tab) ? 'USD' : undefined));
  assert.equal(stamp(google), 'v-2');
});

test('nobody ever reads half of a table', () => {
  const google = connected();
  google.fire();
  const old = JSON.stringify(values(google, '_US'));
  server.set({ version: 'v-2', gone: [PRODUCTS[0].asin] });
  const states = new Set();
  google.world.observers.push(() => states.add(JSON.stringify(google.byHand((book) => {
    const sheet = book.getSheetByName('_US');
    return sheet.getRange(1, 1, sheet.getLastRow(), sheet.getLastColumn()).getValues();
  }))));
  google.fire();
  assert.deepEqual([...states], [old, JSON.stringify(values(google, '_US'))]);
});

test('a run that Google would end goes on with the next one, without a tab twice', () => {
  const google = connected();
  google.world.cost = { setValues: 100_000 };
  google.fire();
  const first = called(google).filter((name) => name === 'sheet_snapshot').length;
  assert.ok(first > 0 && first < TABS.length, `${first} tabs`);
  assert.match(freshness(google), /^Being refreshed since .* six minutes.*within ten minutes/);
  while (!/^Up to/.test(freshness(google))) {
    google.clock.advance(10 * MINUTE);
    assert.equal(google.fire(), true);
  }
  assert.equal(called(google).filter((name) => name === 'sheet_snapshot').length, TABS.length);
  TABS.forEach((tab) => assert.ok(google.book.sheet(tab)));
});

test('a run that Google ended in the midst of a tab leaves whole tables, and the next one goes on', () => {
  const google = connected();
  google.fire();
  const old = values(google, '_US');
  server.set({ version: 'v-2', gone: [PRODUCTS[0].asin] });
  google.world.cost = { setNumberFormat: 10_000 };
  assert.equal(google.fire(), false);
  assert.deepEqual(values(google, '_US'), old);
  google.world.cost = {};
  google.clock.advance(10 * MINUTE);
  assert.equal(google.fire(), true);
  holds(google, '_US');
  assert.equal(stamp(google), 'v-2');
});

test('when the server restarts in the middle, what is in stays, the cell says why, and the next run goes on', () => {
  const google = connected();
  google.fire();
  const de = values(google, '_DE');
  server.set({ version: 'v-2', gone: [PRODUCTS[0].asin] });
  google.world.observers.push((sheet) => sheet.name === '_US' && server.set({ down: {} }));
  google.clock.advance(10 * MINUTE);
  google.fire();
  google.world.observers.length = 0;
  assert.deepEqual(values(google, '_DE'), de);
  assert.equal(freshness(google), 'Not refreshed: the server cannot be reached. The figures are those of 2026-11-25 06:00 UTC; tried last at 2026-11-25 06:10 UTC.');
  assert.equal(background(google), '#ffe0a3');
  assert.equal(stamp(google), 'v-1');
  server.set({ down: null });
  google.calls.length = 0;
  google.fire();
  assert.deepEqual(called(google), ['sheet_meta', ...Array(4).fill('sheet_snapshot')]);
  assert.equal(stamp(google), 'v-2');
  assert.equal(freshness(google), 'Up to 2026-11-24; DE up to 2026-11-23.');
  assert.equal(background(google), null);
});

test('after a failure with nothing new, the freshness cell is right again and no tab is written', () => {
  const google = connected();
  google.fire();
  server.set({ down: {} });
  google.fire();
  server.set({ down: null });
  const seen = writes(google);
  google.fire();
  assert.equal(freshness(google), 'Up to 2026-11-24; DE up to 2026-11-23.');
  assert.ok(seen.every((line) => line.startsWith('_meta')), seen.join());
});

test('a snapshot that is not what it says is not swapped in', () => {
  for (const break_ of [(s) => (s.rows[1][8] += 1), (s) => s.rows.pop(), (s) => (s.rows[0][0] = 'B00000000X'), (s) => (s.rows[0][9] = 'text')]) {
    server.reset();
    const google = connected();
    google.fire();
    const old = values(google, '_US');
    server.set({ version: 'v-2' });
    const data = asked('_US');
    break_(data);
    server.set({ faults: [{ late: true }, { status: 200, body: JSON.stringify({ ok: true, version: 'v-2', data }) }] });
    google.fire();
    assert.deepEqual(values(google, '_US'), old);
    assert.match(freshness(google), /^Not refreshed: the tab _US could not be verified: /);
  }
});

test('when the figures change under way the run begins anew, and leaves it to the next one if they go on changing', () => {
  const google = connected();
  server.set({ bump: 1 });
  google.fire();
  assert.equal(stamp(google), 'v-1+');
  server.set({ bump: 100 });
  google.clock.advance(10 * MINUTE);
  google.fire();
  assert.match(freshness(google), /the figures are changing just now/);
  server.set({ bump: 0 });
  google.fire();
  assert.match(freshness(google), /^Up to/);
});

test('a tab that a person deleted is made again', () => {
  const google = connected();
  google.fire();
  for (const tab of ['_DE', '_meta', '_staging']) {
    google.book.remove(tab);
    google.fire();
  }
  holds(google, '_DE');
  assert.equal(stamp(google), 'v-1');
});

test('a tab that a person changed is written again: at once by the menu, within the hour by itself', () => {
  const google = connected();
  google.fire();
  const edit = (tab, row, column_, value) => google.byHand((book) => book.getSheetByName(tab).getRange(row, column_).setValue(value));
  edit('_US', 3, 9, 12345);
  google.menu('menuRefresh');
  holds(google, '_US');
  assert.equal(google.book.toasted, 'Up to 2026-11-24; DE up to 2026-11-23.');
  edit('_US', 3, 9, 12345);
  google.clock.advance(61 * MINUTE);
  google.fire();
  holds(google, '_US');
  edit('_US', 40, 2, 'a note below');
  google.fire();
  holds(google, '_US');
  edit('_meta', 10, 3, 'mine');
  google.fire();
  assert.equal(values(google, '_meta')[9][2], 8);
});

test("a person's own tab of such a name is never written over", () => {
  const google = connected();
  google.byHand((book) => book.insertSheet('_DE').getRange(1, 1).setValue('my notes'));
  google.fire();
  assert.deepEqual(values(google, '_DE'), [['my notes']]);
  assert.match(freshness(google), /a tab named _DE with something else in it is in the way: rename that tab/);
});

test('two triggers at once share the work by the lock', () => {
  const google = connected();
  let second;
  google.duringNextFetch(() => (second = google.inside('refresh_(false)')));
  google.fire();
  assert.match(second, /Another refresh is under way/);
  assert.deepEqual(called(google), ['sheet_meta', ...Array(TABS.length).fill('sheet_snapshot')]);
});

test('there is one trigger, however often one connects', () => {
  const google = connected();
  google.menu('sidebarConnect', { address: server.address, apikey: '', token: '', currency: 'EUR' });
  assert.equal(google.triggers.length, 1);
});

test('another currency writes the tabs anew', () => {
  const google = connected();
  google.fire();
  google.menu('sidebarConnect', { address: server.address, apikey: '', token: '', currency: 'eur' });
  google.fire();
  holds(google, '_ALL', 'EUR');
  assert.equal(values(google, '_meta')[2][1], 'EUR');
});

test('figures of many decimals are summed as the database sums them', () => {
  const google = connected();
  const cases = [[1.00005, 10001], [0.00015, 2], [0.00465, 47], [-1.00005, -10001], [0.00005, 1], [2.5, 25000], [1e11 + 0.5, 1e15 + 5000], ['', 0]];
  cases.forEach(([value, expected]) => assert.equal(google.inside('tenThousandths_(v)', { v: value }), expected, String(value)));
});

test('a spreadsheet that is full says so and keeps what it has', () => {
  const google = connected();
  google.fire();
  const old = values(google, '_UK');
  google.book.remove('_DE');
  google.byHand((book) => book.getSheetByName('Sheet1').insertRowsAfter(1000, 320_000));
  server.set({ version: 'v-2' });
  google.fire();
  assert.match(freshness(google), /^Not refreshed: Google Sheets refused \(This action would increase the number of cells/);
  assert.deepEqual(values(google, '_UK'), old);
});
