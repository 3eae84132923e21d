/** Who goes on with whose verification. */
import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import { planColumn, planTable } from "../typemap/column.fixture.js";
import { exampleComparing, exampleLedger, exampleTools } from "./example-ledger.js";
import { verify } from "./verification.js";
import type { VerifyRequest } from "./verification.js";

const tables = ["a", "b"].map((name) => ({
  ...planTable([planColumn("int", "integer", {}, [], "id")], ["id"]),
  ...{ source: name, target: name, lane: "one" },
}));
const { signal } = new AbortController();

/** Compares until `b` is refused, and then again as `next` asks; what the second one compared. */
async function after(first: VerifyRequest["full"], next: VerifyRequest["full"]): Promise<readonly string[]> {
  const ledger = exampleLedger(["a", "b"]);
  let compared: string[] = [];
  let refuses = true;
  const tools = exampleTools(tables, 1, {
    ledger,
    comparing: exampleComparing({
      range: async (comparer, table, range, onSuspects, stop) => {
        if (table.source === "b" && refuses) throw new Fault("source-refused", "not now");
        compared.push(table.source);
        return await exampleComparing().range(comparer, table, range, onSuspects, stop);
      },
    }),
  });
  const run = (full: VerifyRequest["full"]) =>
    verify(tools, { method: "stream", full, tables: null }, signal);
  await expect(run(first)).rejects.toMatchObject({ code: "source-refused" });
  expect(compared).toEqual(["a"]);
  compared = [];
  refuses = false;
  await run(next);
  return compared.sort();
}

it("one that was stopped goes on where it was", async () => {
  expect(await after(true, true)).toEqual(["b"]);
  expect(await after("round", "round")).toEqual(["b"]);
});

it("whoever asks for everything gets everything, whatever a round of the engine's has compared", async () => {
  expect(await after("round", true)).toEqual(["a", "b"]);
  expect(await after(true, "round")).toEqual(["a", "b"]);
});
