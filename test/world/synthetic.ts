/**
 * A plan and a source made of arithmetic, for tests of the ledger, the loader and the pool that are about ranges and
 * not about types: each table is (id bigint primary key, note text) with ids 1..rows, and the source's "packets"
 * are PostgreSQL's own binary tuples, so that no codec takes part. Whatever is asked of a real source and plays no
 * part here throws.
 */
import type { Plan, PlanTable, Position, Range } from "../../src/model.js";
import type { ByteSink, RowQuery, RowReader, RowSink, Source } from "../../src/port.js";
import { Fault } from "../../src/errors.js";
import { throwIfStopped } from "../../src/stop.js";
import type { RowEncoder, TableCoder } from "../../src/snapshot/copy.js";

export interface SyntheticTable {
  readonly name: string;
  readonly rows: number;
  readonly keyless?: boolean;
  readonly lane?: string;
  /** Characters of `note`, 10 unless told. */
  readonly width?: number;
}

/** Markers of every synthetic source of this process: whoever goes on with a copy finds those that began it. */
const notes = new Map<string, string>();

/** How a binary COPY begins. */
export const header = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");

export function syntheticPlan(tables: readonly SyntheticTable[], migration = "20261122_load"): Plan {
  const planned = tables.map(planTable);
  return {
    version: 1,
    migration,
    database: "synthetic",
    schema: "public",
    fingerprint: `synthetic ${JSON.stringify(tables)}`,
    lanes: [...new Set(planned.map((table) => table.lane))],
    tables: planned,
    before: planned.map((table) => ({
      name: `table public.${table.target}`,
      kind: "table",
      table: table.target,
      sql: `CREATE TABLE public."${table.target}" (id bigint NOT NULL, note text)`,
    })),
    after: planned.flatMap((table) => [
      {
        name: `primary public.${table.target}`,
        kind: "primary" as const,
        table: table.target,
        sql: `ALTER TABLE public."${table.target}" ADD PRIMARY KEY (id)`,
      },
      {
        name: `index public.${table.target} note`,
        kind: "index" as const,
        table: table.target,
        sql: `CREATE INDEX ON public."${table.target}" (note)`,
      },
      {
        name: `analyze public.${table.target}`,
        kind: "analyze" as const,
        table: table.target,
        sql: `ANALYZE public."${table.target}"`,
      },
    ]),
    findings: [],
  };
}

function planTable(table: SyntheticTable): PlanTable {
  const policy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" } as const;
  const column = (name: string, ordinal: number, targetType: string): PlanTable["columns"][number] => ({
    column: {
      name,
      ordinal,
      columnType: targetType,
      type: targetType,
      length: null,
      precision: null,
      scale: null,
      fsp: 0,
      unsigned: false,
      zerofill: false,
      charset: null,
      collation: null,
      nullable: true,
      default: { kind: "none" },
      onUpdateNow: null,
      generated: null,
      autoIncrement: false,
      invisible: false,
      comment: "",
      labels: [],
      srid: null,
    },
    source: name,
    target: name,
    sourceType: targetType,
    targetType,
    rule: "test",
    nullable: true,
    policy,
    identity: null,
  });
  return {
    source: table.name,
    target: table.name,
    lane: table.lane ?? "one",
    key: table.keyless === true ? null : { index: "PRIMARY", columns: ["id"], primary: true },
    columns: [column("id", 1, "bigint"), column("note", 2, "text")],
    estimatedRows: table.rows,
    estimatedBytes: table.rows * (table.width ?? 10),
    exactCut: table.keyless === true,
  };
}

/** What went on at the source, for tests to look at, and doors for faults. */
export interface SyntheticLog {
  readonly marks: string[];
  readonly reads: string[];
  readersOpen: number;
  readersMost: number;
  /** Called before each read; may throw. */
  beforeRead: (query: RowQuery) => void | Promise<void>;
  prepared: string[];
}

