/**
 * kill -9 while the change stream is on its way and the writer goes on (issue 5; I1 to I7, I18). A seed chooses the
 * moment, how often it is met first, and the victim: the engine, the source or the target. A seed whose moment is not met
 * has killed nothing and fails. The next engine goes on until
 * both sides are level, and the oracle, which shares no code with the engine, must find both databases equal and the
 * writer's log on the target. Then the same where engines verify all the time, rows are broken behind their back, and a
 * repair is killed too (proof-life.ts). HEADGATE_SEEDS=1,2,3 runs the seeds that a red run printed.
 */
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { applyMoments } from "../../connectors/postgres/apply/moments.js";
import { moments } from "../../src/snapshot/moments.js";
import { streamMoments } from "../../src/stream/moments.js";
import { asEngine, makeSourceAccount } from "../world/accounts.js";
import { seeded } from "../world/demo/random.js";
import { isSource, isTarget, listed } from "../world/matrix.js";
import type { SourceName, TargetName } from "../world/matrix.js";
import { isFree } from "../world/stack/port.js";
import { kill, start } from "../world/stack/servers.js";
import { databaseAt } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";
import { judged } from "../world/writer/streamed.js";
import { openWriter } from "../world/writer/writer.js";
import type { Writer } from "../world/writer/writer.js";
import { ownServers } from "./own-servers.js";
import { proofLife } from "./proof-life.js";
import { startEngine } from "./stream-engine-process.js";
import type { StreamEngineSettings } from "./stream-engine.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const chosen = process.env["HEADGATE_SEEDS"];
const runs = Number(process.env["HEADGATE_TEST_KILLS"] ?? (gate ? 20 : 6));
/** Where the gate's part begins: each has its own seeds. */
const after = Number(process.env["HEADGATE_TEST_KILLS_AFTER"] ?? 0);
/** In `npm test` a third of them is fresh. */
const fresh = gate ? 0 : Math.floor(runs / 3);
const seeds =
  chosen === undefined || chosen === ""
    ? [
        ...Array.from({ length: runs - fresh }, (_, number) => after + number + 1),
        ...Array.from({ length: fresh }, (_, number) => freshSeed() + number),
      ]
    : chosen.split(",").map(Number);

const [sourceName = "mysql9"] = listed("HEADGATE_TEST_SOURCES", isSource, ["mysql9"], process.env);
const [targetName = "postgres18"] = listed("HEADGATE_TEST_TARGETS", isTarget, ["postgres18"], process.env);

/** Lives with verification: the gate's, in parts of their own. */
const proofRuns = Number(process.env["HEADGATE_TEST_PROOF_KILLS"] ?? 0);
const proofSeeds =
  chosen === undefined || chosen === "" || proofRuns === 0
    ? Array.from({ length: proofRuns }, (_, number) => after + number + 1)
    : chosen.split(",").map(Number);

type Victim = "engine" | "source" | "target";

/** The stream's own three times as often as the copy's, whose kills have a test of their own. */
const all: readonly string[] = [
  ...Array.from({ length: 3 }, () => [...streamMoments, ...applyMoments]).flat(),
  ...moments.filter((moment) => /^(?:join|build|start|cut|range):/u.test(moment)),
].filter((moment) => moment !== "feed:lost" && moment !== "range:half-sent");
/** Moments that are met once in a life. */
const metOnce = /^(?:feed|join|start|cut):/u;

/** Transactions within which a moment that comes again and again is met for the last of its times. */
const enough = 600;

const inStream: ReadonlySet<string> = new Set([...streamMoments, ...applyMoments]);

let servers: Awaited<ReturnType<typeof ownServers<SourceName | TargetName>>>;

