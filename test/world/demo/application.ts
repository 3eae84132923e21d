/**
 * The shop's application: it writes to the source all the time, as customers do, from the first second of the move to
 * the last. Seeded, one transaction after the other on two connections; it counts what was acknowledged.
 */
import { setTimeout as pause } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { database } from "./schema.js";
import { seeded } from "./random.js";
import type { Random } from "./random.js";
import type { Sizes } from "./schema.js";

export interface Application {
  /** Transactions that the source has acknowledged so far. */
  readonly transactions: number;
  /** Ends after the transactions that are under way. */
  stop(): Promise<void>;
}

const everyMs = 10;

/** Begins to write. Rejections of `stop` tell what went wrong: nothing here is tried again. */
export async function openApplication(url: string, sizes: Sizes, seed: number): Promise<Application> {
  const stop = new AbortController();
  let transactions = 0;
  const clerks = await Promise.all(
    [0, 1].map(async (number) => {
      const connection = await createConnection({ uri: url, database, charset: "utf8mb4" });
      await connection.query("SET time_zone = '+00:00', innodb_lock_wait_timeout = 10");
      return { connection, random: seeded(seed + 17 * number), number };
    }),
  );
  const working = clerks.map(async ({ connection, random, number }) => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      await connection.beginTransaction();
      await acts[random.int(acts.length)]?.(connection, random, sizes, number);
      if (random.oneIn(12)) await connection.rollback();
      else {
        await connection.commit();
        transactions += 1;
      }
      await pause(everyMs);
    }
    await connection.end();
  });
  return {
    get transactions() {
      return transactions;
    },
    stop: async () => {
      stop.abort();
      await Promise.all(working);
    },
  };
}

type Act = (connection: Connection, random: Random, sizes: Sizes, clerk: number) => Promise<void>;

/** Each touches rows of one half of the keys, so that two clerks never wait for each other for long. */
const own = (random: Random, most: number, clerk: number): number =>
  Math.min(most, 1 + clerk + 2 * random.int(Math.max(1, Math.floor(most / 2))));

const acts: readonly Act[] = [
  async (connection, random, sizes, clerk) => {
    const [made] = await connection.query(
      "INSERT INTO orders (customer_id, state, total, currency, placed_at, note) VALUES (?, 'new', ?, 'EUR', NOW(6), ?)",
      [
        own(random, sizes.customers, clerk),
        `${String(random.int(900))}.50`,
        random.oneIn(3) ? "naïve 🚀" : null,
      ],
    );
    const order = "insertId" in made ? made.insertId : 0;
    for (let line = 1; line <= 1 + random.int(4); line += 1)
      await connection.query(
        "INSERT INTO order_items (order_id, line_no, product_id, quantity, price, discount) VALUES (?, ?, ?, ?, ?, ?)",
        [
          order,
          line,
          own(random, sizes.products, clerk),
          1 + random.int(5),
          "9.90",
          random.oneIn(2) ? 0.1 : null,
        ],
      );
    await connection.query(
      "INSERT INTO stock_moves (at, product_id, delta, reason) VALUES (NOW(6), ?, -1, 'sold')",
      [own(random, sizes.products, clerk)],
    );
  },
  async (connection, random, sizes, clerk) => {
    await connection.query(
      "UPDATE orders SET state = ?, flags = flags ^ 1, shipped_at = NOW() WHERE id = ?",
      [random.pick(["paid", "packed", "shipped", "returned"]), own(random, sizes.orders, clerk)],
    );
  },
  async (connection, random, sizes, clerk) => {
    await connection.query(
      "UPDATE customers SET credit = credit + 0.0001, preferences = JSON_SET(COALESCE(preferences, '{}'), '$.seen', ?) WHERE id = ?",
      [random.int(1_000_000), own(random, sizes.customers, clerk)],
    );
  },
  async (connection, random, sizes, clerk) => {
    const key = [own(random, sizes.products, clerk), own(random, sizes.customers, clerk)];
    await connection.query("DELETE FROM reviews WHERE product_id = ? AND customer_id = ?", key);
    if (random.oneIn(2))
      await connection.query(
        "INSERT INTO reviews (product_id, customer_id, stars, body, posted) VALUES (?, ?, ?, ?, CURRENT_DATE)",
        [...key, 1 + random.int(5), "日本語 again"],
      );
  },
  async (connection, random, sizes, clerk) => {
    // A key that changes, and goes back another time.
    const customer = own(random, sizes.customers, clerk);
    await connection.query(
      "UPDATE IGNORE addresses SET label = IF(label = 'moved', 'home', 'moved') WHERE customer_id = ? LIMIT 1",
      [customer],
    );
    await connection.query("UPDATE sessions SET length = '100:00:00.5' WHERE customer_id = ? LIMIT 1", [
      customer,
    ]);
  },
  async (connection, random, sizes, clerk) => {
    // Items go with their order, as its foreign key says.
    await connection.query(
      "DELETE o FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE o.id = ? AND p.uid IS NULL",
      [own(random, sizes.orders, clerk)],
    );
  },
];
