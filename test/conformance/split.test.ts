/**
 * Ranges of keys of any shape, on real servers: together they hold every row of the table exactly once, each about
 * as large as asked, and reading one touches the rows of that range only. Under concurrent inserts and deletes a row
 * that is there throughout is read exactly once.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, WireReader } from "../../connectors/mysql/read.js";
import { splitTable } from "../../connectors/mysql/split.js";
import type { PlanTable, Range } from "../../src/model.js";
import { keyShapes } from "./key-shapes.js";
import type { KeyShape } from "./key-shapes.js";
import { ownServer, testSources } from "../world/matrix.js";
import { named, openAdmin, openSink, planTable, seedOf, seeded, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const signal = new AbortController().signal;
const rows = 2500;
const rangeRows = 100;
let all: readonly TestSource[];
let seed: number;

beforeAll(async () => {
  seed = seedOf(20261122, "split");
  all = await sources("read_split");
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

/** Whether the server knows the types and collations of the key's columns. */
async function takes(one: TestSource, shape: KeyShape): Promise<boolean> {
  try {
    await one.admin.query(`CREATE TEMPORARY TABLE probe (${shape.columns.join(", ")})`);
    await one.admin.query("DROP TEMPORARY TABLE probe");
    return true;
  } catch (error) {
    // A type that is no word to the server, and a collation that it does not know.
    if (error instanceof Error && "errno" in error && [1064, 1273, 4161].includes(Number(error.errno)))
      return false;
    throw error;
  }
}

async function fill(one: TestSource, table: string, shape: KeyShape): Promise<number> {
  const random = seeded(seed);
  const clause = shape.keyClause ?? `primary key (${shape.key.join(", ")})`;
  await one.admin.query(
    `CREATE TABLE \`${table}\` (${shape.columns.join(", ")}, filler char(50) default 'x', ${clause})`,
  );
  const names = shape.columns.map((column) => column.split(" ")[0]).join(", ");
  const values = Array.from({ length: rows }, (_, i) => `(${shape.row(random, i).join(", ")})`);
  await one.admin.query(`INSERT IGNORE INTO \`${table}\` (${names}) VALUES ${values.join(", ")}`);
  await one.admin.query(`ANALYZE TABLE \`${table}\``);
  return count(one, table);
}

async function count(one: TestSource, table: string): Promise<number> {
  const [result] = await one.admin.query(`SELECT COUNT(*) AS n FROM \`${table}\``);
  return Number((result as { n: string }[])[0]!.n);
}

async function ranges(one: TestSource, table: PlanTable, size = rangeRows): Promise<Range[]> {
  await using wire = await openReading(one.options);
  const found: Range[] = [];
  for await (const range of splitTable(wire, table, size, signal)) found.push(range);
  return found;
}

/** Reads every range; how often each row came, the rows of each range, and index entries touched a row. */
async function readAll(
  one: TestSource,
  table: PlanTable,
  found: readonly Range[],
): Promise<{ seen: Map<string, number>; sizes: number[]; touched: number }> {
  const wire = await openReading(one.options);
  await using reader = new WireReader(wire, one.options);
  const seen = new Map<string, number>();
  const sizes: number[] = [];
  const touches = async (): Promise<number> => {
    const status = await wire.query(
      "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd_next', 'Handler_read_key')",
    );
    return status.reduce((sum, row) => sum + Number(row[1]), 0);
  };
  // Once before, so that asking for the key's types is not counted.
  const sink = openSink((packet, start, end) => {
    const row = packet.toString("latin1", start, end);
    seen.set(row, (seen.get(row) ?? 0) + 1);
  });
  const key = table.key!.columns.flatMap((name) => [`\`${name}\``, `HEX(\`${name}\`)`]);
  let touched = 0;
  for (const range of found) {
    const before = await touches();
    const { rows: size } = await reader.read(
      { table: table.source, select: key, key: table.key, range, ordered: false },
      sink,
      signal,
    );
    if (sizes.length > 0) touched = Math.max(touched, (await touches()) - before - size);
    sizes.push(size);
  }
  return { seen, sizes, touched };
}

function contiguous(found: readonly Range[]): void {
  expect(found[0]!.lower).toBeNull();
  expect(found.at(-1)!.upper).toBeNull();
  found.forEach((range, i) => {
    expect(range.number).toBe(i);
    if (i > 0) expect(range.lower).toEqual(found[i - 1]!.upper);
  });
}

