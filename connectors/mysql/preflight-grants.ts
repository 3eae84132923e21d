/**
 * The account's rights against what the phases need. A right that the copy uses is an error with the exact GRANT;
 * one that only the stream or the way back uses is a warning that names the phase.
 */
import type { Finding, Severity, SourceEngine } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { accountName, databaseName } from "./grant-names.js";
import { routineGrant, showsRoutines } from "./grants.js";
import type { Grants, RoutineRight } from "./grants.js";
import { markerDatabase } from "./own-database.js";
import { finding } from "./preflight-finding.js";

export interface GrantContext {
  readonly engine: SourceEngine;
  readonly database: string;
  /** Tables without a usable key. */
  readonly keyless: readonly string[];
  readonly dynamic: boolean;
  /** The right that shows every routine. */
  readonly routines: RoutineRight;
}

export function judgeGrants(grants: Grants, context: GrantContext): readonly Finding[] {
  const { database, engine } = context;
  const source = `${databaseName(database)}.*`;
  const ours = `${mysqlName(markerDatabase)}.*`;
  const everywhere = "*.*";
  const found: Finding[] = [];
  const missing = (severity: Severity, privilege: string, on: string, why: string): void => {
    found.push(
      finding(
        `grant-${on === ours ? "markers" : privilege.toLowerCase().replaceAll(/[ _]/gu, "-")}`,
        severity,
        `account.${grants.account}`,
        `The account ${grants.account} lacks ${privilege} on ${on}: ${why}`,
        `GRANT ${privilege} ON ${on} TO ${accountName(grants.account)};`,
      ),
    );
  };
  if (!grants.allows("SELECT", database))
    missing(
      grants.allowsSome("SELECT", database) ? "warning" : "error",
      "SELECT",
      source,
      "tables that it may not read are not even seen, and would be left out.",
    );
  if (!grants.allows("SHOW VIEW", database)) {
    const hidden = engine === "mariadb";
    missing(
      hidden ? "error" : "warning",
      "SHOW VIEW",
      source,
      hidden
        ? "MariaDB hides foreign keys from an account that has nothing but SELECT, so they would be lost."
        : "the definitions of views are hidden from it.",
    );
  }
  if (!grants.allows("REPLICATION CLIENT", null) && !grants.allows("SUPER", null))
    missing("error", "REPLICATION CLIENT", everywhere, "the copy notes the log's position before it starts.");
  if (context.dynamic && !grants.allows("XA_RECOVER_ADMIN", null))
    missing(
      "error",
      "XA_RECOVER_ADMIN",
      everywhere,
      "a run must see that no XA transaction is prepared when it starts.",
    );
  const markers = ["CREATE", "SELECT", "INSERT"].filter((each) => !grants.allows(each, markerDatabase));
  if (markers.length > 0)
    missing("error", markers.join(", "), ours, "the copy writes its markers there, and nowhere else.");
  else if (!grants.allows("UPDATE", markerDatabase))
    missing("warning", "UPDATE", ours, "the cutover will write its decision there.");
  if (engine === "mysql") {
    const keyless = context.keyless.length > 0;
    const severity = keyless ? "error" : "info";
    const why = keyless
      ? `the exact cut of tables without a key locks each for a moment (${told(context.keyless)}).`
      : "a run that follows tables which foreign keys tie below the log, and headgate recopy, lock each such table for a moment.";
    if (!grants.allows("RELOAD", null) && !grants.allows("FLUSH_TABLES", null))
      missing(severity, "RELOAD", everywhere, why);
    if (!grants.allows("LOCK TABLES", database)) missing(severity, "LOCK TABLES", source, why);
  }
  // Without these the catalogue shows nothing at all, so an inventory would be empty and look complete.
  for (const [privilege, what] of [
    ["TRIGGER", "triggers"],
    ["EVENT", "events"],
  ] as const)
    if (!grants.allows(privilege, database))
      missing("warning", privilege, source, `the server hides ${what} from it, and check cannot list them.`);
  if (!showsRoutines(grants, context.routines))
    found.push(
      finding(
        "grant-routines",
        "warning",
        `account.${grants.account}`,
        `The account ${grants.account} lacks ${context.routines.privilege} on ${context.routines.on}: the server hides procedures and functions of others from it, and check cannot list them.`,
        routineGrant(context.routines, grants.account),
      ),
    );
  if (!grants.allows("REPLICATION SLAVE", null))
    missing("warning", "REPLICATION SLAVE", everywhere, "the stream without Kafka will need it.");
  return found;
}

function told(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
