/**
 * A virtual source and target with an application that writes wherever it can, for the tests of the walk: each act can be
 * the one in which the engine is killed, before or after it took effect, and each server can be away. The world looks for
 * itself whether both sides are writable, and whether a write that was acknowledged is anywhere it should be.
 */
import type { Decision, FenceState, JournalEntry, Note, Probe } from "../cutover-port.js";
import { Fault } from "../errors.js";
import { stopReason } from "../stop.js";
import type { Position } from "../model.js";
import { endings } from "./ending.js";
import type { Ending } from "./ending.js";
import type { Entry, Journal } from "./journal.js";
import { journeyOf } from "./journey.js";
import type { Journey } from "./journey.js";
import type { HookName } from "./hook.js";
import type { Night, Proof } from "./night.js";
import type { Walk } from "./walk.js";

/** Thrown where the engine was killed: nothing it does from then on happens. */
export class Killed extends Error {}

export interface Chances {
  /** Called before each act and after its effect; throws Killed, or nothing. */
  readonly at: (act: string, when: "before" | "after") => void;
  /** Hooks that say no, proofs that find a difference, and the like. */
  readonly fails: (act: string) => boolean;
}

const mild: Chances = { at: () => undefined, fails: () => false };

interface LogEntry {
  readonly write: number;
  /** Written by the way back. */
  readonly ours: boolean;
}

