/**
 * Partitioned tables that keep their partitions, copied by the command line and judged by the oracle: rows lie in the
 * partitions, NULLs too, and the target refuses what the source refuses. The corpus's own partitioned database goes
 * both ways, kept and as plain tables.
 */
import { expect, it } from "vitest";
import { corpora, dropCorpus, loadCorpus } from "./corpus.js";
import { fromSources } from "./from-sources.js";
import { journey, unequal } from "./journey.js";
import { engineOptions, sourceUrl } from "./source-database.js";
import { asEngine } from "./accounts.js";

const tables = [
  `CREATE TABLE by_range (id INT NOT NULL AUTO_INCREMENT, a INT, note VARCHAR(20), KEY (id), KEY (a, note))
     PARTITION BY RANGE (a) (PARTITION low VALUES LESS THAN (10), PARTITION mid VALUES LESS THAN (20))`,
  "INSERT INTO by_range (a, note) VALUES (NULL, 'null'), (-5, 'low'), (9, 'low'), (10, 'mid'), (19, 'mid')",
  `CREATE TABLE by_columns (a INT, b DATE, c VARCHAR(9), PRIMARY KEY (a, b)) PARTITION BY RANGE COLUMNS (a, b)
     (PARTITION p0 VALUES LESS THAN (1, '2000-01-01'), PARTITION p1 VALUES LESS THAN (1, MAXVALUE), PARTITION p2 VALUES LESS THAN (MAXVALUE, MAXVALUE))`,
  "INSERT INTO by_columns VALUES (1, '1999-12-31', 'p0'), (1, '2000-01-01', 'p1'), (2, '1990-01-01', 'p2'), (0, '9999-12-31', 'p0')",
  `CREATE TABLE by_year (id INT, at DATETIME, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at))
     (PARTITION old VALUES LESS THAN (2000), PARTITION new VALUES LESS THAN MAXVALUE)`,
  "INSERT INTO by_year VALUES (1, '1999-12-31 23:59:59'), (2, '2000-01-01 00:00:00')",
  `CREATE TABLE by_days (id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (TO_DAYS(at))
     (PARTITION old VALUES LESS THAN (TO_DAYS('2024-01-01')), PARTITION new VALUES LESS THAN MAXVALUE)`,
  "INSERT INTO by_days VALUES (1, '2023-12-31'), (2, '2024-01-01')",
  `CREATE TABLE by_seconds (id INT, at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, PRIMARY KEY (id, at))
     PARTITION BY RANGE (UNIX_TIMESTAMP(at)) (PARTITION old VALUES LESS THAN (UNIX_TIMESTAMP('2024-01-01 00:00:00')), PARTITION new VALUES LESS THAN (MAXVALUE))`,
  "INSERT INTO by_seconds VALUES (1, '2023-12-31 23:59:59'), (2, '2024-01-01 00:00:00')",
  "CREATE TABLE by_list (a INT, b INT, UNIQUE KEY (a, b)) PARTITION BY LIST (a) (PARTITION few VALUES IN (1, 2, NULL), PARTITION more VALUES IN (3))",
  "INSERT INTO by_list VALUES (1, 1), (NULL, 2), (3, 3)",
  "CREATE TABLE by_list_date (a DATE, PRIMARY KEY (a)) PARTITION BY LIST COLUMNS (a) (PARTITION x VALUES IN ('2024-01-01', '2024-01-02'))",
  "INSERT INTO by_list_date VALUES ('2024-01-02')",
  "CREATE TABLE by_hash (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(9)) PARTITION BY HASH (id) PARTITIONS 3",
  "INSERT INTO by_hash (v) VALUES ('a'), ('b'), ('c'), ('d')",
];

/** Rows in each partition of the target, by `table partition`. */
const placed = `SELECT inhparent::regclass::text || ' ' || inhrelid::regclass::text AS part,
    (xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %s', inhrelid::regclass), false, true, '')))[1]::text AS rows
  FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE c.relkind = 'r' ORDER BY 1`;

