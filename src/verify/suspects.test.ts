/** What several suspects of one key are put together to. */
import { expect, it } from "vitest";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import type { Suspect } from "../verify-port.js";
import { Suspects } from "./suspects.js";

const table = planTable([planColumn("int", "integer", {}, [], "id")], ["id"]);
const key = Buffer.from("00010000000400000007", "hex");

async function together(...kinds: readonly Suspect["kind"][]): Promise<readonly Suspect[]> {
  const found: Suspect[] = [];
  const suspects = new Suspects(table, (some) => Promise.resolve(void found.push(...some)));
  for (const kind of kinds) suspects.add(key, kind, []);
  await suspects.flush();
  return found;
}

it("a row too many of a key that the source has as well is told from a stranger's", async () => {
  expect(await together("extra")).toEqual([{ table: "t", key, kind: "extra", columns: [], copies: 1 }]);
  const second = { table: "t", key, kind: "extra", columns: [], copies: 1, duplicate: true };
  expect(await together("different", "extra")).toEqual([second]);
  expect(await together("extra", "different")).toEqual([second]);
});

it("a row missing and one too many of one key are one that differs, and more of a kind are counted", async () => {
  expect(await together("missing", "extra")).toMatchObject([{ kind: "different", copies: 1 }]);
  expect(await together("extra", "extra", "missing")).toMatchObject([
    { kind: "extra", copies: 1, duplicate: true },
  ]);
  expect(await together("missing", "missing")).toMatchObject([{ kind: "missing", copies: 2 }]);
});
