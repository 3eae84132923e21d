/**
 * The application: sessions that together commit so many transactions a second, on whichever side the routing file names.
 * Whoever is shut out tries again until it is let in; the longest time between two commits is what its customers saw.
 */
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import { Client } from "pg";
import type { CutoverWorld } from "./world.js";

type Side = "source" | "target";

interface Session {
  readonly side: Side;
  transact(customer: number, stock: number): Promise<void>;
  close(): Promise<void>;
}

export interface Writers {
  readonly committed: number;
  /** Seconds between the two commits that were furthest apart since this was last asked. */
  longest(): number;
  stop(): Promise<void>;
}

const sessions = 8;
const againMs = 5;

export function startWriters({ urls, routing, rows }: CutoverWorld, perSecond: number): Writers {
  const state = { stopped: false, committed: 0, last: performance.now(), longest: 0 };
  const everyMs = (1000 * sessions) / perSecond;
  const run = async (number: number): Promise<void> => {
    let session: Session | null = null;
    let due = performance.now() + (everyMs * number) / sessions;
    for (let turn = number; !state.stopped; turn += sessions) {
      const side: Side = readFileSync(routing, "utf8") === "target" ? "target" : "source";
      try {
        if (session?.side !== side) {
          await session?.close();
          session = null;
          session = await openSession(side, urls[side]);
        }
        await session.transact(1 + ((turn * 7919) % rows.customers), 1 + (turn % 200));
        const now = performance.now();
        state.committed += 1;
        state.longest = Math.max(state.longest, now - state.last);
        state.last = now;
        // What was not served while nobody could write is not made up for.
        due = Math.max(due + everyMs, now - 1000);
        if (due > now) await pause(due - now);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        await session?.close();
        session = null;
        await pause(againMs);
      }
    }
    await session?.close();
  };
  const running = Promise.all(Array.from({ length: sessions }, (_, number) => run(number)));
  return {
    get committed() {
      return state.committed;
    },
    longest: () => {
      const seconds = Math.max(state.longest, performance.now() - state.last) / 1000;
      state.longest = 0;
      return seconds;
    },
    stop: async () => {
      state.stopped = true;
      await running;
    },
  };
}

async function openSession(side: Side, url: string): Promise<Session> {
  if (side === "source") {
    const connection = await createConnection({ uri: url });
    connection.on("error", () => undefined);
    return {
      side,
      transact: async (customer, stock) => {
        await connection.query("START TRANSACTION");
        await connection.query(
          "INSERT INTO orders (customer_id, total, note, at) VALUES (?, 9.90, 'an order of the night', NOW(6))",
          [customer],
        );
        await connection.query("UPDATE customers SET credit = credit + 0.0001, seen = NOW(6) WHERE id = ?", [
          customer,
        ]);
        await connection.query("UPDATE stock SET n = n - 1 WHERE id = ?", [stock]);
        await connection.query("COMMIT");
      },
      close: () => {
        connection.destroy();
        return Promise.resolve();
      },
    };
  }
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  return {
    side,
    transact: async (customer, stock) => {
      await client.query("BEGIN");
      await client.query(
        "INSERT INTO orders (customer_id, total, note, at) VALUES ($1, 9.90, 'an order of the night', now())",
        [customer],
      );
      await client.query("UPDATE customers SET credit = credit + 0.0001, seen = now() WHERE id = $1", [
        customer,
      ]);
      await client.query("UPDATE stock SET n = n - 1 WHERE id = $1", [stock]);
      await client.query("COMMIT");
    },
    close: async () => {
      // A session that was ended by the fence says so once more.
      await Promise.race([client.end(), pause(1000)]);
    },
  };
}
