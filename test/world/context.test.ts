/**
 * The context query and the technical evaluation on real servers: nine facts, each with its value or "unknown", the
 * time it was taken and a statement that the server itself answers; nothing is written; an account that may see less
 * is told "unknown" and not something false.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { journey } from "./journey.js";
import type { Journey, Said } from "./journey.js";

interface Told {
  readonly value: unknown;
  readonly takenAt: string;
  readonly query: string;
  readonly note?: string;
}

const factsOf = (said: Said, key: string): Readonly<Record<string, Told>> =>
  said[key] as Readonly<Record<string, Told>>;

const nine = [
  "servers",
  "sizes",
  "rows",
  "tablesWithoutKey",
  "dependencies",
  "replication",
  "disk",
  "backupAge",
  "downtimeWindow",
];

describe.each(["mysql9", "mariadb"] as const)("context over %s", (server) => {
  let trip: Journey;
  let said: Said;
  const began = new Date().toISOString();

  beforeAll(async () => {
    trip = await journey(`context_${server}`, server);
    const { source } = trip;
    await source.sql("CREATE TABLE parent (id INT PRIMARY KEY)");
    await source.sql(
      "CREATE TABLE child (id INT PRIMARY KEY, p INT, CONSTRAINT child_parent FOREIGN KEY (p) REFERENCES parent (id))",
    );
    await source.sql("CREATE TABLE stands_in (a INT NOT NULL, b INT NOT NULL, UNIQUE KEY ab (a, b))");
    await source.sql("CREATE TABLE nullable_only (a INT, UNIQUE KEY a (a))");
    await source.sql("CREATE TABLE prefix_only (a VARCHAR(40) NOT NULL, UNIQUE KEY a (a(5)))");
    await source.sql("CREATE TABLE no_key (a INT)");
    await source.sql("CREATE VIEW seen AS SELECT id FROM parent");
    await source.sql("CREATE TRIGGER touched BEFORE INSERT ON child FOR EACH ROW SET NEW.p = NEW.p");
    await source.sql("CREATE PROCEDURE does() SELECT 1");
    await source.sql("CREATE FUNCTION gives() RETURNS INT DETERMINISTIC RETURN 1");
    await source.sql("CREATE EVENT wakes ON SCHEDULE EVERY 1 DAY DISABLE DO SELECT 1");
    await source.sql("INSERT INTO parent VALUES (1), (2), (3)");
    await source.sql("ANALYZE TABLE parent");
    said = await trip.said(0, "context");
  });
  afterAll(async () => {
    await trip[Symbol.asyncDispose]();
  });

  it("asks the query and answers it with all nine facts", () => {
    expect(said["request"]).toMatchObject({ type: "get_migration_context", facts: nine });
    expect(Object.keys(factsOf(said, "facts"))).toEqual(nine);
    expect(said["unknown"]).toEqual(["backupAge"]);
  });

  it("gives every fact a time and a statement", () => {
    const ended = new Date().toISOString();
    for (const facts of [factsOf(said, "facts"), factsOf(said, "evaluation")])
      for (const [name, { value, takenAt, query, note }] of Object.entries(facts)) {
        expect(takenAt >= began && takenAt <= ended, `${name} ${takenAt}`).toBe(true);
        expect(query, name).not.toBe("");
        expect(value, name).toBeDefined();
        if (value === "unknown") expect(note, name).toMatch(/ask/u);
      }
  });

  it("says what the servers say", () => {
    const { servers, sizes, rows, tablesWithoutKey, dependencies, replication, disk, downtimeWindow } =
      factsOf(said, "facts");
    const engine = server === "mariadb" ? "mariadb" : "mysql";
    expect(servers?.value).toMatchObject({ source: { engine }, target: { engine: "postgres" } });
    expect(sizes?.value).toMatchObject({ source: { database: `context_${server}`, tables: 6 } });
    expect(rows?.value).toContainEqual({ table: "parent", rows: 3 });
    expect(rows?.note).toMatch(/estimate/u);
    expect(tablesWithoutKey?.value).toEqual(["no_key", "nullable_only", "prefix_only"]);
    expect(dependencies?.value).toEqual({
      foreignKeys: ["child.child_parent -> parent"],
      views: ["seen"],
      triggers: ["child.touched"],
      procedures: ["does"],
      functions: ["gives"],
      events: ["wakes"],
    });
    // MariaDB has a right of its own for it, which no phase needs yet.
    expect(replication?.value).toEqual({
      source: server === "mariadb" ? "unknown" : { replica: false, lagSeconds: null },
      target: { standbys: 0, lagSeconds: null },
    });
    expect(disk?.value).toMatchObject({ targetFree: "unknown" });
    expect(disk?.value).toHaveProperty("targetDatabase.bytes");
    expect(downtimeWindow?.value).toMatchObject({ window: "unknown" });
  });

  it("names statements that the source answers", async () => {
    for (const { query } of [
      factsOf(said, "facts")["tablesWithoutKey"],
      factsOf(said, "facts")["rows"],
    ].flatMap((fact) => fact ?? []))
      await expect(trip.source.sql(query), query).resolves.toBeDefined();
  });

  it("stands in check as the evaluation, and in words for a person", async () => {
    const checked = await trip.said(0, "check");
    const evaluation = factsOf(checked, "evaluation");
    expect(Object.keys(evaluation)).toEqual([
      "versions",
      "sizes",
      "bloat",
      "lagBaseline",
      "headroom",
      "backupAge",
    ]);
    expect(evaluation["headroom"]).toMatchObject({ value: "unknown" });
    expect(evaluation["bloat"]?.value).toHaveProperty("target.deadRows");
    const { code, stdout } = await trip.headgate("context");
    expect(code).toBe(0);
    for (const name of nine) expect(stdout).toContain(`${name}: `);
    expect(stdout).toContain("backupAge: unknown");
  });

  it("tells what this account may see, and unknown where it may not look", async () => {
    const user = `context_${server}`;
    await trip.source.sql(`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`);
    try {
      await trip.source.sql(`GRANT SELECT ON context_${server}.* TO ${user}@'%'`);
      const url = new URL(trip.source.url);
      url.username = user;
      url.password = "secret";
      trip.configure([], { source: url.href });
      const less = factsOf(await trip.said(0, "context"), "facts")["replication"];
      expect(less?.value).toMatchObject({ source: "unknown", target: { standbys: 0 } });
      expect(less?.note).toMatch(/denied|privilege/iu);
      const right = server === "mariadb" ? "REPLICA MONITOR" : "REPLICATION CLIENT";
      await trip.source.sql(`GRANT ${right} ON *.* TO ${user}@'%'`);
      const more = factsOf(await trip.said(0, "context"), "facts")["replication"];
      expect(more?.value).toMatchObject({ source: { replica: false, lagSeconds: null } });
    } finally {
      trip.configure([]);
      await trip.source.sql(`DROP USER ${user}@'%'`);
    }
  });
});
