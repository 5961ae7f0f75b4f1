/**
 * @param {any} items
 * @param {any} field
 * @param {any} marketplace
 * @param {any} version
 * @return {any}
 */
function product_(items, field, marketplace, version) {
  const down = items_(items);
  const fields = across_(field, 'Fields', words_);
  if (fields.single && !fields.list[0]) refuse_('Which field? title, parent, sku, asin, price, status or category');
  const place = text_(marketplace, 'marketplace');
  if (down.single && fields.single && down.list[0] !== null && !down.all) {
    const found = oneFact_(down.list[0], String(fields.list[0]).toLowerCase(), place, version_(version));
    if (found) return found.value;
  }
  bounded_(down.list.length, fields.list.length);
  const asked = { items: down.list, fields: fields.list.filter(Boolean), marketplace: place };
  if (!asked.fields.length || down.list.every((item) => item === null)) return down.list.map((_, i) => fields.list.map(() => blankRow_(down, i)));
  const data = ask_('sheet_product', asked, version_(version)).data;
  const named = down.all ? data.items : down.list;
  const rows = rowsOf_(data, named.length, asked.fields.length);
  const grid = rows.map((row, i) => spread_(fields.list, (j) => (named[i] === null ? blankRow_(down, i) : row[j])));
  return down.all ? grid.map((row, i) => [named[i], ...row]) : grid;
}

/**
 * Return one field of one item from the column of all items of its marketplace, or null for one that another
 * marketplace has: what is known of it here only the database can say.
 * @param {string} item
 * @param {string} field
 * @param {string} marketplace
 * @param {string} version
 * @return {{value: Cell} | null}
 */
function oneFact_(item, field, marketplace, version) {
  const { index, values } = columnOfAll_('sheet_product', { items: ['*'], fields: [field], marketplace }, version);
  const row = place_(index, item);
  if (row >= 0) return { value: values[row] };
  const elsewhere = elsewhere_(item, version);
  return elsewhere === null ? null : { value: elsewhere };
}

/**
 * @param {any} source
 * @param {any} target
 * @param {any} date
 * @param {any} version
 * @return {number}
 */
function fx_(source, target, date, version) {
  const asked = { source: needed_(source, 'currency to convert from'), target: needed_(target, 'currency to convert to'), date: date_(date, 'date') };
  return ask_('sheet_fx', asked, version_(version)).data.rate;
}

/**
 * @param {any} marketplace
 * @param {any} version
 * @return {Cell[][]}
 */
function status_(marketplace, version) {
  const places = Array.isArray(marketplace) ? marketplace.flat() : [marketplace];
  return table_('sheet_status', { marketplaces: places.filter((/** @type {any} */ place) => !isBlank_(place)).map(words_) }, version);
}

/**
 * @param {any} marketplace
 * @param {any} rule
 * @param {any} version
 * @return {Cell[][]}
 */
function alerts_(marketplace, rule, version) {
  return table_('sheet_alerts', { marketplace: text_(marketplace, 'marketplace'), rule: text_(rule, 'rule') }, version);
}
