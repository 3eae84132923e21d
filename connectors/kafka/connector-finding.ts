/** A finding about somebody's own connector. */
import type { Finding, Severity } from "../../src/model.js";

/** What is in the topics already stays as it was written. */
export const anew =
  "and begin with new topics (another topic.prefix): what is in the old ones stays as it is.";

export function connectorFinding(
  code: string,
  severity: Severity,
  object: string,
  sentence: string,
  fix: string,
): Finding {
  return { code, severity, object, sentence, fix, count: 1, sampleKeys: [] };
}
