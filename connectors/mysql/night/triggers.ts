/**
 * The triggers on the plan's tables: they would fire on what the way back writes, and write it twice. Dropped after the
 * fence, made again before the source opens, byte for byte: from the server's own statement, in the sql_mode and character
 * sets that each was made in, and in its order among those of one event. Last ones are dropped first and made last, so that
 * whatever an engine left half done is the beginning of that order.
 */
import type { Note } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import type { Plan } from "../../../src/model.js";
import { mysqlName } from "../../../src/safety/identifier.js";
import type { Connection } from "../connection.js";
import { readGrants } from "../grants.js";
import { list, record, text } from "./noted.js";
import type { Hand } from "./session.js";

export interface Trigger {
  readonly name: string;
  readonly table: string;
  /** `BEFORE INSERT` */
  readonly event: string;
  readonly definer: string;
  /** CREATE TRIGGER as the server prints it. */
  readonly statement: string;
  readonly mode: string;
  readonly client: string;
  readonly collation: string;
  readonly database: string;
}

/** In the order in which they are made. */
export async function triggersOf(connection: Connection, plan: Plan): Promise<readonly Trigger[]> {
  const rows = await connection.query(
    "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION), DEFINER " +
      "FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE() AND EVENT_OBJECT_SCHEMA = DATABASE() " +
      "ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER, TRIGGER_NAME",
  );
  const planned = new Set(plan.tables.map(({ source }) => source));
  const triggers: Trigger[] = [];
  for (const row of rows) {
    const [name, table, event, definer] = row.map((cell) => cell ?? "");
    if (name === undefined || table === undefined || !planned.has(table)) continue;
    const [shown] = await connection.query(`SHOW CREATE TRIGGER ${mysqlName(name)}`);
    const [, mode, statement, client, collation, database] = shown ?? [];
    if (statement === undefined || statement === null)
      throw new Fault("grant-missing", `The source does not show the trigger ${name} to our account.`);
    triggers.push({
      ...{ name, table, event: event ?? "", definer: definer ?? "", statement, mode: mode ?? "" },
      ...{ client: client ?? "", collation: collation ?? "", database: database ?? "" },
    });
  }
  return triggers;
}

/** Why the trigger could not be made again as it is, as the end of a sentence; null where it can. */
export function unmakable(trigger: Trigger, databaseCollation: string): string | null {
  // Our session speaks UTF-8; letters of others arrive in it, and would have to be sent back in the trigger's own.
  if (
    !/^(?:utf8|utf8mb3|utf8mb4)$/u.test(trigger.client) &&
    Buffer.byteLength(trigger.statement) > trigger.statement.length
  )
    return `its text has letters past ASCII and was made in ${trigger.client}`;
  if (trigger.database !== databaseCollation)
    return `it was made while the database's collation was ${trigger.database}, which is ${databaseCollation} now`;
  return null;
}

export async function databaseCollation(connection: Connection): Promise<string> {
  return (await connection.value("SELECT @@collation_database")) ?? "";
}

export async function triggersNote(connection: Connection, plan: Plan): Promise<Note> {
  const trust = (await connection.variables(["log_bin_trust_function_creators"])).get(
    "log_bin_trust_function_creators",
  );
  return { triggers: await triggersOf(connection, plan), trust: trust?.toUpperCase() ?? "ON" };
}

export async function dropTriggers(hand: Hand, note: Note): Promise<void> {
  const { connection, change } = hand;
  const triggers = triggersIn(note);
  const collation = await databaseCollation(connection);
  for (const trigger of triggers) {
    const why = unmakable(trigger, collation);
    if (why !== null)
      throw new Fault("source-refused", `The trigger ${trigger.name} could not be made again: ${why}.`);
  }
  const there = await namesNow(connection);
  await trusted(hand, note, async () => {
    for (const trigger of [...triggers].reverse())
      if (there.has(trigger.name)) await change(`DROP TRIGGER ${mysqlName(trigger.name)}`);
  });
}

export async function createTriggers(hand: Hand, note: Note): Promise<void> {
  const { connection, change } = hand;
  const triggers = triggersIn(note);
  const there = await namesNow(connection);
  await trusted(hand, note, async () => {
    try {
      for (const [at, trigger] of triggers.entries()) {
        if (there.has(trigger.name)) continue;
        // One that stands would come before it.
        for (const after of triggers.slice(at + 1))
          if (after.table === trigger.table && after.event === trigger.event && there.delete(after.name))
            await change(`DROP TRIGGER ${mysqlName(after.name)}`);
        await connection.query(
          "SET SESSION sql_mode = ?, character_set_client = ?, collation_connection = ?",
          [trigger.mode, trigger.client, trigger.collation],
        );
        await change(trigger.statement);
      }
    } finally {
      // Whatever happened, unless the session is gone: it then does not matter.
      if (connection.open) await restored(connection);
    }
  });
}

/** For a session that is lost the first failure is the one to tell. */
async function restored(connection: Connection): Promise<void> {
  try {
    await connection.query("SET NAMES utf8mb4");
    await connection.query("SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION'");
  } catch (error) {
    if (!(error instanceof Fault) || !error.retriable) throw error;
  }
}

async function namesNow(connection: Connection): Promise<Set<string>> {
  const rows = await connection.query(
    "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
  );
  return new Set(rows.map(([name]) => name ?? ""));
}

/**
 * With a binary log only SUPER makes triggers, unless the server trusts whoever may: it does for this moment. What it was
 * stands in the note, so that an engine that died in between is no reason for it to stay so.
 */
async function trusted(hand: Hand, note: Note, act: () => Promise<void>): Promise<void> {
  const { connection, change } = hand;
  const needed = note["trust"] === "OFF" && !(await readGrants(connection)).allows("SUPER", null);
  if (needed) await change("SET GLOBAL log_bin_trust_function_creators = ON");
  await act();
  if (needed) await change("SET GLOBAL log_bin_trust_function_creators = OFF");
}

function triggersIn(note: Note): readonly Trigger[] {
  return list(note["triggers"], "triggers").map((value) => {
    const trigger = record(value, "triggers");
    const part = (name: keyof Trigger): string => text(trigger[name], name);
    return {
      ...{ name: part("name"), table: part("table"), event: part("event"), definer: part("definer") },
      ...{ statement: part("statement"), mode: part("mode"), client: part("client") },
      ...{ collation: part("collation"), database: part("database") },
    };
  });
}
