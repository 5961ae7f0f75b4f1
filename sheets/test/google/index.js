// A spreadsheet of Google's with our script in it: runs Code.gs as Google does, with real HTTP and Google's limits.
import { readFileSync } from 'node:fs';
import vm from 'node:vm';
import { Clock, Executions, Killed } from './execution.js';
import { LIMITS } from './limits.js';
import { Book, spreadsheetApp } from './spreadsheet.js';
import { cacheService, lockService, propertiesService } from './stores.js';
import { htmlService, ui } from './ui.js';
import { urlFetchApp } from './url_fetch.js';
import { scriptApp, utilities } from './utilities.js';

const CODE = new vm.Script(readFileSync(new URL('../../Code.gs', import.meta.url), 'utf8'), { filename: 'Code.gs' });

/** Dates without arguments are those of the stand-in's clock; nothing else of Node is there: no URL, no timers. */
const MOVED_DATE = `{
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...args) { super(...(args.length ? args : [now()])); }
    static now() { return now(); }
  };
}`;

/**
 * Open a spreadsheet. `cost` maps a writing method to the milliseconds that it takes.
 */
export function open({ at = '2026-11-25T06:00:00Z', zone = 'America/New_York', locale = 'en_US' } = {}) {
  const clock = new Clock(at);
  const executions = new Executions(clock);
  const waiting = {};
  const world = {
    fetchesADay: LIMITS.fetchesADay,
    cost: {},
    observers: [],
    meanwhile: (what) => {
      const work = waiting[what];
      delete waiting[what];
      if (work) work();
    },
  };
  const book = new Book(executions, {
    zone, locale,
    wrote: (sheet, method) => world.observers.forEach((observe) => observe(sheet, method)),
    spend: (method) => clock.advance(world.cost[method] || 0),
  });
  const [cache, properties, locks, fetching, scripts, dialogs] = [
    cacheService(executions), propertiesService(executions), lockService(executions, world), urlFetchApp(executions, world), scriptApp(executions), ui(),
  ];
  const context = vm.createContext({
    CacheService: cache.service, PropertiesService: properties.service, LockService: locks.service, UrlFetchApp: fetching.service,
    ScriptApp: scripts.service, HtmlService: htmlService, Utilities: utilities(executions),
    SpreadsheetApp: spreadsheetApp(executions, book, dialogs.face), now: () => clock.now(),
  });
  vm.runInContext(MOVED_DATE, context);
  CODE.runInContext(context);
  const invoke = (kind, name, args) => executions.start(kind, () => here(context[name](...args)));

  return {
    clock, book, world, cache: cache.items, properties: properties.store, calls: fetching.journal, triggers: scripts.triggers, person: dialogs.person,
    /** What a cell with this formula shows: a value, a grid, or #ERROR!. */
    cell: (name, ...args) => {
      try {
        return shown(invoke('custom', name, args));
      } catch (error) {
        return `#ERROR! ${error.message}`;
      }
    },
    /** Run a function as the person at the keyboard: a menu item or a call of the sidebar. */
    menu: (name, ...args) => invoke('person', name, args),
    /** Run what a time trigger runs; true when it came to its end. */
    fire: (name = 'refreshSnapshots') => {
      try {
        invoke('trigger', name, []);
        return true;
      } catch (error) {
        return error instanceof Killed ? false : raise(error);
      }
    },
    opened: () => invoke('opening', 'onOpen', []),
    /** Let a person do something by hand, as in the browser. */
    byHand: (work) => executions.start('person', () => work(book.face)),
    /** Do something while the script's next HTTP call is under way. */
    duringNextFetch: (work) => (waiting.fetch = work),
    /** Do something just before the script tries to take a lock. */
    beforeNextLock: (work) => (waiting.lock = work),
    /** Evaluate an expression inside the script, for its pure functions. */
    inside: (expression, args = {}) => {
      Object.assign(context, args);
      return executions.start('person', () => here(vm.runInContext(expression, context)));
    },
  };
}

function raise(error) {
  throw error;
}

/** What Google shows of a returned value. */
function shown(value) {
  if (!Array.isArray(value)) return cellShown(value);
  const rows = value.map((row) => (Array.isArray(row) ? row : [row]));
  if (rows.some((row) => row.length !== rows[0].length)) throw new Error('The rows of a returned range have different lengths');
  return rows.map((row) => row.map(cellShown));
}

function cellShown(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' && !Number.isFinite(value)) return '#NUM!';
  if (['number', 'string', 'boolean'].includes(typeof value) || value instanceof Date) return value;
  throw new Error(`A cell cannot show ${Object.prototype.toString.call(value)}`);
}

/** Values of the script's world as values of ours, so that they can be compared. */
function here(value) {
  if (Array.isArray(value)) return Array.from(value, here);
  const tag = Object.prototype.toString.call(value);
  if (tag === '[object Date]') return new Date(value.getTime());
  if (tag === '[object Object]') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, typeof v === 'function' ? v : here(v)]));
  return value;
}
