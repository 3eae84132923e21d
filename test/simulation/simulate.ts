/**
 * One life of a migration in the virtual world: an application writes, engines copy and stream, crash, come back and
 * are taken over, servers are slow and lose connections, all by one seed. It ends when the target is level, or with what
 * went wrong. `snapshot` and `stream` are the product's own.
 */
import { Fault } from "../../src/errors.js";
import { snapshot } from "../../src/snapshot/snapshot.js";
import type { TableCoder } from "../../src/snapshot/copy.js";
import type { Stream } from "../../src/stream/options.js";
import { gates } from "../../src/migration/join.js";
import { cutSets } from "../../src/migration/tied.js";
import { openStream } from "../../src/stream/stream.js";
import { rowEncoder } from "../../src/typemap/row.js";
import type { Position } from "../../src/model.js";
import { countOf, ModelSource, positionAt } from "./model-source.js";
import type { SourceFlaws } from "./model-source.js";
import { Acts, drawActs } from "./acts.js";
import type { Act } from "./acts.js";
import { ModelTarget, refusal } from "./model-target.js";
import type { TargetFlaws } from "./model-target.js";
import { Random } from "./random.js";
import { Scheduler } from "./scheduler.js";
import type { Actor } from "./scheduler.js";
import { Proving } from "./proving.js";
import type { ProofFlaws } from "./proving.js";
import { modelPlan, tied } from "./world-tables.js";
import { Writer } from "./writer.js";

export interface Simulated {
  /** What went wrong, empty when nothing did. */
  readonly problems: readonly string[];
  readonly trace: readonly string[];
  /** What this life has met. */
  readonly met: ReadonlySet<string>;
  readonly steps: number;
}

export interface Flaws extends SourceFlaws, TargetFlaws, ProofFlaws {
  /** Lanes are tied at their joins, whatever was copied again later. */
  readonly earlyGate?: boolean;
  /** A table is copied again in ranges, each of a time of its own. */
  readonly plainAgain?: boolean;
}

const mostSteps = 6000;
/** Lives in which the engines verify, too; and the steps that this takes. */
const provingLives = 0.05;
const mostProvingSteps = 40_000;
/** Until the last answers have come back. */
const mostRest = 2000;
/** Lives in which a table's shape changes, once or twice, and somebody accepts it. */
const alteringLives = 0.02;
/** Faults that end an engine and are no fault of anybody: the next one goes on. */
const ends = [
  "epoch-lost",
  "checkpoint-moved",
  "claimed",
  "interrupted",
  "connection-lost",
  "target-busy",
  "range-incomplete",
];

