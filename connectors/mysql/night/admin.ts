/**
 * Which rights of those that the fence's account needs it lacks, each with the GRANT. On MySQL 5.6 it takes rights away and
 * gives them back, which only who has them may.
 */
import type { Finding } from "../../../src/model.js";
import { adminNeeds, placeOf } from "../admin-rights.js";
import type { Connection } from "../connection.js";
import { accountName } from "../grant-names.js";
import { knownPrivileges, readGrants } from "../grants.js";
import type { Grants } from "../grants.js";
import { markerDatabase } from "../own-database.js";
import { finding } from "../preflight-finding.js";
import { meantBy } from "./account.js";
import { boltsOf } from "./bolt.js";
import { rightsOn } from "./rights.js";
import type { SourceNightOptions } from "./way.js";

export async function adminFindings(
  connection: Connection,
  options: SourceNightOptions,
): Promise<readonly Finding[]> {
  const { database } = options.server;
  const grants = await readGrants(connection);
  const known = await knownPrivileges(connection);
  const dynamic = connection.engine === "mysql" && known.has("XA_RECOVER_ADMIN");
  const found = adminNeeds({ engine: connection.engine, dynamic, database }).flatMap(({ on, privileges }) => {
    const where = {
      "*.*": null,
      mysql: "mysql",
      performance_schema: "performance_schema",
      database,
      markers: markerDatabase,
    }[on];
    const missing = privileges.filter((each) => !has(grants, each, where));
    if (missing.length === 0) return [];
    const blind = on === "mysql" || missing.includes("PROCESS");
    return [
      lacking(
        blind ? "fence-grant-blind" : "fence-grant",
        grants.account,
        missing.join(", "),
        placeOf(on, database),
      ),
    ];
  });
  if (found.some(({ code }) => code === "fence-grant-blind")) return found;
  return [
    ...found,
    ...(await abovePower(connection, options, grants)),
    ...(await regranting(connection, options, grants)),
  ];
}

/** SUPER stands for the rights that it was parted into, on servers that take it for them. */
const parted = new Set(["CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN", "CONNECTION ADMIN", "SET USER"]);

function has(grants: Grants, privilege: string, database: string | null): boolean {
  const names = spellings.get(privilege) ?? [privilege];
  return (
    names.some((name) => grants.allows(name, database)) ||
    (parted.has(privilege) && grants.allows("SUPER", null))
  );
}

/** As SHOW GRANTS has them, where that differs. */
const spellings: ReadonlyMap<string, readonly string[]> = new Map([
  ["BINLOG MONITOR", ["REPLICATION CLIENT", "BINLOG MONITOR"]],
  ["READ_ONLY ADMIN", ["READ_ONLY ADMIN", "READ ONLY ADMIN"]],
  ["SLAVE MONITOR", ["SLAVE MONITOR", "REPLICA MONITOR"]],
]);

function lacking(code: string, account: string, privileges: string, on: string, option = ""): Finding {
  return finding(
    code,
    "error",
    `account.${account}`,
    `The fence's account ${account} lacks ${privileges} on ${on}${option === "" ? "" : ", to give it back"}.`,
    `GRANT ${privileges} ON ${on} TO ${accountName(account)}${option};`,
  );
}

/** MySQL 8 protects accounts with SYSTEM_USER from everybody without it. */
async function abovePower(
  connection: Connection,
  options: SourceNightOptions,
  grants: Grants,
): Promise<readonly Finding[]> {
  if (options.way.method === "hook" || grants.allows("SYSTEM_USER", null)) return [];
  const rights = await rightsOn(connection, options.server.database);
  const { accounts } = await meantBy(connection, options.way.accounts);
  const above = accounts.filter(
    ({ user, host }) => rights.get(`${user}@${host}`)?.get("*.*")?.has("SYSTEM_USER") === true,
  );
  return above.length === 0 ? [] : [lacking("fence-grant", grants.account, "SYSTEM_USER", "*.*")];
}

/** Where accounts cannot be locked: what is revoked of them must be ours to give. */
async function regranting(
  connection: Connection,
  options: SourceNightOptions,
  grants: Grants,
): Promise<readonly Finding[]> {
  if (options.way.method === "hook") return [];
  const { accounts } = await meantBy(connection, options.way.accounts);
  const at = grants.account.lastIndexOf("@");
  const self = { user: grants.account.slice(0, at), host: grants.account.slice(at + 1) };
  const [own] = await boltsOf(connection, [self]);
  if (own === undefined || "locked" in own) return [];
  const may = (on: string, privileges: readonly string[]): boolean =>
    own.held.some(
      (held) =>
        held.grantable &&
        (held.on === "*.*" ||
          held.on === on ||
          (held.on.endsWith(".*") && on.startsWith(held.on.slice(0, -1)))) &&
        privileges.every((each) => held.privileges.includes(each.replace(/ \(.*$/su, ""))),
    );
  const found: Finding[] = [];
  for (const bolt of await boltsOf(connection, accounts)) {
    if ("locked" in bolt) continue;
    for (const { on, privileges } of bolt.held)
      if (!may(on, privileges))
        found.push(
          lacking(
            "fence-grant",
            grants.account,
            privileges.length === 0 ? "USAGE" : privileges.join(", "),
            on,
            " WITH GRANT OPTION",
          ),
        );
    for (const { on } of bolt.proxies)
      if (!own.proxies.some((proxy) => proxy.grantable && [on, "''@''"].includes(proxy.on)))
        found.push(lacking("fence-grant", grants.account, "PROXY", on, " WITH GRANT OPTION"));
  }
  return found.filter(({ fix }, index) => found.findIndex((one) => one.fix === fix) === index);
}
