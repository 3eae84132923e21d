/**
 * kill -9 at named moments of a 200,000 row snapshot (issue 3, 5.3; I7, I18). A seed chooses the moment, how often it
 * is met first, and the victim: the engine, the source or the target. Afterwards one more run goes on, and the
 * oracle, which shares no code with the engine, must find both databases equal and every range copied once.
 * HEADGATE_SEEDS=1,2,3 runs the seeds that a red run printed; HEADGATE_TEST_KILLS_AFTER=20 begins after that one;
 * HEADGATE_TEST_SOURCES and HEADGATE_TEST_TARGETS name other servers (the first of each; always the stack's, because
 * they are killed).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { moments } from "../../src/snapshot/moments.js";
import type { Moment } from "../../src/snapshot/moments.js";
import { createShop, fillShop } from "../world/demo/fill.js";
import { seeded } from "../world/demo/random.js";
import { isSource, isTarget, listed } from "../world/matrix.js";
import type { SourceName, TargetName } from "../world/matrix.js";
import { compare } from "../world/oracle/oracle.js";
import { asEngine, makeSourceAccount } from "../world/accounts.js";
import { isFree } from "../world/stack/port.js";
import { kill, start } from "../world/stack/servers.js";
import { databaseAt } from "../world/target-database.js";
import type { TargetDatabase } from "../world/target-database.js";
import type { EngineResult, EngineSettings } from "./engine.js";
import { ownServers } from "./own-servers.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const chosen = process.env["HEADGATE_SEEDS"];
const runs = Number(process.env["HEADGATE_TEST_KILLS"] ?? (gate ? 60 : 4));
const after = Number(process.env["HEADGATE_TEST_KILLS_AFTER"] ?? 0);
const seeds =
  chosen === undefined || chosen === ""
    ? Array.from({ length: runs }, (_, number) => after + number + 1)
    : chosen.split(",").map(Number);

const [sourceName = "mysql9"] = listed("HEADGATE_TEST_SOURCES", isSource, ["mysql9"], process.env);
const [targetName = "postgres18"] = listed("HEADGATE_TEST_TARGETS", isTarget, ["postgres18"], process.env);

type Victim = "engine" | "source" | "target";

/** Moments that are met once in a run; the others are met for each range or statement. */
const single = new Set<Moment>([
  "claim:locked",
  "claim:raised",
  "start:position-noted",
  "start:marked",
  "start:recorded",
  "join:marked",
  "join:recorded",
  "cut:opened",
]);

/** Every moment that an engine met and told of; one that was killed tells nothing. */
const met = new Set<string>();

let shop: string;
let admin: Connection;
let targetUrl: string;
let servers: Awaited<ReturnType<typeof ownServers<SourceName | TargetName>>>;

beforeAll(async () => {
  servers = await ownServers([sourceName, targetName]);
  const url = new URL(servers.servers[sourceName].url);
  targetUrl = servers.servers[targetName].url;
  url.pathname = "/";
  const root = await createConnection(url.href);
  await root.query("CREATE DATABASE faults_shop CHARACTER SET utf8mb4");
  await root.end();
  url.pathname = "/faults_shop";
  shop = url.href;
  admin = await createConnection({ uri: shop, charset: "utf8mb4" });
  await makeSourceAccount(admin, "faults_shop");
  await createShop(admin);
  const rows = await fillShop(admin, 20261122, 0.2, () => undefined);
  expect(rows).toBeGreaterThan(200_000);
});
afterAll(async () => {
  admin.destroy();
  await servers[Symbol.asyncDispose]();
});

interface Ending {
  readonly killed: boolean;
  readonly result: EngineResult | null;
}

