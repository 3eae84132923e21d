/**
 * Keys and index entries in the profile, where a plan's own words decide what is asked: prefixes that count bytes on
 * one side and characters on the other, entries of several parts, rows that are looked at in parts.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import { Connection } from "../../connectors/mysql/connection.js";
import { piecesOf } from "../../connectors/mysql/profile-piece.js";
import type { Pieces } from "../../connectors/mysql/profile-piece.js";
import { profileTable } from "../../connectors/mysql/profile.js";
import type { Finding, PlanTable } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import type { PlanRequest } from "../../src/plan/request.js";
import { fromSources } from "./from-sources.js";
import { numbers } from "./journey.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";

const nothing: PlanRequest = {
  migration: "20261122_keys",
  schema: "public",
  include: ["*"],
  exclude: [],
  rename: {},
  names: "keep",
  rules: [],
  policies: [],
  lanes: "one",
};

fromSources(["mysql9", "mariadb"], "keys in the profile on %s", (server) => {
  let database: SourceDatabase;
  let connection: Connection;

  beforeAll(async () => {
    database = await sourceDatabase("profile_keys", server);
    connection = await Connection.open(database.options);
  });
  afterAll(async () => {
    await connection[Symbol.asyncDispose]();
    await database[Symbol.asyncDispose]();
  });

  /** The table as a real plan has it. */
  async function planned(name: string, request: Partial<PlanRequest> = {}): Promise<PlanTable> {
    const made = plan(await readCatalogue(connection), { ...nothing, ...request });
    const table = made.tables.find(({ source }) => source === name);
    if (table === undefined) throw new Error(`${name} is not planned`);
    return table;
  }

  const brief = (findings: readonly Finding[]): unknown =>
    findings.map(({ code, object, count, sampleKeys }) => [code, object, count, sampleKeys]);

  it("finds clashes of a prefix that counts bytes where the source's counts characters", async () => {
    await database.sql(
      "CREATE TABLE prefixed (id INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_bin, UNIQUE KEY v (v(3)))",
    );
    await database.sql(
      "INSERT INTO prefixed VALUES (1, 'éaa'), (2, 'éab'), (3, 'abcé'), (4, NULL), (5, NULL)",
    );
    const bytes = [{ match: { table: "prefixed" }, nul: "bytea" as const }];
    const table = await planned("prefixed", { policies: bytes });
    expect(brief(await profileTable(connection, table))).toEqual([
      ["unique-duplicate", "prefixed.v", 1, ["1", "2"]],
    ]);
    expect(await profileTable(connection, await planned("prefixed"))).toEqual([]);
  });

  it("finds clashes across the parts of a sample, and across ranges", async () => {
    await database.sql(
      "CREATE TABLE apart (id INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_bin, UNIQUE KEY v (v))",
    );
    await database.sql(`INSERT INTO apart SELECT n, n FROM (${numbers(2000)}) AS all_n`);
    await database.sql("INSERT INTO apart VALUES (5000, '0\\0')");
    await database.sql("ANALYZE TABLE apart");
    const policies = [{ match: { table: "apart" }, nul: "strip" as const }];
    const table = { ...(await planned("apart", { policies })), estimatedRows: 1_000_000 };
    const how = { signal: new AbortController().signal };
    const clash = ["unique-duplicate", "apart.v", 1, ["0", "5000"]];
    const ranges = await piecesOf(database.options, table, { ...how, sample: null, byRange: true });
    expect(brief(await profileTable(connection, table, { pieces: () => Promise.resolve(ranges) }))).toEqual([
      clash,
    ]);
    const list = ["id < ?", "id >= ?"].map((where) => ({
      from: `(SELECT id, v FROM apart WHERE ${where})`,
      params: ["1000"],
    }));
    const pieces = (): Promise<Pieces> => Promise.resolve({ list, sampled: 2000 });
    const [, found] = await profileTable(connection, table, { pieces });
    expect(found).toMatchObject({ code: "unique-duplicate", count: 1, sampleKeys: ["0", "5000"] });
  });

  it("counts orphans without an index in one pass of both tables", async () => {
    // Alike in all that a server sorts by when it is left to itself.
    for (const table of ["owners", "owned"]) {
      await database.sql(`CREATE TABLE ${table} (id INT PRIMARY KEY, n INT, t VARCHAR(760))`);
      await database.sql(
        `INSERT INTO ${table} SELECT n, n, CONCAT(REPEAT('é', 700), n) FROM (${numbers(2000)}) AS all_n ORDER BY n`,
      );
    }
    await database.sql("INSERT INTO owners VALUES (9000, 7, NULL)");
    await database.sql(
      "INSERT INTO owned VALUES (9000, 9000, 'X'), (9001, 9000, CONCAT(REPEAT('É', 700), 5))",
    );
    const [table, parent] = [await planned("owned"), await planned("owners")];
    const leftKeys = ["n", "t"].map((column) => ({
      ...{ name: `by_${column}`, why: "owners has no unique key", asked: null },
      onSource: {
        ...{
          name: `by_${column}`,
          columns: [column],
          referencedTable: "owners",
          referencedColumns: [column],
        },
        ...{ onDelete: "restrict" as const, onUpdate: "restrict" as const, orphans: "refuse" as const },
      },
    }));
    const reads = async (): Promise<number> => {
      const rows = await connection.query("SHOW SESSION STATUS LIKE 'Handler_read%'");
      return rows.reduce((sum, [, read]) => sum + Number(read), 0);
    };
    const before = await reads();
    const found = await profileTable(connection, { ...table, leftKeys }, { tables: [table, parent] });
    // A look at the parent for every child would be 4,000,000 each.
    expect((await reads()) - before).toBeLessThan(200_000);
    const [byNumber, ...byText] = brief(found) as readonly unknown[];
    expect(byNumber).toEqual(["unbuilt-key-orphan", "owned.by_n", 2, ["9000", "9001"]]);
    expect(byText).toEqual([
      ["unbuilt-key-orphan", "owned.by_t", 1, ["9000"]],
      ["unbuilt-key-orphan", "owned.by_t", 1, ["9001"]],
    ]);
  });

  it("shows an orphan's values only when asked, with an index of the parent and without, whatever is in them", async () => {
    await database.sql("CREATE TABLE heads (id INT PRIMARY KEY, k VARCHAR(40) COLLATE utf8mb4_bin UNIQUE)");
    await database.sql(
      "CREATE TABLE tails (id INT PRIMARY KEY, k VARCHAR(40) COLLATE utf8mb4_bin, loose VARCHAR(400) COLLATE utf8mb4_bin, CONSTRAINT tails_k FOREIGN KEY (k) REFERENCES heads (k))",
    );
    await database.sql("SET foreign_key_checks = 0");
    const long = "x".repeat(300);
    await database.sql(
      `INSERT INTO tails VALUES (1, 'canary-1', 'a\\n\\nb\\u001fc'), (2, NULL, '${long}'), (3, 'canary-\\n\\n3', '${long}'), (4, NULL, '${long}'), (5, NULL, '${long}'), (6, NULL, '${long}')`,
    );
    await database.sql("SET foreign_key_checks = 1");
    await database.sql("CREATE TABLE keyless_tails (loose VARCHAR(40) COLLATE utf8mb4_bin)");
    await database.sql("INSERT INTO keyless_tails VALUES ('canary-5')");
    const [tails, heads] = [await planned("tails"), await planned("heads")];
    const leftKeys = [
      {
        ...{ name: "loosely", why: "heads has no such key", asked: null },
        onSource: {
          ...{ name: "loosely", columns: ["loose"], referencedTable: "heads", referencedColumns: ["k"] },
          ...{ onDelete: "restrict" as const, onUpdate: "restrict" as const, orphans: "refuse" as const },
        },
      },
    ];
    const tables = [tails, heads];
    const of = async (table: PlanTable, showValues: boolean): Promise<readonly Finding[]> =>
      (await profileTable(connection, table, { tables, showValues })).filter(({ code }) =>
        code.endsWith("orphan"),
      );
    const both = { ...tails, leftKeys };
    expect(JSON.stringify(await of(both, false))).not.toMatch(/canary|sampleValues/u);
    const [built, unbuilt] = await of(both, true);
    expect(built).toMatchObject({
      code: "orphan",
      sampleKeys: ["3", "1"],
      sampleValues: ["canary-\n\n3", "canary-1"],
    });
    const cut = "x".repeat(80);
    const shown = new Map(unbuilt?.sampleKeys.map((key, at) => [key, unbuilt.sampleValues?.[at]]));
    expect(unbuilt?.code).toBe("unbuilt-key-orphan");
    expect(shown.size).toBe(5);
    for (const [key, value] of shown) expect(value).toBe(key === "1" ? "a\n\nbu001fc" : cut);
    const bare = { ...(await planned("keyless_tails")), leftKeys };
    const [keyless] = await of(bare, true);
    expect(keyless).toMatchObject({ sampleKeys: [], sampleValues: ["canary-5"] });
    expect((await of(bare, false))[0]).not.toHaveProperty("sampleValues");
  });

  it("shows what clashes under a unique key only when asked", async () => {
    const rules = [{ match: { table: "prefixed" }, nul: "bytea" as const }];
    const table = await planned("prefixed", { policies: rules });
    const [found] = await profileTable(connection, table, { showValues: true });
    expect(found).toMatchObject({ sampleKeys: ["1", "2"], sampleValues: ["éaa", "éab"] });
    expect((await profileTable(connection, table))[0]).not.toHaveProperty("sampleValues");
  });

  it("asks about an entry's parts together", async () => {
    await database.sql(
      "CREATE TABLE parts (id INT PRIMARY KEY, a VARCHAR(500), b VARBINARY(1000), KEY ab (a, b)) ROW_FORMAT = DYNAMIC",
    );
    await database.sql(
      "INSERT INTO parts VALUES (1, REPEAT('😀', 420), REPEAT('b', 1000)), (2, REPEAT('😀', 500), ''), (3, REPEAT('a', 500), REPEAT('b', 1000)), (4, NULL, REPEAT('b', 1000))",
    );
    const found = await profileTable(connection, await planned("parts"));
    expect(brief(found)).toEqual([]);
    await database.sql("INSERT INTO parts VALUES (5, REPEAT('😀', 430), REPEAT('b', 1000))");
    expect(brief(await profileTable(connection, await planned("parts")))).toEqual([
      ["index-entry-too-long", "parts.ab", 1, ["5"]],
    ]);
  });

  it("looks at a sample from all over the key, and says so", async () => {
    await database.sql("CREATE TABLE many (id INT PRIMARY KEY, b TINYINT(1), t VARCHAR(9))");
    await database.sql(
      `INSERT INTO many SELECT n, IF(n < 9000, 0, 2), 'x' FROM (${numbers(10_000)}) AS all_n`,
    );
    await database.sql("ANALYZE TABLE many");
    const table = { ...(await planned("many")), estimatedRows: 10_000 };
    const how = { byRange: false, signal: new AbortController().signal };
    const pieces = await piecesOf(database.options, table, { ...how, sample: { rows: 1000 } });
    expect(pieces.sampled).toBe(1000);
    expect(pieces.list.length).toBeGreaterThan(50);
    const [sampled, flags, ...rest] = await profileTable(connection, table, {
      pieces: () => Promise.resolve(pieces),
    });
    expect(rest).toEqual([]);
    expect(sampled).toMatchObject({ code: "sampled", severity: "warning", object: "many" });
    expect(flags).toMatchObject({ code: "boolean-value", severity: "error" });
    expect(flags?.sentence).toMatch(/^In a sample: \d+ values/u);
    // A tenth of the rows, evenly: of the last thousand about a hundred.
    expect(flags?.count).toBeGreaterThan(50);
    expect(flags?.count).toBeLessThan(200);
    expect(flags?.sampleKeys).toHaveLength(5);

    const whole = await piecesOf(database.options, table, { ...how, sample: { rows: 10_000 } });
    expect(whole).toEqual({ list: [{ from: "`many`", params: [] }], sampled: null });
  });

  it("counts each row once where it goes range by range", async () => {
    const table = { ...(await planned("many")), estimatedRows: 1_000_000 };
    const how = { byRange: true, signal: new AbortController().signal, sample: null };
    const pieces = await piecesOf(database.options, table, how);
    let pauses = 0;
    const pause = (): Promise<void> => Promise.resolve(void (pauses += 1));
    const [flags, ...rest] = await profileTable(connection, table, {
      pieces: () => Promise.resolve(pieces),
      pause,
    });
    expect(rest).toEqual([]);
    expect(flags).toMatchObject({ code: "boolean-value", count: 1000 });
    expect(pauses).toBe(pieces.list.length);
  });

  it("shows values only when asked, cut to what a screen bears", async () => {
    await database.sql("CREATE TABLE shown (id INT PRIMARY KEY, v VARCHAR(200), d DATE)");
    await database.sql(
      "INSERT INTO shown VALUES (1, CONCAT('canary', REPEAT('x', 190)), '0000-00-00'), (2, 'short', NULL)",
    );
    const rules = [{ match: { table: "shown", column: "v" }, to: { type: "character varying(5)" } }];
    const table = await planned("shown", { rules });
    const hidden = await profileTable(connection, table);
    expect(JSON.stringify(hidden)).not.toContain("canary");
    const shown = await profileTable(connection, table, { showValues: true });
    expect(shown.map(({ code, sampleValues }) => [code, sampleValues])).toEqual([
      ["text-length", [`canary${"x".repeat(74)}`]],
      ["zero-date", ["0000-00-00"]],
    ]);
  });
});
