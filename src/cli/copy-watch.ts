/**
 * The log from the noted start on is what a copy is worth: while it runs, this asks how long the source still keeps it,
 * and ends the run by name (log-purged, position-unknown, topic-gap) as soon as it is known to be gone.
 */
import { Fault } from "../errors.js";
import type { Plan } from "../model.js";
import type { Ledger, Source } from "../port.js";
import { eitherOf } from "../stop.js";
import type { Steering } from "./steering.js";

export interface CopyWatchOptions {
  readonly source: Source;
  readonly plan: Plan;
  readonly ledger: Ledger;
  readonly steering: Steering;
  readonly signal: AbortSignal;
}

export interface CopyWatch extends AsyncDisposable {
  /** The run's own signal, and the end that this gives it. */
  readonly signal: AbortSignal;
  /** The copy is done: from here on the stream itself is watched. */
  over(): void;
  /** What this has ended the run with. */
  readonly gone: Fault | null;
}

/** Without topics the source's own log goes on from the same place; without that log nothing does. */
function anew(fault: Fault): Fault {
  if (fault.code === "topic-gap")
    return new Fault(fault.code, fault.message, {
      next: `${fault.next} Set retention.ms=-1 and retention.bytes=-1 on the topics.`,
      facts: fault.facts,
      cause: fault,
    });
  return new Fault(fault.code, `${fault.message} What is copied is of no use without it.`, {
    next: "Raise binlog_expire_logs_seconds (or expire_logs_days) on the source, then begin a new migration: headgate init with another id.",
    facts: fault.facts,
    cause: fault,
  });
}

/** Resolves when it has been asked once: what is gone already is told before anything is copied. */
export async function watchCopy(options: CopyWatchOptions): Promise<CopyWatch> {
  const { source, plan, ledger, steering, signal } = options;
  const ended = new AbortController();
  const lost = new AbortController();
  const feed = await source.feed(plan);
  let gone: Fault | null = null;
  const over = (): void => {
    ended.abort(new Fault("interrupted", "The copy is over."));
  };
  const watch: CopyWatch = {
    signal: eitherOf(signal, lost.signal),
    over,
    get gone() {
      return gone;
    },
    [Symbol.asyncDispose]: async () => {
      over();
      await feed[Symbol.asyncDispose]();
    },
  };
  await steering.watch(feed, ledger, AbortSignal.any([signal, ledger.lost, ended.signal]), (fault) => {
    gone = fault.code === "position-unknown" ? fault : anew(fault);
    lost.abort(gone);
  });
  return watch;
}
