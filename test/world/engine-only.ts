/**
 * Holds what the tests promise: Headgate itself never logs in as an administrator. Loaded before every test that uses
 * servers and by every engine of a test's own, it looks at each login of the connectors, and one of root or postgres ends
 * the process, or fails the test (engine-only-setup.ts); config files and command lines of Headgate processes are looked
 * at before they start. Set-up, writers and oracle may be who they like.
 */
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";

const administrators: ReadonlySet<string> = new Set(["root", "postgres"]);

/** Logins of the engine that were seen, so that a test can show that they are. */
export const seen: string[] = [];

let told = (sentence: string): void => {
  throw new Error(sentence);
};

/** Hands every breach over instead of throwing where nobody may catch it. */
export function tellBreaches(to: (sentence: string) => void): void {
  told = to;
}

function judge(server: string, user: string): void {
  seen.push(`${server} ${user}`);
  if (administrators.has(user)) told(`Headgate logged in to ${server} as ${user}, an administrator`);
}

/** Whether the code under test is the nearest caller: at a named moment it calls a test, which may then log in itself. */
function calledFrom(folder: string): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 60;
  const frames = (new Error("whence").stack ?? "").split("\n");
  Error.stackTraceLimit = limit;
  const nearest = frames.find(
    (frame) => frame.includes(folder) || (/\/test\//u.test(frame) && !frame.includes("/engine-only.")),
  );
  return nearest?.includes(folder) === true;
}

subscribe("tracing:mysql2:connect:start", (message) => {
  if (!calledFrom("/connectors/mysql/")) return;
  const user: unknown = Reflect.get(Object(message), "user");
  judge("MySQL", String(user));
});

const connect: unknown = Reflect.get(pg.Client.prototype, "connect");
Reflect.set(pg.Client.prototype, "connect", function (this: pg.Client, ...rest: unknown[]): unknown {
  if (calledFrom("/connectors/postgres/")) judge("PostgreSQL", String(this.user));
  return Reflect.apply(connect as (...all: unknown[]) => unknown, this, rest);
});

/** Refuses to start a Headgate process whose config or command line names an administrator. */
export function demandAccounts(cwd: string, args: readonly string[]): void {
  const at = args.findIndex((arg) => arg === "-c" || arg === "--config");
  const file = join(cwd, (at < 0 ? undefined : args[at + 1]) ?? "headgate.yaml");
  const texts = [...args, ...(existsSync(file) ? [readFileSync(file, "utf8")] : [])];
  for (const text of texts)
    for (const [, user] of text.matchAll(/(?:mysql|postgresql):\/\/([^:@/\s"']+)[:@]/gu))
      if (administrators.has(user ?? "")) throw new Error(`Headgate would run as ${user ?? ""}: ${text}`);
}
