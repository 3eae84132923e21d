/**
 * Keys of those who watch the night: triggers, the baseline that they are held against, hooks. What they mean is
 * src/cutover's; here is only what a file may say.
 */
import { z } from "zod";
import { duration, fraction, integer, listOf, text } from "./leaf.js";

const sustained = (max: number): z.ZodObject<{ above: z.ZodNumber; for: z.ZodString }, z.core.$strict> =>
  z.strictObject(
    { above: fraction(max), for: duration() },
    { error: "a map such as { above: 30, for: 60s }" },
  );

/** An argument array: program first, no shell. */
const command = listOf(text("an argument"), 'a list of arguments, e.g. ["./page.sh"]').min(1, {
  error: "at least the program",
});

export const triggersSchema = z
  .strictObject({
    replicationLagSeconds: sustained(86_400)
      .default({ above: 30, for: "60s" })
      .describe("Seconds that the stream is behind."),
    p95Increase: sustained(10)
      .default({ above: 0.25, for: "60s" })
      .describe("P95 over the one at ready, by class of query; 0.25 is a quarter more."),
    errorRate: sustained(1)
      .default({ above: 0.01, for: "60s" })
      .describe("Share of requests that fail, beyond what failed before the switch."),
    failedBatches: integer(1, 1000)
      .default(3)
      .describe("A lane whose batches fail as often in a row is told, and blocks `ready`."),
    diskUsed: fraction().default(0.9).describe("Share of a disk that is used, for a minute."),
  })
  .describe("What keeps a cutover back, and rolls one back by itself.");

const timedQuery = z.union(
  [
    text("SQL"),
    z.strictObject({ name: text("a name").optional(), source: text("SQL"), target: text("SQL") }),
  ],
  { error: "SQL that both servers take, or { name, source: SQL, target: SQL }" },
);

export const baselineSchema = z
  .strictObject({
    queries: listOf(timedQuery, "a list of queries")
      .default([])
      .describe(
        "Read-only queries that the engine times, on the source before the switch and on the target after it.",
      ),
  })
  .describe("Where latencies come from without a hook.");

export const hooksSchema = z
  .strictObject({
    timeout: duration().default("30s").describe("Longest time for each of them."),
    "before-fence": command.optional().describe("Before writes stop. May say no."),
    fence: command.optional().describe("Stops writes, with cutover.fence.method hook. May say no."),
    "after-fence": command.optional().describe("Writes have stopped. May say no."),
    "before-switch": command.optional().describe("All is proven, nothing decided. May say no."),
    switch: command.optional().describe("The target is open: send the traffic there."),
    "after-switch": command.optional().describe("The traffic has been sent there."),
    unfence: command.optional().describe("Lets writes in again, with cutover.fence.method hook."),
    "after-rollback": command.optional().describe("The source is open again: send the traffic back."),
    latency: command.optional().describe("Prints P95s and counts as JSON, for the triggers."),
    page: command.optional().describe("Calls a person. Nothing waits for it."),
  })
  .describe("Programs run at named moments: argument arrays, no shell.");
