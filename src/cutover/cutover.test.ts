// The walk of a cutover against a virtual world: there, back before the decision, back out of the soak, and what ends it.
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { measuredIn } from "./delivered.js";
import { ExampleWorld, Killed, walkOf } from "./example-night.js";
import { journeyOf, nextCutover } from "./journey.js";
import type { Night } from "./night.js";
import { resume, rollback } from "./rollback.js";
import { cutover, finish, isUnfinished, settle } from "./runner.js";
import { stepNames, steps } from "./steps.js";

const first = "20260101_shop-1";

it("goes from ready to soaking, each step in the journal before and after its act", async () => {
  const world = new ExampleWorld();
  const told: string[] = [];
  const ended = await cutover(
    walkOf(world, first, { onStep: ({ step, phase }) => told.push(`${step} ${phase}`) }),
  );
  expect(ended).toMatchObject({ state: "soaking", why: null });
  expect(ended.writePauseSeconds).toBeGreaterThan(0);
  expect(told).toEqual(stepNames.flatMap((name) => [`${name} about-to`, `${name} done`]));
  const journey = journeyOf(world.entries);
  expect(journey).toMatchObject({ cutover: first, state: "soaking", decided: "switch" });
  expect(world.entries.map(({ number }) => number)).toEqual(world.entries.map((_, index) => index + 1));
  // What undoing needs was written down before the act.
  const note = world.acts.indexOf("source raise");
  expect(world.acts.lastIndexOf("journal about-to fence", note)).toBeLessThan(note);
  expect(world.acts.indexOf("journal about-to fence")).toBeGreaterThan(world.acts.indexOf("source note"));
  world.demandWhole();
  expect(world.broken).toEqual([]);
  expect(nextCutover("20260101_shop", journey)).toBe("20260101_shop-2");
});

it("leaves in the journal what the delivery is told of: each pause as it was measured, the last lag and proof", async () => {
  const world = new ExampleWorld();
  expect(measuredIn(world.entries)).toBeNull();
  world.foreign = 1;
  const aborted = await cutover(walkOf(world, first, { lagSeconds: 7 }));
  world.foreign = 0;
  const over = await cutover(walkOf(world, "20260101_shop-2", { lagSeconds: 5 }));
  const home = await rollback(walkOf(world, "20260101_shop-2"), null);
  const again = await cutover(walkOf(world, "20260101_shop-3", { lagSeconds: 0.5 }));
  expect(measuredIn(world.entries)).toMatchObject({
    rows: null,
    pauses: [
      { of: "aborted cutover", seconds: aborted.writePauseSeconds },
      { of: "cutover", seconds: over.writePauseSeconds },
      { of: "rollback", seconds: home.writePauseSeconds },
      { of: "cutover", seconds: again.writePauseSeconds },
    ],
    lagSeconds: 0.5,
    proof: { equal: true, keysAtFence: 1n },
  });
  // Whose engine was killed in between took its clock along.
  const killed = world.entries.map((entry) =>
    entry.phase === "entered" && entry.step === "soaking" ? { ...entry, note: null } : entry,
  );
  expect(measuredIn(killed)?.pauses.map(({ seconds }) => seconds)).toEqual([
    aborted.writePauseSeconds,
    null,
    home.writePauseSeconds,
    null,
  ]);
});

