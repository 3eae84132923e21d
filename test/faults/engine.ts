/**
 * The real snapshot as a process that a test can kill: catalogue, plan, claim, copy and build with the product's own
 * parts, from the settings in HEADGATE_ENGINE. At the moment it is told it kills itself with -9, or says the moment
 * on stdout and waits for a line on stdin, so that the test can kill somebody else. The last line is its result.
 */
import "../world/engine-only.js";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Catalogue, Plan } from "../../src/model.js";
import { copy } from "../../src/migration.js";
import { plan } from "../../src/plan/plan.js";
import { loadParser } from "../../src/translate/parser.js";
import type { Moment } from "../../src/snapshot/moments.js";
import { stopReason } from "../../src/stop.js";

export interface EngineSettings {
  /** mysql://user@host:port/database */
  readonly source: string;
  readonly target: string;
  readonly migration: string;
  readonly workers: number;
  readonly rangeRows: number;
  readonly exclude?: readonly string[];
  /** At the hit-th time (1 is the first) that `moment` is met: die, or say so and wait. */
  readonly at?: { readonly moment: Moment; readonly hit: number; readonly act: "die" | "tell" };
}

export type EngineResult =
  | {
      readonly ok: true;
      readonly leased: readonly string[];
      readonly met: readonly string[];
      readonly retries: number;
    }
  | { readonly ok: false; readonly code: string; readonly sentence: string; readonly met: readonly string[] };

const settings = JSON.parse(process.env["HEADGATE_ENGINE"] ?? "") as EngineSettings;
const met = new Map<string, number>();
const leased: string[] = [];
let retries = 0;

async function moment(name: string): Promise<void> {
  const times = (met.get(name) ?? 0) + 1;
  met.set(name, times);
  if (settings.at?.moment !== name || settings.at.hit !== times) return;
  // Synchronous, so that not even a packet that waits in the process leaves after it.
  if (settings.at.act === "die") process.kill(process.pid, "SIGKILL");
  process.stdout.write(`met ${name}\n`);
  await once(process.stdin, "data");
}

function planned(catalogue: Catalogue): Plan {
  return plan(catalogue, {
    migration: settings.migration,
    schema: "public",
    include: ["*"],
    exclude: settings.exclude ?? [],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
  });
}

async function run(): Promise<EngineResult> {
  const url = new URL(settings.source);
  await using source = await openMysql({
    host: url.hostname,
    port: Number(url.port),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1),
    tls: { mode: "off" },
  });
  await using target = await openPostgres({
    url: settings.target,
    tls: { mode: "off" },
    engine: { host: "engine-under-test", pid: process.pid },
    moment,
  });
  const signal = new AbortController().signal;
  await loadParser();
  const catalogue = await source.catalogue(signal);
  const made = planned(catalogue);
  await using ledger = await target.claim(made);
  await copy({
    source,
    target,
    ledger,
    plan: made,
    engine: catalogue.engine,
    workers: settings.workers,
    slots: 8,
    rangeRows: settings.rangeRows,
    replan: async () => planned(await source.catalogue(signal)),
    signal,
    moment,
    onState: () => undefined,
    onView: () => undefined,
    onGenerated: () => undefined,
    onEvent: (event) => {
      if (event.kind === "leased") leased.push(`${event.table}/${event.range}`);
      if (event.kind === "retry") retries += 1;
    },
    wait: async (ms, stop) => {
      try {
        await sleep(ms, undefined, { signal: stop });
      } catch (error) {
        throw stop.aborted ? stopReason(stop) : error;
      }
    },
  });
  return { ok: true, leased, met: [...met.keys()], retries };
}

async function result(): Promise<EngineResult> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ok: false, code: error.code, sentence: error.message, met: [...met.keys()] };
  }
}

process.stdout.write(`${JSON.stringify(await result())}\n`);
process.stdin.destroy();
