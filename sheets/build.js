// Makes Code.gs, the one file to paste, from src/. `--check` compares instead of writing.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const src = new URL('src/', import.meta.url);
const target = new URL('Code.gs', import.meta.url);
const read = (name) => readFileSync(new URL(name, src), 'utf8').trim();

const HEAD = `// Chalkola for Google Sheets: your Amazon figures, in formulas and tabs that never time out.
// Made from sheets/src; change it there. How to set it up: docs/sheets.md.
/** @OnlyCurrentDoc */`;

/** What people call comes first, so that whoever opens the script sees it first. */
const FIRST = ['functions_figures.js', 'functions_grids.js', 'functions_facts.js', 'functions_later.js', 'menu.js', 'refreshing.js'];

export function built() {
  const all = readdirSync(src).filter((name) => name.endsWith('.js')).sort();
  const names = [...FIRST, ...all.filter((name) => !FIRST.includes(name))];
  const files = names.map((name) => `// ── ${name} ──\n\n${read(name)}`);
  const page = read('sidebar.html').split('\n').map((line) => line.trim()).join('\n');
  return [HEAD, ...files, `// ── sidebar.html ──\n\nconst SIDEBAR_ = ${JSON.stringify(page)};`].join('\n\n') + '\n';
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const isFresh = () => { try { return readFileSync(target, 'utf8') === built(); } catch { return false; } };
  if (!process.argv.includes('--check')) writeFileSync(target, built());
  else if (!isFresh()) {
    console.error('sheets/Code.gs is not what sheets/src makes: run npm run build in sheets/.');
    process.exitCode = 1;
  }
}
