// An execution: what Google starts for a cell, a menu item, a trigger or the opening of a spreadsheet. It has a time
// limit, may call some services and not others, and ends without a word when its time is over.
import { LIMITS } from './limits.js';

/** What is thrown into a script whose time is over. Google ends it there and then; here each further call throws. */
export class Killed extends Error {}

const READS = /^(get|is|flush$)/;
const KINDS = {
  custom: { ms: LIMITS.customFunctionMs, may: (service, method) => ['CacheService', 'PropertiesService', 'LockService', 'UrlFetchApp', 'Utilities', 'Logger'].includes(service) || (service === 'SpreadsheetApp' && READS.test(method) && method !== 'getUi') },
  opening: { ms: LIMITS.simpleTriggerMs, may: (service) => !['UrlFetchApp', 'ScriptApp'].includes(service) },
  trigger: { ms: LIMITS.runMs, may: (service, method) => method !== 'getUi' },
  person: { ms: LIMITS.runMs, may: () => true },
};

export class Executions {
  constructor(clock) {
    this.clock = clock;
    this.stack = [];
    this.count = 0;
    this.onEnd = [];
  }

  get now() {
    return this.stack[this.stack.length - 1];
  }

  /** Run `work` as an execution; return what it returns, or throw what it throws. */
  start(kind, work) {
    const execution = { id: ++this.count, kind, began: this.clock.now(), killed: false };
    this.stack.push(execution);
    try {
      const value = work();
      this.check(execution);
      return value;
    } finally {
      this.stack.pop();
      this.onEnd.forEach((end) => end(execution));
    }
  }

  /** Move the clock while the execution waits; Google ends it there and then when its time is over. */
  wait(ms) {
    const left = KINDS[this.now.kind].ms - (this.clock.now() - this.now.began);
    this.clock.advance(Math.max(0, Math.min(ms, left + 1)));
    this.check(this.now);
  }

  /** Called at each call of a service. */
  enter(service, method) {
    const execution = this.now;
    if (!execution) throw new Error(`${service}.${method} was called outside an execution`);
    this.check(execution);
    if (!KINDS[execution.kind].may(service, method)) throw new Error(`You do not have permission to call ${service}.${method}`);
  }

  check(execution) {
    if (this.clock.now() - execution.began > KINDS[execution.kind].ms) execution.killed = true;
    if (execution.killed) throw new Killed('Exceeded maximum execution time');
  }
}

/** A clock that stands unless it is moved. */
export class Clock {
  constructor(at) {
    this.at = Date.parse(at);
  }

  now() {
    return this.at;
  }

  advance(ms) {
    this.at += ms;
  }
}
