/**
 * The kill matrix of the night (issue 8; I14, I15): engine, source or target is killed by -9 before, during or after each step
 * of a cutover, of its way back before the decision, and of a rollback out of the soak. An application writes all the time and
 * follows the routing, a prober logs in to both sides all the time. Then one command at most ends it in soaking or rolled_back,
 * there was no moment with both sides writable, and each acknowledged write is found once on the side that is open, and once on
 * the other when that has caught up. Over Kafka (HEADGATE_TEST_FEED=kafka) the broker is killed instead. HEADGATE_SEEDS=1,2,3
 * runs the seeds that a red run printed.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { homeStepNames } from "../../src/cutover/home-steps.js";
import { stepNames } from "../../src/cutover/steps.js";
import { freshSeed } from "../fresh-seed.js";
import { kafkaWorld } from "../world/kafka-world.js";
import { isSource, listed } from "../world/matrix.js";
import { seeded } from "../world/demo/random.js";
import type { NightJourney, Said } from "../world/night-journey.js";
import { isUnfinished } from "../../src/cutover/runner.js";
import { journeyNow, nightLife, nightServers, nightTarget, stateOf, whole } from "./night-life.js";
import type { NightLife, NightServer, NightServers } from "./night-life.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const chosen = process.env["HEADGATE_SEEDS"];
const runs = Number(process.env["HEADGATE_TEST_KILLS"] ?? 9);
/** Where the gate's part begins: all parts together are the whole matrix. */
const after = Number(process.env["HEADGATE_TEST_KILLS_AFTER"] ?? 0);
const fresh = gate ? 0 : Math.floor(runs / 4);
const seeds =
  chosen === undefined || chosen === ""
    ? [
        ...Array.from({ length: runs - fresh }, (_, number) => after + number),
        ...Array.from({ length: fresh }, (_, number) => freshSeed() + number),
      ]
    : chosen.split(",").map(Number);

const [sourceName = "mysql9"] = listed("HEADGATE_TEST_SOURCES", isSource, ["mysql9"], process.env);

const overKafka = process.env["HEADGATE_TEST_FEED"] === "kafka";

type Victim = "engine" | "source" | "target" | "broker";

interface Case {
  /** there: a cutover; refused: one whose hook before-switch says no; home: a rollback out of the soak. */
  readonly walk: "there" | "refused" | "home";
  readonly step: string;
  /** The line of the journal, or between two of them. */
  readonly line: "about-to" | "during" | "done" | "decided" | "undone";
  readonly victim: Victim;
}

const victims: readonly Victim[] = overKafka ? ["broker"] : ["engine", "source", "target"];

const serverOf = { source: sourceName, target: nightTarget, broker: "kafka" } as const satisfies Record<
  Exclude<Victim, "engine">,
  NightServer
>;

/** Whose packets count. */
const heard: readonly NightServer[] = [sourceName, nightTarget, ...(overKafka ? (["kafka"] as const) : [])];

/** The whole matrix. */
const cases: readonly Case[] = [
  ...(["about-to", "during", "done"] as const).flatMap((line) => [
    ...stepNames.map((step) => ({ walk: "there" as const, step, line })),
    ...homeStepNames.map((step) => ({ walk: "home" as const, step, line })),
  ]),
  { walk: "refused" as const, step: "abort", line: "decided" as const },
  { walk: "refused" as const, step: "source-triggers", line: "undone" as const },
  { walk: "refused" as const, step: "fence", line: "undone" as const },
].flatMap((each) => victims.map((victim) => ({ ...each, victim })));

/** Each case in turn: 89 shares no factor with their number, so that few seeds meet steps and victims of every kind. */
function caseOf(seed: number): Case {
  const found = cases[(seed * 89) % cases.length];
  if (found === undefined) throw new Error(`no case of seed ${String(seed)}`);
  return found;
}

const nightMoment = new URL("night-moment.mjs", import.meta.url).href;

let servers: NightServers;

beforeAll(async () => {
  servers = await nightServers(sourceName, overKafka);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
});

