/**
 * Memory of a run, as the kernel counts it: the most that the process ever held is the same for twenty times the
 * rows, and a value of 64 MB passes byte for byte in a few times its size. The peaks are printed.
 */
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lastObject } from "./headgate.js";
import { journey, numbers, toTheEnd } from "./journey.js";
import type { Journey } from "./journey.js";

const mega = 1024 * 1024;

/**
 * A run of these tables alone from nothing to the end; its peak in bytes. The high-water mark is of the process's
 * own memory: what getrusage() says begins with the size of the process that started it.
 */
async function peak(trip: Journey, table: string, rows: number): Promise<number> {
  await trip.target.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  rmSync(join(trip.folder, ".headgate"), { recursive: true, force: true });
  trip.configure([`tables: { include: ["${table}"] }`, "snapshot: { rangeRows: 20000 }"]);
  const file = join(trip.folder, `${table}.peak`);
  const preload = `import { readFileSync, writeFileSync } from "node:fs";
    process.on("exit", () => {
      writeFileSync(${JSON.stringify(file)}, /VmHWM:\\s*(\\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
    });`;
  const running = trip.start(toTheEnd, {
    node: ["--import", `data:text/javascript,${encodeURIComponent(preload)}`],
  });
  const ended = await running.end;
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(lastObject(ended)["rows"]).toBe(rows);
  const bytes = Number(readFileSync(file, "utf8")) * 1024;
  console.log(`${table}: ${String(rows)} rows, peak ${(bytes / mega).toFixed(0)} MB`);
  return bytes;
}

it("is the same for 20,000 rows and for 400,000", async () => {
  await using trip = await journey("hg_memory");
  for (const [table, rows] of [
    ["few", 20_000],
    ["many", 400_000],
  ] as const) {
    await trip.source.sql(
      `CREATE TABLE ${table} (id INT PRIMARY KEY, amount DECIMAL(12,2), note VARCHAR(100), doc JSON, at DATETIME(3))`,
    );
    await trip.source.sql(
      `INSERT INTO ${table} SELECT n, n / 7, CONCAT('the note of row ', n), JSON_OBJECT('n', n, 'tags', JSON_ARRAY('a', 'b')),
              '2026-11-22 10:00:00.5' + INTERVAL n SECOND FROM (${numbers(rows)}) AS r`,
    );
  }
  const few = await peak(trip, "few", 20_000);
  const many = await peak(trip, "many", 400_000);
  expect(many - few).toBeLessThan(30 * mega);
  const [count] = await trip.target.sql("SELECT count(*)::text AS n, max(id)::text AS last FROM many");
  expect(count).toEqual({ n: "400000", last: "399999" });
});

it("holds a few values of 64 MB, and gives them on byte for byte", async () => {
  await using trip = await journey("hg_memory");
  await trip.source.sql("CREATE TABLE wide (id INT PRIMARY KEY, bytes LONGBLOB, words LONGTEXT)");
  const bytes = randomBytes(64 * mega);
  await trip.source.sql("INSERT INTO wide VALUES (1, ?, NULL), (2, '', 'a')", [bytes]);
  await trip.source.sql("INSERT INTO wide VALUES (3, NULL, CONCAT('x', REPEAT('é€😀 ', ?), 'y'))", [mega]);
  const most = await peak(trip, "wide", 3);
  expect(most).toBeLessThan(400 * mega);
  const onSource = await trip.source.sql(
    "SELECT CAST(id AS CHAR), LENGTH(bytes), SHA2(bytes, 256), LENGTH(words), SHA2(words, 256) FROM wide ORDER BY id",
  );
  const onTarget = await trip.target.sql(
    `SELECT id::text, octet_length(bytes)::text AS b, encode(sha256(bytes), 'hex') AS bh,
            octet_length(words)::text AS w, encode(sha256(convert_to(words, 'UTF8')), 'hex') AS wh FROM wide ORDER BY id`,
  );
  expect(onTarget.map((row) => Object.values(row))).toEqual(onSource);
  expect(onTarget[0]?.["b"]).toBe(String(64 * mega));
  expect(onTarget[2]?.["w"]).toBe(String(10 * mega + 2));
});
