/** Who must confirm, how, and that nobody is asked off a terminal. */
import { expect, it } from "vitest";
import type { Confirmation } from "./confirm.js";
import { confirmTarget } from "./confirm.js";
import { demandAgreement } from "./environment.js";

const silent = async (): Promise<string> => {
  throw new Error("asked off a terminal");
};
const base: Confirmation = {
  environment: "production",
  database: "shop",
  confirm: undefined,
  terminal: false,
  ask: silent,
};

it.each<readonly [string, Partial<Confirmation>]>([
  ["--confirm with the name", { confirm: "shop" }],
  ["the name typed", { terminal: true, ask: async () => "shop" }],
  ["staging", { environment: "staging" }],
  ["development", { environment: "development" }],
])("goes on: %s", async (_, part) => {
  await expect(confirmTarget({ ...base, ...part })).resolves.toBeUndefined();
});

it.each<readonly [string, Partial<Confirmation>, RegExp]>([
  ["off a terminal without --confirm", {}, /nobody is at a terminal/],
  ["another name", { confirm: "shop2" }, /--confirm names "shop2", the target database is "shop"/],
  ["another case", { confirm: "Shop" }, /"Shop"/],
  ["an empty --confirm", { confirm: "" }, /No name was given/],
  ["yes typed", { terminal: true, ask: async () => "yes" }, /What was typed is "yes"/],
  ["nothing typed", { terminal: true, ask: async () => "\n" }, /No name was given/],
  ["a wrong --confirm in development", { environment: "development", confirm: "prod" }, /"prod"/],
])("refuses: %s", async (_, part, words) => {
  const act = confirmTarget({ ...base, ...part });
  await expect(act).rejects.toMatchObject({ code: "confirm-missing", exit: 64 });
  await expect(act).rejects.toThrow(words);
});

it.each([
  ["Ctrl+C", "interrupted", 130],
  ["Ctrl+D", "confirm-missing", 64],
])("%s at the question ends as %s", async (key, code, exit) => {
  const ask = async (): Promise<string> => {
    throw Object.assign(new Error(`Aborted with ${key}`), { name: "AbortError" });
  };
  await expect(confirmTarget({ ...base, terminal: true, ask })).rejects.toMatchObject({ code, exit });
});

it("asks TARGET_DB and MIGRATION_ID to agree where they are set", () => {
  expect(() => demandAgreement({}, "20261122_shop", "shop")).not.toThrow();
  expect(() =>
    demandAgreement({ TARGET_DB: "shop", MIGRATION_ID: "20261122_shop" }, "20261122_shop", "shop"),
  ).not.toThrow();
  expect(() => demandAgreement({ TARGET_DB: "other" }, "20261122_shop", "shop")).toThrow(
    /TARGET_DB is "other".*target.url's database in the file is "shop"/,
  );
  expect(() => demandAgreement({ MIGRATION_ID: "" }, "20261122_shop", "shop")).toThrow(/MIGRATION_ID is ""/);
});
