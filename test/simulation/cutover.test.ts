// Cutover, rollback and cutover again in a virtual world whose servers go away and come back, whose hooks say no, and whose
// engine is killed at any act, again and again: at no moment are both sides writable, and no write that the application
// saw acknowledged is lost or there twice. One with HEADGATE_SEED=n; 20,000 otherwise, the same every day.
import { expect, it } from "vitest";
import { abandon, clearAway, isClosed } from "../../src/cutover/ending.js";
import { ExampleWorld, Killed, walkOf } from "../../src/cutover/example-night.js";
import { journeyOf, nextCutover } from "../../src/cutover/journey.js";
import { isUnderWay } from "../../src/cutover/machine.js";
import { resume, rollback } from "../../src/cutover/rollback.js";
import { cutover } from "../../src/cutover/runner.js";
import { enter } from "../../src/cutover/walk.js";
import type { Walk } from "../../src/cutover/walk.js";
import { Fault } from "../../src/errors.js";
import { freshSeed, fresh } from "../fresh-seed.js";
import { Random } from "./random.js";

const seeds = Number(process.env["HEADGATE_TEST_SEEDS"] ?? 20_000);

it(
  "loses nothing and opens no two sides, wherever its engine is killed",
  async () => {
    const one = process.env["HEADGATE_SEED"];
    const first = one === undefined ? (fresh ? freshSeed() : 0) : Number(one);
    const failures: string[] = [];
    const met = new Map<string, number>();
    const last = one === undefined ? first + seeds : first + 1;
    for (let seed = first; seed < last && failures.length < 5; seed += 1) {
      const { broken, happened } = await life(seed);
      for (const what of happened) met.set(what, (met.get(what) ?? 0) + 1);
      if (broken.length > 0) failures.push(`HEADGATE_SEED=${String(seed)}: ${broken.join("; ")}`);
    }
    console.log(`seeds ${String(first)} to ${String(last - 1)}:`, Object.fromEntries(met));
    expect(failures).toEqual([]);
    if (last - first > 1000)
      for (const what of [
        "killed",
        "soaking",
        "rolled back of the soak",
        "went back",
        "second soak",
        "away",
        "ended as abandoned",
        "ended as completed",
      ])
        expect(met.get(what) ?? 0, what).toBeGreaterThan(100);
  },
  4 * 3_600_000,
);

const ends = ["abandon", "complete"] as const;

async function complete(world: ExampleWorld, walk: Walk): Promise<void> {
  if (world.journey.state === "soaking") await enter(walk, "complete");
  const { state, cutover: id } = world.journey;
  if (state === "completed" && !isClosed(world.journey))
    await clearAway(world.journal(), id ?? "", world.ending());
}

interface Life {
  readonly broken: readonly string[];
  readonly happened: readonly string[];
}

async function life(seed: number): Promise<Life> {
  const random = new Random(seed);
  const world = new ExampleWorld();
  const happened: string[] = [];
  const kills = random.pick([0, 0.005, 0.02, 0.05]);
  const away = random.pick([0, 0, 0.01, 0.05]);
  const failing = random.pick([0, 0, 0.1]);
  let calm = false;
  world.chances = {
    at: () => {
      if (calm) return;
      if (random.chance(away)) {
        happened.push("away");
        if (random.chance(0.5)) world.sourceUp = false;
        else world.targetUp = false;
      }
      if (random.chance(0.3)) world.sourceUp = true;
      if (random.chance(0.2)) world.targetUp = true;
      if (random.chance(kills)) {
        happened.push("killed");
        throw new Killed();
      }
    },
    fails: () => !calm && random.chance(failing),
  };
  world.onTime = () => {
    if (calm || random.chance(0.4)) world.sourceUp = true;
    if (calm || random.chance(0.2)) world.targetUp = true;
  };
  const walk = (again: boolean): Walk => {
    const journey = journeyOf(world.entries);
    const id = again ? nextCutover("20260101_shop", journey) : (journey.cutover ?? "20260101_shop-1");
    return walkOf(world, id, random.chance(0.1) ? { budgetMs: random.below(60) } : {});
  };
  const verb = async (name: "run" | "cutover" | "rollback" | "abandon" | "complete"): Promise<void> => {
    world.revive();
    const word = name === "cutover" ? AbortSignal.abort(new Fault("interrupted", "Forward.")) : undefined;
    const ended = await resume(walk(false), word);
    const { state } = journeyOf(world.entries);
    if (name === "complete") await complete(world, walk(false));
    if (name === "abandon") {
      const parts = world.ending();
      await abandon(world.journal(), "20260101_shop", {
        note: {},
        onAbandoned: async () => undefined,
        parts,
      });
      happened.push("abandoned");
    }
    if (name === "rollback" && state === "soaking") {
      await rollback(walk(false), null);
      happened.push("rolled back of the soak");
    }
    if (name !== "cutover" || ended !== null || (state !== "streaming" && state !== "rolled_back")) return;
    const walked = await cutover(walk(true));
    happened.push(walked.state === "soaking" ? "soaking" : "went back");
    if (walked.state === "soaking" && journeyOf(world.entries).cutover !== "20260101_shop-1")
      happened.push("second soak");
  };
  for (let turn = 0; turn < 8; turn += 1) {
    for (let writes = random.below(4); writes > 0; writes -= 1) world.live(random.chance(0.7));
    try {
      await verb(
        random.pick(["cutover", "cutover", "rollback", "run", ...(random.chance(0.3) ? ends : [])] as const),
      );
    } catch (error) {
      if (!(error instanceof Killed) && !(error instanceof Fault && error.code !== "bug") && !world.dead)
        throw error;
    }
    if (world.broken.length > 0) return { broken: world.broken, happened };
  }
  // Everything is there again: one command ends what was begun.
  calm = true;
  world.sourceUp = world.targetUp = true;
  await verb(random.pick(["cutover", "rollback", "run"] as const));
  const { state } = journeyOf(world.entries);
  if (state === "abandoned" || state === "completed") {
    // Whatever was left of it in the middle.
    await verb(state === "abandoned" ? "abandon" : "complete");
    happened.push(`ended as ${state}`);
  }
  world.demandEnded();
  if (isUnderWay(state)) world.broken.push(`ended at ${state}`);
  world.demandWhole();
  world.demandEqual();
  return { broken: world.broken, happened };
}
