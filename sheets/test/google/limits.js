// Google's limits, enforced by the stand-in. Source: developers.google.com/apps-script/guides/services/quotas and the
// reference pages of the services; those marked * are reported by users and stand on no page of Google's.
export const LIMITS = {
  customFunctionMs: 30_000,
  simpleTriggerMs: 30_000,
  runMs: 360_000,
  fetchMs: 60_000, // *
  fetchesADay: 20_000,
  urlChars: 2_048,
  bodyBytes: 50 * 1024 * 1024,
  headers: 100,
  headerBytes: 8 * 1024,
  cacheValueBytes: 100 * 1024,
  cacheKeyChars: 250,
  cacheSeconds: 21_600,
  cacheItems: 1_000,
  cacheItemsKept: 900,
  propertyBytes: 9 * 1024,
  propertyStoreBytes: 500 * 1024,
  triggers: 20,
  sleepMs: 300_000,
  cells: 10_000_000,
  cellChars: 50_000,
  sheetNameChars: 100, // *
};
