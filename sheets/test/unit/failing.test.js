import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figure } from '../server/shop.js';
import { called, column, connected, MINUTE, server } from './connected.js';

const ask = (google, item = 'B000000001', version) => google.cell('AMZ_UNITS', column(item), 'US', 'Last 7 days', '', '', version);
const right = (item = 'B000000001') => [[figure('units', item, 'US', 'last_7')]];
const later = (google) => google.clock.advance(16 * MINUTE);

test('one lost answer is asked for once more, and the cell is right', () => {
  for (const fault of [{ status: 503 }, { status: 500, body: '<html>' }, { status: 429 }, {}]) {
    server.reset();
    const google = connected();
    server.set({ faults: [fault] });
    assert.deepEqual(ask(google), right());
    assert.equal(called(google).length, 2);
  }
});

test('two lost answers and nothing kept is a sentence: no zero, no #ERROR!', () => {
  for (const [down, words] of [[{ status: 503 }, /^No data: the server is busy or down \(503\); it comes with the next refresh/], [{}, /^No data: the server cannot be reached/], [{ status: 200, body: '<html>hello' }, /something else answers/]]) {
    server.reset();
    const google = connected();
    server.set({ down });
    assert.match(ask(google), words);
    assert.match(google.cell('AMZ_UNITS', 'B000000001', 'US', 'Last 7 days'), /^No data: /);
  }
});

test('the last answer stays when the server is gone, and heads of tables say of when it is', () => {
  const google = connected();
  ask(google);
  const status = google.cell('AMZ_STATUS');
  later(google);
  server.set({ down: {} });
  assert.deepEqual(ask(google), right());
  const stale = google.cell('AMZ_STATUS');
  assert.equal(stale[0][0], 'stale, of 2026-11-25 06:00 UTC: the server cannot be reached');
  assert.deepEqual(stale.slice(1), status.slice(1));
});

test('an answer is stale for six hours at most, then the cell says so', () => {
  const google = connected();
  ask(google);
  server.set({ down: {} });
  google.clock.advance(6 * 60 * MINUTE + 1000);
  assert.match(ask(google), /^No data: the server cannot be reached/);
});

test('a slow server is not asked twice when there is no time, and the cell ends within its 30 s', () => {
  const google = connected();
  ask(google);
  later(google);
  google.calls.length = 0;
  server.set({ down: { status: 504, took: 12_000 } });
  const began = google.clock.now();
  assert.deepEqual(ask(google), right());
  assert.ok(google.clock.now() - began < 20_000);
  assert.equal(called(google).length, 1);
});

