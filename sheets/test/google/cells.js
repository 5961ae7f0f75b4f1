// What Google makes of what is written into a cell, and what is read from one.
import { LIMITS } from './limits.js';

const DAY_MS = 86_400_000;
const isDate = (value) => Object.prototype.toString.call(value) === '[object Date]';
const isDayFormat = (format) => /y/.test(format);

/** Return the cell after `value` was set into it: text that looks like a number, a date or a formula becomes one. */
export function entered(cell, value, zone) {
  const kept = { ...cell, formula: '' };
  if (value === null || value === undefined || value === '') return { ...kept, value: '' };
  if (isDate(value)) return { ...kept, value: serial(value, zone), format: isDayFormat(cell.format) ? cell.format : 'yyyy-mm-dd' };
  if (typeof value === 'boolean') return { ...kept, value };
  if (typeof value === 'number' && Number.isFinite(value)) return { ...kept, value };
  if (typeof value !== 'string') throw new Error(`A cell cannot hold ${Object.prototype.toString.call(value)}`);
  if (value.length > LIMITS.cellChars) throw new Error(`Your input contains more than the maximum of ${LIMITS.cellChars} characters in a single cell.`);
  // Google's page says of setValues that a text which begins with = is a formula; whether plain text format prevents it
  // is written nowhere, so here it does not.
  if (/^[=+]./.test(value)) return { ...kept, value: '', formula: value.replace(/^\+/, '=') };
  if (cell.format === '@') return { ...kept, value };
  return { ...kept, ...typed(value, cell.format) };
}

function typed(text, format) {
  if (text.startsWith("'")) return { value: text.slice(1) };
  if (/^\s*-?[\d,]*\.?\d+(e[+-]?\d+)?\s*$/i.test(text)) return { value: Number(text.replace(/,/g, '')) };
  if (/^\s*-?\d+(\.\d+)?%\s*$/.test(text)) return { value: parseFloat(text) / 100, format: '0.00%' };
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  const day = /^(\d{4})-(\d{1,2})(?:-(\d{1,2}))?$/.exec(text) || (/^(\d{1,2})[-/](\d{1,2})$/.exec(text) && ['', 2026, ...text.split(/[-/]/)]);
  if (day && day[2] >= 1 && day[2] <= 12) {
    return { value: Date.UTC(day[1], day[2] - 1, day[3] || 1) / DAY_MS + 25_569, format: isDayFormat(format) ? format : 'yyyy-mm-dd' };
  }
  return { value: text };
}

/** Return what getValue gives: a number under a date format is a Date, midnight in the spreadsheet's time zone. */
export function valueOf(cell, zone) {
  return typeof cell.value === 'number' && isDayFormat(cell.format) ? midnight(cell.value, zone) : cell.value;
}

/** How far a zone's clocks are ahead of UTC at an instant, in milliseconds. */
export function ahead(at, zone) {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' }).formatToParts(at);
  const p = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1000) * 1000;
}

function midnight(serialNumber, zone) {
  const asUtc = (serialNumber - 25_569) * DAY_MS;
  return new Date(asUtc - ahead(asUtc - ahead(asUtc, zone), zone));
}

function serial(date, zone) {
  return (date.getTime() + ahead(date.getTime(), zone)) / DAY_MS + 25_569;
}
