/** That what is checked in for editors and readers is what the zod schema says, and that it takes the example. */
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { homesOf, jsonSchema, jsonSchemaText, knownKeys } from "./json-schema.js";
import { withKeyTable } from "./key-table.js";

const page = (): string => readFileSync("docs/config.md", "utf8");

it("headgate.schema.json is up to date (npm run schema)", () => {
  expect(readFileSync("headgate.schema.json", "utf8")).toBe(jsonSchemaText());
});

it("docs/config.md's table is up to date (npm run schema)", () => {
  expect(page()).toBe(withKeyTable(page()));
});

it("takes the documented example and refuses a misspelled key", () => {
  const check = new Ajv2020({ strict: false }).compile(jsonSchema());
  const example = /```yaml\n(?<yaml># yaml-language-server[\s\S]*?)```/u.exec(page())?.groups?.["yaml"] ?? "";
  const value: unknown = parse(example);
  expect(check(value), JSON.stringify(check.errors)).toBe(true);
  expect(check({ ...Object(value), souce: 1 })).toBe(false);
  expect(check({ ...Object(value), snapshot: { rangeRows: 99 } })).toBe(false);
});

it("knows the keys of a place, in lists and behind choices too", () => {
  expect(knownKeys([])).toContain("migration");
  expect(knownKeys(["feed", "kafka"])).toContain("brokers");
  expect(knownKeys(["typemap", 3, "match"])).toContain("table");
  expect(knownKeys(["tables", "rename"])).toEqual([]);
  expect(homesOf("rangeRows")).toEqual(["snapshot"]);
});
