/**
 * What speaks against a fence before it is raised: accounts that do not exist, our own among them, everybody who could
 * write through it, servers whose log is applied here, and rights that the fence's account lacks, each with the GRANT.
 */
import type { Finding } from "../../../src/model.js";
import type { Connection } from "../connection.js";
import { preparedTransactions } from "../marker.js";
import { finding } from "../preflight-finding.js";
import { allAccounts, meantBy, means, sqlAccount, told } from "./account.js";
import type { Account } from "./account.js";
import { adminFindings } from "./admin.js";
import { lockedAccounts } from "./bolt.js";
import { appliers } from "./life.js";
import { readOnlyNow, superReadOnly } from "./read-only.js";
import { rightsOn } from "./rights.js";
import type { Rights } from "./rights.js";
import { enabledEvents } from "./scheduler.js";
import type { SourceNightOptions } from "./way.js";

/** A right to change rows or tables. */
const writing = ["INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "INDEX", "TRIGGER"];
/** A right to take a fence of accounts down, or to give oneself any other. */
const lifting = ["SUPER", "CREATE USER"];
/** A right that read_only does not hold. */
const passing = ["SUPER", "CONNECTION_ADMIN", "READ_ONLY ADMIN", "READ ONLY ADMIN"];

export async function fenceFindings(
  connection: Connection,
  options: SourceNightOptions,
): Promise<readonly Finding[]> {
  const missing = await adminFindings(connection, options);
  // Without them nothing else could be asked.
  if (missing.some(({ code }) => code === "fence-grant-blind")) return missing;
  return [
    ...missing,
    ...(await namedFindings(connection, options)),
    ...(await passers(connection, options)),
    ...(await serverFindings(connection, options)),
  ];
}

async function namedFindings(
  connection: Connection,
  { way, server, ours }: SourceNightOptions,
): Promise<readonly Finding[]> {
  const { accounts, missing } = await meantBy(connection, way.accounts);
  const found = missing.map((entry) =>
    finding(
      "fence-account-missing",
      "error",
      `account.${entry}`,
      `cutover.fence.accounts names ${entry}, and the source has no such account.`,
      "Name the accounts as SELECT User, Host FROM mysql.user lists them: a user, or user@host.",
    ),
  );
  const forgets = way.method === "read-only" && !(await readOnlyNow(connection)).canPersist;
  if (way.accounts.length === 0 && (way.method === "accounts" || forgets))
    found.push(
      finding(
        "fence-no-accounts",
        "error",
        "cutover.fence.accounts",
        forgets
          ? "cutover.fence.accounts is empty: this server forgets read_only when it is started again, so the accounts are shut as well."
          : "cutover.fence.accounts is empty: the fence would keep nobody out.",
        "Name the application's accounts in cutover.fence.accounts.",
      ),
    );
  for (const account of accounts)
    if (account.user === server.user || ours.includes(account.user))
      found.push(
        finding(
          "fence-own-account",
          "error",
          `account.${told(account)}`,
          `cutover.fence.accounts names ${told(account)}, which Headgate itself logs in as: it would shut itself out.`,
          "Give source.url and source.admin accounts that no application uses.",
        ),
      );
  return found;
}

async function passers(
  connection: Connection,
  { way, server, ours, trusted }: SourceNightOptions,
): Promise<readonly Finding[]> {
  if (way.method === "hook") return [];
  const locked = await lockedAccounts(connection);
  const rights = await rightsOn(connection, server.database);
  const readOnly = way.method === "read-only";
  const routines = await connection.value(
    "SELECT COUNT(*) FROM information_schema.ROUTINES WHERE SECURITY_TYPE = 'DEFINER' AND ROUTINE_SCHEMA = DATABASE()",
  );
  return (await allAccounts(connection)).flatMap((account) => {
    if (locked.has(told(account)) || account.user === server.user || ours.includes(account.user)) return [];
    if (!readOnly && way.accounts.some((entry) => means(entry, account))) return [];
    const held = rights.get(told(account)) ?? new Map<string, ReadonlySet<string>>();
    const writes = among(held, readOnly ? writing : [...writing, ...lifting]);
    const passes = readOnly ? among(held, passing) : writes;
    if (writes.length > 0 && passes.length > 0) return [passer(account, readOnly ? passes : writes, trusted)];
    const runs = !readOnly && routines !== "0" && among(held, ["EXECUTE"]).length > 0;
    return runs ? [byRoutine(account)] : [];
  });
}

/** `INSERT, UPDATE on shop.*`, a text a place. */
function among(rights: Rights, wanted: readonly string[]): readonly string[] {
  return [...rights].flatMap(([on, privileges]) => {
    const some = wanted.filter((each) => privileges.has(each));
    return some.length === 0 ? [] : [`${some.join(", ")} on ${on}`];
  });
}

function passer(account: Account, how: readonly string[], trusted: readonly string[]): Finding {
  const isTrusted = trusted.some((entry) => means(entry, account));
  return finding(
    isTrusted ? "fence-trusted" : "fence-passes",
    isTrusted ? "warning" : "error",
    `account.${told(account)}`,
    `${told(account)} could write through the fence (${how.slice(0, 3).join("; ")})${isTrusted ? ", and is trusted not to" : ""}.`,
    isTrusted
      ? "See to it that nobody uses it during the cutover."
      : `Name it in cutover.fence.accounts, or lock it for the night (ALTER USER ${sqlAccount(account)} ACCOUNT LOCK;), or take its rights away.`,
  );
}

function byRoutine(account: Account): Finding {
  return finding(
    "fence-passes-by-routine",
    "warning",
    `account.${told(account)}`,
    `${told(account)} may run procedures that write with their definer's rights, whatever the fence keeps from it.`,
    "Name it in cutover.fence.accounts, or make sure that nobody calls one during the cutover.",
  );
}

async function serverFindings(
  connection: Connection,
  { way }: SourceNightOptions,
): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  if (await superReadOnly(connection))
    found.push(
      finding(
        "fence-super-read-only",
        "error",
        "server.super_read_only",
        "super_read_only is ON: not even our own account can write its markers and its decision, nor the way back its rows.",
        "SET GLOBAL super_read_only = OFF; or name the primary in source.url.",
      ),
    );
  const from = await appliers(connection);
  if (from !== null && from.length > 0)
    found.push(
      finding(
        "fence-replicates",
        "error",
        "server.replication",
        `The source applies the log of another server (${from.join(", ")}), which no fence here keeps out.`,
        "Name the primary in source.url, or stop the applier (STOP REPLICA SQL_THREAD;).",
      ),
    );
  const prepared = await preparedTransactions(connection);
  if (prepared.length > 0)
    found.push(
      finding(
        "fence-prepared-transactions",
        "error",
        "server.xa",
        `${String(prepared.length)} XA transactions are prepared and not ended: any session may commit them, whatever is fenced.`,
        "XA RECOVER lists them; commit them or roll them back.",
        prepared.length,
      ),
    );
  const events = await enabledEvents(connection);
  if (events.length > 0)
    found.push(
      finding(
        "fence-events",
        "info",
        "server.event_scheduler",
        `${String(events.length)} events are enabled (${events.slice(0, 5).join(", ")}); the event scheduler is off while the fence stands${way.method === "hook" ? ", the hook's too" : ""}, and on again after it.`,
        "Nothing needs to be done; an event that the target is to have is rewritten there.",
        events.length,
      ),
    );
  return found;
}