export async function simulate(
  seed: number,
  flaws: Flaws = {},
  trace = false,
  proves = new Random(seed ^ 0x7e57).chance(provingLives),
  does: ReadonlySet<Act> = proves ? new Set() : drawActs(seed),
): Promise<Simulated> {
  const random = new Random(seed);
  const world: Actor = { name: "world", alive: true };
  const scheduler = new Scheduler(random, world, trace);
  const plan = modelPlan(random.chance(0.5) ? 1 : 2);
  const lanes = new Map(plan.tables.map(({ source: name, lane }) => [name, lane]));
  const source = new ModelSource(plan, scheduler, random, flaws);
  const target = new ModelTarget(plan, source, scheduler, random, flaws);
  const writer = new Writer(source, random);
  const met = new Set<string>();
  const problems: string[] = [];
  const proving = proves ? new Proving(plan, target, new Random(seed ^ 0x9f00f), flaws) : null;
  // Drawn beside the rest: a life without it is as it was.
  const alteration = new Random(seed ^ 0xa17e5);
  let alters = alteration.chance(alteringLives) ? 1 + alteration.below(2) : 0;
  /** Statements that change a table's shape, by their place, and those that somebody has accepted. */
  const altered = new Map<number, string>();
  const accepted = new Set<string>();
  let crashes = random.below(4);
  let writes = 10 + random.below(40);
  const pace = random.pick([0.03, 0.08, 0.2]);
  const sight = random.pick([0.05, 0.3, 0.8]);
  const trouble = random.pick([0, 0, 0.005, 0.02]);
  const batchRows = random.pick([1, 3, 10, 100]);
  const batchBytes = random.pick([200, 8_000_000]);
  let engines = 0;
  let engine: Actor = world;
  const now: { stream: Stream | null } = { stream: null };
  let begins = 0;
  let givenUp = false;
  const isOver = (): boolean => givenUp;
  const stops: AbortController[] = [];

  const live = async (actor: Actor): Promise<void> => {
    const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
      scheduler.wait(actor, milliseconds, signal);
    const connected = source.connect(actor);
    let joined = false;
    const { ledger, writer: laneWriter } = target.claim(actor);
    const stop = new AbortController();
    stops.push(stop);
    await snapshot({
      source: connected,
      ledger,
      plan,
      workers: 2,
      slots: 9,
      rangeRows: 2,
      tied: flaws.plainAgain === true ? tied : cutSets(target.view(), tied, lanes),
      coderOf: (table): TableCoder => ({
        select: table.columns.map(({ source: name }) => name),
        encode: (sink) => rowEncoder(table, "mysql", sink),
      }),
      signal: stop.signal,
      onEvent: () => undefined,
      wait,
    });
    met.add("copied");
    const feed = source.feed(actor);
    const own = openStream({
      feed,
      plan,
      engine: "mysql",
      writer: async (lane) => {
        const one = await laneWriter(lane);
        const begin = one.begin.bind(one);
        return Object.assign(one, {
          begin: (seq: bigint) => {
            if (own.paused) problems.push(`${lane} begins a batch while it is paused`);
            return begin(seq);
          },
        });
      },
      starts: target.starts,
      startMarkers: target.startMarkers,
      built: target.unique,
      joins: target.unique || flaws.earlyGate === true ? target.joins : gates(plan, target.view(), feed),
      cuts: new Map(target.cuts),
      cascades: true,
      onJoined: async () => {
        // What is built ties tables of all lanes: they stand at one position, or it would not hold.
        const last = Math.max(
          ...[...target.lanes.values()].map(({ position }) => countOf(position ?? positionAt(0))),
        );
        const apart = actor === engine && !target.unique ? target.difference(null, last) : null;
        if (apart !== null) problems.push(`lanes stand apart while keys are built: ${apart}`);
        for (const [name, cut] of target.unique || actor !== engine ? [] : target.cuts)
          if (countOf(cut) > last)
            problems.push(`keys are built at ${last}, before ${name}'s cut at ${countOf(cut)}`);
        await target.ask(actor, "build unique keys");
        target.unique = true;
        for (const [name, lane] of target.lanes)
          if (lane.lockedBy === actor) problems.push(`lane ${name} has a batch open while keys are built`);
        await target.ask(actor, "built");
        joined = true;
      },
      mark: (lane, note) => {
        if (own.paused) problems.push(`${lane} is marked while it is paused`);
        return connected.mark(lane, note);
      },
      batchRows,
      batchBytes,
      now: () => scheduler.now,
      wait,
      moment: (moment) => {
        met.add(moment);
        return random.chance(0.3) ? scheduler.step(actor, moment) : undefined;
      },
      onEvent: (event) => {
        met.add(event.kind);
        // Groups are cut so that no order in them matters: nothing that the source did has to be replayed singly.
        if (event.kind === "replaying" && !(target.refuses && event.fault.message === refusal))
          problems.push(`replayed: ${event.fault.message}`);
        if (event.kind === "batch") problems.push(...passed(event.lane, countOf(event.position)));
        scheduler.trace?.push(`${actor.name} tells ${event.kind} ${JSON.stringify(event, plain)}`);
      },
      keep: async (poison) => {
        if (target.refuses && poison.sentence === refusal) return;
        problems.push(`${poison.id} is called poison: ${poison.reason} ${poison.sentence}`);
      },
      // One lane stands before it and the others go on; where all stand, the engine ends and the next one is told.
      onStands: async (_, fault) => {
        const { id } = fault.facts;
        if (fault.code === "quarantined" && typeof id === "string") {
          await scheduler.step(actor, `${id} is left out`);
          const [, number, ordinal] = /^log:(\d+)#.*\.(\d+)$/u.exec(id) ?? [];
          if (!accepted.has(id)) target.skip(Number(number), Number(ordinal));
          accepted.add(id);
          met.add("left out");
          own.skip(id);
          return;
        }
        const statement = String(fault.facts["at"]);
        if (fault.code !== "schema-changed") return;
        await scheduler.step(actor, `${statement} is accepted`);
        accepted.add(statement);
        own.skip(statement);
        setImmediate(() => own.resume());
      },
      skips: new Set(accepted),
      signal: stop.signal,
    });
    if (actor === engine) now.stream = own;
    if (proving === null) return await own.run();
    const moment = async (name: string): Promise<void> => {
      met.add(name);
      if (random.chance(0.3)) await scheduler.step(actor, name);
    };
    const proven = proving.run({
      source: connected,
      ledger: ledger.verification(),
      look: () => target.look(actor),
      stream: own,
      joined: () => joined,
      now: () => scheduler.now,
      wait,
      moment,
      signal: stop.signal,
    });
    // The stream goes on until it fails; a verification that ends is the life's end.
    await Promise.race([own.run(), proven.then(() => new Promise<never>(() => undefined))]);
  };

  /** I12: a lane's checkpoint is past a change of shape that nobody has accepted, and that neither start nor cut holds. */
  const passed = (lane: string, at: number): readonly string[] =>
    [...altered].flatMap(([number, name]) => {
      const table = plan.tables.find(({ source: own }) => own === name);
      // What a lane has passed under a cut is past when the table is opened again, even if the lane's word comes later.
      const cut = target.cuts.get(name) ?? target.pastCuts.get(name);
      const begun = target.starts.get(lane);
      const held = (position: Position | undefined): boolean =>
        position !== undefined && countOf(position) >= number;
      if (table?.lane !== lane || number > at || accepted.has(`log:${number}`) || held(cut) || held(begun))
        return [];
      return [`I12: ${lane} is at ${at}, past the change of ${name} at ${number}`];
    });

  /** The start that this fault tells of lies between where a transaction was prepared and where it was committed: it is another migration's turn. */
  const spanned = ({ facts }: Fault): boolean => {
    const marker = Number(facts["marker"]);
    const found = [...target.starts.values()].some((position) =>
      source.log.slice(countOf(position), marker).some(({ ends = Infinity }) => ends <= countOf(position)),
    );
    if (found) met.add("prepared over the start");
    return found;
  };

  const start = (): void => {
    const actor: Actor = { name: `engine ${++engines}`, alive: true };
    engine = actor;
    now.stream = null;
    scheduler.current = actor;
    live(actor).catch((error: unknown) => {
      scheduler.trace?.push(`${actor.name} ends: ${String(error)}`);
      const passing =
        error instanceof Fault &&
        (ends.includes(error.code) ||
          (error.code === "schema-changed" && accepted.has(String(error.facts["at"]))) ||
          (error.code === "quarantined" && accepted.has(String(error.facts["id"]))) ||
          (error.code === "prepared-transactions" && (acts.open || (givenUp ||= spanned(error)))));
      if (!passing) problems.push(`${actor.name}: ${told(error)}`);
      target.drop(actor);
      if (actor === engine && !givenUp) begins += 1;
    });
  };

  const acts = new Acts(does, seed, {
    ...{ plan, source, target, writer, met, start },
    stream: () => now.stream,
    cutOff: () => {
      const gone = new Fault("connection-lost", "The target's server has crashed.");
      for (const stop of stops.splice(0)) stop.abort(gone);
    },
    stop: () => {
      scheduler.kill(engine);
      target.drop(engine);
    },
  });

  const isLevel = (): boolean => {
    const want = source.lastData;
    return (
      writes === 0 &&
      begins === 0 &&
      !acts.open &&
      now.stream !== null &&
      target.unique &&
      // What a crash of the target has taken back is copied again by the engine that comes, and it may not have come yet.
      target.view().tables.every(({ split, ranges, rangesDone }) => split && ranges === rangesDone) &&
      [...target.lanes.values()].every(({ position }) => position !== null && countOf(position) >= want) &&
      now.stream.lanes.every(({ joined }) => joined)
    );
  };

  /** Whoever proves has the last word, in a round that begins when nothing moves any more. */
  const level = (): boolean => {
    if (!isLevel()) return false;
    if (proving !== null) proving.last = true;
    return proving?.done !== false;
  };

  const restore = takeTime(scheduler, random);
  try {
    // Some rows are there before anybody looks.
    for (let turn = random.below(8); turn > 0; turn--) writer.write();
    source.visible = random.chance(0.5) ? source.log.length : random.below(source.log.length + 1);
    source.trouble = target.trouble = trouble;
    start();
    while (!isOver() && !level() && problems.length === 0 && target.broken.length === 0) {
      proving?.turn();
      problems.push(...(proving?.problems ?? []));
      if (scheduler.steps > (proves ? mostProvingSteps : mostSteps)) {
        problems.push(`not level after ${scheduler.steps} steps`);
        break;
      }
      if (writes > 0 && random.chance(pace)) {
        writer.write();
        writes -= 1;
      }
      if (alters > 0 && alteration.chance(pace / 10)) {
        alters -= 1;
        const name = alteration.pick(plan.tables).source;
        altered.set(
          source.commit({ changes: [], truncates: null, marker: null, alters: name }, source.state),
          name,
        );
      }
      acts.turn();
      if (random.chance(sight)) source.show();
      if (begins > 0) {
        begins = 0;
        start();
      } else if (crashes > 0 && random.chance(0.004)) {
        crashes -= 1;
        const last = engine;
        if (random.chance(0.6)) {
          met.add("crash");
          scheduler.kill(last);
          target.drop(last);
        } else met.add("zombie");
        start();
      }
      const went = await scheduler.turn();
      if (!went && writes === 0 && !acts.open && source.visible === source.log.length && begins === 0) {
        problems.push("nothing waits for anything, and the target is not level");
        break;
      }
    }
    const last = target.difference(null, source.log.length);
    if (!isOver() && problems.length === 0 && target.broken.length === 0) {
      if (last !== null) problems.push(last);
      // The target is level before its last answers have come back.
      const rests = (): boolean => begins === 0 && now.stream !== null && now.stream.counts.pending === 0;
      for (let turn = 0; !rests() && turn < mostRest; turn++) {
        if (begins > 0) {
          begins = 0;
          start();
        }
        source.show();
        await scheduler.turn();
      }
      if (now.stream !== null) problems.push(...unaccounted(now.stream, source.handed.get(engine) ?? 0));
    }
  } finally {
    restore();
  }
  for (const thing of proving?.met ?? []) met.add(thing);
  const result = {
    problems: [...problems, ...(proving?.problems ?? []), ...target.broken],
    trace: scheduler.trace ?? [],
    met,
    steps: scheduler.steps,
  };
  // Nothing of this life is to outlive it.
  for (const stop of stops) stop.abort(new Fault("interrupted", "The simulation is over."));
  await new Promise((resolve) => setImmediate(resolve));
  return result;
}

