/**
 * Hand-made tables for the tests of the stream: rows of integers and texts, whose images are rows of the source's
 * binary protocol as they stand, and PostgreSQL's tuples read back. Nothing but tests imports this file.
 */
import type { PlanForeignKey, PlanIndex, PlanTable, TextEquality } from "../model.js";
import type { RowImages, Tuples } from "../stream-port.js";
import { column as sourceColumn } from "../typemap/example-column.js";
import { numericText } from "../typemap/numeric.js";

export type Value = number | string | null;
export type Row = readonly Value[];

export type ExampleType = "int" | "bigint" | "bigint unsigned" | "decimal(20,0)" | "varchar(40)";

const targets: Readonly<Record<ExampleType, string>> = {
  int: "integer",
  bigint: "bigint",
  "bigint unsigned": "numeric(20,0)",
  "decimal(20,0)": "numeric(20,0)",
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

/** Bytes of a field whose length does not stand before it. */
const widths: Readonly<Record<string, number>> = { int: 4, bigint: 8, "bigint unsigned": 8 };

/** The row as the source's binary protocol has it. */
export function packetOf(table: PlanTable, row: Row): Buffer {
  const { columns } = table;
  const nulls = (columns.length + 9) >> 3;
  const length = (text: Value): number => Buffer.byteLength(String(text));
  let size = 1 + nulls;
  columns.forEach(({ sourceType }, place) => {
    const value = row[place] ?? null;
    if (value !== null) size += widths[sourceType] ?? 1 + length(value);
  });
  const packet = Buffer.allocUnsafe(size).fill(0, 0, 1 + nulls);
  let at = 1 + nulls;
  columns.forEach(({ sourceType }, place) => {
    const value = row[place] ?? null;
    if (value === null) {
      const bit = place + 2;
      packet[1 + (bit >> 3)] = (packet[1 + (bit >> 3)] ?? 0) | (1 << (bit & 7));
    } else if (sourceType === "int") at = packet.writeInt32LE(Number(value), at);
    else if (sourceType === "bigint") at = packet.writeBigInt64LE(BigInt(value), at);
    else if (sourceType === "bigint unsigned") at = packet.writeBigUInt64LE(BigInt(value), at);
    else {
      at = packet.writeUInt8(length(value), at);
      at += packet.write(String(value), at);
    }
  });
  return packet;
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
  let from = start + 1 + ((table.columns.length + 9) >> 3);
  // Where each field ends, and the next one begins. NULL has no bytes.
  const ends = table.columns.map(({ sourceType }, place) => {
    const bit = place + 2;
    if (((bytes[start + 1 + (bit >> 3)] ?? 0) & (1 << (bit & 7))) === 0)
      from += widths[sourceType] ?? 1 + (bytes[from] ?? 0);
    return from;
  });
  const first = start + 1 + ((table.columns.length + 9) >> 3);
  const begin = (place: number): number => (place === 0 ? first : (ends[place - 1] ?? first));
  const nulls = (columns.length + 9) >> 3;
  let size = 1 + nulls;
  for (const place of columns) size += (ends[place] ?? first) - begin(place);
  const some = Buffer.allocUnsafe(size).fill(0, 0, 1 + nulls);
  let at = 1 + nulls;
  columns.forEach((place, index) => {
    // Even an empty text has its length.
    const end = ends[place] ?? first;
    if (end > begin(place)) {
      at += bytes.copy(some, at, begin(place), end);
      return;
    }
    const bit = index + 2;
    some[1 + (bit >> 3)] = (some[1 + (bit >> 3)] ?? 0) | (1 << (bit & 7));
  });
  return some;
}

/** Tuples of these columns, as values. */
export function valuesOf(table: PlanTable, columns: readonly number[], tuples: Tuples): Row[] {
  const [first] = tuples.chunks;
  const bytes = first !== undefined && tuples.chunks.length === 1 ? first : Buffer.concat([...tuples.chunks]);
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
      row.push(length < 0 ? null : valueOf(table, place, bytes, at, at + length));
      at += Math.max(0, length);
      if (at > bytes.length) throw new Error("a tuple past its bytes");
    }
    rows.push(row);
  }
  if (rows.length !== tuples.rows) throw new Error(`${rows.length} tuples, and ${tuples.rows} are told`);
  return rows;
}

function valueOf(table: PlanTable, place: number, bytes: Buffer, start: number, end: number): Value {
  const type = table.columns[place]?.targetType;
  if (type === "text") return bytes.toString("utf8", start, end);
  if (type === "numeric(20,0)") return shortest(BigInt(numericText(bytes.subarray(start, end))));
  if (end - start !== (type === "integer" ? 4 : 8)) throw new Error(`a number of ${end - start} bytes`);
  if (type === "integer") return bytes.readInt32BE(start);
  return shortest(bytes.readBigInt64BE(start));
}

function shortest(number: bigint): Value {
  return Number.isSafeInteger(Number(number)) ? Number(number) : number.toString();
}

export const allColumns = (table: PlanTable): number[] => table.columns.map((_, place) => place);

/** Places of columns by name. */
export function placesOf(table: PlanTable, names: readonly string[]): number[] {
  return names.map((name) => table.columns.findIndex(({ source }) => source === name));
}

/** Places of the key's columns, or of all. */
const keyPlaces = new WeakMap<PlanTable, readonly number[]>();

/** The row's key as JSON; the whole row's where there is none. */
export function keyOf(table: PlanTable, row: Row): string {
  let columns = keyPlaces.get(table);
  if (columns === undefined) {
    columns = table.key === null ? allColumns(table) : placesOf(table, table.key.columns);
    keyPlaces.set(table, columns);
  }
  let text = "";
  for (const place of columns) {
    const value = row[place] ?? null;
    text += `${text === "" ? "[" : ","}${typeof value === "string" ? JSON.stringify(value) : String(value)}`;
  }
  return `${text}]`;
}

/** Whether the rows have the same values. */
export function sameRow(one: Row, other: Row): boolean {
  return one.length === other.length && one.every((value, place) => value === other[place]);
}
