/**
 * Which lane each table travels in. A lane is one ordered log, so tables whose mutual order matters share one: by
 * default there is one lane; `auto` makes one of every set of tables that foreign keys tie together; or the config
 * lists them. Lane names become marker tables and topics, hence the narrow alphabet.
 */
import { Fault } from "../errors.js";
import type { Catalogue } from "../model.js";
import { globMatches } from "../typemap/glob.js";
import type { Findings } from "./finding.js";
import { assignNames } from "./names.js";
import type { LaneRequest } from "./request.js";
import type { NamedTable } from "./named-table.js";
import { referenced } from "./ties.js";

export interface Lanes {
  /** Lane names in the order of their first table. */
  readonly names: readonly string[];
  readonly of: (table: string) => string;
}

/** Lanes of the tables, by source name. Throws config-invalid when a table is listed twice. */
export function assignLanes(
  catalogue: Catalogue,
  tables: readonly NamedTable[],
  lanes: LaneRequest,
  findings: Findings,
): Lanes {
  if (lanes === "one") return { names: ["main"], of: () => "main" };
  const groups =
    lanes === "auto" ? components(catalogue, tables) : listed(catalogue, tables, lanes, findings);
  const heads = [...new Set(groups.values())];
  const names = assignNames(
    heads.map((head) => ({ source: head, wanted: head === "" ? "main" : laneName(head) })),
  );
  const of = (table: string): string => {
    const head = groups.get(table);
    return (head === undefined ? undefined : names.get(head)) ?? "main";
  };
  const used = [...new Set(tables.map(({ source }) => of(source.name)))];
  return { names: used.length === 0 ? ["main"] : used, of };
}

/** `^[a-z0-9_]+$`, short enough for MySQL's 64 characters with `marker_` before it and a suffix behind. */
function laneName(table: string): string {
  return table
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, "_")
    .slice(0, 45);
}

/** Table to the first table (in name order) of its component. */
function components(catalogue: Catalogue, tables: readonly NamedTable[]): ReadonlyMap<string, string> {
  const group = new Map(tables.map(({ source }) => [source.name, source.name]));
  for (const { source } of tables)
    for (const key of source.foreignKeys) {
      const here = group.get(source.name);
      const there = group.get(referenced(catalogue, key)?.name ?? "");
      if (here === undefined || there === undefined || here === there) continue;
      const [first, second] = here < there ? [here, there] : [there, here];
      for (const [table, head] of group) if (head === second) group.set(table, first);
    }
  return group;
}

function listed(
  catalogue: Catalogue,
  tables: readonly NamedTable[],
  lists: readonly (readonly string[])[],
  findings: Findings,
): ReadonlyMap<string, string> {
  const group = new Map<string, string>();
  for (const list of lists) {
    const own = list.flatMap((glob) => {
      const found = tables
        .filter(({ source }) => globMatches(glob, source.name))
        .map(({ source }) => source.name);
      if (found.length === 0)
        findings.add({
          code: "no-such-table",
          severity: "warning",
          object: glob,
          sentence: `lanes names ${glob}, and no table that travels is called so.`,
          fix: "Mend or remove the entry under lanes.",
        });
      return found;
    });
    const [head] = own;
    for (const table of new Set(own)) {
      if (group.has(table))
        throw new Fault(
          "config-invalid",
          `lanes lists the table ${table} twice; a table travels in one lane.`,
        );
      if (head !== undefined) group.set(table, head);
    }
  }
  // What no list names shares the lane `main`; the empty head stands for it, as no table is called so.
  for (const { source } of tables) if (!group.has(source.name)) group.set(source.name, "");
  for (const { source } of tables)
    for (const key of source.foreignKeys) {
      const other = referenced(catalogue, key);
      if (other === undefined || !group.has(other.name) || group.get(other.name) === group.get(source.name))
        continue;
      findings.add({
        code: "lane-splits-foreign-key",
        severity: "warning",
        object: `${source.name}.${key.name}`,
        sentence: `${source.name} and ${other.name} are tied by ${key.name} but travel in different lanes; the target may see one before the other.`,
        fix: "List both tables in one lane.",
      });
    }
  return group;
}
