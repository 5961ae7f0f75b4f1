// Whether what stands in a range is what the database sent. Pure but for the digest.

/**
 * @typedef {{tab: string, columns: string[], rows: any[][], count: number,
 *   check: {keys_md5: string, sums: Record<string, number>}}} Snapshot
 */

/**
 * Return what a range has otherwise than the snapshot says, in words; '' for nothing.
 * @param {any[][]} held the range as it was read back, headings first
 * @param {Snapshot} snapshot
 * @return {string}
 */
function differs_(held, snapshot) {
  const { columns, check } = snapshot;
  if (JSON.stringify(held[0]) !== JSON.stringify(columns)) return 'its headings are others';
  const rows = held.slice(1);
  if (rows.length !== snapshot.count) return 'it has ' + rows.length + ' rows and should have ' + snapshot.count;
  const key = columns.indexOf('key');
  if (md5_(rows.map((row) => String(row[key])).join('\n')) !== check.keys_md5) return 'its keys are others';
  const wrong = Object.keys(check.sums).find((column) => sum_(rows, columns.indexOf(column)) !== Number(check.sums[column]));
  return wrong ? 'the column ' + wrong + ' adds up to another sum' : '';
}

/**
 * Return the sum of a column in ten-thousandths, each value rounded half away from zero as the database does it.
 * @param {any[][]} rows
 * @param {number} column
 * @return {number}
 */
function sum_(rows, column) {
  return rows.reduce((sum, row) => sum + tenThousandths_(row[column]), 0);
}

/**
 * Return a number in ten-thousandths. 1.00005 × 10000 is 10000.499999999998 in binary, hence the fifteen digits.
 * @param {any} value an empty cell counts as nothing; text in a column of figures is no number, and the sum fails
 * @return {number}
 */
function tenThousandths_(value) {
  if (value === '' || value === null) return 0;
  if (typeof value !== 'number') return NaN;
  return Math.sign(value) * Math.round(Number((Math.abs(value) * 10000).toPrecision(15)));
}

/**
 * @param {string} text
 * @return {string} 32 hexadecimal digits
 */
function md5_(text) {
  return hex_(Utilities.computeDigest(Utilities.DigestAlgorithm.MD5, text, Utilities.Charset.UTF_8));
}

/**
 * Return a digest of all cells of a range, to find out later whether somebody has changed one.
 * @param {any[][]} held
 * @return {string}
 */
function digest_(held) {
  return sha256_(JSON.stringify(held));
}
