/** The newest version that anybody has seen, and for how long that counts: while it stands, an answer of this version
 * is as good as a new one and nothing is asked. Each answer renews it, and the refresh of the tabs does every ten
 * minutes. */
const SEEN_ = { key: 'seen', seconds: 900 };

/** Functions whose whole dataset may not be collected yet; one answer speaks for every cell of them. */
const WAITING_ = ['sheet_stock', 'sheet_cover', 'sheet_ads'];

/** What was said under another epoch is forgotten. */
const EPOCH_ = 'said-epoch';

/** How long a sentence of the database, or a lost answer, speaks for whom: everybody, a function, or one question. */
const SAID_ = {
  token_unknown: { scope: 'all', seconds: 60 },
  token_revoked: { scope: 'all', seconds: 60 },
  no_data_yet: { scope: 'question', seconds: 60 },
  bad_argument: { scope: 'question', seconds: 60 },
  too_large: { scope: 'question', seconds: 60 },
  lost: { scope: 'question', seconds: 20 },
};

/**
 * Return the answer to a question: a kept one of the newest version, a new one, or the last one kept, marked stale.
 * Refuses with a sentence for the cell when there is none.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {string} version that the cell was given, or ''
 * @return {Kept}
 */
function ask_(name, args, version) {
  const connection = connection_();
  const key = key_(connection, name, args);
  const kept = recall_(key);
  if (kept && isFresh_(kept, version)) return kept;
  return settle_(name, key, kept, askNow_(name, args, connection, key));
}

/**
 * Ask unless it was said a moment ago that there is nothing, and keep what comes.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @param {string} key
 * @return {Answer}
 */
function askNow_(name, args, connection, key) {
  const said = recallSaid_(name, key);
  if (said) return said;
  const closed = breakerSays_();
  if (closed) return lost_(closed, false);
  callBegins_();
  const answer = call_(name, args, connection);
  callEnds_(answer);
  if (answer.kind === 'data') seen_(answer.version);
  else keepSaid_(name, key, answer);
  return answer;
}

/**
 * Return the answer for the cell: the new one, kept; or, where none came, the last one, marked stale.
 * @param {string} name
 * @param {string} key
 * @param {Kept | null} kept
 * @param {Answer} answer
 * @return {Kept}
 */
function settle_(name, key, kept, answer) {
  if (answer.kind === 'data') {
    keep_(key, answer);
    return { ...answer, at: Date.now() };
  }
  return lastOrWords_(kept, answer);
}

/**
 * Return the last answer, marked stale, or refuse with the sentence. What the database said of the token or the
 * question stands above an older answer; what was lost on the way does not.
 * @param {Kept | null} kept
 * @param {Said | Lost} answer
 * @return {Kept}
 */
function lastOrWords_(kept, answer) {
  if (answer.kind === 'said' && answer.code !== 'slow_down') return refuse_(answer.say);
  const why = answer.kind === 'lost' ? answer.why : 'too many calls at once';
  markTrouble_();
  if (kept) return { ...kept, stale: why };
  return refuse_('No data: ' + why + (/menu Chalkola|chalkola migrate/.test(why) ? '' : '; it comes with the next refresh (menu Chalkola, Refresh now)'));
}

/**
 * @param {Kept} kept
 * @param {string} version that the cell was given, or ''
 * @return {boolean}
 */
function isFresh_(kept, version) {
  return kept.version === (CacheService.getScriptCache().get(SEEN_.key) || version);
}

/** @param {string} version that has just been seen */
function seen_(version) {
  CacheService.getScriptCache().put(SEEN_.key, version, SEEN_.seconds);
}

/**
 * @param {string} name
 * @param {string} key
 * @param {Said | Lost} answer
 */
function keepSaid_(name, key, answer) {
  const code = /** @type {keyof typeof SAID_} */ (answer.kind === 'lost' ? 'lost' : answer.code);
  const waits = code === 'no_data_yet' && WAITING_.includes(name);
  const rule = waits ? { scope: 'function', seconds: 600 } : SAID_[code];
  const cache = CacheService.getScriptCache();
  const said = { answer, epoch: cache.get(EPOCH_) };
  if (rule) cache.put(saidKey_(rule.scope, name, key), JSON.stringify(said), rule.seconds);
}

/**
 * @param {string} name
 * @param {string} key
 * @return {Said | Lost | null}
 */
function recallSaid_(name, key) {
  const keys = ['all', 'function', 'question'].map((scope) => saidKey_(scope, name, key));
  const kept = CacheService.getScriptCache().getAll([...keys, EPOCH_]);
  const said = keys.filter((k) => kept[k]).map((k) => JSON.parse(kept[k]));
  const valid = said.find(({ epoch }) => epoch === (kept[EPOCH_] || null));
  return valid ? valid.answer : null;
}

/**
 * @param {string} scope
 * @param {string} name
 * @param {string} key
 * @return {string}
 */
function saidKey_(scope, name, key) {
  return 'said:' + (scope === 'all' ? '' : scope === 'function' ? name : key);
}

/** Forget what was said, so that the next question is asked whatever came of the last one. */
function forgetSaid_() {
  CacheService.getScriptCache().put(EPOCH_, Date.now() + ' ' + Math.random(), KEEP_.seconds);
  closeBreaker_();
}

/** Some cell shows an old answer or none: the next refresh that succeeds has the cells calculated again. */
function markTrouble_() {
  CacheService.getScriptCache().put('trouble', 'yes', KEEP_.seconds);
}
