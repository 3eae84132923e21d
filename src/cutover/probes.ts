/**
 * The probes of the night, put together of what can be asked: lanes, the verification, both servers, the hook. The hook
 * gives latencies and counts in one answer, so it is run once for both.
 */
import type { LaneStatus } from "../stream-port.js";
import type { Backlog } from "./backlog.js";
import type { Served } from "./error-rate.js";
import type { HookFigures } from "./baseline.js";
import type { Answered } from "./latency.js";
import type { Disk, Diverged } from "./triggers.js";
import type { Probes } from "./watch.js";

export interface ProbeParts {
  /** Of the stream that keeps the other side in step: forward before the switch, the way back after it. */
  readonly lanes: () => readonly LaneStatus[];
  /** What the way back has still to bring; null where there is none. */
  readonly backlog: (() => Promise<Backlog | null>) | null;
  /** As the last verification left them; undefined before the first. */
  readonly differing: () => readonly { readonly table: string; readonly rows: bigint }[] | undefined;
  /** null where no hook is set. */
  readonly hook: ((signal: AbortSignal) => Promise<HookFigures>) | null;
  /** As the side that serves is asked them. */
  readonly queries: readonly { readonly name: string; readonly sql: string }[];
  readonly time: (sql: string, signal: AbortSignal) => Promise<number>;
  /** Of the side that serves; null where it does not count. */
  readonly served: () => Promise<Served | null>;
  /** By what they are of; null where one cannot be told. */
  readonly disks: readonly { readonly of: string; readonly used: () => Promise<number | null> }[];
}

/** In one look, of each query. */
const timesPerLook = 3;

export function probesOf(parts: ProbeParts): Probes {
  const hook = parts.hook === null ? null : once(parts.hook);
  return {
    lagSeconds: async () => lagOf(parts.lanes()),
    backlog: parts.backlog,
    failedInRow: async () => Math.max(0, ...parts.lanes().map(({ failedInRow }) => failedInRow)),
    diverged: async () =>
      parts.differing()?.map(({ table, rows }): Diverged => ({ table, rows: String(rows) })) ?? null,
    disks: parts.disks.length === 0 ? null : () => disksOf(parts.disks),
    latencies:
      hook === null && parts.queries.length === 0 ? null : (signal) => latenciesOf(parts, hook, signal),
    served: async (signal) => (await hook?.(signal))?.served ?? (await parts.served()),
  };
}

/** Whoever asks while it is under way has the same answer. */
function once<T>(act: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let going: Promise<T> | null = null;
  return async (signal) => {
    going ??= act(signal);
    const mine = going;
    try {
      return await mine;
    } finally {
      if (going === mine) going = null;
    }
  };
}

async function latenciesOf(
  { queries, time }: ProbeParts,
  hook: ((signal: AbortSignal) => Promise<HookFigures>) | null,
  signal: AbortSignal,
): Promise<Readonly<Record<string, Answered>>> {
  // First, so that who asks for its counts in the same look waits for the same answer.
  const told = await hook?.(signal);
  const found: Record<string, Answered> = {};
  for (const { name, sql } of queries) {
    const timesMs: number[] = [];
    while (timesMs.length < timesPerLook) timesMs.push(await time(sql, signal));
    found[name] = { timesMs };
  }
  return { ...found, ...told?.latencies };
}

/** Of those that can be told; null where none can. */
async function disksOf(disks: ProbeParts["disks"]): Promise<readonly Disk[] | null> {
  const read = await Promise.all(disks.map(async ({ of, used }) => ({ of, used: await used() })));
  const known = read.flatMap(({ of, used }): Disk[] => (used === null ? [] : [{ of, used }]));
  return known.length === 0 ? null : known;
}

/** Of the lane that is furthest behind; null while any of them is unknown. */
function lagOf(lanes: readonly LaneStatus[]): number | null {
  let worst: number | null = null;
  for (const { lagSeconds } of lanes) {
    if (lagSeconds === null) return null;
    worst = Math.max(worst ?? 0, lagSeconds);
  }
  return worst;
}
