/**
 * What the fence's account (`source.admin`) needs, and the GRANT statements that `check --grants` prints for it: it locks
 * accounts, ends sessions, sets read_only and the event scheduler, makes triggers again, and writes through the fence.
 */
import type { SourceEngine } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import { databaseName } from "./grant-names.js";
import { markerDatabase } from "./own-database.js";

export interface Need {
  readonly on: "*.*" | "mysql" | "performance_schema" | "database" | "markers";
  readonly privileges: readonly string[];
}

export interface AdminNeeds {
  readonly engine: SourceEngine;
  /** Whether the server knows XA_RECOVER_ADMIN (MySQL 8 and later). */
  readonly dynamic: boolean;
  readonly database: string;
  /** For triggers that run as somebody else, by the server's own names. */
  readonly definer?: readonly string[];
}

/** What it needs, by where. */
export function adminNeeds({ engine, dynamic }: AdminNeeds): readonly Need[] {
  const everywhere =
    engine === "mariadb"
      ? [
          "CREATE USER",
          "PROCESS",
          "EVENT",
          "SUPER",
          "CONNECTION ADMIN",
          "READ_ONLY ADMIN",
          "BINLOG MONITOR",
          "SLAVE MONITOR",
          "SET USER",
        ]
      : dynamic
        ? [
            "CREATE USER",
            "PROCESS",
            "EVENT",
            "CONNECTION_ADMIN",
            "SYSTEM_VARIABLES_ADMIN",
            "XA_RECOVER_ADMIN",
            "REPLICATION CLIENT",
          ]
        : ["CREATE USER", "PROCESS", "EVENT", "SUPER", "REPLICATION CLIENT"];
  return [
    { on: "*.*", privileges: everywhere },
    { on: "mysql", privileges: ["SELECT"] },
    ...(dynamic && engine === "mysql" ? [{ on: "performance_schema", privileges: ["SELECT"] } as const] : []),
    { on: "database", privileges: ["SELECT", "INSERT", "UPDATE", "DELETE", "ALTER", "TRIGGER", "SHOW VIEW"] },
    {
      on: "markers",
      privileges: ["CREATE", "DROP", "ALTER", "INDEX", "SELECT", "INSERT", "UPDATE", "DELETE"],
    },
  ];
}

export function placeOf(on: Need["on"], database: string): string {
  switch (on) {
    case "*.*":
      return "*.*";
    case "mysql":
    case "performance_schema":
      return `${mysqlName(on)}.*`;
    case "database":
      return `${databaseName(database)}.*`;
    case "markers":
      return `${mysqlName(markerDatabase)}.*`;
  }
}

/** `account` as SQL: 'admin'@'host'. */
export function adminStatements(needs: AdminNeeds, account: string): readonly string[] {
  const grants = adminNeeds(needs).map(
    ({ on, privileges }) => `GRANT ${privileges.join(", ")} ON ${placeOf(on, needs.database)} TO ${account};`,
  );
  // No ACCOUNT LOCK there: rights are taken away and given back.
  if (needs.engine === "mysql" && !needs.dynamic)
    grants.push(`GRANT ALL PRIVILEGES ON ${databaseName(needs.database)}.* TO ${account} WITH GRANT OPTION;`);
  const everywhere = adminNeeds(needs).find(({ on }) => on === "*.*")?.privileges ?? [];
  const definer = (needs.definer ?? []).filter((each) => !everywhere.includes(each));
  if (definer.length > 0) grants.push(`GRANT ${definer.join(", ")} ON *.* TO ${account};`);
  return grants;
}
