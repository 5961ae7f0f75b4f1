// A spreadsheet that is connected to a real `chalkola serve` on a real database. tests/surfaces/sheets/test_script.py starts
// both, and the control by which these tests execute SQL and stop and start the server.
import { open } from '../google/index.js';
import { call } from '../google/url_fetch.js';

const { CHALKOLA_SHEETS_ADDRESS: address, CHALKOLA_SHEETS_TOKEN: token, CHALKOLA_SHEETS_CONTROL: control, CHALKOLA_SHEETS_NOW: now } = process.env;
export { address, token };

const post = (url, body) => {
  const answer = call(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (answer.error) throw new Error(answer.error);
  return JSON.parse(Buffer.from(answer.body).toString() || 'null');
};

/** Execute SQL and return its rows. */
export const sql = (statement) => post(`${control}/sql`, { sql: statement });
export const stopServer = () => post(`${control}/stop`, {});
export const startServer = () => post(`${control}/start`, {});

/** Call a function as it is, past the script. */
export function rpc(name, args) {
  const answer = post(`${address}/rest/v1/rpc/${name}`, { token, ...args });
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  return answer.data;
}

/** Open a spreadsheet and connect it by the sidebar. */
export function connected(options = {}) {
  const google = open({ at: now, zone: 'America/New_York', ...options });
  const { ok, say } = google.menu('sidebarConnect', { address, apikey: '', token, currency: options.currency || 'EUR' });
  if (!ok) throw new Error(say);
  google.calls.length = 0;
  return google;
}

export const called = (google) => google.calls.map(({ url }) => url.split('/').pop());
export const column = (...cells) => cells.map((cell) => [cell]);
export const MINUTE = 60_000;

/** The units or sales of an ASIN in a marketplace, straight from the table; null where it has no row. */
export function summed(figure, asin, code, from, to) {
  const [{ sum }] = sql(`SELECT sum(t.${figure})::float8 AS sum FROM sp_daily_asin_data t JOIN sp_sheet_marketplaces() m USING (marketplace_id)
    WHERE t.child_asin = '${asin}' AND m.code = '${code}' AND t.date BETWEEN '${from}' AND '${to}'`);
  return sum === null ? null : Number(sum);
}

/** The units of an ASIN in a marketplace, day by day. */
export const series = (asin, code) => sql(`SELECT t.date, t.units_ordered AS units FROM sp_daily_asin_data t JOIN sp_sheet_marketplaces() m USING (marketplace_id)
  WHERE t.child_asin = '${asin}' AND m.code = '${code}'`);
