/**
 * What foreign keys do at the source and its log does not carry (design.md, decision 6): the rows that refer to values
 * which were deleted, or became others, are deleted, set to NULL or moved along, and so are those that refer to them.
 * Restrict and no action never do anything: the source would have refused. Each statement returns what it touched as
 * tuples, made by the server from the types' own binary forms, so that keys and values go on as the stream spells them.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanColumn, PlanForeignKey, PlanTable } from "../../../src/model.js";
import type { Cascade, FollowedRows, Tuples } from "../../../src/stream-port.js";
import { collationFacts } from "../../../src/typemap/collation.js";
import type { Session } from "../connection.js";
import type { DirtyKeys } from "./dirty.js";
import type { TableShape } from "./shape.js";
import { arraySlices } from "./tuples.js";

export interface CascadeContext {
  readonly session: Session;
  readonly plan: Plan;
  readonly shapeOf: (table: PlanTable) => Promise<TableShape>;
  readonly dirty: DirtyKeys;
  readonly onFollowed: (rows: FollowedRows) => void;
}

/** A foreign key's columns as places, the child's beside those of `Cascade.columns`. */
interface Tie {
  readonly child: PlanTable;
  readonly places: readonly number[];
}

/** InnoDB follows 15 levels and then refuses; rows of a table that refers to itself are one level each. */
const deepest = 255;
const sliceLimit = { rows: 5000, bytes: 4_194_304 };
/** Past so many rows their keys are not worth keeping. */
const mostKeys = 200_000;

export async function writeCascade(context: CascadeContext, cascade: Cascade, depth = 0): Promise<void> {
  if (depth > deepest)
    throw new Fault("bug", `The foreign keys that point to ${cascade.parent.source} lead on without an end.`);
  for (const child of context.plan.tables)
    for (const key of child.foreignKeys ?? []) {
      const tie = tieOf(child, key, cascade);
      if (tie === null) continue;
      const action = cascade.action === "delete" ? key.onDelete : key.onUpdate;
      if (action === "cascade" || action === "set null") await follow(context, cascade, tie, action, depth);
      else if (action === "set default")
        throw new Fault(
          "bug",
          `The foreign key ${key.name} of ${child.source} sets defaults, which InnoDB does not.`,
        );
    }
}

/** null where the key does not point to exactly these columns. */
function tieOf(child: PlanTable, key: PlanForeignKey, { parent, columns }: Cascade): Tie | null {
  if (key.referencedTable !== parent.source || key.columns.length !== columns.length) return null;
  const places = columns.map((place) => {
    const at = key.referencedColumns.indexOf(parent.columns[place]?.source ?? "");
    return child.columns.findIndex(({ source }) => source === key.columns[at]);
  });
  return places.includes(-1) ? null : { child, places };
}

async function follow(
  context: CascadeContext,
  cascade: Cascade,
  tie: Tie,
  action: "cascade" | "set null",
  depth: number,
): Promise<void> {
  const shape = await context.shapeOf(tie.child);
  const deletes = cascade.action === "delete" && action === "cascade";
  const moved = cascade.action === "update" && action === "cascade";
  const fields = cascade.columns.length * (cascade.action === "update" ? 2 : 1);
  const used = moved ? fields : cascade.columns.length;
  const wanted = Array.from({ length: used }, (_, place) => ({
    place,
    oid: shape.columns[tie.places[place % cascade.columns.length] ?? 0]?.oid ?? 0,
  }));
  // Those whose values other keys refer to, each set of columns once.
  const onward = referredColumns(context.plan, tie.child).filter(
    (places) => deletes || places.some((place) => tie.places.includes(place)),
  );
  const sql = followSql(shape, tie, deletes ? "delete" : moved ? "move" : "null", onward);
  for (const { arrays } of arraySlices(cascade.values, fields, wanted, sliceLimit)) {
    const doing = `following the foreign keys to ${tie.child.target}`;
    const [touched] = await context.session.burst([{ sql, values: arrays, doing, keep: true }]);
    const [row] = touched?.rows ?? [];
    const rows = Number(row?.[0] ?? 0);
    if (rows === 0) continue;
    context.onFollowed({ table: tie.child, operation: deletes ? "delete" : "update", rows });
    note(context.dirty, tie.child, shape, rows, row?.[1] ?? null);
    if (row?.[2] !== null && row?.[2] !== undefined) note(context.dirty, tie.child, shape, rows, row[2]);
    for (const [i, columns] of onward.entries()) {
      const values = tuplesOf(row?.[3 + i] ?? null, rows);
      if (values.rows > 0)
        await writeCascade(
          context,
          { parent: tie.child, action: deletes ? "delete" : "update", columns, values },
          depth + 1,
        );
    }
  }
}

/**
 * Characters that a value may have where the source's comparison passes over blanks at its end (PAD SPACE) and the
 * target's does not; null for every other column. CHAR has none at its end.
 */
function paddedLength(column: PlanColumn | undefined): number | null {
  if (column?.column.type !== "varchar" || column.targetType.startsWith("character(")) return null;
  return collationFacts(column.column.collation ?? "")?.padded === true ? column.column.length : null;
}