test('a server that hangs costs one cell its answer, and then nobody waits for it', () => {
  const google = connected();
  ask(google);
  later(google);
  server.set({ down: { status: 504, took: 61_000 } });
  assert.match(ask(google, 'B000000002'), /#ERROR! Exceeded maximum execution time/); // Google lets nobody end a call
  google.calls.length = 0;
  assert.deepEqual(ask(google), right());
  assert.match(ask(google, 'B000000003'), /^No data: the server does not answer in time/);
  assert.equal(called(google).length, 0);
});

test('after five lost answers nobody asks for a minute, and then somebody does', () => {
  const google = connected();
  server.set({ down: { status: 503 } });
  ['B000000001', 'B000000002', 'B000000003', 'B000000004', 'B000000005'].forEach((item) => ask(google, item));
  google.calls.length = 0;
  assert.match(ask(google, 'B000000100'), /^No data: the server is busy or down/);
  assert.equal(called(google).length, 0);
  server.set({ down: null });
  google.clock.advance(MINUTE + 1);
  assert.deepEqual(ask(google, 'B000000002'), right('B000000002'));
});

test('a revoked or unknown token is a sentence, at once for all cells, and above what was kept', () => {
  for (const [change, words] of [[{ revoked: true }, /^This token was revoked/], [{ token: 'cs_other_secret' }, /^This token is not known/]]) {
    server.reset();
    const google = connected();
    ask(google);
    later(google);
    server.set(change);
    google.calls.length = 0;
    assert.match(ask(google), words);
    assert.match(ask(google, 'B000000002'), words);
    assert.match(google.cell('AMZ_STATUS'), words);
    assert.equal(called(google).length, 1);
  }
});

test('too many calls at once waits a moment, then shows the last answer', () => {
  const google = connected();
  ask(google);
  later(google);
  server.set({ down: { status: 200, body: JSON.stringify({ ok: false, code: 'slow_down', say: 'Too many calls.' }) } });
  assert.deepEqual(ask(google), right());
  assert.match(ask(google, 'B000000002'), /^No data: too many calls at once/);
});

test('the second try waits as long as the database says', () => {
  const google = connected();
  server.set({ faults: [{ status: 200, body: JSON.stringify({ ok: false, code: 'slow_down', say: 'Wait.', retry_after: 5 }) }] });
  const began = google.clock.now();
  assert.deepEqual(ask(google), right());
  assert.ok(google.clock.now() - began >= 5000);
});

test("Google's daily limit of calls is named", () => {
  const google = connected();
  google.world.fetchesADay = 0;
  assert.match(ask(google), /^No data: Google's daily limit of calls is reached/);
});

test("a wrong public key, an address without our functions: each says what to do", () => {
  const google = connected();
  server.set({ apikey: 'public' });
  assert.equal(ask(google), 'No data: the server refuses the public key (menu Chalkola, Connect)');
  server.set({ apikey: '', down: { status: 404 } });
  assert.equal(ask(google, 'B000000002'), 'No data: there is no function sheet_values at this address (chalkola migrate makes it)');
});

test('an answer of another shape than the question is refused, not shown beside the wrong items', () => {
  const google = connected();
  const body = JSON.stringify({ ok: true, version: 'v-1', data: { columns: [{}], rows: [[1], [2]] } });
  server.set({ faults: [{ status: 200, body }] });
  assert.match(ask(google), /another shape/);
});

test('cells that show a sentence come back by themselves with the next refresh', () => {
  const google = connected();
  google.fire();
  const stamp = () => google.byHand((book) => book.getSheetByName('_meta').getRange(1, 2).getValue());
  assert.equal(stamp(), 'v-1');
  server.set({ down: {} });
  ask(google, 'B000000001', stamp());
  server.set({ down: null });
  google.fire();
  assert.equal(stamp(), 'v-1#1');
  assert.deepEqual(ask(google, 'B000000001', stamp()), right());
  google.fire();
  assert.equal(stamp(), 'v-1#1');
});

test('a cell that can never succeed does not have all cells calculated again at each run', () => {
  const google = connected();
  google.fire();
  const stamps = [];
  for (let run = 0; run < 6; run++) {
    server.set({ down: { status: 404 } });
    ask(google, `item ${run}`);
    server.set({ down: null });
    google.clock.advance(10 * MINUTE);
    google.fire();
    stamps.push(google.byHand((book) => book.getSheetByName('_meta').getRange(1, 2).getValue()));
  }
  assert.deepEqual([...new Set(stamps)], ['v-1#1', 'v-1#2']);
});

test('a cache that has lost a piece of an answer asks for it again', () => {
  const google = connected();
  ask(google);
  [...google.cache.keys()].filter((key) => /:0$/.test(key)).forEach((key) => google.cache.delete(key));
  assert.deepEqual(ask(google), right());
  assert.equal(called(google).length, 2);
});

test('no address and no token stands in what a cell says', () => {
  const google = connected();
  server.set({ down: {} });
  const shown = String(ask(google)) + google.menu('sidebarRefresh') + JSON.stringify(google.menu('sidebarState'));
  assert.doesNotMatch(shown, /cs_test_secret/);
  assert.doesNotMatch(String(ask(google)), /127\.0\.0\.1/);
});

test('an answer of several hundred kilobytes is kept in pieces and comes back whole', () => {
  const google = connected();
  google.inside("keep_('k', { kind: 'data', version: 'v-1', data: Array(40000).fill('größer カップ') })");
  assert.equal(google.inside("JSON.stringify(recall_('k').data) === JSON.stringify(Array(40000).fill('größer カップ'))"), true);
  assert.ok(google.cache.size > 10);
});

test('a redirect is not followed: the token would go wherever it points', () => {
  const google = connected();
  server.set({ down: { status: 307 } });
  assert.match(ask(google), /^No data: the server answered 307/);
  assert.equal(server.journal().length, 2);
});

test('whatever goes wrong inside the script is a sentence too', () => {
  const google = connected();
  ask(google);
  for (const key of google.cache.keys()) google.cache.get(key).value = '{';
  assert.match(ask(google), /^No data: the script stopped \(/);
});

test('an answer that is too large for the cache is shown all the same', () => {
  const google = connected();
  assert.equal(google.inside("keep_('k', { kind: 'data', version: 'v-1', data: 'x'.repeat(4000000) }); recall_('k')"), null);
  assert.ok(google.cache.size < 10);
});
