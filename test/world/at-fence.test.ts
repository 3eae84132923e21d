/**
 * The proof inside the fence on real servers: the source's only writer has stopped and all is applied, so nothing moves. What
 * is broken in a touched row, on either side and in every way, is found; what is broken in a clean one is found by the full
 * comparison alone, and the proof says that it was not looked at; a row that an earlier look left open is never left
 * out; what is few is brought right and looked at again; and whoever writes in the middle of it is seen.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { proveAtFence } from "../../src/migration/at-fence.js";
import type { AtFenceOptions } from "../../src/migration/at-fence.js";
import { forecastFence } from "../../src/migration/fence-forecast.js";
import { Fault } from "../../src/errors.js";
import type { FenceProof } from "../../src/verify/fence-proof.js";
import { verify } from "../../src/verify/verification.js";
import type { VerificationTools } from "../../src/verify/verification.js";
import { numbers } from "./journey.js";
import { startLive } from "./live.js";
import type { Live } from "./live.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const name = "at_fence";
const users = 3000;
/** For a person who measures: HEADGATE_TEST_ROWS=200000 */
const many = Number(process.env["HEADGATE_TEST_ROWS"] ?? 12_000);
const signal = new AbortController().signal;

let source: SourceDatabase;
let target: TargetDatabase;
let live: Live;
let onMoment: (moment: string) => void = () => undefined;

beforeAll(async () => {
  source = await sourceDatabase(name, "mysql9");
  target = await targetDatabase(name);
  for (const sql of [
    "CREATE TABLE users (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, n BIGINT NOT NULL, note TEXT NULL)",
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, user_id INT NOT NULL, amount DECIMAL(12,4) NOT NULL, FOREIGN KEY (user_id) REFERENCES users (id))",
    "CREATE TABLE mails (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL, FOREIGN KEY (email) REFERENCES users (email))",
    "CREATE TABLE names (name VARCHAR(40) PRIMARY KEY, n INT NOT NULL)",
    "CREATE TABLE notes (a INT, b VARCHAR(20))",
    "CREATE TABLE many (id INT PRIMARY KEY, n INT NOT NULL, note VARCHAR(100) NOT NULL)",
    `INSERT INTO users SELECT n + 1, CONCAT('u', n + 1, '@x'), n * 1000003, IF(n % 5 = 0, NULL, CONCAT('note ', n)) FROM (${numbers(users)}) AS r`,
    `INSERT INTO orders SELECT n + 1, n + 1, n / 8 FROM (${numbers(users)}) AS r`,
    "INSERT INTO mails SELECT id, email FROM users WHERE id <= 100",
    `INSERT INTO names SELECT CONCAT('Näme-', n), n FROM (${numbers(300)}) AS r`,
    "INSERT INTO notes VALUES (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL), (3, 'z')",
    `INSERT INTO many SELECT n, n, CONCAT('a note of some length, as rows have them ', n) FROM (${numbers(many)}) AS r`,
  ])
    await source.sql(sql);
  live = startLive({
    source: source.options,
    target: target.options,
    migration: "20261127_fence",
    rangeRows: 1000,
    verifies: true,
    moment: (moment) => onMoment(moment),
  });
  const { outcome } = await live.verify();
  expect(outcome.differences).toBe(0n);
}, 120_000);
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await source[Symbol.asyncDispose]();
  await target[Symbol.asyncDispose]();
});

/** As a person with a psql would: nobody's triggers, nobody's keys. */
const behind = (...statements: readonly string[]): Promise<unknown> =>
  target.sql(["SET session_replication_role = replica", ...statements].join(";\n"));

async function prove(over: Partial<AtFenceOptions> = {}): Promise<FenceProof> {
  await live.level();
  const { verifier } = await live.verifying();
  const proving = (tools: VerificationTools): Promise<FenceProof> =>
    proveAtFence({
      tools,
      full: "never",
      repair: null,
      gates: { gates: [], source: tools.source as never, target: tools.target as never },
      remaining: () => 30_000,
      caughtUp: (stop) => tools.following?.caughtUp("main", stop) ?? Promise.resolve(),
      signal,
      ...over,
    });
  return await verifier.alone(proving, signal);
}

