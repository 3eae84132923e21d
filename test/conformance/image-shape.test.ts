/**
 * What the log announces, and what is made of it: with all metadata, with the least and with none; after the table
 * was altered. The mistakes that binlog.md, section 3, tells of are tests
 * here by their names: each was silent once.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Connection } from "../../connectors/mysql/connection.js";
import { tableMap } from "../../connectors/mysql/image/announced.js";
import { imageShape } from "../../connectors/mysql/image/shape.js";
import { readImageWorld } from "../../connectors/mysql/image/world.js";
import { Fault } from "../../src/errors.js";
import type { ColumnPolicy, PlanTable, SourceEngine } from "../../src/model.js";
import { serversAreNamed, testSources } from "../world/matrix.js";
import type { SourceName } from "../world/matrix.js";
import type { SourceDatabase } from "../world/source-database.js";
import { compareDeleted, endOfLog, plannedTables, replicated } from "./image-compare.js";
import { dump } from "./image-dump.js";

const servers: readonly SourceName[] = serversAreNamed ? testSources : ["mysql9", "mysql56", "mariadb"];

describe.each(servers)("announcements of %s", (name) => {
  const engine: SourceEngine = name === "mariadb" ? "mariadb" : "mysql";
  let source: SourceDatabase;

  beforeAll(async () => {
    source = await replicated("hg_image_shape", name);
  });
  afterAll(async () => {
    if (name !== "mysql56") await source.sql("SET GLOBAL binlog_row_metadata = FULL");
    await source[Symbol.asyncDispose]();
  });

  const planned = (...tables: readonly string[]): Promise<readonly PlanTable[]> =>
    plannedTables(source, tables);

  /** Deletes every row and compares; the reason of the only table that was refused, or all that differs. */
  async function compared(tables: readonly PlanTable[]): Promise<string> {
    const { problems, refused } = await compareDeleted(source, engine, tables);
    return [...refused.values(), ...problems].join("\n");
  }

  const metadata = { mysql9: ["FULL", "MINIMAL"], mariadb: ["FULL", "MINIMAL", "NO_LOG"], mysql56: ["none"] };
  it.each(metadata[name])(
    "are understood with %s metadata: every list skips what it does not count",
    async (what) => {
      if (what !== "none") await source.sql(`SET GLOBAL binlog_row_metadata = ${what}`);
      await source.sql("DROP TABLE IF EXISTS mixed");
      const own =
        engine === "mariadb"
          ? "c1 VARCHAR(300) CHARACTER SET koi8r COMPRESSED, c2 BLOB COMPRESSED, u INET6,"
          : "";
      const vector = name === "mysql9" ? "w VECTOR(4)," : "";
      await source.sql(
        `CREATE TABLE mixed (id INT PRIMARY KEY, g GEOMETRY, y YEAR, a TINYINT UNSIGNED, b BIGINT, ${vector} ${own}
        e ENUM('ä', 'b') CHARACTER SET latin1, l1 VARCHAR(20) CHARACTER SET latin2, y2 YEAR, f FLOAT UNSIGNED,
        s SET('ж', 'x') CHARACTER SET cp1251, p POINT, l2 TEXT CHARACTER SET sjis, d DECIMAL(9, 2) UNSIGNED,
        v VARBINARY(9), l3 CHAR(200) CHARACTER SET utf8mb4, n BIT(9), z MEDIUMINT UNSIGNED ZEROFILL, e2 ENUM('ß')
        CHARACTER SET latin1, l4 LONGTEXT CHARACTER SET gbk)`,
      );
      await source.sql(
        `INSERT INTO mixed (id, g, y, a, b, e, l1, y2, f, s, p, l2, d, v, l3, n, z, e2, l4) VALUES
        (1, ST_GeomFromText('POINT(1 2)'), 1999, 200, -1, 'ä', 'łż', 0, 1.5, 'ж,x', ST_GeomFromText('POINT(3 4)'), '表示',
        1234567.89, x'ff00', REPEAT('𝄞', 200), b'111111111', 7, 'ß', '中文')`,
      );
      if (vector !== "") await source.sql("UPDATE mixed SET w = x'0000803f000000400000404000008040'");
      if (own !== "")
        await source.sql("UPDATE mixed SET c1 = REPEAT('ж', 200), c2 = REPEAT('xy', 400), u = '::1'");
      expect(await compared(await planned("mixed"))).toBe("");
      if (what !== "none") await source.sql("SET GLOBAL binlog_row_metadata = FULL");
    },
  );

  const changes: readonly [what: string, alter: string, says: RegExp][] = [
    ["a column that is gone", "DROP COLUMN c", /no column c|has the name|another type|column more/],
    ["a new column at the end", "ADD COLUMN n INT", /a column more/],
    ["a new column between", "ADD COLUMN n INT AFTER id", /./],
    ["another name", "CHANGE a renamed INT", /renamed/],
    ["another order", "MODIFY a INT AFTER b", /./],
    ["another type", "MODIFY a BIGINT", /a has another type/],
    ["another sign", "MODIFY a INT UNSIGNED", /a has another sign/],
    ["another length", "MODIFY t VARCHAR(41)", /t has another type/],
    [
      "another character set",
      "MODIFY t VARCHAR(40) CHARACTER SET utf8mb4",
      /another (?:type|character set)|the character set utf8mb4/,
    ],
    ["other digits", "MODIFY d DECIMAL(9,3)", /d has another type/],
    ["other fractions", "MODIFY w DATETIME(4)", /w has another type/],
    ["a label more", "MODIFY e ENUM('x','y','z')", /other labels/],
    ["labels in another order", "MODIFY e ENUM('y','x')", /other labels/],
  ];
  it("tell a table that is not the plan's any more", async () => {
    // Without metadata a name, a sign, a character set and labels cannot be told apart: the DDL itself stops the feed.
    const untold = name === "mysql56" ? /name|sign|label|order|character/ : /^$/;
    for (const [what, alter, says] of changes.filter(([each]) => !untold.test(each))) {
      await source.sql("DROP TABLE IF EXISTS altered");
      await source.sql(
        `CREATE TABLE altered (id INT PRIMARY KEY, a INT, b BIGINT, t VARCHAR(40) CHARACTER SET latin1,
          d DECIMAL(9,2), w DATETIME(3), e ENUM('x','y'), c INT)`,
      );
      await source.sql("INSERT INTO altered (id) VALUES (1)");
      const before = await planned("altered");
      await source.sql(`ALTER TABLE altered ${alter}`);
      const refused = await refusalOf(before, () => source.sql("DELETE FROM altered"));
      expect(refused?.code, what).toBe("schema-changed");
      expect(refused?.message, what).toMatch(says);
    }
  });

  /** The Fault that the first announcement of a table of the plan ends in after `act`. */
  async function refusalOf(tables: readonly PlanTable[], act: () => Promise<unknown>): Promise<Fault | null> {
    await using connection = await Connection.open(source.options);
    const world = await readImageWorld(connection, tables);
    const start = await endOfLog(source);
    await act();
    let fault: Fault | null = null;
    await dump(source.options, start, {
      tableMap(_id, bytes, at, end) {
        const announced = tableMap(bytes, at, end, engine);
        const table = tables.find(({ source: planned }) => planned === announced.table);
        if (announced.database !== source.name || table === undefined) return;
        try {
          imageShape(announced, table, world);
        } catch (error) {
          if (!(error instanceof Fault)) throw error;
          fault ??= error;
        }
      },
      rows: () => undefined,
    });
    return fault;
  }

  it("of labels that the catalogue cannot print are read from the log, or refused where it has none", async () => {
    await source.sql(
      "CREATE TABLE emoji (id INT PRIMARY KEY, e ENUM('😀', '?', 'a?b') CHARACTER SET utf8mb4)",
    );
    await source.sql("INSERT INTO emoji VALUES (1, 1), (2, 2), (3, 3)");
    const said = await compared(await planned("emoji"));
    if (name === "mysql56") expect(said).toMatch(/log-refused.*labels/);
    else expect(said).toBe("");
  });

  it("of a codec's expression that nobody knows are refused by name", async () => {
    await source.sql("CREATE TABLE strange (id INT PRIMARY KEY, t VARCHAR(9) CHARACTER SET latin1)");
    const [table] = await planned("strange");
    const policy: ColumnPolicy = {
      zeroDate: "refuse",
      nul: "refuse",
      badText: { recode: "koi8r" },
      enumZero: "refuse",
    };
    const columns = table!.columns.map((column) => ({ ...column, policy }));
    // Before the feed reads anything.
    await using connection = await Connection.open(source.options);
    await expect(readImageWorld(connection, [{ ...table!, columns }])).rejects.toMatchObject({
      code: "type-pair",
    });
  });

  it("of text that is read as its bytes keep CHAR without its blanks", async () => {
    await source.sql(
      "CREATE TABLE raw (id INT PRIMARY KEY, a CHAR(9) CHARACTER SET latin1, b VARCHAR(9) CHARACTER SET latin1, c TEXT CHARACTER SET latin1)",
    );
    await source.sql("INSERT INTO raw VALUES (1, x'c3a92020', x'c3a92020', x'c3a92020'), (2, '', ' ', NULL)");
    const [table] = await planned("raw");
    const recoded: ColumnPolicy = {
      zeroDate: "refuse",
      nul: "refuse",
      badText: { recode: "latin1" },
      enumZero: "refuse",
    };
    const columns = table!.columns.map((column) =>
      column.source === "id" ? column : { ...column, policy: recoded },
    );
    expect(await compared([{ ...table!, columns }])).toBe("");
  });

  it("of microseconds before 1714 and after 2285 lose none", async () => {
    await source.sql("CREATE TABLE micros (id INT PRIMARY KEY AUTO_INCREMENT, a DATETIME(6), b TIME(6))");
    for (const text of [
      "1000-01-01 00:00:00.000001",
      "1713-12-31 23:59:59.999999",
      "2285-06-07 08:09:10.000001",
      "9999-12-31 23:59:59.999999",
    ])
      await source.sql("INSERT INTO micros (a, b) VALUES (?, '-838:59:58.999999')", [text]);
    expect(await compared(await planned("micros"))).toBe("");
  });

  it("of rows from a few bytes to megabytes fit the one buffer, whatever came before", async () => {
    await source.sql(
      "CREATE TABLE sizes (id INT PRIMARY KEY AUTO_INCREMENT, t LONGTEXT CHARACTER SET latin1, b LONGBLOB)",
    );
    for (const size of [1, 250, 251, 1_000_000, 3, 65_535, 65_536, 4_000_000, 0, 5_000_000, 7])
      await source.sql("INSERT INTO sizes (t, b) VALUES (REPEAT('é', ?), REPEAT('x', ?))", [size, size]);
    expect(await compared(await planned("sizes"))).toBe("");
  });
});
