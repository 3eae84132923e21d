/**
 * The engine's own verification. It compares everything once the lanes have joined, before `ready` is said; then again and
 * again what events have touched, and at long intervals everything, so that the proof is never old when the night comes.
 * What a person asks for goes before its own rounds. One verification runs at a time: the ledger has one record of each row.
 */
import pLimit from "p-limit";
import { Fault } from "../errors.js";
import type { Position } from "../model.js";
import type { Source, Target } from "../port.js";
import { throwIfStopped } from "../stop.js";
import type { LaneStatus } from "../stream-port.js";
import { runQueries } from "../verify/queries.js";
import type { GateOptions, GateVerdict } from "../verify/queries.js";
import { repair } from "../verify/repair.js";
import type { RepairOutcome } from "../verify/repair.js";
import type { RepairRequest, RepairTools } from "../verify/repair-tools.js";
import type { Following } from "../verify/tools.js";
import type { VerificationTools, VerifyOutcome, VerifyRequest } from "../verify/verification.js";
import { tablesOf, verify } from "../verify/verification.js";
import { countTable } from "../verify/counts.js";
import type { CountVerdict } from "../verify/counts.js";
import { verifyOrphans } from "../verify/orphans.js";
import type { OrphanVerdict } from "../verify/orphans.js";
import type { Sampling } from "../verify/sample.js";
import { verifySample } from "../verify/sampled.js";
import type { SampleOutcome } from "../verify/sampled.js";

/** Between two looks at what was touched, and between two looks at everything. */
const touchedEveryMs = 30_000;
const wholeEveryMs = 3_600_000;
/** How often it is looked whether a lane has come to a position. */
const lookMs = 20;

/** A verification with all that went along with it. */
export interface Verified {
  readonly outcome: VerifyOutcome;
  /** verify.queries; empty where only some tables were looked at. */
  readonly gates: readonly GateVerdict[];
  /** Foreign keys on the target, where they were looked at. */
  readonly orphans: readonly OrphanVerdict[];
}

export interface VerifierOptions {
  readonly tools: VerificationTools;
  readonly method: VerifyRequest["method"];
  /** verify.queries, and who answers them. */
  readonly gates: Pick<GateOptions, "gates" | "source"> & { readonly target: Pick<Target, "ask"> };
  /** Whether the lanes have joined: before that nothing can be proven. */
  readonly joined: () => boolean;
  /** Told of every verification that ended, and of every one that failed: the engine's own ones fail nobody else. */
  readonly onVerified: (verified: Verified) => void;
  readonly onFailure: (fault: Fault) => void;
}

export interface VerifierStatus {
  readonly running: boolean;
  readonly last: Verified | null;
  readonly failure: Fault | null;
}

export class Verifier {
  readonly #options: VerifierOptions;
  readonly #turn = pLimit(1);
  #running = 0;
  #last: Verified | null = null;
  #failure: Fault | null = null;

  constructor(options: VerifierOptions) {
    this.#options = options;
  }

