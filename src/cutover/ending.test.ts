// The two ends of a migration: refused by name where the machine has no way there, and done again from any place where the
// engine was killed.
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { abandon, clearAway, demandAbandonable, isClosed } from "./ending.js";
import { ExampleWorld, Killed, walkOf } from "./example-night.js";
import { states } from "./machine.js";
import { cutover } from "./runner.js";
import { enter } from "./walk.js";

const migration = "20260101_shop";

const abandoning = (world: ExampleWorld): Promise<void> =>
  abandon(world.journal(), migration, {
    note: { keepsTarget: true },
    onAbandoned: async () => undefined,
    parts: world.ending(),
  });

it("may be abandoned before the switch and after a way back, and says what to do instead", () => {
  const refused = new Map<string, string>();
  for (const state of states)
    try {
      demandAbandonable(state);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      expect([error.code, error.exit]).toEqual(["cutover-refused", 64]);
      refused.set(state, error.next);
    }
  expect(states.filter((state) => !refused.has(state))).toEqual([
    "streaming",
    "ready",
    "rolled_back",
    "abandoned",
  ]);
  expect(refused.get("soaking")).toMatch(/headgate rollback.*headgate complete/u);
  expect(refused.get("switching")).toMatch(/headgate cutover/u);
  expect(refused.get("completed")).toBe("headgate report");
});

it("keeps what was said to be kept, and begins no cutover any more", async () => {
  const world = new ExampleWorld();
  await abandoning(world);
  expect(world.journey).toMatchObject({ state: "abandoned", keepsTarget: true, cutover: `${migration}-0` });
  expect(isClosed(world.journey)).toBe(true);
  await expect(cutover(walkOf(world, `${migration}-1`))).rejects.toMatchObject({
    code: "cutover-refused",
    message: "The migration was abandoned.",
  });
});

/** How the act says that the engine was killed in it, which the world tells of by `dead`. */
async function killedIn(world: ExampleWorld, act: () => Promise<void>, at: number): Promise<boolean> {
  let left = at;
  world.chances = {
    fails: () => false,
    at: () => {
      if (left === 0) throw new Killed();
      left -= 1;
    },
  };
  await act().catch((error: unknown) => {
    if (!(error instanceof Killed)) throw error;
  });
  const { dead } = world;
  world.revive();
  world.chances = { fails: () => false, at: () => undefined };
  return dead;
}

it.each(["abandon", "complete"] as const)(
  "ends by the same word wherever it was killed: %s",
  async (word) => {
    let kills = 0;
    for (let at = 0; ; at += 1) {
      const world = new ExampleWorld();
      world.live();
      if (word === "complete") await cutover(walkOf(world, `${migration}-1`));
      const act = async (): Promise<void> => {
        if (word === "abandon") {
          await abandoning(world);
          return;
        }
        if (world.journey.state === "soaking") await enter(walkOf(world, `${migration}-1`), "complete");
        await clearAway(world.journal(), `${migration}-1`, world.ending());
      };
      const dead = await killedIn(world, act, at);
      if (dead) {
        kills += 1;
        await act();
      }
      world.demandEnded();
      world.demandWhole();
      expect(world.broken, `killed at act ${String(at)}`).toEqual([]);
      expect(isClosed(world.journey)).toBe(true);
      if (!dead) break;
    }
    // Before and after each entry of the journal, and each part.
    expect(kills).toBeGreaterThan(30);
  },
);