fromSources(["mysql9", "mariadb"], "from %s", (server) => {
  it("partitions are kept, and take what the source takes", async () => {
    await using trip = await journey(`parts_${server}`, server);
    for (const statement of tables) await trip.source.sql(statement);
    await trip.source.sql("CREATE PROCEDURE clean() DELETE FROM by_hash WHERE id < 0");
    trip.configure(["tables: { partitions: keep }"]);
    await trip.said(0, "run", "--until", "copied");
    expect(await trip.said(0, "report")).toMatchObject({
      inventory: { objects: [{ kind: "procedure", name: "clean", risk: "low", writes: ["by_hash"] }] },
    });
    expect(unequal(await trip.judge())).toEqual([]);
    const rows = new Map((await trip.target.sql(placed)).map(({ part, rows: n }) => [part ?? "", n]));
    expect(Object.fromEntries(rows)).toMatchObject({
      "by_range by_range_low": "2",
      "by_range by_range_mid": "2",
      "by_range by_range_null": "1",
      "by_columns by_columns_p0": "2",
      "by_columns by_columns_p1": "1",
      "by_columns by_columns_p2": "1",
      "by_year by_year_old": "1",
      "by_year by_year_new": "1",
      "by_days by_days_old": "1",
      "by_seconds by_seconds_new": "1",
      "by_list by_list_few": "2",
      "by_list by_list_more": "1",
      "by_list_date by_list_date_x": "1",
    });
    const hashed = [...rows].filter(([part]) => part.startsWith("by_hash "));
    expect(hashed.map(([, n]) => Number(n)).reduce((sum, n) => sum + n, 0)).toBe(4);
    expect(hashed).toHaveLength(3);
    // What the source refuses (no partition for the value), the target refuses.
    for (const statement of [
      "INSERT INTO by_range (id, a) VALUES (9, 20)",
      "INSERT INTO by_list VALUES (4, 4)",
    ]) {
      await expect(trip.source.sql(statement)).rejects.toThrow(/no partition/u);
      await expect(trip.target.sql(statement)).rejects.toThrow(/partition|check constraint/u);
    }
    await trip.target.sql("INSERT INTO by_hash (v) VALUES ('e')");
    expect(await trip.target.sql("SELECT max(id)::text AS id FROM by_hash")).toEqual([{ id: "5" }]);
    expect(await trip.said(0, "run", "--until", "copied")).toMatchObject({ state: "copied" });
  });

  it("what cannot be kept exactly is an error of check, and nothing is written", async () => {
    await using trip = await journey(`parts_no_${server}`, server);
    await trip.source.sql("CREATE TABLE t (id INT PRIMARY KEY) PARTITION BY KEY (id) PARTITIONS 2");
    trip.configure(["tables: { partitions: [t] }"]);
    const checked = await trip.said(3, "check");
    expect(checked["findings"]).toContainEqual(
      expect.objectContaining({ code: "partitions-not-kept", severity: "error", object: "t" }),
    );
    trip.configure(["tables: { partitions: flatten }"]);
    await trip.said(0, "check");
  });

  it.each(corpora.filter(({ folder }) => folder === "employees"))(
    "$folder keeps its partitions, or becomes plain tables",
    async (corpus) => {
      const url = await sourceUrl(server);
      await loadCorpus(url, corpus);
      for (const kept of [true, false]) {
        await using trip = await journey(`parts_emp_${server}`, server);
        await engineOptions(url, "employees");
        trip.configure([`tables: { partitions: ${kept ? "keep" : "flatten"} }`], {
          source: asEngine(url, "employees"),
        });
        const run = await trip.said(0, "run", "--until", "copied");
        expect(run).toMatchObject({ state: "copied" });
        const [parents] = await trip.target.sql(
          "SELECT count(*)::text AS n FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid WHERE c.relnamespace = 'public'::regnamespace",
        );
        expect(Number(parents?.["n"]) > 0).toBe(kept);
        expect(unequal(await trip.judge({ database: "employees" }))).toEqual([]);
      }
      await dropCorpus(url, corpus);
    },
  );
});