/** From here on the hook before-switch says no. */
function refuse({ folder }: NightJourney): void {
  const file = join(folder, "headgate.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toContain("hooks: { ");
  writeFileSync(file, text.replace("hooks: { ", 'hooks: { before-switch: ["false"], '));
}

interface Ended {
  readonly said: Said;
  /** How the moment was met; null where it was not. */
  readonly met: string | null;
}

/** One command that meets the moment, in which the victim is killed. */
async function doomed(
  { night }: Pick<NightLife, "night">,
  verb: readonly string[],
  { step, line, victim }: Omit<Case, "walk">,
  packets: number,
  again: "at once" | "later",
): Promise<Ended> {
  const [met, goOn] = [join(night.folder, "met"), join(night.folder, "go-on")];
  const moment = {
    ...{ step, line, packets, met, goOn },
    ports: heard.map((one) => servers.port(one)),
    act: victim === "engine" ? "die" : "tell",
  };
  const running = night.headgate(verb, {
    NODE_OPTIONS: `--import=${nightMoment}`,
    HEADGATE_NIGHT_MOMENT: JSON.stringify(moment),
  });
  const ended = new AbortController();
  void running.finally(() => {
    ended.abort();
  });
  while (!existsSync(met) && !ended.signal.aborted) await sleep(5);
  if (victim !== "engine" && existsSync(met)) {
    const name = serverOf[victim];
    await servers.kill(name);
    if (again === "at once") await servers.startAgain(name);
    writeFileSync(goOn, "");
    if (again === "later") await servers.startAgain(name);
  }
  const said = await running;
  const how = existsSync(met) ? "met" : null;
  rmSync(met, { force: true });
  rmSync(goOn, { force: true });
  return { said, met: how };
}

/** Whoever is stopped in the middle of the switch's hooks has not routed the traffic yet. */
async function isEnded(night: NightJourney): Promise<boolean> {
  const journey = await journeyNow(night);
  return journey.state === "rolled_back" || (journey.state === "soaking" && !isUnfinished(journey));
}

/** What a verb says of its end; `run` is stopped as soon as the journal says it. */
async function oneCommand(
  { night }: Pick<NightLife, "night">,
  verb: "cutover" | "rollback" | "run",
): Promise<string> {
  if (verb !== "run") {
    const { stdout, stderr } = await night.headgate(
      verb === "cutover" ? ["cutover", "--until", "soaking"] : ["rollback"],
    );
    return stdout + stderr;
  }
  const engine = night.engine();
  const dead = new AbortController();
  void engine.logged(/nothing says this/u).catch(() => {
    dead.abort();
  });
  while (!(await isEnded(night)) && !dead.signal.aborted) await sleep(20);
  return await engine.stop("SIGTERM");
}

describe("kill -9 in the night", () => {
  it.each(seeds)("at a moment of seed %i: one command ends it, with every write", async (seed) => {
    const { walk, step, line, victim } = caseOf(seed);
    const random = seeded(seed);
    const packets = 1 + random.int(6);
    const again = random.pick<"at once" | "later">(["at once", "later"]);
    const command = random.pick<"cutover" | "rollback" | "run">(["cutover", "rollback", "run"]);
    const what = `HEADGATE_SEEDS=${String(seed)}: ${victim} at ${walk} ${step} ${line}${line === "during" ? ` (packet ${String(packets)})` : ""}${victim === "engine" ? "" : `, back ${again}`}`;
    console.log(what);
    const name = `night_kill_${String(seed)}`;
    await using kafka = overKafka ? await kafkaWorld(name) : null;
    await using life = await nightLife(name, sourceName, kafka === null ? {} : { kafka: kafka.place });
    const { night, prober } = life;
    if (walk === "refused") refuse(night);
    if (walk === "home") {
      const there = await night.headgate(["cutover", "--until", "soaking"]);
      expect([there.code, there.last["state"]], there.stdout + there.stderr).toEqual([0, "soaking"]);
    }
    const verb = walk === "home" ? ["rollback"] : ["cutover", "--until", "soaking"];
    const { said, met } = await doomed(life, verb, { step, line, victim }, packets, again);
    expect([what, met], said.stdout + said.stderr).toEqual([what, "met"]);
    if (victim === "engine") expect(said.code).toBe(null);
    expect(said.stdout + said.stderr).not.toMatch(/"code":"bug"/u);
    const before = await stateOf(night);
    const told = (await isEnded(night)) ? "" : await oneCommand(life, command);
    const state = await stateOf(night);
    expect(
      [what, await isEnded(night)],
      `${before} then ${command}: ${state}\n${told}\nfirst:\n${said.stdout}${said.stderr}`,
    ).toEqual([what, true]);
    const [open, other] =
      state === "soaking" ? (["target", "source"] as const) : (["source", "target"] as const);
    await night.app.more(10);
    await night.app.stop();
    await prober.stop();
    await whole(life, open, what);
    expect(prober.tried[open].taken).toBeGreaterThan(0);
    // The other side, once it has caught up, costs an engine's life: in the gate for all, else for some.
    if (gate || seed % 3 === 0) {
      const over = await night.headgate(state === "soaking" ? ["rollback"] : ["run", "--until", "ready"]);
      expect([what, over.code], over.stdout + over.stderr).toEqual([what, 0]);
      await whole(life, other, what);
    }
    expect([what, prober.both]).toEqual([what, []]);
    console.log(
      `seed ${String(seed)}: ${before}${told === "" ? "" : `, ${command}`}: ${state}; ${String(night.app.acknowledged.length)} writes, ${JSON.stringify(prober.tried)}`,
    );
  });

  it("rolls back before the decision with the target dead, from the source and the journal alone", async () => {
    await using life = await nightLife("night_kill_target_dead", sourceName);
    const { night, prober } = life;
    const at = { step: "canary", line: "about-to", victim: "engine" } as const;
    expect(await doomed(life, ["cutover", "--until", "soaking"], at, 1, "at once")).toMatchObject({
      said: { code: null },
      met: "met",
    });
    await servers.kill(nightTarget);
    try {
      const said = await night.headgate(["rollback"]);
      expect(said.code, said.stdout + said.stderr).toBe(0);
      expect(said.last).toMatchObject({ verb: "rollback", state: "rolled_back" });
      await night.app.more(10);
      await night.app.stop();
      await prober.stop();
      await whole(life, "source", "the target is dead");
    } finally {
      await servers.startAgain(nightTarget);
    }
    expect(prober.both).toEqual([]);
  });
});
