/**
 * One migration of a test's own, end to end: a source database, a target database, a folder with headgate.yaml, the
 * real command line, and the oracle as judge. A run can be started and watched through its ledger, so that a test acts
 * when something has happened and never after a time.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { Client } from "pg";
import { loginOf } from "./accounts.js";
import { demandAccounts, demandRights } from "./engine-only.js";
import { headgate, lastObject } from "./headgate.js";
import { feedLine, kafkaWorld } from "./kafka-world.js";
import type { Ended } from "./headgate.js";
import { compare } from "./oracle/oracle.js";
import type { OracleOptions, TableVerdict } from "./oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase, SourceName } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase, TargetName } from "./target-database.js";

export type Said = Readonly<Record<string, unknown>>;

export interface Running {
  readonly child: ChildProcess;
  /** Resolves as soon as the log fits; rejects when the process ends before. */
  logged(text: RegExp): Promise<void>;
  /** Resolves when the process has ended. `signal` is what killed it. */
  readonly end: Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
}

export interface Journey extends AsyncDisposable {
  readonly migration: string;
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  readonly folder: string;
  /** Writes headgate.yaml: both URLs and the id, then these lines; another target port is a proxy's, `replica` is source.replica's URL, `source` another source's. */
  configure(
    lines: readonly string[],
    places?: { readonly target?: number; readonly replica?: string; readonly source?: string },
  ): void;
  headgate(...args: readonly string[]): Promise<Ended>;
  /** `headgate ...args --json`, which must end with this exit code; its final object. */
  said(exit: number, ...args: readonly string[]): Promise<Said>;
  /** Starts the process and returns at once. */
  start(args: readonly string[], options?: StartOptions): Running;
  /** The oracle's verdict on every table. */
  judge(options?: Partial<OracleOptions>): Promise<TableVerdict[]>;
}

export interface StartOptions {
  readonly cwd?: string;
  /** Options of node itself. */
  readonly node?: readonly string[];
}

export const toTheEnd = ["run", "--until", "copied", "--json"] as const;

/** Every migration of the test over Kafka, by a connector that it registers itself: the gate has some tests so as well. */
const overKafka = process.env["HEADGATE_TEST_FEED"] === "kafka";

