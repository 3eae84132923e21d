/**
 * A finding about the server, the account or the database's structure: no row's key belongs to it, and no line of
 * headgate.yaml settles it; what helps stands in `fix`, as the statement to run where there is one.
 */
import type { Finding, Severity } from "../../src/model.js";

export function finding(
  code: string,
  severity: Severity,
  object: string,
  sentence: string,
  fix: string,
  count = 1,
): Finding {
  return { code, severity, object, sentence, fix, count, sampleKeys: [] };
}
