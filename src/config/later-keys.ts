/**
 * Keys of parts that are not built yet: cutover, gates; and throttle. Their form is the contract's, so that a file
 * written for a later release is checked and shown by editors today; not-built.ts refuses them by name when they are
 * set.
 */
import { z } from "zod";
import { choice, duration, flag, fraction, integer, listOf, shaped, text } from "./leaf.js";

const anyDatabaseUrl = (): z.ZodString =>
  shaped(/^(postgresql|mysql|mongodb(\+srv)?|sqlserver):\/\/[^\s;$`|]+$/u, "a database URL");
const account = text("an account's name");

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
    repairAtFence: integer(0, 1000)
      .default(0)
      .describe(
        "Rows that the proof inside the fence may bring right, where the pause has room; 0 aborts on the first that differs.",
      ),
    wayBack: flag().default(true).describe("Keep a reverse stream for the way back."),
    guard: duration().default("30m").describe("How long triggers act by themselves after the switch."),
  })
  .describe("The switch from source to target.");

export const gatesSchema = z.record(z.string(), z.json()).describe("Conditions of a cutover in production.");
