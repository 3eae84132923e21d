/**
 * The profile against real values: each kind of value that a plan would refuse is found with its count and its keys,
 * and a table without any is clean. Rows are written past the application's rules, with sql_mode empty, as old
 * applications did.
 */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import { Connection } from "../../connectors/mysql/connection.js";
import { profileTable } from "../../connectors/mysql/profile.js";
import { Fault } from "../../src/errors.js";
import type { ColumnPolicy, Finding, PlanTable, SourceTable } from "../../src/model.js";
import { policySchema } from "../../src/typemap/policy.js";
import { ruleSchema } from "../../src/typemap/rule.js";
import { fromSources } from "./from-sources.js";
import { openDriver, sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";

const refuse: ColumnPolicy = { zeroDate: "refuse", nul: "refuse", badText: "refuse", enumZero: "refuse" };

interface Planned {
  readonly targets: Readonly<Record<string, string>>;
  readonly policies?: Readonly<Record<string, Partial<ColumnPolicy>>>;
  readonly key?: readonly string[];
  readonly identity?: string;
  readonly bytes?: number;
}

/** A plan's table for the columns named in `targets`. */
function planned(
  source: SourceTable,
  { targets, policies = {}, key, identity, bytes = 0 }: Planned,
): PlanTable {
  return {
    source: source.name,
    target: source.name,
    lane: "main",
    key: key === undefined ? null : { index: "PRIMARY", columns: key, primary: true },
    columns: source.columns
      .filter((column) => targets[column.name] !== undefined || key?.includes(column.name) === true)
      .map((column) => ({
        column,
        source: column.name,
        target: column.name,
        sourceType: column.columnType,
        targetType: targets[column.name] ?? "text",
        rule: "test",
        nullable: column.nullable,
        policy: { ...refuse, ...policies[column.name] },
        identity: identity === column.name ? ("identity" as const) : null,
        heldToLabels: column.labels.length > 0,
      })),
    estimatedRows: 0,
    estimatedBytes: bytes,
    exactCut: false,
  };
}

fromSources(["mysql9", "mariadb"], "the profile on %s", (server) => {
  let database: SourceDatabase;
  let connection: Connection;

  beforeAll(async () => {
    database = await sourceDatabase("profile_values", server);
    connection = await Connection.open(database.options);
  });
  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  async function make(name: string, columns: string, ...rows: string[]): Promise<SourceTable> {
    await database.sql(`CREATE TABLE \`${name}\` (${columns})`);
    for (const row of rows) await database.sql(`INSERT INTO \`${name}\` VALUES (${row})`);
    const { tables } = await readCatalogue(connection);
    return tables.find((table) => table.name === name)!;
  }

  const brief = (findings: readonly Finding[]): unknown =>
    findings.map(({ code, object, count, sampleKeys }) => [code, object, count, sampleKeys]);

  it("finds zero, partial and impossible dates, and no other", async () => {
    const table = await make(
      "dates",
      "id INT PRIMARY KEY, d DATE, dt DATETIME(6) NOT NULL, ts TIMESTAMP NULL, free DATE",
      "1, '0000-00-00', '2024-02-29 23:59:59.999999', '2000-01-01 00:00:00', '0000-00-00'",
      "2, '2024-00-10', '2023-01-00 00:00:00', '0000-00-00 00:00:00', NULL",
      "3, '2024-10-00', '0000-01-01 00:00:00', NULL, NULL",
      "4, NULL, '9999-12-31 00:00:00', '2038-01-19 03:14:07', NULL",
      "5, '1000-01-01', '1900-02-28 00:00:00', NULL, NULL",
    );
    await database.sql("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'");
    await database.sql(
      "INSERT INTO dates VALUES (6, '2023-02-29', '1900-02-29 00:00:00', NULL, NULL), (7, '2024-04-31', '2000-02-29 00:00:00', NULL, NULL)",
    );
    await database.sql("SET SESSION sql_mode = ''");
    const targets = {
      id: "integer",
      d: "date",
      dt: "timestamp(6) without time zone",
      ts: "timestamp(0) with time zone",
      free: "date",
    };
    const policies = { free: { zeroDate: "null" as const } };
    const found = await profileTable(connection, planned(table, { targets, policies, key: ["id"] }));
    expect(brief(found)).toEqual([
      ["zero-date", "dates.d", 5, ["1", "2", "3", "6", "7"]],
      ["zero-date", "dates.dt", 3, ["2", "3", "6"]],
      ["zero-date", "dates.ts", 1, ["2"]],
    ]);
    expect(found.map((each) => each.settle?.[0]?.yaml)).toEqual([
      '{ match: { table: dates, column: d }, zeroDate: "null" }',
      '{ match: { table: dates, column: dt }, zeroDate: "-infinity" }',
      '{ match: { table: dates, column: ts }, zeroDate: "null" }',
    ]);
    // As text nothing is refused.
    expect(await profileTable(connection, planned(table, { targets: { d: "text" }, key: ["id"] }))).toEqual(
      [],
    );
  });

  it("finds numbers past their target, and flags that are none", async () => {
    const table = await make(
      "numbers",
      "id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, flag TINYINT(1), big BIGINT UNSIGNED, small INT, wide INT, y YEAR",
      "1, 0, 18446744073709551615, 40000, 2147483647, 0",
      "2, 1, 9223372036854775807, -40000, -2147483648, 2155",
      "3, 2, 9223372036854775808, 32767, 0, NULL",
      "4, -1, NULL, -32768, NULL, 1901",
      "9223372036854775808, NULL, 0, 0, 0, 0",
    );
    const targets = {
      id: "bigint",
      flag: "boolean",
      big: "bigint",
      small: "smallint",
      wide: "integer",
      y: "smallint",
    };
    const found = await profileTable(connection, planned(table, { targets, key: ["id"], identity: "id" }));
    expect(brief(found)).toEqual([
      ["bigint-range", "numbers.id", 1, ["9223372036854775808"]],
      ["boolean-value", "numbers.flag", 2, ["3", "4"]],
      ["bigint-range", "numbers.big", 2, ["1", "3"]],
      ["integer-range", "numbers.small", 2, ["1", "2"]],
      ["year-zero", "numbers.y", 2, ["1", "9223372036854775808"]],
    ]);
    expect(found.map((each) => each.settle?.[0]?.yaml)).toEqual([
      '{ match: { table: numbers, column: id }, to: { type: "numeric(20,0)", check: not-negative } }',
      "{ match: { table: numbers, column: flag }, to: { type: smallint } }",
      '{ match: { table: numbers, column: big }, to: { type: "numeric(20,0)", check: not-negative } }',
      "{ match: { table: numbers, column: small }, to: { type: integer } }",
      undefined,
    ]);
  });

  it("finds U+0000 under any collation and character set, and text that is too long or no uuid", async () => {
    const table = await make(
      "texts",
      "id INT PRIMARY KEY, a VARCHAR(20) COLLATE utf8mb4_unicode_ci, l VARCHAR(20) CHARACTER SET latin1, u VARCHAR(20) CHARACTER SET utf16, t LONGTEXT, s VARCHAR(20), uu CHAR(36), k VARCHAR(9)",
      "1, 'a\\0b', 'x', 'plain', NULL, 'éééééé', '00112233-4455-6677-8899-AABBCCDDEEFF', 'a\\0'",
      "2, '', '\\0', 'é\\0', 'long', 'ééééé', 'not-a-uuid', 'a'",
      "3, NULL, 'é', NULL, '\\0', '', NULL, ''",
    );
    const targets = {
      a: "character varying(20)",
      l: "text",
      u: "citext",
      t: "text",
      s: "character varying(5)",
      uu: "uuid",
      k: "text",
    };
    const policies = { k: { nul: "strip" as const } };
    const found = await profileTable(connection, planned(table, { targets, policies, key: ["id"] }));
    expect(brief(found)).toEqual([
      ["nul-byte", "texts.a", 1, ["1"]],
      ["nul-byte", "texts.l", 1, ["2"]],
      ["nul-byte", "texts.u", 1, ["2"]],
      ["nul-byte", "texts.t", 1, ["3"]],
      ["text-length", "texts.s", 1, ["1"]],
      ["uuid-text", "texts.uu", 1, ["2"]],
    ]);
    expect(await profileTable(connection, planned(table, { targets: { a: "bytea" }, key: ["id"] }))).toEqual(
      [],
    );
  });

  it("finds text that is no UTF-8", async ({ skip }) => {
    // No statement stores such text. A MyISAM table's bytes put under a text column do, as a raw file copy once did.
    await database.sql("CREATE TABLE raw_bytes (id INT PRIMARY KEY, v VARBINARY(20)) ENGINE = MyISAM");
    await database.sql(
      "CREATE TABLE raw_text (id INT PRIMARY KEY, v VARCHAR(5) CHARACTER SET utf8mb4) ENGINE = MyISAM",
    );
    await database.sql(
      "INSERT INTO raw_bytes VALUES (1, 'fine'), (2, x'c3'), (3, x'ff61'), (4, 'é'), (5, x'f09f9880'), (6, NULL), (7, x'eda080')",
    );
    const [row] = await database.sql("SELECT @@datadir");
    const folder = join(row?.[0] ?? "", database.name);
    if (!existsSync(join(folder, "raw_bytes.MYD")))
      skip(`the server's files are not to be had here (${server})`);
    await database.sql("FLUSH TABLES");
    for (const kind of ["MYD", "MYI"])
      copyFileSync(join(folder, `raw_bytes.${kind}`), join(folder, `raw_text.${kind}`));
    await database.sql("FLUSH TABLES");
    const table = (await readCatalogue(connection)).tables.find((each) => each.name === "raw_text")!;
    const found = await profileTable(
      connection,
      planned(table, { targets: { v: "character varying(5)" }, key: ["id"] }),
    );
    expect(brief(found)).toEqual([["bad-text", "raw_text.v", 3, ["2", "3", "7"]]]);
    expect(found[0]?.settle?.[0]?.yaml).toBe(
      "{ match: { table: raw_text, column: v }, to: { type: bytea } }",
    );
  });

  it("finds numbers, dates and sets that print longer than their text", async () => {
    const table = await make(
      "printed",
      "id INT PRIMARY KEY, n INT, z INT(6) ZEROFILL, d DECIMAL(6,2), t TIME(3), s SET('a','bb')",
      "1, 12345, 12, 1.00, '10:00:00.5', 'a,bb'",
      "2, 1234, 12345, -100.00, '-10:00:00', 'bb'",
      "3, NULL, NULL, NULL, NULL, NULL",
    );
    const targets = {
      n: "character varying(4)",
      z: "character varying(4)",
      d: "character varying(6)",
      t: "character varying(12)",
      s: "character varying(3)",
    };
    expect(brief(await profileTable(connection, planned(table, { targets, key: ["id"] })))).toEqual([
      ["text-length", "printed.n", 1, ["1"]],
      ["text-length", "printed.z", 1, ["2"]],
      ["text-length", "printed.d", 1, ["2"]],
      ["text-length", "printed.t", 1, ["2"]],
      ["text-length", "printed.s", 1, ["1"]],
    ]);
  });

  it("finds enum index 0, told apart from a label ''", async () => {
    const table = await make(
      "labels",
      "id INT PRIMARY KEY, e ENUM('a','b'), f ENUM('','b'), m ENUM('a')",
      "1, 'a', '', 'a'",
      "2, 'zzz', 'zzz', 'zzz'",
      "3, '', '', ''",
      "4, NULL, NULL, NULL",
    );
    const targets = { e: "text", f: "text", m: "public.mood" };
    const found = await profileTable(connection, planned(table, { targets, key: ["id"] }));
    expect(brief(found)).toEqual([
      ["enum-zero", "labels.e", 2, ["2", "3"]],
      ["enum-zero", "labels.f", 1, ["2"]],
      ["enum-zero", "labels.m", 2, ["2", "3"]],
    ]);
    expect(found.map((each) => each.settle?.[0]?.yaml)).toEqual([
      "{ match: { table: labels, column: e }, enumZero: keep }",
      "{ match: { table: labels, column: f }, enumZero: keep }",
      '{ match: { table: labels, column: m }, enumZero: "null" }',
    ]);
  });

  if (server === "mysql9")
    it("finds values whose label the catalogue cannot print", async () => {
      const table = await make(
        "smiles",
        "id INT PRIMARY KEY, e ENUM('a','😀'), s SET('a','😀','?')",
        "1, 'a', 'a'",
        "2, '😀', 'a,😀'",
      );
      const held = planned(table, { targets: { e: "text", s: "text[]" }, key: ["id"] });
      expect(brief(await profileTable(connection, held))).toEqual([
        ["label-unreadable", "smiles.e", 1, ["2"]],
        ["label-unreadable", "smiles.s", 1, ["2"]],
      ]);
      // Without a CHECK, as the proposed lines have it, the labels don't matter.
      const free = held.columns.map((column) => ({ ...column, heldToLabels: false }));
      expect(await profileTable(connection, { ...held, columns: free })).toEqual([]);
    });

  it("finds \\u0000 in JSON, and not the text that only looks like it", async () => {
    const table = await make(
      "docs",
      "id INT PRIMARY KEY, j JSON",
      String.raw`1, '{"a": "\\u0000"}'`,
      String.raw`2, '{"a": "\\\\u0000"}'`,
      String.raw`3, '{"a": "\\\\\\u0000 and"}'`,
      String.raw`4, '["\\\\\\\\u0000", "u0000", 0]'`,
      String.raw`5, '{"\\u0000": 1}'`,
      "6, NULL",
    );
    expect(await database.sql("SELECT id, CAST(j AS CHAR) FROM docs WHERE id = 2")).toEqual([
      ["2", String.raw`{"a": "\\u0000"}`],
    ]);
    const found = await profileTable(connection, planned(table, { targets: { j: "jsonb" }, key: ["id"] }));
    expect(brief(found)).toEqual([["json-nul", "docs.j", 3, ["1", "3", "5"]]]);
    expect(found[0]?.settle?.[0]?.yaml).toBe("{ match: { table: docs, column: j }, nul: strip }");
    const stripped = { targets: { j: "jsonb" }, policies: { j: { nul: "strip" as const } }, key: ["id"] };
    expect(await profileTable(connection, planned(table, stripped))).toEqual([]);
    expect(await profileTable(connection, planned(table, { targets: { j: "json" }, key: ["id"] }))).toEqual(
      [],
    );
  });

  if (server === "mariadb")
    it("finds JSON text that only MariaDB takes", async () => {
      const table = await make(
        "loose",
        "id INT PRIMARY KEY, j JSON",
        String.raw`1, '["\\ud83d\\ude00"]'`,
        "5, '[1e200000]'",
        `6, '["1e200000", 1e5, 1.5E-300]'`,
        String.raw`7, '["a \\" 1e200000"]'`,
        `8, CONCAT('["', _utf8mb4 x'eda080', '"]')`,
      );
      const found = await profileTable(connection, planned(table, { targets: { j: "jsonb" }, key: ["id"] }));
      expect(brief(found)).toEqual([
        ["json-number", "loose.j", 1, ["5"]],
        ["bad-text", "loose.j", 1, ["8"]],
      ]);
    });

  it("finds times that are no time of day", async () => {
    const table = await make(
      "times",
      "id INT PRIMARY KEY, t TIME(6), i TIME",
      "1, '-00:00:00.5', '-838:59:59'",
      "2, '24:00:00', '838:59:59'",
      "3, '24:00:00.000001', NULL",
      "4, '00:00:00', NULL",
      "5, '23:59:59.999999', NULL",
    );
    const targets = { t: "time(6) without time zone", i: "interval" };
    const found = await profileTable(connection, planned(table, { targets, key: ["id"] }));
    expect(brief(found)).toEqual([["time-range", "times.t", 2, ["1", "3"]]]);
    expect(found[0]?.settle?.[0]?.yaml).toBe(
      "{ match: { table: times, column: t }, to: { type: interval } }",
    );
  });

  it("shows keys of any shape, five at most, and none without a key", async () => {
    const table = await make(
      "`keyed on'".replaceAll(/[`']/gu, ""),
      "a VARBINARY(8), b DATETIME, `c*` TINYINT(1), PRIMARY KEY (a, b)",
      ...Array.from({ length: 7 }, (_, index) => `x'00ff0${index}', '2024-01-0${index + 1}', ${index + 2}`),
    );
    const found = await profileTable(
      connection,
      planned(table, { targets: { "c*": "boolean" }, key: ["a", "b"] }),
    );
    expect(found[0]?.count).toBe(7);
    expect(found[0]?.sampleKeys).toHaveLength(5);
    expect(found[0]?.sampleKeys[0]).toBe("0x00ff00, 2024-01-01 00:00:00");
    expect(found[0]?.settle?.[0]?.yaml).toBe(
      '{ match: { table: "keyed on", column: "c*" }, to: { type: smallint } }',
    );
    const keyless = await profileTable(connection, planned(table, { targets: { "c*": "boolean" } }));
    expect(brief(keyless)).toEqual([["boolean-value", "keyed on.c*", 7, []]]);
  });

  it("proposes lines that the grammar takes", async () => {
    const { tables } = await readCatalogue(connection);
    const table = tables.find((each) => each.name === "numbers")!;
    const targets = { flag: "boolean", big: "bigint" };
    const found = await profileTable(connection, planned(table, { targets, key: ["id"] }));
    for (const { settle = [], propose = [] } of found) {
      for (const { section, yaml } of settle) {
        const schema = section === "policies" ? policySchema : ruleSchema;
        expect(schema.safeParse(parse(yaml)).success).toBe(true);
      }
      expect(parse(propose.join("\n"))).toHaveProperty(settle[0]!.section);
    }
    expect(found).toHaveLength(2);
  });

  it("says nothing of values that all fit, NULLs and empty tables", async () => {
    const columns =
      "id INT PRIMARY KEY, d DATE, b TINYINT(1), t TEXT, e ENUM('a'), j JSON, u BIGINT UNSIGNED, v VARCHAR(9), tm TIME";
    const full = await make(
      "clean",
      columns,
      "1, '2024-02-29', 1, 'é😀', 'a', '{\"a\": [1, \"x\"]}', 5, 'ab', '12:00:00'",
      "2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
    );
    const empty = await make("none", columns);
    const targets = {
      id: "integer",
      d: "date",
      b: "boolean",
      t: "text",
      e: "text",
      j: "jsonb",
      u: "bigint",
      v: "character varying(2)",
      tm: "time(0) without time zone",
    };
    const plan = { targets, key: ["id"], bytes: 2_000_000_000 };
    expect(await profileTable(connection, planned(full, plan))).toEqual([]);
    expect(await profileTable(connection, planned(empty, plan))).toEqual([]);
  });

  it("tells a table that is locked, gone or not to be read as a finding", async () => {
    const table = await make("held", "id INT PRIMARY KEY, b TINYINT(1)", "1, 2");
    const plan = planned(table, { targets: { b: "boolean" }, key: ["id"] });
    // A transaction that is open may be what stands in the way, and is not.
    const other = await openDriver(await sourceUrl(server));
    await other.query("START TRANSACTION");
    await other.query(`SELECT * FROM ${database.name}.numbers LOCK IN SHARE MODE`);
    await database.sql("LOCK TABLES held WRITE");
    const named = await profileTable(connection, plan, { lockWait: 1 });
    await database.sql("UNLOCK TABLES");
    await database.sql(`GRANT PROCESS ON *.* TO ${database.options.user}@'%'`);
    await database.sql("LOCK TABLES held WRITE");
    await using seeing = await Connection.open(database.options);
    const locked = await profileTable(seeing, plan, { lockWait: 1 });
    await database.sql("UNLOCK TABLES");
    await database.sql(`REVOKE PROCESS ON *.* FROM ${database.options.user}@'%'`);
    await other.end();
    for (const found of [named, locked]) expect(brief(found)).toEqual([["table-locked", "held", 1, []]]);
    // MariaDB's instrument for metadata locks is off by default, and its handles of LOCK TABLES tell.
    for (const found of [named, locked]) expect(found[0]?.sentence).toMatch(/: session \d+ of root@/u);
    expect(brief(await profileTable(connection, plan))).toEqual([["boolean-value", "held.b", 1, ["1"]]]);

    // A table that goes in parts is read before its values are, to part it.
    const refused = (errno: number): Promise<never> =>
      Promise.reject(new Fault("source-busy", `(error ${String(errno)})`, { facts: { errno } }));
    for (const [errno, code] of [
      [1205, "table-locked"],
      [1213, "table-interrupted"],
      [3024, "table-interrupted"],
    ] as const)
      expect(brief(await profileTable(connection, plan, { pieces: () => refused(errno) }))).toEqual([
        [code, "held", 1, []],
      ]);

    await database.sql("ALTER TABLE held DROP COLUMN b");
    expect((await profileTable(connection, plan))[0]).toMatchObject({
      code: "table-changed",
      severity: "error",
    });
    await database.sql("DROP TABLE held");
    expect((await profileTable(connection, plan))[0]).toMatchObject({
      code: "table-changed",
      object: "held",
    });

    await database.sql("DROP USER IF EXISTS profile_reader");
    await database.sql("CREATE USER profile_reader IDENTIFIED BY 'canary-Pf7'");
    await database.sql(`GRANT SHOW VIEW ON \`${database.name}\`.* TO profile_reader`);
    const options = { ...database.options, user: "profile_reader", password: "canary-Pf7" };
    await using reader = await Connection.open(options);
    const numbers = (await readCatalogue(connection)).tables.find((each) => each.name === "numbers")!;
    const [unread] = await profileTable(reader, planned(numbers, { targets: { flag: "boolean" } }));
    expect(unread).toMatchObject({ code: "table-unreadable", object: "numbers", severity: "error" });
    await database.sql("DROP USER profile_reader");
  });

  it("does not call a table locked when the source was too busy to be read from", async () => {
    const table = await make("calm", "id INT PRIMARY KEY, b TINYINT(1)", "1, 0");
    const pause = (): Promise<never> => Promise.reject(new Fault("source-busy", "Reading waited."));
    const looked = profileTable(connection, planned(table, { targets: { b: "boolean" } }), { pause });
    await expect(looked).rejects.toMatchObject({ code: "source-busy", message: "Reading waited." });
  });

  it("tells that somebody ended the statement", async () => {
    const table = await make("cut_off", "id INT PRIMARY KEY, b TINYINT(1)", "1, 0");
    await database.sql("LOCK TABLES cut_off WRITE");
    await using waiting = await Connection.open(database.options);
    const profiled = profileTable(waiting, planned(table, { targets: { b: "boolean" } }));
    const query = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ${waiting.id} AND STATE LIKE '%lock%'`;
    while ((await database.sql(query))[0]?.[0] === "0");
    await database.sql(`KILL QUERY ${waiting.id}`);
    expect(brief(await profiled)).toEqual([["table-interrupted", "cut_off", 1, []]]);
    await database.sql("UNLOCK TABLES");
  });

  it("ends at an abort, on the server too", async () => {
    const table = await make("slow", "id INT PRIMARY KEY, b TINYINT(1)", "1, 0", "2, 1");
    await database.sql("LOCK TABLES slow WRITE");
    await using waiting = await Connection.open(database.options);
    const stop = new AbortController();
    const profiled = profileTable(waiting, planned(table, { targets: { b: "boolean" } }), {
      signal: stop.signal,
    });
    const ended = expect(profiled).rejects.toMatchObject({ code: "interrupted" });
    const query = `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = ${waiting.id}`;
    while ((await database.sql(`${query} AND STATE LIKE '%lock%'`))[0]?.[0] === "0");
    stop.abort();
    await ended;
    while ((await database.sql(query))[0]?.[0] !== "0");
    await database.sql("UNLOCK TABLES");
  });
});
