/**
 * Changed rows of a group: deletes, then updates, then inserts of each table. Many go at once (updates: many.ts) where that
 * is exact, else row by row, each told by its key. Every count is compared with the rows that were given, and what differs is divergence.
 * The savepoint lets the source be asked which rows those are; it is never a way to go on.
 */
import { Fault } from "../../../src/errors.js";
import type { StatementGroup, TableChanges, Tuples } from "../../../src/stream-port.js";
import type { PlanTable } from "../../../src/model.js";
import { copiesMissing, differing, divergence } from "./divergence.js";
import type { ChangeKind } from "./divergence.js";
import { updateMany, updateOf } from "./many.js";
import { refusalOf } from "./refusal.js";
import type { ApplySession } from "./session.js";
import type { BackShape } from "./shape.js";
import { insertValues, isRow, joined, keyFields, setValues, slices } from "./statements.js";
import type { Values } from "./statements.js";
import { rowsOf } from "./tuples.js";
import type { Fields } from "./tuples.js";

export interface RowsContext {
  readonly session: ApplySession;
  readonly shapeOf: (table: PlanTable) => BackShape;
  /** Sources of the tables that take updates of many rows at once. */
  readonly many: ReadonlySet<string>;
}

export type RowGroup = Extract<StatementGroup, { kind: "rows" }>;

export async function writeRows(context: RowsContext, group: RowGroup): Promise<void> {
  await context.session.query("SAVEPOINT headgate_group");
  for (const changes of group.changes) {
    const shape = context.shapeOf(changes.table);
    try {
      if (shape.key.length === 0) await writeKeyless(context, shape, changes);
      else if (group.strict) await writeStrict(context, shape, changes);
      else await writeLoose(context, shape, changes);
    } catch (error) {
      throw refusalOf(error, changes.table.source);
    }
  }
}

async function writeStrict(context: RowsContext, shape: BackShape, changes: TableChanges): Promise<void> {
  const { session } = context;
  const deleted = await deleteKeys(session, shape, changes.deletes);
  if (deleted !== changes.deletes.rows) throw await diverged(context, shape, "delete", changes.deletes);
  if (!(await updateRows(context, shape, changes.updates)))
    throw await diverged(context, shape, "update", changes.updates);
  try {
    await insertRows(session, shape, changes.inserts);
  } catch (error) {
    throw await twice(context, shape, changes.inserts, error);
  }
}

/** Rows may or may not be there, and what came later has the last word. */
async function writeLoose({ session }: RowsContext, shape: BackShape, changes: TableChanges): Promise<void> {
  await deleteKeys(session, shape, changes.deletes);
  for (const list of [changes.updates, changes.inserts])
    for (const row of rowsOf(list, shape.fields))
      if ((await updateRow(session, shape, row)) === 0)
        await insertSome(session, shape, [insertValues(shape, row)]);
}

/** A multiset: each delete takes one copy of the whole row away. */
async function writeKeyless(
  { session }: RowsContext,
  shape: BackShape,
  { deletes, inserts }: TableChanges,
): Promise<void> {
  let missing = 0;
  for (const row of rowsOf(deletes, shape.fields)) {
    const { sql, params } = isRow(
      shape.written,
      shape.written.map(({ place }) => row[place] ?? null),
    );
    missing += 1 - (await session.write(`DELETE FROM ${shape.name} WHERE ${sql} LIMIT 1`, params));
  }
  if (missing > 0) throw copiesMissing(shape, missing);
  await insertRows(session, shape, inserts);
}

async function deleteKeys(session: ApplySession, shape: BackShape, deletes: Tuples): Promise<number> {
  let deleted = 0;
  const keys = (function* () {
    for (const key of rowsOf(deletes, shape.key.length)) yield isRow(shape.key, key);
  })();
  for (const slice of slices(keys, session.packet, shape.table.source)) {
    const { sql, params } = joined(slice, " OR ");
    deleted += await session.write(`DELETE FROM ${shape.name} WHERE ${sql}`, params);
  }
  return deleted;
}

/** Whether each of them was there. */
async function updateRows(
  { session, many }: RowsContext,
  shape: BackShape,
  updates: Tuples,
): Promise<boolean> {
  const { source } = shape.table;
  const parts = (function* () {
    for (const row of rowsOf(updates, shape.fields)) yield updateOf(shape, row);
  })();
  for (const slice of slices(parts, session.packet, source)) {
    const together = many.has(source) ? slice.filter(({ plain }) => plain) : [];
    const done = together.length > 1 && (await updateMany(session, shape, together));
    for (const { row, plain } of slice)
      if (!(done && plain) && (await updateRow(session, shape, row)) !== 1) return false;
  }
  return true;
}

/** How many rows it found: none or one. */
async function updateRow(session: ApplySession, shape: BackShape, row: Fields): Promise<number> {
  const values = setValues(shape, row);
  const key = isRow(shape.key, keyFields(shape, row));
  let found = 0;
  for (const [part] of slices(
    [{ ...values, bytes: values.bytes + key.bytes }],
    session.packet,
    shape.table.source,
  )) {
    const sql = `UPDATE ${shape.name} SET ${part?.sql ?? ""} WHERE ${key.sql}`;
    found += await written(session, sql, [...values.params, ...key.params], values.lenient);
  }
  return found;
}

async function insertRows(session: ApplySession, shape: BackShape, inserts: Tuples): Promise<void> {
  const values = (function* () {
    for (const row of rowsOf(inserts, shape.fields)) yield insertValues(shape, row);
  })();
  for (const slice of slices(values, session.packet, shape.table.source)) {
    await insertSome(
      session,
      shape,
      slice.filter(({ lenient }) => lenient === 0),
    );
    for (const one of slice) if (one.lenient > 0) await insertSome(session, shape, [one]);
  }
}

async function insertSome(session: ApplySession, shape: BackShape, values: readonly Values[]): Promise<void> {
  if (values.length === 0) return;
  const { sql, params } = joined(values, ", ");
  const names = shape.written.map(({ name }) => name).join(", ");
  const rows = await written(
    session,
    `INSERT INTO ${shape.name} (${names}) VALUES ${sql}`,
    params,
    values.reduce((sum, { lenient }) => sum + lenient, 0),
  );
  if (rows !== values.length)
    throw new Fault(
      "bug",
      `${shape.table.source}: ${String(values.length)} rows were inserted as ${String(rows)}.`,
    );
}

async function written(
  session: ApplySession,
  sql: string,
  params: Values["params"],
  lenient: number,
): Promise<number> {
  return lenient === 0 ? session.write(sql, params) : session.writeLenient(sql, params, lenient);
}

async function diverged(
  context: RowsContext,
  shape: BackShape,
  kind: ChangeKind,
  tuples: Tuples,
): Promise<Fault> {
  await back(context);
  return divergence(shape, kind, await differing(context.session, shape, kind, tuples));
}

/** The source's number of a key that is there twice. */
const duplicate = 1062;

/** A key that is there twice is divergence; any other unique key that stands in the way is a constraint's refusal. */
async function twice(
  context: RowsContext,
  shape: BackShape,
  inserts: Tuples,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof Fault) || error.facts["errno"] !== duplicate) return error;
  await back(context);
  const found = await differing(context.session, shape, "insert", inserts);
  return found.rows > 0 ? divergence(shape, "insert", found) : error;
}

/** The group undone, so that the source can be asked. Nothing but a roll-back follows. */
async function back({ session }: RowsContext): Promise<void> {
  await session.query("ROLLBACK TO SAVEPOINT headgate_group");
}
