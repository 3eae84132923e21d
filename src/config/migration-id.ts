/**
 * The id of a migration: a date-like prefix or a Flyway version, then a name. It becomes a folder and a ledger key, so
 * it can hold no slash, no dot and no space, whatever was passed.
 */
import { Fault } from "../errors.js";

export const migrationId = /^(?:[0-9]{8,14}_[a-zA-Z0-9_]+|V[0-9]+(?:_[0-9]+)*__[a-zA-Z0-9_]+)$/u;
/** A folder's name may have 255 bytes; what we append needs some. */
export const migrationIdLength = 200;
export const migrationIdAllowed =
  "8 to 14 digits, _ and letters, digits or _ (20261122_shop), or a Flyway name (V1_2__shop), 200 characters at most";

/** Fault `usage` for an id from the command line that no file could hold. */
export function demandMigrationId(id: string): void {
  if (migrationId.test(id) && id.length <= migrationIdLength) return;
  throw new Fault(
    "usage",
    `--migration is ${JSON.stringify(id.slice(0, 80))}. Allowed: ${migrationIdAllowed}.`,
  );
}
