/** SQL in a config file: what passes, what is refused with its line, and what an override does about it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { Fault } from "../errors.js";
import { loadConfig } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "headgate-guarded-"));
afterAll(() => rmSync(folder, { recursive: true }));

const head = `migration: 20261122_shop
source: { url: mysql://app@127.0.0.1:3306/shop }
target: { url: postgresql://app@127.0.0.1:5432/shop }
`;

async function load(text: string): Promise<string> {
  const file = join(folder, "headgate.yaml");
  writeFileSync(file, head + text, { mode: 0o600 });
  try {
    await loadConfig(file, {});
    return "loaded";
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return `${error.code} ${error.message.replaceAll(file, "FILE")}`;
  }
}

const rule = (to: string): string => `typemap: [{ match: { table: t }, to: ${to} }]\n`;

it.each([
  '{ check: "{column} BETWEEN 0 AND 127" }',
  "{ check: labels }",
  "{ default: now() }",
  "{ default: keep }",
  "{ default: nextval('s') }",
])("%s is let through", async (to) => {
  expect(await load(rule(to))).toBe("loaded");
});

it("SQL that does more is refused where it stands", async () => {
  expect(await load(rule('{ check: "true); DROP TABLE users; --" }'))).toBe(
    'config-invalid FILE:4:47: typemap[0].to.check is refused: it is not one expression; it drops something (DROP). Allowed: one expression that only computes, or an override: { safeguard: statement-guard, value: "true); DROP TABLE users; --", reason: "..." }.',
  );
  expect(await load(rule('{ default: "my_counter()" }'))).toMatch(
    /to\.default is refused: it calls my_counter\(\), which is not known to be free of side effects/,
  );
});

it("an override confirms one text, word for word", async () => {
  const confirm = (value: string): string =>
    `overrides: [{ safeguard: statement-guard, value: "${value}", reason: "ours, CHG-7" }]\n`;
  expect(await load(rule('{ default: "my_counter()" }') + confirm("my_counter()"))).toBe("loaded");
  expect(await load(rule('{ default: "my_counter( )" }') + confirm("my_counter()"))).toMatch(
    /is refused.*\n.*overrides\[0\]\.value is no SQL text of this file/,
  );
  expect(await load(confirm("my_counter()") + rule("{ default: drop }"))).toMatch(
    /is no SQL text of this file/,
  );
  expect(await load("overrides: [{ safeguard: statement-guard, value: 3, reason: because }]\n")).toMatch(
    /overrides\[0\]\.value is the number 3. Allowed: the SQL text/,
  );
  expect(await load('overrides: [{ safeguard: workers-per-host, value: "x", reason: because }]\n')).toMatch(
    /Allowed: a whole number from 1 to 64/,
  );
});

it("queries are guarded, those of parts that are not built yet too", async () => {
  const queries = (source: string, target: string): string =>
    `verify: { queries: [{ source: "${source}", target: "${target}" }] }\n`;
  expect(await load(queries("SELECT COUNT(*) FROM t", "SELECT count(*) FROM t"))).toBe("loaded");
  expect(await load(queries("SELECT SLEEP(9)", "SELECT count(*) FROM t"))).toMatch(
    /^config-invalid .*source is refused: it calls SLEEP\(\)/,
  );
  expect(await load(queries("SELECT 1", "WITH d AS (DELETE FROM t RETURNING 1) SELECT 1 FROM d"))).toMatch(
    /^config-invalid .*target is refused: it deletes rows without a condition on them \(DELETE t\)/,
  );
  expect(await load("baseline: { queries: [\"SELECT 1 INTO OUTFILE 'x'\"] }\n")).toMatch(
    /^config-invalid .*baseline\.queries\[0\] is refused/,
  );
});

it("several names may be kept, each once", async () => {
  const kept = (...globs: string[]): string =>
    `overrides: [${globs.map((glob) => `{ safeguard: source-names, value: "${glob}", reason: agreed }`).join(", ")}]\n`;
  expect(await load(kept("order", "orders.*"))).toBe("loaded");
  expect(await load(kept("order", "order"))).toMatch(/source-names for "order" a second time/);
});

it("columns are renamed by table, to names that may be created", async () => {
  expect(await load("tables: { columns: { order: { desc: description } } }\n")).toBe("loaded");
  expect(await load("tables: { columns: { order: { desc: order } } }\n")).toMatch(/is a reserved word/);
  expect(await load("tables: { columns: { order: { a: c, b: c } } }\n")).toMatch(
    /tables\.columns\.order\.b is/,
  );
});