export class ExampleWorld {
  chances: Chances = mild;
  clock = 0;
  readonly entries: JournalEntry[] = [];
  readonly mirrored: JournalEntry[] = [];
  journalBroken = false;
  sourceUp = true;
  /** Its network is dead and nobody is told: what is asked over the connections of now has no answer. */
  sourceSilent = false;
  readonly #unanswered = new Set<() => void>();
  targetUp = true;
  /** Fenced by the notes of whom. */
  fenced = false;
  sourceLife = 1;
  readonly rows = new Map<string, Decision>();
  triggers = true;
  targetOpen = false;
  lanesClosed = false;
  quarantined = 0;
  foreign = 0;
  /** A role that no fence knows of may write to the target. */
  stranger = false;
  /** Parts of what the migration has made that are there still, for its end to take away. */
  readonly made = new Set<Ending["name"]>(endings);
  readonly broken: string[] = [];
  readonly acts: string[] = [];
  /** Time has passed: a server may be back. */
  onTime: () => void = () => undefined;
  #timers: {
    readonly at: number;
    readonly resolve: () => void;
    readonly reject: (why: Error) => void;
  }[] = [];
  #pumping = false;
  #dead = false;
  #writes = 0;
  readonly #acknowledged: number[] = [];
  readonly source = new Set<number>();
  readonly target = new Set<number>();
  readonly #sourceLog: LogEntry[] = [];
  readonly #targetLog: LogEntry[] = [];
  #forwardAt = 0;
  #reverseAt = 0;
  /** What a sequence of each side gives next: every write draws a number. */
  readonly next = { source: 1, target: 1 };
  /** The last that either has given. */
  #given = 0;

  /** Another engine, after the one before was killed. */
  revive(): void {
    this.#dead = false;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** What the journal says. */
  get journey(): Journey {
    return journeyOf(this.entries);
  }

  /** What tells this world from another for whoever walks all of them. */
  get shape(): string {
    const row = [...this.rows.values()].join();
    const behind = [this.#forwardAt < this.#sourceLog.length, this.#reverseAt < this.#targetLog.length];
    return JSON.stringify([
      this.fenced,
      row,
      behind,
      this.triggers,
      this.targetOpen,
      this.lanesClosed,
      [...this.made],
      this.broken.length,
    ]);
  }

  /** The world as it is now: what an engine that is killed now leaves. */
  copy(): ExampleWorld {
    const copy = new ExampleWorld();
    copy.clock = this.clock;
    copy.entries.push(...this.entries);
    copy.mirrored.push(...this.mirrored);
    copy.fenced = this.fenced;
    copy.sourceLife = this.sourceLife;
    for (const [id, row] of this.rows) copy.rows.set(id, row);
    copy.triggers = this.triggers;
    copy.targetOpen = this.targetOpen;
    copy.lanesClosed = this.lanesClosed;
    for (const name of endings) if (!this.made.has(name)) copy.made.delete(name);
    copy.broken.push(...this.broken);
    copy.#writes = this.#writes;
    copy.#acknowledged.push(...this.#acknowledged);
    for (const write of this.source) copy.source.add(write);
    for (const write of this.target) copy.target.add(write);
    copy.#sourceLog.push(...this.#sourceLog);
    copy.#targetLog.push(...this.#targetLog);
    copy.#forwardAt = this.#forwardAt;
    copy.#reverseAt = this.#reverseAt;
    Object.assign(copy.next, this.next);
    copy.#given = this.#given;
    return copy;
  }

  /** An application writes wherever it is let in; both streams go on a little. */
  live(applies = true): void {
    for (const side of ["source", "target"] as const) {
      if (!(side === "source" ? this.sourceUp && !this.fenced : this.targetUp && this.targetOpen)) continue;
      this.#draw(side);
      this.#writes += 1;
      this.#acknowledged.push(this.#writes);
      (side === "source" ? this.source : this.target).add(this.#writes);
      (side === "source" ? this.#sourceLog : this.#targetLog).push({ write: this.#writes, ours: false });
    }
    if (applies && this.sourceUp && this.targetUp) {
      if (!this.lanesClosed) this.#forward(this.#forwardAt + 1);
      if (this.lanesClosed) this.#reverse(this.#reverseAt + 1);
    }
    this.look();
  }

  #draw(side: "source" | "target"): void {
    const number = this.next[side];
    if (number <= this.#given) this.broken.push(`the ${side} gave a number a second time`);
    this.#given = number;
    this.next[side] += 1;
  }

  /** The source has crashed, and its last commits of the way back are gone with its note of them. */
  loseHome(): void {
    this.sourceLife += 1;
    const at = Math.max(0, this.#reverseAt - 2);
    for (const { write } of this.#targetLog.slice(at, this.#reverseAt)) this.source.delete(write);
    this.#reverseAt = at;
  }

  look(): void {
    if (this.targetOpen && !this.fenced) this.broken.push("both sides are writable");
  }

  /** The one side where applications are let in has every write that was acknowledged. */
  demandWhole(): void {
    if (this.targetOpen === !this.fenced)
      this.broken.push(this.targetOpen ? "both are open" : "none is open");
    const open = this.targetOpen ? this.target : this.source;
    if (!this.targetOpen && !this.triggers) this.broken.push("the source is open without its triggers");
    // What the forward stream has still to bring is not missing on the source.
    const lost = this.#acknowledged.filter((write) => !open.has(write));
    if (lost.length > 0) this.broken.push(`lost: ${lost.join()}`);
  }

  /** Nothing that was made is left, where the migration has ended; all of it is there where it has not. */
  demandEnded(): void {
    const { state } = this.journey;
    const over = state === "abandoned" || state === "completed";
    if (over && this.made.size > 0) this.broken.push(`left: ${[...this.made].join()}`);
    if (!over && this.made.size < endings.length) this.broken.push(`taken away in ${state}`);
    if (state === "abandoned" && (this.fenced || this.targetOpen)) this.broken.push("abandoned in a night");
  }

  /** The parts of its end; what is gone is no fault. */
  ending(): readonly Ending[] {
    return endings.map((name) => ({
      name,
      act: () =>
        this.#act(
          `end ${name}`,
          () => void this.made.delete(name),
          name === "source-database" ? "source" : "target",
        ),
    }));
  }

  /** Both streams to their ends: equal sides. */
  demandEqual(): void {
    if (this.lanesClosed) this.#reverse(this.#targetLog.length);
    else this.#forward(this.#sourceLog.length);
    const missing = [...this.source].filter((write) => !this.target.has(write)).length;
    const extra = [...this.target].filter((write) => !this.source.has(write)).length;
    if (missing + extra > 0)
      this.broken.push(`sides differ: ${String(missing)} missing, ${String(extra)} extra`);
  }

  journal(): Journal {
    return {
      entries: this.entries,
      append: (entry: Entry) =>
        this.#act(`journal ${entry.phase} ${entry.step}`, () => {
          if (this.journalBroken) throw new Fault("file-refused", "The disk is full.");
          const number = this.entries.length + 1;
          this.entries.push({ number, ...entry, at: new Date(this.clock).toISOString() });
        }),
    };
  }

  night(cutover: string): Night {
    const source = <T>(name: string, act: () => T): Promise<T> => this.#act(`source ${name}`, act, "source");
    const target = <T>(name: string, act: () => T): Promise<T> => this.#act(`target ${name}`, act, "target");
    const both = <T>(name: string, act: () => T): Promise<T> =>
      this.#act(name, () => {
        this.#demandUp("source");
        this.#demandUp("target");
        return act();
      });
    const state = (raised: boolean): FenceState => ({
      raised: raised ? "yes" : "no",
      gaps: raised ? [] : ["app can write."],
      serverLife: String(this.sourceLife),
    });
    const proof = (equal: boolean): Proof => ({
      keysAtFence: 1,
      rowsCleanBefore: 0,
      position: null,
      equal,
      differences: equal ? [] : ["t: 1 row."],
    });
    return {
      cutover,
      source: {
        findings: () => source("findings", () => []),
        fenceNote: () => source("note", () => ({ wasOpen: true })),
        fenceState: () => source("state", () => state(this.fenced)),
        raise: (note) =>
          source("raise", () => {
            if (note["wasOpen"] !== true) this.broken.push("a fence was noted as what was there before");
            this.fenced = true;
          }),
        lower: () => source("lower", () => (this.fenced = false)).then(() => this.look()),
        begin: () =>
          source("begin", () => {
            if (!this.rows.has(cutover)) this.rows.set(cutover, "open");
          }),
        decision: () => source("decision", () => this.rows.get(cutover) ?? null),
        decide: (to) =>
          source("decide", () => {
            const was = this.rows.get(cutover);
            if (was === undefined) throw new Fault("bug", "No row to decide in.");
            const now = was === "open" ? to : was;
            this.rows.set(cutover, now);
            return now;
          }),
        triggers: () => source("read triggers", () => ({ had: this.triggers })),
        dropTriggers: () => source("drop triggers", () => void (this.triggers = false)),
        createTriggers: (note) =>
          source("create triggers", () => void (this.triggers = note["had"] === true)),
        sequences: () => source("sequences", () => [{ source: "s", next: String(this.next.source) }]),
        pastKeys: (_given, [at]) =>
          source("past keys", () => void (this.next.source = Number(at?.next ?? this.next.source))),
        cameHome: () =>
          source("came home", (): Position => ({ kind: "file", file: "1", offset: String(this.#reverseAt) })),
        until: (signal) => {
          const cut = (): void => {
            this.sourceSilent = false;
            for (const end of this.#unanswered) end();
          };
          signal.addEventListener("abort", cut, { once: true });
          return () => signal.removeEventListener("abort", cut);
        },
      },
      target: {
        findings: () => target("findings", () => []),
        strangers: () => target("strangers", () => (this.stranger ? ["app2 may write to the target."] : [])),
        note: () => target("note", (): Note => ({ roles: ["app"] })),
        state: () => target("state", () => state(!this.targetOpen)),
        shut: () => target("shut", () => void (this.targetOpen = false)),
        pastKeys: ([at]) =>
          target("past keys", () => void (this.next.target = Number(at?.next ?? this.next.target))),
        sequences: () => target("sequences", () => [{ source: "s", next: String(this.next.target) }]),
        givenKeys: () => target("given keys", () => []),
        open: () =>
          target("open", () => {
            if (this.rows.get(cutover) !== "switch") this.broken.push("opened without a decision");
            if (this.#forwardAt < this.#sourceLog.length && !this.lanesClosed)
              this.broken.push("opened undrained");
            if (!this.lanesClosed) this.#reverseAt = this.#targetLog.length;
            this.targetOpen = true;
            this.lanesClosed = true;
          }).then(() => this.look()),
        cut: () => Promise.resolve(),
        lanesClosed: () => target("lanes closed", () => this.lanesClosed),
      },
      forward: {
        drain: () =>
          both("drain", (): Position => {
            this.#forward(this.#sourceLog.length);
            return { kind: "file", file: "f", offset: String(this.#sourceLog.length) };
          }),
        prove: () => both("prove", () => proof(!this.chances.fails("prove"))),
        reopen: () =>
          both("reopen", () => {
            if (!this.fenced) this.broken.push("the lanes were moved with the source open");
            this.#forwardAt = this.#sourceLog.length;
            this.lanesClosed = false;
          }),
      },
      reverse: {
        blocking: () => both("blocking", () => (this.quarantined > 0 ? ["1 change waits."] : [])),
        canary: () =>
          both("canary", () => {
            if (this.foreign > 0)
              throw new Fault("cutover-aborted", "Somebody else has written on the target.");
            return null;
          }),
        drain: () =>
          both("drain back", (): Position => {
            if (this.quarantined > 0) throw new Fault("way-back-stopped", "1 change waits.");
            this.#reverse(this.#targetLog.length);
            return { kind: "file", file: "1", offset: String(this.#targetLog.length) };
          }),
        prove: () => both("prove back", () => proof(!this.chances.fails("prove back"))),
      },
      hook: (name: HookName) =>
        this.#act(`hook ${name}`, () => {
          if (this.chances.fails(`hook ${name}`))
            throw new Fault("cutover-aborted", `The hook ${name} says no.`);
        }),
      mirror: (entries) =>
        target("mirror", () => {
          this.mirrored.splice(0, this.mirrored.length, ...entries);
        }),
    };
  }

  probe(side: "source" | "target"): Probe {
    return {
      attempt: async () => {
        if (!(side === "source" ? this.sourceUp : this.targetUp)) return "unreachable";
        return (side === "source" ? !this.fenced : this.targetOpen) ? "written" : "refused";
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  /** Virtual time: it passes where everybody waits. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = {
        at: this.clock + milliseconds,
        resolve: () => {
          signal.removeEventListener("abort", gone);
          resolve();
        },
        reject,
      };
      const gone = (): void => {
        this.#timers = this.#timers.filter((each) => each !== timer);
        reject(stopReason(signal));
      };
      if (signal.aborted) {
        gone();
        return;
      }
      signal.addEventListener("abort", gone, { once: true });
      this.#timers.push(timer);
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      const [first] = this.#timers.sort((one, other) => one.at - other.at);
      if (first === undefined) return;
      this.#timers = this.#timers.filter((each) => each !== first);
      this.clock = Math.max(this.clock, first.at);
      if (this.#dead) first.reject(new Killed());
      else {
        this.onTime();
        this.live();
        first.resolve();
      }
      this.#pump();
    });
  }

  async #act<T>(name: string, act: () => T, side?: "source" | "target"): Promise<T> {
    await Promise.resolve();
    if (this.#dead) throw new Killed();
    this.acts.push(name);
    this.clock += 1;
    this.#meet(name, "before");
    if (side !== undefined) this.#demandUp(side);
    if (side === "source" && this.sourceSilent) await this.#noAnswer();
    const found = act();
    this.live(false);
    this.#meet(name, "after");
    return found;
  }

  /** Until somebody leaves the connection. */
  async #noAnswer(): Promise<never> {
    return await new Promise((_resolve, reject) => {
      const end = (): void => {
        this.#unanswered.delete(end);
        reject(new Fault("connection-lost", "The source has not answered."));
      };
      this.#unanswered.add(end);
    });
  }

  #meet(name: string, when: "before" | "after"): void {
    try {
      this.chances.at(name, when);
    } catch (error) {
      if (error instanceof Killed) this.#dead = true;
      throw error;
    }
  }

  #demandUp(side: "source" | "target"): void {
    if (!(side === "source" ? this.sourceUp : this.targetUp))
      throw new Fault("connection-lost", `The ${side} does not answer.`);
  }

  #forward(to: number): void {
    for (; this.#forwardAt < Math.min(to, this.#sourceLog.length); this.#forwardAt += 1) {
      const entry = this.#sourceLog[this.#forwardAt];
      if (entry === undefined) continue;
      if (this.target.has(entry.write))
        this.broken.push(`applied twice on the target: ${String(entry.write)}`);
      this.target.add(entry.write);
    }
  }

  #reverse(to: number): void {
    if (this.quarantined > 0) return;
    for (; this.#reverseAt < Math.min(to, this.#targetLog.length); this.#reverseAt += 1) {
      const entry = this.#targetLog[this.#reverseAt];
      if (entry === undefined) continue;
      if (this.source.has(entry.write))
        this.broken.push(`applied twice on the source: ${String(entry.write)}`);
      this.source.add(entry.write);
      this.#sourceLog.push({ write: entry.write, ours: true });
    }
  }
}

/** A walk through the world, with a budget of 30 seconds and probes on both sides. */
export function walkOf(world: ExampleWorld, cutover: string, more: Partial<Walk> = {}): Walk {
  return {
    night: world.night(cutover),
    journal: world.journal(),
    budgetMs: 30_000,
    lagSeconds: null,
    probes: { source: world.probe("source"), target: world.probe("target") },
    now: () => world.clock,
    today: () => new Date(world.clock),
    wait: (milliseconds, signal) => world.wait(milliseconds, signal),
    stop: new AbortController().signal,
    onStep: () => undefined,
    onWord: () => undefined,
    ...more,
  };
}
