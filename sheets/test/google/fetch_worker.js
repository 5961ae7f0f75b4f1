// Makes the HTTP calls, so that the stand-in can wait for them as a script does.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', async ({ url, options, flag, port, timeout }) => {
  let message;
  try {
    const response = await fetch(url, { ...options, signal: AbortSignal.timeout(timeout) });
    message = { status: response.status, headers: Object.fromEntries(response.headers), body: new Uint8Array(await response.arrayBuffer()) };
  } catch (error) {
    message = { error: error.name === 'TimeoutError' ? `Timeout: ${url}` : `Address unavailable: ${url}` };
  }
  port.postMessage(message);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
});
