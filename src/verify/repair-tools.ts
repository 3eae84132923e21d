/** What a repair works with, what it is asked for, and what it says of a table: types only. */
import type { PlanTable } from "../model.js";
import type { Source } from "../port.js";
import type { RowMender } from "../mend-port.js";
import type { VerifyTools } from "./tools.js";

export interface RepairTools extends VerifyTools {
  readonly mender: (lane: string) => Promise<RowMender>;
  /** Where markers are committed, of a lane that nobody follows. */
  readonly primary: Pick<Source, "mark" | "position">;
}

export interface RepairRequest {
  /** Source names; null for all. */
  readonly tables: readonly string[] | null;
  readonly dryRun: boolean;
  readonly showValues: boolean;
}

export interface TableRepair {
  readonly table: PlanTable;
  /** Rows that were on record as different when this began. */
  readonly named: number;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that were right already. */
  readonly equal: number;
  /** Rows that events touched at each reading: what they hold now is the events' doing, and is looked at with the rest. */
  readonly touched: number;
  /** Why rows were left, each a sentence. */
  readonly left: readonly string[];
  /** Of a dry run, the first of them. */
  readonly statements: readonly string[];
  /** How many more they would be. */
  readonly unshown: number;
  /** On record after the last look; null of a dry run. */
  readonly differences: bigint | null;
  readonly pending: bigint | null;
}
