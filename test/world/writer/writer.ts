/**
 * The seeded writer: an application that changes its database all the time, in several sessions, in every way that has
 * ever made a replica differ. It keeps the log of what it committed; with that and the oracle a test knows what a copy
 * must be. Each session's work follows from the seed alone; only how sessions interleave is the server's.
 */
import { createConnection } from "mysql2/promise";
import type { Flavour } from "./columns.js";
import { Session } from "./session.js";
import type { Committed, Ending } from "./session.js";
import { createTables, flavourOf, plainTables } from "./tables.js";
import type { WriterTable } from "./tables.js";

export interface WriterOptions {
  /** mysql://… of an administrator, with an empty database of its own. */
  readonly url: string;
  readonly seed: number;
  readonly sessions?: number;
  /** So many transactions a second of each session; as many as it can where it is not given. */
  readonly perSecond?: number;
  /** Columns that the tables are made without. */
  readonly without?: readonly string[];
  /** Resolves when the server that was lost is there again. Without it a lost server is the writer's failure. */
  readonly back?: () => Promise<void>;
}

export interface Writer extends AsyncDisposable {
  readonly tables: readonly WriterTable[];
  readonly flavour: Flavour;
  readonly seed: number;
  /** Whether transactions may be prepared; set to false while a copy begins, which refuses them. */
  xa: boolean;
  /** In the order of their commits, as far as they touch the same rows. */
  readonly log: readonly Committed[];
  readonly endings: Readonly<Record<Ending, number>>;
  /** Begins, or goes on after a stop. */
  start(): void;
  /** Resolves when so many transactions have been committed since the beginning; rejects when the writer fails. */
  reached(transactions: number): Promise<void>;
  /** Every session ends its transaction. Rejects where one failed. */
  stop(): Promise<void>;
}

/** Makes the tables and a few rows of each; writes nothing more until `start`. */
export async function openWriter(options: WriterOptions): Promise<Writer> {
  const admin = await createConnection({ uri: options.url, charset: "utf8mb4" });
  let tables: readonly WriterTable[];
  let flavour: Flavour;
  try {
    flavour = await flavourOf(admin);
    tables = plainTables(options.seed, flavour).map((table) => ({
      ...table,
      columns: table.columns.filter(({ name }) => options.without?.includes(name) !== true),
    }));
    await createTables(admin, tables);
  } finally {
    await admin.end();
  }
  return new Sessions(options, tables, flavour);
}

class Sessions implements Writer {
  readonly tables: readonly WriterTable[];
  readonly flavour: Flavour;
  readonly seed: number;
  xa = true;
  readonly log: Committed[] = [];
  readonly #options: WriterOptions;
  readonly #sessions: readonly Session[];
  #running: Promise<void> | null = null;
  #stopping = false;
  #failure: Error | null = null;
  #waiting: {
    readonly at: number;
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];

  constructor(options: WriterOptions, tables: readonly WriterTable[], flavour: Flavour) {
    this.tables = tables;
    this.flavour = flavour;
    this.seed = options.seed;
    this.#options = options;
    const given: string[] = [];
    this.#sessions = Array.from(
      { length: options.sessions ?? 3 },
      (_, w) => new Session({ url: options.url, w, seed: options.seed, tables, given, xa: () => this.xa }),
    );
  }

  get endings(): Readonly<Record<Ending, number>> {
    const sum = (what: Ending): number => this.#sessions.reduce((all, { endings }) => all + endings[what], 0);
    return {
      committed: sum("committed"),
      "rolled-back": sum("rolled-back"),
      refused: sum("refused"),
      lost: sum("lost"),
    };
  }

  start(): void {
    if (this.#running !== null) return;
    this.#stopping = false;
    this.#running = Promise.all(this.#sessions.map((session) => this.#drive(session))).then(() => {
      // Told by `stop`, and at once to whoever waits.
      const why = this.#failure ?? new Error("the writer was stopped");
      for (const waiter of this.#waiting.splice(0)) waiter.reject(why);
    });
  }

  async reached(transactions: number): Promise<void> {
    if (this.log.length >= transactions) return;
    if (this.#failure !== null) throw this.#failure;
    if (this.#running === null) throw new Error("the writer stands still");
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ at: transactions, resolve, reject });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    this.#running = null;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Sessions end their transactions: what is prepared would outlive its connection, and stop the next copy. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    await this.#running;
    for (const session of this.#sessions) session.destroy();
  }

  async #drive(session: Session): Promise<void> {
    try {
      while (!this.#stopping) {
        const from = performance.now();
        await session.connect();
        const before = session.committed.length;
        const ending = await session.transaction();
        if (ending === "lost") await this.#recover(session);
        this.log.push(...session.committed.slice(before));
        this.#tell();
        if (this.#options.perSecond !== undefined) await this.#pace(from + 1000 / this.#options.perSecond);
      }
    } catch (error) {
      // The others end their transactions; what this one had open is rolled back with its connection.
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
      this.#stopping = true;
      session.destroy();
    }
  }

  async #recover(session: Session): Promise<void> {
    if (this.#options.back === undefined) throw new Error("the writer lost its server");
    await this.#options.back();
    await session.connect();
  }

  /** An application's own rhythm. */
  async #pace(until: number): Promise<void> {
    const left = until - performance.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }

  #tell(): void {
    const there = this.#waiting.filter(({ at }) => this.log.length >= at);
    this.#waiting = this.#waiting.filter(({ at }) => this.log.length < at);
    for (const { resolve } of there) resolve();
  }
}
