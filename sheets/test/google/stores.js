// CacheService, PropertiesService and LockService.
import { LIMITS } from './limits.js';

const bytes = (text) => Buffer.byteLength(text, 'utf8');
const strings = (...values) => {
  for (const value of values) if (typeof value !== 'string') throw new Error(`The parameters (${typeof value}) don't match the method signature`);
};

export function cacheService(executions) {
  const items = new Map();
  const enter = (method) => executions.enter('CacheService', method);
  const alive = (key) => {
    const item = items.get(key);
    if (item && item.expires <= executions.clock.now()) items.delete(key);
    return items.has(key) ? items.get(key).value : null;
  };
  const put = (key, value, seconds = 600) => {
    strings(key, value);
    if (key.length > LIMITS.cacheKeyChars) throw new Error('Argument too large: key');
    if (bytes(value) > LIMITS.cacheValueBytes) throw new Error('Argument too large: value');
    if (!(seconds >= 1 && seconds <= LIMITS.cacheSeconds)) throw new Error(`Invalid argument: expirationInSeconds ${seconds}`);
    items.set(key, { value, expires: executions.clock.now() + seconds * 1000 });
    if (items.size > LIMITS.cacheItems) {
      const last = [...items].sort((a, b) => b[1].expires - a[1].expires).slice(0, LIMITS.cacheItemsKept);
      items.clear();
      last.forEach(([k, item]) => items.set(k, item));
    }
  };
  const cache = {
    get: (key) => (enter('get'), strings(key), alive(key)),
    getAll: (keys) => (enter('getAll'), Object.fromEntries(keys.filter((k) => alive(k) !== null).map((k) => [k, alive(k)]))),
    put: (key, value, seconds) => (enter('put'), put(key, value, seconds)),
    putAll: (values, seconds) => (enter('putAll'), Object.entries(values).forEach(([k, v]) => put(k, v, seconds))),
    remove: (key) => (enter('remove'), strings(key), void items.delete(key)),
    removeAll: (keys) => (enter('removeAll'), strings(...keys), keys.forEach((k) => items.delete(k))),
  };
  return { service: { getScriptCache: () => cache }, items };
}

export function propertiesService(executions) {
  const store = new Map();
  const enter = (method) => executions.enter('PropertiesService', method);
  const set = (key, value) => {
    strings(key, value);
    if (bytes(value) > LIMITS.propertyBytes) throw new Error('Argument too large: value');
    store.set(key, value);
    const total = [...store].reduce((sum, [k, v]) => sum + bytes(k) + bytes(v), 0);
    if (total > LIMITS.propertyStoreBytes) throw new Error('You have exceeded the property storage quota');
  };
  const properties = {
    getProperty: (key) => (enter('getProperty'), store.has(key) ? store.get(key) : null),
    getProperties: () => (enter('getProperties'), Object.fromEntries(store)),
    setProperty: (key, value) => (enter('setProperty'), set(key, value), properties),
    setProperties: (values) => (enter('setProperties'), Object.entries(values).forEach(([k, v]) => set(k, v)), properties),
    deleteProperty: (key) => (enter('deleteProperty'), store.delete(key), properties),
  };
  return { service: { getScriptProperties: () => properties }, store };
}

export function lockService(executions, world) {
  const lock = (name) => {
    let holder = null;
    executions.onEnd.push((execution) => (holder = holder === execution.id ? null : holder));
    const enter = (method) => executions.enter('LockService', method);
    return {
      tryLock: (ms) => {
        enter('tryLock');
        if (!(ms > 0)) throw new Error('Invalid argument: timeoutInMillis');
        world.meanwhile('lock');
        const free = holder === null || holder === executions.now.id;
        // Whoever holds it is below us on the stack and cannot go on: all the waiting is in vain.
        if (free) holder = executions.now.id;
        else executions.wait(ms);
        return free;
      },
      hasLock: () => (enter('hasLock'), holder === executions.now.id),
      releaseLock: () => (enter('releaseLock'), void (holder = holder === executions.now.id ? null : holder)),
      name,
    };
  };
  const locks = { script: lock('script'), document: lock('document') };
  return { service: { getScriptLock: () => locks.script, getDocumentLock: () => locks.document } };
}
