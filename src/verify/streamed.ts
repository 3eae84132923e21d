/** Both sides' bytes compared here, as the verification asks for it. */
import { compareKeys, compareRange, extrasOf, wayOf } from "./compare.js";
import type { Comparing } from "./comparing.js";

export const streamed: Comparing = {
  hasKeys: (table) => wayOf(table) !== "multiset",
  range: compareRange,
  keys: compareKeys,
  // In key order both ends of each range are read on both sides.
  extras: async (comparer, table, onSuspects, signal) =>
    wayOf(table) === "keys" ? await extrasOf(comparer, table, onSuspects, signal) : 0,
};
