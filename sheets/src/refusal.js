/** What went against us, in words for a cell: what, why, and what to do next. */
class Refusal_ extends Error {}

/**
 * Stop with a sentence for the cell.
 * @param {string} sentence
 * @return {never}
 */
function refuse_(sentence) {
  throw new Refusal_(sentence);
}

/**
 * Return what `work` returns, or the sentence that says why there is nothing. A cell never shows #ERROR!, nor a 0 that
 * nobody counted.
 * @param {() => any} work
 * @return {any}
 */
function inWords_(work) {
  try {
    return work();
  } catch (error) {
    return error instanceof Refusal_ ? error.message : 'No data: the script stopped (' + reason_(error) + ')';
  }
}

/**
 * Return the first line of what was thrown, short enough for a cell.
 * @param {any} error
 * @return {string}
 */
function reason_(error) {
  const text = String((error && error.message) || error).split('\n')[0];
  return text.length > 200 ? text.slice(0, 200) + '…' : text;
}
