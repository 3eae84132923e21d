/**
 * One session of the writer: transaction after transaction, each of a few operations, some of them undone as a whole,
 * by a savepoint, or prepared as XA first. Each leaves its number in `journal` within the same transaction, so that
 * what was committed is known even when the server died before it could answer.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { seeded } from "../demo/random.js";
import type { Random } from "../demo/random.js";
import { plainOperations } from "./plain-operations.js";
import type { Hand, Operation } from "./plain-operations.js";
import { ruledOperations } from "./ruled-operations.js";
import type { WriterTable } from "./tables.js";

/** One transaction as the source has it. */
export interface Committed {
  readonly id: number;
  readonly w: number;
  /** Seconds that the session took for now, so that a replay gives the same ON UPDATE times. */
  readonly at: number;
  readonly statements: readonly string[];
}

export type Ending = "committed" | "rolled-back" | "refused" | "lost";

export interface SessionOptions {
  /** mysql://… of an administrator, with the database. */
  readonly url: string;
  readonly w: number;
  readonly seed: number;
  readonly tables: readonly WriterTable[];
  readonly given: string[];
  /** Asked before each transaction. */
  readonly xa: () => boolean;
}

const operations: readonly Operation[] = [...plainOperations, ...ruledOperations].flatMap(
  ([operation, times]) => Array.from({ length: times }, () => operation),
);

/** What a loser of a fight for rows is told: its transaction goes another time. */
const contended = new Set([1205, 1213]);
/** A server's own limit on what hangs together by foreign keys. */
const tooDeep = /Foreign key cascade delete\/update exceeds/u;
const gone = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "PROTOCOL_CONNECTION_LOST",
  "ER_SERVER_SHUTDOWN",
]);

