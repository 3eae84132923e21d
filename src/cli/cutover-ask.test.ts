import { expect, it } from "vitest";
import { walkedResult } from "./cutover-ask.js";

const row = (id: number, kind = "different", columns: readonly string[] = ["note"]) => ({
  ...{ table: "orders", key: [String(id)], kind, columns, copies: 1 },
});
const body = {
  ...{ state: "soaking", writePauseSeconds: null, proof: null },
  why: { code: "way-back-stopped", sentence: "orders: 23 row(s) differ.", next: "headgate status" },
};

it("names the rows that keep a rollback back, the first of them, and counts the rest", () => {
  const differences = [row(1), row(2, "extra", []), row(3, "missing", [])].concat(
    Array.from({ length: 20 }, (_, at) => row(at + 4)),
  );
  const { human, exit } = walkedResult("rollback", "m", { ...body, differing: 23, differences });
  expect(exit).toBe(6);
  expect(human.slice(2, 5)).toEqual([
    "Differs: orders (1): note",
    "Differs: orders (2): the source does not have it",
    "Differs: orders (3): the target does not have it",
  ]);
  expect(human.slice(11)).toEqual(["Differs: orders (10): note", "And 13 row(s) more."]);
});

it("names none where the proof was not the reason", () => {
  expect(walkedResult("rollback", "m", body).human).toHaveLength(2);
});
