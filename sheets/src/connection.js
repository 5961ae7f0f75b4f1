/** The names under which the connection stands in the script's properties. Every editor of the spreadsheet can read
 * them there, so the token opens reading functions only. */
const CONNECTION_ = { address: 'address', apikey: 'apikey', token: 'token', currency: 'currency' };

/** The currency of the tab `_ALL` until another one is chosen. */
const DEFAULT_CURRENCY_ = 'USD';

/**
 * Return the connection, or refuse with what to do when there is none. Google allows 50,000 looks into the properties a
 * day, which a thousand single cells would use up, so a copy stands in the cache.
 * @return {Connection}
 */
function connection_() {
  const cache = CacheService.getScriptCache();
  const copy = cache.get('connection');
  if (copy) return JSON.parse(copy);
  const connection = keptConnection_();
  cache.put('connection', JSON.stringify(connection), 600);
  return connection;
}

/** @return {Connection} as it stands in the properties */
function keptConnection_() {
  const kept = PropertiesService.getScriptProperties().getProperties();
  const address = kept[CONNECTION_.address];
  const token = kept[CONNECTION_.token];
  if (!address || !token) refuse_('Not connected: menu Chalkola, Connect');
  return { address, token, apikey: kept[CONNECTION_.apikey] || '' };
}

/**
 * Write down the connection and the currency of `_ALL`.
 * @param {Connection} connection
 * @param {string} currency
 */
function keepConnection_(connection, currency) {
  PropertiesService.getScriptProperties().setProperties({
    [CONNECTION_.address]: connection.address,
    [CONNECTION_.apikey]: connection.apikey,
    [CONNECTION_.token]: connection.token,
    [CONNECTION_.currency]: currency,
  });
  CacheService.getScriptCache().remove('connection');
}

/** @return {string} the currency of the tab `_ALL` */
function currency_() {
  return PropertiesService.getScriptProperties().getProperty(CONNECTION_.currency) || DEFAULT_CURRENCY_;
}

/**
 * Return the address as it is called, from what a person pasted. Refuses what is no address, and http:// beyond this
 * machine: the token would travel readable.
 * @param {any} pasted
 * @return {string}
 */
function address_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim().replace(/\/+$/, '').replace(/\/rest\/v1(\/rpc)?$/, '');
  const parts = /^(https?):\/\/([^/:?#@\s]+)(:\d+)?(\/[^?#\s]*)?$/i.exec(text);
  if (!parts) {
    return refuse_('The address is not one: it looks like https://abcdefgh.supabase.co or https://figures.example.com');
  }
  const here = /^(localhost|127(\.\d{1,3}){3})$/i.test(parts[2]);
  if (parts[1].toLowerCase() === 'http' && !here) refuse_('The address must begin with https://, or the token could be read on its way');
  return text;
}

/**
 * Return the token as it is sent. Refuses what cannot be one, and names the mistake that is made most: a database key.
 * @param {any} pasted
 * @return {string}
 */
function token_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim();
  if (!text) refuse_('The token is missing: make one with chalkola sheets token create');
  if (/^(eyJ|sb_)/.test(text)) refuse_('That is a key of Supabase, not a token: make a token with chalkola sheets token create');
  if (!/^cs_[A-Za-z0-9]+_[A-Za-z0-9]+$/.test(text)) refuse_('That is no token: one begins with cs_ and is shown once by chalkola sheets token create');
  return text;
}

/**
 * Return Supabase's public key as it is sent, or '' where there is none. Refuses keys that may write.
 * @param {any} pasted
 * @return {string}
 */
function apikey_(pasted) {
  const text = String(pasted == null ? '' : pasted).trim();
  if (/^sb_secret_/.test(text) || roleOf_(text) === 'service_role') {
    refuse_('That is a secret key, which opens the whole database; take the public one (anon or publishable)');
  }
  return text;
}

/**
 * Return the role that a key of Supabase's older form (a JWT) carries, or '' for any other text.
 * @param {string} key
 * @return {string}
 */
function roleOf_(key) {
  const middle = key.split('.')[1];
  if (!middle) return '';
  try {
    return JSON.parse(Utilities.newBlob(Utilities.base64DecodeWebSafe(middle)).getDataAsString()).role || '';
  } catch (error) {
    return '';
  }
}
