/**
 * A canary password through a whole migration, and then a search for it in everything that was left behind: both
 * streams of every command, every file, the ledger, the source's markers, the report, the faults of wrong logins.
 * The password has every character that some layer escapes, so each spelling of it is searched for too.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { headgate } from "./headgate.js";
import type { Ended } from "./headgate.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase } from "./target-database.js";

const name = "hg_canary";
const canary = `Kan4ri€n'"v0gel/@:?#[]&=+ %41;$\`|`;
const wrong = `Fals4ri€n'"v0gel/@:?#[]&=+ %41;$\`|`;
/** Both ends of it, in whatever way the middle was escaped, and base64 of its beginning. */
const traces = [/Kan4ri|Fals4ri/u, /v0gel/u, /S2FuNHJp/u, /RmFsczRya/u];

let source: SourceDatabase;
let target: TargetDatabase;
let folder: string;

beforeAll(async () => {
  source = await sourceDatabase(name, "mysql9");
  target = await targetDatabase(name);
  folder = mkdtempSync(join(tmpdir(), "headgate-canary-"));
  await source.account(name, canary);
  await source.sql("CREATE TABLE users (id int PRIMARY KEY, born datetime)");
  await source.sql("INSERT INTO users VALUES (1, '2001-01-01'), (2, '0000-00-00')");
  await target.account(name, canary);
});

afterAll(async () => {
  await source.sql(`DROP USER IF EXISTS ${name}@'%'`);
  await source[Symbol.asyncDispose]();
  await target.sql(`DROP OWNED BY ${name}`);
  await target.sql(`DROP ROLE IF EXISTS ${name}`);
  await target[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

it("is nowhere but where it was put", async () => {
  const from = `mysql://${name}:\${CANARY}@${new URL(await sourceUrl("mysql9")).host}/${name}`;
  const to = `postgresql://${name}:\${file:pg.secret}@${new URL(target.url).host}/${name}`;
  const secret = join(folder, "pg.secret");
  writeFileSync(secret, `${canary}\n`, { mode: 0o600 });
  const said: string[] = [];
  const step = async (exit: number, args: readonly string[], password = canary): Promise<Ended> => {
    const ended = await headgate(args, { cwd: folder, env: { CANARY: password } });
    said.push(`$ ${args.join(" ")}\n${ended.stdout}\n${ended.stderr}`);
    expect(ended.code, said.at(-1)).toBe(exit);
    return ended;
  };
  for (const json of [[], ["--json"]]) {
    await step(0, ["init", "--source", from, "--target", to, "--dry-run", ...json]);
    await step(64, ["init", "--source", from.replace(`/${name}`, "/a/b"), "--target", to, ...json]);
    await step(1, ["init", "--source", from, "--target", to, ...json], wrong);
  }
  await step(0, ["init", "--source", from, "--target", to]);
  for (const json of [[], ["--json"]]) {
    await step(1, ["check", ...json], wrong);
    await step(0, ["check", ...json]);
    await step(0, ["check", "--propose", ...json]);
    await step(0, ["check", "--grants", ...json]);
    await step(0, ["plan", ...json]);
    await step(0, ["plan", "--sql", ...json]);
    await step(0, ["run", "--until", "copied", "--confirm", name, ...json]);
    await step(0, ["status", ...json]);
    await step(0, ["report", "--html", `report${String(json.length)}.html`, ...json]);
  }
  // A literal password that the URL's form refuses: the error is about the very text that must not be shown.
  const bad = join(folder, "bad.yaml");
  for (const url of [`mysql://a:${canary}@h/d`, `mysql://a:x${canary}`, `postgres://a:${canary}@h/d`]) {
    writeFileSync(bad, `migration: 20261122_x\nsource: { url: ${JSON.stringify(url)} }\n`, { mode: 0o600 });
    await step(64, ["-c", "bad.yaml", "check"]);
    await step(64, ["-c", "bad.yaml", "check", "--json"]);
  }
  rmSync(bad);

  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => file !== secret && statSync(file).isFile());
  expect(files.length).toBeGreaterThanOrEqual(4);
  const artefacts = [
    ...said,
    ...files.map((file) => `${file}\n${readFileSync(file, "latin1")}\n${readFileSync(file, "utf8")}`),
    ...(await ledger()),
    ...(await markers()),
  ];
  for (const artefact of artefacts) for (const trace of traces) expect(artefact).not.toMatch(trace);
});

/** Every row of every table of the target's schema headgate, and what the server has running. */
async function ledger(): Promise<string[]> {
  const tables = await target.sql(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'headgate'",
  );
  expect(tables.length).toBeGreaterThan(0);
  return Promise.all(
    tables.map(async (table) =>
      JSON.stringify(await target.sql(`SELECT t::text FROM ${table["name"] ?? ""} t`)),
    ),
  );
}

async function markers(): Promise<string[]> {
  const tables = await source.sql(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'headgate'",
  );
  return Promise.all(
    tables.map(async ([table]) =>
      JSON.stringify(await source.sql(`SELECT * FROM headgate.\`${table ?? ""}\``)),
    ),
  );
}
