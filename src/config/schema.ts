/**
 * headgate.yaml, every key of it. Strict: an unknown key is an error, a number in quotes is text. The descriptions
 * are what editors show and what docs/config.md prints; the defaults are the contract's. Keys of parts that are not
 * built yet live in later-keys.ts and are refused by not-built.ts when a file sets them.
 */
import { z } from "zod";
import { policySchema } from "../typemap/policy.js";
import { ruleSchema } from "../typemap/rule.js";
import { cutoverSchema, gatesSchema, throttleSchema } from "./later-keys.js";
import { kafkaSchema } from "./kafka-keys.js";
import { verifySchema } from "./verify-keys.js";
import { baselineSchema, hooksSchema, triggersSchema } from "./watch-keys.js";
import { choice, complain, integer, listOf, shaped, text } from "./leaf.js";
import { migrationId, migrationIdAllowed, migrationIdLength } from "./migration-id.js";
import { sourceSchema, targetSchema } from "./server-keys.js";
import { tablesSchema } from "./tables-keys.js";

/** Workers that one host is asked to bear without an override. */
export const defaultWorkersPerHost = 2;

export const environments = ["production", "staging", "development"] as const;

const lanesSchema = z
  .union(
    [
      choice("one", "auto"),
      listOf(
        listOf(text("a table's name"), "a list of tables").min(1, { error: "at least one table in a lane" }),
        "a list of lists of tables",
      ),
    ],
    {
      error: "one, auto, or a list of lists of tables, e.g. [[users], [orders, order_items]]",
    },
  )
  .superRefine((lanes, context) => {
    if (typeof lanes === "string") return;
    const seen = new Set<string>();
    for (const [lane, names] of lanes.entries())
      for (const [at, name] of names.entries()) {
        if (seen.has(name))
          complain(
            context,
            {
              found: `${JSON.stringify(name)}, which stands in a lane already`,
              allowed: "each table in one lane",
            },
            [lane, at],
          );
        seen.add(name);
      }
  })
  .describe("Sets of tables whose mutual order matters; each is applied in commit order.");

const feedSchema = z
  .strictObject(
    {
      kind: choice("binlog", "kafka").default("binlog").describe("Where change events come from."),
      kafka: kafkaSchema.optional(),
    },
    { error: "a map with kind" },
  )
  .superRefine(({ kind, kafka }, context) => {
    if (kind === "kafka" && kafka === undefined)
      complain(
        context,
        { found: "kafka, and feed.kafka is not set", allowed: "feed.kafka with brokers and prefix" },
        ["kind"],
      );
  })
  .describe("The change feed.");

const rows = integer(100, 100_000);

export const snapshotSchema = z
  .strictObject(
    {
      workers: integer(1, 64)
        .default(defaultWorkersPerHost)
        .describe("Ranges copied at the same time. More than 2 needs the override workers-per-host."),
      rangeRows: rows.default(100_000).describe("Rows in a range, 100 to 100000."),
      order: choice("oldest", "newest")
        .default("oldest")
        .describe("Which end of each table's key is copied first. The ranges are the same either way."),
    },
    { error: "a map with workers, rangeRows, order" },
  )
  .describe("The copy of all rows.");

export const applySchema = z
  .strictObject(
    { batchRows: rows.default(5000).describe("Events in a batch, 100 to 100000.") },
    { error: "a map with batchRows" },
  )
  .describe("The change stream on the target.");

const overrideSchema = z
  .strictObject(
    {
      safeguard: choice(
        "workers-per-host",
        "statement-guard",
        "source-names",
        "source-engines",
        "fence-accounts",
      ).describe("Which safeguard is set aside."),
      value: z
        .union([integer(1, 64), text("a text")], { error: "a number or a text, as the safeguard has it" })
        .describe(
          "What holds instead: a number of workers; the very SQL text that is confirmed; a glob of names that stay, or of tables that are taken; an account that is trusted not to write through the fence.",
        ),
      reason: shaped(/\S.{4,}/u, "a reason in words, for the report").describe(
        "Why, and who agreed; every report prints it.",
      ),
    },
    { error: "a map with safeguard, value, reason" },
  )
  .superRefine(({ safeguard, value }, context) => {
    const number = typeof value === "number";
    if (number === (safeguard === "workers-per-host")) return;
    complain(
      context,
      {
        found: number ? `the number ${String(value)}` : JSON.stringify(value),
        allowed: overrideValues[safeguard],
      },
      ["value"],
    );
  })
  .describe("One safeguard set aside.");

