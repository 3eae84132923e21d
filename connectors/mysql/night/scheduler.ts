/**
 * The server's event scheduler, which writes without any client. It is switched off for the night by SET GLOBAL: what a
 * server has persisted stays as it was. An event that runs already runs on, and is waited for like a transaction.
 */
import type { Connection } from "../connection.js";
import type { Hand } from "./session.js";

/** ON, OFF, or DISABLED, which no statement changes. */
export async function schedulerNow(connection: Connection): Promise<string> {
  return ((await connection.variables(["event_scheduler"])).get("event_scheduler") ?? "OFF").toUpperCase();
}

export async function stopScheduler(hand: Hand): Promise<void> {
  if ((await schedulerNow(hand.connection)) === "ON") await hand.change("SET GLOBAL event_scheduler = OFF");
}

export async function restoreScheduler(hand: Hand, noted: string): Promise<void> {
  if (noted === "ON" && (await schedulerNow(hand.connection)) === "OFF")
    await hand.change("SET GLOBAL event_scheduler = ON");
}

/** Events that would run, of any database that this account may look into. */
export async function enabledEvents(connection: Connection): Promise<readonly string[]> {
  const rows = await connection.query(
    "SELECT EVENT_SCHEMA, EVENT_NAME FROM information_schema.EVENTS WHERE STATUS = 'ENABLED' ORDER BY 1, 2",
  );
  return rows.map(([schema, name]) => `${schema ?? ""}.${name ?? ""}`);
}
