/**
 * A change that the side which it goes to will not hold, found by writing the changes of a failed batch one by one. It is all that a
 * person needs to judge it, row values included, so whoever keeps it writes a file that only its owner reads.
 */
import type { FaultCode } from "../errors.js";
import type { ChangeOperation } from "../stream-port.js";

export interface PoisonEvent {
  /** Equal whenever the log is read again: transaction and place in it, e.g. `binlog.000003:4711#2`. */
  readonly id: string;
  readonly lane: string;
  /** Source name. */
  readonly table: string;
  readonly transaction: string;
  /** Place among the transaction's row changes of the plan's tables, from 1. */
  readonly ordinal: number;
  readonly operation: ChangeOperation | "truncate";
  readonly reason: FaultCode;
  /** What was said when it was refused. */
  readonly sentence: string;
  /** Key columns as a tuple of PostgreSQL's binary form, lower-case hex; null where there is none, or it cannot be read. */
  readonly key: string | null;
  /** The same of the row as the change leaves it, where that is another key. */
  readonly newKey: string | null;
  /** Images as the feed delivered them, lower-case hex. */
  readonly before: string | null;
  readonly after: string | null;
}
