/**
 * One seeded life of a verification that is killed: rows of the target are broken behind the engines' back before the
 * kill, between two engines, and while the next one verifies under the writer. That one names all of them and nothing
 * else; then a repair is killed with -9 and run again, and in the end the oracle finds both sides equal.
 */
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { Client } from "pg";
import { expect } from "vitest";
import { applyMoments } from "../../connectors/postgres/apply/moments.js";
import type { Plan } from "../../src/model.js";
import { streamMoments } from "../../src/stream/moments.js";
import { verifyMoments } from "../../src/verify/moments.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "../world/accounts.js";
import { Breaker, atRest, openBehind } from "../world/moving/breaker.js";
import { addStillRows, stillRows } from "../world/moving/still-rows.js";
import { expectWitnessed } from "../world/moving/witness.js";
import type { TargetDatabase } from "../world/target-database.js";
import { judged } from "../world/writer/streamed.js";
import type { Writer } from "../world/writer/writer.js";
import { startEngine } from "./stream-engine-process.js";
import type { Engine } from "./stream-engine-process.js";
import type { StreamEngineSettings } from "./stream-engine.js";

export interface ProofLife {
  readonly seed: number;
  readonly engine: "mysql" | "mariadb";
  readonly settings: StreamEngineSettings;
  /** An administrator's, with the database. */
  readonly sourceAt: string;
  readonly target: TargetDatabase;
  readonly writer: Writer;
  /** Kills the server with -9 and starts it again. */
  readonly killServer: (side: "source" | "target") => Promise<void>;
}

type Victim = "engine" | "source" | "target";

const looks = verifyMoments.filter((moment) => moment.startsWith("verify:"));
const repairs = verifyMoments.filter((moment) => moment.startsWith("repair:"));
const applies = [...streamMoments, ...applyMoments].filter((moment) => /^(?:batch|apply):/u.test(moment));
/** Verification's own moments twice as often: the stream's kills have a test of their own. */
const killed = [...looks, ...looks, ...applies];

/** Rows that are broken at a time. */
const atOnce = 3;

export async function proofLife(life: ProofLife): Promise<void> {
  const { seed, engine, sourceAt, target, writer } = life;
  // A look costs sessions on both sides, whatever the size of what it looks at.
  const settings = { ...life.settings, rangeRows: 500 };
  const random = new Random(seed);
  // Each moment in turn, so that few seeds meet many; the rest is chance.
  const moment = killed[(seed * 5) % killed.length] ?? "";
  const victim = random.pick<Victim>(["engine", "engine", "source", "target"]);
  const hit = 1 + random.below(4);
  const during = random.pick(repairs);
  console.log(
    `HEADGATE_SEEDS=${String(seed)}: ${victim} at ${moment}, hit ${String(hit)}; the repair at ${during}`,
  );
  const filling = await createConnection({ uri: sourceAt, charset: "utf8mb4" });
  await addStillRows(filling, writer.tables, random);
  await filling.end();
  writer.xa = false;
  writer.start();
  await writer.reached(30);
  const proves = { engine, repairs: false };
  const broken: string[] = [];
  const beyondOracle: string[] = [];
  const doomed = startEngine({
    ...settings,
    proves,
    at: { moment, hit, pastJoin: true, act: victim === "engine" ? "die" : "tell" },
  });
  const plan = await planOf(doomed);
  const rowsIn = (times: number): Promise<void> => breakRows(life, plan, { broken, beyondOracle }, times);
  await rowsIn(1);
  if (victim === "engine") expect(await doomed.end).toBeNull();
  else {
    expect(await doomed.line("met ")).not.toBeNull();
    await life.killServer(victim);
    doomed.say("go on");
    doomed.say("level");
    const result = await doomed.end;
    if (result?.code !== null)
      expect(["connection-lost", "server-unreachable", "epoch-lost"], result?.sentence).toContain(
        result?.code,
      );
    else expect(result.failures).toEqual([]);
    expect(result?.everNamed.filter((line) => !broken.includes(line))).toEqual([]);
  }
  await rowsIn(2);
  const second = startEngine({ ...settings, proves });
  await second.line("event verified");
  await rowsIn(3);
  await writer.reached(writer.log.length + 20);
  await writer.stop();
  second.say("level");
  const found = await second.end;
  expect(found).toMatchObject({ code: null, failures: [] });
  expect([...(found?.named ?? [])].sort()).toEqual([...broken].sort());
  expect(found?.everNamed.filter((line) => !broken.includes(line))).toEqual([]);
  await expectWitnessed(sourceAt, target.url, broken, beyondOracle);
  await repaired({ ...life, settings }, during);
  console.log(
    `seed ${String(seed)}: ${String(broken.length)} rows named in ${String(found?.rounds)} rounds and repaired, ${JSON.stringify(writer.endings)}`,
  );
}

/** Killed in the middle, and again. */
async function repaired(
  { settings, engine, sourceAt, target, writer }: ProofLife,
  moment: string,
): Promise<void> {
  const proves = { engine, repairs: true };
  const cut = startEngine({ ...settings, proves, at: { moment, hit: 1, pastJoin: true, act: "die" } });
  expect(await cut.end).toBeNull();
  const last = startEngine({ ...settings, proves });
  await last.line("event repaired");
  last.say("level");
  expect(await last.end).toMatchObject({ code: null, failures: [], named: [] });
  await judged(sourceAt, target, writer);
}

async function planOf(engine: Engine): Promise<Plan> {
  const line = await engine.line("plan ");
  if (line === null)
    throw new Error(`the engine ended before it went on: ${JSON.stringify(await engine.end)}`);
  return JSON.parse(line.slice("plan ".length)) as Plan;
}

/** Some more rows, none of them twice: each time has kinds and rows of its own. */
async function breakRows(
  { seed, sourceAt, target, writer }: ProofLife,
  plan: Plan,
  into: { readonly broken: string[]; readonly beyondOracle: string[] },
  time: number,
): Promise<void> {
  const client = new Client(loginOf(target.url));
  let source: Connection | null = null;
  try {
    source = await createConnection({ uri: sourceAt, charset: "utf8mb4" });
    await openBehind(client);
    const names = writer.tables.map(({ name }) => name);
    const tables = plan.tables.filter((table) => names.includes(table.source));
    // Each row is of one of three parts, so that it is broken once.
    const only = `${stillRows} AND n % 3 = ${String(time % 3)}`;
    const breaker = new Breaker({ ...plan, tables }, seed * 10 + time, source, client, only);
    for (let row = 0; row < atOnce; row++) await breaker.breakOne(atRest);
    into.broken.push(...breaker.lines);
    into.beyondOracle.push(...breaker.beyondOracle);
  } finally {
    await client.end();
    await source?.end();
  }
}
