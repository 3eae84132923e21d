/**
 * Two sides in memory for the tests of comparing: a source that gives rows of the binary protocol and a target that
 * gives tuples, each sorted by its own plain comparison of values. Nothing but tests imports this file.
 */
import type { PlanColumn, PlanTable, Range } from "../model.js";
import type { RowQuery, RowReader, RowSink } from "../port.js";
import type { Codec } from "../typemap/codec.js";
import { codecOf } from "../typemap/compile.js";
import { column as sourceColumn } from "../typemap/example-column.js";
import type { TargetLook, TargetQuery, TupleSink } from "../verify-port.js";
import type { Comparer } from "./comparer.js";
import { kindNames, kinds } from "./example-kinds.js";
import type { Kind, KindName, Row, Value } from "./example-kinds.js";

export function exampleTable(columns: readonly KindName[], key: readonly number[] | null): PlanTable {
  const policy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" } as const;
  return {
    source: "t",
    target: "t",
    lane: "one",
    key: key === null ? null : { index: "PRIMARY", columns: key.map((k) => `c${k}`), primary: true },
    columns: columns.map((kind, place): PlanColumn => ({
      column: sourceColumn(`c${place}`, kind),
      source: `c${place}`,
      target: `c${place}`,
      sourceType: kind,
      targetType: kinds[kind].target,
      rule: "example",
      nullable: true,
      policy,
      identity: null,
    })),
    estimatedRows: 10,
    estimatedBytes: 100,
    exactCut: false,
  };
}

/** Bytes of a row as the target gives them. */
export function tupleOf(table: PlanTable, row: Row, places: readonly number[]): Buffer {
  const parts: Buffer[] = [Buffer.from([0, places.length])];
  for (const place of places) {
    const field = fieldOf(table, place, row[place] ?? null);
    const head = Buffer.alloc(4);
    head.writeInt32BE(field === null ? -1 : field.length);
    parts.push(field === null ? head : Buffer.concat([head, field]));
  }
  return Buffer.concat(parts);
}

export function fieldOf(table: PlanTable, place: number, value: Value): Buffer | null {
  const column = table.columns[place];
  if (column === undefined) throw new Error(`no column ${place}`);
  const kind = kindOf(table, place);
  // What no source has, a target may.
  if (value === "NaN") return Buffer.from("7ff8000000000000", "hex");
  const codec = codecs.get(column) ?? codecOf(column, "mysql");
  codecs.set(column, codec);
  return codec.encodeText(value === null ? null : kind.text(value));
}

const codecs = new WeakMap<PlanColumn, Codec>();

function kindOf(table: PlanTable, place: number): Kind {
  const found = kindNames.find((name) => name === table.columns[place]?.sourceType);
  if (found === undefined) throw new Error(`no kind of column ${place}`);
  return kinds[found];
}

export function keyPlaces(table: PlanTable): number[] {
  return (table.key?.columns ?? []).map((name) => table.columns.findIndex(({ source }) => source === name));
}

function packetOf(table: PlanTable, row: Row, places: readonly number[]): Buffer {
  const nulls = Buffer.alloc((places.length + 9) >> 3);
  const cells = places.map((place, index) => {
    const value = row[place] ?? null;
    if (value !== null) return kindOf(table, place).wire(value);
    const bit = index + 2;
    nulls[bit >> 3] = (nulls[bit >> 3] ?? 0) | (1 << (bit & 7));
    return Buffer.alloc(0);
  });
  return Buffer.concat([Buffer.from([0]), nulls, ...cells]);
}

/** By the key's values; NULL last. */
export function sorted(table: PlanTable, rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => {
    for (const place of keyPlaces(table)) {
      const [x, y] = [a[place] ?? null, b[place] ?? null];
      if (x === null || y === null) {
        if (x !== y) return x === null ? 1 : -1;
        continue;
      }
      const order = kindOf(table, place).compare(x, y);
      if (order !== 0) return order;
    }
    return 0;
  });
}

/** What the two sides were asked, and how much they held back. */
export interface Asked {
  sourceReads: RowQuery[];
  targetReads: TargetQuery[];
  waits: number;
}

