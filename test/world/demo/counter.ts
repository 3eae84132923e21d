/**
 * A connection of the shop's application to either side: the same few acts in each server's own words. An answer that was
 * lost at COMMIT says nothing; whatever fails before it has changed nothing.
 */
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import { database } from "./schema.js";

export type Side = "source" | "target";

export type Value = string | number | null;

/** One statement, as each side says it: `?` are its values, in their order. */
export interface Spoken {
  readonly source: string;
  readonly target: string;
  readonly values: readonly Value[];
}

export interface Counter {
  readonly side: Side;
  begin(): Promise<void>;
  /** The id that an INSERT has made; 0 where it made none. */
  say(spoken: Spoken): Promise<number>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Never fails: it may be gone already. */
  close(): Promise<void>;
}

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** Rejects where the side lets nobody in, as it must while it is fenced. */
export async function openCounter(side: Side, url: string, login: Login): Promise<Counter> {
  return side === "source" ? await atSource(url, login) : await atTarget(url, login);
}

async function atSource(url: string, { user, password }: Login): Promise<Counter> {
  const { hostname, port } = new URL(url);
  const connection = await createConnection({
    host: hostname,
    port: Number(port),
    user,
    password,
    database,
    charset: "utf8mb4",
  });
  // What the server ends while nobody asks it anything is met by the next statement.
  connection.on("error", () => undefined);
  await connection.query("SET time_zone = '+00:00', innodb_lock_wait_timeout = 10");
  return {
    side: "source",
    begin: () => connection.beginTransaction(),
    say: async ({ source, values }) => {
      const [made] = await connection.query(source, [...values]);
      return "insertId" in made ? made.insertId : 0;
    },
    commit: () => connection.commit(),
    rollback: () => connection.rollback(),
    close: async () => {
      connection.destroy();
      await Promise.resolve();
    },
  };
}

async function atTarget(url: string, { user, password }: Login): Promise<Counter> {
  const { hostname, port } = new URL(url);
  const client = new Client({ host: hostname, port: Number(port), user, password, database });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("SET TIME ZONE 'UTC'; SET lock_timeout = '10s'");
  return {
    side: "target",
    begin: async () => {
      await client.query("BEGIN");
    },
    say: async ({ target, values }) => {
      let place = 0;
      const made = await client.query<{ id?: string }>(
        target.replaceAll("?", () => `$${String((place += 1))}`),
        [...values],
      );
      return Number(made.rows[0]?.id ?? 0);
    },
    commit: async () => {
      await client.query("COMMIT");
    },
    rollback: async () => {
      await client.query("ROLLBACK");
    },
    close: async () => {
      await client.end().catch((error: unknown) => {
        if (!(error instanceof Error)) throw error;
      });
    },
  };
}
