/**
 * The typemap rule's `collation` on real servers: the column under ICU finds what the source finds, lower() keeps case
 * out of a key, nothing is kept where nothing is asked for. Two values that the source tells apart and the target's
 * index would not are named by `check` before the run; past a check the index itself fails with a sentence.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { engineName } from "./accounts.js";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";
import { combinations, serversAreNamed, testSources, testTargets } from "./matrix.js";
import { syntheticPlan } from "./synthetic.js";
import { targetDatabase } from "./target-database.js";

interface Found {
  readonly code: string;
  readonly object: string;
  readonly severity: string;
  readonly count: number;
  readonly sentence: string;
  readonly sampleKeys: readonly string[];
}

const findingsOf = (said: Said): Found[] => said["findings"] as Found[];
const told = (said: Said, ...codes: string[]): unknown[] =>
  findingsOf(said)
    .filter(({ code }) => codes.includes(code))
    .map(({ code, object, severity }) => [code, object, severity]);

/** Where the source is not what is asked about, one of them will do. */
const [source = "mysql9"] = testSources;

const users = `CREATE TABLE users (id INT PRIMARY KEY,
  by_icu VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL, by_lower VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL,
  by_c VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL, by_default VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL,
  UNIQUE KEY (by_icu), UNIQUE KEY (by_lower), UNIQUE KEY (by_c), UNIQUE KEY (by_default))`;
const rules = [
  "typemap:",
  ...["icu", "lower", "c", "default"].map(
    (kept) => `  - { match: { column: by_${kept} }, to: { collation: ${kept} } }`,
  ),
];

