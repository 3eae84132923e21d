/**
 * The fence's two connections to the source: one that only reads, and one that changes things and holds the server's
 * named lock, so that no two engines fence and unfence at once. A connection that was lost is opened anew for the
 * next act; the lock is then taken again, from a session of ours that the server has not missed yet too.
 */
import { createHash } from "node:crypto";
import { Fault } from "../../../src/errors.js";
import { Connection } from "../connection.js";
import type { MysqlOptions } from "../connection.js";
import { Lane } from "./lane.js";
import type { SourceNightOptions } from "./way.js";

/** Seconds: for the lock of a predecessor whose end the server is just noticing, and for locks of others on what we change. */
const patience = 5;
const lockSeconds = 10;
/** Past the longest wait for a lock: what is not answered by then is not answered on this connection any more. */
const answerMs = 30_000;

/** Changes something on the server, over the connection that holds the lock. */
export interface Hand {
  readonly connection: Connection;
  readonly change: (sql: string, params?: readonly (string | number | null)[]) => Promise<void>;
  /** As `change`, where it takes as long as a table is big. */
  readonly changeLong: (sql: string) => Promise<void>;
  /** Ends a session; one that is gone already is as ended as it can be. */
  readonly end: (session: string) => Promise<void>;
}

export type NightSessionOptions = Pick<SourceNightOptions, "server" | "migration" | "now" | "moment">;

export class NightSession implements AsyncDisposable {
  readonly #options: MysqlOptions;
  readonly #lock: string;
  readonly #moment: (statement: string) => void | Promise<void>;
  readonly #eye: Lane;
  readonly #hand: Lane;
  /** The session that held the lock last. */
  #held: string | null = null;

  constructor({ server, migration, now, moment = () => undefined }: NightSessionOptions) {
    this.#options = { answerMs, ...server };
    this.#lock = lockName(migration);
    this.#moment = moment;
    const open = async (): Promise<Connection> => {
      const connection = await Connection.open(this.#options);
      await connection.query(
        `SET SESSION lock_wait_timeout = ${String(lockSeconds)}, innodb_lock_wait_timeout = ${String(lockSeconds)}`,
      );
      return connection;
    };
    this.#eye = new Lane(open, now);
    this.#hand = new Lane(open, now);
  }

  /**
   * What is under way when the signal aborts is left, and its connections with it: a network that has gone silent keeps nobody
   * waiting. Whatever comes next is said over new ones, the changing one once the session before has ended. Until it is released.
   */
  until(signal: AbortSignal): () => void {
    const cut = (): void => {
      this.#eye.cut();
      this.#hand.cut();
    };
    if (signal.aborted) cut();
    else signal.addEventListener("abort", cut, { once: true });
    return () => signal.removeEventListener("abort", cut);
  }

  /** Reads only. */
  async read<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#eye.with(act);
  }

  /** Holds the lock. Fault claimed where another session has it. What a session before has under way is over when it begins. */
  async change<T>(act: (hand: Hand) => Promise<T>): Promise<T> {
    return this.#hand.with(async (connection) => {
      await this.#take(connection);
      return await act(this.#handOf(connection));
    });
  }

  /** Without the lock: for what is safe whoever does it at the same time. */
  async write<T>(act: (hand: Hand) => Promise<T>): Promise<T> {
    return this.#eye.with((connection) => act(this.#handOf(connection)));
  }

  #handOf(connection: Connection): Hand {
    return {
      connection,
      change: async (sql, params = []) => {
        await this.#moment(sql);
        await connection.query(sql, params);
      },
      changeLong: async (sql) => {
        await this.#moment(sql);
        await connection.write(sql, [], true);
      },
      end: async (session) => {
        await this.#moment(`KILL ${session}`);
        await endSession(connection, session);
      },
    };
  }

  async #take(connection: Connection): Promise<void> {
    const holder = await connection.value("SELECT IS_USED_LOCK(?)", [this.#lock]);
    if (holder === connection.id) return;
    // A session of ours whose end the server has not noticed. After a restart its number may be somebody else's.
    if (holder !== null && holder === this.#held) await endSession(connection, holder);
    const got = await connection.value("SELECT GET_LOCK(?, ?)", [this.#lock, patience]);
    if (got !== "1")
      throw new Fault(
        "claimed",
        `Session ${holder ?? "?"} of the source ${connection.place} holds the fence of this migration: another engine is about to fence or to open it.`,
      );
    this.#held = connection.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#eye[Symbol.asyncDispose]();
    await this.#hand[Symbol.asyncDispose]();
  }
}

const unknownSession = 1094;

async function endSession(connection: Connection, id: string): Promise<void> {
  try {
    await connection.query(`KILL ${String(BigInt(id))}`);
  } catch (error) {
    if (!(error instanceof Fault) || error.facts["errno"] !== unknownSession) throw error;
  }
}

/** MySQL's names of locks end at 64 characters. */
function lockName(migration: string): string {
  const name = `headgate fence ${migration}`;
  if (name.length <= 64) return name;
  return `headgate fence ${createHash("sha256").update(migration).digest("hex").slice(0, 40)}`;
}
