/**
 * Where ORDER BY comes out otherwise on the target: `check` names two rows that really change places, asked here of
 * both servers with code of its own, and says nothing where the order is the same. A column without an index counts
 * too, and so does what only the end of an index shows.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { combinations, serversAreNamed } from "./matrix.js";

interface Found {
  readonly code: string;
  readonly object: string;
  readonly severity: string;
  readonly sentence: string;
  readonly count: number;
  readonly sampleKeys: readonly string[];
}

/** Every pair where servers are named, as the gate does; else one. */
const pairs = serversAreNamed ? combinations : combinations.slice(0, 1);

describe.each(pairs)("the order of texts from $source to $target", ({ source, target }) => {
  let trip: Journey;
  let told: readonly Found[];

  beforeAll(async () => {
    trip = await journey(`sort_order_${source}`, source, target);
    const sql = (text: string): Promise<unknown> => trip.source.sql(text);
    // The collation "C" by rule, so that it does not matter which locale the target's database was made with.
    await sql(`CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20) COLLATE utf8mb4_general_ci,
      nick VARCHAR(20) COLLATE utf8mb4_general_ci, city VARCHAR(20) COLLATE utf8mb4_unicode_ci,
      KEY name (name), KEY nick (nick(3)))`);
    await sql(
      "INSERT INTO people VALUES (70, 'Anna', 'x', 'a'), (30, 'bert', 'y', 'B'), (50, 'Carl', NULL, 'c'), (20, 'ANNA', 'X', 'D')",
    );
    // Latin1 has its euro sign at 0x80, before é; Unicode has it far behind.
    await sql(
      "CREATE TABLE prices (sign VARCHAR(5) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL, more INT, PRIMARY KEY (sign))",
    );
    await sql("INSERT INTO prices VALUES ('a', 1), ('€', 2), ('é', 3)");
    // The same order on both sides: bytes of UTF-8.
    await sql(
      "CREATE TABLE plain (id INT PRIMARY KEY, c VARCHAR(5) COLLATE utf8mb4_bin NOT NULL, KEY c (c))",
    );
    await sql("INSERT INTO plain VALUES (1, 'a'), (2, 'B'), (3, 'é'), (4, '😀'), (5, '～')");
    // Only its last texts tell, past as many as are read from its beginning.
    await sql(
      "CREATE TABLE queue (id INT PRIMARY KEY, c VARCHAR(5) CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL, KEY c (c))",
    );
    const many = Array.from({ length: 999 }, (_, at) => `(${String(at + 1)}, '${String(at + 1000)}')`);
    await sql(`INSERT INTO queue VALUES ${many.join(", ")}, (1000, 'a'), (1001, 'B')`);
    trip.configure(["typemap:", '  - { match: { collation: "*" }, to: { collation: c } }']);
    const said = await trip.said(0, "check");
    told = (said["findings"] as Found[]).filter(({ code }) => code === "sort-order");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  it("is told once for each collation, with two rows that change places", () => {
    expect(
      told.map(({ sampleKeys, count, severity, object }) => [sampleKeys, count, severity, object]),
    ).toEqual([
      [["30", "50"], 2, "info", `sort_order_${source}`],
      [["70", "30"], 1, "info", `sort_order_${source}`],
      [["€", "é"], 1, "info", `sort_order_${source}`],
      [["1000", "1001"], 1, "info", `sort_order_${source}`],
    ]);
    expect(told.map(({ sentence }) => /under (\w+).*: (\S+) of these two/.exec(sentence)?.slice(1))).toEqual([
      ["utf8mb4_general_ci", "people.name"],
      ["utf8mb4_unicode_ci", "people.city"],
      ["latin1_bin", "prices.sign"],
      ["latin1_swedish_ci", "queue.c"],
    ]);
  });

  it("is what the servers do: the rows that were named change places", async () => {
    await trip.said(0, "run", "--until", "copied");
    const asked = [
      ["people", "name", "id IN (30, 50)"],
      ["people", "city", "id IN (30, 70)"],
      ["queue", "c", "id > 999"],
      ["prices", "sign", "more IN (2, 3)"],
    ] as const;
    for (const [table, column, rows] of asked) {
      const query = `SELECT ${column} FROM ${table} WHERE ${rows} ORDER BY ${column}`;
      const before = (await trip.source.sql(query)).map(([text]) => text);
      const after = (await trip.target.sql(query)).map((row) => row[column]);
      expect(after).toEqual([...before].reverse());
    }
    const order = "SELECT c FROM plain ORDER BY c";
    expect((await trip.target.sql(order)).map(({ c }) => c)).toEqual(
      (await trip.source.sql(order)).map(([text]) => text),
    );
  });
});
