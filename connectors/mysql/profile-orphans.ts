/**
 * Rows whose parent is missing, for every foreign key whose two tables travel (MATCH SIMPLE: a NULL asks for no
 * parent). Of a key that the target will not have they stop nothing, and are told all the same. `orphan`: the source has
 * no such row either, it was written past its checks. `orphan-by-collation`: the source finds a parent, but only because
 * its collation takes two spellings for one (case, accents, blanks at the end), and the target compares bytes. `orphan-by-label`: InnoDB compares ENUM and SET by number, whatever label it
 * stands for on either side, and the target has labels. `orphan-by-policy`: policies part the two sides. Each would stop the key's validation or change a parent.
 */
import type { Finding, PlanColumn, PlanForeignKey, PlanTable } from "../../src/model.js";
import { mysqlName } from "../../src/safety/identifier.js";
import type { Connection, Row } from "./connection.js";
import { countGroups } from "./profile-orphan-groups.js";
import type { Counted, Groups, Shown } from "./profile-orphan-groups.js";
import type { Piece, TableOptions } from "./profile-piece.js";
import { policyLine, proposedLines } from "./profile-probe.js";
import { keyList, keysOf, sampleSize, valueText } from "./profile-sample.js";
import type { Samples } from "./profile-sample.js";
import { equalBytes, readCollations } from "./equality.js";
import { asUtf8, targetValue } from "./profile-value.js";

interface Pair {
  readonly child: PlanColumn;
  readonly parent: PlanColumn;
}

interface Lookup {
  /** What stands between the child's rows, named c, and WHERE. */
  readonly join: string;
  readonly asks: string;
  readonly missing: string;
  /** Found by the source only; null where both sides compare alike. */
  readonly unlike: string | null;
}

interface Question {
  readonly key: PlanForeignKey;
  readonly parent: PlanTable;
  /** Why the target will not have the key; null where it will. */
  readonly left: string | null;
  /** Where an index of the parent serves: a look at it for each child. */
  readonly lookup: Lookup;
  /** Where none does. */
  readonly groups: Groups | null;
  /** The child's columns of the key to show, as SQL over c. */
  readonly values: readonly string[];
  /** Why the source finds it. */
  readonly unlikeCode: "orphan-by-collation" | "orphan-by-label" | "orphan-by-policy";
}

export async function orphanFindings(
  connection: Connection,
  table: PlanTable,
  { tables, pieces, showValues, signal }: TableOptions,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const text = table.columns.some(({ equality }) => equality !== undefined);
  const collations = text ? await readCollations(connection) : new Set<string>();
  const keys = [
    ...(table.foreignKeys ?? []).map((key) => ({ key, left: null })),
    ...(table.leftKeys ?? []).map(({ onSource: key, why: left }) => ({ key, left })),
  ];
  for (const { key, left } of keys) {
    const question = key === null ? null : questionOf(table, key, left, tables, collations);
    if (question === null) continue;
    const shown = { key: keyList(table, "c.") ?? [], values: showValues ? question.values : [] };
    const counted =
      question.groups === null
        ? await countLookups(connection, question.lookup, shown, pieces.list, signal)
        : await countGroups(connection, table, question.parent, question.groups, shown, pieces, signal);
    const { missing, unlike } = counted;
    if (missing > 0)
      findings.push(tell(table, question, "orphan", missing, await counted.samples("missing")));
    if (unlike > 0)
      findings.push(tell(table, question, question.unlikeCode, unlike, await counted.samples("unlike")));
  }
  return findings;
}

