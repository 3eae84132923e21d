/**
 * Keys of the comparison of both sides, and the grammar of its gates: a pair of queries, or one of three rules about a
 * column of the target in the source's names. One flat map each, so that an editor offers all of its keys; which of
 * them go together is said here once.
 */
import { z } from "zod";
import { choice, complain, flag, listOf, text } from "./leaf.js";

const columnName = (): z.ZodString => text("a column as table.column, in the source's names");
const bound = (): z.ZodUnion<readonly [z.ZodNumber, z.ZodString]> =>
  z.union([z.number(), text("a bound")], { error: "a number, or a text such as '2000-01-01'" });

const gateSchema = z
  .strictObject({
    name: text("a name").optional(),
    source: text("SQL").optional(),
    target: text("SQL").optional(),
    ordered: flag().optional(),
    notNull: columnName().optional(),
    unique: listOf(columnName(), "a list of columns of one table")
      .min(1, { error: "at least one column" })
      .optional(),
    range: columnName().optional(),
    min: bound().optional(),
    max: bound().optional(),
  })
  .superRefine((gate, context) => {
    const has = (key: keyof typeof gate): boolean => gate[key] !== undefined;
    const kinds = [has("source") || has("target"), has("notNull"), has("unique"), has("range")];
    const allowed =
      "{ source: SQL, target: SQL }, { notNull: table.column }, { unique: [table.column] } or { range: table.column, min, max }";
    if (kinds.filter(Boolean).length !== 1)
      complain(context, {
        found: kinds.includes(true) ? "a map of several gates" : "a map without a gate",
        allowed,
      });
    else if (has("source") !== has("target"))
      complain(context, { found: "half of a pair of queries", allowed: "source and target together" });
    else if (has("ordered") && !has("source"))
      complain(context, { found: "not for this gate", allowed: "ordered beside source and target" }, [
        "ordered",
      ]);
    else if (has("range") !== (has("min") || has("max")))
      complain(context, {
        found: has("range") ? "a range without a bound" : "a bound without a range",
        allowed: "min, max or both, beside range",
      });
  });

export const verifySchema = z
  .strictObject({
    method: choice("stream", "digest")
      .default("stream")
      .describe("Compare bytes here, or digests computed in the servers."),
    queries: listOf(
      gateSchema,
      "a list of gates such as { source: SQL, target: SQL } or { notNull: table.column }",
    )
      .default([])
      .describe(
        "Gates: pairs of queries whose results must be equal, and rules about columns of the target.",
      ),
  })
  .describe("The comparison of both sides.");
