/** A report for tests, with what each of them changes. */
import type { ReportBody } from "./report-body.js";
import { reportProof } from "./report-proof.js";

export function exampleReport(over: Partial<ReportBody> = {}): ReportBody {
  return {
    migration: "20261122_shop",
    headgate: "0.1.0",
    writtenAt: "2026-11-22T01:00:00.000Z",
    state: "copied",
    since: "2026-11-22T00:00:00Z",
    environment: "production",
    skippedSafeguards: [],
    overrides: [],
    fingerprint: "abc",
    phases: [],
    tables: [],
    lanes: [],
    policies: [],
    inventory: { objects: [], accounts: null },
    proof: reportProof({ tables: [], leftOut: null, view: null, keyText: () => [] }),
    ...over,
  };
}
