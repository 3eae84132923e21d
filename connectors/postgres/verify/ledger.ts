/** The claimed ledger's part of verification (src/verify-port.ts): its nouns put together. */
import pLimit from "p-limit";
import type { VerifyLedger } from "../../../src/verify-port.js";
import { countMismatches, readMismatches, settle, suspect } from "./mismatches.js";
import { prune, readProofs, setClean, unprove } from "./proofs.js";
import { begin, end, ended, prove, readRanges, setRanges } from "./runs.js";
import type { TouchedKeys } from "./touched.js";
import type { Writing } from "./writing.js";

export function verifyLedger(ledger: Writing, touched: TouchedKeys): VerifyLedger {
  const turn = pLimit(1);
  return {
    begin: (scope) => begin(ledger, scope),
    setRanges: (run, table, ranges) => setRanges(ledger, run, table, ranges),
    ranges: (run) => readRanges(ledger, run),
    prove: (run, proof, suspects) => prove(ledger, run, proof, suspects),
    suspect: (run, suspects) => suspect(ledger, run, suspects),
    mismatches: (table, states, after, limit) => readMismatches(ledger, table, states, after, limit),
    mismatchCounts: () => countMismatches(ledger),
    settle: (run, table, found) => settle(ledger, run, table, found),
    setClean: (table, seq, position, figures) => setClean(ledger, table, seq, position, figures),
    unprove: (tables) =>
      ledger.write("forgetting what was proven", (session) => unprove(session, ledger.migration, tables)),
    tables: () => readProofs(ledger),
    touched: (table, after, upTo, onBatch, signal) =>
      turn(() => touched.read(table, after, upTo, onBatch, signal)),
    dirty: () => turn(() => touched.dirty()),
    prune: (lane) => prune(ledger, lane),
    end: (run, facts) => end(ledger, run, facts),
    ended: (limit) => ended(ledger, limit),
  };
}
