/**
 * A copy beside a writer. While tables with keys of every shape are read in many ranges, a seeded writer inserts,
 * deletes, updates and moves rows of its own between the others. Whatever it does, each row that it leaves alone is
 * on the target exactly once and unchanged, and no key is there twice. (What becomes of the writer's own rows is the
 * stream's matter.)
 */
import { expect, it } from "vitest";
import { seeded } from "./demo/random.js";
import { journey, numbers, toTheEnd, unequal, untilDone } from "./journey.js";
import type { Journey } from "./journey.js";

interface Keyed {
  readonly columns: Readonly<Record<string, string>>;
  /** The key of the row number `n`, an SQL expression, one for each column. */
  readonly of: (n: string) => readonly string[];
}

/** Keys that are negative, zero and positive; in any case and any order; binary; of two columns. */
const tables: Readonly<Record<string, Keyed>> = {
  by_number: { columns: { k: "INT" }, of: (n) => [`(${n} - 2000) * 7`] },
  by_pair: { columns: { a: "INT", b: "VARCHAR(10)" }, of: (n) => [`${n} % 13 - 6`, `CONCAT('b', ${n})`] },
  by_text: {
    columns: { k: "VARCHAR(40)" },
    of: (n) => [`CONCAT(IF(${n} % 2, 'Key ', 'key-'), CONV(${n} * 7919 % 4001, 10, 36), ' ', ${n})`],
  },
  by_uuid: { columns: { k: "BINARY(16)" }, of: (n) => [`UNHEX(LEFT(SHA2(${n}, 256), 32))`] },
  by_uuid_text: {
    columns: { k: "CHAR(36)" },
    of: (n) => [
      `CONCAT_WS('-', LEFT(SHA2(${n}, 256), 8), MID(SHA2(${n}, 256), 9, 4), MID(SHA2(${n}, 256), 13, 4), RIGHT(SHA2(${n}, 256), 17))`,
    ],
  },
};
const names = Object.keys(tables);
const rows = 4000;
const kept = rows / 2;

async function fill(trip: Journey): Promise<void> {
  for (const [table, { columns, of }] of Object.entries(tables)) {
    const key = Object.keys(columns).join(", ");
    const declared = Object.entries(columns).map((column) => column.join(" "));
    await trip.source.sql(
      `CREATE TABLE ${table} (${declared.join(", ")}, n INT NOT NULL, mine BOOLEAN NOT NULL, note VARCHAR(200),
         PRIMARY KEY (${key}), KEY (n))`,
    );
    await trip.source.sql(
      `INSERT INTO ${table} SELECT ${of("n").join(", ")}, n, n % 2, REPEAT(CHAR(97 + n % 26), n % 200)
         FROM (${numbers(rows)}) AS r`,
    );
  }
}

/** Writes until told to stop; only rows whose n is odd, which are its own. Returns the number of statements. */
async function write(
  trip: Journey,
  seed: number,
  stop: () => boolean,
  counts: () => boolean,
): Promise<number> {
  const random = seeded(seed);
  let counted = 0;
  while (!stop()) {
    const table = names[random.int(names.length)] ?? "";
    const n = random.int(rows) * 2 + 1;
    const [of, columns] = [tables[table]?.of ?? (() => []), Object.keys(tables[table]?.columns ?? {})];
    const near = `n BETWEEN ${String(n - 20)} AND ${String(n)} AND mine`;
    const elsewhere = of(`(n + ${String(random.int(rows) * 2)})`);
    const change = [
      `REPLACE INTO ${table} SELECT ${of("n").join(", ")}, n, 1, 'written' FROM (SELECT ${String(n)} AS n) AS r`,
      `DELETE FROM ${table} WHERE ${near}`,
      `UPDATE ${table} SET note = 'changed' WHERE ${near}`,
      // Out of the range that is read, or into it. A key that is taken stays where it is.
      `UPDATE IGNORE ${table} SET ${columns.map((name, at) => `${name} = ${elsewhere[at] ?? ""}`).join(", ")} WHERE ${near}`,
    ][random.int(4)];
    await trip.source.sql(change ?? "");
    if (counts()) counted += 1;
  }
  return counted;
}

it("brings every row that nobody touches, exactly once", async () => {
  const seed = Number(process.env["HEADGATE_SEED"] ?? 14);
  console.log(`writer's seed ${String(seed)}`);
  await using trip = await journey("hg_writes");
  await fill(trip);
  trip.configure(["snapshot: { rangeRows: 100 }"]);
  const running = trip.start(toTheEnd);
  let [copying, over] = [false, false];
  void running.end.then(() => (over = true));
  const writing = write(
    trip,
    seed,
    () => over,
    () => copying,
  );
  await untilDone(trip, running, 1);
  copying = true;
  const ended = await running.end;
  expect(ended.code, ended.stdout + ended.stderr).toBe(0);
  expect(await writing).toBeGreaterThan(20);

  for (const table of names) {
    const [count] = await trip.target.sql(
      `SELECT count(*) FILTER (WHERE NOT mine)::text AS kept FROM ${table}`,
    );
    expect(count?.["kept"], table).toBe(String(kept));
    const [key] = await trip.target.sql(
      "SELECT convalidated FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'",
      [table],
    );
    expect(key, `the key of ${table}`).toBeDefined();
    await trip.source.sql(`DELETE FROM ${table} WHERE mine`);
    await trip.target.sql(`DELETE FROM ${table} WHERE mine`);
  }
  const verdicts = await trip.judge();
  expect(unequal(verdicts)).toEqual([]);
  expect(verdicts.map((verdict) => verdict.rowsTarget)).toEqual(names.map(() => String(kept)));
});
