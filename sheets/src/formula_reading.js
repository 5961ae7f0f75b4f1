// Reads a formula that is one call of a function, as they stand in a column of single cells. Pure.

/**
 * @typedef {{kind: 'nothing' | 'text' | 'number' | 'cell' | 'other', raw: string, text: string}} Term
 * @typedef {{name: string, args: Term[], separator: string}} Call
 */

/**
 * Return the one call that a formula is, or null for anything else. IFERROR around it is taken off: our functions
 * answer in words where there is nothing.
 * @param {string} formula
 * @return {Call | null}
 */
function readCall_(formula) {
  const call = callOf_(String(formula).replace(/^\s*=\s*/, ''));
  if (!call || call.name !== 'IFERROR') return call;
  const inner = call.args[0] ? callOf_(call.args[0].raw) : null;
  return inner && { ...inner, separator: inner.args.length > 1 ? inner.separator : call.separator };
}

/**
 * @param {string} text without its =
 * @return {Call | null}
 */
function callOf_(text) {
  const head = /^\s*([A-Za-z_][\w.]*)\s*\(/.exec(text);
  if (!head) return null;
  const inside = insideOf_(text, head[0].length);
  if (!inside || text.slice(inside.end + 1).trim()) return null;
  const raws = inside.pieces.length === 1 && !inside.pieces[0].trim() ? [] : inside.pieces;
  return { name: head[1].toUpperCase(), args: raws.map(term_), separator: inside.separator };
}

/**
 * Part what is between parentheses at its outermost separators; null when they do not close.
 * @param {string} text
 * @param {number} start behind the opening parenthesis
 * @return {{pieces: string[], end: number, separator: string} | null}
 */
function insideOf_(text, start) {
  const pieces = [];
  let [depth, begin, separator] = [0, start, ','];
  for (let i = start; i < text.length; i++) {
    const c = text[i];
    if (c === '"' || c === "'") i = closing_(text, i);
    else if (c === '(' || c === '{') depth++;
    else if (c === ')' && depth === 0) return { pieces: [...pieces, text.slice(begin, i)], end: i, separator };
    else if (c === ')' || c === '}') depth--;
    else if ((c === ',' || c === ';') && depth === 0) {
      pieces.push(text.slice(begin, i));
      [begin, separator] = [i + 1, c];
    }
  }
  return null;
}

/**
 * @param {string} text
 * @param {number} i where a quotation mark stands
 * @return {number} where the one that closes it stands; a doubled one closes and opens again
 */
function closing_(text, i) {
  const end = text.indexOf(text[i], i + 1);
  return end < 0 ? text.length : end;
}

/**
 * @param {string} raw
 * @return {Term}
 */
function term_(raw) {
  const text = raw.trim();
  if (!text) return { kind: 'nothing', raw: '', text: '' };
  if (/^"([^"]|"")*"$/.test(text)) return { kind: 'text', raw: text, text: text.slice(1, -1).replace(/""/g, '"') };
  if (/^-?\d+([.,]\d+)?$/.test(text) || /^(TRUE|FALSE)$/i.test(text)) return { kind: 'number', raw: text, text };
  return { kind: cellOf_(text) ? 'cell' : 'other', raw: text, text };
}

/**
 * Part the address of a single cell; null for anything else. `$A$2` has an unmoving row, `$A2` a moving one.
 * @param {string} text
 * @return {{tab: string, column: string, row: number, fixed: boolean} | null}
 */
function cellOf_(text) {
  const parts = /^((?:'(?:[^']|'')+'|[A-Za-z_][\w.]*)!)?(\$?[A-Za-z]{1,3})(\$?)([1-9]\d{0,6})$/.exec(text);
  return parts && { tab: parts[1] || '', column: parts[2].toUpperCase(), row: Number(parts[4]), fixed: parts[3] === '$' };
}
