/**
 * Keys of parts that are not built yet: throttle, cutover, triggers, hooks. Their form is the contract's, so that a file
 * written for a later release is checked and shown by editors today; not-built.ts refuses them by name when they are
 * set.
 */
import { z } from "zod";
import { choice, duration, flag, fraction, integer, listOf, shaped, text } from "./leaf.js";

const sustained = (max: number): z.ZodObject<{ above: z.ZodNumber; for: z.ZodString }, z.core.$strict> =>
  z.strictObject(
    { above: fraction(max), for: duration() },
    { error: "a map such as { above: 30, for: 60s }" },
  );

const anyDatabaseUrl = (): z.ZodString =>
  shaped(/^(postgresql|mysql|mongodb(\+srv)?|sqlserver):\/\/[^\s;$`|]+$/u, "a database URL");
const queries = listOf(text("SQL"), "a list of queries");
const account = text("an account's name");
/** An argument array: program first, no shell. */
const command = listOf(text("an argument"), 'a list of arguments, e.g. ["./page.sh"]').min(1, {
  error: "at least the program",
});

export const throttleSchema = z
  .strictObject({
    maxReplicaLagSeconds: integer(0, 86_400)
      .default(10)
      .describe(
        "Copy and stream wait while source.replica or a standby of the target is further behind. Other replicas of the source are not asked.",
      ),
    maxThreadsRunning: integer(1, 100_000)
      .optional()
      .describe("Reading waits while more statements run on the server that it reads from."),
    maxLatencyIncrease: fraction(10)
      .optional()
      .describe(
        "Copy and stream wait while the p95 of a tiny query on the target is further above its baseline; 0.2 is a fifth. Without it nobody looks.",
      ),
    maxDiskUsed: fraction()
      .default(0.9)
      .describe("Copy and stream wait while more of the target's disk is used, where that can be told."),
    maxRowsPerSecond: integer(1, 1_000_000_000)
      .optional()
      .describe("Rows that copy and stream write in a second, together, at most."),
    sleep: shaped(/^(?:0|[1-9]\d{0,5}(?:ms|s|m))$/u, "0, or a time such as 50ms or 2s")
      .default("0")
      .describe("Slept after each range and batch."),
    sleepRatio: fraction(100)
      .default(0)
      .describe("Slept after each range and batch, as a share of the time that it took: 1 halves the load."),
  })
  .describe("When copy and stream slow down for the servers' sake.");

export const cutoverSchema = z
  .strictObject({
    maxWritePause: duration()
      .default("30s")
      .describe("Longest time without writes; past it traffic goes back."),
    fence: z
      .strictObject({
        method: choice("accounts", "read-only", "hook").default("accounts"),
        accounts: listOf(account, "a list of accounts").default([]),
        probe: anyDatabaseUrl().optional(),
      })
      .prefault({})
      .describe("How writes on the source are stopped."),
    open: z
      .strictObject({
        roles: listOf(account, "a list of roles").default([]),
        probe: anyDatabaseUrl().optional(),
      })
      .prefault({})
      .describe("The target's roles that get in after the switch."),
    wayBack: flag().default(true).describe("Keep a reverse stream for the way back."),
    guard: duration().default("30m").describe("How long triggers act by themselves after the switch."),
  })
  .describe("The switch from source to target.");

export const triggersSchema = z
  .strictObject({
    replicationLagSeconds: sustained(86_400).default({ above: 30, for: "60s" }),
    p95Increase: sustained(10).default({ above: 0.25, for: "60s" }),
    errorRate: sustained(1).default({ above: 0.01, for: "60s" }),
    failedBatches: integer(1, 1000)
      .default(3)
      .describe("A lane whose batches fail as often in a row is told, and blocks `ready`."),
    diskUsed: fraction().default(0.9),
  })
  .describe("What keeps a cutover back, and rolls one back by itself.");

export const baselineSchema = z
  .strictObject({ queries: queries.default([]).describe("Read-only queries that the engine times.") })
  .describe("Where latencies come from without a hook.");

export const hooksSchema = z
  .strictObject({
    "before-fence": command.optional(),
    "before-switch": command.optional(),
    fence: command.optional(),
    unfence: command.optional(),
    switch: command.optional(),
    "switch-back": command.optional(),
    latency: command.optional(),
    page: command.optional(),
  })
  .describe("Programs run at named moments: argument arrays, no shell.");

export const gatesSchema = z.record(z.string(), z.json()).describe("Conditions of a cutover in production.");
