/**
 * Tables that online schema changers put beside the table that they change: its next shape, their log, what it was
 * before. They come and go with the change, so a migration that has begun never takes one in; a table that only
 * looks so is told by name, and is somebody's to rename or to leave out.
 */
import type { Catalogue, Finding } from "../model.js";

export interface HelperTable {
  readonly name: string;
  readonly tool: string;
  /** The table that it stands beside. */
  readonly of: string;
}

/** The first group is the changed table's name, less the underscores that it may begin with. */
const spellings: readonly (readonly [tool: string, name: RegExp])[] = [
  ["gh-ost", /^_(.+?)(?:_\d{14})?_(?:gho|ghc|del)$/iu],
  ["pt-online-schema-change", /^_+(.+)_(?:new|old)$/iu],
  ["LHM", /^lhmn_(.+)$/iu],
  ["LHM", /^lhma_[\d_]+_(.+)$/iu],
  ["OnlineSchemaChange", /^__osc_(?:new|chg|del|old)_(.+)$/iu],
];

/** MySQL's longest name: the tools cut the table's part so that theirs fits. */
const longest = 64;

/** null where the name is no such table's of any of `tables`. */
export function helperOf(name: string, tables: readonly string[]): HelperTable | null {
  for (const [tool, spelling] of spellings) {
    const part = bare(spelling.exec(name)?.[1] ?? "");
    if (part === "") continue;
    const of = tables.find((table) => {
      const whole = bare(table);
      return whole === part || (name.length >= longest && whole.startsWith(part));
    });
    if (of !== undefined) return { name, tool, of };
  }
  return null;
}

function bare(name: string): string {
  return name.toLowerCase().replace(/^_+/u, "");
}

/** The first such table that a statement's text names. */
export function helperIn(statement: string, tables: readonly string[]): HelperTable | null {
  for (const word of statement.match(/[\p{L}\p{N}_$]+/gu) ?? []) {
    const helper = tables.includes(word) ? null : helperOf(word, tables);
    if (helper !== null) return helper;
  }
  return null;
}

/** The catalogue of a migration that began with these tables, without what online changes have put there since. */
export function withoutHelpers(
  catalogue: Catalogue,
  begun: readonly string[],
): { readonly catalogue: Catalogue; readonly helpers: readonly HelperTable[] } {
  if (begun.length === 0) return { catalogue, helpers: [] };
  // A table that does not travel may be changed too.
  const all = [...begun, ...catalogue.tables.map(({ name }) => name)];
  const helpers = catalogue.tables.flatMap(({ name }) =>
    begun.includes(name) ? [] : (helperOf(name, all) ?? []),
  );
  if (helpers.length === 0) return { catalogue, helpers };
  const names = new Set(helpers.map(({ name }) => name));
  return {
    catalogue: { ...catalogue, tables: catalogue.tables.filter(({ name }) => !names.has(name)) },
    helpers,
  };
}

/** The code of the finding below, which is what blocks `ready` too. */
export const onlineChange = "online-change";

export function helperFinding({ name, tool, of }: HelperTable): Finding {
  return {
    code: onlineChange,
    severity: "warning",
    object: name,
    sentence: `${name} was made after this migration began and is called as a table of ${tool} that changes ${of}: it is not taken in, and ready does not come while it is there.`,
    fix: `Let the change end, or stop it, and drop the table; or leave it out with tables.exclude. If it is a table of your own, rename it.`,
    count: 1,
    sampleKeys: [],
  };
}
