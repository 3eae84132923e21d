/**
 * A look at the model's target: rows and checkpoints of one moment, handed over as PostgreSQL's tuples, and how the
 * model's servers find rows by ranges and keys. Ranges are of the keys' texts, which sort as the numbers do: they are
 * of one digit.
 */
import type { PlanTable, Range } from "../../src/model.js";
import { keyOf, placesOf, valuesOf } from "../../src/stream/example-rows.js";
import type { Row } from "../../src/stream/example-rows.js";
import type { LaneCheckpoint } from "../../src/stream-port.js";
import type { TargetLook } from "../../src/verify-port.js";

export interface LookParts {
  readonly tables: ReadonlyMap<string, readonly Row[]>;
  readonly checkpoints: ReadonlyMap<string, LaneCheckpoint>;
  readonly ask: (what: string) => Promise<void>;
}

export function modelLook({ tables, checkpoints, ask }: LookParts): TargetLook {
  const rowsOf = (table: PlanTable): readonly Row[] => tables.get(table.source) ?? [];
  return {
    checkpoints,
    read: async ({ table, columns, wanted, ordered }, sink) => {
      await ask(`look at ${table.source}`);
      const keys =
        wanted.kind !== "keys" || table.key === null
          ? null
          : new Set(
              valuesOf(table, placesOf(table, table.key.columns), wanted.keys).map((key) =>
                JSON.stringify(key),
              ),
            );
      const rows = rowsOf(table).filter((row) => {
        if (wanted.kind === "range") return inRange(table, row, wanted.range);
        return keys === null || keys.has(keyOf(table, row));
      });
      for (const row of ordered ? inOrder(table, rows) : rows) {
        const tuple = tupleOf(table, row, columns);
        sink.tuple(tuple, 0, tuple.length);
        if (sink.full()) await sink.drained();
      }
      return { rows: rows.length };
    },
    count: async (table) => {
      await ask(`count ${table.source}`);
      return String(rowsOf(table).length);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

export function inRange(table: PlanTable, row: Row, { lower, upper }: Range): boolean {
  const key = keyOf(table, row);
  return (lower === null || key >= (lower[0] ?? "")) && (upper === null || key < (upper[0] ?? ""));
}

export function inOrder(table: PlanTable, rows: readonly Row[]): Row[] {
  const keyed = rows.map((row) => ({ row, key: keyOf(table, row) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
}

/** As the target sends it. */
export function tupleOf(table: PlanTable, row: Row, places: readonly number[]): Buffer {
  const parts = [Buffer.from([places.length >> 8, places.length & 0xff])];
  for (const place of places) {
    const value = row[place] ?? null;
    const head = Buffer.alloc(4);
    if (value === null) {
      head.writeInt32BE(-1);
      parts.push(head);
      continue;
    }
    const type = table.columns[place]?.targetType;
    const field = type === "text" ? Buffer.from(String(value)) : Buffer.alloc(type === "integer" ? 4 : 8);
    if (type === "integer") field.writeInt32BE(Number(value));
    else if (type !== "text") field.writeBigInt64BE(BigInt(value));
    head.writeInt32BE(field.length);
    parts.push(head, field);
  }
  return Buffer.concat(parts);
}
