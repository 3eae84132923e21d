/**
 * The one row that decides a cutover, in the source's database `headgate`: open -> switch or open -> abort, by one
 * statement whose WHERE is the comparison. Whoever asks again is told what stands, so an engine that died before it heard
 * the answer asks.
 */
import type { Decision, DecisionRow } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection } from "../connection.js";
import { alone, markerDatabase, standing } from "../own-database.js";
import type { NightSession } from "./session.js";

const duplicate = 1062;

const name = "decision";
const columns = ["cutover", "decision", "decided_at"] as const;
const table = `${mysqlName(markerDatabase)}.${mysqlName(name)}`;

export class MysqlDecision implements DecisionRow {
  readonly #session: NightSession;

  constructor(session: NightSession) {
    this.#session = session;
  }

  async read(cutover: string): Promise<Decision | null> {
    return this.#session.read((connection) => decisionOf(connection, cutover));
  }

  async begin(cutover: string): Promise<void> {
    await this.#session.write(async ({ connection, change }) => {
      if ((await decisionOf(connection, cutover)) !== null) return;
      // With its row in it, the table is nobody else's to drop.
      await alone(connection, async () => {
        if (!(await exists(connection))) {
          await change(
            `CREATE DATABASE IF NOT EXISTS ${mysqlName(markerDatabase)} DEFAULT CHARACTER SET utf8mb4`,
          );
          await change(
            `CREATE TABLE IF NOT EXISTS ${table} (` +
              "cutover VARCHAR(120) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, " +
              "decision VARCHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, " +
              "decided_at TIMESTAMP NULL DEFAULT NULL) ENGINE = InnoDB",
          );
        }
        try {
          await change(`INSERT INTO ${table} (cutover, decision) VALUES (?, 'open')`, [cutover]);
        } catch (error) {
          // Somebody has begun it since it was asked: then it is begun.
          if (!(error instanceof Fault) || error.facts["errno"] !== duplicate) throw error;
        }
      });
    });
  }

  async decide(cutover: string, to: "switch" | "abort"): Promise<"switch" | "abort"> {
    return this.#session.write(async ({ connection, change }) => {
      await change(
        `UPDATE ${table} SET decision = ?, decided_at = UTC_TIMESTAMP() WHERE cutover = ? AND decision = 'open'`,
        [to, cutover],
      );
      const stands = await decisionOf(connection, cutover);
      if (stands === null || stands === "open")
        throw new Fault("ledger-mismatch", `The source has no decision of ${cutover} that could be made.`);
      return stands;
    });
  }
}

async function exists(connection: Connection): Promise<boolean> {
  return (
    (await connection.value(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?",
      [markerDatabase, name],
    )) !== null
  );
}

async function decisionOf(connection: Connection, cutover: string): Promise<Decision | null> {
  if (!(await exists(connection))) return null;
  const found = await connection.value(`SELECT decision FROM ${table} WHERE cutover = ?`, [cutover]);
  if (found === null || found === "open" || found === "switch" || found === "abort") return found;
  throw new Fault("ledger-mismatch", `The source's decision of ${cutover} is ${JSON.stringify(found)}.`);
}

/** How many decisions of these cutovers there are, and how many of others; null where there is no such table of ours. Reads only. */
export async function decisionsOf(
  connection: Connection,
  cutovers: readonly string[],
): Promise<{ readonly own: number; readonly others: number } | null> {
  if ((await standing(connection, name, columns)) !== "ours") return null;
  const rows = await connection.query(`SELECT cutover FROM ${table}`);
  const own = rows.filter(([cutover]) => cutovers.includes(cutover ?? "")).length;
  return { own, others: rows.length - own };
}

/** Forgets these decisions, and drops the table where no other one is in it. Alone in the database. */
export async function forgetDecisions(connection: Connection, cutovers: readonly string[]): Promise<void> {
  const found = await decisionsOf(connection, cutovers);
  if (found === null) return;
  for (const cutover of found.own > 0 ? cutovers : [])
    await connection.query(`DELETE FROM ${table} WHERE cutover = ?`, [cutover]);
  if (found.others === 0) await connection.query(`DROP TABLE ${table}`);
}
