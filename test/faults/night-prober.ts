/**
 * Logs in to both sides of a night as a fenced account, one after the other all the time, and writes a row wherever it is
 * let in. Each row that was acknowledged is on record, and so is what may never be: one side that took a row, then the
 * other, then the first again, which is a moment with both sides writable.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";

export interface Logins {
  readonly source: string;
  readonly target: string;
}

type Side = keyof Logins;

export class NightProber {
  /** Tokens of rows whose commit was answered. */
  readonly acknowledged: string[] = [];
  /** Moments in which both sides could be written. */
  readonly both: string[] = [];
  /** How often each side took a row, and how often it did not. */
  readonly tried = { source: { taken: 0, refused: 0 }, target: { taken: 0, refused: 0 } };
  readonly #logins: Logins;
  #count = 0;
  #going = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(logins: Logins) {
    this.#logins = logins;
  }

  start(): void {
    this.#going = true;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#loop;
  }

  async #run(): Promise<void> {
    const last: (Side | null)[] = [];
    while (this.#going)
      for (const side of ["source", "target"] as const) {
        const token = `p${String((this.#count += 1))}`;
        const taken = await this.#attempt(side, token);
        this.tried[side][taken ? "taken" : "refused"] += 1;
        if (taken) this.acknowledged.push(token);
        last.push(taken ? side : null);
        if (last.length > 3) last.shift();
        // The sides take turns, so the first and the last of three are the same one.
        if (last.length === 3 && last.every((each) => each !== null)) this.both.push(`${token} at ${side}`);
        await sleep(5);
      }
  }

  async #attempt(side: Side, token: string): Promise<boolean> {
    try {
      await (side === "source" ? this.#onSource(token) : this.#onTarget(token));
      return true;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return false;
    }
  }

  async #onSource(token: string): Promise<void> {
    const driver = await createConnection(this.#logins.source);
    driver.on("error", () => null);
    try {
      await driver.query("INSERT INTO entries (token, side, amount) VALUES (?, 'source', 0)", [token]);
    } finally {
      driver.destroy();
    }
  }

  async #onTarget(token: string): Promise<void> {
    const client = new Client({ connectionString: this.#logins.target });
    client.on("error", () => null);
    await client.connect();
    try {
      await client.query("INSERT INTO entries (token, side, amount) VALUES ($1, 'target', 0)", [token]);
    } finally {
      await client.end().catch(() => null);
    }
  }
}
