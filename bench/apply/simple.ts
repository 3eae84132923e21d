/**
 * The way of simple consumers: one prepared statement a changed row, awaited, some hundred rows a transaction, with the
 * same settings and a position written along.
 */
import { Client } from "pg";
import type { TableChanges, Tuples } from "../../src/stream-port.js";
import { loginOf } from "../../test/world/accounts.js";
import type { Meter } from "./meter.js";
import { account } from "./workload.js";

const names = account.columns.map(([name]) => name);
const insert = `INSERT INTO acc (${names.join(", ")}) VALUES (${names.map((_, i) => `$${String(i + 1)}`).join(", ")})`;
const update = `UPDATE acc SET ${names
  .slice(1)
  .map((name, i) => `${name} = $${String(i + 2)}`)
  .join(", ")} WHERE id = $1`;

export async function applySimply(
  url: string,
  list: readonly TableChanges[],
  rowsEach: number,
  meter: Meter,
): Promise<void> {
  const client = new Client(loginOf(url));
  await client.connect();
  try {
    const pid = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    await client.query(
      "SET session_replication_role = replica; CREATE TEMP TABLE place (seq bigint); INSERT INTO place VALUES (0)",
    );
    meter.begin(pid.rows[0]?.pid ?? 0);
    let open = 0;
    const one = async (name: string, text: string, values: readonly (Buffer | null)[]): Promise<void> => {
      if (open === 0) await client.query("BEGIN");
      const done = await client.query({ name, text, values: [...values] });
      if (done.rowCount !== 1) throw new Error(`${name} touched ${String(done.rowCount)} rows`);
      open += 1;
      if (open < rowsEach) return;
      await end();
    };
    const end = async (): Promise<void> => {
      if (open === 0) return;
      await client.query({ name: "place", text: "UPDATE place SET seq = seq + 1" });
      await client.query("COMMIT");
      open = 0;
    };
    for (const { deletes, updates, inserts } of list) {
      for (const row of rowsOf(deletes)) await one("delete", "DELETE FROM acc WHERE id = $1", row);
      for (const row of rowsOf(updates)) await one("update", update, row);
      for (const row of rowsOf(inserts)) await one("insert", insert, row);
    }
    await end();
    meter.end();
  } finally {
    await client.end();
  }
}

function* rowsOf(tuples: Tuples): Generator<readonly (Buffer | null)[]> {
  const bytes = Buffer.concat(tuples.chunks);
  for (let at = 0; at < bytes.length;) {
    const fields = bytes.readInt16BE(at);
    at += 2;
    const row: (Buffer | null)[] = [];
    for (let i = 0; i < fields; i++) {
      const length = bytes.readInt32BE(at);
      row.push(length < 0 ? null : bytes.subarray(at + 4, at + 4 + length));
      at += 4 + Math.max(0, length);
    }
    yield row;
  }
}
