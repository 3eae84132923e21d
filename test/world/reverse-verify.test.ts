/**
 * Comparing in the other direction on real servers: sessions write the target as fast as they can, the way back brings it to
 * the source, and while nobody breaks anything nothing is accused. What is broken at the source behind its back is found,
 * whoever verifies goes on where a killed one was, and at a rollback the target's value wins where it was touched, and the
 * source's where it was not. HEADGATE_SEED repeats a life; HEADGATE_TEST_LIVES asks for more than a few.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { proveAtRollback } from "../../src/migration/at-rollback.js";
import { SoakVerifier } from "../../src/migration/soak-verifier.js";
import { keyTexts } from "../../src/verify/key-text.js";
import type { VerifyOutcome } from "../../src/verify/verification.js";
import { Random } from "../simulation/random.js";
import { loginOf } from "./accounts.js";
import { journey, numbers } from "./journey.js";
import type { Journey } from "./journey.js";
import { wayBackWorld } from "./way-back-world.js";
import type { WayBackWorld } from "./way-back-world.js";

const given = process.env["HEADGATE_SEED"];
const first = Number(given ?? freshSeed());
const lives = given === undefined ? Number(process.env["HEADGATE_TEST_LIVES"] ?? 1) : 1;
const rows = 600;
const hot = 12;
const everyMs = 20;
const signal = new AbortController().signal;

let trip: Journey;
let world: WayBackWorld;

beforeAll(async () => {
  trip = await journey("reverse_verify", "mysql9");
  for (const sql of [
    "CREATE TABLE users (id INT PRIMARY KEY, n BIGINT NOT NULL, note VARCHAR(60) NULL)",
    "CREATE TABLE words (w VARCHAR(40) PRIMARY KEY, n INT NOT NULL)",
    "CREATE TABLE bag (a INT, b VARCHAR(20))",
    `INSERT INTO users SELECT n, n * 1000003, IF(n % 5 = 0, NULL, CONCAT('note ', n)) FROM (${numbers(rows)}) AS r`,
    `INSERT INTO words SELECT CONCAT('Wörd ', n), n FROM (${numbers(rows)}) AS r`,
    "INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (2, 'y'), (NULL, NULL)",
  ])
    await trip.source.sql(sql);
  world = await wayBackWorld(trip);
}, 120_000);
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await trip[Symbol.asyncDispose]();
});

/** A session that writes until it is told to stop: values, rows that go and come, keys that change. */
async function write(seed: number, stop: AbortSignal): Promise<number> {
  const random = new Random(seed);
  const client = new Client(loginOf(trip.target.url));
  await client.connect();
  let written = 0;
  try {
    while (!stop.aborted) {
      const id = random.below(hot);
      const statements = [
        `UPDATE users SET n = n + ${String(random.below(3))} WHERE id = ${String(id)}`,
        `DELETE FROM users WHERE id = ${String(100 + id)}`,
        `INSERT INTO users VALUES (${String(100 + id)}, ${String(written)}, 'again') ON CONFLICT DO NOTHING`,
        `UPDATE users SET id = ${String(rows + id)} WHERE id = ${String(200 + id)} AND NOT EXISTS (SELECT FROM users WHERE id = ${String(rows + id)})`,
        `UPDATE users SET id = ${String(200 + id)} WHERE id = ${String(rows + id)} AND NOT EXISTS (SELECT FROM users WHERE id = ${String(200 + id)})`,
        `UPDATE words SET n = n + 1 WHERE w = 'Wörd ${String(id)}'`,
        `INSERT INTO bag VALUES (${String(id)}, 'hot')`,
        `DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag WHERE b = 'hot')`,
      ];
      // Of a table without a key every write is a write of all of it: seldom, or no look at it is ever still.
      const kinds = random.chance(0.05) ? 8 : 6;
      const some = Array.from({ length: 1 + random.below(3) }, () => statements[random.below(kinds)] ?? "");
      try {
        await client.query(["BEGIN", ...some, "COMMIT"].join(";"));
        written += 1;
      } catch (error) {
        // Two sessions that want each other's rows, or the same new key.
        if (!/deadlock|duplicate key/u.test(String(error))) throw error;
        await client.query("ROLLBACK");
      }
      // A rate that two cores bring back as well.
      await sleep(everyMs);
    }
  } finally {
    await client.end();
  }
  return written;
}

const lines = (outcome: VerifyOutcome): string[] =>
  outcome.tables
    .flatMap(({ table, mismatches }) =>
      mismatches.map(({ key, kind, columns }) =>
        [
          table.source,
          table.key === null ? "" : keyTexts(table, "mysql", key).join(),
          kind,
          columns.join(),
        ].join(" "),
      ),
    )
    .sort();

async function verifier(): Promise<SoakVerifier> {
  const quiet = { onVerified: () => undefined, onFailure: () => undefined };
  return new SoakVerifier({ tools: await world.tools(), ...quiet });
}

/** Nobody's log that is read has it. */
const atSource = async (...statements: readonly string[]): Promise<void> => {
  for (const sql of statements) await trip.source.sql(sql);
};

