/**
 * What servers are asked about themselves beside their catalogues, types only: each fact with the time and the statement
 * that it is from, or `unknown` with the reason. For the planning sheet and for whoever has to judge a migration.
 */
import type { SourceEngine } from "./model.js";

/** What a server said, when, and to which statement. `note` says why it is unknown, or how far it can be trusted. */
export interface Fact<T> {
  readonly value: T | "unknown";
  /** ISO time by our own clock. */
  readonly takenAt: string;
  readonly query: string;
  readonly note?: string;
}

/** What a source can be asked about itself beside its catalogue. */
export interface SourceMeasures {
  readonly version: Fact<{ readonly engine: SourceEngine; readonly version: string }>;
  readonly sizes: Fact<{
    readonly database: string;
    readonly tables: number;
    readonly dataBytes: number;
    readonly indexBytes: number;
  }>;
  /** Estimates of the optimizer. */
  readonly rows: Fact<readonly { readonly table: string; readonly rows: number }[]>;
  readonly withoutKey: Fact<readonly string[]>;
  readonly dependencies: Fact<Readonly<Record<DependencyKind, readonly string[]>>>;
  readonly replication: Fact<{ readonly replica: boolean; readonly lagSeconds: number | "unknown" | null }>;
  readonly free: Fact<{
    readonly bytes: number;
    readonly tables: readonly { readonly table: string; readonly bytes: number }[];
  }>;
  readonly backupAge: Fact<number>;
  readonly traffic: Fact<{ readonly statementsPerSecond: number; readonly uptimeSeconds: number }>;
}

export type DependencyKind = "foreignKeys" | "views" | "triggers" | "procedures" | "functions" | "events";

/** The same of a target. */
export interface TargetMeasures {
  readonly version: Fact<{ readonly engine: "postgres"; readonly version: string }>;
  readonly sizes: Fact<{ readonly database: string; readonly bytes: number }>;
  readonly dead: Fact<{ readonly liveRows: number; readonly deadRows: number }>;
  readonly standbys: Fact<{ readonly standbys: number; readonly lagSeconds: number | "unknown" | null }>;
  /** Free space of its disks. */
  readonly free: Fact<number>;
}
