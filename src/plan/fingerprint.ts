/**
 * What `run` compares before it goes on with a plan: SHA-256 over the parts of catalogue and config that decide it.
 * Left out is what changes while an application simply works: row estimates, sizes, the next AUTO_INCREMENT value,
 * the list of partitions, a table's character set (its columns have their own), and whatever has no rows (views, routines,
 * events).
 */
import { createHash } from "node:crypto";
import type { Catalogue, SourceTable } from "../model.js";
import type { NamedRule } from "../typemap/rule.js";
import { byTexts, canonicalJson } from "./order.js";
import type { PlanRequest } from "./request.js";

/** Lower-case hex. `tables` are those that travel. */
export function fingerprint(
  catalogue: Catalogue,
  tables: readonly { readonly source: SourceTable; readonly partitions?: unknown }[],
  request: PlanRequest,
  rules: readonly NamedRule[],
): string {
  const decided = {
    plan: 1,
    database: catalogue.database,
    engine: catalogue.engine,
    request,
    rules: rules.map(({ name, rule: { match, to } }) => ({ name, match, to })),
    // A plain table takes rows of any partition; one that keeps them stands and falls with their list.
    tables: tables.map(({ source, partitions }) => ({
      ...lasting(source),
      ...(partitions === undefined ? {} : { partitions }),
    })),
  };
  return createHash("sha256").update(canonicalJson(decided)).digest("hex");
}

/** The config's part of it, by itself: where it is the same, what is different is the catalogue. */
export function askedFor(request: PlanRequest, rules: readonly NamedRule[]): string {
  return createHash("sha256")
    .update(
      canonicalJson({ request, rules: rules.map(({ name, rule: { match, to } }) => ({ name, match, to })) }),
    )
    .digest("hex");
}

/** Whether a table is the same in both, as far as a plan depends on it; false where either has none of that name. */
export function sameTable(before: Catalogue, after: Catalogue, name: string): boolean {
  const text = ({ tables }: Catalogue): string | null => {
    const table = tables.find((each) => each.name === name);
    return table === undefined ? null : canonicalJson(lasting(table));
  };
  const was = text(before);
  return was !== null && was === text(after);
}

function lasting(table: SourceTable): Readonly<Record<string, unknown>> {
  const { engine, name, comment, columns, indexes, foreignKeys, checks, systemVersioned } = table;
  const byName = byTexts<{ readonly name: string }>((item) => [item.name]);
  return {
    name,
    engine,
    comment,
    columns,
    indexes: [...indexes].sort(byName),
    foreignKeys: [...foreignKeys].sort(byName),
    checks: [...checks].sort(byName),
    partitioned: table.partitioning?.method ?? null,
    systemVersioned,
  };
}
