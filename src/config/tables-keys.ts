/**
 * Keys of the tables: which of them move, what they and their columns are called on the target, which keep their partitions.
 * Two that would get one name are told here, where the line is still known.
 */
import { z } from "zod";
import { choice, complain, createdName, listOf, text } from "./leaf.js";

const glob = text("names or globs such as tmp_*");

export const tablesSchema = z
  .strictObject(
    {
      include: listOf(glob, "a list of names or globs")
        .default(["*"])
        .describe("Globs on the source's table names."),
      exclude: listOf(glob, "a list of names or globs")
        .default([])
        .describe("Globs on the source's table names; they win over include."),
      rename: z
        .record(text("a table's name"), createdName(), { error: "a map of source name to target name" })
        .default({})
        .describe("Source table name to target table name."),
      partitions: z
        .union([choice("flatten", "keep"), listOf(glob, "a list of names or globs")], {
          error: "flatten, keep, or a list of names or globs",
        })
        .default("flatten")
        .describe(
          "flatten makes one plain table of a partitioned one; keep, or globs of tables, makes declarative partitions where that is exact.",
        ),
      columns: z
        .record(
          text("a table's name"),
          z.record(text("a column's name"), createdName(), {
            error: "a map of source column to target column",
          }),
          { error: "a map of source table to its columns' new names" },
        )
        .default({})
        .describe("By source table: source column name to target column name."),
    },
    { error: "a map with include, exclude, rename, partitions, columns" },
  )
  .superRefine((tables, context) => {
    demandDistinct(tables.rename, "a name of its own for each table", ["rename"], context);
    for (const [table, columns] of Object.entries(tables.columns))
      demandDistinct(columns, "a name of its own for each column", ["columns", table], context);
  })
  .describe("Which tables move, and what they are called on the target.");

function demandDistinct(
  renames: Readonly<Record<string, string>>,
  allowed: string,
  path: readonly string[],
  context: z.RefinementCtx,
): void {
  const taken = new Map<string, string>();
  for (const [source, target] of Object.entries(renames)) {
    const other = taken.get(target);
    if (other !== undefined)
      complain(
        context,
        {
          found: `${JSON.stringify(target)}, which ${JSON.stringify(other)} is renamed to as well`,
          allowed,
        },
        [...path, source],
      );
    taken.set(target, source);
  }
}
