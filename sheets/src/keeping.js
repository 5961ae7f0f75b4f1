/** Google's cache: 100 KB a value, 250 characters a key, 6 hours at most. */
const KEEP_ = { seconds: 21600, chunk: 90000, chunks: 40 };

/**
 * Return the key of an answer: a SHA-256 of address, token, function and arguments, so that nothing readable stands in
 * the cache and no two questions share an answer.
 * @param {Connection} connection
 * @param {string} name
 * @param {Record<string, any>} args
 * @return {string} 64 hexadecimal digits
 */
function key_(connection, name, args) {
  return sha256_(JSON.stringify([connection.address, connection.apikey, connection.token, name, withoutNothing_(args)]));
}

/**
 * Keep an answer for six hours, in pieces. The head is written last, so a reader sees all of an answer or none; an
 * answer that is too large is not kept.
 * @param {string} key
 * @param {Data} answer
 */
function keep_(key, answer) {
  const text = ascii_(JSON.stringify(answer.data));
  const count = Math.ceil(text.length / KEEP_.chunk);
  if (count > KEEP_.chunks) return;
  /** @type {Record<string, string>} */
  const pieces = {};
  for (let i = 0; i < count; i++) {
    pieces[pieceKey_(key, answer.version, i)] = text.slice(i * KEEP_.chunk, (i + 1) * KEEP_.chunk);
  }
  const cache = CacheService.getScriptCache();
  try {
    cache.putAll(pieces, KEEP_.seconds);
    cache.put(key, JSON.stringify({ version: answer.version, at: Date.now(), count, length: text.length }), KEEP_.seconds);
  } catch (error) {
    cache.remove(key); // Google's cache is full or ill: the answer is there all the same
  }
}

/**
 * Return the answer kept under the key, or null when there is none or a piece of it has been dropped.
 * @param {string} key
 * @return {Kept | null}
 */
function recall_(key) {
  const cache = CacheService.getScriptCache();
  const head = JSON.parse(cache.get(key) || 'null');
  if (!head) return null;
  const keys = Array.from({ length: head.count }, (_, i) => pieceKey_(key, head.version, i));
  const pieces = cache.getAll(keys);
  const text = keys.map((k) => pieces[k] || '').join('');
  if (text.length !== head.length) return null;
  return { kind: 'data', version: head.version, at: head.at, data: JSON.parse(text) };
}

/**
 * @param {string} key
 * @param {string} version
 * @param {number} i
 * @return {string}
 */
function pieceKey_(key, version, i) {
  return key + ':' + (version.length > 80 ? sha256_(version) : version) + ':' + i;
}

/**
 * Return JSON in ASCII alone, so that characters are bytes and a piece has the size it seems to have.
 * @param {string} json
 * @return {string}
 */
function ascii_(json) {
  return json.replace(/[\u0080-\uffff]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

/**
 * @param {string} text
 * @return {string} 64 hexadecimal digits
 */
function sha256_(text) {
  return hex_(Utilities.computeDigest(Utilities.DigestAlgorithm.SHA_256, text, Utilities.Charset.UTF_8));
}

/**
 * @param {number[]} bytes signed, as Google gives them
 * @return {string}
 */
function hex_(bytes) {
  return bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join('');
}