describe.each(testTargets)("a rule's collation on %s", (target) => {
  let trip: Journey;

  beforeAll(async () => {
    trip = await journey("collation_rules", source, target);
    const sql = (text: string): Promise<unknown> => trip.source.sql(text);
    await sql(users);
    await sql(
      "CREATE TABLE notes (id INT PRIMARY KEY, author VARCHAR(40) COLLATE utf8mb4_general_ci, FOREIGN KEY (author) REFERENCES users (by_icu))",
    );
    await sql("INSERT INTO users VALUES (1, 'Zoë', 'Zoë', 'Zoë', 'Zoë')");
    await sql("INSERT INTO notes VALUES (1, 'ZOE'), (2, NULL)");
    trip.configure(rules);
    await trip.said(0, "run", "--until", "copied");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  const takes = async (column: string, value: string): Promise<boolean> => {
    const others = ["by_icu", "by_lower", "by_c", "by_default"].map((name) =>
      name === column ? value : `other ${name}`,
    );
    const [row] = await trip.target.sql(
      `WITH written AS (INSERT INTO users VALUES (2, $1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) AS n FROM written`,
      others,
    );
    await trip.target.sql("DELETE FROM users WHERE id = 2");
    return row?.["n"] === "1";
  };

  it.each([
    ["by_icu", { ZOE: false, "zoë ": false, Zoe: false, Zo: true }],
    ["by_lower", { ZOE: true, "zoë ": false, ZOË: false }],
    ["by_c", { ZOE: true, "zoë ": true }],
    ["by_default", { ZOE: true, "zoë ": true }],
  ])("%s takes beside 'Zoë' what its rule says", async (column, values) => {
    const found: Record<string, boolean> = {};
    for (const value of Object.keys(values)) found[value] = await takes(column, value);
    expect(found).toEqual(values);
  });

  it("icu: WHERE finds what the source finds, also across a foreign key, and the text stays what it was", async () => {
    const rows = await trip.target.sql("SELECT by_icu FROM users WHERE by_icu = 'zOE'");
    expect(rows).toEqual([{ by_icu: "Zoë" }]);
    const joined = await trip.target.sql("SELECT n.author FROM notes n JOIN users u ON u.by_icu = n.author");
    expect(joined).toEqual([{ author: "ZOE" }]);
    await expect(trip.target.sql("INSERT INTO notes VALUES (3, 'nobody')")).rejects.toThrow(/foreign key/);
    expect((await trip.judge()).filter(({ equal }) => !equal)).toEqual([]);
  });

  it("says what is not kept, and what goes along", async () => {
    const said = await trip.said(0, "check");
    expect(told(said, "unique-key-not-kept", "foreign-key-collation", "unique-key-collation").sort()).toEqual(
      [
        ["foreign-key-collation", "notes.author", "info"],
        ["unique-key-collation", "users.by_icu", "info"],
        ["unique-key-collation", "users.by_lower", "info"],
        ["unique-key-not-kept", "users.by_c", "info"],
        ["unique-key-not-kept", "users.by_default", "info"],
      ],
    );
  });
});

describe.each(combinations)(
  "values that the target's key would hold equal, from $source to $target",
  (combination) => {
    let trip: Journey;

    beforeAll(async () => {
      trip = await journey(`collation_clash_${combination.source}`, combination.source, combination.target);
      const sql = (text: string): Promise<unknown> => trip.source.sql(text);
      // Under general_ci ß is s, under ICU it is ss: the source takes both.
      await sql("CREATE TABLE streets (name VARCHAR(40) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY)");
      await sql("INSERT INTO streets VALUES ('Hauptstraße'), ('Hauptstrasse'), ('Ring')");
    });
    afterAll(async () => {
      await trip[Symbol.asyncDispose]();
    });

    it("are named before the run, and nothing is written", async () => {
      const said = await trip.said(3, "check");
      const clashes = findingsOf(said).filter(({ code }) => code === "unique-duplicate");
      expect(clashes.map(({ object, severity }) => [object, severity])).toEqual([
        ["streets.PRIMARY", "error"],
      ]);
      await trip.said(3, "run", "--until", "copied");
      expect(await trip.target.sql("SELECT FROM pg_class WHERE relname = 'streets'")).toEqual([]);
    });

    it("are settled by a rule", async () => {
      trip.configure(["typemap:", "  - { match: { table: streets }, to: { collation: lower } }"]);
      expect(told(await trip.said(0, "check"), "unique-duplicate")).toEqual([]);
      await trip.said(0, "run", "--until", "copied");
      await expect(trip.target.sql("INSERT INTO streets VALUES ('RING ')")).rejects.toThrow(
        /streets_pkey_kept/,
      );
    });
  },
);

/** LIKE over such columns came with PostgreSQL 18, so an older one is asked too where nobody says which. */
const askedAboutLike = serversAreNamed ? testTargets : ([...testTargets, "postgres15"] as const);

it.each(askedAboutLike)("that LIKE is refused under icu is told where %s refuses it", async (target) => {
  await using trip = await journey("collation_like", source, target);
  await trip.source.sql(
    "CREATE TABLE t (id INT PRIMARY KEY, c VARCHAR(20) COLLATE utf8mb4_general_ci, k VARCHAR(20) COLLATE utf8mb4_general_ci, UNIQUE KEY (k))",
  );
  await trip.target.sql(
    "CREATE SCHEMA probe; CREATE COLLATION probe.ci (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
  );
  const like = trip.target.sql("SELECT 'Zoë' COLLATE probe.ci LIKE 'z%' AS found");
  const runs = await like.then(
    ([row]) => row?.["found"] === "t",
    (error: unknown) => {
      expect(error).toMatchObject({ code: "0A000" });
      return false;
    },
  );
  trip.configure(["typemap:", "  - { match: { column: c }, to: { collation: icu } }"]);
  const found = findingsOf(await trip.said(0, "check")).filter(({ code }) => code === "like-not-supported");
  expect(found.map(({ severity, count, sentence }) => [severity, count, sentence.includes("(t.c)")])).toEqual(
    runs ? [] : [["warning", 1, true]],
  );
});

describe.each(testTargets)("a target that cannot do what the plan wants, %s", (target) => {
  it("has no ICU: told before the run, and settled by a rule alone", async () => {
    await using trip = await journey("collation_no_icu", source, target);
    await trip.source.sql("CREATE TABLE t (c VARCHAR(20) COLLATE utf8mb4_unicode_ci NOT NULL PRIMARY KEY)");
    await trip.source.sql("INSERT INTO t VALUES ('Zoë')");
    await trip.target.sql(
      "SET allow_system_table_mods = on; DELETE FROM pg_catalog.pg_collation WHERE collprovider = 'i'",
    );
    expect(told(await trip.said(3, "check"), "target-without-icu")).toEqual([
      ["target-without-icu", "target.icu", "error"],
    ]);
    trip.configure(["typemap:", '  - { match: { collation: "*" }, to: { collation: lower } }']);
    await trip.said(0, "run", "--until", "copied");
    await expect(trip.target.sql("INSERT INTO t VALUES ('zoë')")).rejects.toThrow(/t_pkey_kept/);
  });

  it("has another collation of that name", async () => {
    await using trip = await journey("collation_foreign", source, target);
    await trip.source.sql("CREATE TABLE t (c VARCHAR(20) COLLATE utf8mb4_unicode_ci NOT NULL PRIMARY KEY)");
    await trip.target.sql("CREATE COLLATION headgate_ci_ai (provider = icu, locale = 'und')");
    expect(told(await trip.said(3, "check"), "target-collation-foreign")).toEqual([
      ["target-collation-foreign", "public.headgate_ci_ai", "error"],
    ]);
    await trip.target.sql(
      "DROP COLLATION headgate_ci_ai; CREATE COLLATION headgate_ci_ai (provider = icu, locale = 'und-u-ks-level1', deterministic = false)",
    );
    await trip.said(0, "run", "--until", "copied");
  });

  it("finds two rows equal only when the index is built, and says what that means", async () => {
    await using database = await targetDatabase("collation_build", target);
    await database.sql(
      `CREATE TABLE t (c text); INSERT INTO t VALUES ('a'), ('A'); ALTER TABLE t OWNER TO ${engineName("collation_build")}`,
    );
    await using ledger = await (
      await openPostgres(database.options)
    ).claim(syntheticPlan([{ name: "a", rows: 1 }]));
    const build = ledger.build(
      {
        name: "unique public.t t_kept",
        kind: "unique",
        table: "t",
        sql: "CREATE UNIQUE INDEX t_kept ON t (lower(c))",
        duplicate: "Two rows are equal under it.",
      },
      new AbortController().signal,
    );
    await expect(build).rejects.toMatchObject({
      code: "target-refused",
      message: "unique public.t t_kept cannot be built. Two rows are equal under it.",
    });
    expect((await ledger.view()).built).toEqual([]);
  });
});
