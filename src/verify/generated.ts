/**
 * Generated columns after the copy: the plan's translation is computed for every row of the target and held against
 * the value that came from the source. It proves, or disproves, what would keep the column right after the switch; the
 * copied values are right either way.
 */
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import type { Target } from "../port.js";
import { postgresName } from "../safety/identifier.js";
import { throwIfStopped } from "../stop.js";

export interface GeneratedVerdict {
  /** `table.column` in the source's names. */
  readonly column: string;
  readonly result: "equal" | "different" | "not-compared";
  /** Rows for which the translation gives another value, or none; null where nobody could count. */
  readonly rows: string | null;
  readonly note: string;
}

export async function verifyGenerated(options: {
  readonly target: Target;
  readonly plan: Plan;
  readonly signal: AbortSignal;
}): Promise<readonly GeneratedVerdict[]> {
  const { target, plan, signal } = options;
  const verdicts: GeneratedVerdict[] = [];
  for (const { object, table, column, sql } of plan.generated ?? []) {
    throwIfStopped(signal);
    const differ = `(count(*) FILTER (WHERE ${postgresName(column)} IS DISTINCT FROM ${sql}))::text`;
    let rows = "";
    try {
      await target.texts(plan.schema, table, [differ], ([cell]) => (rows = cell ?? ""), signal);
      verdicts.push({ column: object, result: rows === "0" ? "equal" : "different", rows, note: "" });
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault) || error.code !== "target-refused") throw error;
      verdicts.push({ column: object, result: "not-compared", rows: null, note: error.message });
    }
  }
  return verdicts;
}
