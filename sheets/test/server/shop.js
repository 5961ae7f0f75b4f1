// A small shop whose figures follow from names, so that a test can say what a cell has to show.
import { createHash } from 'node:crypto';

export const MARKETPLACES = {
  US: { currency: 'USD', spellings: ['US', 'USA'], lastClosed: '2026-11-24', yesterday: 'preliminary', say: null },
  DE: { currency: 'EUR', spellings: ['DE'], lastClosed: '2026-11-23', yesterday: 'due', say: 'due 19:30 UTC' },
  UK: { currency: 'GBP', spellings: ['UK', 'GB'], lastClosed: '2026-11-24', yesterday: 'preliminary', say: null },
};
const TO_USD = { USD: 1, EUR: 1.15, GBP: 1.31 };

/** Two families of two, a product without a parent, one whose title and SKUs are meant to go wrong, one without data. */
export const PRODUCTS = [
  { asin: 'B000000001', parent: 'B000000100', skus: ['RED-S', 'RED-S-FBA'], title: 'Shirt, red', price: 19.99 },
  { asin: 'B000000002', parent: 'B000000100', skus: ['RED-L'], title: 'Shirt, red, large', price: 21.5 },
  { asin: 'B000000003', parent: 'B000000200', skus: ['10042'], title: 'Cup – größer', price: 7 },
  { asin: 'B000000004', parent: 'B000000200', skus: ['00123'], title: 'カップ', price: 1.00005 },
  { asin: 'B000000005', parent: null, skus: ['1-2', 'constructor'], title: '=1+1', price: null },
  { asin: '0123456789', parent: null, skus: ['2026-09'], title: "'quoted", price: 12 },
];
/** Sold in Germany alone: known, and blank elsewhere. */
export const ONLY_DE = { asin: 'B000000009', parent: null, skus: ['NUR-DE'], title: 'Nur hier', price: 3 };
export const sold = (place) => (place === 'DE' || place === 'ALL' ? [...PRODUCTS, ONLY_DE] : PRODUCTS);
export const PARENTS = ['B000000100', 'B000000200'];
export const METRICS = ['units', 'sales', 'order_items', 'sessions', 'page_views', 'mobile_share', 'b2b_share', 'cvr', 'buy_box', 'average_price'];
export const PERIODS = {
  'last day': 'last_day', 'last day week ago': 'last_day_week_ago', 'last day year ago': 'last_day_year_ago',
  'last 7 days': 'last_7', 'last 7 days week ago': 'last_7_week_ago', 'last 7 days year ago': 'last_7_year_ago',
  'last 30 days': 'last_30', 'last 30 days month ago': 'last_30_month_ago', 'last 30 days year ago': 'last_30_year_ago',
  'mtd': 'mtd', 'mtd month ago': 'mtd_month_ago', 'mtd year ago': 'mtd_year_ago',
  'yesterday': 'yesterday', 'last 14 days': 'last_14', 'last month': 'last_month', 'custom': 'custom',
};
export const SLUGS = Object.values(PERIODS).filter((slug) => /^(last_(day|7|30)|mtd)/.test(slug));

const number = (...names) => createHash('md5').update(names.join('|')).digest().readUInt16BE(0);
const round = (value, places) => Number(value.toFixed(places));
const MONEY = ['sales', 'average_price'];
const SHARES = ['mobile_share', 'b2b_share', 'cvr', 'buy_box'];

/** Return a figure: null for no data, 0 for a true zero. */
export function figure(metric, asin, place, slug, currency) {
  if (asin === '0123456789' || (asin === ONLY_DE.asin && !['DE', 'ALL'].includes(place)) || (slug === 'yesterday' && (place === 'DE' || !['units', 'sales', 'sessions'].includes(metric)))) return null;
  const seed = number(metric, asin, place, slug);
  if (seed % 11 === 0) return 0;
  if (SHARES.includes(metric)) return round((seed % 1000) / 1000, 4);
  if (!MONEY.includes(metric)) return seed % 500;
  const own = place === 'ALL' ? 'USD' : MARKETPLACES[place].currency;
  return round(((seed % 100_000) / 100) * (TO_USD[own] / TO_USD[currency || own]), 2);
}

/** Return the ASIN that a child, a parent or a SKU means; null when nothing has that name. */
export function meant(item) {
  const name = item.trim().toUpperCase();
  if (PARENTS.includes(name)) return name;
  const product = sold('ALL').find((p) => p.asin === name || p.skus.some((sku) => sku.toUpperCase() === name));
  return product ? product.asin : null;
}

export const everyName = (place) => [...sold(place).map((p) => p.asin), ...PARENTS, ...sold(place).flatMap((p) => p.skus)].sort();
