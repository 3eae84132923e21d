/**
 * Generated changes of rows with columns of every kind, in transactions of one row and of many: each before-image in
 * the log is the row as it was, and what the log says in the end is what the copy's SELECT says. Then images with
 * bytes changed or cut off: a row of the right shape or a Fault, never another error and never a read past the end.
 * HEADGATE_SEED repeats a run; the gate takes 100,000 changes a server (HEADGATE_GATE=1), HEADGATE_TEST_CHANGES any number.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { tableMap } from "../../connectors/mysql/image/announced.js";
import { imageShape } from "../../connectors/mysql/image/shape.js";
import type { ImageShape } from "../../connectors/mysql/image/shape.js";
import type { ImageWorld } from "../../connectors/mysql/image/world.js";
import { Fault } from "../../src/errors.js";
import type { PlanTable, SourceEngine } from "../../src/model.js";
import { testSources } from "../world/matrix.js";
import { sourceUrl } from "../world/source-database.js";
import { cases } from "./cases.js";
import { offered, optionsOf, planned } from "./codec-world.js";
import { changesOf, copiedRows, fieldReader, firstDifference, freshDatabase, logEnd } from "./image-world.js";
import type { Fields } from "./image-world.js";
import { seeded } from "./sources.js";

const gate = process.env["HEADGATE_GATE"] === "1";
const seed = Number(process.env["HEADGATE_SEED"] ?? freshSeed());
const wanted = Number(process.env["HEADGATE_TEST_CHANGES"] ?? (gate ? 100_000 : 1000));
/** So many are written before the log is read on: what it has of them is less, by rollbacks and by what was so already. */
const batch = Math.min(2000, wanted / 4);
const poolSize = 100;

/** The first case of each type. */
const chosen = cases.filter(
  ({ ddl }, i) => !ddl.includes("😀") && cases.findIndex((other) => other.ddl === ddl) === i,
);

