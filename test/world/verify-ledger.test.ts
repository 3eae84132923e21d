/**
 * What is proven and what is not, in the ledger of a real target: a verification that goes on where it was killed, rows
 * that differ, what events touched and when that may be forgotten, and what a table that is copied again leaves of it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { PlanTable, Range } from "../../src/model.js";
import type { RangeProof, Suspect, VerifyLedger, VerifyScope } from "../../src/verify-port.js";
import { apply, changes, faultOf, laneWorld, place, strict } from "./apply-lane.js";
import type { LaneWorld, TableWish } from "./apply-lane.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const never = new AbortController().signal;
const wishes: readonly TableWish[] = ["t", 'it\'s "u"'].map((name) => ({
  name,
  columns: [
    ["id", "bigint"],
    ["v", "text"],
  ],
  key: ["id"],
}));

let database: TargetDatabase;
let world: LaneWorld;
let ledger: VerifyLedger;
let t: PlanTable;
let u: PlanTable;
beforeAll(async () => {
  database = await targetDatabase("verify_ledger");
});
beforeEach(async () => {
  world = await laneWorld(database, wishes);
  ledger = world.ledger.verification();
  t = world.table("t");
  u = world.table(wishes[1]?.name ?? "");
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const scope = (more: Partial<VerifyScope> = {}): VerifyScope => ({
  method: "stream",
  kind: "full",
  tables: ["t", u.source].sort(),
  sample: null,
  ...more,
});
const range = (number: number, lower: string | null, upper: string | null): Range => ({
  table: "t",
  number,
  lower: lower === null ? null : [lower],
  upper: upper === null ? null : [upper],
});
const proof = (of: Range, more: Partial<RangeProof> = {}): RangeProof => ({
  table: of.table,
  number: of.number,
  range: of,
  rowsSource: "9007199254740993",
  rowsTarget: "1",
  bytes: "12",
  seq: 0n,
  position: null,
  digest: "ab".repeat(32),
  method: "stream",
  seconds: 0.25,
  ...more,
});
/** One range of a run is the whole table, and proven. */
async function comparedWhole(run: string, table: string): Promise<void> {
  const whole = { ...range(0, null, null), table };
  await ledger.setRanges(run, table, [whole]);
  await ledger.prove(run, proof(whole), []);
}
const suspect = (key: Buffer, more: Partial<Suspect> = {}): Suspect => ({
  table: "t",
  key,
  kind: "different",
  columns: ["v"],
  copies: 1,
  ...more,
});
const key = (n: number): Buffer => Buffer.from([0, 1, 0, 0, 0, 1, n]);
const reclaimed = async (): Promise<VerifyLedger> => {
  await world.ledger[Symbol.asyncDispose]();
  const again = await world.target.claim(world.plan);
  world = { ...world, ledger: again, [Symbol.asyncDispose]: () => again[Symbol.asyncDispose]() };
  return again.verification();
};

it("goes on with the same scope, its ranges and proofs, under the next engine, also when another scope came between", async () => {
  const run = await ledger.begin(scope());
  expect(run).toMatchObject({ scope: scope(), endedAt: null });
  const ranges = [range(0, null, `a"'\\`), range(1, `a"'\\`, null)];
  await ledger.setRanges(run.id, "t", ranges);
  // Whoever was killed in between splits again, elsewhere, and gets the first ranges.
  await ledger.setRanges(run.id, "t", [range(0, null, null)]);
  const found = proof(ranges[1] as Range, { seq: 7n, position: place(7), digest: null, method: "keys" });
  await ledger.prove(run.id, found, [suspect(key(1))]);
  ledger = await reclaimed();
  expect(await ledger.begin(scope())).toEqual(run);
  expect(await ledger.ranges(run.id)).toEqual([
    { range: ranges[0], proof: null },
    { range: ranges[1], proof: found },
  ]);
  expect(await ledger.mismatches("t", ["suspect"], null, 10)).toMatchObject([
    { ...suspect(key(1)), run: run.id },
  ]);
  const other = await ledger.begin(scope({ kind: "dirty" }));
  expect(other.id).not.toBe(run.id);
  await ledger.end(other.id, { rows: 3, note: null });
  expect((await faultOf(ledger.prove(other.id, found, [suspect(key(2))]))).code).toBe("ledger-mismatch");
  expect((await faultOf(ledger.end(other.id, {}))).code).toBe("ledger-mismatch");
  expect(await ledger.mismatches("t", ["suspect"], key(1), 10)).toEqual([]);
  // Many that nobody ends: those with the least proven are given up, not the one that has something to lose.
  for (let seed = 0; seed < 12; seed += 1)
    await ledger.begin(scope({ kind: "sample", sample: { percent: 2, seed } }));
  const open = await database.sql(
    "SELECT count(*)::text AS n FROM headgate.verification WHERE state = 'open'",
  );
  expect(open).toEqual([{ n: "8" }]);
  expect(await ledger.begin(scope())).toEqual(run);
  expect((await ledger.ranges(run.id)).map((each) => each.proof)).toEqual([null, found]);
  const aged = (column: string, of: string): Promise<unknown> =>
    database.sql(`UPDATE headgate.${of} SET ${column} = ${column} - interval '25 hours'`);
  await aged("started_at", "verification");
  expect((await ledger.begin(scope())).id).toBe(run.id);
  await aged("proven_at", "verified_range");
  expect((await ledger.begin(scope())).id).not.toBe(run.id);
  const third = await ledger.begin(scope({ kind: "sample", sample: { percent: 0.5, seed: 7 } }));
  await ledger.end(third.id, {});
  expect(await ledger.ended(9)).toMatchObject([
    { id: third.id, scope: { sample: { percent: 0.5, seed: 7 } }, facts: {} },
    { id: other.id, facts: { rows: 3, note: null } },
  ]);
  expect(await ledger.ended(1)).toHaveLength(1);
});

