// The functions for sheets as src/chalkola/store/sheets/ has them, over the small shop. Here faults can be ordered; that the
// script and the real functions understand each other is shown by test/live/.
import { createHash } from 'node:crypto';
import { everyName, figure, MARKETPLACES, meant, METRICS, PARENTS, PERIODS, PRODUCTS, SLUGS, sold } from './shop.js';

export class Refused extends Error {
  constructor(code, say) {
    super(say);
    this.code = code;
  }
}
const bad = (say) => {
  throw new Refused('bad_argument', say);
};

const place = (typed) => {
  const code = String(typed).trim().toUpperCase();
  const found = code === 'ALL' ? code : Object.keys(MARKETPLACES).find((c) => MARKETPLACES[c].spellings.includes(code));
  return found || bad(`There is no marketplace "${typed}". Known: ${Object.keys(MARKETPLACES).join(', ')} and ALL.`);
};
const metric = (typed) => (METRICS.includes(typed) ? typed : bad(`There is no metric "${typed}". Known: ${METRICS.join(', ')}.`));
const money = (name, where, currency) => {
  if (['sales', 'average_price'].includes(name) && where === 'ALL' && !currency) bad('ALL needs a currency: give one, such as EUR.');
};
const slug = (typed, { start, end }) => {
  const word = String(typed).trim().toLowerCase().replace(/\s+/g, ' ');
  if (word === 'custom') {
    if (!start || !end) bad('Custom needs a start and an end.');
    if (start > end) bad(`The start ${start} is after the end ${end}.`);
    return `custom ${start} ${end}`;
  }
  if (/^\d{4}-(\d\d|W\d\d)$/i.test(word)) return word;
  return PERIODS[word] || bad(`There is no period "${typed}". Known: Yesterday, Last 7 days, MTD, 2026-09, Custom …`);
};
const bounded = (rows, columns) => {
  if (rows * columns > 50_000) throw new Refused('too_large', `${rows * columns} cells are more than 50000: split the range.`);
};
const row = (item, width, values) => {
  if (item === null || !String(item).trim()) return Array(width).fill(null);
  const asin = meant(String(item));
  return asin ? values(asin) : Array(width).fill('not found');
};

const ITEMS = { items: 'array' };
const SPAN = { currency: 'string?', start: 'string?', end: 'string?' };

