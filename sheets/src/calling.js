/** The longest that a cell waits for an answer; Google ends it at 30 s with #ERROR!. */
const BUDGET_MS_ = 20000;

/** Between the first try and the second; the spread keeps many cells from asking again at one moment. */
const PAUSE_MS_ = { least: 400, spread: 1200 };

/**
 * Ask the database, once more when the first try was lost and there is time for a second one as long.
 * @param {string} name of the function
 * @param {Record<string, any>} args without the token; null and undefined are left out
 * @param {Connection} connection
 * @return {Answer}
 */
function call_(name, args, connection) {
  const began = Date.now();
  const first = callOnce_(name, args, connection);
  if (!worthAsking_(first)) return first;
  const pause = pause_(first);
  if (2 * (Date.now() - began) + pause > BUDGET_MS_) return first;
  Utilities.sleep(pause);
  return callOnce_(name, args, connection);
}

/**
 * Return for how many milliseconds to wait before the second try: as long as the database says, and a little more.
 * @param {Answer} answer
 * @return {number}
 */
function pause_(answer) {
  const told = answer.kind === 'said' && answer.wait ? answer.wait * 1000 : 0;
  return told + PAUSE_MS_.least + Math.floor(Math.random() * PAUSE_MS_.spread);
}

/**
 * Say whether asking again may bring another answer.
 * @param {Answer} answer
 * @return {boolean}
 */
function worthAsking_(answer) {
  return (answer.kind === 'lost' && answer.again) || (answer.kind === 'said' && answer.code === 'slow_down');
}

/**
 * One HTTP call. Never throws.
 * @param {string} name
 * @param {Record<string, any>} args
 * @param {Connection} connection
 * @return {Answer}
 */
function callOnce_(name, args, connection) {
  /** @type {Record<string, string>} */
  const headers = connection.apikey ? { apikey: connection.apikey } : {};
  try {
    const response = UrlFetchApp.fetch(connection.address + '/rest/v1/rpc/' + name, {
      method: 'post',
      contentType: 'application/json',
      headers,
      payload: JSON.stringify(withoutNothing_({ token: connection.token, ...args })),
      muteHttpExceptions: true,
      followRedirects: false,
    });
    return read_(response.getResponseCode(), response.getContentText(), name);
  } catch (error) {
    return unreachable_(error);
  }
}

/**
 * Google's own limit is named, everything else is a server that did not answer. The error's text is not shown: it may
 * carry the address.
 * @param {any} error
 * @return {Lost}
 */
function unreachable_(error) {
  const worn = /too many times|quota/i.test(reason_(error));
  return worn ? lost_("Google's daily limit of calls is reached", false) : lost_('the server cannot be reached', true);
}

/**
 * Return what an HTTP answer means.
 * @param {number} status
 * @param {string} text
 * @param {string} name
 * @return {Answer}
 */
function read_(status, text, name) {
  if (status === 401 || status === 403) return lost_('the server refuses the public key (menu Chalkola, Connect)', false);
  if (status === 404) return lost_('there is no function ' + name + ' at this address (chalkola migrate makes it)', false);
  if (status === 429) return { kind: 'said', code: 'slow_down', say: 'No data: too many calls at once; it comes by itself' };
  if (status === 408 || status >= 500) return lost_('the server is busy or down (' + status + ')', true);
  if (status !== 200) return lost_('the server answered ' + status, false);
  return envelope_(text);
}

/**
 * Open the envelope.
 * @param {string} text
 * @return {Answer}
 */
function envelope_(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    return lost_('something else answers at this address', false);
  }
  if (answer && answer.ok === true && typeof answer.version === 'string') {
    return { kind: 'data', version: answer.version, data: answer.data };
  }
  if (answer && answer.ok === false && answer.say) {
    return { kind: 'said', code: String(answer.code), say: String(answer.say), wait: Number(answer.retry_after) || 0 };
  }
  return lost_('something else answers at this address', false);
}

/**
 * @param {string} why
 * @param {boolean} again whether the same call may succeed a moment later
 * @return {Lost}
 */
function lost_(why, again) {
  return { kind: 'lost', why, again };
}

/**
 * Return the arguments that have a value.
 * @param {Record<string, any>} args
 * @return {Record<string, any>}
 */
function withoutNothing_(args) {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined && value !== ''));
}