describe.each(testSources)("generated changes of %s", (name) => {
  const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";

  it(`are told whole by the log (seed ${seed})`, { timeout: 240_000 + wanted * 36 }, async () => {
    const url = await sourceUrl(name);
    await using admin = await freshDatabase(url);
    const { driver } = admin;
    const tried = await offered(
      driver,
      chosen.filter((one) => one.engine === undefined || one.engine === engine),
    );
    const random = seeded(seed);
    const pick = (count: number): number => Math.floor(random() * count);
    const pools = tried.map((one, i) => [
      "NULL",
      ...one.extremes,
      ...fc.sample(one.values, { seed: seed + i, numRuns: poolSize }),
    ]);
    const some = (column: number): string => pools[column]![pick(pools[column]!.length)]!;
    await driver.query(
      `CREATE TABLE t (id INT NOT NULL PRIMARY KEY, ${tried.map(({ ddl }, i) => `c${i} ${ddl}${/\bNULL\b/.test(ddl) ? "" : " NULL"}`).join(", ")}) ROW_FORMAT=DYNAMIC`,
    );
    const table = await planned(url, tried);
    const images: { readonly shape: ImageShape; readonly bytes: Buffer }[] = [];
    const announcements: { readonly body: Buffer; readonly world: ImageWorld }[] = [];
    const rows = new Map<number, Fields>();
    const idOf = (fields: Fields): number => fields[0]!.readInt32BE(0);
    const problems: string[] = [];
    let seen = 0;
    let start = await logEnd(driver);
    const readOn = async (): Promise<void> => {
      const from = start;
      start = await logEnd(driver);
      const changes = await changesOf(
        optionsOf(url),
        engine,
        table,
        from,
        (shape, bytes, at, end) => {
          if (images.length < 500) images.push({ shape, bytes: Buffer.from(bytes.subarray(at, end)) });
        },
        (body, world) => {
          if (announcements.length === 0) announcements.push({ body: Buffer.from(body), world });
        },
      );
      seen += changes.length;
      for (const { before, after } of changes) {
        if (before !== null) {
          const was = rows.get(idOf(before));
          const difference = was === undefined ? "no such row" : firstDifference(table, before, was);
          if (difference !== null) problems.push(`before-image of ${idOf(before)}: ${difference}`);
          rows.delete(idOf(before));
        }
        if (after !== null) rows.set(idOf(after), after);
      }
    };
    let unread = 0;
    let nextId = 1;
    while (seen < wanted) {
      const several = random() < 0.3;
      if (several) await driver.query("BEGIN");
      for (let statements = several ? 1 + pick(5) : 1; statements > 0; statements--) {
        const dice = random();
        const id = Math.max(1, nextId - pick(1500));
        let sql = `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + pick(3)}`;
        if (dice < 0.3) {
          const rows = Array.from(
            { length: 1 + pick(4) },
            () => `(${nextId++}, ${tried.map((_, i) => some(i)).join(", ")})`,
          );
          sql = `INSERT INTO t VALUES ${rows.join(", ")}`;
        } else if (dice < 0.4) sql = `UPDATE t SET id = ${nextId++} WHERE id = ${id}`;
        else if (dice < 0.85) {
          const columns = Array.from({ length: 1 + pick(4) }, () => pick(tried.length));
          const sets = [...new Set(columns)].map((column) => `c${column} = ${some(column)}`);
          sql = `UPDATE t SET ${sets.join(", ")} WHERE id BETWEEN ${id} AND ${id + pick(9)}`;
        }
        const [result] = await driver.query(sql);
        unread += "affectedRows" in result ? result.affectedRows : 0;
      }
      if (several) await driver.query(random() < 0.2 ? "ROLLBACK" : "COMMIT");
      if (unread >= batch) {
        await readOn();
        unread = 0;
      }
    }
    // What was written last was read: nothing ends the loop but a reading.
    const copied = await copiedRows(url, table, engine);
    expect(rows.size).toBe(copied.length);
    for (const row of copied) {
      const ours = rows.get(idOf(row));
      const difference = ours === undefined ? "not in the log" : firstDifference(table, ours, row);
      if (difference !== null) problems.push(`row ${idOf(row)}: ${difference}`);
    }
    expect(problems.slice(0, 20)).toEqual([]);

    const fields = fieldReader(table, engine);
    for (const { shape, bytes } of images.slice(0, 50)) {
      const order = Array.from({ length: 1 + pick(12) }, () => pick(table.columns.length));
      const whole = fields(shape, bytes, 0, bytes.length);
      // Any columns in any order, as keys and foreign keys ask for them.
      expect(fieldReader(table, engine, order)(shape, bytes, 0, bytes.length)).toEqual(
        order.map((column) => whole[column]),
      );
    }
    const outcomes = { rows: 0, faults: 0, refusals: 0 };
    for (let i = 0; i < (gate ? 200_000 : 5000); i++) {
      const { shape, bytes } = images[pick(images.length)]!;
      const outcome = outcomeOf(mutated(bytes, random), shape, fields);
      outcomes[outcome]++;
    }
    const announced = { shapes: 0, faults: 0 };
    const [{ body, world }] = announcements as [(typeof announcements)[number]];
    for (let i = 0; i < (gate ? 100_000 : 2000); i++) {
      const shape = announcedAs(mutated(body, random), table, world);
      if (shape === null) announced.faults++;
      else {
        announced.shapes++;
        outcomeOf(images[pick(images.length)]!.bytes, shape, fields);
      }
    }
    expect(announced.faults).toBeGreaterThan(100);
    console.log(
      `${name}, seed ${seed}: ${seen} changes of ${tried.length} columns, ${copied.length} rows left; mutated images: ${JSON.stringify(outcomes)}, announcements: ${JSON.stringify(announced)}`,
    );
    expect(outcomes.rows).toBeGreaterThan(100);
    expect(outcomes.faults).toBeGreaterThan(100);
  });
});

function mutated(image: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(image);
  for (let changes = Math.floor(random() * 3); changes >= 0; changes--)
    bytes[Math.floor(random() * bytes.length)] = random() < 0.3 ? 255 : Math.floor(random() * 256);
  return random() < 0.2 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

/** The shape of an announcement; null for a Fault that such bytes may end in. */
function announcedAs(body: Buffer, table: PlanTable, world: ImageWorld): ImageShape | null {
  try {
    return imageShape(tableMap(body, 0, body.length, world.engine), table, world);
  } catch (error) {
    if (error instanceof Fault && (error.code === "log-refused" || error.code === "schema-changed"))
      return null;
    throw error;
  }
}

/** What else is thrown is a failure of the test: a RangeError is a read past the end. */
function outcomeOf(
  bytes: Buffer,
  shape: ImageShape,
  fields: ReturnType<typeof fieldReader>,
): "rows" | "faults" | "refusals" {
  try {
    const end = shape.end(bytes, 0, bytes.length);
    if (end > bytes.length) throw new Error("an image ends past its bytes");
    fields(shape, bytes, 0, end);
    return "rows";
  } catch (error) {
    if (error instanceof Fault && error.code === "log-refused") return "faults";
    // What a cell says to a value that is one of its type and that its target does not hold.
    if (error instanceof Error && error.name === "Refusal") return "refusals";
    throw error;
  }
}