function questionOf(
  table: PlanTable,
  key: PlanForeignKey,
  left: string | null,
  tables: readonly PlanTable[],
  collations: ReadonlySet<string>,
): Question | null {
  const parent = tables.find(({ source }) => source === key.referencedTable);
  if (parent === undefined) return null;
  const pairs = key.columns.flatMap((name, place): Pair[] => {
    const child = table.columns.find(({ source }) => source === name);
    const there = parent.columns.find(({ source }) => source === key.referencedColumns[place]);
    return child === undefined || there === undefined ? [] : [{ child, parent: there }];
  });
  const [first] = pairs;
  if (pairs.length !== key.columns.length || first === undefined) return null;
  const here = ({ child }: Pair): string => `c.${mysqlName(child.source)}`;
  const there = ({ parent: column }: Pair): string => `p.${mysqlName(column.source)}`;
  const texts = (pair: Pair): readonly [child: string, parent: string] => {
    const { equality } = pair.child;
    const equalText =
      equality === undefined ? undefined : (text: string) => equalBytes(text, equality, collations);
    return [
      targetValue(pair.child, here(pair), null, equalText),
      targetValue(pair.parent, there(pair), null, equalText),
    ];
  };
  const alike = pairs
    // Of two types, which only a key has that is not built, nothing is one value on the target.
    .filter((pair) => pair.child.targetType === pair.parent.targetType)
    .filter((pair) => pair.child.column.charset !== null || byPolicy(pair))
    .map(texts);
  // A value that a policy makes NULL asks for no parent.
  const other = alike.map(([a, b]) => `(${a} IS NOT NULL AND NOT (${a} <=> ${b}))`).join(" OR ");
  const found = pairs.map((pair) => foundBy(pair, here(pair), there(pair)));
  return {
    ...{ key, parent, left },
    lookup: {
      join: `LEFT JOIN ${mysqlName(parent.source)} AS p ON ${found.map(([a, b]) => `${b} = ${a}`).join(" AND ")}`,
      asks: pairs.map((pair) => `${here(pair)} IS NOT NULL`).join(" AND "),
      missing: `(${there(first)} IS NULL)`,
      unlike: other === "" ? null : `(${there(first)} IS NOT NULL AND (${other}))`,
    },
    // Without a unique key a row may have many parents, and a join would count it as often.
    groups:
      left === null && pairs.every(byIndex)
        ? null
        : {
            found: found.map(([a, b]) => ({ child: a, parent: b })),
            alike: alike.map(([a, b]) => ({ child: a, parent: b })),
          },
    values: pairs.map((pair) => valueText(here(pair), pair.child.column)),
    unlikeCode: pairs.some(byPolicy)
      ? "orphan-by-policy"
      : pairs.some(byNumber)
        ? "orphan-by-label"
        : "orphan-by-collation",
  };
}

/** What is equal of a child and the parent that InnoDB finds for it; `=` of the columns alone is not it everywhere. */
function foundBy(pair: Pair, here: string, there: string): readonly [child: string, parent: string] {
  if (byNumber(pair)) return [`CAST(${here} AS UNSIGNED)`, `CAST(${there} AS UNSIGNED)`];
  const [child, parent] = [pair.child.column, pair.parent.column];
  if (parent.collation === null || parent.collation === child.collation) return [here, there];
  // It looks a child's text up in its parent's index, by the parent's collation; `=` refuses to choose one of two.
  if (parent.charset === child.charset) return [`${here} COLLATE ${parent.collation}`, there];
  // Only changed past the source's checks, which then look the bytes up as they stand: what is meant are the characters.
  return [`${asUtf8(here, child.charset)} COLLATE utf8mb4_bin`, asUtf8(there, parent.charset)];
}

/** Whether the parent's side of `foundBy` is its column as it stands. */
function byIndex(pair: Pair): boolean {
  const [child, parent] = [pair.child.column, pair.parent.column];
  return !byNumber(pair) && (parent.collation === null || parent.charset === child.charset);
}

/** ENUM and SET are numbers to InnoDB; where both sides spell them alike `=` says the same, and takes the index. */
function byNumber({ child: { column: child }, parent: { column: parent } }: Pair): boolean {
  if (child.labels.length === 0 || parent.labels.length === 0) return false;
  return (
    child.collation !== parent.collation ||
    child.labels.length !== parent.labels.length ||
    child.labels.some((label, at) => label !== parent.labels[at])
  );
}

/** Dates that are no dates become different things on the two sides of the key. */
function byPolicy({ child, parent }: Pair): boolean {
  return child.policy.zeroDate !== parent.policy.zeroDate;
}

async function countLookups(
  connection: Connection,
  lookup: Lookup,
  shown: Shown,
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
): Promise<Counted> {
  const sums = [lookup.missing, lookup.unlike ?? "0"].map((sql) => `CAST(SUM(${sql}) AS CHAR)`).join(", ");
  const counts = [0, 0];
  for (const piece of pieces) {
    const [row] = await connection.query(`SELECT ${sums} ${rowsOf(lookup, piece)}`, piece.params, signal);
    counts.forEach((count, at) => (counts[at] = count + Number(row?.[at] ?? 0)));
  }
  const [missing = 0, unlike = 0] = counts;
  return {
    missing,
    unlike,
    samples: (of) => samples(connection, lookup, lookup[of] ?? "0", shown, pieces, signal),
  };
}

