/**
 * What would do again what the target has done already: triggers of the source's tables. They are taken away before the
 * way back begins and made again before the source opens; here it is only made sure of, on each connection, because one
 * that somebody has created since would change rows that nobody sent.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { readGrants } from "../grants.js";

/** Faults: source-refused where there is one, grant-missing where it cannot be seen. */
export async function demandNoTriggers(connection: Connection, plan: Plan): Promise<void> {
  const grants = await readGrants(connection);
  if (!grants.allows("TRIGGER", plan.database))
    throw new Fault(
      "grant-missing",
      `${grants.account} does not see the triggers of ${plan.database}, and one of them would change what is written back. An administrator of the source gives TRIGGER on the database.`,
      { next: "headgate check --grants" },
    );
  const tables = new Set(plan.tables.map(({ source }) => source.toLowerCase()));
  const rows = await connection.query(
    "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ?",
    [plan.database],
  );
  const standing = rows.find((row) => tables.has((row[1] ?? "").toLowerCase()));
  if (standing === undefined) return;
  const [trigger, table] = standing;
  throw new Fault(
    "source-refused",
    `The trigger ${trigger ?? ""} stands on ${table ?? ""}: it would act on every row that is written back, as the target's own acts have done already.`,
    { facts: { table: table ?? "" }, next: "Drop the trigger on the source, then headgate run." },
  );
}
