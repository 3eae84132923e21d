/**
 * What the target's preflight says, each finding by the server state that causes it, and the same reading before and
 * after: nothing is written. Also the sentences of connections that cannot be had.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openPostgres } from "../../connectors/postgres/target.js";
import { Fault } from "../../src/errors.js";
import type { Finding, Plan } from "../../src/model.js";
import { faultProxy } from "./fault-proxy.js";
import { syntheticPlan } from "./synthetic.js";
import { engineName } from "./accounts.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const never = new AbortController().signal;
let database: TargetDatabase;
let plan: Plan;

beforeAll(async () => {
  database = await targetDatabase("load_preflight");
  await database.sql(
    "DO $$ BEGIN CREATE ROLE load_preflight LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
  );
});
afterAll(async () => {
  await database.sql("DROP OWNED BY load_preflight; DROP ROLE load_preflight");
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.sql("DROP SCHEMA IF EXISTS headgate CASCADE");
  await database.sql("DROP TABLE IF EXISTS a, b");
  await database.sql(`REVOKE ALL ON DATABASE load_preflight FROM load_preflight;
                      REVOKE ALL ON SCHEMA public FROM load_preflight, public`);
  plan = syntheticPlan([
    { name: "a", rows: 1000 },
    { name: "b", rows: 10 },
  ]);
});

async function findings(user?: string, made: Plan = plan): Promise<readonly Finding[]> {
  const url = new URL(database.options.url);
  if (user !== undefined) url.username = user;
  await using target = await openPostgres({ ...database.options, url: url.href });
  return await target.preflight(made);
}

const errors = (found: readonly Finding[]): string[][] =>
  found.filter((one) => one.severity === "error").map((one) => [one.code, one.object]);

describe("the target's preflight", () => {
  it("finds nothing wrong with an empty database, and gives the size", async () => {
    const found = await findings();
    expect(errors(found)).toEqual([]);
    expect(found.find((one) => one.code === "target-size")?.sentence).toContain("0.000 GB");
    expect(await database.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'headgate'")).toEqual([]);
  });

  it("refuses a planned table that stands there already and is not ours", async () => {
    await database.sql("CREATE VIEW b AS SELECT 1 AS id");
    const found = await findings();
    expect(errors(found)).toEqual([["target-not-empty", "public.b"]]);
    await database.sql("DROP VIEW b");
  });

  it("knows its own tables again, those of another migration, one that was replaced, one that is gone", async () => {
    await using target = await openPostgres(database.options);
    const ledger = await target.claim(plan);
    for (const statement of plan.before) await ledger.build(statement, never);
    await ledger[Symbol.asyncDispose]();
    expect(errors(await findings())).toEqual([]);
    const other = await findings(undefined, { ...plan, migration: "20261122_other" });
    expect(errors(other)).toEqual([
      ["target-not-empty", "public.a"],
      ["target-not-empty", "public.b"],
    ]);
    expect(other.find((one) => one.object === "public.a")?.sentence).toContain(
      `made by migration ${plan.migration}`,
    );
    await database.sql("DROP TABLE a; CREATE TABLE a (id int); DROP TABLE b");
    expect(errors(await findings())).toEqual([
      ["target-not-empty", "public.a"],
      ["ledger-mismatch", "public.b"],
    ]);
  });

  it("refuses a schema headgate that is somebody else's", async () => {
    await database.sql("CREATE SCHEMA headgate; CREATE TABLE headgate.gates (n int)");
    expect(errors(await findings())).toEqual([["ledger-foreign", "target.headgate"]]);
  });

  it("asks for the rights that are missing, and is content with those it asked for", async () => {
    const found = await findings("load_preflight");
    expect(errors(found)).toEqual([
      ["grant-missing", "target.load_preflight"],
      ["grant-missing", "target.public"],
    ]);
    for (const one of found.filter((each) => each.code === "grant-missing")) await database.sql(one.fix);
    expect(errors(await findings("load_preflight"))).toEqual([]);
    const url = new URL(database.options.url);
    url.username = "load_preflight";
    await using target = await openPostgres({ ...database.options, url: url.href });
    const ledger = await target.claim(plan);
    for (const statement of [...plan.before, ...plan.after]) await ledger.build(statement, never);
    await ledger[Symbol.asyncDispose]();
  });

  it("names the owner of a ledger that another role made, and the GRANT that lets this one in", async () => {
    await using target = await openPostgres(database.options);
    await (await target.claim(plan))[Symbol.asyncDispose]();
    const found = await findings("load_preflight");
    const ledger = found.find((one) => one.object === "target.headgate");
    expect(ledger).toMatchObject({
      code: "grant-missing",
      severity: "error",
      fix: `GRANT "${engineName("load_preflight")}" TO "load_preflight";`,
    });
    for (const one of found.filter((each) => each.code === "grant-missing")) await database.sql(one.fix);
    expect(errors(await findings("load_preflight"))).toEqual([]);
    await database.sql(`REVOKE "${engineName("load_preflight")}" FROM load_preflight`);
  });

  it("refuses a database whose encoding cannot hold every text", async () => {
    await database.sql("DROP DATABASE IF EXISTS load_latin");
    await database.sql(
      "CREATE DATABASE load_latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
    );
    const url = new URL(database.options.url);
    url.pathname = "/load_latin";
    await database.sql(`GRANT CREATE ON DATABASE load_latin TO "${engineName("load_preflight")}"`);
    await using target = await openPostgres({ ...database.options, url: url.href });
    expect(errors(await target.preflight(plan))).toEqual([["target-encoding", "target.load_latin"]]);
    await database.sql("DROP DATABASE load_latin WITH (FORCE)");
  });
});

describe("a target that is too old", () => {
  it("is known by what it does not have, and asked nothing more", async () => {
    const named = (from: string, to: string): string =>
      `SET allow_system_table_mods = on; UPDATE pg_catalog.pg_proc SET proname = '${to}' WHERE proname = '${from}'; RESET allow_system_table_mods`;
    await database.sql(named("has_parameter_privilege", "taken_away"));
    const found = await findings();
    await database.sql(named("taken_away", "has_parameter_privilege"));
    expect(found.map(({ code, severity }) => [code, severity])).toEqual([["target-version", "error"]]);
    expect(found[0]?.sentence).toMatch(/^PostgreSQL [^ ]+.* has no GRANT SET ON PARAMETER, which/u);
  });
});

describe("a target that cannot be reached", () => {
  async function refusal(change: (url: URL) => void, tls: "off" | "verify-full" = "off"): Promise<Fault> {
    const url = new URL(database.options.url);
    change(url);
    const mode = tls === "off" ? ({ mode: "off" } as const) : ({ mode: "verify-full", ca: null } as const);
    try {
      await openPostgres({ ...database.options, url: url.href, tls: mode });
    } catch (error) {
      if (error instanceof Fault) return error;
      throw error;
    }
    throw new Error("it was reached");
  }

  it("is told by where it should be and what is wrong, never by its password", async () => {
    const found = [
      await refusal((url) => {
        url.port = "1";
        url.password = "canary-pass";
      }),
      await refusal((url) => {
        url.pathname = "/load_nowhere";
        url.password = "canary-pass";
      }),
      await refusal((url) => {
        url.username = "load_nobody";
        url.password = "canary-pass";
      }),
      await refusal(() => undefined, "verify-full"),
    ];
    expect(found.map((fault) => fault.code)).toEqual([
      "server-unreachable",
      "database-missing",
      "login-refused",
      "tls-refused",
    ]);
    for (const fault of found) expect(`${fault.message} ${fault.stack ?? ""}`).not.toContain("canary-pass");
    expect(found[0]?.message).toContain("127.0.0.1:1/load_preflight");
  });

  it("in the middle of a login is a lost connection, not a wait", async () => {
    const url = new URL(database.options.url);
    await using proxy = await faultProxy({ host: url.hostname, port: Number(url.port) });
    proxy.holdAnswers = true;
    const opening = refusal((own) => {
      own.port = String(proxy.port);
    });
    while (proxy.clients === 0) await new Promise((resolve) => setImmediate(resolve));
    proxy.cutClients();
    expect((await opening).code).toBe("connection-lost");
  });
});
