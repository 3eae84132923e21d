/**
 * The shop's application: it writes all the time, as customers do, from the first second of the move to the last, to
 * whichever side the routing file names. Seeded, one transaction after the other on two connections. A side that lets
 * nobody in is asked again until it or the routing changes, which is all that an application has to do in the night.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { acts } from "./acts.js";
import { openCounter } from "./counter.js";
import type { Counter, Login, Side } from "./counter.js";
import { seeded } from "./random.js";
import type { Random } from "./random.js";
import type { Outcome, Receipts } from "./receipts.js";
import type { Sizes } from "./schema.js";

export interface Application {
  /** Transactions that were acknowledged so far, on either side. */
  readonly transactions: number;
  readonly acknowledged: Readonly<Record<Side, number>>;
  readonly receipts: Receipts;
  /** Why transactions failed, and how often: sessions that were ended at a fence, and nothing else. */
  readonly failures: ReadonlyMap<string, number>;
  /** Longest time between two acknowledged transactions since this was last asked, in seconds. */
  longestWait(): number;
  /** A release whose transactions on the target take so much longer. */
  slowDown(ms: number): void;
  /** Ends after the transactions that are under way. */
  stop(): Promise<void>;
}

export interface ApplicationOptions {
  readonly urls: Readonly<Record<Side, string>>;
  readonly login: Login;
  readonly sizes: Sizes;
  readonly seed: number;
  /** Holds the name of a side. */
  readonly routing: string;
  /** Where the P95 of its transactions is written twice a second, for the hook `latency`. */
  readonly latency: string;
}

const everyMs = 10;
const againMs = 20;
/** Transactions that a P95 is made of. */
const timesKept = 200;

/** Begins to write. Rejections of `stop` tell what went wrong with the application itself. */
export async function openApplication(options: ApplicationOptions): Promise<Application> {
  const { seed, latency } = options;
  const stop = new AbortController();
  const receipts = new Map<string, Outcome>();
  const failures = new Map<string, number>();
  const acknowledged = { source: 0, target: 0 };
  let times: number[] = [];
  let [last, longest, slower] = [performance.now(), 0, 0];
  const told = (side: Side, began: number): void => {
    const now = performance.now();
    acknowledged[side] += 1;
    times = [...times, now - began].slice(-timesKept);
    longest = Math.max(longest, now - last);
    last = now;
  };
  const clerks = [0, 1].map(async (number) => {
    const random = seeded(seed + 17 * number);
    let counter: Counter | null = null;
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      counter = await atRightCounter(counter, options, stop.signal);
      if (counter === null) continue;
      const began = performance.now();
      const token = `${String(number)}-${String(turn)}`;
      const side = counter.side;
      const onFailure = (error: Error): void => {
        const why = `${side}: ${error.message.split("\n", 1)[0] ?? ""}`;
        failures.set(why, (failures.get(why) ?? 0) + 1);
      };
      const order = { random, token, clerk: number, slower, sizes: options.sizes, onFailure };
      const outcome = await serve(counter, order);
      if (outcome !== null) receipts.set(token, outcome);
      if (outcome === "acknowledged") told(counter.side, began);
      if (outcome === "failed" || outcome === "unknown") {
        await counter.close();
        counter = null;
      }
      await pause(everyMs);
    }
    await counter?.close();
  });
  const telling = (async () => {
    while (!stop.signal.aborted) {
      await pause(500);
      const all = [...receipts.values()];
      const failed = all.filter((outcome) => outcome !== "acknowledged").length;
      writeWhole(
        latency,
        JSON.stringify({ p95Ms: { transaction: p95(times) }, requests: all.length, failed }),
      );
    }
  })();
  return {
    get transactions() {
      return acknowledged.source + acknowledged.target;
    },
    get acknowledged() {
      return { ...acknowledged };
    },
    receipts,
    failures,
    longestWait: () => {
      const seconds = Math.max(longest, performance.now() - last) / 1000;
      longest = 0;
      return seconds;
    },
    slowDown: (ms) => (slower = ms),
    stop: async () => {
      stop.abort();
      await Promise.all([...clerks, telling]);
    },
  };
}

/** Where the routing file says; null where that side lets nobody in now. */
async function atRightCounter(
  counter: Counter | null,
  { routing, urls, login }: ApplicationOptions,
  signal: AbortSignal,
): Promise<Counter | null> {
  const side: Side = readFileSync(routing, "utf8").trim() === "target" ? "target" : "source";
  if (counter?.side === side) return counter;
  await counter?.close();
  try {
    return await openCounter(side, urls[side], login);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (!signal.aborted) await pause(againMs);
    return null;
  }
}

interface Order {
  readonly random: Random;
  readonly token: string;
  readonly clerk: number;
  readonly slower: number;
  readonly sizes: Sizes;
  readonly onFailure: (error: Error) => void;
}

/** One transaction; null where the customer has changed his mind. */
async function serve(
  counter: Counter,
  { random, token, clerk, slower, sizes, onFailure }: Order,
): Promise<Outcome | null> {
  const act = acts[random.int(acts.length)];
  const givenUp = random.oneIn(12);
  try {
    await counter.begin();
    if (slower > 0 && counter.side === "target")
      await counter.say({ source: "", target: "SELECT pg_sleep(?)", values: [slower / 1000] });
    await act?.(counter, random, sizes, clerk);
    await counter.say({
      source: "INSERT INTO receipts (token, clerk, at) VALUES (?, ?, NOW(6))",
      target: "INSERT INTO receipts (token, clerk, at) VALUES (?, ?, now())",
      values: [token, clerk],
    });
    if (givenUp) {
      await counter.rollback();
      return null;
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    onFailure(error);
    // Whatever it was, nothing of it stays: the session ends without a COMMIT.
    return "failed";
  }
  try {
    await counter.commit();
    return "acknowledged";
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    onFailure(error);
    return "unknown";
  }
}

/** As whoever reads it in the middle of writing would have it: the old or the new. */
export function writeWhole(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function p95(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round((sorted[Math.ceil(sorted.length * 0.95) - 1] ?? 0) * 10) / 10;
}