it.each(Array.from({ length: lives }, (_, at) => first + at))(
  "accuses nobody while sessions write (seed %i), then finds what is broken",
  { timeout: 300_000 },
  async (seed) => {
    const soak = await verifier();
    const stop = new AbortController();
    const writing = [1, 2, 3].map((n) => write(seed * 10 + n, stop.signal));
    try {
      for (let round = 0; round < 2; round += 1) {
        const outcome = await world.alive(soak.round(round === 1, signal));
        expect(lines(outcome)).toEqual([]);
      }
      // A key that was touched before, which nobody writes to now, and one that nobody ever has.
      await trip.target.sql(`UPDATE users SET note = 'seed ${String(seed)}' WHERE id = 300`);
      await world.level();
      await atSource(
        "UPDATE users SET note = 'broken' WHERE id = 300",
        "UPDATE words SET n = -1 WHERE w = 'Wörd 400'",
      );
      expect(lines(await world.alive(soak.round(false, signal)))).toEqual(["users 300 different note"]);
      // Another engine goes on with what is on record.
      const next = await verifier();
      expect(lines(await world.alive(next.round(false, signal)))).toEqual(["users 300 different note"]);
      expect(next.status.diverged).toEqual([{ table: "users", rows: "1" }]);
      expect(lines(await world.alive(next.round(true, signal)))).toEqual([
        "users 300 different note",
        "words Wörd 400 different n",
      ]);
      await atSource(
        `UPDATE users SET note = 'seed ${String(seed)}' WHERE id = 300`,
        "UPDATE words SET n = 400 WHERE w = 'Wörd 400'",
      );
      expect(lines(await world.alive(next.round(false, signal)))).toEqual([]);
    } finally {
      stop.abort();
    }
    const written = await Promise.all(writing);
    for (const count of written) expect(count).toBeGreaterThan(0);
    await world.level();
    expect(lines(await (await verifier()).round(true, signal))).toEqual([]);
  },
);

it("at a rollback brings home what was touched, and leaves the source's value where nobody touched it", async () => {
  await trip.target.sql("UPDATE users SET n = 7 WHERE id BETWEEN 20 AND 29");
  await trip.target.sql("DELETE FROM users WHERE id BETWEEN 30 AND 34");
  await trip.target.sql("INSERT INTO users SELECT i, 1, 'new' FROM generate_series(5001, 5005) AS i");
  await trip.target.sql("INSERT INTO bag VALUES (77, 'new')");
  await world.level();
  await world.still();
  const tools = await world.tools();
  const prove = (most: number, full = false) =>
    proveAtRollback({
      ...{ tools, from: 0n, most, full, signal },
      leftOut: () => false,
      writer: () => world.writer(),
      position: () => world.wayBack.position(),
    });
  expect(await prove(0)).toMatchObject({ at: "rollback", equal: true, keysAtFence: 20, repaired: 0 });
  await atSource(
    "UPDATE users SET n = 8 WHERE id = 20",
    "INSERT INTO users VALUES (30, 1, 'back')",
    "DELETE FROM users WHERE id = 5001",
    "DELETE FROM bag WHERE a = 77",
    "INSERT INTO bag VALUES (1, 'x')",
    "UPDATE users SET n = -9 WHERE id = 450",
  );
  const refused = await prove(0);
  expect(refused).toMatchObject({ equal: false, differing: 5, repaired: 0 });
  // What nobody has touched is no row that has to go back, and is not named as one.
  expect(refused.differences.map(({ table, key }) => [table, ...key].join(" "))).toEqual([
    expect.stringMatching(/^bag [0-9a-f]{64}$/u),
    expect.stringMatching(/^bag [0-9a-f]{64}$/u),
    "users 20",
    "users 30",
    "users 5001",
  ]);
  const proof = await prove(100);
  expect(proof).toMatchObject({ equal: true, differing: 0, repaired: 5 });
  const full = await prove(100, true);
  expect(full).toMatchObject({ equal: true, full: true, differing: 0, repaired: 0 });
  expect(full.sentences.join(" ")).toMatch(
    /1 row\(s\) of the target differ that nothing in its log has touched/u,
  );
  expect(await trip.source.sql("SELECT n FROM users WHERE id IN (20, 450) ORDER BY id")).toEqual([
    ["7"],
    ["-9"],
  ]);
  expect(await trip.source.sql("SELECT COUNT(*) FROM users WHERE id IN (30, 5001)")).toEqual([["1"]]);
  expect(await trip.source.sql("SELECT COUNT(*) FROM bag WHERE a IN (1, 77) AND b <> 'hot'")).toEqual([
    ["3"],
  ]);
  // A batch has touched more keys than it wrote down: whether row 450 was among them is not known.
  await atSource("UPDATE headgate.reverse_dirty SET touched = NULL WHERE table_name = 'users'");
  const unsure = await prove(100, true);
  expect(unsure).toMatchObject({ equal: false, differing: 1 });
  expect(unsure.sentences.join(" ")).toMatch(/1 row\(s\) of the target differ[^.]*nobody can tell/u);
  expect(await trip.source.sql("SELECT n FROM users WHERE id = 450")).toEqual([["-9"]]);
});