const overrideValues = {
  "workers-per-host": "a whole number from 1 to 64",
  "statement-guard": "the SQL text that is confirmed, exactly as it stands in this file",
  "source-names": "a glob over names of the source, e.g. order or orders.*",
  "source-engines": "a glob over tables of the source, e.g. sessions",
  "fence-accounts":
    "an account of the source that could write through the fence and is trusted not to, e.g. root or root@localhost",
} as const;

/** Values of one kind of override, in the file's order. */
export function overridden(
  config: Pick<Config, "overrides">,
  safeguard: "statement-guard" | "source-names" | "source-engines" | "fence-accounts",
): readonly string[] {
  return config.overrides.flatMap((one) =>
    one.safeguard === safeguard && typeof one.value === "string" ? [one.value] : [],
  );
}

export const configSchema = z
  .strictObject(
    {
      migration: shaped(migrationId, migrationIdAllowed)
        .max(migrationIdLength, { error: migrationIdAllowed })
        .describe("Id of the migration; ledger and files are named after it."),
      environment: choice(...environments)
        .default("production")
        .describe(
          "production asks for the target database's name; staging turns gates into warnings; development skips them.",
        ),
      source: sourceSchema,
      target: targetSchema,
      tables: tablesSchema.prefault({}),
      names: choice("keep", "lower")
        .default("keep")
        .describe("keep the source's spelling, or fold to lower case (clashes are found by check)."),
      typemap: listOf(ruleSchema, "a list of rules")
        .default([])
        .describe("Rules before the built-in ones; the first that matches wins."),
      policies: listOf(policySchema, "a list of policies")
        .default([])
        .describe("What may be changed on the way; without a line the value is refused."),
      feed: feedSchema.prefault({}),
      lanes: lanesSchema.default("one"),
      snapshot: snapshotSchema.prefault({}),
      apply: applySchema.prefault({}),
      verify: verifySchema.prefault({}),
      throttle: throttleSchema.prefault({}),
      cutover: cutoverSchema.prefault({}),
      triggers: triggersSchema.prefault({}),
      baseline: baselineSchema.prefault({}),
      hooks: hooksSchema.prefault({}),
      gates: gatesSchema.prefault({}),
      overrides: listOf(overrideSchema, "a list of overrides")
        .default([])
        .describe("Safeguards set aside by name, with the reason."),
    },
    { error: "a map of keys; at least migration, source and target" },
  )
  .superRefine((config, context) => {
    const named = new Set<string>();
    for (const [at, { safeguard, value }] of config.overrides.entries()) {
      // One number of workers holds; texts and names are each confirmed on their own.
      const name = safeguard === "workers-per-host" ? safeguard : `${safeguard} for ${JSON.stringify(value)}`;
      if (named.has(name))
        complain(context, { found: `${name} a second time`, allowed: "one override for a safeguard" }, [
          "overrides",
          at,
          "safeguard",
        ]);
      named.add(name);
    }
    const allowed = workersPerHost(config);
    if (config.snapshot.workers > allowed)
      complain(
        context,
        {
          found: `${String(config.snapshot.workers)}, more than the ${String(allowed)} that one host bears without a word`,
          allowed: `1 to ${String(allowed)}, or an override: { safeguard: workers-per-host, value: ${String(config.snapshot.workers)}, reason: "..." }`,
        },
        ["snapshot", "workers"],
      );
  });

export type Config = z.output<typeof configSchema>;

/** Worker slots of one host: 2, or what the override says. */
export function workersPerHost(config: Pick<Config, "overrides">): number {
  const found = config.overrides.find(({ safeguard }) => safeguard === "workers-per-host")?.value;
  return typeof found === "number" ? found : defaultWorkersPerHost;
}
