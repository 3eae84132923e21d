/**
 * Every AUTO_INCREMENT of the plan's tables past the greatest key and past what the target has given away: what the way back has written brought keys of its own, and
 * the application's first row must not meet one of them. Never down: InnoDB itself takes no smaller value than it needs.
 */
import { Fault } from "../../../src/errors.js";
import type { GivenKey } from "../../../src/cutover-port.js";
import type { Plan } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection } from "../connection.js";
import type { Hand } from "./session.js";

export async function pastKeys(
  { connection, changeLong }: Hand,
  plan: Plan,
  given: readonly GivenKey[],
): Promise<void> {
  for (const table of plan.tables) {
    const column = table.columns.find((each) => each.column.autoIncrement);
    if (column === undefined) continue;
    const greatest = await connection.value(
      `SELECT CAST(MAX(${mysqlName(column.source)}) AS CHAR) FROM ${mysqlName(table.source)}`,
    );
    // A row that the target has taken away again had its key all the same: it is nobody else's.
    const upTo = given.find((each) => each.table === table.source && each.column === column.source)?.upTo;
    const used = [greatest, upTo].flatMap((text) =>
      text !== null && text !== undefined && /^\d+$/u.test(text) ? BigInt(text) : [],
    );
    const most = used.reduce((last, each) => (each > last ? each : last), -1n);
    if (most < 0n) continue;
    const wanted = most + 1n;
    const next = await nextOf(connection, table.source);
    if (next >= wanted || wanted > limitOf(column.sourceType)) continue;
    // Where the engine keeps its counter in the table's file, as MyISAM does, it copies the table.
    await changeLong(`ALTER TABLE ${mysqlName(table.source)} AUTO_INCREMENT = ${String(wanted)}`);
  }
}

async function nextOf(connection: Connection, table: string): Promise<bigint> {
  const next = await connection.value(
    "SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?",
    [table],
  );
  if (next === null)
    throw new Fault("schema-changed", `The table ${table} has no AUTO_INCREMENT on the source any more.`);
  return BigInt(next);
}

/** The greatest value of the type: a counter that is used up stays so. */
function limitOf(type: string): bigint {
  const bits = { tinyint: 8n, smallint: 16n, mediumint: 24n, int: 32n, bigint: 64n };
  const name = /^[a-z]+/u.exec(type)?.[0] ?? "";
  const found = Object.entries(bits).find(([each]) => each === name)?.[1];
  if (found === undefined) return (1n << 53n) - 1n;
  return (1n << (/unsigned/u.test(type) ? found : found - 1n)) - 1n;
}
