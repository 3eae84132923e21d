/**
 * Long work that a running engine does because somebody asked over its socket: it answers at once with an id, and is asked
 * again and again how far it is. Whoever goes away leaves the job running; it can be told to stop. Ended jobs are kept for
 * a while, so that an answer is not lost with the connection that waited for it.
 */
import { Fault } from "../errors.js";

/** What kind of work there is. */
export const jobKinds = ["verify", "repair", "cutover", "rollback", "complete"] as const;

export type JobKind = (typeof jobKinds)[number];

type Facts = Readonly<Record<string, unknown>>;

/** Does the work; `onProgress` replaces what was told before. What it resolves to is the job's result. */
export type JobAct = (
  ask: unknown,
  onProgress: (facts: Facts) => void,
  signal: AbortSignal,
) => Promise<Facts>;

/** What an engine can do for whoever asks. */
export type Works = Readonly<Partial<Record<JobKind, JobAct>>>;

export interface JobState {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: "running" | "done" | "failed";
  readonly progress: Facts;
  readonly result: Facts | null;
  readonly error: { readonly code: string; readonly sentence: string; readonly next: string } | null;
}

interface Job {
  status: JobState;
  readonly stop: AbortController;
  ended: Promise<void>;
}

/** Ended jobs that are still known. */
const kept = 16;

export class Jobs implements AsyncDisposable {
  readonly #acts: Works;
  readonly #jobs = new Map<string, Job>();
  #count = 0;

  constructor(acts: Works) {
    this.#acts = acts;
  }

  start(kind: JobKind, ask: unknown): JobState {
    const id = `${kind}-${String((this.#count += 1))}`;
    const status = { id, kind, state: "running", progress: {}, result: null, error: null } as const;
    const job: Job = { status, stop: new AbortController(), ended: Promise.resolve() };
    this.#jobs.set(id, job);
    job.ended = this.#run(job, ask);
    for (const [old, { status: was }] of this.#jobs)
      if (this.#jobs.size > kept && was.state !== "running") this.#jobs.delete(old);
    return job.status;
  }

  /** Fault usage where there is none of that id. */
  state(id: string): JobState {
    return this.#of(id).status;
  }

  stop(id: string): JobState {
    const job = this.#of(id);
    job.stop.abort(new Fault("interrupted", "It was told to stop.", { next: "Run the same command again." }));
    return job.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stop } of this.#jobs.values())
      stop.abort(
        new Fault("connection-lost", "The engine ended meanwhile.", { next: "Run the same command again." }),
      );
    await Promise.all([...this.#jobs.values()].map(({ ended }) => ended));
  }

  #of(id: string): Job {
    const job = this.#jobs.get(id);
    if (job === undefined)
      throw new Fault("usage", `The engine knows no job ${id}: it may have begun anew since.`, {
        next: "Run the same command again.",
      });
    return job;
  }

  async #run(job: Job, ask: unknown): Promise<void> {
    const { kind } = job.status;
    try {
      const act = this.#acts[kind];
      if (act === undefined) throw new Fault("usage", `This engine does not ${kind}.`);
      const result = await act(
        ask,
        (progress) => (job.status = { ...job.status, progress }),
        job.stop.signal,
      );
      job.status = { ...job.status, state: "done", result };
    } catch (error) {
      const { code, message, next } =
        error instanceof Fault ? error : new Fault("bug", `The ${kind} failed in a way nobody foresaw.`);
      job.status = { ...job.status, state: "failed", error: { code, sentence: message, next } };
    }
  }
}
