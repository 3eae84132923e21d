/**
 * The packet reader against mysql2's own decoder: random tables, random rows, the same prepared statement through
 * both, every cell equal. The read buffer is small and of odd size, so that packets arrive in pieces all the time.
 * HEADGATE_TEST_TABLES sets how many tables a server gets.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openReading } from "../../connectors/mysql/read.js";
import type { Cell } from "../../connectors/mysql/wire/cells.js";
import type { TestSource } from "./sources.js";
import { testSources } from "../world/matrix.js";
import { takesType } from "./codec-world.js";
import { named, seedOf, seeded, sources } from "./sources.js";
import {
  anyDate,
  binary,
  bit,
  characters,
  datetime,
  decimal,
  double,
  float,
  integer,
  oneOf,
  someOf,
  time,
  timestamp,
  uuid,
} from "./values.js";
import { inet6, json } from "./values-document.js";
import type { Literal } from "./values.js";

const labels = ["x", "y, z", "é", "it's"];
const quotedLabels = labels.map((label) => `'${label.replaceAll("'", "''")}'`).join(",");

/** Column types and the values that go in. */
const kinds: readonly (readonly [type: string, values: Literal, only?: string])[] = [
  ["tinyint", integer(8, true)],
  ["tinyint unsigned", integer(8, false)],
  ["smallint", integer(16, true)],
  ["smallint unsigned", integer(16, false)],
  ["mediumint", integer(24, true)],
  ["mediumint unsigned", integer(24, false)],
  ["int", integer(32, true)],
  ["int unsigned zerofill", integer(32, false)],
  ["bigint", integer(64, true)],
  ["bigint unsigned", integer(64, false)],
  ["decimal(65,30)", decimal(65, 30)],
  ["decimal(9,0) unsigned", decimal(9, 0, false)],
  ["float", float],
  ["double", double],
  ["year", fc.constantFrom("0", "1901", "2155", "2024")],
  ["date", anyDate],
  ["datetime", datetime(0)],
  ["datetime(6)", datetime(6)],
  ["timestamp(3) null", timestamp(3)],
  ["time", time(838, 0, true)],
  ["time(6)", time(837, 6, true)],
  ["char(40)", characters(40)],
  ["varchar(300) character set latin1", characters(100)],
  ["text", characters(500)],
  ["mediumtext", fc.integer({ min: 1, max: 70_000 }).map((length) => `REPEAT('aé', ${length})`)],
  ["binary(20)", binary(0, 20)],
  ["varbinary(300)", binary(0, 300)],
  ["longblob", fc.integer({ min: 0, max: 140_000 }).map((length) => `REPEAT(x'00ff', ${length})`)],
  ["bit(1)", bit(1)],
  ["bit(64)", bit(64)],
  [`enum(${quotedLabels})`, oneOf(labels)],
  [`set('p','q','r')`, someOf(["p", "q", "r"])],
  ["json", json],
  ["uuid", uuid, "mariadb"],
  ["inet6", inet6, "mariadb"],
];

let all: readonly TestSource[];
let seed: number;

beforeAll(async () => {
  seed = seedOf(20261123, "packets");
  all = await sources("read_packets");
});

afterAll(async () => {
  for (const { admin } of all) await admin.end();
});

/** mysql2's value in the spelling of cells.ts; fractions without the zeros that mysql2 leaves out. */
function spelled(value: unknown): Cell {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return value.toString("hex");
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new Error(`mysql2 decoded to ${typeof value}`);
}

function comparable(cell: Cell, type: string): Cell {
  if (cell === null) return null;
  if (/^(datetime|timestamp|time)/u.test(type)) return cell.replace(/(\.\d*?)0+$/u, "$1").replace(/\.$/u, "");
  return type === "year" ? cell.replace(/^0+(?=\d)/u, "") : cell;
}

describe.each(testSources)("%s", (name) => {
  const tables = Number(process.env["HEADGATE_TEST_TABLES"] ?? 25);

  it(`${tables} random tables, cell by cell as mysql2 decodes them`, async () => {
    const one = named(all, name);
    const random = seeded(seed);
    const usable: (typeof kinds)[number][] = [];
    for (const kind of kinds)
      if ((kind[2] === undefined || kind[2] === name) && (await takesType(one.admin, kind[0])))
        usable.push(kind);
    let cells = 0;
    for (let number = 0; number < tables; number++) {
      const width = 1 + Math.floor(random() ** 2 * 60);
      const columns = Array.from({ length: width }, () => usable[Math.floor(random() * usable.length)]!);
      const list = columns.map(([type], i) => `c${i} ${type}`).join(", ");
      await one.admin.query(
        `DROP TABLE IF EXISTS t; CREATE TABLE t (n int primary key auto_increment, ${list})`,
      );
      const rows = 1 + Math.floor(random() * 40);
      const values = columns.map(([, literal], i) =>
        fc.sample(fc.option(literal, { freq: 5, nil: "NULL" }), {
          numRuns: rows,
          seed: seed + number * 100 + i,
        }),
      );
      for (let row = 0; row < rows; row++)
        await one.admin.query(
          `INSERT INTO t VALUES (NULL, ${values.map((column) => column[row]).join(", ")})`,
        );
      const sql = `SELECT ${columns.map((_, i) => `c${i}`).join(", ")} FROM t ORDER BY n`;
      const [theirs] = await one.admin.execute({ sql, rowsAsArray: true });
      await using wire = await openReading(one.options, 300 + Math.floor(random() * 3000));
      const ours = await wire.select({ sql, params: [] });
      expect(ours).toHaveLength(rows);
      (theirs as unknown[][]).forEach((row, r) =>
        row.forEach((value, c) => {
          const type = columns[c]![0];
          const place = `table ${number}, row ${r}, ${type}`;
          expect(comparable(ours[r]![c]!, type), place).toBe(comparable(spelled(value), type));
          cells++;
        }),
      );
    }
    expect(cells).toBeGreaterThan(tables);
  });
});