/** Both databases, empty, and a headgate.yaml that joins them. */
export async function journey(
  name: string,
  server: SourceName = "mysql9",
  targetServer: TargetName = "postgres18",
  migration = `20261122_${name}`,
): Promise<Journey> {
  const source = await sourceDatabase(name, server);
  const target = await targetDatabase(name, targetServer);
  const folder = mkdtempSync(join(tmpdir(), `headgate-${name}-`));
  const kafka = overKafka ? await kafkaWorld(name) : null;
  const from = new URL(await sourceUrl(server));
  from.pathname = `/${encodeURIComponent(name)}`;
  const configure: Journey["configure"] = (lines, places = {}) => {
    const to = new URL(target.options.url);
    if (places.target !== undefined) to.port = String(places.target);
    const replica = places.replica === undefined ? "" : `, replica: "${places.replica}"`;
    const text = [
      `migration: ${migration}`,
      "environment: development",
      `source: { url: "${places.source ?? source.url}"${replica} }`,
      `target: { url: "${to.href}" }`,
      ...(kafka === null ? [] : [feedLine(kafka.place)]),
      ...lines,
    ].join("\n");
    writeFileSync(join(folder, "headgate.yaml"), `${text}\n`, { mode: 0o600 });
  };
  configure([]);
  const started: Running[] = [];
  const run = (...args: readonly string[]): Promise<Ended> => headgate(args, { cwd: folder });
  return {
    migration,
    source,
    target,
    folder,
    configure,
    headgate: run,
    said: async (exit, ...args) => {
      const ended = await run(...args, "--json");
      if (ended.code !== exit)
        throw new Error(`${args.join(" ")}: exit ${String(ended.code)}\n${ended.stdout}\n${ended.stderr}`);
      return lastObject(ended);
    },
    start: (args, options = {}) => {
      const running = startHeadgate(args, { cwd: folder, ...options });
      started.push(running);
      return running;
    },
    judge: (options = {}) => judge(from.href, target.url, { database: name, schema: "public", ...options }),
    [Symbol.asyncDispose]: async () => {
      // A process that a failed test left, perhaps stopped, still holds locks in both databases.
      for (const { child } of started) child.kill("SIGKILL");
      await Promise.all(started.map(({ end }) => end));
      rmSync(folder, { recursive: true });
      await kafka?.[Symbol.asyncDispose]();
      await source[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

/** `headgate ...args`, begun and left to itself. */
export function startHeadgate(args: readonly string[], options: StartOptions): Running {
  demandAccounts(options.cwd ?? ".", args);
  const child = spawn(process.execPath, [...(options.node ?? []), resolve("dist/src/cli/main.js"), ...args], {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const judged = demandRights(options.cwd ?? ".", args).catch((breach: unknown) => {
    child.kill("SIGKILL");
    return { breach };
  });
  const end = once(child, "close").then(async (how) => {
    const found = await judged;
    if (found !== undefined) throw new Error(String(found.breach));
    const [code, signal] = how as [number | null, NodeJS.Signals | null];
    return { code, signal, stdout, stderr };
  });
  const logged = async (text: RegExp): Promise<void> => {
    while (!text.test(stderr)) {
      const more = once(child.stderr, "data").then(() => true);
      if (!(await Promise.race([more, end.then(() => text.test(stderr))])))
        throw new Error(`ended without ${String(text)} in its log:\n${stdout}\n${stderr}`);
    }
  };
  return { child, logged, end };
}

/** A query of the numbers 0 to rows - 1, as column n, that any MySQL or MariaDB answers fast. */
export function numbers(rows: number): string {
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${String(digit)} AS d`).join(" UNION ALL ");
  const places = Array.from({ length: String(rows - 1).length }, (_, place) => place);
  const sum = places.map((place) => `p${String(place)}.d * ${String(10 ** place)}`).join(" + ");
  const from = places.map((place) => `(${digits}) AS p${String(place)}`).join(", ");
  return `SELECT n FROM (SELECT ${sum} AS n FROM ${from}) AS counted WHERE n < ${String(rows)}`;
}

/** Resolves as soon as the ledger has so many done ranges; throws when the run ends before. */
export async function untilDone(trip: Journey, running: Running, ranges: number): Promise<void> {
  const client = new Client(loginOf(trip.target.url));
  await client.connect();
  try {
    for (let done = 0; done < ranges;) {
      if (running.child.exitCode !== null) throw new Error((await running.end).stdout);
      const known = await client.query("SELECT FROM pg_class WHERE oid = to_regclass('headgate.range')");
      if (known.rowCount === 0) continue;
      const counted = await client.query<{ n: number }>(
        "SELECT count(*)::int AS n FROM headgate.range WHERE migration = $1 AND state = 'done'",
        [trip.migration],
      );
      done = counted.rows[0]?.n ?? 0;
    }
  } finally {
    await client.end();
  }
}

/** Resolves once a run has said that this, and nothing else, keeps it from ready; the run is ended then, as by Ctrl-C. */
export async function keptFromReady(trip: Journey, code: string): Promise<void> {
  const running = trip.start(["run", "--until", "ready", "--json"]);
  await running.logged(new RegExp(`"blocking":"${code}"`, "u"));
  running.child.kill("SIGINT");
  const { code: exit, stdout, stderr } = await running.end;
  if (exit !== 130 || /"msg":"ready"/u.test(stderr)) throw new Error(`it was ready:\n${stdout}\n${stderr}`);
}

/** Ranges of a table from this number on, whose leases another session has until it is released: nobody copies them. */
export async function lockedRanges(
  trip: Journey,
  table: string,
  from: number,
): Promise<AsyncDisposable & { release(): Promise<void> }> {
  const client = new Client(loginOf(trip.target.url));
  await client.connect();
  const release = async (): Promise<void> => client.end();
  await client.query("BEGIN");
  const { rowCount } = await client.query(
    "SELECT FROM headgate.range WHERE migration = $1 AND table_name = $2 AND number >= $3 AND state = 'open' FOR UPDATE",
    [trip.migration, table, from],
  );
  if (rowCount === 0) throw new Error(`${table} has no open range from ${String(from)} on`);
  return { release, [Symbol.asyncDispose]: release };
}

/** Every range that is done, and when: two readings tell whether one was copied again. */
export async function doneRanges(trip: Journey): Promise<Readonly<Record<string, string>>> {
  const rows = await trip.target.sql(
    `SELECT table_name || '/' || number AS range, done_at::text AS at FROM headgate.range
      WHERE migration = $1 AND state = 'done'`,
    [trip.migration],
  );
  return Object.fromEntries(rows.map(({ range, at }) => [range ?? "", at ?? ""]));
}

/** How many ranges the ledger has that are not done. */
export async function openRanges(trip: Journey): Promise<number> {
  const [row] = await trip.target.sql(
    "SELECT count(*)::text AS n FROM headgate.range WHERE migration = $1 AND state = 'open'",
    [trip.migration],
  );
  return Number(row?.["n"]);
}

/** All that is in the ledger, as one text: equal when nothing was written. Null before there is a ledger. */
export async function ledgerText(trip: Journey): Promise<string | null> {
  const [known] = await trip.target.sql("SELECT to_regnamespace('headgate')::text AS ledger");
  if (known?.["ledger"] === null) return null;
  const [dump] = await trip.target.sql("SELECT schema_to_xml('headgate', true, false, '')::text AS text");
  return dump?.["text"] ?? "";
}

/** Connections as the oracle wants them: numbers and JSON as text. */
export async function judges(from: string, to: string): Promise<[Connection, Client]> {
  const source = await createConnection({
    uri: from,
    charset: "utf8mb4",
    supportBigNumbers: true,
    bigNumberStrings: true,
    jsonStrings: true,
  });
  const target = new Client(loginOf(to));
  await target.connect();
  return [source, target];
}

async function judge(from: string, to: string, options: OracleOptions): Promise<TableVerdict[]> {
  const [source, target] = await judges(from, to);
  try {
    const verdicts = await compare(source, target, options);
    if (verdicts.length === 0) throw new Error("the oracle saw no table");
    return verdicts;
  } finally {
    await source.end();
    await target.end();
  }
}

/** What the oracle found unequal; empty is what a copy must give. */
export function unequal(verdicts: readonly TableVerdict[]): TableVerdict[] {
  return verdicts.filter((verdict) => !verdict.equal);
}