/** What the engine does by itself between two looks at everything: rows that were touched, and nothing beside them. */
async function rowsOnly(): Promise<void> {
  await live.level();
  const { verifier } = await live.verifying();
  const request = { method: "stream", full: false, tables: null } as const;
  await verifier.alone((tools) => verify(tools, request, signal), signal);
}
const lines = ({ differences }: FenceProof): string[] =>
  differences
    .map(({ table, key, kind, columns, copies }) =>
      [table, table === "notes" ? "" : key.join(), kind, columns.join(), copies].join(" "),
    )
    .sort();

/** Ids that `touch` has made dirty and that the last proof of the test left so. */
async function touch(): Promise<void> {
  await source.sql("UPDATE users SET n = n + 1 WHERE id <= 200");
  await source.sql("INSERT INTO orders SELECT id + 100000, id, 7 FROM users WHERE id <= 20");
  await source.sql("DELETE FROM orders WHERE id BETWEEN 101 AND 105");
  await source.sql("UPDATE names SET n = -n WHERE n BETWEEN 1 AND 10");
  await source.sql("INSERT INTO notes VALUES (4, 'new')");
}

it("compares what was touched, and says what it did not compare", async () => {
  const before = await prove();
  expect(before).toMatchObject({ equal: true, keysAtFence: 0, full: false, wholeTables: [] });
  await touch();
  await live.level();
  const { tools } = await live.verifying();
  const forecast = await forecastFence({ ...tools, lagSeconds: 0.5, signal });
  expect(forecast).toMatchObject({ keys: 235, wholeTables: ["notes"], drainSeconds: 0.5 });
  const proof = await prove();
  expect(proof).toMatchObject({ equal: true, full: false, keysAtFence: 235, wholeTables: ["notes"] });
  expect(proof.rowsCleanBefore).toBe(users * 2 + 100 + 300 + many - 235);
  expect(proof.position).not.toBeNull();
  expect(JSON.parse(JSON.stringify(proof))).toEqual(proof);
});

const everyWay = [
  "UPDATE users SET n = n + 1 WHERE id = 10",
  "UPDATE users SET note = '' WHERE id = 1 OR id = 6",
  "DELETE FROM users WHERE id = 11",
  "INSERT INTO orders VALUES (103, 103, 1)",
  "DELETE FROM names WHERE n = -3",
  "DELETE FROM notes WHERE ctid = (SELECT min(ctid) FROM notes WHERE a = 1)",
  "INSERT INTO notes VALUES (2, 'y')",
];

it("finds what is broken in touched rows on either side, and brings it right where that was asked for", async () => {
  await behind(...everyWay);
  // Nobody's log has this one.
  await source.sql("SET SESSION sql_log_bin = 0");
  await source.sql("UPDATE users SET n = -1 WHERE id = 20");
  await source.sql("SET SESSION sql_log_bin = 1");
  const proof = await prove();
  expect(proof.equal).toBe(false);
  expect(lines(proof)).toEqual([
    "names Näme-3 missing  1",
    "notes  extra  1",
    "notes  missing  1",
    "orders 103 extra  1",
    "users 1 different note 1",
    "users 10 different n 1",
    "users 11 missing  1",
    "users 20 different n 1",
    "users 6 different note 1",
  ]);
  // The parent that is missing has a child; it is there again with the rows that are brought right.
  expect(proof.orphans).toMatchObject([
    { table: "orders", orphans: 1, keys: [["100011"]] },
    { table: "mails", orphans: 1, keys: [["11"]] },
  ]);
  const { mender, primary } = await live.verifying();
  const few = await prove({ repair: { most: 3, mender, primary } });
  expect(few).toMatchObject({ equal: false, repaired: 0, differing: 9 });
  const late = await prove({ repair: { most: 100, mender, primary }, remaining: () => 100 });
  expect(late).toMatchObject({ equal: false, repaired: 0 });
  const right = await prove({ repair: { most: 100, mender, primary } });
  expect(right).toMatchObject({ equal: true, repaired: 9, differing: 0, orphans: [] });
  expect((await live.verify()).outcome.differences).toBe(0n);
});

