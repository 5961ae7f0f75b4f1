// The stand-in refuses what Google refuses; otherwise the other tests would prove nothing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { open } from '../google/index.js';

const script = (expression) => open().inside(expression);
const refused = (expression, words) => assert.throws(() => script(expression), { message: words });

test('a cache value has 100 KB, a key 250 characters, and six hours', () => {
  refused("CacheService.getScriptCache().put('k', 'x'.repeat(102401))", /too large: value/);
  refused("CacheService.getScriptCache().put('k', 'ü'.repeat(51201))", /too large: value/);
  refused("CacheService.getScriptCache().put('k'.repeat(251), 'x')", /too large: key/);
  refused("CacheService.getScriptCache().put('k', 'x', 21601)", /expirationInSeconds/);
  assert.equal(script("CacheService.getScriptCache().put('k', 'x', 60); Utilities.sleep(60000); CacheService.getScriptCache().get('k')"), null);
});

test('a thousand items fit into the cache', () => {
  const google = open();
  google.inside("for (let i = 0; i < 1001; i++) CacheService.getScriptCache().put('k' + i, 'x', i + 10)");
  assert.equal(google.cache.size, 900);
});

test('a property has 9 KB and the store 500 KB', () => {
  refused("PropertiesService.getScriptProperties().setProperty('k', 'x'.repeat(9217))", /too large: value/);
  refused("for (let i = 0; i < 60; i++) PropertiesService.getScriptProperties().setProperty('k' + i, 'x'.repeat(9000))", /quota/);
});

test('an address has 2 KB, and an option that Google does not know is refused', () => {
  refused("UrlFetchApp.fetch('http://127.0.0.1/' + 'x'.repeat(2048))", /URL Length/);
  refused("UrlFetchApp.fetch('http://127.0.0.1/', { timeoutSeconds: 5 })", /timeoutSeconds/);
  refused("UrlFetchApp.fetch('http://127.0.0.1:9/')", /Address unavailable/);
});

test('values must have the shape of their range, and a range must lie in the grid', () => {
  refused("SpreadsheetApp.getActive().getActiveSheet().getRange(1, 1, 2, 1).setValues([[1]])", /data has 1 but the range has 2/);
  refused("SpreadsheetApp.getActive().getActiveSheet().getRange(1, 1, 1, 2).setValues([[1]])", /columns/);
  refused("SpreadsheetApp.getActive().getActiveSheet().getRange(1001, 1)", /out of bounds/);
  refused("SpreadsheetApp.getActive().getActiveSheet().insertRowsAfter(1000, 400000)", /10000000/);
});

test('text that looks like a number, a day or a formula becomes one, but in a cell of plain text', () => {
  const google = open({ zone: 'America/New_York' });
  const stored = (value, format) => google.byHand((book) => {
    const cell = book.getActiveSheet().getRange(1, 1);
    cell.setNumberFormat(format).setValue(value);
    return [cell.getValue(), cell.getFormulas()[0][0]];
  });
  assert.deepEqual(stored('00123', 'General'), [123, '']);
  assert.deepEqual(stored('00123', '@'), ['00123', '']);
  assert.deepEqual(stored('2026-09', 'General'), [new Date('2026-09-01T04:00:00Z'), '']);
  assert.deepEqual(stored('2026-09', '@'), ['2026-09', '']);
  assert.deepEqual(stored('=1+1', '@'), ['', '=1+1']);
  assert.deepEqual(stored(46_351, 'yyyy-mm-dd'), [new Date('2026-11-25T05:00:00Z'), '']);
});

test('a cell may not write, nor show a dialog, nor make a trigger, and ends after 30 s', () => {
  const google = open();
  google.inside('globalThis.T_WRITE = () => SpreadsheetApp.getActive().getActiveSheet().getRange(1, 1).setValues([[1]])');
  google.inside('globalThis.T_SHEET = () => SpreadsheetApp.getActive().insertSheet("x")');
  google.inside('globalThis.T_UI = () => SpreadsheetApp.getUi()');
  google.inside('globalThis.T_TRIGGER = () => ScriptApp.getProjectTriggers()');
  google.inside('globalThis.T_SLOW = () => { Utilities.sleep(30001); return 1; }');
  for (const name of ['T_WRITE', 'T_SHEET', 'T_UI', 'T_TRIGGER']) assert.match(google.cell(name), /#ERROR! You do not have permission/, name);
  assert.match(google.cell('T_SLOW'), /#ERROR! Exceeded maximum execution time/);
});

test('a trigger ends after six minutes, and its locks are let go', () => {
  const google = open();
  google.inside("globalThis.long = () => { LockService.getDocumentLock().tryLock(1); Utilities.sleep(300000); Utilities.sleep(60001); SpreadsheetApp.flush(); }");
  assert.equal(google.fire('long'), false);
  assert.equal(google.inside('LockService.getDocumentLock().tryLock(1)'), true);
});

test('the opening of a spreadsheet may add a menu and not call outside', () => {
  const google = open();
  google.opened();
  assert.deepEqual(google.person.menu.map(({ name, items }) => [name, items.length]), [['Chalkola', 5]]);
  google.person.menu[0].items.forEach(({ handler }) => assert.equal(google.inside(`typeof ${handler}`), 'function'));
});

test('the script finds no URL, no timers and no TextEncoder, as at Google', () => {
  assert.equal(script("[typeof URL, typeof setTimeout, typeof TextEncoder, typeof fetch].join()"), 'undefined,undefined,undefined,undefined');
});