it("gives ranges in the order of their numbers, which is that of the key", async () => {
  const run = await ledger.begin(scope());
  const bound = (n: number): string | null => (n === 0 || n === 12 ? null : String(n));
  const ranges = Array.from({ length: 12 }, (_, n) => range(n, bound(n), bound(n + 1)));
  await ledger.setRanges(run.id, "t", ranges);
  expect((await ledger.ranges(run.id)).map((each) => each.range)).toEqual(ranges);
});

it("holds no proof by halves: other bounds, figures below zero, a digest that is none", async () => {
  const run = await ledger.begin(scope());
  await ledger.setRanges(run.id, "t", [range(0, null, "5"), range(1, "5", null)]);
  for (const wrong of [
    proof(range(1, "6", null)),
    proof(range(0, null, "5"), { rowsSource: "-1" }),
    proof(range(0, null, "5"), { digest: "" }),
    proof(range(0, null, "5"), { position: place(1) }),
  ])
    expect((await faultOf(ledger.prove(run.id, wrong, []))).code).toMatch(
      /^(ledger-mismatch|target-refused)$/u,
    );
  expect((await ledger.ranges(run.id)).map((each) => each.proof)).toEqual([null, null]);
});

it("keeps rows that differ by their keys, of any length, once each, and takes them off again", async () => {
  const run = await ledger.begin(scope());
  const long = Buffer.alloc(5000, 7);
  const longer = Buffer.concat([long, Buffer.from([1])]);
  const list = [key(3), long, key(1), longer, key(2)].map((each) => suspect(each));
  await ledger.suspect(run.id, list);
  await ledger.suspect(run.id, [suspect(key(2), { kind: "missing", columns: [], copies: 1 })]);
  await ledger.suspect(run.id, [{ ...suspect(key(9)), table: u.source }]);
  const sorted = [key(1), key(2), key(3), long, longer];
  const keys: Buffer[] = [];
  for (let after: Buffer | null = null; ;) {
    const page = await ledger.mismatches("t", ["suspect"], after, 2);
    const last = page.at(-1);
    if (last === undefined) break;
    keys.push(...page.map((each) => each.key));
    after = last.key;
  }
  expect(keys).toEqual(sorted);
  await ledger.settle(run.id, "t", [
    { key: key(1), state: null, suspect: null },
    { key: long, state: null, suspect: null },
    { key: key(2), state: "different", suspect: suspect(key(2), { kind: "extra", columns: [], copies: 4 }) },
    { key: longer, state: "pending", suspect: suspect(longer) },
    // A key that nobody had suspected.
    { key: key(8), state: "different", suspect: suspect(key(8)) },
  ]);
  expect(
    (await ledger.mismatches("t", ["different"], null, 9)).map((each) => [each.key, each.kind, each.copies]),
  ).toEqual([
    [key(2), "extra", 4],
    [key(8), "different", 1],
  ]);
  expect(await ledger.mismatchCounts()).toEqual([
    { table: u.source, state: "suspect", count: "1" },
    { table: "t", state: "different", count: "2" },
    { table: "t", state: "pending", count: "1" },
    { table: "t", state: "suspect", count: "1" },
  ]);
  // Who only suspects takes no accusation back: a verification that is cut off then leaves it standing.
  await ledger.suspect(run.id, [suspect(key(8)), suspect(longer)]);
  expect(await ledger.mismatchCounts()).toEqual([
    { table: u.source, state: "suspect", count: "1" },
    { table: "t", state: "different", count: "2" },
    { table: "t", state: "suspect", count: "2" },
  ]);
  expect(
    (await faultOf(ledger.settle(run.id, "t", [{ key: key(3), state: "different", suspect: null }]))).code,
  ).toBe("bug");
});

