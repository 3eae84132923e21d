/**
 * The second unique index of a unique key whose collations hold more texts equal than the target's own comparison: the
 * plain one serves foreign keys and the stream, this one keeps out what the source would have refused, so that the
 * source's keys still hold while an application writes to the target. Where nothing is kept, that is told.
 */
import type { PlanIndex, SourceEngine, SourceIndex, TextEquality } from "../model.js";
import { collationFacts } from "../typemap/collation.js";
import { looserThanIcu, spokenLooser } from "../typemap/looser.js";
import type { DecidedColumn, DecidedTable } from "./columns.js";
import type { Findings } from "./finding.js";
import { counted, entriesOf, find, spellPart } from "./index-parts.js";
import type { NameSpace } from "./names.js";
import { equalitySql, isText, keptEquality, ownEquality, sameEquality } from "./text-equality.js";

/** Where the indexes of a plan go: the target's schema, its namespace, the findings. */
export interface IndexContext {
  readonly engine: SourceEngine;
  readonly schema: string;
  readonly relations: NameSpace;
  readonly findings: Findings;
}

export interface KeptIndex {
  readonly name: string;
  readonly parts: readonly string[];
  readonly entries: PlanIndex["parts"];
  /** What it means when two rows are equal under it. */
  readonly duplicate: string;
}

/** The second index of a unique key that is built as `built`; null where its own comparison is enough, or nothing is kept. */
export function keptIndex(
  source: SourceIndex,
  built: string,
  table: DecidedTable,
  { schema, relations, findings }: IndexContext,
): KeptIndex | null {
  const decided = source.parts.map((part) => find(part, table));
  tellNotKept(source, table, decided, findings);
  const own = decided.map((each) => (each === undefined ? null : ownEquality(each)));
  const wanted = decided.map((each) => (each === undefined ? null : keptEquality(each)));
  if (wanted.every((each, place) => sameEquality(each, own[place] ?? null))) return null;
  const key = table.key?.index === source.name || source.primary;
  const entries = entriesOf(source, table, true, key);
  if (entries.some(({ hashed }) => hashed)) {
    tellHashed(source, table, findings);
    return null;
  }
  const parts = source.parts.map((part, place) => {
    const begun = spellPart(part, table, entries[place] ?? { prefix: null, hashed: false });
    const sql = equalitySql(begun, own[place] ?? null, wanted[place] ?? null, schema);
    return `${sql}${part.descending ? " DESC" : ""}`;
  });
  const name = relations.claim(`${built}_kept`, `index ${table.source.name} ${source.name} kept`);
  const how = [...new Set(wanted.flatMap((each) => (each === null ? [] : spoken(each))))].join(", ");
  const named = `${source.primary ? "primary key" : `unique key ${source.name}`} of ${table.source.name}`;
  findings.add({
    code: "unique-key-collation",
    severity: "info",
    object: `${table.source.name}.${source.name}`,
    sentence: `The ${named} holds texts equal that PostgreSQL's text does not (${collationsOf(decided)}); the target keeps it by a second unique index, ${name} (${how})${exceptFor(decided, wanted)}.`,
    fix: "Nothing to do, or say what is to be kept with a typemap rule's collation: icu, lower, c or default.",
  });
  return {
    name,
    parts,
    entries: entries.map(({ column, prefix, hashed }, place) => ({
      column,
      prefix,
      hashed,
      ...counted(wanted[place] ?? null),
    })),
    duplicate:
      `Two rows are equal under the target's index for the ${named} (${how}), though the source's collation tells them apart. ` +
      `headgate check names such rows; change one of each, or add a typemap rule with collation: lower or collation: default for the column, which then keeps less of the key.`,
  };
}

function spoken({ by, collation, padded }: TextEquality): readonly string[] {
  const how = collation === null ? (by === "lower" ? "lower()" : null) : `ICU collation ${collation.name}`;
  return [...(how === null ? [] : [how]), ...(padded ? ["blanks at the end do not count"] : [])];
}

/** What of the source's equality the index does not hold, for all that it is the nearest. */
function exceptFor(
  decided: readonly (DecidedColumn | undefined)[],
  wanted: readonly (TextEquality | null)[],
): string {
  const lost = decided.flatMap((each, place) => {
    const collation = each?.column.collation ?? "";
    const facts = collationFacts(collation);
    const by = wanted[place]?.by;
    if (facts === null || by === undefined || by === "bytes") return [];
    if (by === "lower")
      return facts.tells.startsWith("ai") ? [`accents, which ${collation} does not tell apart`] : [];
    const looser = spokenLooser(looserThanIcu(collation));
    return looser === null ? [] : [`what ${collation} takes for other characters and it does not: ${looser}`];
  });
  return lost.length === 0 ? "" : `, except for ${[...new Set(lost)].join("; ")}`;
}

function collationsOf(decided: readonly (DecidedColumn | undefined)[]): string {
  const names = decided.flatMap((each) =>
    each === undefined || !isText(each) ? [] : [each.column.collation],
  );
  return [...new Set(names)].join(", ");
}

/** A hash of a text is equal for equal bytes alone. */
function tellHashed(source: SourceIndex, table: DecidedTable, findings: Findings): void {
  findings.add({
    code: "unique-key-not-kept",
    severity: "info",
    object: `${table.source.name}.${source.name}`,
    sentence: `The unique key ${source.name} of ${table.source.name} is built over hashes, as its policy longIndex says: texts that only the source's collation holds equal may stand beside each other on the target.`,
    fix: "Nothing to do while the application keeps them apart, or take the policy back.",
  });
}

/** A unique key that lets more in on the target than on the source, by the user's rule or for want of knowledge. */
function tellNotKept(
  source: SourceIndex,
  table: DecidedTable,
  decided: readonly (DecidedColumn | undefined)[],
  findings: Findings,
): void {
  for (const each of decided) {
    if (each === undefined || !isText(each)) continue;
    const object = `${table.source.name}.${each.column.name}`;
    const collation = each.column.collation ?? "";
    const facts = collationFacts(collation);
    if (facts === null)
      findings.add({
        code: "collation-unknown",
        severity: "warning",
        object,
        sentence: `What ${collation} holds equal is not known, so the unique key ${source.name} tells texts of ${object} apart by their bytes on the target.`,
        fix: "Say what is to be kept with a typemap rule's collation: lower, c or default.",
      });
    else if (
      (each.collation === "c" || each.collation === "default") &&
      (facts.padded || facts.tells !== "bytes")
    )
      findings.add({
        code: "unique-key-not-kept",
        severity: "info",
        object,
        sentence: `The unique key ${source.name} holds texts of ${object} equal under ${collation} that may stand beside each other on the target (collation: ${each.collation}).`,
        fix: "Nothing to do while the application keeps them apart, or take the rule's collation back.",
      });
  }
}
