/**
 * What the hook `latency` prints, as the triggers take it. One JSON object on its standard output:
 * `{ "p95Ms": { "checkout": 41.5 }, "requests": 81234, "failed": 12 }`. Each part may be absent; p95Ms may be a single number;
 * requests and failed are counts that only grow. Anything else is refused: a number that was misread would roll back
 * a healthy night, or let a sick one go on.
 */
import { z } from "zod";
import { Fault } from "../errors.js";
import type { Served } from "./error-rate.js";
import type { Answered } from "./latency.js";

const milliseconds = z.number().nonnegative();
const countOf = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

const schema = z
  .strictObject({
    p95Ms: z.union([milliseconds, z.record(z.string().min(1), milliseconds)]).optional(),
    requests: countOf.optional(),
    failed: countOf.optional(),
  })
  .refine(({ requests, failed }) => (requests === undefined) === (failed === undefined), {
    error: "requests and failed come together",
  });

export interface HookReading {
  readonly latencies: Readonly<Record<string, Answered>> | null;
  readonly served: Served | null;
}

/** The class of a P95 that has no name. */
const unnamed = "all requests";

/** Fault hook-failed where it is not of that form. */
export function readLatencyHook(stdout: string): HookReading {
  const parsed = schema.safeParse(jsonOf(stdout));
  if (!parsed.success) throw refuse(parsed.error.issues[0]?.message ?? "it has another form");
  const { p95Ms, requests, failed } = parsed.data;
  const classes = typeof p95Ms === "number" ? { [unnamed]: p95Ms } : p95Ms;
  return {
    latencies:
      classes === undefined
        ? null
        : Object.fromEntries(Object.entries(classes).map(([of, ms]) => [of, { p95Ms: ms }])),
    served:
      requests === undefined || failed === undefined
        ? null
        : { requests: BigInt(requests), failed: BigInt(failed) },
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refuse("it is no JSON", error);
  }
}

function refuse(why: string, cause?: unknown): Fault {
  return new Fault("hook-failed", `What the hook latency printed cannot be used: ${why}.`, {
    next: 'Let it print one object such as { "p95Ms": { "checkout": 41.5 }, "requests": 81234, "failed": 12 }.',
    ...(cause === undefined ? {} : { cause }),
  });
}
