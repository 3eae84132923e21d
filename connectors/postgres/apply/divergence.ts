/**
 * What is said when a change does not find the row as the source had it. The group is taken back first, so that the
 * target can be asked which rows were there: how many differ, and the keys of five of them.
 */
import { Fault, recopying } from "../../../src/errors.js";
import type { Session } from "../connection.js";
import type { Step } from "./sending.js";
import { fromArrays, keysSql, wantedKey, wantedOf } from "./statements.js";
import { arraySlices } from "./tuples.js";

const sliceLimit = { rows: 5000, bytes: 4_194_304 };

interface Differing {
  readonly rows: number;
  readonly keys: readonly string[];
}

/** Rows of the step that are on the target although they must be new, or are not although they must be there. */
export async function differing(session: Session, step: Step): Promise<Differing> {
  const { shape, kind, tuples } = step;
  const [fields, wanted] =
    kind === "delete"
      ? [shape.key.length, wantedKey(shape)]
      : [shape.columns.length, wantedOf(shape, shape.key)];
  const sql = keysSql(shape, fromArrays(shape, shape.key), kind === "insert");
  let rows = 0;
  const keys: string[] = [];
  for (const { arrays } of arraySlices(tuples, fields, wanted, sliceLimit)) {
    const doing = `looking for what differs in ${shape.table.target}`;
    const [found] = await session.burst([{ sql, values: arrays, doing }]);
    rows += Number(found?.rows[0]?.[0] ?? 0);
    for (const row of found?.rows ?? []) if (keys.length < 5) keys.push(`(${row[1] ?? ""})`);
  }
  return { rows, keys };
}

const told = {
  delete: "to be deleted is not on the target",
  update: "to be updated is not on the target",
  insert: "to be inserted is on the target already",
} as const;

const toldOfMany = {
  delete: "to be deleted are not on the target",
  update: "to be updated are not on the target",
  insert: "to be inserted are on the target already",
} as const;

export function divergence({ shape, kind }: Step, { rows, keys }: Differing): Fault {
  const { target } = shape.table;
  const sentence =
    rows === 1 ? `${target}: a row ${told[kind]}.` : `${target}: ${String(rows)} rows ${toldOfMany[kind]}.`;
  const which =
    keys.length === 0
      ? ""
      : ` ${rows > keys.length ? "The first keys" : rows === 1 ? "Its key" : "Keys"}: ${keys.join(", ")}.`;
  return new Fault("divergence", sentence + which, {
    next: recopying(shape.table.source),
    facts: { table: shape.table.source, operation: kind, rows, keys: keys.join(", ") },
  });
}