/** One engine process, to its end. `onMoment` acts when it says that it met its moment. */
async function engine(
  settings: EngineSettings,
  onMoment: () => Promise<void> = () => Promise.resolve(),
): Promise<Ending> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", fileURLToPath(new URL("engine.ts", import.meta.url))],
    {
      env: { ...process.env, HEADGATE_ENGINE: JSON.stringify(settings) },
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const ended = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  let result: EngineResult | null = null;
  for await (const line of createInterface(child.stdout))
    if (line.startsWith("met ")) {
      await onMoment();
      child.stdin.write("go on\n");
    } else {
      result = JSON.parse(line) as EngineResult;
      for (const moment of result.met) met.add(moment);
    }
  const [, signal] = await ended;
  return { killed: signal === "SIGKILL", result };
}

/** What the seed stands for. */
function choice(seed: number): { moment: Moment; hit: number; victim: Victim } {
  const random = seeded(seed);
  // Each moment in turn (17 shares no factor with their number), so that few seeds meet many; the rest is chance.
  const moment = moments[(seed * 17) % moments.length]!;
  const victim =
    moment === "range:half-sent" ? "engine" : random.pick<Victim>(["engine", "engine", "source", "target"]);
  return { moment, hit: single.has(moment) ? 1 : 1 + random.int(8), victim };
}

/** Kills a server and starts it again where it was. Threads of a killed process may hold its port a moment longer. */
async function killServer(name: SourceName | TargetName): Promise<void> {
  const port = Number(new URL(name === targetName ? targetUrl : shop).port);
  await kill(name);
  while (!(await isFree(port)));
  expect(new URL((await start(name)).url).port).toBe(String(port));
}

async function expectEqual(database: TargetDatabase): Promise<void> {
  const source = await createConnection({ uri: shop, charset: "utf8mb4" });
  const target = new Client({ connectionString: database.url });
  await target.connect();
  try {
    const verdicts = await compare(source, target, { database: "faults_shop", schema: "public" });
    expect(verdicts.length).toBeGreaterThan(10);
    expect(verdicts.filter((verdict) => !verdict.equal)).toEqual([]);
  } finally {
    await source.end();
    await target.end();
  }
}

describe("a snapshot that is killed", () => {
  it.each(seeds)("at a moment of seed %i goes on to the same end", async (seed) => {
    const { moment, hit, victim } = choice(seed);
    process.stdout.write(`seed ${seed}: ${victim} at ${moment}, hit ${hit}\n`);
    await using database = await databaseAt(targetUrl, `faults_kill_${seed}`);
    const settings: EngineSettings = {
      source: asEngine(shop, "faults_shop"),
      target: database.options.url,
      migration: `20261122_kill${seed}`,
      workers: 2,
      rangeRows: 5000,
    };
    const first = await engine(
      { ...settings, at: { moment, hit, act: victim === "engine" ? "die" : "tell" } },
      () => killServer(victim === "source" ? sourceName : targetName),
    );
    // A dead server is a fault or is outlived, never a bug and never a success without its rows.
    if (victim === "engine") expect(first).toEqual({ killed: true, result: null });
    else if (first.result?.ok === false)
      expect(["connection-lost", "server-unreachable"]).toContain(first.result.code);
    const done = await doneRanges(database);
    const second = await engine(settings);
    expect(second.result).toMatchObject({ ok: true });
    if (second.result?.ok === true) {
      const again = second.result.leased.filter((range) => done.includes(range));
      expect(again).toEqual([]);
    }
    await expectEqual(database);
    const [doubled] = await database.sql("SELECT count(*) AS n FROM headgate.range WHERE state <> 'done'");
    expect(doubled?.["n"]).toBe("0");
  });

  if (chosen === undefined)
    it("meets every moment between its first range and its last index", () => {
      expect([...met].sort()).toEqual([...moments].sort());
    });
});

/** What the ledger says is done; nothing when it was killed before there was a ledger. */
async function doneRanges(database: TargetDatabase): Promise<string[]> {
  const [found] = await database.sql("SELECT to_regclass('headgate.range') IS NOT NULL AS found");
  if (found?.["found"] !== "t") return [];
  const rows = await database.sql(
    "SELECT table_name || '/' || number AS r FROM headgate.range WHERE state = 'done'",
  );
  return rows.map((row) => row["r"] ?? "");
}
