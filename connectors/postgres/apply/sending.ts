/**
 * Statements of one group on their way: collected into bursts of bounded size, and counted. Each belongs to a step (the
 * deletes of a table, its updates, its inserts), whose rows in the end are compared with what was to be there.
 */
import { Fault } from "../../../src/errors.js";
import type { Session } from "../connection.js";
import type { TableShape } from "./shape.js";
import type { Tuples } from "../../../src/stream-port.js";

export interface Step {
  readonly shape: TableShape;
  readonly kind: "delete" | "update" | "insert";
  readonly tuples: Tuples;
  /** Rows that were touched so far. */
  counted: number;
}

/** Bytes of parameters that one round trip carries; pg copies them once. */
const burstBytes = 8_388_608;

const copyHeader = Buffer.from("5047434f50590aff0d0a000000000000000000", "hex");
const copyEnd = Buffer.from([0xff, 0xff]);

interface Waiting {
  readonly sql: string;
  readonly values: readonly Buffer[];
  readonly step: Step | null;
  readonly keep: boolean;
  readonly doing: string;
  /** Rows of a COPY. */
  readonly copied: readonly Tuples[] | null;
}

export class Sending {
  readonly #session: Session;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Sends it with the next burst, which is now where enough has come together. */
  async add(sql: string, values: readonly Buffer[], step: Step): Promise<void> {
    const doing = `${verbs[step.kind]} ${step.shape.table.target}`;
    this.#waiting.push({ sql, values, step, keep: true, doing, copied: null });
    for (const value of values) this.#bytes += value.length;
    if (this.#bytes >= burstBytes) await this.flush();
  }

  /** A binary COPY of all of `lists`, in their order. The caller keeps their chunks as they are until it is flushed. */
  copy(sql: string, lists: readonly Tuples[], doing: string, step: Step | null = null): void {
    this.#waiting.push({ sql, values: [], step, keep: false, doing, copied: lists });
  }

  /** A statement that touches no rows. */
  plain(sql: string, doing = "beginning a group of changes"): void {
    this.#waiting.push({ sql, values: [], step: null, keep: false, doing, copied: null });
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    this.#bytes = 0;
    if (waiting.length === 0) return;
    const results = await this.#session.burst(
      waiting.map(({ sql, values, keep, doing, copied }) => ({
        ...{ sql, values, keep, doing },
        ...(copied === null
          ? {}
          : { copy: [copyHeader, ...copied.flatMap(({ chunks }) => chunks), copyEnd] }),
      })),
    );
    for (const [i, { step, doing, copied }] of waiting.entries()) {
      const count = results[i]?.count ?? 0;
      const sent = copied?.reduce((sum, { rows }) => sum + rows, 0) ?? count;
      if (count !== sent)
        throw new Fault(
          "bug",
          `${String(sent)} rows were sent while ${doing}, and PostgreSQL counted ${String(count)}.`,
        );
      if (step !== null) step.counted += count;
    }
  }
}

const verbs = { delete: "deleting from", update: "updating", insert: "inserting into" } as const;
