/**
 * Accounts of the source with rights on the database, and the grants that roles of the target would need for the
 * same. Headgate makes no accounts: the statements are for a person, who knows which of them the application uses.
 */
import type { Catalogue, PlanAccount, ProgramRisk, SourceAccount } from "../../model.js";
import { postgresName } from "../../safety/identifier.js";
import type { Findings } from "../finding.js";
import { byCodeUnit } from "../order.js";

/** A privilege on tables, and what gives it on the target. */
const onTables: Readonly<Record<string, string>> = {
  SELECT: "SELECT",
  INSERT: "INSERT",
  UPDATE: "UPDATE",
  DELETE: "DELETE",
  DROP: "TRUNCATE",
  REFERENCES: "REFERENCES",
  TRIGGER: "TRIGGER",
};

/** Who has all of these on everything runs the server, and is told as such. */
const administrator = ["SUPER", "CREATE USER", "SYSTEM_VARIABLES_ADMIN", "SHUTDOWN"];

/** The accounts in order; null, and a finding, where they could not be read. */
export function accountRights(
  catalogue: Catalogue,
  schema: string,
  findings: Findings,
): readonly PlanAccount[] | null {
  const { accounts, database } = catalogue;
  if (accounts === undefined) return null;
  if (accounts === null) {
    findings.add({
      code: "accounts-not-read",
      severity: "info",
      object: `${database}.accounts`,
      sentence:
        "Which accounts have rights on the database cannot be seen: this account may not read the database mysql.",
      fix: "headgate check --grants prints the right under accounts, for the time of the assessment; or list the accounts by hand.",
    });
    return null;
  }
  const names = [...new Set(accounts.map(({ account }) => account))].sort(byCodeUnit);
  const planned = names.map((account) => {
    const lines = accounts.filter((line) => line.account === account);
    return {
      account,
      risk: riskOf(lines),
      rights: lines.map(({ on, privileges }) => `${privileges.join(", ")} on ${on}`),
      grants: grantsFor(account, lines, database, schema),
    };
  });
  for (const { account, risk, grants } of planned) {
    const lines = accounts.filter((line) => line.account === account);
    if (
      lines.some(
        ({ on, privileges }) => on === "*.*" && privileges.some((each) => administrator.includes(each)),
      )
    )
      continue;
    const rights = lines.map(({ on, privileges }) => `${shortened(privileges)} on ${on}`).join("; ");
    findings.add({
      code: "account-not-carried",
      severity: "info",
      object: `account.${account}`,
      sentence: `The account ${account} has ${rights} (risk ${risk}); accounts are not carried over.`,
      fix:
        grants.length === 0
          ? "Nothing of it has a like on the target."
          : `If the application logs in with it: ${grants.join(" ")}`,
    });
  }
  return planned;
}

/** What passes the application's own rights: other accounts, files, the server itself. */
const farReaching = /^(?:GRANT OPTION|ALL PRIVILEGES|SUPER|FILE|SHUTDOWN|CREATE USER|PROXY|.*(?:_| )ADMIN)$/u;
/** What changes the schema, and so what the migration was planned with. */
const changesSchema = /^(?:CREATE|ALTER|DROP|INDEX|TRIGGER|EVENT|REFERENCES)\b/u;

/** `high`: it can give its rights away or pass them; `medium`: it can change the schema; `low`: it reads and writes rows. */
function riskOf(lines: readonly SourceAccount[]): ProgramRisk {
  const privileges = lines.flatMap((line) => line.privileges);
  if (privileges.some((each) => farReaching.test(each))) return "high";
  return privileges.some((each) => changesSchema.test(each)) ? "medium" : "low";
}

function shortened(privileges: readonly string[]): string {
  return privileges.length > 10 ? `${String(privileges.length)} privileges` : privileges.join(", ");
}

function grantsFor(
  account: string,
  lines: readonly SourceAccount[],
  database: string,
  schema: string,
): readonly string[] {
  const role = postgresName(account.slice(0, Math.max(0, account.lastIndexOf("@"))) || account);
  const place = postgresName(schema);
  const grants = lines.flatMap(({ on, privileges }) => {
    const tables = privileges.flatMap((each) => onTables[each] ?? []);
    const whole = on === "*.*" || on === `${database}.*`;
    const column = /\((.*)\)$/su.exec(on)?.[1];
    const table = whole ? "" : on.slice(database.length + 1).replace(/\(.*\)$/su, "");
    const what =
      column === undefined
        ? tables.join(", ")
        : tables.map((each) => `${each} (${postgresName(column)})`).join(", ");
    return [
      ...(tables.length === 0
        ? []
        : [
            `GRANT ${what} ON ${whole ? `ALL TABLES IN SCHEMA ${place}` : `${place}.${postgresName(table)}`} TO ${role};`,
          ]),
      ...(whole && privileges.includes("INSERT")
        ? [`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${place} TO ${role};`]
        : []),
      ...(whole && privileges.includes("EXECUTE")
        ? [`GRANT EXECUTE ON ALL ROUTINES IN SCHEMA ${place} TO ${role};`]
        : []),
      ...(whole && privileges.includes("CREATE") ? [`GRANT CREATE ON SCHEMA ${place} TO ${role};`] : []),
    ];
  });
  return grants.length === 0 ? [] : [`GRANT USAGE ON SCHEMA ${place} TO ${role};`, ...grants];
}
