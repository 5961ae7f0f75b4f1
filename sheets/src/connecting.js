// What the sidebar calls. Google lets it call functions whose names do not end in an underscore.

/**
 * Return what the sidebar shows: never the token.
 * @return {{connected: boolean, address: string, apikey: string, currency: string, freshness: string, trigger: boolean}}
 */
function sidebarState() {
  const kept = PropertiesService.getScriptProperties().getProperties();
  const meta = SpreadsheetApp.getActive().getSheetByName(META_.tab);
  return {
    connected: Boolean(kept[CONNECTION_.address] && kept[CONNECTION_.token]),
    address: kept[CONNECTION_.address] || '',
    apikey: kept[CONNECTION_.apikey] || '',
    currency: kept[CONNECTION_.currency] || DEFAULT_CURRENCY_,
    freshness: meta ? String(meta.getRange(2, 2).getValue()) : 'No figures yet.',
    trigger: hasTrigger_(),
  };
}

/**
 * Try a connection, and only if the database answers keep it and start refreshing. An empty token keeps the one that
 * is there.
 * @param {{address: string, apikey: string, token: string, currency: string}} form
 * @return {{ok: boolean, say: string}}
 */
function sidebarConnect(form) {
  try {
    return { ok: true, say: connect_(form) };
  } catch (error) {
    return { ok: false, say: error instanceof Refusal_ ? error.message : 'That did not work: ' + reason_(error) };
  }
}

/**
 * @param {{address: string, apikey: string, token: string, currency: string}} form
 * @return {string}
 */
function connect_(form) {
  const before = PropertiesService.getScriptProperties().getProperty(CONNECTION_.token);
  const address = address_(form.address);
  const connection = { address, apikey: apikey_(form.apikey), token: form.token || !before ? token_(form.token) : before };
  if (/\.supabase\.co$/i.test(address) && !connection.apikey) refuse_('Supabase wants its public key as well: Project Settings, API Keys');
  const currency = String(form.currency || DEFAULT_CURRENCY_).trim().toUpperCase();
  const { data } = brought_('sheet_meta', { currency }, connection);
  keepConnection_(connection, currency);
  forgetSaid_();
  startTrigger_();
  return 'Connected: ' + data.tabs.length + ' tabs. ' + data.freshness;
}

/**
 * Refresh now, and say what came of it.
 * @return {string}
 */
function sidebarRefresh() {
  return refresh_(true);
}

/**
 * Return what can be inserted, with each argument explained.
 * @return {typeof FUNCTIONS_}
 */
function sidebarFunctions() {
  return FUNCTIONS_;
}

/**
 * Write a formula into the active cell.
 * @param {string} name
 * @param {string[]} args as they were typed, in order
 * @return {string} the formula, or why there is none
 */
function sidebarInsert(name, args) {
  return inWords_(() => {
    const book = SpreadsheetApp.getActive();
    const cell = book.getActiveCell();
    if (!cell) refuse_('Choose a cell first');
    const formula = formula_(name, args, separator_(book.getSpreadsheetLocale()));
    cell.setFormula(formula);
    return formula;
  });
}
