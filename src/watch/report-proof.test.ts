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
    leftOut: ["a", "b"],
    view: {
      runs: [run],
      tables:
        table === null
          ? []
          : [
              {
                table: "orders",
                whole: { seq: 3n, position: null, at: "2026-11-22T00:01:00Z" },
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
      "orders: 1,234,567 keys compared at 2026-11-22T00:01:00Z (batch 3) by reading both sides in key order, every byte; clean at 2026-11-22T00:05:00Z (batch 12); no key of it is touched in the log since.",
    );
    expect(clean.complete).toBe(true);
    expect(clean.sentences).toContain(
      "2 tables of the source are not migrated, by tables.include and tables.exclude, and nothing is said of them: a, b.",
    );
    // An older build has not written down when it was.
    expect(told({ whole: null }).orders?.sentence).toContain("1,234,567 keys compared by reading both");
    const since = told({ touched: { keys: "567", whole: false } });
    expect(since.orders?.sentence).toContain(
      "567 keys are touched in the log since, so at least 1,234,000 are clean and untouched.",
    );
  });

  it("claims nothing of what the source has written to a copy that nobody follows", () => {
    const alone = told({}, { runs: [{ ...run, facts: { followed: false } }] });
    expect(alone.followed).toBe(false);
    expect(alone.sentences).toContain(
      "The last verification, ended at 2026-11-22T00:10:00Z, was of a copy that nobody follows: what the source has written since it was copied counts as different.",
    );
    expect(alone.orders?.sentence).toContain("it is not known what it has touched since");
    expect(alone.checklist[2]).toMatchObject({ result: "skipped" });
    // A later one beside the log knows.
    const later = { ...run, id: "2", endedAt: "2026-11-22T00:20:00Z" };
    expect(told({}, { runs: [later, { ...run, facts: { followed: false } }] }).followed).toBe(true);
    expect([told({}).followed, told(null, { runs: [] }).followed]).toEqual([true, null]);
  });

  it("says whose rows were compared where it were a replica's", () => {
    const there = { ...run, facts: { replica: true } };
    const later = { ...run, id: "2", endedAt: "2026-11-22T00:20:00Z" };
    const line =
      /^The verification that ended at 2026-11-22T00:10:00Z read the source's rows on source\.replica/u;
    for (const runs of [[there], [later, there]])
      expect(told({}, { runs }).sentences).toContainEqual(expect.stringMatching(line));
    expect(told({}).sentences).not.toContainEqual(expect.stringMatching(/replica/u));
    // Everything was compared anew at the source itself since.
    const anew = { whole: { seq: 13n, position: null, at: "2026-11-22T00:15:00Z" } };
    expect(told(anew, { runs: [later, there] }).sentences).not.toContainEqual(
      expect.stringMatching(/replica/u),
    );
  });

  it("claims nothing of rows that the log may have touched without naming them", () => {
    const whole = told({ touched: { keys: "3", whole: true }, method: "multiset" }, {}, false);
    expect(whole.orders?.sentence).toContain(
      "1,234,567 rows compared at 2026-11-22T00:01:00Z (batch 3) by counting",
    );
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

describe("the checklist", () => {
  const pointsOf = (...given: Parameters<typeof told>) =>
    told(...given).checklist.map(({ result }) => result);
  const asked = (facts: Record<string, unknown>, at = "2026-11-22T00:10:00Z") => ({
    runs: [{ ...run, endedAt: at, facts }],
  });
  const key = (result: string) => ({
    foreignKeys: JSON.stringify([{ table: "orders", foreignKey: "fk", result, sentence: "" }]),
  });
  const query = (result: string) => ({
    queries: JSON.stringify([{ name: "total", result, sentence: "" }]),
  });
  const counted = (result: string) => ({
    counted: JSON.stringify([{ table: "orders", result, sentence: "orders: 1 row on both sides." }]),
  });
  const differs = { counts: [{ table: "orders", state: "different", count: "3" }] } as const;

  it("passes what evidence was found of, and skips what nobody has looked at", () => {
    expect(pointsOf(null)).toEqual(Array(7).fill("skipped"));
    expect(pointsOf({})).toEqual(["pass", "pass", "pass", "pass", "skipped", "skipped", "skipped"]);
    const facts = { ...key("holds"), ...query("holds") };
    expect(pointsOf({}, asked(facts))).toEqual([...Array<string>(6).fill("pass"), "skipped"]);
  });

  it("fails each point by itself, and nothing unsettled passes", () => {
    expect(pointsOf({}, differs)[1]).toBe("fail");
    expect(pointsOf({}, { counts: [{ table: "orders", state: "pending", count: "3" }] })[1]).toBe("skipped");
    expect(pointsOf({ touched: { keys: "1", whole: false } })[2]).toBe("skipped");
    expect(pointsOf({ touched: { keys: "0", whole: true } })[2]).toBe("skipped");
    for (const [result, wanted] of [
      ["orphans", "fail"],
      ["refused", "fail"],
      ["pending", "skipped"],
      ["unheard-of", "skipped"],
      ["kept", "pass"],
    ] as const)
      expect([result, pointsOf({}, asked(key(result)))[4]]).toEqual([result, wanted]);
    for (const [result, wanted] of [
      ["broken", "fail"],
      ["refused", "fail"],
      ["pending", "skipped"],
    ] as const)
      expect([result, pointsOf({}, asked(query(result)))[5]]).toEqual([result, wanted]);
  });

  it("goes by the last counts, unless all of it was compared since", () => {
    const older = "2026-11-22T00:00:30Z";
    for (const [result, wanted] of [
      ["equal", "pass"],
      ["different", "fail"],
      ["pending", "skipped"],
    ] as const)
      // prettier-ignore
      expect([result, pointsOf({}, asked(counted(result)))[3], pointsOf(null, asked(counted(result)))[3]]).toEqual(
        [result, wanted, wanted],
      );
    expect(pointsOf({}, asked(counted("different"), older))[3]).toBe("pass");
    const wrong = { ...asked(counted("different"), older), ...differs };
    expect(pointsOf({}, wrong)[3]).toBe("fail");
    expect(told({}, asked(counted("equal"))).sentences).toContain(
      "orders: 1 row on both sides, counted at 2026-11-22T00:10:00Z.",
    );
  });
});

it("says that nothing was compared where no verification has run", () => {
  for (const view of [null, { runs: [], tables: [], counts: [], named: [], repairs: [] }]) {
    const proof = reportProof({
      tables: [{ table: "orders", columns: null, policies: [], keyed: true }],
      leftOut: [],
      view,
      keyText: () => [],
    });
    expect(proof.sentences).toEqual([
      "No values have been compared: no verification of this migration has run.",
      "orders: never compared whole.",
    ]);
  }
  expect(reportProof({ tables: [], leftOut: null, view: null, keyText: () => [] }).complete).toBe(false);
});

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("nothing there");
  return value;
}
