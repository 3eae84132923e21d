/**
 * Holds what the tests promise: Headgate itself never logs in as an administrator. Loaded before every test that uses
 * servers and by every engine of a test's own, it looks at each login of the connectors: one of an administrator ends the
 * process, or fails the test (engine-only-setup.ts). PostgreSQL says itself whether a login is a superuser's; MySQL and
 * MariaDB are asked for the account's rights (administrators.ts), whatever it is called. Accounts of config files and
 * command lines are looked at in the same way as the process starts. The fence's own account is known by its name. Set-up, writers and oracle may be who they like.
 */
import { subscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { powerOf } from "./administrators.js";
import { isNightName } from "./night-name.js";

/** The administrators of the stack, and those of servers of one's own. */
const administrators: ReadonlySet<string> = new Set([
  ...["root", "postgres"],
  ...["SOURCE", "TARGET"].flatMap((side) => {
    const url = process.env[`HEADGATE_TEST_${side}_URL`] ?? "";
    return url === "" ? [] : [decodeURIComponent(new URL(url).username)];
  }),
]);

/** Logins of the engine that were seen, so that a test can show that they are. */
export const seen: string[] = [];

let told = (sentence: string): void => {
  throw new Error(sentence);
};

/** Hands every breach over instead of throwing where nobody may catch it. */
export function tellBreaches(to: (sentence: string) => void): void {
  told = to;
}

/** Questions about accounts that have not been answered yet, each asked once until `settled`. */
const asked = new Map<string, Promise<void>>();

/** When all logins so far are judged. */
export async function settled(): Promise<void> {
  const all = [...asked.values()];
  asked.clear();
  await Promise.all(all);
}

function judge(server: string, user: string, administrator = administrators.has(user)): void {
  seen.push(`${server} ${user}`);
  if (administrator) told(`Headgate logged in to ${server} as ${user}, an administrator`);
  else if (server === "MySQL" && !isNightName(user) && !asked.has(user))
    asked.set(
      user,
      powerOf(user).then((power) => {
        if (power !== null) told(`Headgate logged in to ${server} as ${user}, who has ${power}`);
      }),
    );
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

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

const connect: unknown = Reflect.get(pg.Client.prototype, "connect");
Reflect.set(pg.Client.prototype, "connect", function (this: pg.Client, ...rest: unknown[]): unknown {
  if (calledFrom("/connectors/postgres/"))
    this.connection.on("parameterStatus", ({ parameterName, parameterValue }: ParameterStatus) => {
      if (parameterName === "is_superuser") judge("PostgreSQL", String(this.user), parameterValue === "on");
    });
  return Reflect.apply(connect as (...all: unknown[]) => unknown, this, rest);
});

/** Refuses to start a Headgate process whose config or command line names an administrator. */
export function demandAccounts(cwd: string, args: readonly string[]): void {
  for (const { user, text } of named(cwd, args))
    if (administrators.has(user)) throw new Error(`Headgate would run as ${user}: ${text}`);
}

/** The same by the rights that the sources say the accounts have. */
export async function demandRights(cwd: string, args: readonly string[]): Promise<void> {
  const users = new Set(named(cwd, args).flatMap(({ server, user }) => (server === "mysql" ? [user] : [])));
  for (const user of users) {
    if (isNightName(user)) continue;
    const power = await powerOf(user);
    if (power !== null) throw new Error(`Headgate would run as ${user}, who has ${power}`);
  }
}

interface Named {
  readonly server: string;
  readonly user: string;
  readonly text: string;
}

function named(cwd: string, args: readonly string[]): readonly Named[] {
  const at = args.findIndex((arg) => arg === "-c" || arg === "--config");
  const file = join(cwd, (at < 0 ? undefined : args[at + 1]) ?? "headgate.yaml");
  const texts = [...args, ...(existsSync(file) ? [readFileSync(file, "utf8")] : [])];
  return texts.flatMap((text) =>
    [...text.matchAll(/(mysql|postgresql):\/\/([^:@/\s"']+)[:@]/gu)].map(([, server = "", user = ""]) => ({
      ...{ server, user, text },
    })),
  );
}
