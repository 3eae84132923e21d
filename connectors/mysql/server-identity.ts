/**
 * Which server answers, by its own word: server_uuid, or host name, port and server_id where it has none (MariaDB).
 * A name or an address may lead to another server tomorrow, or after a reconnect in the middle of a copy, and rows of
 * two servers must never be mixed: whoever connects again compares.
 */
import { Fault } from "../../src/errors.js";
import type { Cell } from "./wire/cells.js";

/** The variables that say it, for SHOW VARIABLES. */
export const identityVariables = ["server_uuid", "hostname", "port", "server_id"] as const;

/** From rows of SHOW VARIABLES. */
export function identityOf(rows: readonly (readonly Cell[])[]): string {
  const told = new Map(rows.map(([name, value]) => [(name ?? "").toLowerCase(), value ?? ""]));
  const uuid = told.get("server_uuid") ?? "";
  return uuid === "" ? ["hostname", "port", "server_id"].map((name) => told.get(name) ?? "").join(":") : uuid;
}

/** `place` is host:port, `expected` null where nothing is known yet. */
export function demandIdentity(place: string, expected: string | undefined, found: string): void {
  if (expected === undefined || expected === found) return;
  throw new Fault(
    "server-changed",
    `${place} was the source server ${expected}, and ${found} answers there now.`,
  );
}
