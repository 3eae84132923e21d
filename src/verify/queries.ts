/**
 * The gates of verify.queries: each is run in transactions that only read, and is red where its results part or its rule
 * is broken. A rule is one statement about one table, whose view is of one position of its lane: once the lane has come to
 * what the table was copied at, it is red as it stands. The results of a pair may part, or be the same, because of what lies
 * between the two sides: it is judged by a look during which nothing was applied and nothing was to be; otherwise it is
 * asked again. In the end it is `pending` where it parted at one of the looks; where it held at each of them it holds, and
 * says that rows moved, so that the fence asks it once more.
 */
import { createHash } from "node:crypto";
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import type { Source, Target, TextRow } from "../port.js";
import { throwIfStopped } from "../stop.js";
import { askedAs, gateOf, shownKeys } from "./gate.js";
import type { Gate, GateSettings } from "./gate.js";
import { whileStill } from "./still.js";
import type { Seen, StillTools } from "./still.js";
import { untilAnswered } from "./tools.js";

export interface GateVerdict {
  readonly name: string;
  readonly kind: Gate["kind"];
  /** Which question was asked (gate.ts). */
  readonly asks: string;
  /** `pending`: it did not hold, and rows moved each time it was asked, or their lane stands. `refused`: a server would not answer. */
  readonly result: "holds" | "broken" | "pending" | "refused";
  /** Rows that came from each side of a pair; null otherwise. */
  readonly rowsSource: number | null;
  readonly rowsTarget: number | null;
  /** The first rows against a rule, by their own key in text; empty for a pair, and for a table without a key. */
  readonly keys: readonly (readonly string[])[];
  /** A pair that held each time it was asked, while rows moved. */
  readonly moving?: boolean;
  /** What the last asking took. */
  readonly seconds: number;
  /** In whole; no value of a row is in it. */
  readonly sentence: string;
}

export interface GateOptions {
  readonly source: Pick<Source, "ask">;
  readonly target: Pick<Target, "ask">;
  readonly plan: Plan;
  readonly gates: readonly GateSettings[];
  /** null where nobody follows the log. */
  readonly still: StillTools | null;
  /** Milliseconds. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly timeoutMs?: number;
  readonly onVerdict?: (verdict: GateVerdict) => void;
}

const defaultTimeoutMs = 60_000;
/** Rows of one result: a gate is a question, not a copy. */
export const mostRows = 100_000;
const mostTries = 5;
/** Of a pair that holds each time. */
const triesHeld = 2;

/** Runs the gates one after another, in the file's order. Whoever is not `holds` is worth exit 2. */
export async function runQueries(options: GateOptions): Promise<readonly GateVerdict[]> {
  const verdicts: GateVerdict[] = [];
  const gates = options.gates.map((settings, place) => ({
    gate: gateOf(settings, options.plan, place),
    asks: askedAs(settings),
  }));
  for (const { gate, asks } of gates) {
    throwIfStopped(options.signal);
    const verdict = { ...(await runGate(gate, options)), asks };
    verdicts.push(verdict);
    options.onVerdict?.(verdict);
  }
  return verdicts;
}

type Look = Omit<GateVerdict, "name" | "kind" | "asks" | "seconds">;

async function runGate(gate: Gate, options: GateOptions): Promise<Omit<GateVerdict, "asks">> {
  const told = { name: gate.name, kind: gate.kind };
  let seconds = 0;
  const timed = async (look: () => Promise<Look>): Promise<Look> => {
    const began = options.now();
    const looked = await untilAnswered(look);
    seconds = (options.now() - began) / 1000;
    return looked;
  };
  try {
    const last =
      gate.kind === "pair"
        ? await askPair(() => timed(() => lookAtPair(gate, options)), options)
        : await askRule(gate, () => timed(() => lookAtRule(gate, options)), options);
    return { ...told, ...last, seconds };
  } catch (error) {
    if (options.signal.aborted || !(error instanceof Fault) || !refusals.has(error.code)) throw error;
    const sentence = `${gate.name} was not answered: ${error.message}`;
    return { ...told, result: "refused", rowsSource: null, rowsTarget: null, keys: [], seconds, sentence };
  }
}

async function askPair(look: () => Promise<Look>, { still, plan, signal }: GateOptions): Promise<Look> {
  if (still === null) return await look();
  let parted: Look | null = null;
  for (let tries = 1; ; tries += 1) {
    const seen = await stillOrStanding(still, plan, look, signal);
    if (typeof seen === "string") return standing(parted ?? (await look()), seen);
    const { value, still: unmoved } = seen;
    if (unmoved) return value;
    if (value.result !== "holds") parted = value;
    const again = `each time it was asked, ${String(tries)} times`;
    if (parted === null && tries === triesHeld)
      return {
        ...value,
        moving: true,
        sentence: `${value.sentence} Rows were changed ${again}; it is asked once more inside the fence.`,
      };
    if (parted !== null && tries === mostTries)
      return { ...parted, result: "pending", sentence: `${parted.sentence} Rows were changed ${again}.` };
  }
}

/** The look, or why a lane stands that would have to come up with the source: nobody can say that nothing moved. */
async function stillOrStanding(
  still: StillTools,
  plan: Plan,
  look: () => Promise<Look>,
  signal: AbortSignal,
): Promise<Seen<Look> | string> {
  try {
    return await whileStill(still, plan.tables, look, signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof Fault) || !stands.has(error.code)) throw error;
    return error.message;
  }
}