beforeAll(async () => {
  servers = await ownServers([sourceName, targetName]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

interface Choice {
  readonly moment: string;
  readonly hit: number;
  readonly victim: Victim;
  readonly pastJoin: boolean;
}

/** What the seed stands for. */
function choice(seed: number): Choice {
  const random = seeded(seed);
  // Each moment in turn (29 shares no factor with their number), so that few seeds meet many; the rest is chance.
  const moment = all[(seed * 29) % all.length]!;
  const victim = random.pick<Victim>(["engine", "engine", "source", "target"]);
  const once = metOnce.test(moment);
  const hit = once ? 1 : 1 + random.int(6);
  // Every other one where the stream is exact: before that most of what comes twice does no harm.
  const pastJoin = !once && inStream.has(moment) && random.oneIn(2);
  return { moment, hit, victim, pastJoin };
}

/** Resolves when the server that is being killed is there again. */
let back: Promise<void> = Promise.resolve();

/** Kills a server and starts it again where it was. Threads of a killed process may hold its port a moment longer. */
async function killServer(name: SourceName | TargetName): Promise<void> {
  const port = Number(new URL(servers.servers[name].url).port);
  await kill(name);
  while (!(await isFree(port)));
  expect(new URL((await start(name)).url).port).toBe(String(port));
}

/** The source's database of that name, filled. */
async function prepared(name: string): Promise<URL> {
  const url = new URL(servers.servers[sourceName].url);
  await prepare(url.href, name);
  url.pathname = `/${name}`;
  return url;
}

const writing = (url: URL, seed: number, perSecond: number): ReturnType<typeof openWriter> =>
  openWriter({ url: url.href, seed, sessions: 2, perSecond, back: () => back });

describe("kill -9", () => {
  it.each(proofSeeds)(
    "of a verification at a moment of seed %i: what was broken is named and repaired",
    async (seed) => {
      const name = `faults_proof_${String(seed)}`;
      const url = await prepared(name);
      await using target = await databaseAt(servers.servers[targetName].url, name);
      await using writer = await writing(url, seed, 20);
      await proofLife({
        ...{ seed, target, writer, sourceAt: url.href },
        engine: sourceName === "mariadb" ? "mariadb" : "mysql",
        settings: settingsOf(url, name, target, seed),
        killServer: async (side) => {
          back = killServer(side === "source" ? sourceName : targetName);
          await back;
        },
      });
      await drop(url.href, name);
    },
  );

  it.each(seeds)("of a stream at a moment of seed %i: it goes on to the same end", async (seed) => {
    const chosenNow = choice(seed);
    console.log(
      `HEADGATE_SEEDS=${String(seed)}: ${chosenNow.victim} at ${chosenNow.moment}, hit ${String(chosenNow.hit)}${chosenNow.pastJoin ? " past the join" : ""}`,
    );
    const name = `faults_stream_${String(seed)}`;
    const url = await prepared(name);
    await using target = await databaseAt(servers.servers[targetName].url, name);
    await using writer = await writing(url, seed, 40);
    writer.xa = false;
    writer.start();
    await writer.reached(30);
    const settings = settingsOf(url, name, target, seed);
    const met = await firstLife(writer, settings, chosenNow);
    const second = startEngine(settings);
    await second.line("event going-on");
    writer.xa = true;
    await writer.reached(writer.log.length + 40);
    await writer.stop();
    second.say("level");
    expect(await second.end).toMatchObject({ code: null, replays: 0 });
    await judged(url.href, target, writer);
    console.log(`seed ${String(seed)}: ${met}, ${JSON.stringify(writer.endings)}`);
    await drop(url.href, name);
  });
});

it("the gate's 200 seeds choose every moment, those of stream and lane before the join and past it, for the engine and for a server", () => {
  const met = new Map<string, Set<string>>();
  for (let seed = 1; seed <= 200; seed++) {
    const { moment, victim, pastJoin } = choice(seed);
    met.set(
      moment,
      (met.get(moment) ?? new Set())
        .add(victim === "engine" ? "engine" : "server")
        .add(pastJoin ? "past" : "before"),
    );
  }
  expect([...met.keys()].sort()).toEqual([...new Set(all)].sort());
  for (const moment of inStream)
    if (moment !== "feed:lost")
      expect([moment, met.get(moment)?.size]).toEqual([moment, metOnce.test(moment) ? 3 : 4]);
});

function settingsOf(url: URL, name: string, target: TargetDatabase, seed: number): StreamEngineSettings {
  return {
    source: asEngine(url.href, name),
    target: target.options.url,
    migration: `20261126_kill${String(seed)}`,
    rangeRows: 50,
    batchRows: 50,
    // Every other seed with as many lanes as there are sets of tables.
    lanes: seed % 2 === 0 ? "auto" : "one",
  };
}

/** Until it was killed, or had its server killed, at its moment; what it said last. */
async function firstLife(
  writer: Writer,
  settings: StreamEngineSettings,
  { moment, hit, victim, pastJoin }: Choice,
): Promise<string> {
  const doomed = startEngine({
    ...settings,
    at: { moment, hit, pastJoin, act: victim === "engine" ? "die" : "tell" },
  });
  const unmet = doomed.line("event going-on").then(async (line) => {
    if (line === null) return null;
    // Some moments are met by what is written from now on only; so much of it is enough for any.
    await writer.reached(writer.log.length + enough);
    return "unmet";
  });
  const met = await Promise.race([doomed.line("met "), unmet]);
  if (met?.startsWith("met ") === true) {
    back = killServer(victim === "source" ? sourceName : targetName);
    await back;
    doomed.say("go on");
  }
  doomed.say("level");
  const result = await doomed.end;
  if (victim === "engine") expect([result, doomed.child.signalCode]).toEqual([null, "SIGKILL"]);
  else expect(met).toBe(`met ${moment}`);
  if (result !== null) expect(result.replays).toBe(0);
  // A dead server is a fault or is outlived, never a bug and never a success without its rows.
  if (result !== null && result.code !== null)
    expect(["connection-lost", "server-unreachable", "epoch-lost"], result.sentence).toContain(result.code);
  return result === null ? `killed at ${moment}` : `met ${moment}`;
}

async function prepare(url: string, name: string): Promise<void> {
  const root = await createConnection({ uri: url, rowsAsArray: true });
  await root.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  await makeSourceAccount(root, name);
  await root.end();
}

async function drop(url: string, name: string): Promise<void> {
  const root = await createConnection({ uri: url });
  await root.query(`DROP DATABASE ${name}`);
  await root.query("DROP DATABASE IF EXISTS headgate");
  await root.end();
}
