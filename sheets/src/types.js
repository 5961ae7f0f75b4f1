// The shapes that travel between the rooms of this script.

/**
 * Where the figures are, and with what they are asked for.
 * @typedef {{address: string, apikey: string, token: string}} Connection
 */

/**
 * What one call brought: data of a version; a sentence of the database (its code says which,
 * `wait` after how many seconds it would be another); or nothing, and why.
 * @typedef {{kind: 'data', version: string, data: any}} Data
 * @typedef {{kind: 'said', code: string, say: string, wait?: number}} Said
 * @typedef {{kind: 'lost', why: string, again: boolean}} Lost
 * @typedef {Data | Said | Lost} Answer
 */

/**
 * An answer that was kept, and when it was given; `stale` says why there is no newer one.
 * @typedef {{kind: 'data', version: string, data: any, at: number, stale?: string}} Kept
 */

/**
 * What a cell can show; null leaves it empty.
 * @typedef {string | number | boolean | Date | null} Cell
 */
