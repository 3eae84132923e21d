/**
 * The writer's log put to the proof: its statements run once more, one transaction after the other, in a second
 * database of the same server, which must end as the first one did. And the journal: exactly the log's transactions.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { createTables } from "./tables.js";
import type { Writer } from "./writer.js";

type Written = Pick<Writer, "log" | "tables">;

/** What is wrong with the log, in words; empty when it tells the truth. */
export async function logProblems(url: string, replica: string, writer: Written): Promise<readonly string[]> {
  const connection = await createConnection({ uri: url, charset: "utf8mb4", rowsAsArray: true });
  try {
    const [database = ""] = await column(connection, "SELECT DATABASE()");
    const problems = journalProblems(writer, await column(connection, "SELECT id FROM journal ORDER BY id"));
    await connection.query(`DROP DATABASE IF EXISTS \`${replica}\``);
    await connection.query(`CREATE DATABASE \`${replica}\` CHARACTER SET utf8mb4`);
    await connection.query(`USE \`${replica}\``);
    await createTables(connection, writer.tables);
    await connection.query(
      "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00'",
    );
    for (const { at, statements } of writer.log) {
      await connection.query(`SET timestamp = ${String(at)}`);
      await connection.query("BEGIN");
      for (const statement of statements) await connection.query(statement);
      await connection.query("COMMIT");
    }
    const tables = await column(connection, `SHOW TABLES FROM \`${database}\``);
    for (const table of tables) {
      const there = await digest(connection, database, table);
      const again = await digest(connection, replica, table);
      if (there !== again) problems.push(`${table}: ${there} at the source, ${again} by the log`);
    }
    await connection.query(`DROP DATABASE \`${replica}\``);
    return problems;
  } finally {
    await connection.end();
  }
}

/** Rows and a sum over them. CHECKSUM TABLE will not do: on MariaDB it depends on what virtual columns were read before. */
async function digest(connection: Connection, database: string, table: string): Promise<string> {
  const [rows] = await connection.query(
    "SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
    [database, table],
  );
  const cells = (Array.isArray(rows) ? (rows as unknown[][]) : []).map(([name, type]) => {
    const quoted = `\`${String(name)}\``;
    const text = /geometry|vector|blob|binary|char|text/u.test(String(type))
      ? `HEX(${quoted})`
      : `CAST(${quoted} AS CHAR)`;
    return `COALESCE(${text}, 'NULL')`;
  });
  const sum = `SUM(CRC32(CONCAT_WS('/', ${cells.join(", ")})))`;
  const from = `\`${database}\`.\`${table}\``;
  const [found] = await column(
    connection,
    `SELECT CONCAT(COUNT(*), ' rows, ', COALESCE(${sum}, 0)) FROM ${from}`,
  );
  return found ?? "";
}

/** What the journal has and the log doesn't, and the other way round. */
export function journalProblems(writer: Pick<Writer, "log">, journal: readonly string[]): string[] {
  const logged = new Set(writer.log.map(({ id }) => String(id)));
  const there = new Set(journal);
  return [
    ...journal.flatMap((id) => (logged.has(id) ? [] : [`transaction ${id} is not in the log`])),
    ...[...logged].flatMap((id) =>
      there.has(id) ? [] : [`transaction ${id} of the log is not in the journal`],
    ),
  ];
}

async function column(connection: Connection, sql: string, at = 0): Promise<string[]> {
  const [rows] = await connection.query(sql);
  return Array.isArray(rows) ? (rows as unknown[][]).map((row) => String(row[at])) : [];
}
