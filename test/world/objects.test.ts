/**
 * Programs, views and accounts on a real source: whose rights they run with, whether that account is still there, what
 * an account without rights cannot see, and that it is told so. The grants that `check --grants` prints under inventory
 * are enough to see everything.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import { Connection } from "../../connectors/mysql/connection.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { phaseGrants } from "../../connectors/mysql/phase-grants.js";
import { readPreflight } from "../../connectors/mysql/preflight.js";
import type { Catalogue, Plan, SourceObject } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import { loadParser } from "../../src/translate/parser.js";
import { fromSources } from "./from-sources.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";

fromSources(["mysql9", "mariadb"], "the objects of %s", (server) => {
  let database: SourceDatabase;
  const accounts = ["objects_gone", "objects_app", "objects_giver", "objects_bare"];

  beforeAll(async () => {
    await loadParser();
    database = await sourceDatabase("hg_objects", server);
    await database.sql(`DROP USER IF EXISTS ${accounts.join(", ")}`);
    await database.sql(`CREATE USER ${accounts.join(", ")}`);
    for (const statement of [
      "CREATE TABLE t (id INT PRIMARY KEY, a INT)",
      "CREATE TABLE short (id INT PRIMARY KEY)",
      "CREATE DEFINER = objects_gone VIEW orphaned AS SELECT * FROM t",
      "CREATE DEFINER = objects_gone SQL SECURITY INVOKER VIEW borrowed AS SELECT * FROM t",
      "CREATE VIEW over_nothing AS SELECT * FROM short",
      "CREATE VIEW works AS SELECT IFNULL(a, 0) AS a FROM t",
      "CREATE DEFINER = objects_gone TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1",
      "CREATE DEFINER = objects_gone PROCEDURE p() DELETE FROM t WHERE a = 1",
      "CREATE FUNCTION f(x INT) RETURNS INT DETERMINISTIC NO SQL SQL SECURITY INVOKER RETURN x + 1",
      "CREATE EVENT ev ON SCHEDULE EVERY 2 HOUR DISABLE DO DELETE FROM t WHERE id < 0",
      "DROP TABLE short",
      "DROP USER objects_gone",
      "GRANT SELECT, INSERT, CREATE ON hg_objects.* TO objects_app",
      "GRANT UPDATE (a) ON hg_objects.t TO objects_app",
      "GRANT SELECT ON hg_objects.t TO objects_giver WITH GRANT OPTION",
    ])
      await database.sql(statement);
  });
  afterAll(async () => {
    await database.sql(`DROP USER IF EXISTS ${accounts.join(", ")}`);
    await database[Symbol.asyncDispose]();
  });

  async function seen(options: MysqlOptions): Promise<{ catalogue: Catalogue; made: Plan; codes: string[] }> {
    await using connection = await Connection.open(options);
    const catalogue = await readCatalogue(connection);
    const made = plan(catalogue, {
      migration: "20261122_objects",
      schema: "public",
      include: ["*"],
      exclude: [],
      rename: {},
      names: "keep",
      rules: [],
      policies: [],
      lanes: "one",
    });
    const preflight = await readPreflight(connection);
    const codes = [...made.findings, ...preflight].map(({ code, object }) => `${code} ${object}`);
    return { catalogue, made, codes };
  }

  const bare = (): MysqlOptions => ({ ...database.options, user: "objects_bare", password: "" });
  const named = (catalogue: Catalogue, name: string): SourceObject | undefined =>
    catalogue.objects.find((object) => object.name === name);

  it("says whose rights each runs with, and which definers are gone", async () => {
    const { catalogue, made, codes } = await seen(database.options);
    const gone = { definer: "objects_gone@%", exists: false };
    expect(named(catalogue, "orphaned")).toMatchObject({ runs: { ...gone, security: "definer" } });
    expect(named(catalogue, "borrowed")).toMatchObject({ runs: { ...gone, security: "invoker" } });
    expect(named(catalogue, "tr")).toMatchObject({
      on: "t",
      head: "before insert",
      hidden: false,
      runs: gone,
    });
    expect(named(catalogue, "p")).toMatchObject({ kind: "procedure", runs: gone });
    expect(named(catalogue, "f")).toMatchObject({
      runs: { exists: true, security: "invoker" },
      hidden: false,
    });
    expect(named(catalogue, "f")?.head).toMatch(/^returns int(?:\(11\))?, deterministic, no sql$/u);
    expect(named(catalogue, "ev")?.head).toMatch(/^every 2 hour, disabled$/u);
    expect(named(catalogue, "works")).not.toHaveProperty("broken");
    expect(named(catalogue, "over_nothing")?.broken).toMatch(/is gone/u);
    expect(codes.filter((each) => each.startsWith("definer-gone"))).toEqual([
      "definer-gone borrowed",
      "definer-gone orphaned",
      "definer-gone p",
      "definer-gone t.tr",
    ]);
    expect(codes).toContain("view-broken over_nothing");
    expect(codes).not.toContain("view-broken orphaned");
    expect(made.inventory?.objects.find(({ name }) => name === "p")).toMatchObject({
      writes: ["t"],
      risk: "low",
    });
    expect(codes.filter((each) => /^grant-(?:trigger|event|routines)/u.test(each))).toEqual([]);
  });

  it("lists the accounts, and what roles of the target would need", async () => {
    await database.sql("GRANT SELECT, SHOW VIEW ON `hg\\_objects`.* TO objects_bare");
    await using connection = await Connection.open(bare());
    const phases = await phaseGrants(connection, database.name, "recopy");
    for (const grant of phases.find(({ phase }) => phase === "accounts")?.statements ?? [])
      await database.sql(grant);
    const { catalogue, made } = await seen(bare());
    await database.sql("REVOKE ALL PRIVILEGES, GRANT OPTION FROM objects_bare");
    const risks = new Map(made.inventory?.accounts?.map(({ account, risk }) => [account, risk]));
    expect(["app", "giver", "bare"].map((name) => risks.get(`objects_${name}@%`))).toEqual([
      "medium",
      "high",
      "low",
    ]);
    expect(catalogue.accounts?.filter(({ account }) => account === "objects_app@%")).toEqual([
      { account: "objects_app@%", on: "hg_objects.*", privileges: ["CREATE", "INSERT", "SELECT"] },
      { account: "objects_app@%", on: "hg_objects.t(a)", privileges: ["UPDATE"] },
    ]);
    const told = made.findings.filter(({ code }) => code === "account-not-carried");
    expect(told.map(({ object }) => object)).toContain("account.objects_app@%");
    expect(told.map(({ object }) => object).filter((object) => object.startsWith("account.root"))).toEqual(
      [],
    );
  });

  it("says what an account without rights cannot see, and the printed grants let it see all", async () => {
    // Spelled as the printed grants spell it: of two rows for one database, the server reads only the more exact one.
    await database.sql("GRANT SELECT, SHOW VIEW ON `hg\\_objects`.* TO objects_bare");
    const blind = await seen(bare());
    expect(blind.catalogue.accounts).toBeNull();
    expect(blind.catalogue.objects.map(({ kind }) => kind)).toEqual(["view", "view", "view", "view"]);
    expect(named(blind.catalogue, "borrowed")?.runs).toMatchObject({ exists: null });
    expect(blind.codes).toEqual(
      expect.arrayContaining([
        "grant-trigger account.objects_bare@%",
        "grant-event account.objects_bare@%",
        "grant-routines account.objects_bare@%",
        "accounts-not-read hg_objects.accounts",
        "view-broken orphaned",
      ]),
    );

    // EXECUTE shows that a routine is there, and not its text.
    await database.sql("GRANT EXECUTE ON `hg\\_objects`.* TO objects_bare");
    const half = await seen(bare());
    expect(named(half.catalogue, "p")).toMatchObject({ hidden: true, definition: "" });
    expect(half.codes).toEqual(expect.arrayContaining(["object-hidden p", "object-hidden f"]));
    expect(half.made.inventory?.objects.find(({ name }) => name === "p")).toMatchObject({
      lines: null,
      risk: "high",
    });

    await using connection = await Connection.open(bare());
    const phases = await phaseGrants(connection, database.name, "recopy");
    for (const grant of phases.find(({ phase }) => phase === "inventory")?.statements ?? [])
      await database.sql(grant);
    const all = await seen(bare());
    const full = await seen(database.options);
    const text = ({ objects }: Catalogue): string[] =>
      objects.map(({ name, definition }) => `${name} ${definition}`);
    expect(text(all.catalogue)).toEqual(text(full.catalogue));
    expect(all.codes.filter((each) => each.startsWith("object-hidden"))).toEqual([]);
    expect(all.codes.filter((each) => /^grant-(?:trigger|event|routines)/u.test(each))).toEqual([]);
  });

  it("waits so long and no longer for a view over a table that is locked, and plans it by its text", async () => {
    await database.sql("LOCK TABLES t WRITE");
    const { catalogue, made, codes } = await seen(database.options);
    await database.sql("UNLOCK TABLES");
    expect(codes).toContain("view-locked works");
    expect(named(catalogue, "works")?.busy).toMatch(/^session \d+ of root@.* with t\)/u);
    expect(made.views?.map(({ source }) => source)).toContain("works");
  });
});
