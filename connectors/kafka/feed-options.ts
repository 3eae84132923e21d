/**
 * What a Kafka feed is made of, types only: which topics stand for what, who reads them, and whom it asks about the
 * source. Whoever puts an engine together hands it these.
 */
import type { Plan, SourceEngine } from "../../src/model.js";
import type { ExecutedLog, LogWitness, PositionBook, RereadSource } from "../../src/stream-port.js";
import type { RecordReader } from "./record.js";
import type { TopicClient } from "./topic.js";
import type { WrittenForm } from "./written-form.js";

/** One topic with rows, and the plan's tables whose rows are in it. */
export interface RowTopic {
  readonly topic: string;
  /** Source names. */
  readonly tables: readonly string[];
  /** The lanes whose marker tables are routed to it. */
  readonly markers: readonly string[];
}

export interface FeedTopics {
  readonly rows: readonly RowTopic[];
  /** `PREFIX.transaction`: the counts in it are the only trace of what the connector drops. */
  readonly transactions: string;
  /** `PREFIX`: statements that change tables; null where the connector writes none. */
  readonly schemaChanges: string | null;
}

/** What is worth counting, for status and report. */
export type FeedCount =
  | { readonly kind: "repeated"; readonly records: number }
  | { readonly kind: "snapshot"; readonly records: number }
  | { readonly kind: "reread"; readonly table: string; readonly rows: number }
  | { readonly kind: "asked"; readonly transactions: string };

export interface KafkaFeedOptions {
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly topics: FeedTopics;
  readonly client: TopicClient;
  readonly records: RecordReader;
  /** By which `records` reads values that do not tell themselves. */
  readonly form: WrittenForm;
  readonly book: PositionBook;
  readonly executed: ExecutedLog;
  readonly witness: LogWitness;
  /** Who answers `RecordImages.again`; null where the plan has no column for it. */
  readonly reread: RereadSource | null;
  /** The server compares names without their case (lower_case_table_names other than 0). */
  readonly lowerCaseNames?: boolean;
  readonly now: () => number;
  /** Resolves when what has come through sockets meanwhile was looked at; at once where nothing is said. */
  readonly turn?: () => Promise<void>;
  readonly onCount?: (count: FeedCount) => void;
  /** Milliseconds without a record that must come, after which nobody believes in it any more. */
  readonly patienceMs?: number;
}
