/**
 * The whole engine, copy and stream, as a process that a test can kill: the one of test/world/live.ts, from the settings
 * in HEADGATE_ENGINE. At the moment that it is told it kills itself with -9, or says the moment on stdout and waits for
 * a line on stdin (`go on`, or `go on 60000`: with so many milliseconds gone by its clock). It says what happens to it (`event going-on`); at the line `level` it gets level with the source,
 * stops and says how it ended. One that proves verifies round after round until then, or repairs first.
 */
import "../world/engine-only.js";
import { createInterface } from "node:readline";
import type { LaneRequest } from "../../src/plan/request.js";
import { optionsOf } from "../world/source-database.js";
import { Fault } from "../../src/errors.js";
import { overOf } from "../world/kafka-world.js";
import type { KafkaPlace } from "../world/kafka-world.js";
import { namedLines } from "../world/live-verifier.js";
import { startLive } from "../world/live.js";

export interface StreamEngineSettings {
  /** mysql://user@host:port/database */
  readonly source: string;
  readonly target: string;
  readonly migration: string;
  readonly rangeRows: number;
  readonly batchRows: number;
  readonly workers?: number;
  /** Folder for rows of prepared transactions; the system's own where none is said. */
  readonly spill?: string;
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
  /** Its changes come from there, and not from the source's own log. */
  readonly kafka?: KafkaPlace;
  /** The source's engine, where it is to verify all the time, or to repair what was named. */
  readonly proves?: { readonly engine: "mysql" | "mariadb"; readonly repairs: boolean };
}

export interface StreamEngineResult {
  /** null where it ended as it was asked to. */
  readonly code: string | null;
  readonly sentence: string;
  readonly met: readonly string[];
  readonly retries: number;
  /** Batches that were refused and written again change by change: that heals what it should have shown. */
  readonly replays: number;
  /** Rows that the last verification named, once it was level; null where nobody asked, or it never came so far. */
  readonly named: readonly string[] | null;
  /** Rows that any round named, and how many rounds there were. */
  readonly everNamed: readonly string[];
  readonly rounds: number;
  /** Why verification or repair gave up, where the engine went on. */
  readonly failures: readonly string[];
}

const settings = JSON.parse(process.env["HEADGATE_ENGINE"] ?? "") as StreamEngineSettings;
const met = new Map<string, number>();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
let goOn: () => void = () => undefined;
/** What its clock is ahead of this process's. */
let ahead = 0;
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
  source: {
    ...optionsOf(settings.source, source.pathname.slice(1)),
    ...(settings.spill === undefined ? {} : { spill: settings.spill }),
  },
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
  ...(settings.kafka === undefined ? {} : { over: overOf(settings.kafka) }),
  moment,
  now: () => performance.now() + ahead,
  verifies: settings.proves !== undefined,
  onEvent: ({ kind }) => {
    joined ||= kind === "going-on";
    if (kind === "going-on" && settings.proves !== undefined) say(`plan ${JSON.stringify(live.plan)}`);
    if (["started", "opened", "going-on", "joined", "replaying"].includes(kind)) say(`event ${kind}`);
  },
});

let asked = Promise.resolve();
const everNamed = new Set<string>();
let named: readonly string[] | null = null;
const failures: string[] = [];
let [over, rounds] = [false, 0];
void live.ended.then(() => {
  over = true;
});

/** Until it is told that it is level; a round that its server's end cut off is none, and the next one goes on with it. */
async function prove({ engine, repairs }: NonNullable<StreamEngineSettings["proves"]>): Promise<void> {
  while (!over)
    try {
      if (repairs) {
        await live.repair();
        say("event repaired");
        return;
      }
      const method = rounds % 2 === 0 ? "stream" : "digest";
      for (const line of namedLines(await live.verify({ method, full: rounds % 3 !== 2 }), engine))
        everNamed.add(line);
      rounds += 1;
      say("event verified");
    } catch (error) {
      if (!(error instanceof Fault) || !error.retriable) throw error;
      // A session that is dead refuses at once: whoever is to notice that the engine is over must have a turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
}

async function level(): Promise<void> {
  await live.level();
  over = true;
  await proving;
  if (settings.proves !== undefined) named = namedLines(await live.verify(), settings.proves.engine);
}

// Why the engine itself ended is told by its own Fault.
const failed = (error: unknown): void => {
  if (!over) failures.push(String(error));
  over = true;
};
const proving = settings.proves === undefined ? Promise.resolve() : prove(settings.proves).catch(failed);
const lines = createInterface(process.stdin);
lines.on("line", (line) => {
  if (/^go on\b/u.test(line)) {
    ahead += Number(line.slice("go on".length));
    goOn();
  }
  if (line === "level") asked = level().then(() => live.stop(), failed);
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
  named,
  everNamed: [...everNamed],
  rounds,
  failures,
};
say(`result ${JSON.stringify(result)}`);
// Nobody reads any more that it may go on: whoever still waits at the moment goes now, and lets its sessions go.
goOn();
lines.close();
process.stdin.destroy();
