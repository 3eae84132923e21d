/**
 * Which servers a test goes through: HEADGATE_TEST_SOURCES and HEADGATE_TEST_TARGETS, lists of the stack's names;
 * without them MySQL 9, MariaDB and PostgreSQL 18. The gate names one source and one target a part, so that every
 * pair is passed by the same tests. One's own source (HEADGATE_TEST_SOURCE_URL) goes by the name of the stack's
 * server that it is most like, found by asking it: a test for that one is a test for this.
 */
import { createConnection } from "mysql2/promise";
import { kinds, names } from "./stack/names.js";
import type { Name } from "./stack/names.js";

export type SourceName = Extract<Name, "mysql9" | "mysql56" | "mariadb">;
export type TargetName = Extract<Name, `postgres${string}`>;

export interface Combination {
  readonly source: SourceName;
  readonly target: TargetName;
}

/** An administrator's URL of one's own server; undefined where the stack's is meant. */
export function ownServer(
  side: "SOURCE" | "TARGET",
  env: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const url = env[`HEADGATE_TEST_${side}_URL`];
  return url === "" ? undefined : url;
}

/** The sources of this run. */
export const testSources: readonly SourceName[] = await sourcesOf(process.env);

/** The targets of this run. One's own goes by the default's name: nothing in a test depends on it. */
export const testTargets: readonly TargetName[] =
  ownServer("TARGET") === undefined
    ? listed("HEADGATE_TEST_TARGETS", isTarget, ["postgres18"], process.env)
    : ["postgres18"];

/** Whether somebody said which servers, rather than leaving it to each test. */
export const serversAreNamed: boolean = ["SOURCES", "TARGETS", "SOURCE_URL", "TARGET_URL"].some(
  (what) => (process.env[`HEADGATE_TEST_${what}`] ?? "") !== "",
);

/** Every source to every target. */
export const combinations: readonly Combination[] = testSources.flatMap((source) =>
  testTargets.map((target) => ({ source, target })),
);

/** The names in a variable. Throws at one that is no such server: a typo would otherwise be a run of nothing. */
export function listed<N extends Name>(
  variable: string,
  fits: (name: Name) => name is N,
  fallback: readonly N[],
  env: NodeJS.ProcessEnv,
): readonly N[] {
  const words = (env[variable] ?? "").split(",").flatMap((word) => (word.trim() === "" ? [] : [word.trim()]));
  if (words.length === 0) return fallback;
  return words.map((word) => {
    const name = names.filter(fits).find((known) => known === word);
    if (name === undefined)
      throw new Error(`${variable} names ${word}; there are ${names.filter(fits).join(", ")}`);
    return name;
  });
}

export function isSource(name: Name): name is SourceName {
  return kinds[name].family === "mysql" || kinds[name].family === "mariadb";
}

export function isTarget(name: Name): name is TargetName {
  return name.startsWith("postgres");
}

async function sourcesOf(env: NodeJS.ProcessEnv): Promise<readonly SourceName[]> {
  const own = ownServer("SOURCE", env);
  return own === undefined
    ? listed("HEADGATE_TEST_SOURCES", isSource, ["mysql9", "mariadb"], env)
    : [await likeness(own)];
}

/** MariaDB says so itself; among MySQLs the JSON type is where the old ones part from the new. */
async function likeness(url: string): Promise<SourceName> {
  const driver = await createConnection({ uri: url, rowsAsArray: true });
  try {
    const [rows] = await driver.query("SELECT VERSION()");
    const version = JSON.stringify(rows);
    const name = /mariadb/iu.test(version) ? "mariadb" : (await hasJson(driver)) ? "mysql9" : "mysql56";
    console.log(`the source of one's own is ${version}; its tests are those of ${name}`);
    return name;
  } finally {
    await driver.end();
  }
}

async function hasJson(driver: Awaited<ReturnType<typeof createConnection>>): Promise<boolean> {
  try {
    await driver.query("SELECT CAST('[]' AS JSON)");
    return true;
  } catch (error) {
    if (error instanceof Error && "errno" in error && error.errno === 1064) return false;
    throw error;
  }
}