export class Session {
  readonly committed: Committed[] = [];
  readonly endings: Record<Ending, number> = { committed: 0, "rolled-back": 0, refused: 0, lost: 0 };
  readonly #options: SessionOptions;
  readonly #random: Random;
  #connection: Connection | null = null;
  #next = 1;
  #statements: string[] = [];
  #onCommit: (() => void)[] = [];
  /** What a lost connection may or may not have committed. */
  #doubt: (Committed & { readonly xa: string | null }) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#random = seeded(options.seed * 7919 + options.w);
  }

  /** Connects where it is not connected, and finds out what became of the transaction that was under way. */
  async connect(): Promise<void> {
    if (this.#connection !== null) return;
    const connection = await createConnection({
      uri: this.#options.url,
      charset: "utf8mb4",
      rowsAsArray: true,
    });
    // Told again by the statement that fails of it.
    connection.on("error", () => undefined);
    await connection.query(
      "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', innodb_lock_wait_timeout = 5",
    );
    // Gap locks of other sessions would make these wait for each other all the time.
    await connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
    this.#connection = connection;
    if (this.#doubt !== null) await this.#settle(this.#doubt);
  }

  /** One transaction to its end. `lost`: the connection is, and `connect` comes next. */
  async transaction(): Promise<Ending> {
    const ending = await this.#attempt();
    this.endings[ending] += 1;
    return ending;
  }

  destroy(): void {
    this.#connection?.destroy();
    this.#connection = null;
  }

  async #attempt(): Promise<Ending> {
    const id = this.#next * 10 + this.#options.w;
    this.#next += 1;
    this.#statements = [];
    this.#onCommit = [];
    const random = this.#random;
    const xa =
      this.#options.xa() && random.oneIn(9) ? `'writer-${String(this.#options.seed)}-${String(id)}'` : null;
    const at = 1_700_000_000 + this.#next;
    let ending = false;
    try {
      await this.#say(`SET timestamp = ${String(at)}`);
      await this.#say(xa === null ? "BEGIN" : `XA START ${xa}`);
      await this.#operate(1 + random.int(3));
      if (random.oneIn(6)) await this.#undone();
      await this.#run(
        `INSERT INTO journal VALUES (${String(id)}, ${String(this.#options.w)}, ${String(this.#statements.length)})`,
      );
      const one = { id, w: this.#options.w, at, statements: this.#statements };
      const undo = random.oneIn(9);
      if (xa !== null) await this.#say(`XA END ${xa}`);
      if (!undo) this.#doubt = { ...one, xa };
      ending = true;
      if (xa !== null) await this.#say(`XA PREPARE ${xa}`);
      const verb = undo ? "ROLLBACK" : "COMMIT";
      await this.#say(xa === null ? verb : `XA ${verb} ${xa}`);
      this.#doubt = null;
      if (undo) return "rolled-back";
      this.#keep(one);
      return "committed";
    } catch (error) {
      const refused =
        !ending &&
        error instanceof Error &&
        "errno" in error &&
        (contended.has(Number(error.errno)) || tooDeep.test(error.message));
      return refused ? await this.#rollBack(xa) : this.#lost(error);
    }
  }

  /** The server may be killed before it has heard of it. */
  async #rollBack(xa: string | null): Promise<Ending> {
    try {
      if (xa !== null) await this.#say(`XA END ${xa}`).catch(ignoreEnded);
      await this.#say(xa === null ? "ROLLBACK" : `XA ROLLBACK ${xa}`);
      return "refused";
    } catch (error) {
      return this.#lost(error);
    }
  }

  /** Throws what is no loss of the connection; a connection that is closed already says so without a code. */
  #lost(error: unknown): Ending {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : "";
    if (!gone.has(code) && !/closed state/u.test(error.message)) throw error;
    this.#connection?.destroy();
    this.#connection = null;
    return "lost";
  }

  async #operate(count: number): Promise<void> {
    const hand: Hand = {
      w: this.#options.w,
      random: this.#random,
      tables: this.#options.tables,
      given: this.#options.given,
      live: (table) => this.#live(table),
      read: async (sql) => (await this.#say(sql))[0]?.[0] ?? null,
      run: (sql) => this.#run(sql),
      onCommit: (act) => this.#onCommit.push(act),
    };
    for (let operation = 0; operation < count; operation++)
      await operations[this.#random.int(operations.length)]?.(hand);
  }

  /** Work that a savepoint takes back; it never was. */
  async #undone(): Promise<void> {
    const [before, acts] = [this.#statements.length, this.#onCommit.length];
    await this.#say("SAVEPOINT undone");
    await this.#operate(1);
    await this.#say("ROLLBACK TO SAVEPOINT undone");
    this.#statements.length = before;
    this.#onCommit.length = acts;
    if (this.#random.oneIn(2)) await this.#operate(1);
  }

  async #live(table: string): Promise<readonly number[]> {
    const rows = await this.#say(
      `SELECT DISTINCT n FROM \`${table}\` WHERE w = ${String(this.#options.w)} ORDER BY n`,
    );
    return rows.map(([n]) => Number(n));
  }

  async #run(sql: string): Promise<void> {
    await this.#say(sql);
    this.#statements.push(sql);
  }

  async #say(sql: string): Promise<readonly (readonly (string | null)[])[]> {
    if (this.#connection === null) throw new Error("the session is not connected");
    const [rows] = await this.#connection.query(sql);
    return Array.isArray(rows) ? (rows as (string | null)[][]) : [];
  }

  #keep(one: Committed): void {
    this.committed.push(one);
    for (const act of this.#onCommit) act();
  }

  /** The server is back: a transaction that it prepared is ended, and the journal tells the rest. */
  async #settle(doubt: Committed & { readonly xa: string | null }): Promise<void> {
    if (doubt.xa !== null) {
      const prepared = await this.#say("XA RECOVER");
      if (prepared.some((row) => doubt.xa === `'${String(row[3])}'`))
        await this.#say(`XA COMMIT ${doubt.xa}`);
    }
    const there = await this.#say(`SELECT id FROM journal WHERE id = ${String(doubt.id)}`);
    this.#doubt = null;
    if (there.length > 0)
      this.#keep({ id: doubt.id, w: doubt.w, at: doubt.at, statements: doubt.statements });
  }
}

/** A deadlock has ended the branch by itself on some servers. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof Error) || !("errno" in error) || ![1399, 1402, 1614].includes(Number(error.errno)))
    throw error;
}
