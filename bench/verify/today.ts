/**
 * What a user does today: for each 100,000 keys a count and a sum over MD5 of the row's columns in text, the same
 * question to both servers at once, on two connections each. The two servers do not spell every value alike, so sums are
 * asked for and not held against each other.
 */
import { createConnection } from "mysql2/promise";
import type { RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { smallTables } from "../bulk/schema.js";

const keys: Readonly<Record<string, string>> = { order_items: "order_id" };
const tables = ["order_items", "orders", "events", "users", ...smallTables];
const step = 100_000;

interface Chunk {
  readonly table: string;
  readonly key: string;
  readonly from: number;
}

export async function today(
  source: { readonly url: string; readonly database: string },
  target: string,
): Promise<{ readonly wall: number; readonly rows: number }> {
  const { hostname, port, username } = new URL(source.url);
  const ours = () =>
    createConnection({
      host: hostname,
      port: Number(port),
      user: username,
      database: source.database,
      charset: "utf8mb4",
    });
  const first = await ours();
  const started = performance.now();
  const chunks: Chunk[] = [];
  const columns = new Map<string, readonly string[]>();
  for (const table of tables) {
    const key = keys[table] ?? "id";
    const [[most]] = await first.query<RowDataPacket[]>(`SELECT MAX(${key}) AS most FROM ${table}`);
    const [found] = await first.query<RowDataPacket[]>(`SHOW COLUMNS FROM ${table}`);
    columns.set(
      table,
      found.map((row) => String(row["Field"])),
    );
    const wide = table === "order_items" ? step / 2 : step;
    for (let from = 0; from <= Number(most?.["most"]); from += wide) chunks.push({ table, key, from });
  }
  await first.end();
  let rows = 0;
  const worker = async (): Promise<void> => {
    const mine = await ours();
    const theirs = new Client({ connectionString: target });
    await theirs.connect();
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      const { table, key, from } = chunk;
      const where = `${key} >= ${String(from)} AND ${key} < ${String(from + (table === "order_items" ? step / 2 : step))}`;
      const list = (columns.get(table) ?? []).join(", ");
      const [[one], two] = await Promise.all([
        mine.query<RowDataPacket[]>(
          `SELECT COUNT(*) AS n, SUM(CAST(CONV(LEFT(MD5(CONCAT_WS('|', ${list})), 15), 16, 10) AS UNSIGNED)) AS s FROM ${table} WHERE ${where}`,
        ),
        theirs.query<{ n: string }>(
          `SELECT count(*) AS n, sum(('x' || left(md5(concat_ws('|', ${list})), 15))::bit(60)::bigint) AS s FROM ${table} WHERE ${where}`,
        ),
      ]);
      if (Number(one[0]?.["n"]) !== Number(two.rows[0]?.n)) throw new Error(`${table}: rows differ.`);
      rows += Number(two.rows[0]?.n);
    }
    await mine.end();
    await theirs.end();
  };
  await Promise.all([worker(), worker()]);
  return { wall: (performance.now() - started) / 1000, rows };
}
