/**
 * What speaks against a cutover and a way back for these very tables, beside the fence: triggers, which are dropped for the
 * night and made again, and tables whose engine takes back nothing when a batch of the way back fails.
 */
import type { Finding, Plan } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { definerRights, definersOf, lackedOf } from "../definer-rights.js";
import { accountName } from "../grant-names.js";
import { knownPrivileges, readGrants } from "../grants.js";
import type { Grants } from "../grants.js";
import { finding } from "../preflight-finding.js";
import { databaseCollation, triggersOf, unmakable } from "./triggers.js";
import type { Trigger } from "./triggers.js";

export async function planFindings(connection: Connection, plan: Plan): Promise<readonly Finding[]> {
  return [...(await ofTriggers(connection, plan)), ...(await ofEngines(connection, plan))];
}

async function ofTriggers(connection: Connection, plan: Plan): Promise<readonly Finding[]> {
  const triggers = await triggersOf(connection, plan);
  const collation = await databaseCollation(connection);
  const grants = await readGrants(connection);
  return [
    ...triggers.flatMap((trigger) => {
      const why = unmakable(trigger, collation);
      const object = `trigger.${trigger.name}`;
      if (why === null)
        return [
          finding(
            "trigger-remade",
            "info",
            object,
            `The trigger ${trigger.name} on ${trigger.table} is dropped once the source is fenced, so that it does not fire on what the way back writes, and made again before the source opens.`,
            "Nothing needs to be done.",
          ),
        ];
      return [
        finding(
          "trigger-not-remade",
          "error",
          object,
          `The trigger ${trigger.name} on ${trigger.table} could not be made again as it is: ${why}.`,
          "Make it anew over a connection of utf8mb4 with the database's collation of today, before the cutover.",
        ),
      ];
    }),
    ...(await ofDefiners(connection, triggers, grants)),
  ];
}

/** Only SUPER, or the rights that it was parted into, make a trigger that runs as somebody else. */
async function ofDefiners(
  connection: Connection,
  triggers: readonly Trigger[],
  grants: Grants,
): Promise<readonly Finding[]> {
  const database = (await connection.value("SELECT DATABASE()")) ?? "";
  const theirs = triggers.filter(({ definer }) => definer !== grants.account);
  if (theirs.length === 0) return [];
  const definers = await definersOf(
    connection,
    database,
    theirs.map(({ definer }) => definer),
    grants.account,
  );
  const missing = lackedOf(definerRights(await knownPrivileges(connection), definers), grants).join(", ");
  if (missing === "") return [];
  return [
    finding(
      "trigger-definer",
      "error",
      `account.${grants.account}`,
      `The fence's account ${grants.account} lacks ${missing} on *.*: ${theirs.length === 1 ? "a trigger runs" : `${String(theirs.length)} triggers run`} as somebody else (${definers.others.slice(0, 3).join(", ")}) and could not be made again.`,
      `GRANT ${missing} ON *.* TO ${accountName(grants.account)};`,
      theirs.length,
    ),
  ];
}

async function ofEngines(connection: Connection, plan: Plan): Promise<readonly Finding[]> {
  const rows = await connection.query(
    "SELECT t.TABLE_NAME, t.ENGINE FROM information_schema.TABLES AS t LEFT JOIN information_schema.ENGINES AS e ON e.ENGINE = t.ENGINE " +
      "WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' AND COALESCE(e.TRANSACTIONS, 'NO') <> 'YES' ORDER BY 1",
  );
  const planned = new Set(plan.tables.map(({ source }) => source));
  return rows.flatMap(([table, engine]) =>
    table === null || table === undefined || !planned.has(table)
      ? []
      : [
          finding(
            "way-back-not-atomic",
            "warning",
            table,
            `${table} is stored by ${engine ?? "an engine without a name"}, which has no transactions: a batch of the way back that is cut off stays half written there, until it is written again.`,
            `ALTER TABLE ${table} ENGINE = InnoDB; or know that a rollback in that very moment waits for the batch.`,
          ),
        ],
  );
}