it("knows how each table stands, and goes never back behind what was forgotten", async () => {
  expect(await ledger.tables()).toEqual(
    [u.source, "t"].sort().map((table) => ({
      table,
      whole: null,
      clean: null,
      rowsSource: "0",
      rowsTarget: "0",
      ranges: 0,
      method: null,
    })),
  );
  expect((await faultOf(ledger.setClean("t", 3n, place(3), null))).code).toBe("ledger-mismatch");
  const run = (await ledger.begin(scope())).id;
  const figures = { run, rowsSource: "5", rowsTarget: "6", ranges: 2, method: "stream" } as const;
  await ledger.setRanges(run, "t", [range(0, null, "5"), range(1, "5", null)]);
  for (const each of [range(0, null, "5"), range(1, "5", null)])
    await ledger.prove(run, proof(each, { seq: 3n, position: place(3), seconds: 60 * each.number }), []);
  await ledger.setClean("t", 3n, place(3), figures);
  const first = (await ledger.tables()).find(({ table }) => table === "t");
  // What is dirty is compared later, and moves nothing of the whole look.
  await ledger.setClean("t", 9n, place(9), null);
  const later = (await ledger.tables()).find(({ table }) => table === "t");
  expect(later).toMatchObject({ whole: first?.whole, clean: { seq: 9n, position: place(9) } });
  expect(first?.whole).toMatchObject({ seq: 3n, position: place(3) });
  // The second range's look has begun a minute before it was proven.
  const apart = Date.parse(later?.clean?.at ?? "") - Date.parse(later?.whole?.at ?? "");
  expect(apart).toBeGreaterThanOrEqual(59_000);
  expect(apart).toBeLessThan(100_000);
  const second = (await ledger.begin(scope({ kind: "round" }))).id;
  await comparedWhole(second, "t");
  await ledger.setClean("t", 8n, place(8), { ...figures, run: second, rowsTarget: "5" });
  const last = (await ledger.tables()).find(({ table }) => table === "t");
  expect(last).toMatchObject({
    whole: { seq: 8n, position: place(8) },
    clean: { seq: 9n, position: place(9) },
    rowsTarget: "5",
  });
  expect(
    (await world.target.proof(world.plan.migration))?.tables.find(({ table }) => table === "t"),
  ).toMatchObject(last ?? {});
});

it("tells what was touched batch by batch, within bounds, and forgets it when every table of the lane was compared after it", async () => {
  // As the lane writes it, many batches at once.
  await database.sql(
    `INSERT INTO headgate.dirty (migration, lane, seq, table_name, keys, whole, position)
     SELECT m.id, 'one', g, CASE WHEN g % 2 = 0 THEN '${u.source.replaceAll("'", "''")}' ELSE 't' END,
            CASE WHEN g <> 101 THEN int2send(1::int2) || int4send(8) || int8send(g) END, g = 101, '{}'
       FROM headgate.migration m, generate_series(1, 250) g`,
  );
  await database.sql(`UPDATE headgate.lane SET seq = 250, position = '${JSON.stringify(place(250))}'`);
  const touched = async (
    table: PlanTable,
    after: bigint,
    upTo: bigint | null,
    most = Infinity,
  ): Promise<(string | bigint)[][]> => {
    const found: (string | bigint)[][] = [];
    await ledger.touched(
      table,
      after,
      upTo,
      (seq, keys) => {
        found.push([seq, keys === null ? "whole" : keys.readBigInt64BE(6)]);
        return found.length < most;
      },
      never,
    );
    return found;
  };
  const odd = (from: number, to: number): (string | bigint)[][] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i)
      .filter((n) => n % 2 === 1)
      .map((n) => [BigInt(n), n === 101 ? "whole" : BigInt(n)]);
  expect(await touched(t, 0n, null)).toEqual(odd(1, 250));
  expect(await touched(t, 99n, 103n)).toEqual(odd(100, 103));
  expect(await touched(t, 3n, null, 2)).toEqual(odd(4, 7));
  expect(await touched(u, 248n, null)).toEqual([[250n, 250n]]);
  expect(await touched(u, 250n, null)).toEqual([]);
  const count = async (): Promise<string> =>
    (await database.sql("SELECT count(*) AS n FROM headgate.dirty"))[0]?.["n"] ?? "";
  const run = (await ledger.begin(scope())).id;
  const figures = { run, rowsSource: "5", rowsTarget: "6", ranges: 2, method: "stream" } as const;
  for (const table of ["t", u.source]) await comparedWhole(run, table);
  await ledger.setClean("t", 200n, place(200), figures);
  expect(await ledger.prune("one")).toBe(0);
  await ledger.setClean(u.source, 50n, place(50), figures);
  expect(await ledger.prune("one")).toBe(50);
  expect(await count()).toBe("200");
  expect(await ledger.prune("one")).toBe(0);
});

