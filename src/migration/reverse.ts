/**
 * The stream from the target to the source, in the soak: the same engine as forward, over the target's own log, into the
 * source's reverse ledger. What the source does not hold stands in its way and is shown; nothing is bent.
 */
import type { Reverse } from "../cutover/night.js";
import type { ReverseLedger, WayBack } from "../cutover-port.js";
import { Fault } from "../errors.js";
import type { Plan, Position, SourceEngine } from "../model.js";
import { eitherOf } from "../stop.js";
import type { Stream, StreamOptions } from "../stream/options.js";
import { openStream } from "../stream/stream.js";
import { wayBackOptions, wayBackPlan } from "../stream/way-back.js";
import type { ChangeFeed, LaneWriter } from "../stream-port.js";
import type { FenceProof } from "../verify/fence-proof.js";
import { proofOf } from "./forward.js";
import type { RefusedChanges } from "./refused.js";

export interface ReverseOptions extends Pick<
  StreamOptions,
  "now" | "wait" | "onEvent" | "keep" | "moment" | "signal"
> {
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly epoch: string;
  readonly ledger: ReverseLedger;
  readonly wayBack: WayBack;
  readonly batchRows: () => number;
  readonly governed: (writer: LaneWriter, signal: AbortSignal) => LaneWriter;
  /** Where the way back stood at the switch, and a position that the target's log had before anybody was let in. */
  readonly atSwitch: { readonly seq: bigint; readonly end: Position } | null;
  /** Compares what either side has written since the switch; nothing moves. */
  readonly prove: (signal: AbortSignal) => Promise<FenceProof>;
  /** What was refused in this soak. */
  readonly refused: RefusedChanges;
  /** The way back stands; on record already. Resolves to the change that it may leave out at once, null where a person decides. */
  readonly stands: (fault: Fault) => Promise<string | null>;
}

const lookMs = 10;

export class ReverseStream implements AsyncDisposable {
  readonly stream: Stream;
  readonly #options: ReverseOptions;
  readonly #feed: ChangeFeed;

  private constructor(options: ReverseOptions, feed: ChangeFeed, start: Position) {
    this.#options = options;
    this.#feed = feed;
    const { plan, engine, ledger, epoch, wayBack, signal } = options;
    this.stream = openStream({
      // Each row of the target is on the source as it was at the switch.
      ...wayBackOptions(start),
      feed,
      plan: wayBackPlan(plan),
      engine,
      writer: async (_lane, stop) => options.governed(await ledger.lane(plan, epoch), stop),
      mark: (_lane, note) => wayBack.mark(note),
      get batchRows() {
        return options.batchRows();
      },
      now: options.now,
      wait: options.wait,
      onEvent: options.onEvent,
      // There is no other lane, and the soak goes on beside it.
      waits: true,
      onStands: async (_, fault) => {
        await options.refused.stands(fault);
        const left = await options.stands(fault);
        if (left !== null) this.stream.skip(left);
      },
      closed: options.refused.closed,
      ...(options.moment === undefined ? {} : { moment: options.moment }),
      keep: async (poison) => {
        await options.keep(poison);
        await options.refused.keep(poison);
      },
      skips: options.refused.skips,
      signal,
    });
  }

  /** Claims the source's reverse ledger: from then on no engine before this one writes there. */
  static async open(options: ReverseOptions): Promise<ReverseStream> {
    const { plan, ledger, epoch, wayBack } = options;
    await ledger.prepare(plan);
    await ledger.claim(plan, epoch);
    const start = await wayBack.prepare(plan);
    const feed = await wayBack.feed(wayBackPlan(plan));
    const known = await ledger.checkpoint(plan.migration);
    const applied = known?.position ?? null;
    if (applied !== null && !feed.holds(applied, start))
      throw new Fault(
        "log-purged",
        "The slot that keeps the target's log stands past what the way back has applied: somebody else has read it or moved it on, and the target has thrown away what lies between.",
        { next: "headgate verify shows what the source lacks; or headgate complete" },
      );
    const { atSwitch } = options;
    // Nothing of the soak is applied yet: then all of it has to be in the log still.
    if (
      atSwitch !== null &&
      (known?.seq ?? 0n) <= atSwitch.seq &&
      !feed.holds(atSwitch.end, known?.position ?? start)
    )
      throw new Fault(
        "way-back-stopped",
        "The target's log does not begin before the switch any more: what applications wrote first cannot be brought back.",
        { next: "headgate verify shows what the source lacks; or headgate complete" },
      );
    return new ReverseStream(options, feed, start);
  }

  /** What the steps of the way back need of it. */
  get steps(): Reverse {
    return {
      blocking: () => this.blocking(),
      canary: async (signal) => {
        await this.drain(signal);
        return null;
      },
      drain: (signal) => this.drain(signal),
      prove: async (signal) => proofOf(await this.#options.prove(signal)),
    };
  }

  holds(later: Position, earlier: Position): boolean {
    return this.#feed.holds(later, earlier);
  }

  /** Changes that wait for somebody's decision, a sentence each. */
  get waiting(): readonly string[] {
    return this.stream.standing.map((fault) => this.#options.refused.told(fault));
  }

  async blocking(): Promise<readonly string[]> {
    const slot = await this.#options.wayBack.slot();
    return [
      ...this.waiting,
      ...(slot === null ? ["The slot that keeps the target's log is gone."] : []),
      ...(slot?.lost === true ? ["The target has thrown away log that was not brought back yet."] : []),
    ];
  }

  /** Everything that the target had committed when this was called is on the source, and a marker behind it was met. */
  async drain(signal: AbortSignal): Promise<Position> {
    const { wayBack, wait } = this.#options;
    const end = await wayBack.position();
    await wayBack.mark("drain");
    const past = await wayBack.position();
    await wayBack.mark("drain");
    const stop = eitherOf(signal, this.#options.signal);
    for (;;) {
      const [lane] = this.stream.lanes;
      if (lane === undefined) throw new Fault("bug", "The way back has no lane.");
      if (lane.position !== null && this.#feed.holds(lane.position, past)) return end;
      const [standing] = this.stream.standing;
      if (standing !== undefined)
        throw new Fault(
          "way-back-stopped",
          `The way back stands still: ${this.#options.refused.told(standing)}`,
          { next: standing.next, cause: standing },
        );
      await wait(lookMs, stop);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed[Symbol.asyncDispose]();
  }
}
