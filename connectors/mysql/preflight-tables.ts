/**
 * What stands in the database that the server, not the plan, decides: cascades that the log does not carry, labels that
 * the catalogue cannot print. Also which tables have no key, because their exact cut needs rights of its own.
 */
import type { Finding } from "../../src/model.js";
import { unreadableLabels } from "./catalogue-labels.js";
import { parseColumnType } from "./column-type.js";
import type { Connection } from "./connection.js";
import { finding } from "./preflight-finding.js";

export interface Structure {
  /** Tables without a key whose columns are all NOT NULL and whole. */
  readonly keyless: readonly string[];
  readonly findings: readonly Finding[];
}

export async function readStructure(
  connection: Connection,
  database: string,
  settings: ReadonlyMap<string, string>,
): Promise<Structure> {
  const tables = await connection.query(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME",
    [database],
  );
  // An expression or a prefix in a unique index leaves COLUMN_NAME or SUB_PART to tell that it is no key.
  const keyed = await connection.query(
    "SELECT DISTINCT s.TABLE_NAME FROM (SELECT TABLE_NAME, INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND NON_UNIQUE = 0 " +
      "GROUP BY TABLE_NAME, INDEX_NAME HAVING SUM(NULLABLE = 'YES' OR SUB_PART IS NOT NULL OR COLUMN_NAME IS NULL) = 0) AS s",
    [database],
  );
  const cascading = await connection.query(
    "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?",
    [database],
  );
  const withKey = new Set(keyed.map((row) => row[0]));
  return {
    keyless: tables.flatMap(([name]) =>
      name !== null && name !== undefined && !withKey.has(name) ? [name] : [],
    ),
    findings: [...judgeCascades(cascading, settings), ...(await readUnreadable(connection, database))],
  };
}

/** Actions that change rows of the child without an event of their own. */
const cascades = new Set(["CASCADE", "SET NULL", "SET DEFAULT"]);

function judgeCascades(
  keys: readonly (readonly (string | null)[])[],
  settings: ReadonlyMap<string, string>,
): readonly Finding[] {
  if (settings.get("innodb_native_foreign_keys")?.toUpperCase() === "OFF") return [];
  const hidden = keys.filter(
    ([, , onDelete, onUpdate]) => cascades.has(onDelete ?? "") || cascades.has(onUpdate ?? ""),
  );
  if (hidden.length === 0) return [];
  return [
    finding(
      "cascades-not-logged",
      "info",
      "server.innodb_native_foreign_keys",
      `${hidden.length} foreign keys cascade inside the storage engine, and the binary log does not carry what they change; the stream synthesises it.`,
      "Nothing needs to be done.",
      hidden.length,
    ),
  ];
}

async function readUnreadable(connection: Connection, database: string): Promise<readonly Finding[]> {
  if (connection.engine !== "mysql") return [];
  const rows = await connection.query(
    "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, CHARACTER_SET_NAME FROM information_schema.COLUMNS " +
      "WHERE TABLE_SCHEMA = ? AND DATA_TYPE IN ('enum', 'set') AND COLUMN_TYPE LIKE '%?%' ORDER BY TABLE_NAME, ORDINAL_POSITION",
    [database],
  );
  return rows.flatMap(([table, column, columnType, charset]) => {
    const labels = parseColumnType(columnType ?? "").labels;
    const count = unreadableLabels({ labels, charset: charset ?? null }).length;
    if (count === 0) return [];
    return [
      finding(
        "label-unreadable",
        "warning",
        `${table ?? ""}.${column ?? ""}`,
        `${count} labels show a question mark in the source's catalogue, which is how MySQL prints a character beyond utf8mb3; a CHECK made of them would refuse the real label.`,
        "Give the column a typemap rule without a CHECK, or rename the label.",
        count,
      ),
    ];
  });
}