/** Each function: its arguments and their types, and its data. */
export const FUNCTIONS = {
  sheet_values: {
    args: { metric: 'string', ...ITEMS, marketplaces: 'array', periods: 'array', ...SPAN },
    data: (a) => {
      if (a.marketplaces.length > 1 && a.periods.length > 1) bad('Either marketplaces or periods may be several, not both.');
      const columns = a.marketplaces.flatMap((m) => a.periods.map((p) => ({ where: place(m), span: slug(p, a), typed: p })));
      columns.forEach((c) => money(metric(a.metric), c.where, a.currency));
      const items = a.items.length === 1 && a.items[0] === '*' ? everyName(columns[0].where) : a.items;
      bounded(items.length, columns.length);
      return {
        items,
        columns: columns.map(({ where, span, typed }) => {
          const due = span === 'yesterday' && where !== 'ALL' ? MARKETPLACES[where] : { yesterday: 'closed', say: null };
          return { marketplace: where, period: typed, from: '2026-11-01', to: '2026-11-24', state: due.yesterday, say: due.say };
        }),
        rows: items.map((item) => row(item, columns.length, (asin) => columns.map((c) => figure(a.metric, asin, c.where, c.span, a.currency)))),
      };
    },
  },
  sheet_daily: {
    args: { metric: 'string', ...ITEMS, marketplace: 'string', days: 'number?', ...SPAN },
    data: (a) => {
      const where = place(a.marketplace);
      money(metric(a.metric), where, a.currency);
      const days = a.days || 3;
      const last = Date.parse(a.end || '2026-11-24');
      const dates = Array.from({ length: days }, (_, i) => new Date(last - (days - 1 - i) * 86_400_000).toISOString().slice(0, 10));
      bounded(a.items.length, dates.length);
      return {
        dates, states: dates.map((_, i) => (i === days - 1 ? 'preliminary' : 'closed')),
        rows: a.items.map((item) => row(item, dates.length, (asin) => dates.map((day) => figure(a.metric, asin, where, day, a.currency)))),
      };
    },
  },
  sheet_compare: {
    args: { metric: 'string', ...ITEMS, marketplace: 'string', period: 'string', versus: 'string', ...SPAN },
    data: (a) => {
      const [where, span] = [place(a.marketplace), slug(a.period, a)];
      if (!['previous', 'week_ago', 'month_ago', 'year_ago'].includes(a.versus)) bad(`There is no comparison "${a.versus}".`);
      return {
        now: { from: '2026-11-18', to: '2026-11-24' }, then: { from: '2026-11-11', to: '2026-11-17' },
        rows: a.items.map((item) => row(item, 4, (asin) => {
          const [now, then] = [figure(metric(a.metric), asin, where, span), figure(a.metric, asin, where, `${span} ${a.versus}`)];
          return now === null || then === null ? [now, then, null, null] : [now, then, now - then, then ? now / then - 1 : null];
        })),
      };
    },
  },
  sheet_top: {
    args: { marketplace: 'string', metric: 'string', period: 'string', n: 'number', direction: 'string', level: 'string', ...SPAN },
    data: (a) => {
      const [where, span] = [place(a.marketplace), slug(a.period, a)];
      const ranked = PRODUCTS.map((p) => [p.asin, p.title, p.skus[0], figure(metric(a.metric), p.asin, where, span, a.currency)])
        .filter((r) => r[3] !== null).sort((x, y) => y[3] - x[3]).slice(0, a.n);
      return { header: ['asin', 'title', 'sku', a.metric], rows: ranked };
    },
  },
  sheet_product: {
    args: { ...ITEMS, fields: 'array', marketplace: 'string?' },
    data: (a) => {
      const of = { title: (p) => p.title, parent: (p) => p.parent, sku: (p) => p.skus[0], asin: (p) => p.asin, price: (p) => p.price, status: () => 'Active', category: () => null };
      a.fields.forEach((f) => of[f] || bad(`There is no field "${f}".`));
      const items = a.items.length === 1 && a.items[0] === '*' ? everyName(place(a.marketplace || 'ALL')) : a.items;
      return { items, rows: items.map((item) => row(item, a.fields.length, (asin) => {
        const product = sold('ALL').find((p) => p.asin === asin) || { asin, skus: [null], title: null, parent: null, price: null };
        return a.fields.map((f) => of[f](product));
      })) };
    },
  },
  sheet_fx: { args: { source: 'string', target: 'string', date: 'string?' }, data: (a) => ({ rate: a.source === a.target ? 1 : 1.15, date: a.date || '2026-11-24' }) },
  sheet_status: {
    args: { marketplaces: 'array?' },
    data: (a) => ({
      header: ['marketplace', 'last closed day', 'yesterday', 'rows', 'missing days', 'differing days', 'restated 30 d', 'last load', 'say'],
      rows: (a.marketplaces && a.marketplaces.length ? a.marketplaces.map(place) : Object.keys(MARKETPLACES)).map((m) => [m, MARKETPLACES[m].lastClosed, MARKETPLACES[m].yesterday, 100, 0, 0, 3, '2026-11-25 05:10 UTC', null]),
    }),
  },
  sheet_alerts: { args: { marketplace: 'string?', rule: 'string?' }, data: () => ({ header: ['rule', 'marketplace', 'since', 'what'], rows: [] }) },
  sheet_stock: { args: { ...ITEMS, marketplace: 'string?', status: 'string?' }, data: (a, shop) => (shop.stock ? { rows: a.items.map(() => [5]) } : later('inventory')) },
  sheet_cover: { args: { ...ITEMS, marketplace: 'string?', days: 'number?', inbound: 'boolean?' }, data: () => later('inventory') },
  sheet_ads: { args: { ...ITEMS, marketplace: 'string?', metric: 'string?', period: 'string?', ...SPAN }, data: () => later('advertising') },
  sheet_meta: {
    args: { currency: 'string?' },
    data: (a, shop) => ({
      tabs: [...Object.keys(MARKETPLACES).map((m) => ({ tab: `_${m}`, marketplace: m, rows: rowsOf(m, shop).length })), { tab: '_ALL', marketplace: 'ALL' }, { tab: '_daily' }],
      last_closed: { ...Object.fromEntries(Object.entries(MARKETPLACES).map(([m, { lastClosed }]) => [m, lastClosed])), ALL: '2026-11-23' },
      fx_date: '2026-11-24', made_at: '2026-11-25T05:10:00Z', freshness: shop.freshness || 'Up to 2026-11-24; DE up to 2026-11-23.',
    }),
  },
  sheet_snapshot: { args: { tab: 'string', currency: 'string?' }, data: (a, shop) => snapshot(a, shop) },
};