export interface Sides {
  readonly comparer: Comparer;
  readonly asked: Asked;
}

export interface SideOptions {
  /** Rows that come in one go, before the sink is asked whether it is full. */
  readonly burst?: number;
  /** The target's rows come as they stand, whatever is asked. */
  readonly unsorted?: boolean;
  /** Both sides' rows are in the key's order already. */
  readonly inOrder?: boolean;
  /** Both sides' rows in a range, which is by the first number of its lower and upper bound. */
  readonly within?: (range: Range, row: Row) => boolean;
}

export function sidesOf(
  table: PlanTable,
  source: Iterable<Row>,
  target: Iterable<Row>,
  options: SideOptions = {},
): Sides {
  const asked: Asked = { sourceReads: [], targetReads: [], waits: 0 };
  const within = options.within ?? ((): boolean => true);
  const send = async (
    rows: Iterable<Row>,
    give: (row: Row) => void,
    sink: RowSink | TupleSink,
    signal: AbortSignal,
  ): Promise<{ rows: number }> => {
    let count = 0;
    for (const row of rows) {
      give(row);
      count++;
      if (count % (options.burst ?? 3) !== 0) continue;
      await Promise.resolve();
      if (signal.aborted) throw signal.reason as Error;
      if (!sink.full()) continue;
      asked.waits++;
      await sink.drained();
    }
    return { rows: count };
  };
  const keyBytes = (key: readonly Value[]): string =>
    keyPlaces(table)
      .map((place, k) => fieldOf(table, place, key[k] ?? null)?.toString("hex") ?? "NULL")
      .join();
  const reader: RowReader = {
    read: (query, sink, signal) => {
      asked.sourceReads.push(query);
      const places = query.select.map((name) => table.columns.findIndex(({ source: s }) => name.includes(s)));
      let rows: Iterable<Row> = source;
      const { keys, range } = query;
      if (keys !== undefined) {
        // As a server does it: each text is a value of its column, however it is spelled.
        const wanted = new Set(keys.texts.map((key) => keyBytes(key)));
        rows = [...source].filter((row) => wanted.has(keyBytes(keyPlaces(table).map((p) => row[p] ?? null))));
      } else if (range !== null) rows = [...source].filter((row) => within(range, row));
      if (query.ordered && options.inOrder !== true) rows = sorted(table, [...rows]);
      const give = (row: Row): void => {
        const packet = packetOf(table, row, places);
        sink.row(Buffer.concat([Buffer.from("xx"), packet, Buffer.from("y")]), 2, packet.length + 2);
      };
      return send(rows, give, sink, signal);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const look: TargetLook = {
    checkpoints: new Map(),
    read: (query, sink, signal) => {
      asked.targetReads.push(query);
      const { wanted } = query;
      let rows: Iterable<Row> = target;
      if (wanted.kind === "keys") {
        const keys = new Set(tuplesIn(Buffer.concat([...wanted.keys.chunks])));
        if (keys.size !== wanted.keys.rows) throw new Error("a key is asked for twice");
        rows = [...target].filter((row) =>
          keys.has(tupleOf(table, row, keyPlaces(table)).toString("latin1")),
        );
      } else if (wanted.kind === "range") rows = [...target].filter((row) => within(wanted.range, row));
      if (query.ordered && options.unsorted !== true && options.inOrder !== true)
        rows = sorted(table, [...rows]);
      const give = (row: Row): void => {
        const tuple = tupleOf(table, row, query.columns);
        const bytes = Buffer.concat([Buffer.from("abc"), tuple, Buffer.from("d")]);
        sink.tuple(bytes, 3, 3 + tuple.length);
        bytes.fill(0xee);
      };
      return send(rows, give, sink, signal);
    },
    count: () => Promise.resolve(String([...target].length)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return { comparer: { look, reader, engine: "mysql" }, asked };
}

function tuplesIn(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    let end = at + 2;
    for (let fields = bytes.readInt16BE(at); fields > 0; fields--)
      end += 4 + Math.max(0, bytes.readInt32BE(end));
    found.push(bytes.toString("latin1", at, end));
    at = end;
  }
  return found;
}
