/**
 * The session that writes the way back. Strict, so that no value is cut to fit; zero dates and 0 in an AUTO_INCREMENT are
 * what a source may hold; foreign keys asleep, because the target's log has what its own did; unique keys awake. It holds
 * the migration's named lock: whoever takes over asks the server which session that is, and ends it.
 */
import { createHash } from "node:crypto";
import { Fault } from "../../../src/errors.js";
import { Connection } from "../connection.js";
import type { MysqlOptions, Row, Written } from "../connection.js";

const common = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES,NO_ENGINE_SUBSTITUTION";
const strict = `STRICT_ALL_TABLES,${common}`;

/** Seconds that a row's lock is waited for; then the batch is begun again. */
const lockSeconds = 20;

/** Deprecated spellings (a character set's old name), which say nothing of values. */
const harmless = new Set(["1287", "1681", "3719", "3778"]);

export type Param = string | Buffer | null;

/** Named locks end at 64 characters, migrations do not. */
export function lockName(migration: string): string {
  return `headgate.back.${createHash("sha256").update(migration).digest("hex").slice(0, 32)}`;
}

export class ApplySession {
  readonly connection: Connection;
  /** Bytes that one statement may have. */
  readonly packet: number;
  #dead = false;

  private constructor(connection: Connection, packet: number) {
    this.connection = connection;
    this.packet = packet;
  }

  static async open(options: MysqlOptions): Promise<ApplySession> {
    const connection = await Connection.open(options);
    try {
      await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
      await connection.query(
        `SET SESSION sql_mode = '${strict}', foreign_key_checks = 0, unique_checks = 1, sql_safe_updates = 0, ` +
          `sql_auto_is_null = 0, sql_notes = 1, innodb_lock_wait_timeout = ${String(lockSeconds)}, autocommit = 0`,
      );
      const packet = Number(await connection.value("SELECT @@max_allowed_packet"));
      return new ApplySession(connection, packet);
    } catch (error) {
      await connection[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Nothing more can be asked of it. */
  get dead(): boolean {
    return this.#dead;
  }

  async write(sql: string, params: readonly Param[] = []): Promise<number> {
    const written = await this.#kept(this.connection.write(sql, params));
    if (written.warnings > 0) await this.#demandNone(0);
    return written.rows;
  }

  /** An INSERT of many rows ON DUPLICATE KEY UPDATE: how many of them met one that was there, changed by it or not. */
  async writeOver(sql: string, params: readonly Param[]): Promise<bigint> {
    const written = await this.#kept(this.connection.write(sql, params));
    if (written.warnings > 0) await this.#demandNone(0);
    // Records, duplicates, warnings: in their order whatever the server's language calls them.
    const [, met] = written.info.match(/\d+/gu) ?? [];
    if (met === undefined) throw new Fault("bug", "The source does not say how many rows were there.");
    return BigInt(met);
  }

  /** A statement with so many values that strict modes refuse and others store as they are, with a warning each. */
  async writeLenient(sql: string, params: readonly Param[], expected: number): Promise<number> {
    await this.#run(`SET SESSION sql_mode = '${common}'`);
    try {
      const { rows } = await this.#kept(this.connection.write(sql, params));
      await this.#demandNone(expected);
      return rows;
    } finally {
      if (!this.#dead) await this.#run(`SET SESSION sql_mode = '${strict}'`);
    }
  }

  async query(sql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    return this.#kept(this.connection.query(sql, params));
  }

  /** What is under way on the server ends with the session, which the next one asks for. */
  abandon(): void {
    this.#dead = true;
  }

  async close(): Promise<void> {
    this.#dead = true;
    await this.connection[Symbol.asyncDispose]();
  }

  async #run(sql: string): Promise<Written> {
    return this.#kept(this.connection.write(sql));
  }

  /** A warning is a value that the source has changed on its way in: a text cut, a number rounded. */
  async #demandNone(expected: number): Promise<void> {
    const codes = (await this.query("SHOW WARNINGS")).map((row) => row[1] ?? "");
    const told = codes.filter((code) => !harmless.has(code));
    if (told.length === expected && (expected === 0 || told.every((code) => code === "1265"))) return;
    throw new Fault(
      "value-refused",
      `The source would have changed a value on its way in (warning ${[...new Set(told)].join(", ")}), so nothing was written.`,
      { next: "headgate status" },
    );
  }

  async #kept<T>(act: Promise<T>): Promise<T> {
    try {
      return await act;
    } catch (error) {
      if (error instanceof Fault && error.code === "connection-lost") this.#dead = true;
      throw error;
    }
  }
}

/** Ends whichever session holds the lock. Only whoever has proven its epoch may. */
export async function endHolder(connection: Connection, lock: string): Promise<void> {
  const holder = await connection.value("SELECT CAST(IS_USED_LOCK(?) AS CHAR)", [lock]);
  if (holder === null || holder === connection.id) return;
  try {
    await connection.query(`KILL ${String(BigInt(holder))}`);
  } catch (error) {
    // Gone in between.
    if (!(error instanceof Fault) || error.facts["errno"] !== 1094) throw error;
  }
}
