/** Rows without a key whose hashes share a bucket, and more of them than one pass looks at. */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import type { Suspect } from "../verify-port.js";
import type { Row } from "./example-kinds.js";
import { exampleTable, sidesOf, tupleOf } from "./example-sides.js";
import { compareMultiset } from "./multiset.js";
import { Suspects } from "./suspects.js";

const signal = new AbortController().signal;
const table = exampleTable(["int"], null);
const hashOf = (row: Row): Buffer =>
  createHash("sha256")
    .update(tupleOf(table, row, [0]))
    .digest();
const keyOf = (row: Row): string => hashOf(row).toString("hex");

async function told(source: Row[], target: Row[], passRows?: number): Promise<[string[], number]> {
  const found: Suspect[] = [];
  const suspects = new Suspects(table, (some) => {
    found.push(...some);
    return Promise.resolve();
  });
  const { comparer, asked } = sidesOf(table, source, target, { burst: 1000 });
  await compareMultiset(comparer, table, suspects, signal, passRows);
  const lines = found.map(
    ({ key, kind, copies, duplicate }) =>
      `${key.toString("hex")} ${kind} ${copies}${duplicate === true ? ", a duplicate" : ""}`,
  );
  return [lines.sort(), asked.targetReads.length];
}

it("parts rows in one bucket, whose count alone is the same", async () => {
  const first = new Map<number, Row>();
  let pair: readonly [Row, Row] | null = null;
  for (let n = 0; pair === null; n++) {
    const row = [String(n)];
    const bucket = hashOf(row).readUInt16BE(0) >> 3;
    const other = first.get(bucket);
    if (other !== undefined) pair = [other, row];
    first.set(bucket, row);
  }
  const [a, b] = pair;
  expect((await told([a, a, b], [a, a, b]))[0]).toEqual([]);
  expect((await told([a, a], [b, b]))[0]).toEqual([`${keyOf(a)} missing 2`, `${keyOf(b)} extra 2`].sort());
  expect((await told([a, a, b], [a, b, b]))[0]).toEqual(
    [`${keyOf(a)} missing 1`, `${keyOf(b)} extra 1, a duplicate`].sort(),
  );
  // Its copies come and go while both sides are read.
  expect((await told([b], [b, b, b]))[0]).toEqual([`${keyOf(b)} extra 2, a duplicate`]);
});

it("looks at a bounded number of rows in one pass, and finds them all in several", async () => {
  const rows = (count: number, from: number): Row[] =>
    Array.from({ length: count }, (_, k) => [String(from + k)]);
  const [found, reads] = await told(rows(300, 0), rows(300, 200), 100);
  const missing = rows(200, 0).map((row) => `${keyOf(row)} missing 1`);
  const extra = rows(200, 300).map((row) => `${keyOf(row)} extra 1`);
  expect(found).toEqual([...missing, ...extra].sort());
  expect(reads).toBeGreaterThan(4);
  expect((await told(rows(300, 0), rows(300, 0), 100))[1]).toBe(1);
});