/** I8: every change that was handed over is accounted for when all is at rest, none twice. What is left then is pending. */
function unaccounted({ counts }: Stream, handed: number): string[] {
  const least = Math.min(...Object.values<number>({ ...counts }));
  return counts.read === handed && counts.pending === 0 && least >= 0
    ? []
    : [`I8: ${String(handed)} were handed over, ${JSON.stringify(counts)}`];
}

function told(error: unknown): string {
  return error instanceof Fault
    ? `${error.code}: ${error.message}${error.code === "bug" ? ` ${String(error.cause)}` : ""}`
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  return value instanceof Fault ? `${value.code}: ${value.message}` : value;
}

/** Timers and randomness of libraries are the world's while it lives. */
function takeTime(scheduler: Scheduler, random: Random): () => void {
  const { setTimeout: timeout, clearTimeout: clear } = globalThis;
  const draw = Math.random;
  // Thousands of faults, none of which anybody reads the stack of.
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 3;
  const own = (go: () => void, milliseconds = 0): unknown => scheduler.after(milliseconds, go);
  Object.assign(globalThis, { setTimeout: own, clearTimeout: (timer: unknown) => scheduler.cancel(timer) });
  Math.random = () => random.next();
  return () => {
    Object.assign(globalThis, { setTimeout: timeout, clearTimeout: clear });
    Math.random = draw;
    Error.stackTraceLimit = depth;
  };
}
