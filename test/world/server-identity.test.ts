/**
 * The environment, confirmed at every connection: whoever reconnects and reaches another server with the same tables
 * stops before it reads or writes there. The first server stands behind a proxy that leads elsewhere from one moment on.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openMysql } from "../../connectors/mysql/source.js";
import { openPostgres } from "../../connectors/postgres/target.js";
import { asEngine } from "./accounts.js";
import { faultProxy } from "./fault-proxy.js";
import type { FaultProxy } from "./fault-proxy.js";
import { journey, numbers, toTheEnd, unequal } from "./journey.js";
import type { Journey } from "./journey.js";
import { sourceDatabase } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { syntheticPlan } from "./synthetic.js";
import { databaseAt } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";
import { ownServers } from "../faults/own-servers.js";

const name = "hg_which_server";
const create = "CREATE TABLE t (id INT PRIMARY KEY, note VARCHAR(20))";

let trip: Journey;
/** The same database, account and tables on another server. */
let elsewhere: SourceDatabase;

beforeAll(async () => {
  trip = await journey(name);
  elsewhere = await sourceDatabase(name, "mariadb");
  for (const source of [trip.source, elsewhere]) {
    await source.sql(create);
    await source.sql(`INSERT INTO t SELECT n, CONCAT('row ', n) FROM (${numbers(3000)}) AS r`);
  }
  trip.configure(["snapshot: { rangeRows: 100 }"]);
});
afterAll(async () => {
  await elsewhere[Symbol.asyncDispose]();
  await trip[Symbol.asyncDispose]();
});

const place = (url: string): { host: string; port: number } => ({
  host: new URL(url).hostname,
  port: Number(new URL(url).port),
});

/** From here on the proxy leads to the other server, and every connection through it is lost. */
function moved(proxy: FaultProxy, url: string): void {
  proxy.leadTo(place(url));
  proxy.cutClients();
  proxy.forget();
}

describe("a source", () => {
  it("that is another server after a lost connection is not read", async () => {
    await using proxy = await faultProxy(place(trip.source.url));
    await using source = await openMysql({ ...trip.source.options, host: "127.0.0.1", port: proxy.port });
    const first = await source.facts();
    {
      await using reader = await source.reader(2);
      expect(reader).not.toBeNull();
    }
    moved(proxy, elsewhere.url);
    // The control connection is lost first; what comes after is a new one.
    await expect(source.position()).rejects.toMatchObject({ retriable: true });
    const changed = { code: "server-changed", retriable: false };
    await expect(source.position()).rejects.toMatchObject(changed);
    await expect(source.facts()).rejects.toMatchObject(changed);
    await expect(source.reader(2)).rejects.toMatchObject(changed);
    await expect(source.exactCut(["t"], 2)).rejects.toMatchObject(changed);
    await expect(source.catalogue(new AbortController().signal)).rejects.toMatchObject(changed);
    await expect(source.reader(2)).rejects.toThrow(first.identity);
    moved(proxy, trip.source.url);
    expect((await source.facts()).identity).toBe(first.identity);
  });
});

describe("a target", () => {
  let other: Awaited<ReturnType<typeof ownServers<"postgres18">>>;
  let twin: TargetDatabase;

  beforeAll(async () => {
    other = await ownServers(["postgres18"]);
    twin = await databaseAt(other.servers.postgres18.url, name);
  });
  afterAll(async () => {
    await twin[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  it("that is another cluster after a lost connection is not written", async () => {
    await using proxy = await faultProxy(place(trip.target.url));
    const url = new URL(trip.target.options.url);
    url.port = String(proxy.port);
    await using target = await openPostgres({ ...trip.target.options, url: url.href });
    const plan = syntheticPlan([{ name: "t", rows: 10 }], "20261122_which");
    await using ledger = await target.claim(plan);
    moved(proxy, twin.url);
    const changed = { code: "server-changed", retriable: false };
    await expect(target.view(plan.migration)).rejects.toMatchObject(changed);
    await expect(target.preflight(plan)).rejects.toMatchObject(changed);
    await expect(target.claim(plan)).rejects.toMatchObject(changed);
    await expect(ledger.loader()).rejects.toBeDefined();
    expect(await twin.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'headgate'")).toEqual([]);
  });

  it("whose pool hands out another database is refused at once", async () => {
    const url = new URL(trip.target.options.url);
    url.pathname = "/%2e%2e";
    await expect(openPostgres({ ...trip.target.options, url: url.href })).rejects.toMatchObject({
      code: "database-missing",
    });
  });

  it("knows from which server a migration was begun", async () => {
    await trip.target.sql("DROP SCHEMA IF EXISTS headgate CASCADE; DROP TABLE IF EXISTS t");
    await using target = await openPostgres(trip.target.options);
    const plan = syntheticPlan([{ name: "t", rows: 10 }], "20261122_which");
    {
      await using ledger = await target.claim(plan, "server-a");
      for (const statement of plan.before) await ledger.build(statement, new AbortController().signal);
    }
    await expect(target.claim(plan, "server-b")).rejects.toMatchObject({
      code: "server-changed",
      message: expect.stringMatching(/server-a.*server-b/u) as string,
    });
    await using again = await target.claim(plan, "server-a");
    expect(again.epoch).not.toBe("");
    await trip.target.sql("DROP SCHEMA headgate CASCADE; DROP TABLE t");
  });
});

it("a plan is run on the servers that it was made on, and the run goes on where the URL leads back", async () => {
  await trip.target.sql("DROP SCHEMA IF EXISTS headgate CASCADE; DROP TABLE IF EXISTS t");
  await trip.said(0, "plan");
  trip.configure([], { source: asEngine(elsewhere.url, name) });
  const refused = await trip.said(1, ...toTheEnd.slice(0, -1));
  expect(refused["error"]).toMatchObject({ code: "server-changed", retriable: false });
  expect(await trip.target.sql("SELECT to_regnamespace('headgate')::text AS ledger")).toEqual([
    { ledger: null },
  ]);
  trip.configure([]);
  expect((await trip.said(0, ...toTheEnd.slice(0, -1)))["state"]).toBe("copied");
  expect(unequal(await trip.judge())).toEqual([]);
  rmSync(join(trip.folder, ".headgate"), { recursive: true });
});
