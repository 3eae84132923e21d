/** That whatever init writes loads again and says the same, for any names that a database may hold. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import type { InitFacts } from "./init.js";
import { initText, text } from "./init.js";
import { loadConfig } from "./load.js";

const character = fc.oneof(
  fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
  fc.constantFrom("é", "漢", "😀", "\u202e", "\u2028"),
);
const folder = mkdtempSync(join(tmpdir(), "headgate-init-"));
afterAll(() => rmSync(folder, { recursive: true }));

const facts: InitFacts = {
  migration: "20261122_shop",
  environment: "production",
  source: "mysql://headgate:${SHOP_PASSWORD}@127.0.0.1:3306/shop",
  target: "postgresql://headgate:${file:pg}@127.0.0.1:5432/shop",
  schema: "public",
  seen: "MySQL 9.7.4, 14 tables, about 1,012,000 rows",
  names: "keep",
  renames: [],
  columns: [],
  typemap: [],
  policies: [],
};

async function loaded(made: InitFacts): ReturnType<typeof loadConfig> {
  const file = join(folder, "headgate.yaml");
  writeFileSync(join(folder, "pg"), "secret\n", { mode: 0o600 });
  writeFileSync(file, initText(made), { mode: 0o644 });
  return loadConfig(file, { SHOP_PASSWORD: "p@ss" });
}

it("keeps a ${NAME} as it stands, and the file loads", async () => {
  expect(initText(facts)).toContain("url: mysql://headgate:${SHOP_PASSWORD}@127.0.0.1:3306/shop\n");
  const { source, target, config } = await loaded(facts);
  expect([source.server.password, target.server.password, config.environment]).toEqual([
    "p@ss",
    "secret",
    "production",
  ]);
});

it("refuses an id that could leave the folder", () => {
  expect(() => initText({ ...facts, migration: "20261122_../../etc" })).toThrow(/--migration is/);
});

it("loads whatever names the source has", async () => {
  const name = fc
    .string({ unit: character, minLength: 1, maxLength: 30 })
    .filter((s) => !/[\0-\x1f$]|__proto__/u.test(s));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
      fc.string(),
      async (names, comment) => {
        const { config } = await loaded({
          ...facts,
          renames: [
            { comment, lines: names.map((source, at) => `${JSON.stringify(source)}: renamed_${String(at)}`) },
          ],
          typemap: names.map((table) => ({
            comment: `${table}: ${comment}`,
            lines: [`- match: { table: ${JSON.stringify(table)} }\n  to: { type: text }`],
          })),
          policies: names.map((table) => ({
            comment,
            lines: [`- { match: { column: ${JSON.stringify(table)} }, zeroDate: "null", nul: strip }`],
          })),
        });
        expect(Object.keys(config.tables.rename)).toEqual(expect.arrayContaining(names));
        expect(config.typemap.map((rule) => rule.match.table)).toEqual(names);
        expect(config.policies.map((policy) => policy.match.column)).toEqual(names);
      },
    ),
    { numRuns: 60 },
  );
});

it("writes any text as one line of YAML", () => {
  fc.assert(
    fc.property(fc.string(), (value) => {
      expect(text(value)).not.toContain("\n");
    }),
  );
});
