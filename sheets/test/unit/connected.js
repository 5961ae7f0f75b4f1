// A spreadsheet that is connected to the server of the tests.
import { after, beforeEach } from 'node:test';
import { open } from '../google/index.js';
import { serve } from '../server/index.js';

export const server = await serve();
after(() => server.stop());
beforeEach(() => server.reset());

/** Open a spreadsheet and connect it by the sidebar, as a person does. The journal begins afterwards. */
export function connected(options) {
  const google = open(options);
  const { ok, say } = google.menu('sidebarConnect', { address: server.address, apikey: '', token: server.token, currency: 'USD' });
  if (!ok) throw new Error(say);
  google.calls.length = 0;
  return google;
}

/** The names of the functions that the spreadsheet called since it was connected. */
export const called = (google) => google.calls.map(({ url }) => url.split('/').pop());

export const column = (...cells) => cells.map((cell) => [cell]);
export const MINUTE = 60_000;
