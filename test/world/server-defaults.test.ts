/**
 * A source whose own defaults are set against us: sql_mode, zone, limits, autocommit, what a transaction's end does.
 * Globals reach every session that logs in later, so each is put back whatever happens; no other test runs beside
 * this one. The copy must come out as from a server that nobody touched, in one range and in many.
 */
import { expect, it } from "vitest";
import { fromSources } from "./from-sources.js";
import { journey, numbers, unequal } from "./journey.js";

const both = {
  time_zone: "'+05:30'",
  autocommit: "0",
  completion_type: "'RELEASE'",
  sql_select_limit: "3",
  div_precision_increment: "0",
  lc_time_names: "'de_DE'",
  sql_big_selects: "0",
  max_join_size: "1",
  sql_auto_is_null: "1",
};

const defaults: Readonly<Record<"mysql9" | "mariadb", Readonly<Record<string, string>>>> = {
  mysql9: {
    ...both,
    sql_mode: "'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,REAL_AS_FLOAT'",
    character_set_server: "'gbk'",
    sql_require_primary_key: "1",
    sql_generate_invisible_primary_key: "1",
    sql_quote_show_create: "0",
    default_collation_for_utf8mb4: "'utf8mb4_general_ci'",
    max_execution_time: "1",
  },
  mariadb: {
    ...both,
    sql_mode: "'ORACLE,PAD_CHAR_TO_FULL_LENGTH'",
    character_set_server: "'latin1'",
    max_statement_time: "0.001",
    tx_isolation: "'READ-UNCOMMITTED'",
    system_versioning_asof: "'2000-01-01 00:00:00'",
  },
};

const tables = [
  "CREATE TABLE ranged (id INT PRIMARY KEY, c CHAR(9) NOT NULL, t TIMESTAMP NULL, n DECIMAL(9,3), d DATETIME(3))",
  `INSERT INTO ranged SELECT n, CONCAT('r', n), '2020-01-01' + INTERVAL n HOUR, n / 7, '1999-12-31 23:59:59.5'
     FROM (${numbers(1500)}) AS r`,
  "CREATE TABLE keyless (c CHAR(9), x VARCHAR(20) DEFAULT 'a\\\\b''c')",
  `INSERT INTO keyless (c) SELECT IF(n = 3, NULL, n) FROM (${numbers(20)}) AS r`,
];

fromSources(["mysql9", "mariadb"], "a %s with defaults of its own", (server) => {
  it("is copied as any other", async () => {
    await using trip = await journey("hg_defaults", server);
    for (const statement of tables) await trip.source.sql(statement);
    // Of a MariaDB's table it is told, besides, at which time its rows are meant.
    await trip.source.sql(
      `CREATE TABLE versioned (id INT PRIMARY KEY, v INT) ${server === "mariadb" ? "WITH SYSTEM VERSIONING" : ""}`,
    );
    await trip.source.sql("INSERT INTO versioned VALUES (1, 1), (2, 2), (3, 3)");
    await trip.source.sql("DELETE FROM versioned WHERE id = 3");
    trip.configure(["snapshot: { rangeRows: 100 }"]);
    const before: (readonly [string, string])[] = [];
    try {
      for (const [name, value] of Object.entries(defaults[server])) {
        const [[old] = []] = await trip.source.sql(`SELECT @@GLOBAL.${name}`);
        await trip.source.sql(`SET GLOBAL ${name} = ${value}`);
        before.push([name, /^(?:[\d.]+|DEFAULT)$/u.test(old ?? "") ? (old ?? "") : `'${old ?? ""}'`]);
      }
      expect(await trip.said(0, "run", "--until", "copied")).toMatchObject({ state: "copied", rows: 1522 });
    } finally {
      for (const [name, value] of before.reverse()) await trip.source.sql(`SET GLOBAL ${name} = ${value}`);
    }
    expect(unequal(await trip.judge())).toEqual([]);
  });
});
