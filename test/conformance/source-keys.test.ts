/**
 * Rows by lists of keys, on real servers: every key shape that the copy knows, with the texts that its codecs make of
 * the target's values. Each asked row comes, and comes once, along the key's index; what comes besides is what the
 * source's own collation holds equal. Keys that a policy or the target's type changed are found by what they were.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading, WireReader } from "../../connectors/mysql/read.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { PlanTable } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import type { PlanRequest } from "../../src/plan/request.js";
import { loadParser } from "../../src/translate/parser.js";
import { codecOf } from "../../src/typemap/compile.js";
import { rowEncoder } from "../../src/typemap/row.js";
import { RepairRows } from "../../src/verify/repair-rows.js";
import type { RepairRow } from "../../src/verify/repair-rows.js";
import { testSources } from "../world/matrix.js";
import { fieldsOf } from "./codec-world.js";
import { keyShapes } from "./key-shapes.js";
import type { KeyShape } from "./key-shapes.js";
import { named, openSink, seedOf, seeded, sources } from "./sources.js";
import type { TestSource } from "./sources.js";

const signal = new AbortController().signal;
const rows = 250;
const from = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;

/** Beside those of the copy: types whose text is none of the source's own spellings. */
const more: readonly KeyShape[] = [
  {
    name: "boolean, set",
    columns: ["k tinyint(1)", "s set('a','b','ä','c d')", "n int"],
    key: ["k", "s", "n"],
    row: (_, i) => [String(i % 2), from(["''", "'a'", "'a,b'", "'ä,c d'", "'a,b,ä,c d'"], i), String(i % 40)],
  },
  {
    name: "enum with an empty label, zero beside it",
    columns: ["k enum('','a','B')", "n int"],
    key: ["n", "k"],
    row: (_, i) => [from(["''", "'a'", "'B'"], i), String(i)],
  },
  {
    name: "bit 64",
    columns: ["b bit(64)", "c bit(1)"],
    key: ["b", "c"],
    row: (random, i) => [
      `b'${Array.from({ length: 64 }, () => (random() < 0.5 ? "1" : "0")).join("")}'`,
      `b'${String(i % 2)}'`,
    ],
  },
  {
    name: "uuids of any case, told apart by it",
    columns: ["k char(36) character set ascii collate ascii_bin"],
    key: ["k"],
    row: (random, i) => {
      const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
      const text = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/u, "$1-$2-$3-$4-");
      return [`'${i % 50 === 7 ? text.toUpperCase().replace(/A/gu, "a") : text}'`];
    },
  },
  {
    name: "NUL stripped",
    columns: ["k varchar(20) character set utf8mb4 collate utf8mb4_general_ci", "n int"],
    key: ["k", "n"],
    row: (_, i) => [from(["'a\\0b'", "'ab'", "'\\0'", "'c\\0'", "'d'"], i), String(i)],
  },
  {
    name: "UTF-8 in latin1",
    columns: ["k varchar(40) character set latin1 collate latin1_swedish_ci", "n int"],
    key: ["k", "n"],
    row: (_, i) => [
      `CONVERT(CAST('${from(["é", "日本", "plain", "€ß"], i)}' AS BINARY) USING latin1)`,
      String(i),
    ],
  },
  {
    name: "UTF-8 twice",
    columns: ["k varchar(40) character set utf8mb4 collate utf8mb4_bin", "n int"],
    key: ["k", "n"],
    row: (_, i) => [
      `CONVERT(CONVERT(CAST('${from(["é", "日本", "plain", "€ß"], i)}' AS BINARY) USING latin1) USING utf8mb4)`,
      String(i),
    ],
  },
  {
    name: "datetime, none among them",
    columns: ["k datetime(3)", "n int"],
    key: ["k", "n"],
    row: (_, i) => [
      from(["'0000-00-00'", "'2024-00-10 01:00:00'", "'2024-02-29 23:59:59.999'"], i),
      String(i),
    ],
  },
];
const shapes = [...keyShapes, ...more];
const nameOf = (shape: KeyShape): string => `t ${shape.name}`.slice(0, 60);
const tableOf = (name: string): { readonly table: string } => ({ table: `t ${name}`.slice(0, 60) });

