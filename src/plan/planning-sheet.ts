/**
 * What plan.json holds for people beside the plan itself, types only: the list that a night is planned by. Everything
 * in it is made of catalogue and config, so that two of them can be compared.
 */
import type { Plan } from "../model.js";

/** A plan with its planning, as plan.json has it. */
export interface WholePlan extends Plan {
  readonly planning: Planning;
}

export interface PlanningTable {
  readonly table: string;
  readonly target: string;
  /** Tables of the plan that its foreign keys refer to. */
  readonly dependsOn: readonly string[];
  readonly rows: number;
  readonly bytes: number;
  readonly indexBytes: number;
  readonly ranges: number;
}

export interface PlannedLock {
  readonly step: string;
  readonly server: "source" | "target";
  readonly lock: string;
  readonly on: string;
  /** How long it is waited for. */
  readonly waitSeconds: number;
}

/** Made of catalogue and config alone, so that two plans can be compared; estimates are the catalogue's. */
export interface Planning {
  /** Parents before children. */
  readonly tables: readonly PlanningTable[];
  /** Tables that refer to each other in a ring. */
  readonly cycles: readonly (readonly string[])[];
  /** In the order in which they are created. */
  readonly views: readonly string[];
  /** Programs that nothing translates. */
  readonly byHand: readonly string[];
  readonly locks: readonly PlannedLock[];
  readonly tooling: readonly { readonly tool: string; readonly for: string }[];
  readonly thresholds: Readonly<Record<string, string | number | null>>;
  /** `source` null: the target alone is asked, and gives none or 0. */
  readonly queries: readonly {
    readonly proves: string;
    readonly source: string | null;
    readonly target: string;
  }[];
  readonly wayBack: readonly {
    readonly stage: string;
    readonly does: string;
    readonly source: readonly string[];
    readonly target: readonly string[];
  }[];
  readonly duration: {
    readonly copySeconds: { readonly fast: number; readonly slow: number };
    readonly assumed: readonly string[];
  };
  readonly disk: {
    readonly target: {
      readonly tableBytes: number;
      readonly indexBytes: number;
      readonly sortBytes: number;
      readonly walBytes: number;
    };
    readonly totalBytes: number;
    readonly assumed: readonly string[];
  };
}
