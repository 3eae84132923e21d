/**
 * Updates of many rows in two statements: the keys are looked for and locked, told byte by byte as everywhere, and only
 * where every one of them is there the values go in one INSERT whose every row meets its own. Whatever speaks against it
 * (a row that is not there, a key that is there twice in the list, a value that is refused) is left to the writer that goes
 * row by row, which says what it is: nothing is judged here.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { atLeast } from "../position.js";
import { refusalOf } from "./refusal.js";
import type { ApplySession } from "./session.js";
import type { BackShape } from "./shape.js";
import { insertValues, isRow, joined, keyFields } from "./statements.js";
import type { Part, Values } from "./statements.js";
import type { Fields } from "./tuples.js";

/** Of keys whose value is stored as it is compared: of a FLOAT's nobody could promise it, and a row would be added. */
const exactTypes = new Set([
  ...["tinyint", "smallint", "mediumint", "int", "bigint", "decimal"],
  ...["char", "varchar", "binary", "varbinary", "date", "datetime"],
]);

/** No value of a column that has a default to be given: an UPDATE needs none. */
const noDefault = 1364;

/**
 * The plan's tables whose key is their one unique index: in any other an INSERT could meet another row than its own.
 * Asked on each connection, as somebody may have added one.
 */
export async function tablesForMany(connection: Connection, plan: Plan): Promise<ReadonlySet<string>> {
  const rows = await connection.query(
    `SELECT t.TABLE_NAME, MIN(s.INDEX_NAME) FROM information_schema.TABLES t
       JOIN information_schema.STATISTICS s ON s.TABLE_SCHEMA = t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME
      WHERE t.TABLE_SCHEMA = ? AND t.TABLE_TYPE = 'BASE TABLE' AND t.ENGINE = 'InnoDB' AND s.NON_UNIQUE = 0
      GROUP BY t.TABLE_NAME HAVING COUNT(DISTINCT s.INDEX_NAME) = 1`,
    [plan.database],
  );
  const only = new Map(rows.map(([table, index]) => [table ?? "", index ?? ""]));
  return new Set(
    plan.tables
      .filter(({ source, key, columns }) => {
        if (key === null || only.get(source) !== key.index) return false;
        return key.columns.every((name) => {
          const found = columns.find((column) => column.source === name)?.column;
          return found?.generated === null && exactTypes.has(found.type);
        });
      })
      .map(({ source }) => source),
  );
}

/** A row to be updated, as both statements have it. */
export interface Update extends Values {
  readonly row: Fields;
  readonly key: Part;
  /** Whether it may be one of many. */
  readonly plain: boolean;
}

/** Fault value-refused. */
export function updateOf(shape: BackShape, row: Fields): Update {
  const fields = keyFields(shape, row);
  const [values, key] = [insertValues(shape, row), isRow(shape.key, fields)];
  const plain = values.lenient === 0 && !fields.includes(null);
  return { ...values, bytes: Math.max(values.bytes, key.bytes), row, key, plain };
}

/** Whether they are done; if not, nothing is changed but what the same updates row by row change again. */
export async function updateMany(
  session: ApplySession,
  shape: BackShape,
  updates: readonly Update[],
): Promise<boolean> {
  const keys = joined(
    updates.map(({ key }) => key),
    " OR ",
  );
  // Locked until the batch ends: whoever writes beside us can take none of them away before the values are there.
  const [found] = await session.query(
    `SELECT COUNT(*) FROM ${shape.name} WHERE ${keys.sql} FOR UPDATE`,
    keys.params,
  );
  if (found?.[0] !== String(updates.length)) return false;
  const { sql, params } = joined(updates, ", ");
  const { version, engine } = session.connection;
  // MySQL has warned of VALUES(column) since 8.0.20, once a column; a list of warnings has an end, and must have room for values.
  const named = engine === "mysql" && (atLeast(version, 8, 1) || /^8\.0\.(?:19|[2-9]\d)/u.test(version));
  const set = shape.set.map(({ name }) => `${name} = ${named ? `headgate_row.${name}` : `VALUES(${name})`}`);
  let met: bigint;
  try {
    met = await session.writeOver(
      `INSERT INTO ${shape.name} (${shape.written.map(({ name }) => name).join(", ")}) VALUES ${sql}` +
        `${named ? " AS headgate_row" : ""} ON DUPLICATE KEY UPDATE ${set.join(", ")}`,
      params,
    );
  } catch (error) {
    // Of these MySQL takes back the statement and nothing else; a deadlock, say, has ended the batch.
    const refused = refusalOf(error, shape.table.source);
    if (!(refused instanceof Fault)) throw error;
    const { code, facts } = refused;
    if (code === "value-refused" || code === "constraint-refused" || facts["errno"] === noDefault)
      return false;
    throw error;
  }
  if (met !== BigInt(updates.length))
    throw new Fault(
      "bug",
      `${shape.table.source}: of ${String(updates.length)} updated rows ${String(met)} met their own.`,
    );
  return true;
}
