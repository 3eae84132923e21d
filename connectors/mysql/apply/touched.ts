/**
 * The keys that batches of the way back have touched (design.md, decision 9): written in each batch's own transaction, one
 * row a table, as tuples of PostgreSQL's binary form one after the other; NULL is the table as a whole. Read on a session
 * of its own, one batch in memory at a time.
 */
import type { PlanTable, Position } from "../../../src/model.js";
import type { Tuples } from "../../../src/stream-port.js";
import { throwIfStopped } from "../../../src/stop.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";
import { dirtyTable, haveTables, readLane } from "./schema.js";
import type { ApplySession } from "./session.js";

/** Bytes of keys of one table and batch. */
const mostBytes = 16_777_216;

/** Batches whose numbers are asked for in one go. */
const pageRows = 500;

interface Touched {
  chunks: Buffer[];
  bytes: number;
  whole: boolean;
}

export class TouchedKeys {
  readonly #tables = new Map<string, Touched>();
  readonly #most: number;

  /** `packet`: bytes that a statement may have, of which a key's bytes take two each. */
  constructor(packet: number) {
    this.#most = Math.min(mostBytes, Math.floor(packet / 4));
  }

  /** The chunks are copied: they are the caller's again once a group is written. */
  add(table: PlanTable, { rows, bytes, chunks }: Tuples): void {
    if (rows === 0) return;
    const touched = this.#of(table);
    if (touched.whole) return;
    if (touched.bytes + bytes > this.#most) {
      this.whole(table);
      return;
    }
    touched.bytes += bytes;
    touched.chunks.push(Buffer.concat(chunks));
  }

  whole(table: PlanTable): void {
    const touched = this.#of(table);
    touched.whole = true;
    touched.chunks = [];
  }

  /** Writes them down for the batch that ends at `seq` and `position`. */
  async write(session: ApplySession, migration: string, seq: bigint, position: Position): Promise<void> {
    for (const [table, { chunks, whole }] of this.#tables)
      await session.write(
        `INSERT INTO ${dirtyTable} (migration, table_name, seq, touched, position) VALUES (?, ?, ?, ?, ?)`,
        [migration, table, String(seq), whole ? null : Buffer.concat(chunks), JSON.stringify(position)],
      );
  }

  #of(table: PlanTable): Touched {
    const known = this.#tables.get(table.source);
    if (known !== undefined) return known;
    const touched: Touched = { chunks: [], bytes: 0, whole: false };
    this.#tables.set(table.source, touched);
    return touched;
  }
}

/** Batches after `after` up to `upTo`, or to where the lane stands; oldest first, until `onBatch` has enough. */
export async function readTouched(
  { options, migration }: { readonly options: MysqlOptions; readonly migration: string },
  { source }: PlanTable,
  { after, upTo }: { readonly after: bigint; readonly upTo: bigint | null },
  onBatch: (seq: bigint, keys: Buffer | null) => boolean,
  signal: AbortSignal,
): Promise<void> {
  throwIfStopped(signal);
  await using connection = await Connection.open(options);
  if (!(await haveTables(connection))) return;
  const last = upTo ?? (await readLane(connection, migration))?.seq ?? 0n;
  const where = "migration = ? AND table_name = ?";
  for (let at = after; ;) {
    const page = await connection.query(
      `SELECT CAST(seq AS CHAR) FROM ${dirtyTable} WHERE ${where} AND seq > ? AND seq <= ? ORDER BY seq LIMIT ${String(pageRows)}`,
      [migration, source, String(at), String(last)],
      signal,
    );
    for (const [seq] of page) {
      at = BigInt(seq ?? "");
      const hex = await connection.query(
        `SELECT HEX(touched) FROM ${dirtyTable} WHERE ${where} AND seq = ?`,
        [migration, source, String(at)],
        signal,
      );
      const [keys] = hex[0] ?? [];
      if (!onBatch(at, keys === null || keys === undefined ? null : Buffer.from(keys, "hex"))) return;
    }
    if (page.length < pageRows) return;
  }
}