const request: PlanRequest = {
  migration: "20261122_keys",
  schema: "public",
  include: ["*"],
  exclude: [],
  rename: {},
  names: "keep",
  rules: [
    { match: { ...tableOf("uuids of any case, told apart by it"), column: "k" }, to: { type: "uuid" } },
  ],
  policies: [
    { match: tableOf("date with zero and partial dates"), zeroDate: "-infinity" },
    { match: tableOf("datetime, none among them"), zeroDate: "-infinity" },
    { match: tableOf("NUL stripped"), nul: "strip" },
    { match: tableOf("utf8mb4 bytes that are no text"), nul: "strip" },
    { match: tableOf("text bin, control characters and backslashes"), nul: "strip" },
    { match: tableOf("UTF-8 in latin1"), badText: "recode(latin1)" },
    { match: tableOf("UTF-8 twice"), badText: "recode(latin1)" },
    { match: tableOf("bit, enum"), enumZero: "keep" },
    { match: tableOf("enum with an empty label, zero beside it"), enumZero: "keep" },
  ],
  lanes: "one",
};

let all: readonly TestSource[];
let seed: number;
const plans = new Map<string, readonly PlanTable[]>();

beforeAll(async () => {
  await loadParser();
  seed = seedOf(20261127, "source keys");
  all = await sources("source_keys");
  for (const one of all) {
    const random = seeded(seed);
    for (const shape of shapes) {
      if (shape.only !== undefined && shape.only !== one.name) continue;
      const clause = shape.keyClause ?? `primary key (${shape.key.join(", ")})`;
      await one.admin.query(
        `CREATE TABLE \`${nameOf(shape)}\` (${shape.columns.join(", ")}, filler char(50) default 'x', ${clause})`,
      );
      const names = shape.columns.map((column) => column.split(" ")[0]).join(", ");
      const values = Array.from({ length: rows }, (_, i) => `(${shape.row(random, i).join(", ")})`);
      await one.admin.query(`INSERT IGNORE INTO \`${nameOf(shape)}\` (${names}) VALUES ${values.join(", ")}`);
    }
    // An error value beside the label that looks like it.
    await one.admin.query(
      `INSERT IGNORE INTO \`${tableOf("enum with an empty label, zero beside it").table}\` (k, n) VALUES ('none such', 9999)`,
    );
    await using source = await openMysql(one.options);
    plans.set(one.name, plan(await source.catalogue(signal), request).tables);
  }
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

interface Row {
  /** The key's tuple and the whole row's, as texts of their own. */
  readonly key: string;
  readonly row: string;
  readonly texts: readonly string[];
}

async function read(
  one: TestSource,
  reader: WireReader,
  table: PlanTable,
  keys?: readonly (readonly string[])[],
): Promise<Row[]> {
  const pieces: Buffer[] = [];
  const encoder = rowEncoder(table, one.engine, {
    write: (bytes, released) => {
      pieces.push(Buffer.from(bytes));
      released();
      return true;
    },
    drained: () => Promise.resolve(),
  });
  const codecs = table.columns.map((column) => codecOf(column, one.engine));
  const places = table.key!.columns.map((name) => table.columns.findIndex(({ source }) => source === name));
  const query = {
    table: table.source,
    select: codecs.map((codec, i) => codec.select(`\`${table.columns[i]!.source}\``)),
    key: table.key,
    range: null,
    ordered: false,
    ...(keys === undefined
      ? {}
      : { keys: { texts: keys, columns: places.map((place) => table.columns[place]!) } }),
  };
  const { rows: count } = await reader.read(query, encoder, signal);
  encoder.finish();
  const found = fieldsOf(Buffer.concat(pieces)).map((fields) => ({
    key: places.map((place) => fields[place]!.toString("hex")).join(" "),
    row: fields.map((field) => field?.toString("hex") ?? "NULL").join(" "),
    texts: places.map((place) => codecs[place]!.decode(fields[place]!)),
  }));
  expect(count).toBe(found.length);
  return found;
}

const times = (list: readonly string[]): ReadonlyMap<string, number> => {
  const count = new Map<string, number>();
  for (const one of list) count.set(one, (count.get(one) ?? 0) + 1);
  return count;
};

describe.each(testSources)("%s", (name) => {
  const here = shapes.filter((shape) => shape.only === undefined || shape.only === name);

  it.for(here)("$name", async (shape) => {
    const one = named(all, name);
    const table = plans.get(name)?.find(({ source }) => source === nameOf(shape));
    if (table === undefined) throw new Error(`${shape.name} is not planned`);
    // A float is no key to tell rows apart by.
    expect(table.key === null).toBe(shape.columns.some((column) => /\b(?:float|double)\b/u.test(column)));
    if (table.key === null) return;
    const wire = await openReading(one.options);
    await using reader = new WireReader(wire, one.options);
    const whole = await read(one, reader, table);
    expect(whole.length).toBeGreaterThan(4);
    const present = times(whole.map(({ row }) => row));
    const asked = [...new Map(whole.map((row) => [row.key, row])).values()];
    const unique = (list: readonly Row[]): (readonly string[])[] => list.map(({ texts }) => texts);
    // All keys give all rows, each as often as it is there.
    expect(times((await read(one, reader, table, unique(asked))).map(({ row }) => row))).toEqual(present);
    // Some give their own rows, and what the collation holds equal.
    const some = asked.filter((_, i) => i % 7 === 3);
    const keys = new Set(some.map(({ key }) => key));
    const found = await read(one, reader, table, unique(some));
    const own = found.filter(({ key }) => keys.has(key)).map(({ row }) => row);
    expect(times(own)).toEqual(times(whole.filter(({ key }) => keys.has(key)).map(({ row }) => row)));
    for (const [row, count] of times(found.map(({ row: each }) => each)))
      expect(count).toBeLessThanOrEqual(present.get(row) ?? 0);
    // A repair asks by the same keys: a row that it does not find is a row that it takes away.
    const repairs = new RepairRows(table, one.engine);
    const keysOf = async (keys: readonly Buffer[] | null): Promise<Buffer[]> => {
      const seen = new Set<string>();
      const note = ({ key }: RepairRow): void => void seen.add(key);
      await (keys === null ? repairs.all(reader, note, signal) : repairs.byKeys(reader, keys, note, signal));
      return [...seen].sort().map((key) => Buffer.from(key, "latin1"));
    };
    const every = await keysOf(null);
    expect(every).toHaveLength(asked.length);
    expect(await keysOf(every)).toEqual(every);
    // Along the index: one row costs no look through the table, but where the values were changed on their way.
    const status = async (): Promise<number> =>
      (
        await wire.query(
          "SHOW SESSION STATUS WHERE Variable_name IN ('Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd_next')",
        )
      ).reduce((sum, row) => sum + Number(row[1]), 0);
    if (table.columns.some(({ column, targetType }) => targetType === "uuid" && column.charset !== null))
      return;
    const changed = request.policies.some(
      ({ match, nul, zeroDate }) =>
        match.table === table.source && (nul !== undefined || zeroDate !== undefined),
    );
    if (changed) return;
    const few = unique(asked.filter((_, i) => i % 40 === 20));
    // Once before, so that asking for the key's types is not counted; then the question itself reads a few.
    await read(one, reader, table, few);
    const before = await status();
    const got = await read(one, reader, table, few);
    const idle = await status().then(async (now) => now - before - ((await status()) - now));
    expect(idle - got.length, `${String(few.length)} keys`).toBeLessThanOrEqual(12);
  });

  it("keys that are too many or too long for one statement come in several, and none means none", async () => {
    const one = named(all, name);
    await one.admin.query(
      "CREATE TABLE many (a int, b varbinary(700), primary key (a, b)) CHARACTER SET latin1",
    );
    await one.admin.query(
      `INSERT INTO many SELECT n, REPEAT(CHAR(97 + n % 26), 1 + n % 700) FROM (
         SELECT d1.d + 10 * d2.d + 100 * d3.d + 1000 * d4.d AS n FROM ${["d1", "d2", "d3", "d4"]
           .map(
             (alias) =>
               `(${Array.from({ length: 10 }, (_, d) => `SELECT ${String(d)} AS d`).join(" UNION ALL ")}) ${alias}`,
           )
           .join(", ")}) x`,
    );
    await using source = await openMysql(one.options);
    const table = plan(await source.catalogue(signal), { ...request, include: ["many"] }).tables[0]!;
    await using reader = new WireReader(await openReading(one.options), one.options);
    const whole = await read(one, reader, table);
    expect(whole).toHaveLength(10_000);
    const found = await read(
      one,
      reader,
      table,
      whole.map(({ texts }) => texts),
    );
    expect(times(found.map(({ row }) => row))).toEqual(times(whole.map(({ row }) => row)));
    expect(await read(one, reader, table, [])).toEqual([]);
    expect(await read(one, reader, table, [["-1", "00"]])).toEqual([]);
    await one.admin.query("DROP TABLE many");
  });

  it("a key of another shape is no key, and a table without one has none", async () => {
    const one = named(all, name);
    await using reader = new WireReader(await openReading(one.options), one.options);
    const table = plans.get(name)![0]!;
    const query = { table: table.source, select: ["1"], range: null, ordered: false };
    const sink = openSink(() => undefined);
    for (const key of [null, { index: "PRIMARY", columns: ["nobody"], primary: true }, table.key])
      await expect(
        reader.read(
          { ...query, key, keys: { texts: [["1", "2", "3", "4", "5", "6"]], columns: [] } },
          sink,
          signal,
        ),
      ).rejects.toMatchObject({
        code: "bug",
      });
  });
});