export function syntheticSource(tables: readonly SyntheticTable[]): { source: Source; log: SyntheticLog } {
  const log: SyntheticLog = {
    marks: [],
    reads: [],
    readersOpen: 0,
    readersMost: 0,
    beforeRead: () => undefined,
    prepared: [],
  };
  const byName = new Map(tables.map((table) => [table.name, table]));
  const missing = (what: string): never => {
    throw new Error(`the synthetic source has no ${what}`);
  };
  let offset = 0;
  const position = async (): Promise<Position> => ({
    kind: "file",
    file: "synthetic",
    offset: String(++offset),
  });
  const reader = async (slots: number): Promise<RowReader | null> => {
    if (log.readersOpen >= slots) return null;
    log.readersOpen += 1;
    log.readersMost = Math.max(log.readersMost, log.readersOpen);
    let open = true;
    return {
      read: async (query, sink, signal) => {
        const table = byName.get(query.table) ?? missing(query.table);
        log.reads.push(`${query.table}/${query.range?.number ?? "whole"}`);
        await log.beforeRead(query);
        return { rows: await send(table, query.range, sink, signal) };
      },
      [Symbol.asyncDispose]: async () => {
        if (open) log.readersOpen -= 1;
        open = false;
      },
    };
  };
  const source: Source = {
    facts: async () => missing("facts"),
    catalogue: async () => missing("catalogue"),
    measure: async () => missing("measure"),
    preflight: async () => [],
    profiler: async () => ({
      profile: async () => [],
      load: async () => ({ lagSeconds: null, threadsRunning: 1 }),
      [Symbol.asyncDispose]: async () => undefined,
    }),
    follows: async () => [],
    inOrder: async () => [],
    ask: async () => missing("ask"),
    grants: async () => missing("grants"),
    async *split(table, rangeRows) {
      const { rows } = byName.get(table.source) ?? missing(table.source);
      const ranges = Math.max(1, Math.ceil(rows / rangeRows));
      for (let number = 0; number < ranges; number += 1) {
        const bound = (at: number): readonly string[] => [String(at * rangeRows + 1)];
        yield {
          table: table.source,
          number,
          lower: number === 0 ? null : bound(number),
          upper: number === ranges - 1 ? null : bound(number + 1),
        };
      }
    },
    reader,
    position,
    seen: async () => undefined,
    load: async () => ({ lagSeconds: null, threadsRunning: 1 }),
    prepareMarkers: async () => undefined,
    prepareFeed: async () => [],
    feedFindings: async () => [],
    feedTraces: async () => [],
    endFeed: async () => undefined,
    token: async () => String(notes.size),
    marked: async (lane, id) => notes.get(`${lane} ${id}`) ?? null,
    mark: async (lane, note) => {
      log.marks.push(`${lane}:${note.split(" ")[0] ?? ""}`);
      const id = String(notes.size + 1);
      notes.set(`${lane} ${id}`, note);
      return id;
    },
    preparedTransactions: async () => log.prepared,
    exactCut: async (tables, slots) => {
      for (const table of tables) if (!byName.has(table)) missing(table);
      const taken = await reader(slots);
      if (taken === null) return null;
      return {
        position: await position(),
        reader: taken,
        [Symbol.asyncDispose]: () => taken[Symbol.asyncDispose](),
      };
    },
    feed: async () => missing("feed"),
    secondHand: async () => missing("secondHand"),
    texts: async () => missing("texts"),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { source, log };
}

async function send(
  table: SyntheticTable,
  range: Range | null,
  sink: RowSink,
  signal: AbortSignal,
): Promise<number> {
  const first = Number(range?.lower?.[0] ?? 1);
  const end = Number(range?.upper?.[0] ?? table.rows + 1);
  for (let id = first; id < end; id += 1) {
    throwIfStopped(signal);
    const packet = tuple(id, noteOf(id, table.width ?? 10));
    sink.row(packet, 0, packet.length);
    if (sink.full()) await sink.drained();
    // A real reader waits for its socket now and then: others get their turn.
    else if (id % 5000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  return Math.max(0, end - first);
}

/** The id's digits again and again: a row that took another one's bytes shows. In SQL: left(repeat(id::text, n), n). */
export function noteOf(id: number, width: number): string {
  return String(id).repeat(width).slice(0, width);
}

/** One binary COPY tuple. */
export function tuple(id: number, note: string): Buffer {
  const text = Buffer.from(note);
  const bytes = Buffer.alloc(18 + text.length);
  bytes.writeInt16BE(2, 0);
  bytes.writeInt32BE(8, 2);
  bytes.writeBigInt64BE(BigInt(id), 6);
  bytes.writeInt32BE(text.length, 14);
  text.copy(bytes, 18);
  return bytes;
}

/** Passes tuples on in 64 KB buffers that it uses again once they are released, as the real encoder does. */
export function syntheticCoder(size = 65_536): TableCoder {
  return {
    select: ["id", "note"],
    encode: (sink) => encoder(sink, size),
  };
}

function encoder(sink: ByteSink, size: number): RowEncoder {
  const free: Buffer[] = [];
  let buffer: Buffer = Buffer.alloc(size);
  let at = header.copy(buffer);
  let waiting = false;
  let rows = 0;
  let bytes = 0;
  const flush = (): void => {
    const full = buffer;
    buffer = free.pop() ?? Buffer.alloc(size);
    bytes += at;
    if (!sink.write(full.subarray(0, at), () => free.push(full))) waiting = true;
    at = 0;
  };
  return {
    get rows() {
      return rows;
    },
    row: (packet, start, end) => {
      if (end - start > size) throw new Fault("bug", "A synthetic row is larger than its buffer.");
      if (at + end - start > size) flush();
      at += packet.copy(buffer, at, start, end);
      rows += 1;
    },
    full: () => waiting,
    drained: async () => {
      await sink.drained();
      waiting = false;
    },
    finish: () => {
      if (at + 2 > size) flush();
      at = buffer.writeInt16BE(-1, at);
      flush();
      return { rows, bytes, policies: [] };
    },
  };
}
