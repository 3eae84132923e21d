/**
 * The way of a lane's batches into the target: one transaction each, begun when nothing speaks against it, written
 * group by group, committed with its position. A batch of several parts stays one transaction; between its parts the
 * lane waits for the feed. Whatever fails is aborted, and the lane told.
 */
import { Fault } from "../errors.js";
import type { LaneTransaction, LaneWriter } from "../stream-port.js";
import { stopReason } from "../stop.js";
import type { Bell } from "./bell.js";
import type { Part, Step } from "./part.js";
import type { Lane } from "./lane.js";
import type { StreamOptions } from "./options.js";
import { isPoison, standing } from "./refusal.js";

export interface ApplyTools {
  readonly options: StreamOptions;
  readonly bell: Bell;
  /** Resolves when a batch may begin. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** A mark of the lane is on its way to the source. */
  readonly marking: (lane: string) => boolean;
  /** Tells a log that is kept for us what all lanes have committed. */
  readonly confirm: () => void;
}

/** Applies the lane's parts until the signal is aborted or something fails. */
export async function applyLane(
  lane: Lane,
  writer: LaneWriter,
  tools: ApplyTools,
  signal: AbortSignal,
): Promise<never> {
  try {
    for (;;) await applyBatch(lane, writer, tools, signal);
  } catch (error) {
    const transaction = lane.outgoing.transaction;
    lane.outgoing.transaction = null;
    if (transaction !== null) await abort(transaction, error);
    if (error instanceof Fault && !(signal.aborted && error === stopReason(signal))) lane.failed(error);
    throw error;
  }
}

async function applyBatch(
  lane: Lane,
  writer: LaneWriter,
  { options, bell, ready, marking, confirm }: ApplyTools,
  signal: AbortSignal,
): Promise<void> {
  const moment = options.moment ?? ((): undefined => undefined);
  let part = await next(lane, bell, signal);
  await moment("batch:closed");
  await ready(signal);
  const begun = options.now();
  const transaction = await writer.begin(lane.settled.seq);
  lane.outgoing.transaction = transaction;
  await moment("batch:begun");
  const parts = [part];
  for (;;) {
    await write(lane, transaction, part, options);
    if (part.last) break;
    lane.outgoing.busy = false;
    part = await next(lane, bell, signal);
    parts.push(part);
  }
  const { position } = part;
  if (position === null) throw new Fault("bug", "A batch ends without a position.");
  await moment("batch:written");
  await moment("batch:before-commit");
  const policies = parts.flatMap((one) => one.policies);
  try {
    await transaction.commit(position, policies);
  } catch (error) {
    // Refused only as a whole, it is blamed on its last change: without that one it may hold.
    const last = part.steps.at(-1);
    if (error instanceof Fault && isPoison(error) && last !== undefined)
      throw await refused(lane, last, error, options);
    throw error;
  }
  lane.outgoing.transaction = null;
  lane.outgoing.busy = false;
  const sum = (of: (part: Part) => number): number => parts.reduce((total, one) => total + of(one), 0);
  options.onEvent({
    kind: "batch",
    lane: lane.name,
    seq: lane.settled.seq + 1n,
    position,
    events: sum(({ events }) => events),
    rows: sum(({ rows }) => rows),
    bytes: sum(({ bytes }) => bytes),
    groups: sum(({ steps }) => steps.length),
    transactions: sum(({ transactions }) => transactions),
    milliseconds: options.now() - begun,
  });
  for (const changed of policies) options.onEvent({ kind: "policy", ...changed });
  lane.committed(position, parts);
  confirm();
  const seconds = lane.lag.arrived(
    parts.flatMap(({ markers }) => markers),
    marking(lane.name),
  );
  if (seconds !== null) options.onEvent({ kind: "lag", lane: lane.name, seconds });
  lane.flush();
  bell.ring();
  await moment("batch:committed");
}

async function next(lane: Lane, bell: Bell, signal: AbortSignal): Promise<Part> {
  for (;;) {
    const part = lane.outgoing.take();
    if (part !== undefined) {
      bell.ring();
      return part;
    }
    await bell.next(signal);
  }
}

async function write(
  lane: Lane,
  transaction: LaneTransaction,
  part: Part,
  options: StreamOptions,
): Promise<void> {
  for (const step of part.steps) {
    if (step.group instanceof Fault) throw await refused(lane, step, step.group, options);
    try {
      await transaction.write(step.group);
    } catch (error) {
      if (error instanceof Fault && isPoison(error)) throw await refused(lane, step, error, options);
      throw error;
    }
  }
  part.release();
}

/** The Fault that a refused group stops the lane with; its change is kept first where it is known. */
async function refused(
  lane: Lane,
  step: Step,
  fault: Fault,
  { keep, onEvent, direction }: StreamOptions,
): Promise<Fault> {
  const { origin } = step;
  if (origin === null) return fault;
  await keep({ ...origin, reason: fault.code, sentence: fault.message });
  onEvent({ kind: "quarantined", lane: lane.name, table: origin.table, id: origin.id });
  return standing(lane.name, origin, fault, direction);
}

/** A transaction that cannot even be aborted goes with its session, which is closed next. */
async function abort(transaction: LaneTransaction, cause: unknown): Promise<void> {
  try {
    await transaction.abort();
  } catch (error) {
    if (!(error instanceof Fault))
      throw new Fault("bug", "A batch could not be aborted.", { cause: [cause, error] });
  }
}
