// What GorillaROI's functions are called here. Only those whose arguments are known from their documentation or from
// their users' sheets are translated; a guess would put a plausible figure where another one was meant.

/**
 * How a call is written with ours: the item, and the arguments behind it as they stand in a formula, the version last.
 * @typedef {{name: string, item: Term, rest: Term[], note?: string}} Written
 */

const NOTHING_ = /** @type {Term} */ ({ kind: 'nothing', raw: '', text: '' });

/** @type {Record<string, (args: Term[]) => Written | string>} translated, or why it is not */
const GORILLA_ = {
  // seller, period, marketplace, sku, order status, MCF, start, end
  GORILLA_SALESCOUNT: (args) => {
    const [, period, place, sku, status, mcf, start, end] = padded_(args, 8);
    if (!isOneOf_(status, ['', 'all', 'shipped'])) return 'its order status ' + status.raw + ' has no equivalent: ours counts units ordered';
    if (!isOneOf_(mcf, ['', 'exclude', 'no'])) return 'multi-channel orders (' + mcf.raw + ') are not in our figures';
    const note = status.text ? 'counts units ordered, not only shipped' : undefined;
    return { name: 'AMZ_UNITS', item: sku, rest: [place, period, start, end], note };
  },
  // seller, sku, marketplace, status
  GORILLA_INVENTORY: (args) => {
    const [, sku, place, status] = padded_(args, 4);
    return { name: 'AMZ_STOCK', item: sku, rest: [place, status] };
  },
  // seller, sku, marketplace
  GORILLA_MYPRICE: (args) => {
    const [, sku, place] = padded_(args, 3);
    return { name: 'AMZ_PRODUCT', item: sku, rest: [{ kind: 'text', raw: '"price"', text: 'price' }, place] };
  },
  GORILLA_FINANCES: () => 'fees and charges are not collected yet',
  GORILLA_FEETYPE: () => 'fees and charges are not collected yet',
  GORILLA_CHARGETYPE: () => 'fees and charges are not collected yet',
  GORILLA_SETTLEMENT: () => 'settlements are not collected yet',
  GORILLA_SETTLEMENTDETAILS: () => 'settlements are not collected yet',
};

/** What to write by hand for those whose arguments nobody has published. */
const GORILLA_BY_HAND_ = {
  GORILLA_SALESTOTAL: 'AMZ_SALES', GORILLA_BIZSESSIONS: 'AMZ_TRAFFIC', GORILLA_BIZCONVERSION: 'AMZ_CVR',
  GORILLA_PRODUCT: 'AMZ_PRODUCT', GORILLA_CATEGORY: 'AMZ_PRODUCT', GORILLA_INVENTORYHEALTH: 'AMZ_STOCK',
  GORILLA_SPSTATS: 'AMZ_ADS', GORILLA_SBSTATS: 'AMZ_ADS', GORILLA_ADPERFORMPROD: 'AMZ_ADS', GORILLA_SPSPENDPROD: 'AMZ_ADS',
  GORILLA_SDSPENDPROD: 'AMZ_ADS',
};

/** Our functions that answer one row for each item, the item first. */
const BY_ITEM_ = ['AMZ_UNITS', 'AMZ_SALES', 'AMZ_TRAFFIC', 'AMZ_CVR', 'AMZ_BUYBOX', 'AMZ_COMPARE', 'AMZ_PRODUCT', 'AMZ_STOCK', 'AMZ_COVER', 'AMZ_ADS'];

/** At which place after the item our translated functions take the version. */
const VERSION_AT_ = { AMZ_UNITS: 4, AMZ_STOCK: 2, AMZ_PRODUCT: 2 };

/**
 * Return a call as ours, or why it stays as it is.
 * @param {Call} call
 * @return {Written | string}
 */
function written_(call) {
  if (BY_ITEM_.includes(call.name)) return call.args.length ? { name: call.name, item: call.args[0], rest: call.args.slice(1) } : 'it names no item';
  if (call.name.startsWith('AMZ_')) return 'it has a row of headings of its own';
  const translate = Object.prototype.hasOwnProperty.call(GORILLA_, call.name) && GORILLA_[call.name];
  if (!translate) return byHand_(call.name);
  const ours = translate(call.args);
  if (typeof ours === 'string') return ours;
  const odd = [ours.item, ...ours.rest].find((term) => term.kind === 'other');
  if (odd) return 'the argument ' + odd.raw + ' is neither a cell nor a fixed text';
  if (isOneOf_(ours.rest[ours.name === 'AMZ_PRODUCT' ? 1 : 0], ['', 'default'])) return 'it does not say which marketplace';
  return { ...ours, rest: withVersion_(ours) };
}

/**
 * @param {string} name
 * @return {string}
 */
function byHand_(name) {
  const ours = GORILLA_BY_HAND_[/** @type {keyof typeof GORILLA_BY_HAND_} */ (name)];
  return ours ? 'its arguments are not published; write it with ' + ours : 'there is nothing like it here';
}

/**
 * @param {Written} ours
 * @return {Term[]}
 */
function withVersion_(ours) {
  const rest = padded_(ours.rest, VERSION_AT_[/** @type {keyof typeof VERSION_AT_} */ (ours.name)]);
  return [...rest, { kind: 'cell', raw: '_meta!$B$1', text: '_meta!$B$1' }];
}

/**
 * @param {Term[]} args
 * @param {number} count
 * @return {Term[]}
 */
function padded_(args, count) {
  return Array.from({ length: count }, (_, i) => args[i] || NOTHING_);
}

/**
 * @param {Term} term
 * @param {string[]} texts in small letters; '' stands for nothing
 * @return {boolean} false for what is not a fixed text
 */
function isOneOf_(term, texts) {
  return (term.kind === 'text' || term.kind === 'nothing') && texts.includes(term.text.trim().toLowerCase());
}
