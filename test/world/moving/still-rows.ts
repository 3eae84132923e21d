/**
 * Rows in the writer's own tables that no session of the writer has, and two tables that it does not know: what a
 * test breaks there stays broken however hot the tables are, so that what is to be named is known to the row.
 */
import type { Connection } from "mysql2/promise";
import type { Random } from "../../simulation/random.js";
import type { WriterTable } from "../writer/tables.js";

/** Sessions are 0 to 2: keys are made for four at most. */
const nobody = 3;
const rowsEach = 12;

/** Rows that nobody writes to, and all others, as SQL of both sides. */
export const stillRows = `w = ${String(nobody)}`;
export const hotRows = `w <> ${String(nobody)}`;

/** Keys of `quiet`. */
export const quietRows = 12;

/** Makes the two tables and fills all of them, over an administrator's connection with the database. */
export async function addStillRows(
  connection: Connection,
  tables: readonly WriterTable[],
  random: Random,
): Promise<void> {
  for (const table of tables)
    for (let n = 0; n < rowsEach; n++) {
      const key = table.keyOf(nobody, n);
      const row: Readonly<Record<string, string>> = {
        ...Object.fromEntries(table.key.map(({ name }, at) => [name, key[at] ?? ""])),
        w: String(nobody),
        n: String(n),
        ...Object.fromEntries(table.columns.map(({ name, pool }) => [name, random.pick(pool)])),
        ...table.ruled?.(nobody, n),
      };
      const names = Object.keys(row).map((name) => `\`${name}\``);
      await connection.query(
        `INSERT INTO \`${table.name}\` (${names.join(", ")}) VALUES (${Object.values(row).join(", ")})`,
      );
    }
  await connection.query("CREATE TABLE quiet (id INT PRIMARY KEY, name VARCHAR(20), n INT) ENGINE = InnoDB");
  await connection.query("CREATE TABLE piles (a INT, b VARCHAR(20)) ENGINE = InnoDB");
  for (let id = 1; id <= quietRows; id++) {
    await connection.query("INSERT INTO quiet VALUES (?, ?, ?)", [id, `row ${String(id)}`, id * 7]);
    await connection.query("INSERT INTO piles VALUES (?, ?)", [id, `pile ${String(id)}`]);
  }
}