/** Sets of columns of the table that foreign keys of the plan point to, as places in the table's order. */
function referredColumns(plan: Plan, parent: PlanTable): readonly (readonly number[])[] {
  const found = new Map<string, readonly number[]>();
  for (const child of plan.tables)
    for (const key of child.foreignKeys ?? []) {
      if (key.referencedTable !== parent.source) continue;
      const places = key.referencedColumns
        .map((name) => parent.columns.findIndex(({ source }) => source === name))
        .sort((a, b) => a - b);
      found.set(places.join(","), places);
    }
  return [...found.values()];
}

/**
 * One row: how many rows were touched, the tuples of their keys (NULL past a limit), the keys that they had before where
 * those are others, and for each of `onward` the tuples of values that those who refer to them follow.
 */
function followSql(
  shape: TableShape,
  { child, places }: Tie,
  act: "delete" | "null" | "move",
  onward: readonly (readonly number[])[],
): string {
  const column = (place: number): TableShape["columns"][number] => {
    const found = shape.columns[place];
    if (found === undefined) throw new RangeError(`no column at ${String(place)}`);
    return found;
  };
  const given = [...places, ...(act === "move" ? places : [])];
  const arrays = given.map((place, i) => `$${String(i + 1)}::${column(place).type}[]`).join(", ");
  const padded = places.map((place) => paddedLength(child.columns[place]));
  const blanks = padded.flatMap((length, i) =>
    length === null
      ? []
      : [
          `CROSS JOIN LATERAL generate_series(0, greatest(${String(length)} - length(rtrim(u.v${String(i)}, ' ')), 0)) AS b${String(i)} (n)`,
        ],
  );
  const named = `unnest(${arrays}) AS u (${given.map((_, i) => `v${String(i)}`).join(", ")})`;
  // Each spelling is looked for by itself, so that an index of the child is of use.
  const spelled = padded.map((length, i) =>
    length === null
      ? `u.v${String(i)} AS c${String(i)}`
      : `(rtrim(u.v${String(i)}, ' ') || repeat(' ', b${String(i)}.n))::${column(places[i] ?? 0).type} AS c${String(i)}`,
  );
  const source = `(SELECT u.*, ${spelled.join(", ")} FROM ${[named, ...blanks].join(" ")}) AS s`;
  const match = places.map((place, i) => `t.${column(place).name} = s.c${String(i)}`).join(" AND ");
  // Columns of the result: n<place> as it is now, o<place> as it was.
  const now = shape.columns.map(({ name }, place) => `t.${name} AS n${String(place)}`);
  const was = places.map((place, i) => `s.c${String(i)} AS o${String(place)}`);
  const set = places.map((place, i) => {
    const value = act === "null" ? "NULL" : `s.v${String(places.length + i)}`;
    return `${column(place).name} = ${value}`;
  });
  const statement =
    act === "delete"
      ? `DELETE FROM ${shape.name} AS t USING ${source} WHERE ${match}`
      : `UPDATE ${shape.name} AS t SET ${set.join(", ")} FROM ${source} WHERE ${match}`;
  const before = (place: number): string =>
    act !== "delete" && places.includes(place) ? `g.o${String(place)}` : `g.n${String(place)}`;
  const after = (place: number): string => `g.n${String(place)}`;
  const tuple = (fields: readonly (readonly [string, number])[]): string => {
    const parts = fields.map(([value, place]) => {
      const bytes = `${column(place).send}(${value}::${column(place).type})`;
      return `coalesce(int4send(octet_length(${bytes})) || ${bytes}, '\\xffffffff'::bytea)`;
    });
    return [`int2send(${String(fields.length)}::int2)`, ...parts].join(" || ");
  };
  const gathered = (fields: readonly (readonly [string, number])[]): string =>
    `string_agg(${tuple(fields)}, ''::bytea)`;
  const kept = (fields: readonly (readonly [string, number])[]): string =>
    fields.length === 0 ? "NULL" : `CASE WHEN count(*) <= ${String(mostKeys)} THEN ${gathered(fields)} END`;
  const rekeyed = act !== "delete" && shape.key.some((place) => places.includes(place));
  const list = [
    "count(*)",
    kept(shape.key.map((place) => [before(place), place])),
    rekeyed ? kept(shape.key.map((place) => [after(place), place])) : "NULL",
    ...onward.map((columns) =>
      gathered([
        ...columns.map((place) => [before(place), place] as const),
        ...(act === "delete" ? [] : columns.map((place) => [after(place), place] as const)),
      ]),
    ),
  ];
  return `WITH g AS (${statement} RETURNING ${[...now, ...was].join(", ")}) SELECT ${list.join(", ")} FROM g`;
}

function note(
  dirty: DirtyKeys,
  table: PlanTable,
  shape: TableShape,
  rows: number,
  keys: string | null,
): void {
  if (keys === null || shape.key.length === 0) dirty.whole(table);
  else dirty.add(table, tuplesOf(keys, rows));
}

/** bytea_output is hex in every session of ours. */
function tuplesOf(text: string | null, rows: number): Tuples {
  if (text === null) return { rows: 0, bytes: 0, chunks: [] };
  const bytes = Buffer.from(text.slice(2), "hex");
  return { rows, bytes: bytes.length, chunks: [bytes] };
}
