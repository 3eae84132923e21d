// Every state that the walk can leave behind when it is killed: from each, each command is walked in each weather, and
// each act of it is where it may be killed. In all of them no two sides are writable (I14), and from each one command more
// ends properly, with every write that an application saw acknowledged on the side that is open (I15, I18).
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { ExampleWorld, walkOf } from "./example-night.js";
import { abandon, clearAway, closing, endings, isClosed } from "./ending.js";
import { journeyOf, nextCutover } from "./journey.js";
import { isUnderWay } from "./machine.js";
import type { State } from "./machine.js";
import { resume, rollback } from "./rollback.js";
import { cutover, finish } from "./runner.js";
import { enter } from "./walk.js";
import type { Walk } from "./walk.js";

const migration = "20260101_shop";
const commands = ["run", "cutover", "rollback", "complete", "abandon"] as const;
const weathers = [
  "fine",
  "target away",
  "source away",
  "rows differ",
  "a hook says no",
  "quarantine",
] as const;

function isEnding(command: Command): boolean {
  return command === "complete" || command === "abandon";
}

const endsBy: Readonly<Partial<Record<State, Command>>> = { completed: "complete", abandoned: "abandon" };

type Command = (typeof commands)[number];
type Weather = (typeof weathers)[number];

function walk(world: ExampleWorld, fresh: boolean): Walk {
  const journey = journeyOf(world.entries);
  return walkOf(world, fresh ? nextCutover(migration, journey) : (journey.cutover ?? `${migration}-1`), {
    probes: { source: null, target: null },
  });
}

/** As the verbs do it: what is under way is ended first. */
async function act(world: ExampleWorld, command: Command): Promise<void> {
  // The word that leads forward gives up a way back that can be given up still.
  const word = command === "cutover" ? AbortSignal.abort(new Fault("interrupted", "Forward.")) : undefined;
  const ended = await resume(walk(world, false), word);
  const { state } = journeyOf(world.entries);
  if (command !== "rollback" && ended === null && state === "soaking") await finish(walk(world, false));
  if (command === "rollback" && state === "soaking") await rollback(walk(world, false), null);
  if (command === "cutover" && ended === null && (state === "streaming" || state === "rolled_back"))
    await cutover(walk(world, true));
  if (command === "complete") await complete(world);
  // It refuses by itself what the machine has no way for.
  if (command === "abandon")
    await abandon(world.journal(), migration, {
      note: {},
      onAbandoned: async () => undefined,
      parts: world.ending(),
    });
}

async function complete(world: ExampleWorld): Promise<void> {
  if (world.journey.state === "soaking") await enter(walk(world, false), "complete");
  const { state, cutover: id } = world.journey;
  if (state === "completed" && !isClosed(world.journey))
    await clearAway(world.journal(), id ?? "", world.ending());
}

function set(world: ExampleWorld, weather: Weather): void {
  world.sourceUp = weather !== "source away";
  world.targetUp = weather !== "target away";
  world.quarantined = weather === "quarantine" ? 1 : 0;
}

const failing: Readonly<Partial<Record<Weather, readonly string[]>>> = {
  "rows differ": ["prove", "prove back"],
  "a hook says no": ["hook before-switch", "hook switch"],
};

/** What tells one state from another: the journal as it is read, and the servers. */
function keyOf(world: ExampleWorld): string {
  const { cutover: id, state, decided, steps } = world.journey;
  // What led to an end is of no matter to it.
  const isOver = endsBy[state] !== undefined;
  const known = [...steps]
    .filter(([name]) => !isOver || name === closing || endings.some((each) => each === name))
    .map(([name, { done, undone }]) => [name, done !== null, undone]);
  return JSON.stringify([id, state, decided, known, world.shape]);
}

it("has no reachable state with both sides writable, and one command out of each", async () => {
  const begin = new ExampleWorld();
  begin.live();
  const open: ExampleWorld[] = [begin];
  const seen = new Set([keyOf(begin)]);
  const states = new Set<string>();
  let edges = 0;
  for (let world = open.pop(); world !== undefined; world = open.pop()) {
    const from = world;
    const { cutover: id, state } = journeyOf(from.entries);
    states.add(state);
    for (const command of commands)
      for (const weather of weathers) {
        if (isEnding(command) && !weather.endsWith("away") && weather !== "fine") continue;
        // A third cutover begins where the second did.
        if (command === "cutover" && !isUnderWay(state) && (id ?? "").endsWith("-2")) continue;
        const now = from.copy();
        set(now, weather);
        now.chances = {
          fails: (what) => failing[weather]?.includes(what) === true,
          at: () => {
            edges += 1;
            const key = keyOf(now);
            if (seen.has(key)) return;
            seen.add(key);
            open.push(now.copy());
          },
        };
        await act(now, command).catch((error: unknown) => {
          // What stops it is another test's; here it is one more way to be left.
          if (!(error instanceof Error)) throw error;
        });
        expect(now.broken, `${command}, ${weather}, from ${keyOf(from)}`).toEqual([]);
      }
    for (const command of commands) {
      if (command === "cutover" && !isUnderWay(state) && (id ?? "").endsWith("-2")) continue;
      const last = from.copy();
      await act(last, command).catch((error: unknown) => {
        if (!(error instanceof Fault) || error.code !== "cutover-refused") throw error;
      });
      last.demandWhole();
      // An end that was left in the middle is carried through by its own command, whatever came between.
      const over = endsBy[last.journey.state];
      if (over !== undefined) await act(last, over);
      last.demandEnded();
      const ended = journeyOf(last.entries).state;
      expect(isUnderWay(ended), `${command} from ${keyOf(from)} ends at ${ended}`).toBe(false);
      expect(last.broken, `${command} from ${keyOf(from)}`).toEqual([]);
    }
  }
  expect([...states].sort()).toEqual(
    [
      "abandoned",
      "completed",
      "draining",
      "fencing",
      "rolled_back",
      "rolling_back",
      "soaking",
      "streaming",
      "switching",
      "verifying",
    ].sort(),
  );
  expect(seen.size).toBeGreaterThan(300);
  expect(edges).toBeGreaterThan(100_000);
}, 180_000);
