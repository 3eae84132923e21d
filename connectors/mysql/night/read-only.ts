/**
 * read_only for the night, never super_read_only: our own account passes it, for markers and the way back. Where the
 * server can persist it, it stands after a restart too; elsewhere it is forgotten, and accounts are shut as well.
 */
import { Fault } from "../../../src/errors.js";
import type { Connection } from "../connection.js";
import type { Hand } from "./session.js";

/** As it was before the fence. */
export interface ReadOnly {
  readonly global: string;
  /** What a restart would bring back; null where nothing is persisted, or the server persists nothing. */
  readonly persisted: string | null;
  readonly canPersist: boolean;
}

export async function readOnlyNow(connection: Connection): Promise<ReadOnly> {
  const settings = await connection.variables(["read_only", "super_read_only", "persisted_globals_load"]);
  // Whoever has switched that off starts without what is persisted.
  const canPersist = settings.get("persisted_globals_load")?.toUpperCase() === "ON";
  const persisted = canPersist
    ? await connection.value(
        "SELECT VARIABLE_VALUE FROM performance_schema.persisted_variables WHERE VARIABLE_NAME = 'read_only'",
      )
    : null;
  return {
    global: onOff(settings.get("read_only") ?? "OFF"),
    persisted: persisted === null ? null : onOff(persisted),
    canPersist,
  };
}

export async function superReadOnly(connection: Connection): Promise<boolean> {
  return (await connection.variables(["super_read_only"])).get("super_read_only")?.toUpperCase() === "ON";
}

/** MariaDB 12 has more values; whatever is not OFF keeps writers out. */
function onOff(value: string): string {
  const upper = value.toUpperCase();
  return upper === "1" ? "ON" : upper === "0" ? "OFF" : upper;
}

export async function raiseReadOnly(hand: Hand): Promise<void> {
  const now = await readOnlyNow(hand.connection);
  if (now.canPersist ? now.persisted === "ON" && now.global === "ON" : now.global === "ON") return;
  await hand.change(now.canPersist ? "SET PERSIST read_only = ON" : "SET GLOBAL read_only = ON");
}

export async function lowerReadOnly(hand: Hand, noted: ReadOnly): Promise<void> {
  const now = await readOnlyNow(hand.connection);
  if (now.persisted !== noted.persisted) {
    if (noted.persisted === null) await hand.change("RESET PERSIST IF EXISTS read_only");
    else await hand.change(`SET PERSIST read_only = ${value(noted.persisted)}`);
  }
  if ((await readOnlyNow(hand.connection)).global !== noted.global)
    await hand.change(`SET GLOBAL read_only = ${value(noted.global)}`);
}

function value(text: string): string {
  if (text === "ON" || text === "OFF") return text;
  throw new Fault(
    "source-refused",
    `read_only was ${JSON.stringify(text)}, which Headgate cannot set again.`,
  );
}
