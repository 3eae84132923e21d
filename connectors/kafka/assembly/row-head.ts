/** The first row of a topic, types only: what it says, of which table, and where in the source's log it stands. */
import type { LogPlace } from "../../../src/stream-port.js";
import type { DebeziumRecord } from "../record.js";
import type { TopicRecord } from "../topic.js";
import type { RowTarget } from "./targets.js";

/** A row at hand. */
export interface RowHead {
  readonly event: DebeziumRecord;
  readonly record: TopicRecord;
  readonly value: Buffer;
  readonly target: RowTarget;
  readonly at: LogPlace;
}
