/**
 * Who is in the server: sessions of the accounts that are fenced, with the transactions that they have open. A fenced
 * session without one is ended at once. One with a transaction that was open when the fence was raised may end it, and is
 * ended then: also where it has begun another, which nobody was told is committed.
 */
import type { OpenTransaction, RaiseOptions } from "../../../src/cutover-port.js";
import { Fault } from "../../../src/errors.js";
import { throwIfStopped } from "../../../src/stop.js";
import type { Connection } from "../connection.js";
import { told } from "./account.js";
import type { Account } from "./account.js";
import type { Hand } from "./session.js";

export interface Running {
  readonly id: string;
  readonly user: string;
  readonly host: string;
  readonly command: string;
  readonly idle: boolean;
  /** It is logging in, and may be refused yet: it runs nothing. Whoever tries again and again is seen so all the time. */
  readonly comingIn: boolean;
  /** When its transaction began, as the server has it; null without one. */
  readonly began: string | null;
  /** Of the transaction, or of the statement. */
  readonly seconds: number;
  readonly rows: number;
}

/** MySQL 9 spells running statements in utf8mb3 there, and ends the whole look where one of them holds an emoji. */
const unspeakable = 3854;
/** Statements come and go: with the pause between two looks this is six seconds. */
const looksAtMost = 50;

/** Everybody but this session, the server's own threads and those that have not logged in yet. */
export async function runningNow(connection: Connection): Promise<readonly Running[]> {
  return await spoken(connection, () => lookAtRunning(connection));
}

/** Every look at the list may meet such a statement, whatever is asked of it. */
async function spoken<T>(connection: Connection, look: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks += 1) {
    try {
      return await look();
    } catch (error) {
      const number = error instanceof Fault ? error.facts["errno"] : null;
      if (number !== unspeakable || looks >= looksAtMost) throw error;
    }
    await connection.query(`DO SLEEP(${pollSeconds})`);
  }
}

async function lookAtRunning(connection: Connection): Promise<readonly Running[]> {
  const rows = await connection.query(
    "SELECT p.ID, p.USER, p.HOST, p.COMMAND, COALESCE(p.STATE, ''), t.trx_started, " +
      "COALESCE(TIMESTAMPDIFF(SECOND, t.trx_started, CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', 'SYSTEM')), p.TIME), " +
      "COALESCE(t.trx_rows_modified, 0) " +
      "FROM information_schema.PROCESSLIST AS p LEFT JOIN information_schema.INNODB_TRX AS t ON t.trx_mysql_thread_id = p.ID " +
      "WHERE p.ID <> CONNECTION_ID() AND p.USER NOT IN ('system user', 'unauthenticated user', 'event_scheduler') " +
      "AND p.COMMAND NOT IN ('Daemon', 'Binlog Dump', 'Binlog Dump GTID') ORDER BY p.ID",
  );
  return rows.flatMap(([id, user, host, command, state, began, seconds, modified]) => {
    const killed = command === "Killed";
    // 5.6 keeps a session that was killed while it waited for its client, until the client is gone: it runs nothing more.
    if (killed && state === "" && (began ?? null) === null) return [];
    return [
      {
        id: id ?? "",
        user: user ?? "",
        host: (host ?? "").replace(/:\d+$/u, ""),
        command: command ?? "",
        idle: command === "Sleep" && (began ?? null) === null,
        // An event that runs has no client's port.
        comingIn:
          (command === "Connect" || (killed && state === "login")) &&
          (began ?? null) === null &&
          /:\d+$/u.test(host ?? ""),
        began: began ?? null,
        seconds: Number(seconds ?? "0"),
        rows: Number(modified ?? "0"),
      },
    ];
  });
}

/** By session: who is logging in, and may have been let in before an account was shut. */
export async function comingIn(connection: Connection): Promise<readonly string[]> {
  const rows = await spoken(connection, () =>
    connection.query(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'unauthenticated user' OR (COMMAND = 'Connect' AND HOST LIKE '%:%')",
    ),
  );
  return rows.map(([id]) => id ?? "");
}

/** An event that runs shows its definer, and no client's host. */
export function isEvent({ command, comingIn }: Running): boolean {
  return command === "Connect" && !comingIn;
}

/** By the user's name, and by the host where only some of the user's accounts are fenced: better one too many than one too few. */
export function isOf(running: Running, accounts: readonly Account[]): boolean {
  return accounts.some(({ user, host }) => user === running.user && mayMatch(host, running.host));
}

/** A host of an account is a pattern of LIKE, an address with a mask, or a name that the server has resolved. */
function mayMatch(pattern: string, host: string): boolean {
  if (pattern === "%" || pattern === "" || pattern.includes("/")) return true;
  const source = pattern.replaceAll(/[%_]|[^%_]+/gsu, (part) =>
    part === "%" ? ".*" : part === "_" ? "." : part.replaceAll(/[.*+?^${}()|[\]\\]/gu, "\\$&"),
  );
  if (new RegExp(`^${source}$`, "isu").test(host)) return true;
  // localhost is 127.0.0.1 and a socket's too, as the server was told to resolve.
  const near = /^(?:localhost|127\.0\.0\.1|::1)$/iu;
  return near.test(pattern) && near.test(host);
}

export function asOpen({ id, user, host, seconds }: Running): OpenTransaction {
  return { session: id, account: told({ user, host }), seconds };
}

/**
 * InnoDB's list of transactions is made anew only when nobody has read it for a tenth of a second: whoever asks more often
 * is told the same for ever.
 */
const pollSeconds = "0.12";
const shortSeconds = "0.01";

/**
 * Resolves when no transaction is open of those whom it `concerns` and that were there at the first look, none that has
 * written, and no session that it `ends`.
 */
export async function settle(
  hand: Hand,
  concerns: (running: Running) => boolean,
  ends: (running: Running) => boolean,
  { endTransactions, onWaiting, signal }: RaiseOptions,
): Promise<void> {
  const { connection } = hand;
  let shown = "";
  let first: ReadonlyMap<string, string | null> | null = null;
  for (;;) {
    throwIfStopped(signal);
    const theirs = (await runningNow(connection)).filter(concerns);
    first ??= new Map(theirs.filter(({ idle }) => !idle).map(({ id, began }) => [id, began]));
    const waited: Running[] = [];
    const ended: string[] = [];
    for (const one of theirs) {
      const old = first.get(one.id);
      const still = old !== undefined && !one.idle && (old === null || one.began === old);
      if (one.command === "Killed") waited.push(one);
      else if ((endTransactions && !one.idle) || (ends(one) && !still)) {
        await hand.end(one.id);
        ended.push(one.id);
      } else if (still || one.rows > 0 || isEvent(one)) waited.push(one);
    }
    const list = waited.map(asOpen);
    const now = list.map(({ session }) => session).join();
    if (now !== shown) onWaiting(list);
    shown = now;
    if (waited.length > 0) await connection.query(`DO SLEEP(${pollSeconds})`);
    else if (ended.length === 0) return;
    else await untilGone(connection, ended, signal);
  }
}

/** A session is in the list until what it had open is rolled back. */
async function untilGone(
  connection: Connection,
  sessions: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    throwIfStopped(signal);
    const left = await spoken(connection, () =>
      connection.query(
        "SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (?) AND NOT (COMMAND = 'Killed' AND COALESCE(STATE, '') = '')",
        [sessions],
      ),
    );
    if (left.length === 0) return;
    await connection.query(`DO SLEEP(${shortSeconds})`);
  }
}