it("goes back out of the soak with everything that the target was given, and forward again", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  for (let writes = 0; writes < 5; writes += 1) world.live();
  const back = await rollback(walkOf(world, first), null);
  expect(back.state).toBe("rolled_back");
  world.demandWhole();
  for (let writes = 0; writes < 5; writes += 1) world.live();
  world.demandEqual();
  expect((await cutover(walkOf(world, "20260101_shop-2"))).state).toBe("soaking");
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it.each([
  ["a hook that says no", (world: ExampleWorld) => fails(world, "hook before-switch"), "cutover-aborted"],
  ["rows that differ at the fence", (world: ExampleWorld) => fails(world, "prove"), "cutover-aborted"],
  ["a foreign write on the target", (world: ExampleWorld) => (world.foreign = 1), "cutover-aborted"],
  ["a pause past its budget", (world: ExampleWorld) => slow(world, "drain"), "cutover-aborted"],
  [
    "a fence that fell",
    (world: ExampleWorld) => during(world, "hook before-switch", () => (world.fenced = false)),
    "fence-refused",
  ],
  [
    "a source that was started again",
    (world: ExampleWorld) => during(world, "prove", () => (world.sourceLife += 1)),
    "fence-refused",
  ],
  [
    "a target that is gone",
    (world: ExampleWorld) => during(world, "target past keys", () => (world.targetUp = false), "before"),
    "connection-lost",
  ],
])("opens the source again after %s", async (_, happens, code) => {
  const world = new ExampleWorld();
  happens(world);
  const ended = await cutover(walkOf(world, first));
  expect(ended).toMatchObject({ state: "rolled_back", why: { code } });
  world.demandWhole();
  expect(world.broken).toEqual([]);
  expect(world.rows.get(first)).toBe("abort");
});

it.each(["raise", "state", "drop triggers"])(
  "opens the source again where its network goes silent while it is asked to %s",
  async (act) => {
    const world = new ExampleWorld();
    during(world, `source ${act}`, () => (world.sourceSilent = true), "before");
    const walk = walkOf(world, first, { probes: { source: null, target: null } });
    const ended = await cutover(walk);
    expect(ended).toMatchObject({ state: "rolled_back", why: { code: "cutover-aborted" } });
    expect(ended.why?.message).toMatch(/past its budget/u);
    expect(ended.writePauseSeconds).toBeLessThan(walk.budgetMs / 1000 + 1);
    world.demandWhole();
    expect(world.broken).toEqual([]);
  },
);

it("says so where a target that is to be opened does not answer, lets go of its sessions, and opens it at the next word", async () => {
  const world = new ExampleWorld();
  const walk = walkOf(world, first, { probes: { source: null, target: null } });
  const cut: string[] = [];
  const target = {
    ...walk.night.target,
    open: () => new Promise<never>(() => undefined),
    cut: () => {
      cut.push("cut");
      return Promise.resolve();
    },
  };
  await expect(cutover({ ...walk, night: { ...walk.night, target } })).rejects.toMatchObject({
    code: "switch-unfinished",
    facts: { reason: "connection-lost" },
  });
  expect(cut).toEqual(["cut"]);
  expect(world.fenced).toBe(true);
  expect(await settle(walkOf(world, first))).toMatchObject({ state: "soaking" });
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("waits for no target that has gone silent: the copy of the journal is behind, and the budget ends the rest", async () => {
  const world = new ExampleWorld();
  const words: string[] = [];
  const walk = walkOf(world, first, {
    probes: { source: null, target: null },
    onWord: (word) => words.push(word),
  });
  const silent = { ...walk.night, mirror: () => new Promise<never>(() => undefined) };
  const ended = await cutover({ ...walk, night: silent });
  expect(ended.state === "soaking" || ended.why?.code === "cutover-aborted").toBe(true);
  expect(ended.writePauseSeconds).toBeLessThan(walk.budgetMs / 1000 + 4);
  expect(words).toContainEqual(expect.stringMatching(/copy of the journal is behind: .*within 3 s/u));
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("fences nothing where the journal cannot be written", async () => {
  const world = new ExampleWorld();
  during(world, "source note", () => (world.journalBroken = true));
  await expect(cutover(walkOf(world, first))).rejects.toThrow(/The source is open again/u);
  expect(world.acts).not.toContain("source raise");
  expect(world.fenced).toBe(false);
});

it("opens the source where the journal is lost in the middle, and says so", async () => {
  const world = new ExampleWorld();
  during(world, "prove", () => (world.journalBroken = true));
  await expect(cutover(walkOf(world, first))).rejects.toThrow(/The source is open again/u);
  expect(world.fenced).toBe(false);
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("carries a decided switch through, and says that a person is needed while the target is away", async () => {
  const world = new ExampleWorld();
  during(world, "source decide", () => (world.targetUp = false));
  const failed = await cutover(walkOf(world, first)).catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: "switch-unfinished", exit: 6 });
  expect(world.fenced).toBe(true);
  await expect(settle(walkOf(world, first))).rejects.toMatchObject({ code: "switch-unfinished" });
  world.targetUp = true;
  expect(await settle(walkOf(world, first))).toMatchObject({ state: "soaking" });
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it.each(["switch", "after-switch"])(
  "soaks where the hook %s does not succeed, says so, and goes on with it",
  async (name) => {
    const world = new ExampleWorld();
    fails(world, `hook ${name}`);
    const ended = await cutover(walkOf(world, first));
    expect(ended).toMatchObject({ state: "soaking", why: { code: "switch-unfinished", exit: 6 } });
    expect(ended.writePauseSeconds).toBeGreaterThan(0);
    expect(isUnfinished(journeyOf(world.entries))).toBe(true);
    expect(await finish(walkOf(world, first))).toMatchObject({ code: "switch-unfinished" });
    world.chances = { at: () => undefined, fails: () => false };
    const done = world.acts.length;
    expect(await finish(walkOf(world, first))).toBeNull();
    expect(world.acts.slice(done).filter((act) => act.startsWith("hook "))).toEqual(
      name === "switch" ? ["hook switch", "hook after-switch"] : ["hook after-switch"],
    );
    expect(isUnfinished(journeyOf(world.entries))).toBe(false);
    world.demandWhole();
    expect(world.broken).toEqual([]);
  },
);

it("goes back from a soak whose hook never succeeds", async () => {
  const world = new ExampleWorld();
  fails(world, "hook switch");
  await cutover(walkOf(world, first));
  for (let writes = 0; writes < 5; writes += 1) world.live();
  expect((await rollback(walkOf(world, first), null)).state).toBe("rolled_back");
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("leaves the target open where not everything can be brought back, and opens it again where that shows later", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  world.quarantined = 1;
  await expect(rollback(walkOf(world, first), null)).rejects.toMatchObject({
    code: "way-back-stopped",
    exit: 6,
  });
  expect(world.targetOpen).toBe(true);
  world.quarantined = 0;
  during(world, "target shut", () => (world.quarantined = 1));
  expect(await rollback(walkOf(world, first), null)).toMatchObject({
    state: "soaking",
    why: { code: "way-back-stopped", exit: 6 },
  });
  expect([world.targetOpen, world.fenced]).toEqual([true, true]);
  expect(journeyOf(world.entries).state).toBe("soaking");
  world.quarantined = 0;
  for (let writes = 0; writes < 5; writes += 1) world.live();
  expect((await rollback(walkOf(world, first), null)).state).toBe("rolled_back");
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it.each([
  [
    "a drain that takes too long",
    (world: ExampleWorld) => slow(world, "drain back"),
    /past its budget of 30 s/u,
  ],
  ["a proof that differs", (world: ExampleWorld) => fails(world, "prove back"), /t: 1 row/u],
  [
    "a source that goes away",
    (world: ExampleWorld) => during(world, "target shut", () => (world.sourceUp = false)),
    /budget of 30 s|does not answer/u,
  ],
  [
    "a source that goes silent",
    (world: ExampleWorld) => during(world, "source past keys", () => (world.sourceSilent = true), "before"),
    /past its budget of 30 s/u,
  ],
  [
    "a crash in which the source lost what was brought back, before the proof",
    (world: ExampleWorld) => during(world, "drain back", () => world.loseHome()),
    /lost commits/u,
  ],
  [
    "a crash in which the source lost what was brought back, behind the proof",
    (world: ExampleWorld) => during(world, "source past keys", () => world.loseHome()),
    /lost commits/u,
  ],
  [
    "somebody who may write on the target all the same",
    (world: ExampleWorld) => during(world, "drain back", () => (world.stranger = true)),
    /app2 may write/u,
  ],
  [
    "a write that came through",
    (world: ExampleWorld) => during(world, "drain back", () => (world.targetOpen = true)),
    /written on the target while nobody may/u,
  ],
])("opens the target again after %s, and goes back later", async (_, happens, why) => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  for (let writes = 0; writes < 5; writes += 1) world.live();
  happens(world);
  const ended = await rollback(walkOf(world, first), null);
  expect(ended).toMatchObject({ state: "soaking", why: { code: "way-back-stopped", exit: 6 } });
  expect(ended.why?.message).toMatch(why);
  expect([world.targetOpen, world.fenced]).toEqual([true, true]);
  expect(journeyOf(world.entries).givenUp).toMatch(why);
  world.chances = { at: () => undefined, fails: () => false };
  world.sourceUp = true;
  world.stranger = false;
  for (let writes = 0; writes < 5; writes += 1) world.live();
  expect((await rollback(walkOf(world, first), null)).state).toBe("rolled_back");
  world.demandWhole();
  expect(world.broken.filter((word) => word !== "both sides are writable")).toEqual([]);
});

it.each([
  ["within its budget", 20_000, 9_000, "rolled_back"],
  ["past it with what the next engine needs", 20_000, 11_000, "soaking"],
  ["past it", 31_000, 0, "soaking"],
] as const)(
  "counts a write pause over the engines that go on with it: %s",
  async (_, away, drains, state) => {
    const world = new ExampleWorld();
    await cutover(walkOf(world, first));
    for (let writes = 0; writes < 5; writes += 1) world.live();
    during(
      world,
      "drain back",
      () => {
        throw new Killed();
      },
      "before",
    );
    await expect(rollback(walkOf(world, first), null)).rejects.toThrow();
    expect([world.dead, journeyOf(world.entries).state]).toEqual([true, "rolling_back"]);
    world.revive();
    world.clock += away;
    during(world, "prove back", () => (world.clock += drains));
    const ended = await resume(walkOf(world, first));
    expect(ended).toMatchObject({ state });
    if (state === "soaking") expect(ended?.why?.message).toMatch(/past its budget of 30 s/u);
    expect([world.targetOpen, world.fenced]).toEqual(state === "soaking" ? [true, true] : [false, false]);
    // Another way back has a pause of its own.
    if (state === "soaking") expect((await rollback(walkOf(world, first), null)).state).toBe("rolled_back");
    world.demandWhole();
    expect(world.broken).toEqual([]);
  },
);

it("a way back that leads to the source already goes on to its end, however old it is", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  during(world, "source create triggers", () => {
    throw new Killed();
  });
  await expect(rollback(walkOf(world, first), null)).rejects.toThrow();
  expect([world.dead, journeyOf(world.entries).state]).toEqual([true, "rolling_back"]);
  world.revive();
  world.clock += 3_600_000;
  expect(await resume(walkOf(world, first))).toMatchObject({ state: "rolled_back" });
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("shuts nobody out while somebody else may write on the target", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  world.stranger = true;
  await expect(rollback(walkOf(world, first), null)).rejects.toMatchObject({ code: "fence-refused" });
  expect([world.targetOpen, journeyOf(world.entries).state]).toEqual([true, "soaking"]);
});

it("gives a way back up at a word, until something leads to the source", async () => {
  for (const [act, state] of [
    ["drain back", "soaking"],
    ["source create triggers", "rolled_back"],
  ] as const) {
    const world = new ExampleWorld();
    await cutover(walkOf(world, first));
    const word = new AbortController();
    during(world, act, () => word.abort(new Fault("interrupted", "Forward.")));
    const ended = await rollback(walkOf(world, first), null, word.signal);
    expect(ended).toMatchObject({ state, why: null });
    world.demandWhole();
    expect(world.broken).toEqual([]);
  }
});

it("tells of a write on the target after the source is open again", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  const words: string[] = [];
  during(world, "hook after-rollback", () => (world.targetOpen = true), "before");
  const walk = walkOf(world, first, { onWord: (word) => words.push(word) });
  const night: Night = {
    ...walk.night,
    hook: async (name, facts, signal) => {
      await walk.night.hook(name, facts, signal);
      await walk.wait(500, walk.stop);
    },
  };
  await rollback({ ...walk, night }, null);
  expect(words).toContainEqual(expect.stringMatching(/target while the source is open: both are writable/u));
});

it("shuts nothing before the way back came through once: what stood before this engine shows only where it is met", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  during(
    world,
    "canary",
    () => {
      throw new Fault("way-back-stopped", "1 change waits.");
    },
    "before",
  );
  await expect(rollback(walkOf(world, first), null)).rejects.toMatchObject({ code: "way-back-stopped" });
  expect(world.acts).not.toContain("target shut");
  expect(world.targetOpen).toBe(true);
  expect((await rollback(walkOf(world, first), null)).state).toBe("rolled_back");
  world.demandWhole();
  expect(world.broken).toEqual([]);
});

it("refuses a second cutover while one is open, and a row that is decided already", async () => {
  const world = new ExampleWorld();
  await cutover(walkOf(world, first));
  await expect(cutover(walkOf(world, "20260101_shop-2"))).rejects.toMatchObject({ code: "cutover-refused" });
  const lost = new ExampleWorld();
  lost.rows.set(first, "switch");
  expect(await cutover(walkOf(lost, first))).toMatchObject({
    state: "rolled_back",
    why: { code: "cutover-refused" },
  });
  expect([lost.targetOpen, lost.fenced]).toEqual([false, false]);
});

it("has a way back for all that it changes before the decision", () => {
  const changing = steps.filter(
    ({ leavable, name }) => !leavable && name !== "open-target" && name !== "decide",
  );
  expect(changing.filter(({ undo, name }) => undo === undefined && name !== "decision-row")).toEqual([]);
});

function fails(world: ExampleWorld, what: string): void {
  world.chances = { ...world.chances, fails: (act) => act === what };
}

function slow(world: ExampleWorld, what: string): void {
  during(world, what, () => (world.clock += 60_000));
}

function during(
  world: ExampleWorld,
  what: string,
  then: () => unknown,
  moment: "before" | "after" = "after",
): void {
  let once = true;
  world.chances = {
    ...world.chances,
    at: (act, when) => {
      if (act !== what || when !== moment || !once) return;
      once = false;
      then();
    },
  };
}
