/** A verification's progress for whoever waits for it: JSON lines, or a line on stderr every ten seconds. */
import { z } from "zod";
import { clock, count } from "../watch/screen.js";
import type { VerbContext } from "./verb.js";

const everyMs = 10_000;

/** As the engine tells it, perhaps over its socket (src/watch/verify-meter.ts). */
const readingSchema = z.looseObject({
  ranges: z.object({ done: z.int(), total: z.int() }),
  rows: z.object({ done: z.int(), total: z.int() }),
  rowsPerSecond: z.number(),
  etaSeconds: z.number().nullable(),
  suspects: z.int(),
});

export function progressTeller({
  output,
  services,
}: VerbContext): (progress: Readonly<Record<string, unknown>>) => void {
  let last = services.now();
  return (progress) => {
    output.event("progress", progress);
    if (output.json || services.now() - last < everyMs) return;
    const line = progressLine(progress);
    if (line === null) return;
    last = services.now();
    output.say(line);
  };
}

/** null where it is none of a verification. */
export function progressLine(progress: Readonly<Record<string, unknown>>): string | null {
  const reading = readingSchema.safeParse(progress);
  return reading.success ? lineOf(reading.data) : null;
}

function lineOf({
  ranges,
  rows,
  rowsPerSecond,
  etaSeconds,
  suspects,
}: z.output<typeof readingSchema>): string {
  const eta = etaSeconds === null ? "" : `, ${clock(etaSeconds)} left`;
  const seen = suspects === 0 ? "" : `, ${count(suspects)} to be looked at again`;
  return `verifying: ${count(ranges.done)} of ${count(ranges.total)} ranges, ${count(rows.done)} rows, ${count(rowsPerSecond)} rows/s${eta}${seen}`;
}
