/**
 * How a connector is: Connect calls it RUNNING when its only task has died, so the tasks are asked, and what killed one
 * is told in a sentence. And how far it is for good: what it has committed is in the topics, whatever happens to it.
 */
import { Fault } from "../../src/errors.js";
import type { CommittedOffset, Connect, ConnectorStatus } from "./connect.js";
import { sentenceOfTrace } from "./connector-trace.js";

/** `starting`: no task is at work yet, or the workers are sharing them out anew. */
export type ConnectorHealth =
  | { readonly kind: "running" | "starting" | "paused" | "stopped" | "missing" }
  | { readonly kind: "failed"; readonly sentence: string };

export function healthOf(status: ConnectorStatus | null): ConnectorHealth {
  if (status === null) return { kind: "missing" };
  // Somebody's will comes before what its tasks died of: nobody sets it going again.
  if (status.state === "STOPPED") return { kind: "stopped" };
  if (status.state === "PAUSED") return { kind: "paused" };
  const dead = [status, ...status.tasks].find(({ state }) => state === "FAILED");
  if (dead !== undefined) return { kind: "failed", sentence: sentenceOfTrace(dead.trace) };
  if (status.tasks.some(({ state }) => state === "PAUSED")) return { kind: "paused" };
  const atWork = status.state === "RUNNING" && status.tasks.length > 0;
  return { kind: atWork && status.tasks.every(({ state }) => state === "RUNNING") ? "running" : "starting" };
}

/** The Fault of a connector that fills no topics; null while it does, or is about to. `ours`: `run` sets it going again. */
export function connectorFault(name: string, health: ConnectorHealth, ours = false): Fault | null {
  const failed = (sentence: string, next: string): Fault =>
    new Fault("connector-failed", `The Debezium connector ${name} ${sentence}`, { next });
  switch (health.kind) {
    case "running":
    case "starting":
      return null;
    case "failed":
      return failed(
        `has failed: ${health.sentence}`,
        ours
          ? "Mend what its sentence names where it has not passed by itself, then headgate run: it sets the connector going again."
          : "Mend what its sentence names, restart the connector, and run the same command again.",
      );
    case "paused":
    case "stopped":
      return failed(`is ${health.kind}.`, "Resume the connector, and run the same command again.");
    case "missing":
      return failed(
        "is not registered.",
        "headgate run registers the connector that it made itself; register yours.",
      );
  }
}

export interface WatchTools {
  readonly connect: Connect;
  readonly signal: AbortSignal;
  /** Resolves after so many milliseconds; rejects when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Resolves when every task is at work. Fault connector-failed when one has died, or nothing comes of it within `patienceMs`. */
export async function untilRunning(
  name: string,
  tools: WatchTools,
  { ours = false, patienceMs = 60_000 }: { readonly ours?: boolean; readonly patienceMs?: number } = {},
): Promise<void> {
  const every = 200;
  // What is told at first may be of before the change that is waited for, or of before the worker was killed.
  const stale = 3000;
  for (let waited = 0, failing = 0; ; waited += every) {
    const health = healthOf(await tools.connect.status(name));
    if (health.kind === "running") return;
    failing = health.kind === "failed" ? failing + every : 0;
    const fault = connectorFault(name, health, ours);
    if (fault !== null && failing > stale) throw fault;
    if (waited >= patienceMs)
      throw new Fault(
        "connector-failed",
        `The Debezium connector ${name} is ${health.kind} and not running after ${patienceMs / 1000} s.`,
      );
    await tools.wait(every, tools.signal);
  }
}

/** Resolves when a connector that was told to stop has no task left. Fault connector-failed after half a minute. */
export async function untilStopped(name: string, { connect, wait, signal }: WatchTools): Promise<void> {
  const looks = 150;
  const everyMs = 200;
  for (let look = 0; look < looks; look += 1) {
    const status = await connect.status(name);
    if (status === null || (status.state === "STOPPED" && status.tasks.length === 0)) return;
    await wait(everyMs, signal);
  }
  throw new Fault(
    "connector-failed",
    `The connector ${name} was told to stop, and its tasks still run after ${String((looks * everyMs) / 1000)} s.`,
    { next: "Look at the Connect worker's log, restart it, and run the same command again." },
  );
}

/**
 * Resolves when the connector has committed where it is. Until then a worker that is killed begins anew, with no_data at a
 * now that is later, and what lies between is lost without a word: so this comes before a position is noted. Workers
 * commit once a minute by default; a task that ends commits at once, so one of our own is ended and set going again.
 */
export async function untilCommitted(
  name: string,
  tools: WatchTools,
  ours: boolean,
  patienceMs = 90_000,
): Promise<void> {
  const { connect, wait, signal } = tools;
  const committed = async (): Promise<boolean> => committedPlace(await connect.offsets(name)) !== null;
  if (await committed()) return;
  if (ours) {
    await connect.stop(name);
    await untilStopped(name, tools);
    await connect.resume(name);
    await untilRunning(name, tools, { ours });
  }
  const everyMs = 250;
  for (let waited = 0; !(await committed()); waited += everyMs) {
    if (waited >= patienceMs)
      throw new Fault(
        "connector-failed",
        `The Debezium connector ${name} has committed no offset within ${patienceMs / 1000} s; a worker that is killed now would begin anew and leave changes out.`,
        { next: "Look at the Connect worker's log; offset.flush.interval.ms says how often it commits." },
      );
    await wait(everyMs, signal);
  }
}

/** Removes the connector and what Connect knows of it, so that one of the same name begins anew. Its topics stay. */
export async function removeConnector(name: string, tools: WatchTools): Promise<void> {
  const { connect } = tools;
  if ((await connect.config(name)) === null) return;
  await connect.stop(name);
  await untilStopped(name, tools);
  await connect.forget(name);
  await connect.remove(name);
}

/** How far a connector is for good, as the source's positions are told. */
export interface CommittedPlace {
  readonly file: string;
  readonly offset: string;
  /** The whole set, MySQL's or MariaDB's; null where the source has none. */
  readonly gtids: string | null;
}

/** What the connector has committed; null before its first commit. It says nothing in the middle of a snapshot. */
export function committedPlace(offsets: readonly CommittedOffset[] | null): CommittedPlace | null {
  for (const { offset } of offsets ?? []) {
    const { file, pos, gtids } = offset;
    if (typeof file !== "string" || (typeof pos !== "number" && typeof pos !== "string")) continue;
    return { file, offset: String(pos), gtids: typeof gtids === "string" && gtids !== "" ? gtids : null };
  }
  return null;
}
