// Plans how a column of single-cell formulas becomes a few formulas over ranges. Pure.

/**
 * `rows` formulas from row `row` on become one.
 * @typedef {{row: number, rows: number, formula: string, was: string, note?: string}} Block
 * @typedef {{row: number, formula: string, why: string}} Left
 */

/**
 * Plan a column. Rows belong together when the same call stands in each and only the item moves down with the row.
 * @param {{row: number, formula: string}[]} cells those with a formula, from above
 * @param {(name: string) => string} [lacks] why a function of ours cannot answer yet, or ''
 * @return {{blocks: Block[], left: Left[]}}
 */
function plan_(cells, lacks) {
  /** @type {{blocks: Block[], left: Left[]}} */
  const plan = { blocks: [], left: [] };
  /** @type {Line[]} */
  let run = [];
  for (const cell of cells.filter((c) => /\b(AMZ|GORILLA)_/i.test(c.formula))) {
    const line = line_(cell, lacks || (() => ''));
    if (typeof line === 'string') plan.left.push({ ...cell, why: line });
    else if (run.length && follows_(run[run.length - 1], line)) run.push(line);
    else {
      closeRun_(plan, run);
      run = [line];
    }
  }
  closeRun_(plan, run);
  plan.left.sort((a, b) => a.row - b.row);
  return plan;
}

/**
 * @typedef {{row: number, formula: string, ours: Written, at: NonNullable<ReturnType<typeof cellOf_>>, separator: string, same: string}} Line
 */

/**
 * Read one cell, or say why it stays.
 * @param {{row: number, formula: string}} cell
 * @param {(name: string) => string} lacks
 * @return {Line | string}
 */
function line_(cell, lacks) {
  const call = readCall_(cell.formula);
  if (!call) return 'it is more than one call of a function';
  const ours = written_(call);
  if (typeof ours === 'string') return ours;
  const at = ours.item.kind === 'cell' ? cellOf_(ours.item.raw) : null;
  if (!at || at.fixed) return 'its item is not a cell that moves down with the row';
  const lack = lacks(ours.name);
  if (lack) return lack;
  const same = JSON.stringify([ours.name, at.tab, at.column, ours.rest.map((term) => term.raw.toUpperCase())]);
  return { ...cell, ours, at, separator: call.separator, same };
}

/**
 * @param {Line} above
 * @param {Line} below
 * @return {boolean}
 */
function follows_(above, below) {
  return below.row === above.row + 1 && below.same === above.same && below.at.row === above.at.row + 1;
}

/**
 * Make one formula of rows that belong together; a row that stands alone gains nothing and stays.
 * @param {{blocks: Block[], left: Left[]}} plan
 * @param {Line[]} run
 */
function closeRun_(plan, run) {
  if (!run.length) return;
  const [first, last] = [run[0], run[run.length - 1]];
  if (run.length === 1) {
    plan.left.push({ row: first.row, formula: first.formula, why: 'the rows around it ask for something else' });
    return;
  }
  const items = first.at.tab + first.at.column + first.at.row + ':' + first.at.column + last.at.row;
  const args = [items, ...first.ours.rest.map((term) => term.raw)];
  while (!args[args.length - 1]) args.pop();
  const formula = '=' + first.ours.name + '(' + args.join(first.separator + ' ') + ')';
  plan.blocks.push({ row: first.row, rows: run.length, formula, was: first.formula, note: first.ours.note });
}
