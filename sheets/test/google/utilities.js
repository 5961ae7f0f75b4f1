// Utilities, ScriptApp and Logger.
import { createHash } from 'node:crypto';
import { ahead } from './cells.js';
import { LIMITS } from './limits.js';

export function utilities(executions) {
  const enter = (method) => executions.enter('Utilities', method);
  return {
    DigestAlgorithm: { MD5: 'md5', SHA_256: 'sha256' },
    Charset: { UTF_8: 'utf8' },
    computeDigest: (algorithm, text, charset) => (enter('computeDigest'), [...new Int8Array(createHash(algorithm).update(text, charset).digest())]),
    sleep: (ms) => {
      enter('sleep');
      if (!(ms <= LIMITS.sleepMs)) throw new Error('Invalid argument: milliseconds');
      executions.wait(ms);
    },
    formatDate: (date, zone, format) => {
      enter('formatDate');
      if (format !== 'yyyy-MM-dd') throw new Error(`The stand-in does not know the format ${format}`);
      return new Date(date.getTime() + ahead(date.getTime(), zone)).toISOString().slice(0, 10);
    },
    base64DecodeWebSafe: (text) => {
      enter('base64DecodeWebSafe');
      if (!/^[\w-]+=*$/.test(text)) throw new Error('Could not decode string.');
      return [...new Int8Array(Buffer.from(text, 'base64url'))];
    },
    newBlob: (bytes) => ({ getDataAsString: () => Buffer.from(Int8Array.from(bytes).buffer).toString('utf8') }),
  };
}

export function scriptApp(executions) {
  const triggers = [];
  const enter = (method) => executions.enter('ScriptApp', method);
  const service = {
    getProjectTriggers: () => (enter('getProjectTriggers'), triggers.map((t) => ({ getHandlerFunction: () => t.handler }))),
    newTrigger: (handler) => ({
      timeBased: () => ({
        everyMinutes: (minutes) => {
          if (![1, 5, 10, 15, 30].includes(minutes)) throw new Error('The minutes must be 1, 5, 10, 15 or 30');
          return {
            create: () => {
              enter('create');
              if (triggers.length >= LIMITS.triggers) throw new Error('This script has too many triggers.');
              triggers.push({ handler, minutes });
            },
          };
        },
      }),
    }),
  };
  return { service, triggers };
}
