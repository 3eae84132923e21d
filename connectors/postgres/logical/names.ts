/**
 * What the way back is called on the target. Slots and origins are the whole cluster's, so the database is in their
 * names: two migrations of one id into two databases of a server must not meet. Slots take lower case, digits and _ only.
 */
import { createHash } from "node:crypto";
import { databaseOf } from "../connection.js";
import type { PostgresOptions } from "../connection.js";

/** PostgreSQL cuts names at 63 bytes. */
const mostBytes = 63;

/** Slot and publication have one name: it leads from either to the other. */
export function wayBackName(options: Pick<PostgresOptions, "url">, migration: string): string {
  const hash = createHash("sha256")
    .update(`${databaseOf(options)}\0${migration}`)
    .digest("hex")
    .slice(0, 8);
  const bare = migration.toLowerCase().replaceAll(/[^a-z0-9_]/gu, "_");
  return `${`headgate_${bare}`.slice(0, mostBytes - hash.length - 1)}_${hash}`;
}

/** What all of a migration's origins begin with. */
export function originPrefix(options: Pick<PostgresOptions, "url">, migration: string): string {
  return `${wayBackName(options, migration)}_`;
}