const stands: ReadonlySet<string> = new Set(["quarantined", "prepared-transactions"]);

function standing(last: Look, why: string): Look {
  if (last.result === "holds")
    return { ...last, moving: true, sentence: `${last.sentence} A lane stands meanwhile: ${why}` };
  return {
    ...last,
    result: "pending",
    sentence: `${last.sentence} It cannot be judged yet: ${why}`,
  };
}

async function askRule(gate: Rule, look: () => Promise<Look>, options: GateOptions): Promise<Look> {
  const first = await look();
  if (options.still === null || first.result !== "broken") return first;
  return await settledRule(gate, first, look, options);
}

/** What was copied in pieces, or again, is whole only where its lane has come to it. */
async function settledRule(
  gate: Rule,
  first: Look,
  look: () => Promise<Look>,
  options: GateOptions,
): Promise<Look> {
  try {
    await options.still?.following?.caughtUp(gate.table.lane, options.signal);
  } catch (error) {
    if (options.signal.aborted || !(error instanceof Fault) || error.code !== "quarantined") throw error;
    return {
      ...first,
      result: "pending",
      sentence: `${first.sentence} It cannot be judged yet: ${error.message}`,
    };
  }
  return await look();
}

type Rule = Exclude<Gate, { kind: "pair" }>;

/** What is one query's own, and no reason to end them all. */
const refusals = new Set<string>([
  "source-refused",
  "source-busy",
  "target-refused",
  "target-busy",
  "grant-missing",
]);

async function lookAtRule(
  gate: Rule,
  { target, signal, timeoutMs = defaultTimeoutMs }: GateOptions,
): Promise<Look> {
  let count = 0n;
  const keys: (readonly string[])[] = [];
  const take: TextRow = ([cell, ...key]) => {
    count = BigInt(cell ?? "0");
    if (key.length > 0) keys.push(key.map((text) => text ?? "NULL"));
  };
  await target.ask(gate.target, { timeoutMs, mostRows: shownKeys }, take, signal);
  const holds = count === 0n;
  return {
    result: holds ? "holds" : "broken",
    rowsSource: null,
    rowsTarget: null,
    keys,
    sentence: holds
      ? `${gate.name} holds on the target.`
      : `${gate.name}: ${gate.against(count)} on the target.`,
  };
}

async function lookAtPair(
  gate: Extract<Gate, { kind: "pair" }>,
  { source, target, signal, timeoutMs = defaultTimeoutMs }: GateOptions,
): Promise<Look> {
  const limits = { timeoutMs, mostRows };
  const [there, here] = [new Rows(), new Rows()];
  // The target first: what the source has more may be on its way, and the other way round nothing explains it.
  const b = await target.ask(gate.target, limits, here.add, signal);
  const a = await source.ask(gate.source, limits, there.add, signal);
  if (!a.whole || !b.whole) {
    const side = a.whole ? "target" : "source";
    throw new Fault(
      `${side}-refused`,
      `the query of the ${side} gives more than ${String(mostRows)} rows; let it count or sum them.`,
    );
  }
  const apart = gate.ordered ? there.apartInOrder(here) : there.apart(here);
  const told = { rowsSource: there.count, rowsTarget: here.count, keys: [] };
  if (apart === null) {
    const sentence = `${gate.name}: ${rowsOf(there.count)} equal on both sides.`;
    return { ...told, result: "holds", sentence };
  }
  const counts = `the source gives ${rowsOf(there.count)} and the target ${String(here.count)}`;
  return { ...told, result: "broken", sentence: `${gate.name}: ${counts}; ${apart}.` };
}

function rowsOf(count: number): string {
  return count === 1 ? "1 row" : `${String(count)} rows`;
}

/** A result as hashes of its rows' texts, NULL told from the empty text and one cell from the next. */
class Rows {
  readonly #hashes: string[] = [];
  #columns = 0;

  get count(): number {
    return this.#hashes.length;
  }

  readonly add: TextRow = (cells) => {
    this.#columns = cells.length;
    const hash = createHash("sha256");
    for (const cell of cells)
      hash.update(cell === null ? "N" : `V${String(Buffer.byteLength(cell))}:${cell}`);
    this.#hashes.push(hash.digest("base64"));
  };

  /** How the two part as sets of rows that may be there several times; null where they don't. */
  apart(other: Rows): string | null {
    const balance = new Map<string, number>();
    for (const hash of this.#hashes) balance.set(hash, (balance.get(hash) ?? 0) + 1);
    for (const hash of other.#hashes) balance.set(hash, (balance.get(hash) ?? 0) - 1);
    let [mine, theirs] = [0, 0];
    for (const left of balance.values()) {
      mine += Math.max(0, left);
      theirs += Math.max(0, -left);
    }
    if (mine === 0 && theirs === 0) return null;
    return (
      this.#shapes(other) ?? `${rowsOf(mine)} only the source has, and ${rowsOf(theirs)} only the target has`
    );
  }

  apartInOrder(other: Rows): string | null {
    const most = Math.max(this.count, other.count);
    for (let row = 0; row < most; row += 1)
      if (this.#hashes[row] !== other.#hashes[row])
        return this.#shapes(other) ?? `they part at row ${String(row + 1)}`;
    return null;
  }

  #shapes(other: Rows): string | null {
    return this.count > 0 && other.count > 0 && this.#columns !== other.#columns
      ? `${String(this.#columns)} columns there are ${String(other.#columns)} here`
      : null;
  }
}
