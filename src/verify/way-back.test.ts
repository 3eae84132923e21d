/**
 * The order of looking, in a world of its own: the target logs commits before it shows them, the way back applies what is logged,
 * shown or not, and whatever can happen happens between any two steps of a verification. Nobody is accused while nobody breaks
 * anything, and a row that is broken is found. Taking any of the three rules out (the checkpoint first, the target seen,
 * the way back waited for) makes the first property red.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TableProof } from "../verify-port.js";
import type { Row } from "./example-kinds.js";
import { exampleTools } from "./example-ledger.js";
import { exampleTable, keyPlaces, sidesOf, tupleOf } from "./example-sides.js";
import { keptLedger } from "./kept-ledger.js";
import { streamed } from "./streamed.js";
import { verify } from "./verification.js";
import type { VerificationTools, VerifyOutcome } from "./verification.js";
import { wayBackTools } from "./way-back.js";

const table = exampleTable(["bigint", "longtext"], [0]);
const keys = 4;
const never = new AbortController().signal;
const from: LaneCheckpoint = { seq: 0n, position: null };

interface Logged {
  readonly key: number;
  /** null is a row that went. */
  readonly value: string | null;
  shown: boolean;
}

class World {
  readonly log: Logged[] = [];
  readonly target = new Map(Array.from({ length: keys }, (_, key) => [key, `v${String(key)}`]));
  readonly source = new Map(this.target);
  applied = 0;
  /** Keys that nobody writes any more. */
  readonly still = new Set<number>();
  text: string | null = null;
  readonly #random: () => number;
  #count = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Something happens, or nothing. */
  step(): void {
    for (let n = this.#random() * 4; n >= 1; n -= 1) {
      const what = this.#random();
      if (what < 0.35) this.#write();
      else if (what < 0.6) this.#show(this.log.filter(({ shown }) => !shown));
      else this.apply();
    }
  }

  #write(): void {
    const key = Math.floor(this.#random() * keys);
    // Whoever wants a row waits until its last writer is over.
    if (this.still.has(key) || this.log.some((each) => each.key === key && !each.shown)) return;
    const value = this.#random() < 0.2 ? null : `w${String((this.#count += 1))}`;
    this.log.push({ key, value, shown: false });
  }

  #show(hidden: readonly Logged[]): void {
    const one = hidden[Math.floor(this.#random() * hidden.length)];
    if (one === undefined) return;
    one.shown = true;
    if (one.value === null) this.target.delete(one.key);
    else this.target.set(one.key, one.value);
  }

  apply(): void {
    const next = this.log[this.applied];
    if (next === undefined) return;
    this.applied += 1;
    if (next.value === null) this.source.delete(next.key);
    else this.source.set(next.key, next.value);
  }

  /** Some transactions take too long to be waited for. */
  shown(): boolean {
    if (this.#random() < 0.2) return false;
    for (const hidden of [...this.log].filter(({ shown }) => !shown)) this.#show([hidden]);
    return true;
  }

  caughtUp(): void {
    for (const end = this.log.length; this.applied < end;) this.apply();
  }
}

const rows = (from_: ReadonlyMap<number, string>): Row[] =>
  [...from_].map(([key, value]): Row => [String(key), value]);

async function toolsOf(world: World): Promise<VerificationTools> {
  const happens = <T>(act: () => T): Promise<T> => {
    world.step();
    const done = act();
    world.step();
    return Promise.resolve(done);
  };
  const reader = {
    read: (...[query, sink, signal]: Parameters<ReturnType<typeof sidesOf>["comparer"]["reader"]["read"]>) =>
      happens(() => sidesOf(table, rows(world.source), []).comparer.reader).then((side) =>
        side.read(query, sink, signal),
      ),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const given = exampleTools([table], 1, {
    comparing: streamed,
    target: {
      look: () =>
        happens(() => {
          const { look } = sidesOf(table, [], rows(world.target)).comparer;
          return { ...look, checkpoints: new Map([["one", { seq: 99n, position: null }]]) };
        }),
    },
    moment: () => world.step(),
  });
  const proof: TableProof = {
    ...{ table: table.source, whole: null, clean: null, rowsSource: String(keys), rowsTarget: String(keys) },
    ...{ ranges: 1, method: "stream" },
  };
  const ledger = await keptLedger({
    ...{ cutover: "m-1", tables: [proof], from, clock: () => "then" },
    touched: (_table, after, upTo, onBatch) =>
      happens(() => {
        const last = upTo ?? BigInt(world.applied);
        for (let seq = after + 1n; seq <= last; seq += 1n) {
          const one = world.log[Number(seq) - 1];
          if (one === undefined) return;
          if (!onBatch(seq, tupleOf(table, [String(one.key), null], keyPlaces(table)))) return;
        }
      }),
    text: {
      read: () => Promise.resolve(world.text),
      write: (text) => happens(() => void (world.text = text)),
    },
  });
  const source = { ...given.source, reader: () => happens(() => reader) };
  return wayBackTools(
    { ...given, source },
    {
      ...{ from, ledger },
      checkpoint: () => happens(() => ({ seq: BigInt(world.applied), position: null })),
      shown: () => happens(() => world.shown()),
      caughtUp: () => happens(() => world.caughtUp()),
    },
  );
}

const verified = async (world: World, full: boolean): Promise<VerifyOutcome> =>
  verify(await toolsOf(world), { method: "stream", full: full ? "round" : false, tables: null }, never);

/** As a seed has it. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

describe("comparing while the target is written", () => {
  it("accuses nobody, whatever happens between its steps", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const world = new World(randomOf(seed));
        for (let round = 0; round < 5; round += 1) {
          for (let n = 0; n < 5; n += 1) world.step();
          expect((await verified(world, round % 2 === 1)).differences).toBe(0n);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("finds a row that was broken, touched or not, and whoever takes over keeps it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 0, max: keys - 1 }), async (seed, key) => {
        const world = new World(randomOf(seed));
        for (let n = 0; n < 10; n += 1) world.step();
        await verified(world, false);
        world.still.add(key);
        world.shown();
        world.caughtUp();
        world.source.set(key, "broken");
        expect((await verified(world, true)).differences).toBe(1n);
        // Another engine reads what is kept.
        expect((await verified(world, false)).differences).toBe(1n);
        const right = world.log.findLast((each) => each.key === key)?.value;
        if (right === null) world.source.delete(key);
        else world.source.set(key, right ?? `v${String(key)}`);
        expect((await verified(world, false)).differences).toBe(0n);
      }),
      { numRuns: 40 },
    );
  });
});