it("leaves clean rows alone and says so; the full comparison finds what is broken in them", async () => {
  await source.sql("UPDATE users SET n = n + 1 WHERE id = 1");
  await behind(
    "UPDATE users SET n = n + 1 WHERE id = 2500",
    "DELETE FROM many WHERE id = 7",
    "INSERT INTO names VALUES ('nobody', 0)",
  );
  const proof = await prove();
  expect(proof).toMatchObject({ equal: true, full: false });
  expect(proof.sentences.join(" ")).toMatch(/At least [\d,]+ rows were not compared inside the fence/u);
  expect(await prove({ full: "in-budget", remaining: () => 1 })).toMatchObject({ full: false });
  const full = await prove({ full: "in-budget", remaining: () => 600_000 });
  expect(full).toMatchObject({ equal: false, full: true, rowsCleanBefore: 0 });
  expect(lines(full)).toEqual(["many 7 missing  1", "names nobody extra  1", "users 2500 different n 1"]);
  // The ledger has them on record now, so they are no longer clean to anybody.
  expect(lines(await prove())).toEqual(lines(full));
  const { mender, primary } = await live.verifying();
  expect(await prove({ repair: { most: 3, mender, primary } })).toMatchObject({ equal: true, repaired: 3 });
});

it("a row that earlier looks left pending is looked at, and is a difference if it is one", async () => {
  const { tools } = await live.verifying();
  await behind("UPDATE users SET n = n + 1 WHERE id IN (2600, 2601)");
  const key = Buffer.from("000100000004" + (2600).toString(16).padStart(8, "0"), "hex");
  const run = await tools.ledger.begin({
    method: "stream",
    kind: "dirty",
    tables: ["users"],
    sample: null,
  });
  const suspect = { table: "users", key, kind: "different" as const, columns: ["n"], copies: 1 };
  await tools.ledger.settle(run.id, "users", [{ key, state: "pending", suspect }]);
  const proof = await prove();
  expect(lines(proof)).toEqual(["users 2600 different n 1"]);
  await behind("UPDATE users SET n = n - 1 WHERE id IN (2600, 2601)");
  expect(await prove()).toMatchObject({ equal: true, differing: 0 });
  expect(await tools.ledger.mismatchCounts()).toEqual([]);
});

it("finds children without a parent: those that were touched, and those whose parent went", async () => {
  await source.sql("SET SESSION foreign_key_checks = 0");
  await source.sql("DELETE FROM users WHERE id = 1500");
  await source.sql("INSERT INTO orders VALUES (900001, 800001, 1)");
  await source.sql("UPDATE users SET email = 'moved@x' WHERE id = 50");
  await source.sql("SET SESSION foreign_key_checks = 1");
  const proof = await prove();
  expect(proof).toMatchObject({ equal: false, differing: 0 });
  expect(proof.orphans.map(({ table, keys }) => [table, [...keys].sort()])).toEqual([
    ["orders", [["1500"], ["900001"]]],
    ["mails", [["50"]]],
  ]);
  await source.sql("DELETE FROM orders WHERE id IN (1500, 900001)");
  await source.sql("UPDATE users SET email = 'u50@x' WHERE id = 50");
  expect(await prove()).toMatchObject({ equal: true, orphans: [] });
});