function rowsOf({ join, asks }: Lookup, piece: Piece): string {
  return `FROM ${piece.from} AS c ${join} WHERE ${asks}`;
}

async function samples(
  connection: Connection,
  lookup: Lookup,
  condition: string,
  { key, values }: Shown,
  pieces: readonly Piece[],
  signal: AbortSignal | undefined,
): Promise<Samples> {
  const list = [...key, ...values];
  if (list.length === 0) return { keys: [], values: null };
  const rows: Row[] = [];
  for (const piece of pieces) {
    if (rows.length >= sampleSize) break;
    rows.push(
      ...(await connection.query(
        `SELECT ${list.join(", ")} ${rowsOf(lookup, piece)} AND ${condition} LIMIT ${String(sampleSize - rows.length)}`,
        piece.params,
        signal,
      )),
    );
  }
  return {
    keys: key.length === 0 ? [] : rows.map((row) => keysOf(row.slice(0, key.length))),
    values: values.length === 0 ? null : rows.map((row) => keysOf(row.slice(key.length))),
  };
}

function tell(
  table: PlanTable,
  { key, parent, left }: Question,
  code: "orphan" | Question["unlikeCode"],
  count: number,
  { keys, values }: Samples,
): Finding {
  const shown = { count, sampleKeys: keys, ...(values === null ? {} : { sampleValues: values }) };
  const kept = key.orphans === "keep";
  const rows = count === 1 ? "1 row" : `${String(count)} rows`;
  const verb = (many: string): string => (count === 1 ? `${many}s` : many);
  const of = `of ${table.source} (${key.columns.join(", ")})`;
  const there = `${parent.source} (${key.referencedColumns.join(", ")})`;
  const found = {
    orphan: `${rows} ${of} ${verb("ask")} for a row of ${there} that does not exist`,
    "orphan-by-collation": `${rows} ${of} ${verb("find")} ${count === 1 ? "its" : "their"} row of ${there} only under the source's collation, which takes two spellings for one; the target compares them byte by byte and finds none`,
    "orphan-by-label": `${rows} ${of} ${verb("find")} ${count === 1 ? "its" : "their"} row of ${there} only because the source compares labels by their number, which stands for another label there; the target compares the labels`,
    "orphan-by-policy": `${rows} ${of} ${verb("lose")} ${count === 1 ? "its" : "their"} row of ${there}, because the policies of the two sides make different things of the same value`,
  }[code];
  if (left !== null)
    return {
      // A code of its own: the report counts the others as kept by a policy.
      ...{ code: "unbuilt-key-orphan", severity: "info", object: `${table.source}.${key.name}` },
      sentence: `${found}; the target will not have the foreign key ${key.name}, so nothing there minds ${count === 1 ? "it" : "them"}.`,
      fix: "Nothing needs to be done for the copy; mend these rows before somebody relies on the key there.",
      ...shown,
    };
  const settle = [policyLine(table, key.columns[0] ?? "", "orphans: keep")];
  return {
    code,
    severity: kept ? "info" : "error",
    object: `${table.source}.${key.name}`,
    sentence: kept
      ? `${found}; ${count === 1 ? "it is" : "they are"} kept, and the foreign key ${key.name} stays unvalidated, as the policy orphans says.`
      : `${found}; the foreign key ${key.name} could not be validated${code === "orphan-by-label" ? ", or would tie them to other rows" : ""}.`,
    fix: kept
      ? "Nothing needs to be done."
      : {
          orphan:
            "Delete these rows, give them a parent, or declare the policy orphans: keep, which leaves the key unvalidated.",
          "orphan-by-collation": `Spell them as their parent does: UPDATE ${mysqlName(table.source)} AS c JOIN ${mysqlName(parent.source)} AS p ON ${key.columns.map((name, place) => `p.${mysqlName(key.referencedColumns[place] ?? "")} = c.${mysqlName(name)}`).join(" AND ")} SET ${key.columns.map((name, place) => `c.${mysqlName(name)} = p.${mysqlName(key.referencedColumns[place] ?? "")}`).join(", ")}; or declare the policy orphans: keep.`,
          "orphan-by-label":
            "Give both columns the same labels in the same order, or declare the policy orphans: keep, which leaves the key unvalidated.",
          "orphan-by-policy":
            "Declare the same policies for both sides, or the policy orphans: keep, which leaves the key unvalidated.",
        }[code],
    ...shown,
    ...(kept ? {} : { propose: proposedLines(settle), settle }),
  };
}
