/**
 * The preflight and the grants of the source: an account with nothing is told all that it lacks, the GRANT statements
 * that are printed are enough for everything the copy does, and each of them is missed when it is left out.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import { Connection } from "../../connectors/mysql/connection.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { phaseGrants } from "../../connectors/mysql/phase-grants.js";
import { readPreflight } from "../../connectors/mysql/preflight.js";
import { openMysql } from "../../connectors/mysql/source.js";
import type { Finding } from "../../src/model.js";
import { fromSources } from "./from-sources.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";

const password = "canary-Gr4nts";

fromSources(["mysql9", "mariadb"], "the preflight of %s", (server) => {
  let database: SourceDatabase;

  beforeAll(async () => {
    database = await sourceDatabase("preflight_grants", server);
    await database.sql("CREATE TABLE parent (id INT PRIMARY KEY)");
    await database.sql(
      "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES parent (id) ON DELETE CASCADE)",
    );
    await database.sql("CREATE TABLE keyless (a INT, UNIQUE KEY (a))");
    await database.sql("CREATE TABLE old (id INT PRIMARY KEY) ENGINE = MyISAM");
  });
  afterAll(async () => {
    await database.sql("DROP USER IF EXISTS preflight_bare, preflight_full");
    await database[Symbol.asyncDispose]();
  });

  /** A fresh account with these rights; `{account}` stands for its name. */
  async function account(name: string, ...grants: string[]): Promise<MysqlOptions> {
    await database.sql(`DROP USER IF EXISTS ${name}`);
    await database.sql(`CREATE USER ${name} IDENTIFIED BY '${password}'`);
    for (const grant of grants) await database.sql(grant.replaceAll("{account}", name));
    return { ...database.options, user: name, password };
  }

  async function preflight(options: MysqlOptions): Promise<readonly Finding[]> {
    await using connection = await Connection.open(options);
    return await readPreflight(connection);
  }

  const errors = (findings: readonly Finding[]): readonly string[] =>
    findings.filter((each) => each.severity === "error").map((each) => each.code);

  it("tells of XA while a transaction is prepared, and that it was used afterwards", async () => {
    await database.sql("XA START 'headgate_xa'");
    await database.sql("INSERT INTO parent VALUES (99)");
    await database.sql("XA END 'headgate_xa'");
    await database.sql("XA PREPARE 'headgate_xa'");
    const during = (await preflight(database.options)).map(({ code }) => code);
    await database.sql("XA ROLLBACK 'headgate_xa'");
    expect(during).toContain("prepared-transactions");
    const after = await preflight(database.options);
    const told = after.find(({ code }) => code === "xa-in-use");
    expect(told).toMatchObject({ severity: "warning", object: "server.xa" });
    expect(told?.count).toBeGreaterThan(0);
  });

  async function printed(): Promise<readonly string[]> {
    await using connection = await Connection.open(
      await account("preflight_full", `GRANT SHOW VIEW ON \`${database.name}\`.* TO {account}`),
    );
    const phases = await phaseGrants(connection, database.name, "copy");
    expect(phases.map((phase) => phase.phase)).toEqual([
      "copy",
      "inventory",
      "accounts",
      "stream",
      "cutover",
      "way back",
    ]);
    return phases.find((phase) => phase.phase === "copy")?.statements ?? [];
  }

  it("finds nothing in the way of an account that has what is printed", async () => {
    const found = await preflight(database.options);
    expect(errors(found)).toEqual([]);
    const cascades = found.some((each) => each.code === "cascades-not-logged");
    expect(cascades).toBe(server === "mariadb");
  });

  it("tells an account all that it lacks, with the statement that helps", async () => {
    const found = await preflight(
      await account("preflight_bare", `GRANT SELECT ON \`${database.name}\`.* TO {account}`),
    );
    const common = ["grant-replication-client"];
    expect(errors(found)).toEqual(
      server === "mysql9"
        ? [...common, "grant-xa-recover-admin", "grant-markers", "grant-reload", "grant-lock-tables"]
        : ["grant-show-view", ...common, "grant-markers"],
    );
    for (const each of found.filter((one) => one.code.startsWith("grant-")))
      expect(each.fix).toMatch(/^GRANT .+ ON .+ TO 'preflight_bare'@'%';$/u);
    expect(JSON.stringify(found)).not.toContain(password);
  });

  it("sees through a role", async () => {
    await database.sql("DROP ROLE IF EXISTS preflight_role");
    await database.sql("CREATE ROLE preflight_role");
    await database.sql(`GRANT SELECT, SHOW VIEW ON \`${database.name}\`.* TO preflight_role`);
    await database.sql("GRANT REPLICATION CLIENT ON *.* TO preflight_role");
    const options = await account("preflight_bare", "GRANT preflight_role TO {account}");
    await database.sql(
      server === "mysql9"
        ? "SET DEFAULT ROLE preflight_role TO preflight_bare"
        : "SET DEFAULT ROLE preflight_role FOR preflight_bare",
    );
    const found = await preflight(options);
    const lacking = found.map((each) => each.code);
    expect(lacking).toContain("grant-markers");
    for (const code of ["grant-select", "grant-show-view", "grant-replication-client"])
      expect(lacking).not.toContain(code);
    await database.sql("DROP ROLE preflight_role");
  });

  it("prints grants that are enough for all that a copy does, and not one too many", async () => {
    const statements = await printed();
    const options = await account("preflight_full", ...statements);
    expect(errors(await preflight(options))).toEqual([]);

    await using source = await openMysql(options);
    const catalogue = await source.catalogue(new AbortController().signal);
    expect(catalogue.tables.find((table) => table.name === "child")?.foreignKeys).toHaveLength(1);
    await source.position();
    expect(await source.preparedTransactions()).toEqual([]);
    await source.prepareMarkers(["preflight"]);
    expect(await source.mark("preflight", "test")).toMatch(/^\d+$/u);
    await using cut = await source.exactCut(["keyless"], 4);
    expect(cut?.position.file).not.toBe("");

    for (const left of statements) {
      const rest = await account("preflight_full", ...statements.filter((statement) => statement !== left));
      // Without a right on the database the server does not even let it in.
      if (left.includes("SELECT, SHOW VIEW"))
        await expect(preflight(rest)).rejects.toMatchObject({ code: "grant-missing" });
      else expect({ left, errors: errors(await preflight(rest)).length }).toEqual({ left, errors: 1 });
    }
    await database.sql("DROP TABLE headgate.marker_preflight");
  });

  if (server === "mariadb")
    it("asks for SHOW VIEW because foreign keys are hidden without it", async () => {
      const options = await account("preflight_bare", `GRANT SELECT ON \`${database.name}\`.* TO {account}`);
      await using connection = await Connection.open(options);
      const catalogue = await readCatalogue(connection);
      expect(catalogue.tables.find((table) => table.name === "child")?.foreignKeys).toEqual([]);
    });
});
