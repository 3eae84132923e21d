/**
 * What batches have touched of one table (design.md, decision 9), read batch by batch on a session of its own, so that
 * the claim's goes on writing. The keys come as bytes, and of many batches one is in memory at a time.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import { throwIfStopped } from "../../../src/stop.js";
import type { DirtyTable } from "../../../src/verify-port.js";
import { Session } from "../connection.js";
import type { PostgresOptions } from "../connection.js";
import { streamTuples } from "../tuple-rows.js";

/** Batches that one statement reads: what is left of them is not wanted when the caller has enough. */
const pageRows = 100;

const pageSql = `
  SELECT seq, keys FROM headgate.dirty
   WHERE migration = $1 AND lane = $2 AND table_name = $3 AND seq > $4::bigint AND seq <= $5::bigint
   ORDER BY seq LIMIT ${String(pageRows)}`;

const dirtySql = `
  SELECT d.table_name AS name, sum(coalesce(octet_length(d.keys), 0))::text AS bytes, bool_or(d.whole)::text AS whole
    FROM headgate.dirty d JOIN headgate.table_proof p ON p.migration = d.migration AND p.table_name = d.table_name
   WHERE d.migration = $1 AND d.seq > p.seq GROUP BY d.table_name`;

export type OnBatch = (seq: bigint, keys: Buffer | null) => boolean;

export class TouchedKeys implements AsyncDisposable {
  readonly #options: PostgresOptions;
  readonly #migration: string;
  #session: Session | null = null;

  constructor(options: PostgresOptions, migration: string) {
    this.#options = options;
    this.#migration = migration;
  }

  /** One at a time. */
  async read(
    { lane, source }: PlanTable,
    after: bigint,
    upTo: bigint | null,
    onBatch: OnBatch,
    signal: AbortSignal,
  ): Promise<void> {
    throwIfStopped(signal);
    const session = await this.#connected();
    // Without an end a lane that goes on could be followed for ever.
    const last = upTo ?? (await this.#lastOf(session, lane));
    const page = { at: after, rows: 0, enough: false };
    const sink = {
      tuple: (bytes: Buffer, start: number): void => {
        page.rows += 1;
        if (page.enough) return;
        // Two fields, each behind its length: the batch's number, and the keys.
        page.at = bytes.readBigInt64BE(start + 6);
        const length = bytes.readInt32BE(start + 14);
        const keys = length < 0 ? null : Buffer.from(bytes.subarray(start + 18, start + 18 + length));
        page.enough = !onBatch(page.at, keys);
      },
      full: () => false,
      drained: () => Promise.resolve(),
    };
    do {
      page.rows = 0;
      await streamTuples(
        session,
        {
          sql: pageSql,
          values: [this.#migration, lane, source, page.at.toString(), last.toString()],
          fields: 2,
          doing: `reading which keys of ${source} were touched`,
        },
        sink,
        signal,
      );
    } while (!page.enough && page.rows === pageRows);
  }

  /** Of all tables. One at a time with `read`. */
  async dirty(): Promise<readonly DirtyTable[]> {
    const { rows } = await (
      await this.#connected()
    ).query(dirtySql, [this.#migration], "reading which tables were touched");
    return rows.map(({ name, bytes, whole }) => ({
      table: name ?? "",
      bytes: Number(bytes),
      whole: whole === "true",
    }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    await session?.close();
  }

  async #lastOf(session: Session, lane: string): Promise<bigint> {
    const [row] = (
      await session.query(
        "SELECT seq::text AS seq FROM headgate.lane WHERE migration = $1 AND lane = $2",
        [this.#migration, lane],
        `reading how far the lane ${lane} is`,
      )
    ).rows;
    if (row === undefined) throw new Fault("ledger-mismatch", `The ledger has no lane ${lane}.`);
    return BigInt(row["seq"] ?? "");
  }

  async #connected(): Promise<Session> {
    if (this.#session !== null && this.#session.dead === null) return this.#session;
    this.#session = await Session.open(this.#options);
    return this.#session;
  }
}
