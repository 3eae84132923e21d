/**
 * What MariaDB alone has in its log: temporals of the old format, compressed columns, and rows of system-versioned
 * tables, whose history is no row of the copy.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { handVersion } from "../../connectors/mysql/binlog/versions.js";
import { Connection } from "../../connectors/mysql/connection.js";
import { tableMap } from "../../connectors/mysql/image/announced.js";
import { imageShape } from "../../connectors/mysql/image/shape.js";
import { readImageWorld } from "../../connectors/mysql/image/world.js";
import type { PlanTable } from "../../src/model.js";
import { testSources } from "../world/matrix.js";
import type { SourceDatabase } from "../world/source-database.js";
import { compareDeleted, endOfLog, plannedTables, replicated } from "./image-compare.js";
import { dump } from "./image-dump.js";
import type { Place } from "./image-dump.js";

describe.each(testSources.filter((name) => name === "mariadb"))("the log of %s", () => {
  let source: SourceDatabase;

  beforeAll(async () => {
    source = await replicated("hg_image_mariadb", "mariadb");
  });
  afterAll(async () => {
    await source.sql("SET GLOBAL mysql56_temporal_format = ON");
    await source[Symbol.asyncDispose]();
  });

  async function compared(tables: readonly PlanTable[]): Promise<string> {
    const { problems, refused } = await compareDeleted(source, "mariadb", tables);
    return [...refused.values(), ...problems].join("\n");
  }

  it("reads old temporals with the catalogue's digits", async () => {
    await source.sql("SET GLOBAL mysql56_temporal_format = OFF");
    const digits = [0, 1, 2, 3, 4, 5, 6];
    await source.sql(
      `CREATE TABLE old_temporal (id INT PRIMARY KEY, ${digits.map((n) => `a${n} DATETIME(${n}), b${n} TIMESTAMP(${n}) NULL, c${n} TIME(${n})`).join(", ")})`,
    );
    const rows = [
      ["1000-01-01 00:00:00.000001", "1970-01-01 00:00:01", "-838:59:59"],
      ["9999-12-31 23:59:59.999999", "2038-01-19 03:14:07.999999", "838:59:59.999999"],
      ["2024-02-29 12:34:56.789012", "2024-02-29 12:34:56.789012", "-00:00:00.000001"],
      ["0000-00-00 00:00:00", "0000-00-00 00:00:00", "00:00:00"],
      ["0001-00-01 00:00:01.5", "2001-09-09 01:46:40.1", "-12:00:01.234567"],
      ["1712-12-31 23:59:59.999999", "1999-12-31 23:59:59.9", "100:00:00.100000"],
    ];
    for (const [i, row] of rows.entries())
      await source.sql(
        `INSERT INTO old_temporal VALUES (${i}, ${digits.map(() => row.map((text) => `'${text}'`).join(", ")).join(", ")})`,
      );
    expect(await compared(await plannedTables(source, ["old_temporal"]))).toBe("");
    await source.sql("SET GLOBAL mysql56_temporal_format = ON");
  });

  it("reads compressed columns however they were compressed", async () => {
    await source.sql(
      "CREATE TABLE squeezed (id INT PRIMARY KEY, t LONGTEXT COMPRESSED, v VARBINARY(20000) COMPRESSED)",
    );
    for (const wrap of ["ON", "OFF"])
      for (const threshold of [0, 100_000])
        for (const size of [0, 1, 99, 300, 20_000])
          await source.sql(
            `SET STATEMENT column_compression_zlib_wrap = ${wrap}, column_compression_threshold = ${threshold} FOR
              INSERT INTO squeezed SELECT COUNT(*), REPEAT('é', ${size * 9}), REPEAT('xy', ${size / 2}) FROM squeezed`,
          );
    expect(await compared(await plannedTables(source, ["squeezed"]))).toBe("");
  });

  it("a column that came unseen is none of a long unique key's, though the log says no names", async () => {
    await source.sql("SET GLOBAL binlog_row_metadata = NO_LOG");
    try {
      await source.sql("CREATE TABLE plain_end (id INT PRIMARY KEY, v INT)");
      await source.sql("CREATE TABLE hashed_end (id INT PRIMARY KEY, t TEXT, UNIQUE KEY (t))");
      await source.sql("INSERT INTO hashed_end VALUES (1, 'x')");
      expect(await compared(await plannedTables(source, ["hashed_end"]))).toBe("");
      for (const name of ["plain_end", "hashed_end"]) {
        const before = await plannedTables(source, [name]);
        await source.sql("SET SESSION sql_log_bin = 0");
        await source.sql(`ALTER TABLE ${name} ADD COLUMN x BIGINT DEFAULT 7`);
        await source.sql("SET SESSION sql_log_bin = 1");
        await source.sql(`INSERT INTO ${name} (id) VALUES (2)`);
        expect(await compared(before)).toMatch(/has a column more, behind the others/u);
      }
    } finally {
      await source.sql("SET GLOBAL binlog_row_metadata = FULL");
    }
  });

  it("tells which versions of rows are history", async () => {
    await source.sql(
      "CREATE TABLE versioned (id INT PRIMARY KEY, v INT, t TEXT, UNIQUE KEY (t)) WITH SYSTEM VERSIONING",
    );
    await source.sql(
      `CREATE TABLE versioned_by_name (id INT PRIMARY KEY, r1 TIMESTAMP(6) GENERATED ALWAYS AS ROW START, r2 TIMESTAMP(6)
        GENERATED ALWAYS AS ROW END, v INT, PERIOD FOR SYSTEM_TIME (r1, r2)) WITH SYSTEM VERSIONING`,
    );
    for (const table of ["versioned", "versioned_by_name"]) {
      const start = await endOfLog(source);
      await source.sql(`INSERT INTO ${table} (id, v) VALUES (1, 1), (2, 2)`);
      await source.sql(`UPDATE ${table} SET v = 3 WHERE id = 1`);
      await source.sql(`DELETE FROM ${table} WHERE id = 2`);
      await source.sql(`REPLACE INTO ${table} (id, v) VALUES (1, 9)`);
      await source.sql(`DELETE HISTORY FROM ${table}`);
      const [planTable] = await plannedTables(source, [table]);
      expect(await versionsOf(planTable!, start), table).toEqual([
        "insert -> 1,1",
        "insert -> 2,2",
        "update 1,1 -> 1,3",
        "delete 2,2",
        "delete 1,3",
        "insert -> 1,9",
      ]);
    }
  });

  async function versionsOf(table: PlanTable, start: Place): Promise<string[]> {
    await using connection = await Connection.open(source.options);
    const world = await readImageWorld(connection, [table]);
    const told: string[] = [];
    let shape: ReturnType<typeof imageShape> | null = null;
    await dump(source.options, start, {
      tableMap(_id, bytes, at, end) {
        const announced = tableMap(bytes, at, end, "mariadb");
        shape = announced.table === table.source ? imageShape(announced, table, world) : null;
      },
      rows(_id, operation, bytes, at, end) {
        const current = shape;
        if (current === null) return;
        const text = (from: number, to: number): string => {
          let said = "";
          const places = [
            table.columns.findIndex((c) => c.source === "id"),
            table.columns.findIndex((c) => c.source === "v"),
          ];
          if (from < to)
            current.reader(places).read(bytes, from, to, (packet, p) => {
              said = `${packet.readInt32LE(p + 2)},${packet.readInt32LE(p + 6)}`;
            });
          return said;
        };
        const change = (what: string, b: number, bEnd: number, a: number, aEnd: number): void =>
          void told.push(
            [what, text(b, bEnd), what === "delete" ? "" : "->", text(a, aEnd)].filter(Boolean).join(" "),
          );
        for (let q = at; q < end;) {
          const beforeEnd = operation === "insert" ? q : current.end(bytes, q, end);
          const afterEnd = operation === "delete" ? beforeEnd : current.end(bytes, beforeEnd, end);
          handVersion(
            { change: (_s, what, _b, b, bEnd, a, aEnd) => change(what, b, bEnd, a, aEnd) },
            current,
            current.historic!,
            operation,
            bytes,
            q,
            beforeEnd,
            beforeEnd,
            afterEnd,
            false,
          );
          q = afterEnd;
        }
      },
    });
    return told;
  }
});
