import { expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Finding, PlanColumn } from "../model.js";
import { catalogue, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import type { Source } from "../port.js";
import { column } from "../typemap/example-column.js";
import { sortOrderFindings } from "./sort-order.js";

const text = { charset: "utf8mb4", nullable: false };
const made = plan(
  catalogue([
    table("t", [column("a", "varchar(9)", { ...text, collation: "utf8mb4_general_ci" })], {
      indexes: [index("PRIMARY", ["a"])],
    }),
  ]),
  request(),
);
const signal = new AbortController().signal;
const target = { places: () => Promise.resolve([2, 1]) };

it("says that a server would not put the texts in order, instead of nothing", async () => {
  const refusing = (code: "source-refused" | "connection-lost"): Pick<Source, "inOrder"> => ({
    inOrder: () => Promise.reject(new Fault(code, "The source says no.")),
  });
  expect(await sortOrderFindings(refusing("source-refused"), target, made, signal)).toEqual([
    expect.objectContaining({
      code: "sort-order-not-compared",
      severity: "info",
      object: "t.a",
      sentence: expect.stringContaining("The source says no.") as string,
    }),
  ]);
  await expect(sortOrderFindings(refusing("connection-lost"), target, made, signal)).rejects.toMatchObject({
    code: "connection-lost",
  });
});

it("asks for the target's own order, and for C where the column has it by rule", async () => {
  const asked: unknown[] = [];
  const source: Pick<Source, "inOrder"> = {
    inOrder: () => Promise.resolve(["x", "y"].map((word) => ({ text: word, key: word }))),
  };
  const noting = {
    places: (_texts: readonly string[], collation: "C" | null): Promise<readonly number[]> => {
      asked.push(collation);
      return Promise.resolve([2, 1]);
    },
  };
  const [first] = made.tables;
  if (first === undefined) throw new Error("no table");
  const byRule = { ...made, tables: [{ ...first, columns: first.columns.map(inC) }] };
  for (const each of [made, byRule])
    expect(await sortOrderFindings(source, noting, each, signal)).toEqual([
      expect.objectContaining({ code: "sort-order", sampleKeys: ["x", "y"] }),
    ]);
  expect(asked).toEqual([null, "C"]);
});

it("looks at rows, at both ends of an index, and at columns without one; at none of an empty column", async () => {
  const many = plan(
    catalogue([
      table(
        "t",
        [
          ...["a", "b"].map((name) =>
            column(name, "varchar(9)", { ...text, collation: "utf8mb4_general_ci" }),
          ),
          column("long", "longtext", { ...text, collation: "utf8mb4_general_ci" }),
        ],
        { indexes: [index("PRIMARY", ["a"])] },
      ),
    ]),
    request(),
  );
  const asked: string[] = [];
  const found = (at: string): Promise<readonly Finding[]> => {
    asked.length = 0;
    const source: Pick<Source, "inOrder"> = {
      inOrder: (_table, { source: name }, which) => {
        asked.push(`${name} ${which}`);
        const texts = at === "nowhere" ? [] : ["x", "y"];
        return Promise.resolve(texts.map((word) => ({ text: word, key: `${name} ${which}` })));
      },
    };
    const places = (): Promise<readonly number[]> => Promise.resolve(asked.at(-1) === at ? [2, 1] : [1, 2]);
    return sortOrderFindings(source, { places }, many, signal);
  };
  for (const at of ["a rows", "a first", "a last", "b rows"]) {
    const [told] = await found(at);
    expect(told).toMatchObject({ sampleKeys: [at, at], count: 2 });
    expect(told?.sentence).toContain("2 columns, 1 of them indexed");
  }
  expect(asked).toEqual(["a rows", "a first", "a last", "b rows"]);
  expect(await found("no place")).toEqual([]);
  expect(await found("nowhere")).toEqual([]);
  expect(asked).toEqual(["a rows", "b rows"]);
});

function inC(planned: PlanColumn): PlanColumn {
  return { ...planned, sortedBy: "C" };
}
