/**
 * The whole engine, copy and stream, as a process that a test can kill: the one of test/world/live.ts, from the settings
 * in HEADGATE_ENGINE. At the moment that it is told it kills itself with -9, or says the moment on stdout and waits for
 * a line on stdin. It says what happens to it (`event going-on`); at the line `level` it gets level with the source,
 * stops and says how it ended.
 */
import "../world/engine-only.js";
import { createInterface } from "node:readline";
import type { LaneRequest } from "../../src/plan/request.js";
import { optionsOf } from "../world/source-database.js";
import { startLive } from "../world/live.js";

export interface StreamEngineSettings {
  /** mysql://user@host:port/database */
  readonly source: string;
  readonly target: string;
  readonly migration: string;
  readonly rangeRows: number;
  readonly batchRows: number;
  readonly workers?: number;
  /** One where nothing is said. */
  readonly lanes?: LaneRequest;
  /** At the hit-th time (1 is the first) that `moment` is met: die, or say so and wait. */
  readonly at?: {
    readonly moment: string;
    readonly hit: number;
    readonly act: "die" | "tell";
    /** Counted from the join on only: before it most of what comes twice does no harm. */
    readonly pastJoin?: boolean;
  };
}

export interface StreamEngineResult {
  /** null where it ended as it was asked to. */
  readonly code: string | null;
  readonly sentence: string;
  readonly met: readonly string[];
  readonly retries: number;
  /** Batches that were refused and written again change by change: that heals what it should have shown. */
  readonly replays: number;
}

const settings = JSON.parse(process.env["HEADGATE_ENGINE"] ?? "") as StreamEngineSettings;
const met = new Map<string, number>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let goOn: () => void = () => undefined;
let joined = false;

async function moment(name: string): Promise<void> {
  if (settings.at?.pastJoin === true && !joined) return;
  const times = (met.get(name) ?? 0) + 1;
  met.set(name, times);
  if (settings.at?.moment !== name || settings.at.hit !== times) return;
  // Synchronous, so that not even a packet that waits in the process leaves after it.
  if (settings.at.act === "die") process.kill(process.pid, "SIGKILL");
  const told = new Promise<void>((resolve) => (goOn = resolve));
  say(`met ${name}`);
  await told;
}

const source = new URL(settings.source);
const live = startLive({
  source: optionsOf(settings.source, source.pathname.slice(1)),
  target: {
    url: settings.target,
    tls: { mode: "off" },
    engine: { host: "engine-under-test", pid: process.pid },
  },
  migration: settings.migration,
  rangeRows: settings.rangeRows,
  batchRows: settings.batchRows,
  ...(settings.workers === undefined ? {} : { workers: settings.workers }),
  ...(settings.lanes === undefined ? {} : { plan: { lanes: settings.lanes } }),
  moment,
  onEvent: ({ kind }) => {
    joined ||= kind === "going-on";
    if (["started", "opened", "going-on", "joined", "replaying"].includes(kind)) say(`event ${kind}`);
  },
});

let asked = Promise.resolve();
const lines = createInterface(process.stdin);
lines.on("line", (line) => {
  if (line === "go on") goOn();
  // A Fault is told by how it ended.
  if (line === "level")
    asked = live.level().then(
      () => live.stop(),
      () => undefined,
    );
});
const fault = await live.ended;
await asked;
const result: StreamEngineResult = {
  code: fault?.code ?? null,
  sentence:
    fault === null ? "" : `${fault.message} ${fault.cause instanceof Error ? fault.cause.message : ""}`,
  met: [...met.keys()],
  retries: live.events.filter(({ kind }) => kind === "retry").length,
  replays: live.events.filter(({ kind }) => kind === "replaying").length,
};
say(`result ${JSON.stringify(result)}`);
lines.close();
process.stdin.destroy();
