/**
 * A lane's writer that takes a turn of the governor for each of its transactions, and counts what went into which table once
 * it is committed. A pause therefore holds the next transaction and waits for the open one, whatever the stream does meanwhile.
 */
import type { LaneTransaction, LaneWriter, StatementGroup } from "../stream-port.js";
import type { Pacer } from "./turns.js";

export interface PacedWriterOptions {
  readonly pacer: Pacer;
  /** The reading's: a turn that is waited for ends with it, or nobody could read the log anew. */
  readonly signal: AbortSignal;
  /** Rows that one transaction wrote into one table, by source name, and what foreign keys' actions did; told after its commit. */
  readonly onWritten: (rows: WrittenRows) => void;
}

export interface WrittenRows {
  readonly table: string;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
  /** How often the table was emptied: of how many rows nobody knows. */
  readonly truncates: number;
}

export function pacedWriter(writer: LaneWriter, options: PacedWriterOptions): LaneWriter {
  const { pacer, signal, onWritten } = options;
  return {
    lane: writer.lane,
    checkpoint: () => writer.checkpoint(),
    begin: async (seq) => {
      await pacer.pace(signal);
      try {
        return counted(await writer.begin(seq), pacer, onWritten);
      } catch (error) {
        pacer.rest("idle");
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      pacer[Symbol.dispose]();
      await writer[Symbol.asyncDispose]();
    },
  };
}

function counted(
  transaction: LaneTransaction,
  pacer: Pacer,
  onWritten: PacedWriterOptions["onWritten"],
): LaneTransaction {
  const written: WrittenRows[] = [];
  return {
    write: async (group) => {
      await transaction.write(group);
      written.push(...rowsOf(group));
    },
    commit: async (position, policies) => {
      await transaction.commit(position, policies);
      pacer.rest();
      for (const rows of [...written, ...followedRows(transaction)]) onWritten(rows);
    },
    abort: async () => {
      await transaction.abort();
      pacer.rest();
    },
  };
}

const nothing = { inserts: 0, updates: 0, deletes: 0, truncates: 0 };

function followedRows({ followed = [] }: LaneTransaction): readonly WrittenRows[] {
  return followed.map(({ table, operation, rows }) => ({
    ...{ table: table.source, ...nothing },
    ...(operation === "delete" ? { deletes: rows } : { updates: rows }),
  }));
}

/** What a cascade writes is known once it is written. */
function rowsOf(group: StatementGroup): readonly WrittenRows[] {
  if (group.kind === "truncate") return [{ table: group.table.source, ...nothing, truncates: 1 }];
  if (group.kind === "cascade") return [];
  return group.changes.map(({ table, inserts, updates, deletes }) => ({
    table: table.source,
    inserts: inserts.rows,
    updates: updates.rows,
    deletes: deletes.rows,
    truncates: 0,
  }));
}
