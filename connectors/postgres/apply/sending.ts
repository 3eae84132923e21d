/**
 * Statements of one group on their way: collected into bursts of bounded size, and counted. Each belongs to a step (the
 * deletes of a table, its updates, its inserts), whose rows in the end are compared with what was to be there.
 */
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

interface Waiting {
  readonly sql: string;
  readonly values: readonly Buffer[];
  readonly step: Step | null;
  readonly keep: boolean;
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
    this.#waiting.push({ sql, values, step, keep: true });
    for (const value of values) this.#bytes += value.length;
    if (this.#bytes >= burstBytes) await this.flush();
  }

  /** A statement that touches no rows. */
  plain(sql: string): void {
    this.#waiting.push({ sql, values: [], step: null, keep: false });
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    this.#bytes = 0;
    if (waiting.length === 0) return;
    const results = await this.#session.burst(
      waiting.map(({ sql, values, step, keep }) => ({ sql, values, keep, doing: doingOf(step) })),
    );
    for (const [i, { step }] of waiting.entries()) if (step !== null) step.counted += results[i]?.count ?? 0;
  }
}

const verbs = { delete: "deleting from", update: "updating", insert: "inserting into" } as const;

function doingOf(step: Step | null): string {
  return step === null ? "beginning a group of changes" : `${verbs[step.kind]} ${step.shape.table.target}`;
}
