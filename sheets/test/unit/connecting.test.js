import assert from 'node:assert/strict';
import { test } from 'node:test';
import { open } from '../google/index.js';
import { connected, server } from './connected.js';

const FORM = { address: '', apikey: '', token: 'cs_test_secret', currency: 'EUR' };
const connect = (google, changes) => google.menu('sidebarConnect', { ...FORM, address: server.address, ...changes });

test('a connection is tried before it is kept, and starts the refreshing', () => {
  const google = open();
  assert.deepEqual(connect(google), { ok: true, say: 'Connected: 5 tabs. Up to 2026-11-24; DE up to 2026-11-23.' });
  assert.deepEqual(google.triggers, [{ handler: 'refreshSnapshots', minutes: 10 }]);
  const wrong = connect(google, { token: 'cs_wrong_token' });
  assert.equal(wrong.ok, false);
  assert.match(wrong.say, /not known/);
  assert.equal(google.properties.get('token'), 'cs_test_secret');
});

test('an address may be pasted with its slash or its path', () => {
  for (const end of ['/', '/rest/v1', '/rest/v1/rpc/', '  ']) assert.equal(connect(open(), { address: server.address + end }).ok, true, end);
});

test('what is no address, or would send the token readable, is refused', () => {
  const says = (address, words) => assert.match(connect(open(), { address }).say, words);
  says('', /looks like https:/);
  says('figures.example.com', /looks like https:/);
  says('https://user:pass@example.com', /looks like https:/);
  says('http://example.com', /must begin with https/);
  says('http://127.0.0.1.example.com', /must begin with https/);
  says('http://127.0.0.1:9', /cannot be reached/);
});

test('keys in the place of a token, and secret keys in the place of the public one, are named', () => {
  const jwt = (role) => ['eyJhbGciOiJIUzI1NiJ9', Buffer.from(JSON.stringify({ role })).toString('base64url'), 'x'].join('.');
  const says = (changes, words) => assert.match(connect(open(), changes).say, words);
  says({ token: jwt('anon') }, /a key of Supabase, not a token/);
  says({ token: 'sb_publishable_x' }, /a key of Supabase, not a token/);
  says({ token: '' }, /token is missing/);
  says({ token: 'hello' }, /begins with cs_/);
  says({ apikey: jwt('service_role') }, /secret key, which opens the whole database/);
  says({ apikey: 'sb_secret_x' }, /secret key, which opens the whole database/);
  says({ address: 'https://abcdefgh.supabase.co' }, /wants its public key/);
  assert.equal(connect(open(), { apikey: jwt('anon') }).ok, true);
});

test('the public key travels with each call and the token in its body alone', () => {
  server.set({ apikey: 'public' });
  const google = open();
  assert.match(connect(google).say, /refuses the public key/);
  assert.equal(connect(google, { apikey: 'public' }).ok, true);
  const { url, headers, payload } = google.calls.at(-1);
  assert.deepEqual({ ...headers }, { apikey: 'public' });
  assert.equal(JSON.parse(payload).token, 'cs_test_secret');
  assert.doesNotMatch(url, /cs_/);
});

test('the token never comes back to the sidebar, and is kept when the field is left empty', () => {
  const google = connected();
  assert.doesNotMatch(JSON.stringify(google.menu('sidebarState')), /cs_test/);
  assert.equal(connect(google, { token: '' }).ok, true);
});

test('the sidebar is shown, and says that nothing is connected yet', () => {
  const google = open();
  google.menu('menuSidebar');
  assert.match(google.person.sidebar.html, /Test and connect/);
  assert.equal(google.menu('sidebarState').connected, false);
  assert.match(google.menu('sidebarRefresh'), /Not refreshed: Not connected/);
  google.menu('menuFreshness');
  assert.match(google.person.alerts[0].text, /Not refreshed.*[^]*not refreshed by themselves for you/i);
});

test('a function is inserted with its arguments as they were typed', () => {
  const google = connected();
  const insert = (name, ...args) => google.menu('sidebarInsert', name, args);
  assert.equal(insert('AMZ_UNITS', 'A2:A', 'US', 'Last 7 days', '', '', '_meta!$B$1'), 'Choose a cell first');
  google.book.selection = [2, 2, 1, 1];
  assert.equal(insert('AMZ_UNITS', 'A2:A', 'US', 'Last 7 days', '', '', '_meta!$B$1'), '=AMZ_UNITS(A2:A, "US", "Last 7 days", , , _meta!$B$1)');
  assert.equal(google.book.active.at(2, 2).formula, '=AMZ_UNITS(A2:A, "US", "Last 7 days", , , _meta!$B$1)');
  assert.equal(insert('AMZ_UNITS', 'B000000001', 'US', '2026-09'), '=AMZ_UNITS("B000000001", "US", "2026-09")');
  assert.equal(insert('AMZ_TOP', 'US', 'sales', 'MTD', '10', 'say "most"'), '=AMZ_TOP("US", "sales", "MTD", 10, "say ""most""")');
  assert.equal(insert('AMZ_STATUS'), '=AMZ_STATUS()');
  assert.match(insert('AMZ_UNITS', '', 'US', 'MTD'), /items is missing/);
  assert.match(insert('SUM', 'A1'), /There is no function/);
});

test('where the comma is the decimal sign, semicolons part the arguments', () => {
  const google = connected({ locale: 'de_DE' });
  google.book.selection = [2, 2, 1, 1];
  assert.equal(google.menu('sidebarInsert', 'AMZ_FX', ['GBP', 'EUR']), '=AMZ_FX("GBP"; "EUR")');
});

test('a thousand cells look into the properties a few times, since Google counts that', () => {
  const google = connected();
  let looks = 0;
  const get = google.properties[Symbol.iterator];
  google.properties[Symbol.iterator] = function* () {
    looks++;
    yield* get.call(this);
  };
  for (let i = 0; i < 1000; i++) google.cell('AMZ_UNITS', 'B000000001', 'US', 'MTD');
  assert.ok(looks <= 1, `${looks} looks`);
});

test('after a new connection every cell asks with it at once', () => {
  const google = connected();
  const ask = () => google.cell('AMZ_UNITS', [['B000000001']], 'US', 'MTD');
  const before = ask();
  server.set({ token: 'cs_other_secret' });
  assert.equal(connect(google, { token: 'cs_other_secret' }).ok, true);
  assert.deepEqual(ask(), before);
  assert.equal(JSON.parse(google.calls.at(-1).payload).token, 'cs_other_secret');
});