describe.each(testSources)("%s", (name) => {
  const here = keyShapes.filter((shape) => shape.only === undefined || shape.only === name);

  it.for(here)("$name", async (shape, { skip }) => {
    const one = named(all, name);
    // The stack's servers are known; one's own may be older than the one whose tests it passes.
    if (ownServer("SOURCE") !== undefined && !(await takes(one, shape)))
      skip(`the source has no ${shape.name}`);
    const table = planTable(`t ${shape.name}`.slice(0, 60), shape.key, shape.index);
    const total = await fill(one, table.source, shape);
    const found = await ranges(one, table);
    contiguous(found);
    const { seen, sizes, touched } = await readAll(one, table, found);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(total);
    expect(seen.size).toBe(total);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
    if (shape.single === true) expect(found).toHaveLength(1);
    else {
      expect(Math.max(...sizes)).toBeLessThanOrEqual(rangeRows * 2.5 + (shape.group ?? 0));
      expect(found.length).toBeLessThanOrEqual((2.5 * total) / rangeRows + 2);
      // Index dives into a range beside the rows it holds; a scan would touch hundreds.
      expect(touched).toBeLessThanOrEqual(20);
    }
  });

  it("a table that fits a range is one, unbounded; so is an empty one, one without key, one cut exactly", async () => {
    const one = named(all, name);
    await one.admin.query("CREATE TABLE small (k int primary key); INSERT INTO small VALUES (1), (2), (3)");
    await one.admin.query("CREATE TABLE nothing (k int primary key)");
    const whole = [{ table: "small", number: 0, lower: null, upper: null }];
    expect(await ranges(one, planTable("small", ["k"]), 3)).toEqual(whole);
    expect(await ranges(one, planTable("small", ["k"]), 2)).toHaveLength(2);
    expect(await ranges(one, planTable("small", null), 1)).toEqual(whole);
    expect(await ranges(one, planTable("small", ["k"], "PRIMARY", true), 1)).toEqual(whole);
    expect(await ranges(one, planTable("nothing", ["k"]), 1)).toHaveLength(1);
  });

  it("statistics that know nothing of a load don't make one huge range", async () => {
    const one = named(all, name);
    await one.admin.query(
      "CREATE TABLE stale (k int primary key) STATS_AUTO_RECALC = 0; ANALYZE TABLE stale",
    );
    const values = Array.from({ length: 20000 }, (_, i) => `(${i * 3})`).join(", ");
    await one.admin.query(`INSERT INTO stale VALUES ${values}`);
    const table = planTable("stale", ["k"]);
    const { sizes } = await readAll(one, table, await ranges(one, table));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20000);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(250);
  });

  it.each([
    ["int", (i: number) => String(i)],
    ["varchar(30) collate utf8mb4_unicode_ci", (i: number) => `'${String((i * 7919) % 100000)}ä'`],
  ])("rows that stay are read exactly once while others come and go (%s)", async (type, literal) => {
    const one = named(all, name);
    const random = seeded(seed);
    const table = planTable(`busy ${type.slice(0, 3)}`, ["k"]);
    await one.admin.query(
      `CREATE TABLE \`${table.source}\` (k ${type} character set utf8mb4 primary key, stays int)`
        .replace("int character set utf8mb4 primary", "int primary")
        .replace(/(collate \w+) (character set utf8mb4)/u, "$2 $1"),
    );
    const insert = (i: number, stays: number): string => `(${literal(i)}, ${stays})`;
    const kept = Array.from({ length: 4000 }, (_, i) => insert(i * 5, 1));
    await one.admin.query(`INSERT INTO \`${table.source}\` VALUES ${kept.join(", ")}`);
    await one.admin.query(`ANALYZE TABLE \`${table.source}\``);
    const writer = await openAdmin(one.root);
    await writer.query(`USE \`${one.options.database}\``);
    const writers = new AbortController();
    let written = 0;
    const writing = (async () => {
      while (!writers.signal.aborted) {
        const i = Math.floor(random() * 20000);
        if (i % 5 === 0) continue;
        await writer.query(
          random() < 0.6
            ? `INSERT IGNORE INTO \`${table.source}\` VALUES ${insert(i, 0)}`
            : `DELETE FROM \`${table.source}\` WHERE k = ${literal(i)}`,
        );
        written++;
      }
    })();
    const found: Range[] = [];
    const seen = new Map<string, number>();
    {
      await using wire = await openReading(one.options);
      await using reader = new WireReader(await openReading(one.options), one.options);
      const sink = openSink((packet, start, end) => {
        if (packet[end - 1] !== 0x31) return;
        const row = packet.toString("latin1", start, end);
        seen.set(row, (seen.get(row) ?? 0) + 1);
      });
      for await (const range of splitTable(wire, table, rangeRows, signal)) {
        found.push(range);
        const query = {
          table: table.source,
          select: ["HEX(k)", "CAST(stays AS CHAR)"],
          key: table.key,
          range,
          ordered: false,
        };
        await reader.read(query, sink, signal);
      }
    }
    writers.abort();
    await writing;
    await writer.end();
    contiguous(found);
    expect(written).toBeGreaterThan(20);
    expect(found.length).toBeGreaterThan(20);
    expect(seen.size).toBe(4000);
    expect([...seen.values()].every((times) => times === 1)).toBe(true);
  });
});
