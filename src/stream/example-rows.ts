/**
 * Hand-made tables for the tests of the stream: rows of integers and texts, whose images are rows of the source's
 * binary protocol as they stand, and PostgreSQL's tuples read back. Nothing but tests imports this file.
 */
import type { PlanForeignKey, PlanIndex, PlanTable, TextEquality } from "../model.js";
import type { RowImages, Tuples } from "../stream-port.js";
import { column as sourceColumn } from "../typemap/example-column.js";

export type Value = number | string | null;
export type Row = readonly Value[];

export type ExampleType = "int" | "bigint" | "varchar(40)";

const targets: Readonly<Record<ExampleType, string>> = {
  int: "integer",
  bigint: "bigint",
  "varchar(40)": "text",
};

export interface ExampleTable {
  readonly name: string;
  readonly lane?: string;
  readonly columns: Readonly<Record<string, ExampleType>>;
  /** None for a table without a key. */
  readonly key?: readonly string[];
  /** Columns of a unique index each. */
  readonly unique?: readonly (readonly string[])[];
  /** How the unique indexes' texts are compared. */
  readonly equality?: TextEquality;
  readonly foreignKeys?: readonly PlanForeignKey[];
  readonly exactCut?: boolean;
}

export function exampleTable(example: ExampleTable): PlanTable {
  const { name, columns, key, unique = [], equality } = example;
  const policy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" } as const;
  const index = (source: string, parts: readonly string[]): PlanIndex => ({
    source,
    target: source,
    unique: true,
    parts: parts.map((column) => ({
      column,
      prefix: null,
      hashed: false,
      ...(equality !== undefined && columns[column] === "varchar(40)" ? { equality } : {}),
    })),
  });
  return {
    source: name,
    target: name,
    lane: example.lane ?? "one",
    key: key === undefined ? null : { index: "PRIMARY", columns: key, primary: true },
    columns: Object.entries(columns).map(([column, type]) => ({
      column: sourceColumn(column, type),
      source: column,
      target: column,
      sourceType: type,
      targetType: targets[type],
      rule: "example",
      nullable: key?.includes(column) !== true,
      policy,
      identity: null,
    })),
    estimatedRows: 10,
    estimatedBytes: 100,
    exactCut: example.exactCut ?? false,
    indexes: [
      ...(key === undefined ? [] : [{ ...index("PRIMARY", key) }]),
      ...unique.map((parts, number) => index(`unique_${number}`, parts)),
    ],
    foreignKeys: example.foreignKeys ?? [],
  };
}

/** The row as the source's binary protocol has it. */
export function packetOf(table: PlanTable, row: Row): Buffer {
  const nulls = Buffer.alloc((table.columns.length + 9) >> 3);
  const fields = table.columns.map(({ sourceType }, place) => {
    const value = row[place] ?? null;
    if (value === null) {
      const bit = place + 2;
      nulls[bit >> 3] = (nulls[bit >> 3] ?? 0) | (1 << (bit & 7));
      return Buffer.alloc(0);
    }
    if (sourceType === "varchar(40)") {
      const text = Buffer.from(String(value));
      return Buffer.concat([Buffer.from([text.length]), text]);
    }
    const field = Buffer.alloc(sourceType === "int" ? 4 : 8);
    if (sourceType === "int") field.writeInt32LE(Number(value));
    else field.writeBigInt64LE(BigInt(value));
    return field;
  });
  return Buffer.concat([Buffer.from([0]), nulls, ...fields]);
}

/** Images that are such packets. */
export function packetImages(table: PlanTable): RowImages {
  const readers = new Map<readonly number[], ReturnType<RowImages["reader"]>>();
  return {
    table,
    reader(columns) {
      let reader = readers.get(columns);
      if (reader === undefined) {
        const whole = columns.length === table.columns.length && columns.every((place, at) => place === at);
        reader = {
          read(bytes, start, end, row) {
            if (whole) {
              row(bytes, start, end);
              return;
            }
            const some = projected(table, columns, bytes, start);
            row(some, 0, some.length);
          },
        };
        readers.set(columns, reader);
      }
      return reader;
    },
  };
}

function projected(table: PlanTable, columns: readonly number[], bytes: Buffer, start: number): Buffer {
  let at = start + 1 + ((table.columns.length + 9) >> 3);
  const fields = table.columns.map(({ sourceType }, place) => {
    const bit = place + 2;
    if (((bytes[start + 1 + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) return null;
    const length = sourceType === "int" ? 4 : sourceType === "bigint" ? 8 : 1 + (bytes[at] ?? 0);
    at += length;
    return bytes.subarray(at - length, at);
  });
  const nulls = Buffer.alloc((columns.length + 9) >> 3);
  const wanted = columns.map((place, index) => {
    const field = fields[place] ?? null;
    if (field !== null) return field;
    const bit = index + 2;
    nulls[bit >> 3] = (nulls[bit >> 3] ?? 0) | (1 << (bit & 7));
    return Buffer.alloc(0);
  });
  return Buffer.concat([Buffer.from([0]), nulls, ...wanted]);
}

/** Tuples of these columns, as values. */
export function valuesOf(table: PlanTable, columns: readonly number[], tuples: Tuples): Row[] {
  const bytes = Buffer.concat([...tuples.chunks]);
  if (bytes.length !== tuples.bytes) throw new Error(`${bytes.length} bytes, and ${tuples.bytes} are told`);
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length;) {
    const count = bytes.readInt16BE(at);
    if (count !== columns.length) throw new Error(`a tuple of ${count} fields instead of ${columns.length}`);
    at += 2;
    const row: Value[] = [];
    for (const place of columns) {
      const length = bytes.readInt32BE(at);
      at += 4;
      row.push(length < 0 ? null : valueOf(table, place, bytes.subarray(at, at + length)));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  if (rows.length !== tuples.rows) throw new Error(`${rows.length} tuples, and ${tuples.rows} are told`);
  return rows;
}

function valueOf(table: PlanTable, place: number, field: Buffer): Value {
  const type = table.columns[place]?.targetType;
  if (type === "integer") return field.readInt32BE(0);
  if (type === "text") return field.toString();
  const number = field.readBigInt64BE(0);
  return Number.isSafeInteger(Number(number)) ? Number(number) : number.toString();
}

export const allColumns = (table: PlanTable): number[] => table.columns.map((_, place) => place);

/** Places of columns by name. */
export function placesOf(table: PlanTable, names: readonly string[]): number[] {
  return names.map((name) => table.columns.findIndex(({ source }) => source === name));
}

/** The row's key as text; the whole row where there is none. */
export function keyOf(table: PlanTable, row: Row): string {
  const columns = table.key === null ? allColumns(table) : placesOf(table, table.key.columns);
  return JSON.stringify(columns.map((place): Value => row[place] ?? null));
}
