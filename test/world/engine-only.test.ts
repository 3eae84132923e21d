/**
 * Headgate runs as what `check --grants` prints, and as nobody else: the accounts of all tests are made of the printed
 * statements, and a login of the connectors as root or postgres is seen wherever it comes from.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import { Connection } from "../../connectors/mysql/connection.js";
import { openReading } from "../../connectors/mysql/read.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { engineName, enginePassword } from "./accounts.js";
import { demandAccounts, demandRights, seen, settled } from "./engine-only.js";
import { takeBreaches } from "./engine-only-setup.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";

const name = "hg_engine_only";
let trip: Journey;

beforeAll(async () => {
  trip = await journey(name);
  await trip.source.sql("CREATE TABLE keyless (a INT)");
});
afterAll(async () => {
  await trip[Symbol.asyncDispose]();
});

it("a login as an administrator is seen, on every way in", async () => {
  const { username, password } = new URL(await sourceUrl("mysql9"));
  const root = {
    ...trip.source.options,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
  await using small = await Connection.open(root);
  await using wire = await openReading(root);
  await using target = await openPostgres({ ...trip.target.options, url: trip.target.url });
  expect([small.open, wire.over, (await target.facts()).database]).toEqual([true, false, name]);
  expect(takeBreaches()).toEqual([
    "Headgate logged in to MySQL as root, an administrator",
    "Headgate logged in to MySQL as root, an administrator",
    "Headgate logged in to PostgreSQL as postgres, an administrator",
  ]);
});

it.each(["mysql9", "mariadb", "mysql56"] as const)(
  "an administrator of %s is seen under any name, at a login and as a process starts",
  async (server) => {
    await using database = await sourceDatabase("hg_engine_power", server);
    const rights = ["SUPER", ...(server === "mysql9" ? ["SYSTEM_VARIABLES_ADMIN"] : [])];
    for (const [at, right] of rights.entries()) {
      const user = `hg_power_${String(at)}`;
      await database.account(user, enginePassword);
      try {
        await database.sql(`GRANT ${right} ON *.* TO ${user}@'%'`);
        await using source = await Connection.open({ ...database.options, user });
        expect(source.open).toBe(true);
        await settled();
        expect(takeBreaches()).toEqual([`Headgate logged in to MySQL as ${user}, who has ${right}`]);
        const args = ["init", "--source", `mysql://${user}:x@127.0.0.1/x`];
        await expect(demandRights(trip.folder, args)).rejects.toThrow(`who has ${right}`);
      } finally {
        await database.sql(`DROP USER ${user}@'%'`);
      }
    }
  },
);

it("a login with the rights of a copy is no breach", async () => {
  const before = seen.length;
  await using source = await Connection.open(trip.source.options);
  await using target = await openPostgres(trip.target.options);
  expect([source.open, (await target.facts()).database]).toEqual([true, name]);
  await settled();
  expect(seen.slice(before)).toEqual([`MySQL ${engineName(name)}`, `PostgreSQL ${engineName(name)}`]);
  expect(takeBreaches()).toEqual([]);
});

it("a process that would run as an administrator is not started", () => {
  const args = (user: string): string[] => ["init", "--source", `mysql://${user}@127.0.0.1/x`];
  expect(() => demandAccounts(trip.folder, args("root"))).toThrow("root");
  expect(() => demandAccounts(trip.folder, args("postgres:x"))).toThrow("postgres");
  expect(() => demandAccounts(trip.folder, args("rooted"))).not.toThrow();
});

it("the accounts have what check --grants prints, statement by statement", async () => {
  const printed = (await trip.said(0, "check", "--grants"))["grants"] as readonly {
    phase: string;
    server: string;
    statements: readonly string[];
  }[];
  const copy = printed.filter(({ phase }) => ["copy", "inventory", "stream"].includes(phase));
  expect(copy.map(({ server }) => server)).toEqual(["source", "source", "source", "target", "target"]);
  const target = copy.filter(({ server }) => server === "target").flatMap(({ statements }) => statements);
  for (const statement of target) expect(statement).toContain(`TO "${engineName(name)}";`);
  // What the server says the account has is what was printed: as many rights on as many places, and not one more.
  const granted = await trip.source.sql(`SHOW GRANTS FOR '${engineName(name)}'@'%'`);
  const rights = (lines: readonly string[]): string[] =>
    lines
      .flatMap((line) => {
        const plain = line.replaceAll("\\_", "_").replaceAll("`", "");
        const [, list = "", on = ""] = /^GRANT (.+?) ON (.+?) TO /u.exec(plain) ?? [];
        // A right on columns has commas of its own, and the server lists them in an order of its own.
        const columns = (all: string): string => `(${all.slice(1, -1).split(/,\s*/u).sort().join("+")})`;
        return list
          .replaceAll(/\([^)]*\)/gu, columns)
          .split(/,\s*/u)
          .map((right) => `${right} ${on}`);
      })
      .filter((right) => !right.startsWith("USAGE"))
      .sort();
  expect(rights(granted.map(([line]) => line ?? ""))).toEqual(
    rights(copy.filter(({ server }) => server === "source").flatMap(({ statements }) => statements)),
  );
});
