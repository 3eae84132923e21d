/**
 * A source as it is in earnest: its data fits into memory and nothing measures its own statements. The stack's servers
 * are small on purpose; these settings last for the bench only and are put back at its end.
 */
import { createConnection } from "mysql2/promise";
import type { Connection, RowDataPacket } from "mysql2/promise";

const poolBytes = 4 * 2 ** 30;

/** Gives the act that puts everything back. */
export async function tune(url: string): Promise<() => Promise<void>> {
  return await within(url, async (connection) => {
    const [settings] = await connection.query<RowDataPacket[]>("SELECT @@innodb_buffer_pool_size AS bytes");
    const [measured] = await connection.query<RowDataPacket[]>(
      "SELECT NAME AS name FROM performance_schema.setup_instruments WHERE ENABLED = 'YES' AND NAME NOT LIKE 'memory/%'",
    );
    await connection.query(`SET GLOBAL innodb_buffer_pool_size = ${String(poolBytes)}`);
    await setInstruments(connection, measured, "NO");
    return () =>
      within(url, async (later) => {
        await later.query(`SET GLOBAL innodb_buffer_pool_size = ${String(settings[0]?.["bytes"])}`);
        await setInstruments(later, measured, "YES");
      });
  });
}

async function setInstruments(
  connection: Connection,
  rows: readonly RowDataPacket[],
  enabled: "YES" | "NO",
): Promise<void> {
  const names = rows.map((row) => String(row["name"]));
  if (names.length > 0)
    await connection.query("UPDATE performance_schema.setup_instruments SET ENABLED = ? WHERE NAME IN (?)", [
      enabled,
      names,
    ]);
}

async function within<T>(url: string, act: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection(url);
  try {
    return await act(connection);
  } finally {
    await connection.end();
  }
}
