import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import vm from 'node:vm';
import { built } from '../../build.js';
import { open } from '../google/index.js';

const read = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
const code = read('Code.gs');
const page = read('src/sidebar.html');
const functions = [...code.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*function (\w+)\(([^)]*)\)/g)].map(([, doc, name, args]) => ({ doc, name, args: args.split(', ').filter(Boolean) }));
const custom = functions.filter(({ doc }) => doc.includes('@customfunction'));
const NAMES = 'UNITS SALES TRAFFIC CVR BUYBOX DAILY COMPARE TOP STOCK COVER ADS PRODUCT FX STATUS ALERTS'.split(' ').map((n) => `AMZ_${n}`);

test('Code.gs is what the sources make', () => assert.equal(code, built()));

test('every function for cells is there, and documented argument by argument', () => {
  assert.deepEqual(custom.map((f) => f.name).sort(), [...NAMES].sort());
  for (const { name, doc, args } of custom) {
    const documented = [...doc.matchAll(/@param \{any\} \[?(\w+)\]? (.+)/g)].map(([, arg]) => arg);
    assert.deepEqual(documented, args, name);
    assert.match(doc, /@return \{any\} \S/, name);
  }
});

test('the sidebar explains the same arguments in the same order', () => {
  const listed = open().menu('sidebarFunctions');
  assert.deepEqual(listed.map(({ name, args }) => [name, args.map((a) => a.name)]).sort(), custom.map(({ name, args }) => [name, args]).sort());
  listed.forEach(({ args }) => args.forEach((a) => assert.ok(a.about)));
});

test('all else that a cell or the sidebar could call is meant to be called', () => {
  const open = functions.map((f) => f.name).filter((name) => !name.endsWith('_') && !name.startsWith('AMZ_'));
  assert.deepEqual(open.sort(), ['menuConvert', 'menuFreshness', 'menuRefresh', 'menuSidebar', 'onOpen', 'refreshSnapshots', 'sidebarConnect', 'sidebarFunctions', 'sidebarInsert', 'sidebarRefresh', 'sidebarState']);
});

test('the sidebar calls only what is there, and its script parses', () => {
  const called = [...page.matchAll(/run\('(\w+)'/g)].map(([, name]) => name);
  assert.ok(called.length > 4);
  called.forEach((name) => assert.ok(functions.some((f) => f.name === name), name));
  new vm.Script(page.match(/<script>([^]*)<\/script>/)[1]);
});

test('every name at the top is used once only, since all files share one space', () => {
  const names = [...code.matchAll(/^(?:function|const|let|class) (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(names.filter((name, i) => names.indexOf(name) !== i), []);
});

test('the manifest asks for no more than this spreadsheet, calls outside, a trigger and a sidebar', () => {
  assert.deepEqual(JSON.parse(read('appsscript.json')).oauthScopes.map((s) => s.split('/').pop()), ['spreadsheets.currentonly', 'script.external_request', 'script.scriptapp', 'script.container.ui']);
});

test('the lock names no host', () => assert.doesNotMatch(read('package-lock.json'), /"resolved"|https:\/\/registry/));