it("finds them whatever looks at rows, or at one of the tables, came in between", async () => {
  await live.verify();
  expect((await prove()).sentences.join(" ")).not.toMatch(/All rows of/u);
  await source.sql("SET SESSION foreign_key_checks = 0");
  await source.sql("INSERT INTO orders VALUES (900002, 800002, 1)");
  await rowsOnly();
  await source.sql("DELETE FROM users WHERE id = 1501");
  const { verifier } = await live.verifying();
  await verifier.request(
    { method: "stream", full: false, tables: ["users"] },
    () => Promise.resolve(),
    signal,
  );
  const proof = await prove();
  expect(proof).toMatchObject({ equal: false, differing: 0, keysAtFence: 0 });
  expect(proof.orphans.map(({ table, keys }) => [table, [...keys].sort()])).toEqual([
    ["orders", [["1501"], ["900002"]]],
  ]);
  await source.sql("DELETE FROM orders WHERE id IN (1501, 900002)");
  await source.sql("INSERT INTO orders VALUES (900003, 1, 1)");
  await source.sql("SET SESSION foreign_key_checks = 1");
  await live.verify();
  await source.sql("UPDATE orders SET amount = 2 WHERE id = 900003");
  await rowsOnly();
  // The touched rows were asked as they were compared: nothing is asked as a whole.
  const known = await prove();
  expect(known).toMatchObject({ equal: true, orphans: [], keysAtFence: 0 });
  expect(known.sentences.join(" ")).not.toMatch(/All rows of/u);
});

it("sees who writes while it compares, and begins anew after it was stopped in the middle", async () => {
  await source.sql("UPDATE users SET n = n + 1 WHERE id = 31");
  const write = { done: Promise.resolve() };
  let once = true;
  onMoment = (moment) => {
    if (moment !== "verify:compared" || !once) return;
    once = false;
    write.done = source.sql("UPDATE users SET n = n + 1 WHERE id = 30").then(() => undefined);
  };
  const { tools } = await live.verifying();
  const moved = await prove({
    caughtUp: async (stop) => {
      await write.done;
      await tools.following?.caughtUp("main", stop);
    },
  });
  expect(once).toBe(false);
  expect(moved).toMatchObject({ equal: false, moved: ["users"] });
  await behind("UPDATE users SET n = n + 1 WHERE id = 30");
  const stop = new AbortController();
  onMoment = (moment) => {
    if (moment === "verify:compared") stop.abort(new Fault("interrupted", "The test stops it."));
  };
  await expect(prove({ signal: stop.signal })).rejects.toMatchObject({ code: "interrupted" });
  onMoment = () => undefined;
  const proof = await prove();
  expect(lines(proof)).toEqual(["users 30 different n 1"]);
  const { mender, primary } = await live.verifying();
  expect(await prove({ repair: { most: 3, mender, primary } })).toMatchObject({ equal: true, repaired: 1 });
});

it(`compares ${String(many)} touched keys`, async () => {
  await source.sql("UPDATE many SET n = n + 1");
  await live.level();
  const { tools } = await live.verifying();
  const forecast = await forecastFence({ ...tools, lagSeconds: 0, signal });
  const proof = await prove();
  expect(proof).toMatchObject({ equal: true });
  console.warn(
    `at the fence: ${String(proof.keysAtFence)} keys in ms ${JSON.stringify(proof.milliseconds)}, foretold ${forecast.proofSeconds.toFixed(2)} s, ${String(Math.round(process.memoryUsage().rss / 1e6))} MB`,
  );
});

it("takes nothing off the record while more rows differ than are listed, and goes on from nothing that it did not list", async () => {
  await behind("UPDATE many SET note = 'broken'");
  const { verifier, tools } = await live.verifying();
  await verifier.request({ method: "stream", full: true, tables: ["many"] }, () => Promise.resolve(), signal);
  const proof = await prove();
  expect(proof).toMatchObject({ equal: false, differing: many });
  const counts = await tools.ledger.mismatchCounts();
  expect(counts).toEqual([{ table: "many", state: "different", count: String(many) }]);
  const clean = (await tools.ledger.tables()).find(({ table }) => table === "many")?.clean;
  expect(clean).toBeNull();
  await behind(
    "UPDATE many SET note = 'a note of some length, as rows have them ' || id WHERE id NOT IN (3, 11990)",
  );
  const two = await prove();
  expect(lines(two)).toEqual(["many 11990 different note 1", "many 3 different note 1"]);
});
