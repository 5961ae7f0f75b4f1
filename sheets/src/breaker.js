/** So many answers lost within a minute, and for a minute nobody asks any more: cells answer from what was kept. */
const BREAKER_ = { failures: 5, seconds: 60, hanging: 120, lost: 'breaker:lost', open: 'breaker:open', waiting: 'breaker:waiting' };

/** Google ends a cell at 30 s without a word, so a call that began this long ago and never ended counts as lost. */
const HANGING_MS_ = 25000;

/**
 * Say why nobody should ask now, or return '' when asking is fine.
 * @return {string}
 */
function breakerSays_() {
  const cache = CacheService.getScriptCache();
  const said = cache.getAll([BREAKER_.open, BREAKER_.waiting]);
  if (said[BREAKER_.open]) return said[BREAKER_.open];
  const since = Number(said[BREAKER_.waiting] || 0);
  return since && Date.now() - since > HANGING_MS_ ? 'the server does not answer in time' : '';
}

/** Write down that a call is under way, unless another one already stands there. */
function callBegins_() {
  const cache = CacheService.getScriptCache();
  if (!cache.get(BREAKER_.waiting)) cache.put(BREAKER_.waiting, String(Date.now()), BREAKER_.hanging);
}

/**
 * Count how a call ended. The lists of two executions may overwrite each other; a lost count opens the breaker a
 * little later, which is no harm.
 * @param {Answer} answer
 */
function callEnds_(answer) {
  const cache = CacheService.getScriptCache();
  cache.remove(BREAKER_.waiting);
  const lost = answer.kind === 'lost' || (answer.kind === 'said' && answer.code === 'slow_down');
  if (!lost) return;
  const now = Date.now();
  /** @type {number[]} */
  const before = JSON.parse(cache.get(BREAKER_.lost) || '[]');
  const recent = before.filter((at) => now - at < BREAKER_.seconds * 1000).concat(now);
  cache.put(BREAKER_.lost, JSON.stringify(recent), BREAKER_.seconds);
  const why = answer.kind === 'lost' ? answer.why : 'too many calls at once';
  if (recent.length >= BREAKER_.failures) cache.put(BREAKER_.open, why, BREAKER_.seconds);
}

/** Let everybody ask again, as after a new connection or by the menu. */
function closeBreaker_() {
  CacheService.getScriptCache().removeAll([BREAKER_.lost, BREAKER_.open, BREAKER_.waiting]);
}
