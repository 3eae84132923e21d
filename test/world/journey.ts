/**
 * One migration of a test's own, end to end: a source database, a target database, a folder with headgate.yaml, the
 * real command line, and the oracle as judge. A run can be started and watched through its own `progress` events,
 * so that a test acts when something has happened and never after a time.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { Client } from "pg";
import { headgate, lastObject } from "./headgate.js";
import type { Ended } from "./headgate.js";
import { compare } from "./oracle/oracle.js";
import type { OracleOptions, TableVerdict } from "./oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase, SourceName } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

export type Said = Readonly<Record<string, unknown>>;

export interface Running {
  readonly child: ChildProcess;
  /** The next event on stdout that fits, also one that was said already; rejects when the process ends without it. */
  event(fits: (event: Said) => boolean): Promise<Said>;
  /** Resolves when the process has ended. `signal` is what killed it. */
  readonly end: Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
}

export interface Journey extends AsyncDisposable {
  readonly migration: string;
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  readonly folder: string;
  /** Writes headgate.yaml: both URLs and the id, then these lines. */
  configure(...lines: readonly string[]): void;
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

/** Both databases, empty, and a headgate.yaml that joins them. */
export async function journey(name: string, server: SourceName = "mysql9"): Promise<Journey> {
  const source = await sourceDatabase(name, server);
  const target = await targetDatabase(name);
  const folder = mkdtempSync(join(tmpdir(), `headgate-${name}-`));
  const migration = `20261122_${name}`;
  const from = new URL(await sourceUrl(server));
  from.pathname = `/${name}`;
  const configure = (...lines: readonly string[]): void => {
    const text = [
      `migration: ${migration}`,
      "environment: development",
      `source: { url: "${from.href}" }`,
      `target: { url: "${target.url}" }`,
      ...lines,
    ].join("\n");
    writeFileSync(join(folder, "headgate.yaml"), `${text}\n`, { mode: 0o600 });
  };
  configure();
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
    start: (args, options = {}) => start(args, { cwd: folder, ...options }),
    judge: (options = {}) => judge(from.href, target.url, { database: name, schema: "public", ...options }),
    [Symbol.asyncDispose]: async () => {
      rmSync(folder, { recursive: true });
      await source[Symbol.asyncDispose]();
      await target[Symbol.asyncDispose]();
    },
  };
}

function start(args: readonly string[], options: StartOptions): Running {
  const child = spawn(process.execPath, [...(options.node ?? []), resolve("dist/src/cli/main.js"), ...args], {
    cwd: options.cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: Said[] = [];
  const waiting = new Set<() => void>();
  let [stdout, stderr] = ["", ""];
  let closed = false;
  const wake = (): void => {
    for (const one of [...waiting]) one();
  };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    stdout += `${line}\n`;
    said.push(JSON.parse(line) as Said);
    wake();
  });
  const end = once(child, "close").then((how) => {
    const [code, signal] = how as [number | null, NodeJS.Signals | null];
    closed = true;
    wake();
    return { code, signal, stdout, stderr };
  });
  return {
    child,
    end,
    event: (fits) =>
      new Promise((found, failed) => {
        const look = (): void => {
          const event = said.find(fits);
          if (event === undefined && !closed) return;
          waiting.delete(look);
          if (event === undefined) failed(new Error(`ended without that event:\n${stdout}\n${stderr}`));
          else found(event);
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Fits the first `progress` event that has `rows` rows or more done. */
export function rowsDone(rows: number): (event: Said) => boolean {
  return (event) => event["event"] === "progress" && (event["rows"] as { done: number }).done >= rows;
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
  const target = new Client({ connectionString: to });
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
