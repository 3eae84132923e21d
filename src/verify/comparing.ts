/**
 * How rows of both sides are held against each other, types only: the verification below decides what is compared when,
 * and these functions compare. Nobody is accused by them; a suspect is looked at again by whoever called.
 */
import type { PlanTable, Range } from "../model.js";
import type { Tuples } from "../stream-port.js";
import type { RangeProof, Suspect } from "../verify-port.js";
import type { Comparer } from "./comparer.js";

export type RangeFigures = Pick<RangeProof, "rowsSource" | "rowsTarget" | "bytes" | "digest" | "method">;

export interface KeysFigures {
  readonly suspects: readonly Suspect[];
  readonly rowsSource: number;
  readonly rowsTarget: number;
  /** Keys that neither side has; absent where nobody looked for them. */
  readonly absent?: readonly Buffer[];
}

export interface Comparing {
  /** Whether single rows of the table can be asked for. */
  hasKeys(table: PlanTable): boolean;
  /** Whether it is to be compared by the source's ranges; in one piece where not. Absent: all that have keys are. */
  readonly inRanges?: (table: PlanTable) => boolean;
  /** One range, the whole table where it is null. Suspects come at most 1,000 at a time. */
  range(
    comparer: Comparer,
    table: PlanTable,
    range: Range | null,
    onSuspects: (suspects: readonly Suspect[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<RangeFigures>;
  /** Rows that only the target has, where ranges could not show them, and how many; to be asked once after a table's ranges, when it has several. */
  extras(
    comparer: Comparer,
    table: PlanTable,
    onSuspects: (suspects: readonly Suspect[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number>;
  /** The rows with these keys. */
  keys(comparer: Comparer, table: PlanTable, keys: Tuples, signal: AbortSignal): Promise<KeysFigures>;
}
