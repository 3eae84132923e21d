/** Fills the shop: multi-row inserts over a few connections, the same rows for the same seed and scale. */
import type { Connection } from "mysql2/promise";
import { seeded } from "./random.js";
import { row } from "./rows.js";
import { schema, sizes } from "./schema.js";
import type { ShopTable, Sizes } from "./schema.js";

const BATCH = 2000;
/** Tables whose row count does not scale, because other tables name their rows by number. */
const fixed: readonly ShopTable[] = ["countries", "categories", "documents", "order"];

/** Creates the empty tables in the connection's database. */
export async function createShop(connection: Connection): Promise<void> {
  const json = await knowsJson(connection);
  for (const statement of schema)
    await connection.query(json ? statement : statement.replaceAll(/\bJSON\b/gu, "LONGTEXT"));
}

/** Asked, because MySQL 5.6 has none and MariaDB's is another. */
async function knowsJson(connection: Connection): Promise<boolean> {
  try {
    await connection.query("CREATE TEMPORARY TABLE probe (j JSON)");
    await connection.query("DROP TEMPORARY TABLE probe");
    return true;
  } catch (error) {
    if (error instanceof Error && "errno" in error && error.errno === 1064) return false;
    throw error;
  }
}

/** Rows of every table at this scale (0 < scale <= 1). */
export function sizesAt(scale: number): Sizes {
  const scaled = (Object.keys(sizes) as ShopTable[]).map((table) => [
    table,
    fixed.includes(table) ? sizes[table] : Math.max(1, Math.floor(sizes[table] * scale)),
  ]);
  return Object.fromEntries(scaled) as Record<ShopTable, number>;
}

/** Inserts every row; foreign keys sleep meanwhile for speed, and hold afterwards. */
export async function fillShop(
  connection: Connection,
  seed: number,
  scale: number,
  onTable: (table: string, rows: number) => void,
): Promise<number> {
  await connection.query(
    "SET foreign_key_checks = 0, unique_checks = 0, time_zone = '+00:00', sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
  );
  const wanted = sizesAt(scale);
  let total = 0;
  for (const table of Object.keys(sizes) as ShopTable[]) {
    const random = seeded(seed + table.length * 7919);
    const rows = wanted[table];
    for (let from = 1; from <= rows; from += BATCH) {
      const values = Array.from({ length: Math.min(BATCH, rows - from + 1) }, (_, k) =>
        row(table, random, from + k, wanted),
      );
      await connection.query(`INSERT INTO \`${table}\` VALUES ?`, [values]);
    }
    total += rows;
    onTable(table, rows);
  }
  return total;
}
