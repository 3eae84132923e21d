/**
 * kill -9 while changes come over Kafka and the writer goes on: of the Connect worker, the broker, the engine or the
 * source, in turn, at a moment of the engine that the seed chooses. The next engine goes on until both sides are level, and
 * the oracle must find both databases equal and the writer's log on the target. What Debezium repeats after such an end
 * is printed. HEADGATE_SEEDS=1,2,3 runs the seeds that a red run printed; HEADGATE_STACK_EXACTLY_ONCE=1 has the worker take
 * part in Kafka's transactions.
 */
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyMoments } from "../../connectors/postgres/apply/moments.js";
import { streamMoments } from "../../src/stream/moments.js";
import { freshSeed } from "../fresh-seed.js";
import { asEngine, makeSourceAccount } from "../world/accounts.js";
import { seeded } from "../world/demo/random.js";
import type { KafkaPlace } from "../world/kafka-world.js";
import { isFree } from "../world/stack/port.js";
import { kill, start } from "../world/stack/servers.js";
import { databaseAt } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";
import { judged } from "../world/writer/streamed.js";
import { openWriter } from "../world/writer/writer.js";
import type { Writer } from "../world/writer/writer.js";
import { ownServers } from "./own-servers.js";
import { startEngine } from "./stream-engine-process.js";
import type { StreamEngineSettings } from "./stream-engine.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const chosen = process.env["HEADGATE_SEEDS"];
const runs = Number(process.env["HEADGATE_TEST_KILLS"] ?? (gate ? 20 : 4));
/** Where the gate's part begins: each has its own seeds. */
const after = Number(process.env["HEADGATE_TEST_KILLS_AFTER"] ?? 0);

const victims = ["connect", "kafka", "engine", "source"] as const;
type Victim = (typeof victims)[number];

/** One victim each; in `npm test` at moments that are fresh in half of them. */
const seeds =
  chosen === undefined || chosen === ""
    ? Array.from({ length: runs }, (_, n) =>
        gate || n % 2 === 0 ? after + n + 1 : 4 * freshSeed() + ((n + 1) % 4),
      )
    : chosen.split(",").map(Number);

const all: readonly string[] = [
  ...[...streamMoments, ...applyMoments].filter((moment) => moment !== "feed:lost"),
  ...["start:marked", "range:leased", "join:marked", "build:after"],
];
/** Moments that are met once in a life. */
const metOnce = /^(?:feed|join|start):/u;

/** Transactions within which a moment that comes again and again is met for the last of its times. */
const enough = 400;

const servers4 = ["mysql9", "postgres18", "kafka", "connect"] as const;
const serverOf = { connect: "connect", kafka: "kafka", source: "mysql9" } as const;

let servers: Awaited<ReturnType<typeof ownServers<(typeof servers4)[number]>>>;

beforeAll(async () => {
  servers = await ownServers(servers4);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

interface Choice {
  readonly moment: string;
  readonly hit: number;
  readonly victim: Victim;
}

/** What the seed stands for. */
function choice(seed: number): Choice {
  const random = seeded(seed);
  const moment = all[random.int(all.length)] ?? "";
  return {
    moment,
    hit: metOnce.test(moment) ? 1 : 1 + random.int(6),
    victim: victims[seed % victims.length] ?? "engine",
  };
}

/** Resolves when the server that is being killed is there again. */
let back: Promise<void> = Promise.resolve();

/** Kills a server and starts it again where it was. Threads of a killed process may hold its port a moment longer. */
async function killServer(name: (typeof serverOf)[keyof typeof serverOf]): Promise<void> {
  const { url } = servers.servers[name];
  const port = Number(/:(\d+)\/?$/u.exec(url)?.[1]);
  await kill(name);
  while (!(await isFree(port)));
  expect((await start(name)).url).toBe(url);
}

describe("kill -9", () => {
  it.each(seeds)("of what seed %i chooses, over Kafka: it goes on to the same end", async (seed) => {
    const now = choice(seed);
    console.log(`HEADGATE_SEEDS=${String(seed)}: ${now.victim} at ${now.moment}, hit ${String(now.hit)}`);
    const name = `faults_kafka_${String(seed)}`;
    const url = new URL(servers.servers.mysql9.url);
    await prepare(url.href, name);
    url.pathname = `/${name}`;
    await using target = await databaseAt(servers.servers.postgres18.url, name);
    await using writer = await openWriter({
      ...{ url: url.href, seed, sessions: 2, perSecond: 15 },
      back: () => back,
    });
    writer.xa = false;
    writer.start();
    await writer.reached(30);
    const settings = settingsOf(url, name, target, seed);
    const begun = performance.now();
    const since = (): string => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
    const met = await firstLife(writer, settings, now, since);
    const second = startEngine(settings);
    await second.line("event going-on");
    await writer.reached(writer.log.length + 40);
    await writer.stop();
    second.say("level");
    expect(await second.end).toMatchObject({ code: null, replays: 0 });
    await judged(url.href, target, writer);
    console.log(
      `seed ${String(seed)}: ${met}, level with ${String(writer.log.length)} transactions at ${since()}`,
    );
    await drop(url.href, name);
  });
});

it("the gate's 60 seeds kill everything at most moments", () => {
  const met = Array.from({ length: 60 }, (_, n) => choice(n + 1));
  for (const victim of victims)
    expect(
      new Set(met.filter((one) => one.victim === victim).map(({ moment }) => moment)).size,
    ).toBeGreaterThan(7);
});

function settingsOf(url: URL, name: string, target: TargetDatabase, seed: number): StreamEngineSettings {
  const kafka: KafkaPlace = {
    broker: servers.servers.kafka.url,
    connect: servers.servers.connect.url,
    prefix: name,
  };
  return {
    source: asEngine(url.href, name),
    target: target.options.url,
    migration: `20261127_kill${String(seed)}`,
    rangeRows: 50,
    batchRows: 50,
    // Every other four seeds with as many lanes as there are sets of tables.
    lanes: Math.floor(seed / 4) % 2 === 0 ? "one" : "auto",
    kafka,
  };
}

/** Until it was killed, or had something else killed, at its moment; what happened. */
async function firstLife(
  writer: Writer,
  settings: StreamEngineSettings,
  { moment, hit, victim }: Choice,
  since: () => string,
): Promise<string> {
  const doomed = startEngine({
    ...settings,
    at: { moment, hit, act: victim === "engine" ? "die" : "tell" },
  });
  const unmet = doomed.line("event going-on").then(async (line) => {
    if (line === null) return null;
    // Some moments are met by what is written from now on only; so much of it is enough for any.
    await writer.reached(writer.log.length + enough);
    return "unmet";
  });
  const met = await Promise.race([doomed.line("met "), unmet]);
  let times = `met at ${since()}`;
  if (met?.startsWith("met ") === true && victim !== "engine") {
    back = killServer(serverOf[victim]);
    await back;
    times += `, back at ${since()}`;
    doomed.say("go on");
  }
  doomed.say("level");
  const result = await doomed.end;
  if (victim === "engine") expect([result, doomed.child.signalCode]).toEqual([null, "SIGKILL"]);
  else expect(met).toBe(`met ${moment}`);
  if (result !== null) expect(result.replays).toBe(0);
  // A dead server is a fault or is outlived, never a bug and never a success without its rows.
  if (result !== null && result.code !== null)
    expect(["connection-lost", "server-unreachable", "connector-failed"], result.sentence).toContain(
      result.code,
    );
  const outcome = result === null ? "killed" : (result.code ?? "outlived");
  return `${times}, ${outcome} at ${since()}`;
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
