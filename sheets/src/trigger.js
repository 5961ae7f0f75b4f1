/** The one time trigger of the person who connected; another person's runs share the work by the document's lock. */
const TRIGGER_ = { handler: 'refreshSnapshots', minutes: 10 };

/** Start the time trigger unless it is there. */
function startTrigger_() {
  if (!hasTrigger_()) ScriptApp.newTrigger(TRIGGER_.handler).timeBased().everyMinutes(TRIGGER_.minutes).create();
}

/** @return {boolean} */
function hasTrigger_() {
  return ScriptApp.getProjectTriggers().some((trigger) => trigger.getHandlerFunction() === TRIGGER_.handler);
}
