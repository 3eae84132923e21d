/**
 * Rows of the source brought to what the target has, at a rollback: both sides stand still, and the writer of the way back
 * writes them as one batch more, so that its checkpoint and its touched keys tell of them. Only rows that were touched since
 * the switch: of those the application has written the target last. Of the others the source's value is the truth.
 */
import { hash } from "node:crypto";
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { LaneWriter, TableChanges, Tuples } from "../stream-port.js";
import type { Suspect, TupleSink } from "../verify-port.js";
import { betweenSides } from "./between-sides.js";
import type { Comparer } from "./comparer.js";
import { Side } from "./side.js";
import { SourceShape, readSource } from "./source-rows.js";
import { TupleView, rowShape, tupleEnd } from "./tuple.js";
import { keysIn, tuplesOf } from "./tuples.js";
import type { VerifyLedger } from "../verify-port.js";

/**
 * Which of the rows events have touched since the switch; of a table without a key all, where any was. `unsure`: a batch has
 * touched more keys than it wrote down, and these are named by no other.
 */
export async function touchedSince(
  ledger: Pick<VerifyLedger, "touched">,
  table: PlanTable,
  from: bigint,
  found: readonly Suspect[],
  signal: AbortSignal,
): Promise<{ readonly touched: readonly Suspect[]; readonly unsure: readonly Suspect[] }> {
  const open = new Map(found.map((suspect) => [suspect.key.toString("latin1"), suspect]));
  const touched: Suspect[] = [];
  const batches = { unnamed: false };
  await ledger.touched(
    table,
    from,
    null,
    (_seq, bytes) => {
      if (table.key === null) {
        touched.push(...open.values());
        open.clear();
        return false;
      }
      if (bytes === null) {
        batches.unnamed = true;
        return true;
      }
      for (const key of keysIn(bytes)) {
        const suspect = open.get(key);
        if (suspect === undefined) continue;
        open.delete(key);
        touched.push(suspect);
      }
      return open.size > 0;
    },
    signal,
  );
  return { touched, unsure: batches.unnamed ? [...open.values()] : [] };
}

/** Writes them. `position` is where the way back stands, for a lane that has applied nothing yet. */
export async function bringHome(
  comparer: Comparer,
  writer: LaneWriter,
  rows: ReadonlyMap<PlanTable, readonly Suspect[]>,
  position: Position,
  signal: AbortSignal,
): Promise<void> {
  const changes: TableChanges[] = [];
  for (const [table, found] of rows)
    if (found.length > 0)
      changes.push(
        table.key === null
          ? await copiesOf(comparer, table, found, signal)
          : await rowsOf(comparer, table, found, signal),
      );
  if (changes.length === 0) return;
  const { seq, position: at } = await writer.checkpoint();
  const transaction = await writer.begin(seq);
  try {
    await transaction.write({ kind: "rows", strict: false, changes });
    await transaction.commit(at ?? position);
  } catch (error) {
    await transaction.abort();
    throw error;
  }
}

const none: Tuples = { rows: 0, bytes: 0, chunks: [] };

async function rowsOf(
  { look }: Comparer,
  table: PlanTable,
  found: readonly Suspect[],
  signal: AbortSignal,
): Promise<TableChanges> {
  const shape = rowShape(table);
  const view = new TupleView(shape);
  const there = new Map<string, Buffer>();
  const sink: TupleSink = {
    tuple: (bytes, start, end) => {
      const row = Buffer.from(bytes.subarray(start, end));
      there.set(view.read(row, 0).key().toString("latin1"), row);
    },
    full: () => false,
    drained: () => Promise.resolve(),
  };
  const keys = tuplesOf(found.map(({ key }) => key));
  const wanted = { kind: "keys" as const, keys };
  await look.read({ table, columns: shape.places, wanted, ordered: false }, sink, signal);
  const [deletes, updates, inserts]: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
  for (const { key, kind, copies } of found) {
    const row = there.get(key.toString("latin1"));
    if (kind === "extra" && copies > 1)
      throw new Fault("bug", `The target has a key of ${table.source} several times.`);
    if (row === undefined) deletes.push(key);
    else if (kind === "extra") inserts.push(row);
    else updates.push(row);
  }
  return {
    table,
    deletes: tuplesOf(deletes),
    updates: tuplesOf(updates),
    inserts: tuplesOf(inserts),
    touched: keys,
  };
}

/** Of a table without a key: the copies that one side has too many of, by the SHA-256 of the row. */
async function copiesOf(
  comparer: Comparer,
  table: PlanTable,
  found: readonly Suspect[],
  signal: AbortSignal,
): Promise<TableChanges> {
  const of = (kind: Suspect["kind"]): Map<string, number> =>
    new Map(
      found.filter((each) => each.kind === kind).map(({ key, copies }) => [key.toString("latin1"), copies]),
    );
  const [gone, come] = [of("missing"), of("extra")];
  if (found.some(({ kind }) => kind === "different"))
    throw new Fault("bug", `A row of ${table.source} holds a value that no codec takes, and has no name.`);
  const deletes: Buffer[] = [];
  const inserts: Buffer[] = [];
  const take = (left: Map<string, number>, to: Buffer[], row: Buffer): void => {
    const name = hash("sha256", row, "buffer").toString("latin1");
    const copies = left.get(name);
    if (copies === undefined) return;
    left.delete(name);
    for (let n = 0; n < copies; n += 1) to.push(Buffer.from(row));
  };
  const shape = rowShape(table);
  if (gone.size > 0) {
    const side = new Side();
    const source = new SourceShape(shape, comparer.engine);
    const read = async (stop: AbortSignal): Promise<void> => {
      await readSource(comparer.reader, source, { range: null, ordered: false }, side, false, stop);
    };
    const look = async (): Promise<void> => {
      for (let chunk = await side.head(); chunk !== null; chunk = await side.head()) {
        while (chunk.at < chunk.end) {
          const end = tupleEnd(chunk.bytes, chunk.at);
          take(gone, deletes, chunk.bytes.subarray(chunk.at, end));
          chunk.at = end;
        }
        side.shift();
      }
    };
    await betweenSides([side], [read, look], signal);
  }
  const sink: TupleSink = {
    tuple: (bytes, start, end) => take(come, inserts, bytes.subarray(start, end)),
    full: () => false,
    drained: () => Promise.resolve(),
  };
  const all = { table, columns: shape.places, wanted: { kind: "all" as const }, ordered: false };
  if (come.size > 0) await comparer.look.read(all, sink, signal);
  return { table, deletes: tuplesOf(deletes), updates: none, inserts: tuplesOf(inserts), touched: none };
}
