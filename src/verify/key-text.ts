/** Keys as people and scripts read them: one text a column of the key, as the source would take it back. */
import { Fault } from "../errors.js";
import type { PlanTable, SourceEngine } from "../model.js";
import { codecOf } from "../typemap/compile.js";

/** The texts of a key's tuple; NULL, which a target may hold whose key was taken away, is told as that word. A table without a key has none: then it is the digest of the row, in hex. */
export function keyTexts(table: PlanTable, engine: SourceEngine, key: Buffer): readonly string[] {
  if (table.key === null) return [key.toString("hex")];
  let at = 2;
  return table.key.columns.map((name) => {
    const column = table.columns.find(({ source }) => source === name);
    if (column === undefined || at + 4 > key.length)
      throw new Fault("ledger-mismatch", `A key on record of ${table.source} is not of the table's shape.`);
    const length = key.readInt32BE(at);
    const field = key.subarray(at + 4, at + 4 + Math.max(0, length));
    at += 4 + Math.max(0, length);
    if (length < 0) return "NULL";
    return codecOf(column, engine).decode(field);
  });
}
