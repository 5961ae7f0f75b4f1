// Starts the server and says to it what shall happen.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { call } from '../google/url_fetch.js';

/** Start it: `set` changes its state (faults, version, down …), `journal` lists the calls it got. */
export async function serve() {
  const worker = new Worker(new URL('serving.js', import.meta.url));
  const [port] = await once(worker, 'message');
  const address = `http://127.0.0.1:${port}`;
  // By the same blocking calls as the script's, so that it can be told things in the midst of one.
  const tell = (path, body = {}) => JSON.parse(Buffer.from(call(address + path, { method: 'POST', body: JSON.stringify(body) }).body).toString());
  return {
    address,
    token: 'cs_test_secret',
    set: (changes) => tell('/test/set', changes),
    reset: () => tell('/test/reset'),
    journal: () => tell('/test/journal'),
    stop: () => worker.terminate(),
  };
}
