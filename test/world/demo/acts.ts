/** What customers do in the shop, one transaction each, in the words of both sides. */
import type { Counter, Value } from "./counter.js";
import type { Random } from "./random.js";
import type { Sizes } from "./schema.js";

export type Act = (counter: Counter, random: Random, sizes: Sizes, clerk: number) => Promise<void>;

/** Each touches rows of one half of the keys, so that two clerks never wait for each other for long. */
const own = (random: Random, most: number, clerk: number): number =>
  Math.min(most, 1 + clerk + 2 * random.int(Math.max(1, Math.floor(most / 2))));

/** The same words on both sides. */
const both = (sql: string, ...values: Value[]) => ({ source: sql, target: sql, values });

export const acts: readonly Act[] = [
  async (counter, random, sizes, clerk) => {
    const values = [
      own(random, sizes.customers, clerk),
      `${String(random.int(900))}.50`,
      random.oneIn(3) ? "naïve 🚀" : null,
    ];
    const columns = "orders (customer_id, state, total, currency, placed_at, note)";
    const order = await counter.say({
      source: `INSERT INTO ${columns} VALUES (?, 'new', ?, 'EUR', NOW(6), ?)`,
      target: `INSERT INTO ${columns} VALUES (?, 'new', ?, 'EUR', now(), ?) RETURNING id`,
      values,
    });
    for (let line = 1; line <= 1 + random.int(4); line += 1)
      await counter.say(
        both(
          "INSERT INTO order_items (order_id, line_no, product_id, quantity, price, discount) VALUES (?, ?, ?, ?, ?, ?)",
          order,
          line,
          own(random, sizes.products, clerk),
          1 + random.int(5),
          "9.90",
          random.oneIn(2) ? 0.1 : null,
        ),
      );
    const move = "stock_moves (at, product_id, delta, reason) VALUES";
    await counter.say({
      source: `INSERT INTO ${move} (NOW(6), ?, -1, 'sold')`,
      target: `INSERT INTO ${move} (now(), ?, -1, 'sold')`,
      values: [own(random, sizes.products, clerk)],
    });
  },
  async (counter, random, sizes, clerk) => {
    await counter.say({
      source: "UPDATE orders SET state = ?, flags = flags ^ 1, shipped_at = NOW() WHERE id = ?",
      target: "UPDATE orders SET state = ?, flags = flags # 1, shipped_at = now() WHERE id = ?",
      values: [random.pick(["paid", "packed", "shipped", "returned"]), own(random, sizes.orders, clerk)],
    });
  },
  async (counter, random, sizes, clerk) => {
    await counter.say({
      source:
        "UPDATE customers SET credit = credit + 0.0001, preferences = JSON_SET(COALESCE(preferences, '{}'), '$.seen', ?) WHERE id = ?",
      target:
        "UPDATE customers SET credit = credit + 0.0001, preferences = jsonb_set(coalesce(preferences::jsonb, '{}'), '{seen}', to_jsonb(?::int)) WHERE id = ?",
      values: [random.int(1_000_000), own(random, sizes.customers, clerk)],
    });
  },
  async (counter, random, sizes, clerk) => {
    const key = [own(random, sizes.products, clerk), own(random, sizes.customers, clerk)];
    await counter.say(both("DELETE FROM reviews WHERE product_id = ? AND customer_id = ?", ...key));
    if (random.oneIn(2))
      await counter.say(
        both(
          "INSERT INTO reviews (product_id, customer_id, stars, body, posted) VALUES (?, ?, ?, ?, CURRENT_DATE)",
          ...key,
          1 + random.int(5),
          "日本語 again",
        ),
      );
  },
  async (counter, random, sizes, clerk) => {
    // A key that changes, and goes back another time.
    const customer = own(random, sizes.customers, clerk);
    await counter.say({
      source:
        "UPDATE IGNORE addresses SET label = IF(label = 'moved', 'home', 'moved') WHERE customer_id = ? LIMIT 1",
      target: "UPDATE addresses SET verified = 1 - verified % 2 WHERE customer_id = ?",
      values: [customer],
    });
    await counter.say({
      source: "UPDATE sessions SET length = '100:00:00.5' WHERE customer_id = ? LIMIT 1",
      target: "UPDATE sessions SET user_agent = 'Agent/target' WHERE customer_id = ?",
      values: [customer],
    });
  },
  async (counter, random, sizes, clerk) => {
    // Items go with their order, as its foreign key says.
    await counter.say({
      source:
        "DELETE o FROM orders o LEFT JOIN payments p ON p.order_id = o.id WHERE o.id = ? AND p.uid IS NULL",
      target:
        "DELETE FROM orders o WHERE o.id = ? AND NOT EXISTS (SELECT FROM payments p WHERE p.order_id = o.id)",
      values: [own(random, sizes.orders, clerk)],
    });
  },
];
