/**
 * A lane's writer that takes a turn of the governor for each of its transactions, and counts what went into which table once
 * it is committed. A pause therefore holds the next transaction and waits for the open one, whatever the stream does meanwhile.
 */
import type { LaneTransaction, LaneWriter, StatementGroup } from "../stream-port.js";
import type { Pacer } from "./turns.js";

export interface PacedWriterOptions {
  readonly pacer: Pacer;
  readonly signal: AbortSignal;
  /** Rows that one transaction wrote into one table, by source name; told after its commit. */
  readonly onWritten: (rows: WrittenRows) => void;
}

export interface WrittenRows {
  readonly table: string;
  readonly inserts: number;
  readonly updates: number;
  readonly deletes: number;
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
    commit: async (position) => {
      await transaction.commit(position);
      pacer.rest();
      for (const rows of written) onWritten(rows);
    },
    abort: async () => {
      await transaction.abort();
      pacer.rest();
    },
  };
}

function rowsOf(group: StatementGroup): readonly WrittenRows[] {
  if (group.kind !== "rows") return [];
  return group.changes.map(({ table, inserts, updates, deletes }) => ({
    table: table.source,
    inserts: inserts.rows,
    updates: updates.rows,
    deletes: deletes.rows,
  }));
}