function later(dataset) {
  throw new Refused('no_data_yet', `no data yet: ${dataset} is not collected`);
}

const FACTS = ['key', 'level', 'asin', 'sku', 'skus', 'parent_asin', 'title', 'price'];
const FIGURES = ['units', 'sales', 'sessions', 'page_views', 'buy_box'].flatMap((m) => SLUGS.map((s) => [m, s]));
const EARLY = ['units', 'sales', 'sessions'].map((m) => [m, 'yesterday']);

function rowsOf(where, shop) {
  const children = sold(where).filter((p) => !(shop.gone || []).includes(p.asin)).map((p) => [p.asin, 'child', p.asin, p.skus[0], p.skus.join('|'), p.parent, p.title, p.price]);
  const parents = PARENTS.map((asin) => [asin, 'parent', asin, null, null, null, null, null]);
  return [...children, ...parents].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function snapshot({ tab, currency }, shop) {
  if (tab === '_daily') return checked(tab, ['key', 'marketplace', 'date', 'state', 'units', 'sales', 'currency', 'cvr'], [['DE|2026-11-23', 'DE', '2026-11-23', 'closed', 5, 12.5, 'EUR', 0.3333333], ['US|2026-11-24', 'US', '2026-11-24', 'closed', 0, 0, 'USD', null]]);
  const where = tab.startsWith('_') && (tab === '_ALL' || MARKETPLACES[tab.slice(1)]) ? tab.slice(1) : bad(`There is no tab ${tab}.`);
  money('sales', where, currency);
  const columns = [...FACTS, ...[...FIGURES, ...EARLY].map(([m, s]) => `${m}_${s}`)];
  return checked(tab, columns, rowsOf(where, shop).map((r) => [...r, ...[...FIGURES, ...EARLY].map(([m, s]) => figure(m, r[0], where, s, currency))]));
}

function checked(tab, columns, rows) {
  const texts = ['key', 'level', 'asin', 'sku', 'skus', 'parent_asin', 'title', 'marketplace', 'date', 'state', 'currency'];
  const sums = Object.fromEntries(columns.filter((c) => !texts.includes(c)).map((c) => [c, rows.reduce((sum, r) => sum + tenThousandths(r[columns.indexOf(c)]), 0)]));
  return { tab, columns, rows, count: rows.length, check: { keys_md5: createHash('md5').update(rows.map((r) => r[0]).join('\n')).digest('hex'), sums } };
}

/** As PostgreSQL rounds the decimal number that is written, half away from zero. */
function tenThousandths(value) {
  if (value === null) return 0;
  const [whole, part = ''] = String(Math.abs(value)).split('.');
  const digits = part.padEnd(5, '0');
  return Math.sign(value) * (Number(whole + digits.slice(0, 4)) + (digits[4] >= '5' ? 1 : 0));
}
