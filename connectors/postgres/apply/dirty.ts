/**
 * The keys that a batch touches, one ledger row a table (design.md, decision 9): tuples of the key's columns one after
 * the other, as the stream spells them. A table that was truncated, has no key, or got more keys than are worth keeping
 * is dirty as a whole.
 */
import type { PlanTable, Position } from "../../../src/model.js";
import type { Tuples } from "../../../src/stream-port.js";
import type { BurstStatement } from "../burst.js";
import type { Claim } from "../epoch.js";

/** Bytes of keys of one table and batch. */
const mostBytes = 16_777_216;

interface Touched {
  chunks: Buffer[];
  bytes: number;
  whole: boolean;
}

export class DirtyKeys {
  readonly #tables = new Map<string, Touched>();

  /** The chunks are copied: they are the caller's again once a group is written. */
  add(table: PlanTable, { rows, bytes, chunks }: Tuples): void {
    if (rows === 0) return;
    const touched = this.#of(table);
    if (touched.whole) return;
    if (touched.bytes + bytes > mostBytes) {
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
    touched.bytes = 0;
  }

  /** What writes it down for the batch that ends at `seq` and `position`. */
  statements(claim: Claim, lane: string, seq: bigint, position: Position): readonly BurstStatement[] {
    return [...this.#tables].map(([table, { chunks, whole }]) => ({
      sql: `INSERT INTO headgate.dirty (migration, lane, seq, table_name, keys, whole, position)
            VALUES ($1, $2, $3, $4, $5, $6, $7::json)`,
      values: [
        claim.migration,
        lane,
        String(seq),
        table,
        whole ? null : Buffer.concat(chunks),
        String(whole),
        JSON.stringify(position),
      ],
      doing: `recording the touched keys of ${table}`,
      keep: true,
    }));
  }

  #of(table: PlanTable): Touched {
    const known = this.#tables.get(table.source);
    if (known !== undefined) return known;
    const touched: Touched = { chunks: [], bytes: 0, whole: false };
    this.#tables.set(table.source, touched);
    return touched;
  }
}
