// UrlFetchApp, over real HTTP. A server of the tests may say in `x-test-took` how many milliseconds an answer took:
// the clock is moved by them.
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { LIMITS } from './limits.js';

const OPTIONS = ['contentType', 'headers', 'method', 'payload', 'validateHttpsCertificates', 'followRedirects', 'muteHttpExceptions', 'escaping'];
let worker;

/** Make one HTTP call and wait for it, which blocks this thread: the server must run in another one. */
export function call(url, options) {
  worker = worker || new Worker(new URL('fetch_worker.js', import.meta.url));
  worker.unref();
  const { port1, port2 } = new MessageChannel();
  const flag = new Int32Array(new SharedArrayBuffer(4));
  worker.postMessage({ url, options, flag, port: port2, timeout: LIMITS.fetchMs }, [port2]);
  Atomics.wait(flag, 0, 0);
  const { message } = receiveMessageOnPort(port1);
  port1.close();
  return message;
}

export function urlFetchApp(executions, world) {
  const journal = [];
  const refuse = (text) => {
    throw new Error(text);
  };
  const check = (url, options) => {
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown) refuse(`Invalid argument: ${unknown}`);
    if (url.length > LIMITS.urlChars) refuse('Limit Exceeded: URLFetch URL Length.');
    if (typeof options.payload === 'string' && Buffer.byteLength(options.payload) > LIMITS.bodyBytes) refuse('Limit Exceeded: URLFetch POST Size.');
    const headers = Object.entries(options.headers || {});
    if (headers.length > LIMITS.headers || headers.join().length > LIMITS.headerBytes) refuse('Limit Exceeded: URLFetch Header Size.');
    if (journal.length >= world.fetchesADay) refuse('Service invoked too many times for one day: urlfetch.');
  };
  const fetch = (url, options = {}) => {
    executions.enter('UrlFetchApp', 'fetch');
    check(url, options);
    journal.push({ url, ...options });
    const began = performance.now();
    const headers = { 'content-type': options.contentType || 'application/x-www-form-urlencoded', ...options.headers };
    const answer = call(url, { method: (options.method || 'get').toUpperCase(), headers, body: options.payload, redirect: options.followRedirects === false ? 'manual' : 'follow' });
    const took = Math.max(Number((answer.headers || {})['x-test-took'] || 0), Math.round(performance.now() - began));
    world.meanwhile('fetch');
    executions.wait(Math.min(took, LIMITS.fetchMs));
    if (took > LIMITS.fetchMs) refuse(`Timeout: ${url}`);
    if (answer.error) refuse(answer.error);
    if (answer.body.length > LIMITS.bodyBytes) refuse('Limit Exceeded: URLFetch Response Size.');
    const text = Buffer.from(answer.body).toString('utf8');
    if (answer.status >= 400 && !options.muteHttpExceptions) refuse(`Request failed for ${url} returned code ${answer.status}. Truncated server response: ${text.slice(0, 100)}`);
    return { getResponseCode: () => answer.status, getContentText: () => text, getHeaders: () => answer.headers };
  };
  return { service: { fetch }, journal };
}
