/** One run stops in good time before Google ends it at 6 minutes; the next one goes on. */
const RUN_MS_ = 300000;

/** Every cell of the tabs is read this often to find out whether somebody changed one; their size at each run. */
const THOROUGH_ = { key: 'thorough', seconds: 3600 };

/** Cells that show an old answer are calculated again at most this often: one that can never succeed would otherwise
 * have all of them calculated at each run. */
const HEALED_ = { key: 'healed', seconds: 1800 };

/** So often may the figures change under a run before it leaves the rest to the next one. */
const ROUNDS_ = 2;

/** What the one time trigger calls, every ten minutes. */
function refreshSnapshots() {
  return refresh_(false);
}

/**
 * Bring the tabs to the newest version, and say in words what came of it.
 * @param {boolean} asked by a person: then every cell is compared, and the formulas calculate again
 * @return {string}
 */
function refresh_(asked) {
  const lock = LockService.getDocumentLock();
  if (!lock.tryLock(asked ? 5000 : 10)) return 'Another refresh is under way; it brings the same figures.';
  const book = SpreadsheetApp.getActive();
  try {
    return refreshed_(book, asked, Date.now());
  } catch (error) {
    return old_(book, error instanceof Refusal_ ? error.message : 'Google Sheets refused (' + reason_(error) + ')');
  } finally {
    lock.releaseLock();
  }
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {boolean} asked
 * @param {number} began
 * @return {string}
 */
function refreshed_(book, asked, began) {
  const connection = connection_();
  if (asked) forgetSaid_();
  const thorough = asked || !CacheService.getScriptCache().get(THOROUGH_.key);
  for (let round = 1; ; round++) {
    const { version, data: meta } = brought_('sheet_meta', { currency: currency_() }, connection);
    const due = meta.tabs.map((/** @type {any} */ t) => t.tab).filter((/** @type {string} */ tab) => isDue_(book, tab, version, thorough));
    const outcome = writeTabs_(book, due, version, connection, began);
    if (outcome === 'done') return completed_(book, meta, version, { written: due.length > 0, asked, thorough });
    if (outcome === 'time' || round === ROUNDS_) return halfway_(book, outcome);
  }
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} tab
 * @param {string} version
 * @param {boolean} thorough
 * @return {boolean} whether a tab has to be written
 */
function isDue_(book, tab, version, thorough) {
  const record = record_(tab);
  return !record || record.version !== version || record.currency !== currency_() || !isIntact_(book, tab, record, thorough);
}

/**
 * Write tabs one after the other, each with its line in the properties, until time runs out or the figures change
 * under way.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string[]} tabs
 * @param {string} version
 * @param {Connection} connection
 * @param {number} began
 * @return {'done' | 'time' | 'changed'}
 */
function writeTabs_(book, tabs, version, connection, began) {
  let longest = 0;
  for (const tab of tabs) {
    const start = Date.now();
    if (start - began + longest > RUN_MS_) return 'time';
    const answer = brought_('sheet_snapshot', { tab, currency: ['_ALL', '_daily'].includes(tab) ? currency_() : null }, connection);
    if (answer.version !== version) return 'changed';
    keepRecord_(tab, { version, currency: currency_(), ...writeTab_(book, answer.data) });
    keepSnapshot_(connection, tab, answer);
    longest = Math.max(longest, Date.now() - start);
  }
  return 'done';
}

/**
 * Ask the database directly. Refuses with the sentence when nothing comes.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @return {Data}
 */
function brought_(name, args, connection) {
  const answer = call_(name, args, connection);
  if (answer.kind === 'data') return answer;
  return refuse_(answer.kind === 'said' ? answer.say : answer.why);
}

/**
 * All tabs are of one version. Where nothing changed, nothing is written, but for a freshness cell that says otherwise
 * and for cells that show an old answer and shall calculate again.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {Meta} meta
 * @param {string} version
 * @param {{written: boolean, asked: boolean, thorough: boolean}} how
 * @return {string}
 */
function completed_(book, meta, version, how) {
  const cache = CacheService.getScriptCache();
  seen_(version);
  if (how.thorough) cache.put(THOROUGH_.key, 'yes', THOROUGH_.seconds);
  const trouble = Boolean(cache.get('trouble')) && !cache.get(HEALED_.key);
  if (trouble) {
    cache.remove('trouble');
    cache.put(HEALED_.key, 'yes', HEALED_.seconds);
    forgetSaid_();
  }
  const stamp = stamp_(version, how.asked || trouble);
  if (how.written || how.asked || trouble || !metaIsIntact_(book, stamp)) writeMeta_(book, meta, stamp);
  else sayFreshness_(book, meta.freshness, true);
  return meta.freshness;
}

/**
 * Return what stands in _meta!B1: the version, and behind # how often it was written, so that formulas calculate again
 * even where the version is the same.
 * @param {string} version
 * @param {boolean} again
 * @return {string}
 */
function stamp_(version, again) {
  const properties = PropertiesService.getScriptProperties();
  const kept = JSON.parse(properties.getProperty('stamp') || 'null') || { version, n: again ? -1 : 0 };
  const n = kept.version !== version ? 0 : again ? kept.n + 1 : kept.n;
  properties.setProperty('stamp', JSON.stringify({ version, n }));
  return n ? version + '#' + n : version;
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {'time' | 'changed'} outcome
 * @return {string}
 */
function halfway_(book, outcome) {
  const why = outcome === 'time' ? 'Google gives a run six minutes' : 'the figures are changing just now';
  const words = 'Being refreshed since ' + time_(Date.now()) + ': some tabs are newer than others (' + why + '); it goes on within ten minutes.';
  sayFreshness_(book, words, false);
  return words;
}

/**
 * Keep what is there and say why it is not newer.
 * @param {GoogleAppsScript.Spreadsheet.Spreadsheet} book
 * @param {string} why
 * @return {string}
 */
function old_(book, why) {
  const tab = book.getSheetByName(META_.tab);
  const since = tab ? String(tab.getRange(6, 2).getValue()) : '';
  const kept = since ? 'The figures are those of ' + since : 'There are no figures yet';
  const words = 'Not refreshed: ' + why + '. ' + kept + '; tried last at ' + time_(Date.now()) + '.';
  try {
    sayFreshness_(book, words, false);
  } catch (error) {
    return words + ' (_meta could not be written: ' + reason_(error) + ')';
  }
  return words;
}
