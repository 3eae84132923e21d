import { describe, expect, it } from "vitest";
import type { ProofView } from "../verify-port.js";
import { partsOf } from "./report-proof-html.js";
import { reportProof } from "./report-proof.js";

const run: ProofView["runs"][number] = {
  id: "1",
  scope: { method: "stream", kind: "full", tables: ["orders"], sample: null },
  startedAt: "2026-11-22T00:00:00Z",
  endedAt: "2026-11-22T00:10:00Z",
  facts: {},
};

function told(
  table: Partial<ProofView["tables"][number]> | null,
  over: Partial<ProofView> = {},
  keyed = true,
) {
  const proof = reportProof({
    tables: [{ table: "orders", columns: null, policies: [], keyed }],
    view: {
      runs: [run],
      tables:
        table === null
          ? []
          : [
              {
                table: "orders",
                clean: { seq: 12n, position: null, at: "2026-11-22T00:05:00Z" },
                rowsSource: "1234567",
                rowsTarget: "1234567",
                ranges: 13,
                method: "stream",
                touched: { keys: "0", whole: false },
                ...table,
              },
            ],
      counts: [],
      named: [],
      repairs: [],
      ...over,
    },
    keyText: (_, key) => [key.toString()],
  });
  return { ...proof, orders: proof.tables[0] };
}

describe("what is said of a table", () => {
  it("is that nobody compared it, where nobody did", () => {
    const none = told(null);
    expect(none.orders?.sentence).toBe("orders: never compared whole.");
    expect(none.orders?.standing).toBe("never");
    expect(none.complete).toBe(false);
    expect(none.sentences[0]).toBe("0 of 1 tables have been compared whole at least once.");
  });

  it("counts all of it as clean only while the log has touched nothing since", () => {
    const clean = told({});
    expect(clean.orders?.sentence).toBe(
      "orders: 1,234,567 keys compared by reading both sides in key order, every byte; clean at 2026-11-22T00:05:00Z (batch 12); no key of it is touched in the log since.",
    );
    expect(clean.complete).toBe(true);
    const since = told({ touched: { keys: "567", whole: false } });
    expect(since.orders?.sentence).toContain(
      "567 keys are touched in the log since, so at least 1,234,000 are clean and untouched.",
    );
  });

  it("claims nothing of rows that the log may have touched without naming them", () => {
    const whole = told({ touched: { keys: "3", whole: true }, method: "multiset" }, {}, false);
    expect(whole.orders?.sentence).toContain("1,234,567 rows compared by counting equal rows");
    expect(whole.orders?.sentence).toContain("of none of its rows is it said that they are untouched");
    expect(partsOf(must(whole.orders)).find(({ name }) => name === "clean")?.rows).toBe(0n);
  });

  it("takes rows on record off what is clean, and calls it different or pending", () => {
    const counts = [
      { table: "orders", state: "different", count: "3" },
      { table: "orders", state: "pending", count: "2" },
      { table: "orders", state: "suspect", count: "1" },
    ] as const;
    const wrong = told({ touched: { keys: "10", whole: false } }, { counts });
    expect(wrong.orders?.standing).toBe("different");
    expect(wrong.orders?.sentence).toContain("but for 3 on record as different, 3 to be looked at again");
    expect(wrong.orders?.sentence).toContain("at least 1,234,551 are clean");
    expect([wrong.differences, wrong.pending, wrong.complete]).toEqual(["3", "3", false]);
    expect(wrong.sentences[1]).toBe("3 rows are on record as different.");
    const waits = told({}, { counts: counts.slice(1) });
    expect(waits.orders?.standing).toBe("pending");
    expect(waits.complete).toBe(false);
  });

  it("never claims fewer than no rows", () => {
    const busy = told({ rowsSource: "5", touched: { keys: "9", whole: false } });
    expect(busy.orders?.sentence).toContain("at least 0 are clean");
    expect(partsOf(must(busy.orders)).every(({ rows }) => rows >= 0n)).toBe(true);
  });

  it("says of a table with rows on record and no whole comparison both", () => {
    const found = told(null, { counts: [{ table: "orders", state: "different", count: "1" }] });
    expect(found.orders?.sentence).toBe("orders: never compared whole; 1 on record as different.");
    expect(found.orders?.standing).toBe("different");
  });
});

it("says that nothing was compared where no verification has run", () => {
  for (const view of [null, { runs: [], tables: [], counts: [], named: [], repairs: [] }]) {
    const proof = reportProof({
      tables: [{ table: "orders", columns: null, policies: [], keyed: true }],
      view,
      keyText: () => [],
    });
    expect(proof.sentences).toEqual([
      "No values have been compared: no verification of this migration has run.",
      "orders: never compared whole.",
    ]);
  }
  expect(reportProof({ tables: [], view: null, keyText: () => [] }).complete).toBe(false);
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("nothing there");
  return value;
}