  get status(): VerifierStatus {
    return { running: this.#running > 0, last: this.#last, failure: this.#failure };
  }

  /** What keeps `ready` back: nothing compared yet, or not to the end, or rows that differ. */
  blocking(): readonly string[] {
    if (this.#last === null) return [this.#failure === null ? "not-verified" : "verification-failed"];
    return [
      ...(this.#failure === null ? [] : ["verification-failed"]),
      ...(this.#last.outcome.differences > 0n ? ["differences"] : []),
      ...(brokenGates(this.#last) ? ["queries"] : []),
      ...(this.#last.orphans.some(({ result }) => result === "orphans" || result === "refused")
        ? ["orphans"]
        : []),
    ];
  }

  /** A verification for somebody who waits for it. */
  async request(request: VerifyRequest, signal: AbortSignal): Promise<Verified> {
    return await this.#verify(request, "deep", signal);
  }

  /** Some rows only; what is said of the others is told with it. */
  async sample(
    tables: readonly string[] | null,
    sample: Sampling,
    signal: AbortSignal,
  ): Promise<SampleOutcome> {
    return await this.#alone(() => verifySample(this.#options.tools, tables, sample, signal), signal);
  }

  /** Rows counted on both sides at one position. */
  async counts(tables: readonly string[] | null, signal: AbortSignal): Promise<readonly CountVerdict[]> {
    const { tools } = this.#options;
    const counting = { ...tools, comparing: tools.comparings.stream };
    return await this.#alone(async () => {
      const verdicts: CountVerdict[] = [];
      for (const table of tablesOf(tools, tables)) verdicts.push(await countTable(counting, table, signal));
      return verdicts;
    }, signal);
  }

  /** Brings the rows on record to what the source has, for somebody who waits for it, between two verifications. */
  async repair(
    beside: Pick<RepairTools, "mender" | "primary">,
    request: RepairRequest,
    signal: AbortSignal,
  ): Promise<RepairOutcome> {
    this.#demandJoined();
    return await this.#turn(async () => {
      throwIfStopped(signal);
      const { tools: given } = this.#options;
      // Rows are looked at byte by byte here, however they were found.
      const tools: RepairTools = { ...given, ...beside, comparing: given.comparings.stream };
      const outcome = await repair(tools, request, signal);
      const { differences, pending } = outcome;
      const last = this.#last;
      if (last !== null && !request.dryRun)
        this.#last = { ...last, outcome: { ...last.outcome, differences, pending } };
      return outcome;
    });
  }

  /** Goes on until the signal ends it. */
  async run(signal: AbortSignal): Promise<never> {
    const { tools, method } = this.#options;
    let whole = tools.now();
    for (;;) {
      const full = tools.now() - whole >= wholeEveryMs;
      try {
        // Queries and foreign keys are as dear as the whole: asked at first, with the whole, and while one does not hold.
        const deep = full || this.#last === null || this.blocking().length > 0;
        await this.#verify({ method, full, tables: null }, deep ? "deep" : "rows", signal);
        if (full) whole = tools.now();
      } catch (error) {
        throwIfStopped(signal);
        if (!(error instanceof Fault)) throw error;
        this.#failure = error;
        this.#options.onFailure(error);
      }
      await tools.wait(touchedEveryMs, signal);
    }
  }

  #demandJoined(): void {
    if (this.#options.joined()) return;
    throw new Fault("usage", "The lanes have not joined yet, so nothing can be compared.", {
      next: "headgate status",
    });
  }

  async #verify(request: VerifyRequest, depth: "deep" | "rows", signal: AbortSignal): Promise<Verified> {
    return await this.#alone(async () => {
      const { tools, gates } = this.#options;
      const outcome = await verify(tools, request, signal);
      const named = request.tables !== null;
      const verified =
        depth === "deep"
          ? {
              outcome,
              gates: named ? [] : await runQueries({ ...gates, plan: tools.plan, still: tools, signal }),
              orphans: await verifyOrphans({
                target: gates.target,
                plan: tools.plan,
                tables: tablesOf(tools, request.tables),
                followed: tools.following !== null,
                showValues: false,
                signal,
              }),
            }
          : { outcome, gates: this.#last?.gates ?? [], orphans: this.#last?.orphans ?? [] };
      // A look at some tables says nothing of the others.
      if (!named) {
        this.#last = verified;
        this.#failure = null;
      }
      this.#options.onVerified(verified);
      return verified;
    }, signal);
  }

  async #alone<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    this.#demandJoined();
    return await this.#turn(async () => {
      throwIfStopped(signal);
      this.#running += 1;
      try {
        return await act();
      } finally {
        this.#running -= 1;
      }
    });
  }
}

function brokenGates({ gates }: Verified): boolean {
  return gates.some(({ result }) => result === "broken" || result === "refused");
}

export interface FollowingOptions {
  readonly source: Pick<Source, "mark" | "position">;
  readonly lanes: () => readonly LaneStatus[];
  /** Why lanes stand until somebody decides. */
  readonly standing: () => readonly Fault[];
  readonly holds: (later: Position, earlier: Position) => boolean;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** The stream as somebody who waits for it: a marker carries each lane past the source's position of now. */
export function followingOf({ source, lanes, standing, holds, wait }: FollowingOptions): Following {
  return {
    caughtUp: async (lane, signal) => {
      // What a SELECT has shown is in the log already, and may not be in the server's position yet for a moment: a marker
      // behind it carries the position past it.
      await source.mark(lane, "verify");
      const position = await source.position();
      // Where nothing else is written, the lane has something to come to all the same.
      await source.mark(lane, "verify");
      for (;;) {
        const found = lanes().find((each) => each.lane === lane);
        if (found === undefined) throw new Fault("bug", `There is no lane ${lane}.`);
        if (found.position !== null && holds(found.position, position)) return;
        // What differs there cannot be told from what is still to be applied.
        // A pause, or a connection that comes back, is waited for.
        if (found.stopped !== null && standing().some(({ message }) => message === found.stopped))
          throw new Fault(
            "quarantined",
            `The lane ${lane} stands still, so its tables cannot be judged: ${found.stopped}`,
            {
              next: "headgate status",
            },
          );
        await wait(lookMs, signal);
      }
    },
  };
}
