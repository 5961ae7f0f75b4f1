// The server, in a thread of its own: the script's calls block the thread of the tests.
import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';
import { FUNCTIONS, Refused } from './answers.js';

const START = { version: 'v-1', token: 'cs_test_secret', revoked: false, apikey: '', down: null, faults: [], freshness: '', stock: false, gone: [], bump: 0 };
let state;
let journal;
const reset = () => {
  state = { ...START, faults: [] };
  journal = [];
};
reset();

const control = {
  '/test/reset': () => reset(),
  '/test/set': (changes) => Object.assign(state, changes),
  '/test/journal': () => journal,
};

function typed(value, type) {
  const optional = type.endsWith('?');
  const wanted = type.replace('?', '');
  return (value === undefined && optional) || (wanted === 'array' ? Array.isArray(value) : typeof value === wanted);
}

/** PostgREST answers 404 for a function, or a set of arguments, that it does not know. */
function rpc(name, body) {
  const known = FUNCTIONS[name];
  const { token, ...args } = body;
  if (!known || typeof token !== 'string' || Object.keys(args).some((a) => !(a in known.args))) return [404, { code: 'PGRST202', message: `Could not find the function public.${name} with these arguments` }];
  if (token !== state.token) return said('token_unknown', 'This token is not known: paste the one that chalkola sheets token create printed.');
  if (state.revoked) return said('token_revoked', 'This token was revoked: make a new one with chalkola sheets token create.');
  const odd = Object.entries(known.args).find(([a, type]) => !typed(args[a], type));
  if (odd) return [400, { message: `${odd[0]} must be ${odd[1]}` }];
  return answered(known, args);
}

function answered(known, args) {
  try {
    const data = known.data(args, state);
    if (state.bump) Object.assign(state, { bump: state.bump - 1, version: `${state.version}+` });
    return [200, { ok: true, version: state.version, data }];
  } catch (error) {
    if (error instanceof Refused) return said(error.code, error.message);
    throw error;
  }
}

const said = (code, say) => [200, { ok: false, code, say }];

function answer(request, text) {
  const body = text ? JSON.parse(text) : {};
  if (control[request.url]) return [200, control[request.url](body) || {}];
  const name = /^\/rest\/v1\/rpc\/(\w+)$/.exec(request.url)?.[1];
  if (request.method !== 'POST' || !name || request.headers['content-type'] !== 'application/json') return [404, { message: 'not here' }];
  journal.push({ name, args: body });
  const fault = state.down || state.faults.shift();
  if (fault && !fault.late) return [fault.status || 0, fault.body ?? '', fault.took];
  if (state.apikey && request.headers.apikey !== state.apikey) return [401, { message: 'Invalid API key' }];
  return [...rpc(name, body), fault && fault.took];
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const [status, body, took] = answer(request, Buffer.concat(chunks).toString());
    if (!status) return request.socket.destroy();
    response.writeHead(status, { 'content-type': 'application/json', 'x-test-took': String(took || 0), ...(status === 307 && { location: '/elsewhere' }) });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