it("reads what was touched on another session than the claim's, so that neither waits, and again after that one was lost", async () => {
  await apply(world.ledger, [
    strict(await changes(database, t, { inserts: "SELECT 1::bigint, 't'", touched: "SELECT 1::bigint" })),
  ]);
  const seqs: bigint[] = [];
  const note = (seq: bigint): boolean => seqs.push(seq) > 0;
  await ledger.touched(t, 0n, null, note, never);
  await database.sql(
    `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE '%FROM headgate.dirty%' AND pid <> pg_backend_pid()`,
  );
  const told = ledger.touched(t, 0n, null, note, never).catch((error: unknown) => error);
  expect(await told).toSatisfy((error) => error === undefined || (error as { retriable: boolean }).retriable);
  await ledger.touched(t, 0n, null, note, never);
  expect(new Set(seqs)).toEqual(new Set([1n]));
  const stopped = AbortSignal.abort();
  expect((await faultOf(ledger.touched(t, 0n, null, note, stopped))).code).toBe("interrupted");
});

it("proves nothing any more of a table that is copied again or read otherwise", async () => {
  const figures = { rowsSource: "5", rowsTarget: "6", ranges: 2, method: "stream" } as const;
  const prepared = async (): Promise<string> => {
    const run = await ledger.begin(scope());
    for (const table of ["t", u.source]) {
      await comparedWhole(run.id, table);
      await ledger.setClean(table, 1n, place(1), { ...figures, run: run.id });
      await ledger.suspect(run.id, [{ ...suspect(key(1)), table }]);
    }
    return run.id;
  };
  const left = async (run: string): Promise<readonly (readonly string[])[]> => [
    (await ledger.tables()).filter(({ clean }) => clean !== null).map(({ table }) => table),
    (await ledger.mismatchCounts()).map(({ table }) => table),
    (await ledger.ranges(run)).map(({ range: { table } }) => table),
  ];
  const first = await prepared();
  await world.ledger.reopen(["t"]);
  expect(await left(first)).toEqual([[u.source], [u.source], [u.source]]);
  const second = await prepared();
  const one = { ...t, source: "new", target: "new" };
  const nothing = { rebuild: [], reopen: [], retire: [], pass: [] };
  await world.ledger.amend({ ...world.plan, tables: [t, u, one] }, nothing);
  expect(await left(second)).toEqual([
    [u.source, "t"],
    [u.source, "t"],
    [u.source, "t"],
  ]);
  await world.ledger.amend({ ...world.plan, tables: [t, { ...u, columns: u.columns.slice(0, 1) }] }, nothing);
  expect(await left(second)).toEqual([["t"], ["t"], ["t"]]);
  // Whoever was comparing it meanwhile proves nothing of it any more.
  const late = proof({ ...range(0, null, null), table: u.source });
  expect((await faultOf(ledger.prove(second, late, []))).code).toBe("ledger-mismatch");
  const clean = ledger.setClean(u.source, 9n, place(9), { ...figures, run: second });
  expect((await faultOf(clean)).code).toBe("ledger-mismatch");
  expect((await left(second))[2]).toEqual(["t"]);
  await ledger.unprove(["t"]);
  expect((await left(second))[0]).toEqual([]);
});

it("comes to a ledger that an older build made, and writes nothing for an engine that is over", async () => {
  await world.ledger[Symbol.asyncDispose]();
  await database.sql(
    `DROP TABLE headgate.policy, headgate.repair, headgate.table_proof, headgate.mismatch, headgate.verified_range, headgate.verification,
       headgate.journal, headgate.opened, headgate.way_back, headgate.replica_identity;
     ALTER TABLE headgate.migration DROP COLUMN cutover;
     ALTER TABLE headgate.lane DROP COLUMN closed;
     DELETE FROM headgate.step WHERE number >= 8`,
  );
  const claimed = await world.target.claim(world.plan);
  const run = await claimed.verification().begin(scope());
  await database.sql("UPDATE headgate.epoch SET epoch = epoch + 1");
  for (const act of [
    claimed.verification().begin(scope({ kind: "dirty" })),
    claimed.verification().suspect(run.id, [suspect(key(1))]),
    claimed.verification().setClean("t", 1n, null, null),
    claimed.verification().prune("one"),
  ])
    expect((await faultOf(act)).code).toBe("epoch-lost");
  await claimed[Symbol.asyncDispose]();
});
