/**
 * Changed rows of a group: deletes, then updates, then inserts of each table. A few rows go as arrays, many as a COPY;
 * past the join each statement's count is compared with the rows that it was given, and what differs is divergence. The
 * savepoint lets the target be asked which rows those are; it is never a way to go on.
 */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type { StatementGroup, TableChanges, Tuples } from "../../../src/stream-port.js";
import type { Session } from "../connection.js";
import { differing, divergence } from "./divergence.js";
import { deleteCopies } from "./keyless.js";
import { Sending } from "./sending.js";
import type { Step } from "./sending.js";
import type { TableShape } from "./shape.js";
import type { Stages } from "./stage.js";
import {
  copySql,
  deleteSql,
  fromArrays,
  insertSql,
  mergeSql,
  updateSql,
  upsertSql,
  wantedKey,
  wantedOf,
} from "./statements.js";
import { arraySlices } from "./tuples.js";

/** From this many rows on (or bytes) a COPY is cheaper than arrays; bench/apply measures it. */
export const usualStagedRows = 2000;
const stagedBytes = 4_194_304;

/** What one statement takes as arrays. */
const sliceLimit = { rows: 10_000, bytes: 4_194_304 };

export interface RowsContext {
  readonly session: Session;
  readonly stages: Stages;
  readonly shapeOf: (table: PlanTable) => Promise<TableShape>;
  /** From this many rows on they are copied. */
  readonly stagedRows: number;
  /** Whether the transaction has our savepoint; set by this file. */
  savepoint: boolean;
}

export type RowGroup = Extract<StatementGroup, { kind: "rows" }>;

export async function writeRows(context: RowsContext, group: RowGroup): Promise<void> {
  const sending = new Sending(context.session);
  if (!group.strict) {
    for (const changes of group.changes) await writeLoose(context, sending, changes);
    await sending.flush();
    return;
  }
  if (context.savepoint) sending.plain("RELEASE SAVEPOINT headgate_group");
  sending.plain("SAVEPOINT headgate_group");
  const steps: Step[] = [];
  try {
    for (const changes of group.changes) await writeStrict(context, sending, changes, steps);
    await sending.flush();
    context.savepoint = true;
  } catch (error) {
    throw await twice(context, group, error);
  }
  const wrong = steps.find(({ counted, tuples }) => counted !== tuples.rows);
  if (wrong === undefined) return;
  await back(context);
  throw divergence(wrong, await differing(context.session, wrong));
}

async function writeStrict(
  context: RowsContext,
  sending: Sending,
  changes: TableChanges,
  steps: Step[],
): Promise<void> {
  const shape = await context.shapeOf(changes.table);
  const begin = (kind: Step["kind"], tuples: Tuples): Step => {
    const step = { shape, kind, tuples, counted: 0 };
    steps.push(step);
    return step;
  };
  if (shape.key.length === 0) await deleteKeyless(context, sending, shape, changes);
  else if (changes.deletes.rows > 0) await sendDeletes(sending, begin("delete", changes.deletes));
  if (changes.updates.rows > 0) {
    const step = begin("update", changes.updates);
    if (isMany(context, shape, changes.updates))
      await sending.add(updateSql(shape, context.stages.fill(sending, shape, [changes.updates])), [], step);
    else await sendArrays(sending, updateSql, step, union(shape.key, shape.set));
  }
  if (changes.inserts.rows > 0) await sendInserts(context, sending, begin("insert", changes.inserts));
}

/** Before the join: rows may or may not be there, and what came later has the last word. */
async function writeLoose(context: RowsContext, sending: Sending, changes: TableChanges): Promise<void> {
  const shape = await context.shapeOf(changes.table);
  const step = (kind: Step["kind"], tuples: Tuples): Step => ({ shape, kind, tuples, counted: 0 });
  if (shape.key.length === 0) {
    // It has no replay: its events begin after its exact cut, and are exact from there.
    await deleteKeyless(context, sending, shape, changes);
    if (changes.inserts.rows > 0) await sendInserts(context, sending, step("insert", changes.inserts));
    return;
  }
  if (changes.deletes.rows > 0) await sendDeletes(sending, step("delete", changes.deletes));
  const lists = [changes.updates, changes.inserts].filter(({ rows }) => rows > 0);
  const all = {
    rows: lists.reduce((sum, { rows }) => sum + rows, 0),
    bytes: lists.reduce((sum, { bytes }) => sum + bytes, 0),
  };
  if (isMany(context, shape, all) && all.rows > 0) {
    const source = context.stages.fill(sending, shape, lists);
    await sending.add(mergeSql(shape, source), [], step("update", changes.updates));
  } else
    for (const tuples of lists)
      await sendArrays(sending, upsertSql, step("update", tuples), union(shape.key, shape.written));
}

async function deleteKeyless(
  context: RowsContext,
  sending: Sending,
  shape: TableShape,
  { deletes, updates, table }: TableChanges,
): Promise<void> {
  if (updates.rows > 0) throw new Fault("bug", `${table.source} has no key, and rows of it to update.`);
  if (deletes.rows === 0) return;
  await deleteCopies(context.session, sending, context.stages, shape, deletes);
}

async function sendDeletes(sending: Sending, step: Step): Promise<void> {
  const { shape } = step;
  const sql = deleteSql(shape, fromArrays(shape, shape.key));
  for (const { arrays } of arraySlices(step.tuples, shape.key.length, wantedKey(shape), sliceLimit))
    await sending.add(sql, arrays, step);
}

async function sendInserts(context: RowsContext, sending: Sending, step: Step): Promise<void> {
  const { shape, tuples } = step;
  if (!isMany(context, shape, tuples)) {
    await sendArrays(sending, insertSql, step, shape.written);
    return;
  }
  if (shape.byCopy) sending.copy(copySql(shape), [tuples], `inserting into ${shape.table.target}`, step);
  else await sending.add(insertSql(shape, context.stages.fill(sending, shape, [tuples])), [], step);
}

async function sendArrays(
  sending: Sending,
  sqlOf: (shape: TableShape, source: string) => string,
  step: Step,
  places: readonly number[],
): Promise<void> {
  const { shape, tuples } = step;
  const sql = sqlOf(shape, fromArrays(shape, places));
  for (const { arrays } of arraySlices(tuples, shape.columns.length, wantedOf(shape, places), sliceLimit))
    await sending.add(sql, arrays, step);
}

function isMany(
  context: RowsContext,
  shape: TableShape,
  { rows, bytes }: Pick<Tuples, "rows" | "bytes">,
): boolean {
  return !shape.byArrays || rows >= context.stagedRows || bytes >= stagedBytes;
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}

/** A key that is there twice is divergence; any other unique key that stands in the way is a constraint's refusal. */
async function twice(context: RowsContext, group: RowGroup, error: unknown): Promise<unknown> {
  if (!(error instanceof Fault) || error.facts["sqlState"] !== "23505") return error;
  await back(context);
  for (const { table, inserts } of group.changes) {
    const shape = await context.shapeOf(table);
    if (shape.key.length === 0 || inserts.rows === 0) continue;
    const step: Step = { shape, kind: "insert", tuples: inserts, counted: 0 };
    const found = await differing(context.session, step);
    if (found.rows > 0) return divergence(step, found);
  }
  return error;
}

/** The group undone, so that the target can be asked. Nothing but a roll-back follows. */
async function back(context: RowsContext): Promise<void> {
  await context.session.query(
    "ROLLBACK TO SAVEPOINT headgate_group",
    undefined,
    "undoing a group of changes",
  );
}
