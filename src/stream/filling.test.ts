/**
 * Fold and groups against one-by-one application: whatever a source can do, cut into batches anywhere and applied in
 * groups whose rows go in any order, leaves what the changes leave one after the other (I1 to I4, I9; traps 2, 3, 7, 43).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../errors.js";
import type { Plan, PlanTable, TextEquality } from "../model.js";
import { allColumns, exampleTable, keyOf, packetImages, packetOf, valuesOf } from "./example-rows.js";
import type { Row } from "./example-rows.js";
import { applyChanges } from "./example-target.js";
import { Filling } from "./filling.js";
import type { Change } from "./change.js";
import type { Origin, Part } from "./part.js";
import { codecCells, Shape, StreamTable } from "./table.js";

const foreignKey = {
  name: "fk",
  columns: ["p"],
  referencedTable: "parents",
  referencedColumns: ["id"],
  orphans: "refuse",
} as const;
const table = exampleTable({
  name: "t",
  columns: { id: "int", code: "int", v: "int" },
  key: ["id"],
  unique: [["code"]],
});
const keyless = exampleTable({ name: "k", columns: { a: "int", b: "varchar(40)" } });
const parents = exampleTable({ name: "parents", columns: { id: "int", v: "int" }, key: ["id"] });
const children = exampleTable({
  name: "children",
  columns: { id: "int", p: "int" },
  key: ["id"],
  foreignKeys: [{ ...foreignKey, onDelete: "cascade", onUpdate: "cascade" }],
});

interface Step {
  readonly before: Row | null;
  readonly after: Row | null;
}

const plan = (tables: readonly PlanTable[]): Plan => ({
  version: 1,
  migration: "20261126_fold",
  database: "d",
  schema: "public",
  fingerprint: "f",
  lanes: ["one"],
  tables,
  before: [],
  after: [],
  findings: [],
});

const shapeOf = (one: PlanTable, all: readonly PlanTable[] = [one]): Shape =>
  new Shape(new StreamTable(one, plan(all), codecCells("mysql")), packetImages(one));

function changeOf(shape: Shape, { before, after }: Step): Change {
  const { plan: one } = shape.table;
  const old = before === null ? Buffer.alloc(0) : packetOf(one, before);
  const now = after === null ? Buffer.alloc(0) : packetOf(one, after);
  return {
    shape,
    operation: before === null ? "insert" : after === null ? "delete" : "update",
    bytes: Buffer.concat([old, now]),
    before: 0,
    beforeEnd: old.length,
    after: old.length,
    afterEnd: old.length + now.length,
    unchecked: false,
  };
}

const origin = (): Origin => ({
  id: "log:1#t.1",
  lane: "one",
  table: "t",
  transaction: "log:1",
  ordinal: 1,
  operation: "insert",
  key: null,
  newKey: null,
  before: null,
  after: null,
});

const filling = (strict: boolean, cascades = false): Filling => {
  const made = new Filling({ lane: "one", cascades });
  made.strict = strict;
  return made;
};

const end = { position: { kind: "file", file: "log", offset: "1" }, joins: false } as const;

type Rows = Map<string, Row>;

const text = (rows: Iterable<Row>): string =>
  [...rows]
    .map((row) => JSON.stringify(row))
    .sort()
    .join(" ");

/** What was drawn, as changes that a source with a key and a unique code can make, and the rows they leave. */
function possible(
  drawn: readonly { act: number; id: number; code: number | null; v: number; to: number }[],
  rows: Rows,
): Step[] {
  const steps: Step[] = [];
  const free = (row: Row, except: string | null): boolean =>
    [...rows].every(([key, one]) => key === except || row[1] === null || one[1] !== row[1]);
  const put = (before: Row | null, after: Row | null): void => {
    const old = before === null ? null : keyOf(table, before);
    if (
      after !== null &&
      (!free(after, old) || (keyOf(table, after) !== old && rows.has(keyOf(table, after))))
    )
      return;
    if (old !== null) rows.delete(old);
    if (after !== null) rows.set(keyOf(table, after), after);
    steps.push({ before, after });
  };
  for (const { act, id, code, v, to } of drawn) {
    const old = rows.get(JSON.stringify([id])) ?? null;
    if (old === null) put(null, [id, code, v]);
    else if (act === 0) put(old, null);
    else if (act === 1) put(old, [to, code, v]);
    else if (act === 2) put(old, [id, code, v]);
    else {
      // The code goes to another row.
      const other = rows.get(JSON.stringify([to]));
      if (other === undefined || other === old) continue;
      put(old, act === 3 ? null : [id, null, v]);
      put(other, [to, old[1] ?? null, v]);
    }
  }
  return steps;
}

const drawnSteps = fc.array(
  fc.record({
    act: fc.nat(4),
    id: fc.nat(4),
    code: fc.option(fc.nat(4), { nil: null }),
    v: fc.nat(99),
    to: fc.nat(4),
  }),
  { maxLength: 40 },
);

/** Ends a batch after some steps, as the cuts say. */
function inBatches(steps: readonly Step[], cuts: readonly boolean[], strict: boolean, shape: Shape): Part[] {
  const filled = filling(strict);
  const parts: Part[] = [];
  steps.forEach((step, index) => {
    filled.change(changeOf(shape, step), origin);
    if (cuts[index % Math.max(1, cuts.length)] === true) parts.push(filled.close(end));
  });
  parts.push(filled.close(end));
  return parts;
}

function applyParts(parts: readonly Part[], rows: Rows, seed: readonly number[]): void {
  let draw = 0;
  for (const part of parts) {
    for (const { group } of part.steps) {
      if (group instanceof Fault || group.kind !== "rows") throw new Error("a group of rows was expected");
      for (const changes of group.changes)
        applyChanges(changes, group.strict, rows, {
          unique: (_, row) => (group.strict && row[1] !== null ? String(row[1]) : null),
          order: (all) =>
            all
              .map((step) => ({ step, at: seed[draw++ % Math.max(1, seed.length)] ?? 0 }))
              .sort((a, b) => a.at - b.at)
              .map(({ step }) => step),
        });
    }
    part.release();
  }
}

const cuts = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
const order = fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 });

describe("a fold past the join", () => {
  it("leaves what the changes leave one by one, whatever the batches and the order in a group", () => {
    fc.assert(
      fc.property(drawnSteps, drawnSteps, cuts, order, (earlier, later, where, seed) => {
        const source: Rows = new Map();
        possible(earlier, source);
        const target: Rows = new Map(source);
        const steps = possible(later, source);
        const parts = inBatches(steps, where, true, shapeOf(table));
        applyParts(parts, target, seed);
        expect(text(target.values())).toBe(text(source.values()));
        const sum = (of: (part: Part) => number): number => parts.reduce((all, part) => all + of(part), 0);
        expect(sum((part) => part.events)).toBe(steps.length);
        expect(sum((part) => part.applied)).toBeLessThanOrEqual(steps.length);
      }),
      { numRuns: 400 },
    );
  });

  it("does nothing for a row that came and went, and still says that its key was touched", () => {
    const filled = filling(true);
    const shape = shapeOf(table);
    filled.change(changeOf(shape, { before: null, after: [1, 1, 1] }), origin);
    filled.change(changeOf(shape, { before: [1, 1, 1], after: [1, 2, 2] }), origin);
    filled.change(changeOf(shape, { before: [1, 2, 2], after: null }), origin);
    const part = filled.close(end);
    const [step] = part.steps;
    if (step === undefined || step.group instanceof Fault || step.group.kind !== "rows")
      throw new Error("no rows");
    const [changes] = step.group.changes;
    expect([changes?.deletes.rows, changes?.updates.rows, changes?.inserts.rows]).toEqual([0, 0, 0]);
    expect(changes?.touched.rows).toBe(1);
    expect([part.events, part.applied]).toEqual([3, 0]);
  });

  it("leaves a change that contradicts the one before it to the target", () => {
    const filled = filling(true);
    const shape = shapeOf(table);
    for (let twice = 0; twice < 2; twice++)
      filled.change(changeOf(shape, { before: null, after: [1, null, twice] }), origin);
    const part = filled.close(end);
    expect(part.steps).toHaveLength(2);
    expect(() => applyParts([part], new Map(), [0])).toThrow(/insert of \[1\]/);
  });
});

describe("a fold before the join", () => {
  it("converges when a suffix is replayed over rows that are newer", () => {
    fc.assert(
      fc.property(drawnSteps, cuts, fc.nat(40), fc.nat(40), (drawn, where, from, copied) => {
        const source: Rows = new Map();
        const steps = possible(drawn, source);
        // Each row is copied from a state of its own, anywhere between the replay's start and the end.
        const start = Math.min(from, steps.length);
        const target: Rows = new Map();
        for (let id = 0; id <= 4; id++) {
          const at = start + ((copied * 7 + id * 13) % (steps.length - start + 1));
          const row = stateAfter(steps.slice(0, at)).get(JSON.stringify([id]));
          if (row !== undefined) target.set(JSON.stringify([id]), row);
        }
        applyParts(inBatches(steps.slice(start), where, false, shapeOf(table)), target, [0]);
        expect(text(target.values())).toBe(text(source.values()));
      }),
      { numRuns: 400 },
    );
  });
});

function stateAfter(steps: readonly Step[]): Rows {
  const rows: Rows = new Map();
  for (const { before, after } of steps) {
    if (before !== null) rows.delete(keyOf(table, before));
    if (after !== null) rows.set(keyOf(table, after), after);
  }
  return rows;
}

describe("rows without a key", () => {
  const row = fc.tuple(fc.nat(1), fc.constantFrom("p", "q", null));

  it("are a multiset, whatever the batches (traps 42, 43)", () => {
    const drawn = fc.array(fc.record({ act: fc.nat(2), at: fc.nat(20), row }), { maxLength: 40 });
    fc.assert(
      fc.property(drawn, cuts, (all, where) => {
        const source: Row[] = [];
        const steps = all.map(({ act, at, row: now }): Step => {
          const index = at % Math.max(1, source.length);
          const old = source[index] ?? null;
          if (act === 0 || old === null) {
            source.push(now);
            return { before: null, after: now };
          }
          source.splice(index, 1, ...(act === 1 ? [] : [now]));
          return { before: old, after: act === 1 ? null : now };
        });
        const target: Rows = new Map();
        const parts = inBatches(steps, where, true, shapeOf(keyless));
        applyParts(parts, target, [0]);
        expect(text(target.values())).toBe(text(source));
        expect(parts.reduce((sum, part) => sum + part.events, 0)).toBe(steps.length);
      }),
      { numRuns: 300 },
    );
  });

  it("go one copy at a time", () => {
    const filled = filling(true);
    const shape = shapeOf(keyless);
    for (let copy = 0; copy < 3; copy++)
      filled.change(changeOf(shape, { before: null, after: [1, "p"] }), origin);
    filled.change(changeOf(shape, { before: [1, "p"], after: null }), origin);
    const part = filled.close(end);
    const rows: Rows = new Map();
    applyParts([part], rows, [0]);
    expect(rows.size).toBe(2);
    expect([part.events, part.applied]).toEqual([4, 2]);
  });
});

describe("a group ends", () => {
  const groupsOf = (shape: Shape, steps: readonly Step[]): number => {
    const filled = filling(true);
    for (const step of steps) filled.change(changeOf(shape, step), origin);
    return filled.close(end).steps.length;
  };

  it("where another key takes a unique value that was given up (trap 7)", () => {
    const shape = shapeOf(table);
    expect(
      groupsOf(shape, [
        { before: [1, 5, 0], after: [1, 6, 0] },
        { before: [2, 7, 0], after: [2, 5, 0] },
      ]),
    ).toBe(2);
    expect(
      groupsOf(shape, [
        { before: [1, 5, 0], after: null },
        { before: null, after: [2, 5, 0] },
      ]),
    ).toBe(2);
    expect(groupsOf(shape, [{ before: [1, 5, 0], after: [2, 5, 0] }])).toBe(2);
  });

  it("and not where a key takes its own value back, or the value is NULL, or nobody had it", () => {
    const shape = shapeOf(table);
    expect(
      groupsOf(shape, [
        { before: [1, 5, 0], after: null },
        { before: null, after: [1, 5, 0] },
      ]),
    ).toBe(1);
    expect(
      groupsOf(shape, [
        { before: [1, null, 0], after: null },
        { before: null, after: [2, null, 0] },
      ]),
    ).toBe(1);
    expect(
      groupsOf(shape, [
        { before: [1, 5, 0], after: [1, 6, 0] },
        { before: null, after: [2, 7, 0] },
      ]),
    ).toBe(1);
  });

  it.each<[string, TextEquality, string, string, number]>([
    ["case", icu(""), "Ann@x", "ANN@X", 2],
    ["another text", icu(""), "ann@x", "bob@x", 1],
    ["accents cannot be told here", icu(""), "é", "bob", 2],
    ["a language that merges letters", icu("lt"), "y", "z", 2],
    ["blanks at the end", { by: "bytes", collation: null, padded: true }, "a", "a  ", 2],
    ["lower()", { by: "lower", collation: null, padded: false }, "a", "A", 2],
    ["bytes", { by: "bytes", collation: null, padded: false }, "a", "A", 1],
  ])("by the index's own equality: %s", (_, equality, freed, taken, groups) => {
    const mails = exampleTable({
      name: "mails",
      columns: { id: "int", mail: "varchar(40)" },
      key: ["id"],
      unique: [["mail"]],
      equality,
    });
    expect(
      groupsOf(shapeOf(mails), [
        { before: [1, freed], after: null },
        { before: null, after: [2, taken] },
      ]),
    ).toBe(groups);
  });

  it("behind a parent's delete and change of its key, with what the log leaves out (trap 48)", () => {
    const all = [parents, children];
    const shape = shapeOf(parents, all);
    const child = shapeOf(children, all);
    const filled = filling(true, true);
    filled.change(changeOf(child, { before: null, after: [1, 7] }), origin);
    filled.change(changeOf(shape, { before: [7, 0], after: null }), origin);
    filled.change(changeOf(shape, { before: [8, 0], after: null }), origin);
    filled.change(changeOf(child, { before: null, after: [2, 9] }), origin);
    filled.change(changeOf(shape, { before: [9, 0], after: [10, 0] }), origin);
    filled.change(changeOf(shape, { before: [10, 0], after: [10, 1] }), origin);
    const told = filled.close(end).steps.map(({ group }) => {
      if (group instanceof Fault || group.kind === "truncate") return "?";
      if (group.kind === "rows") return group.changes.map((one) => one.table.source).join("+");
      return group.cascades
        .map(({ parent, action, columns, values }) => {
          const wide = action === "update" ? [...columns, ...columns] : columns;
          return `${action} ${JSON.stringify(valuesOf(parent, wide, values))}`;
        })
        .join();
    });
    expect(told).toEqual([
      "children+parents",
      "delete [[7],[8]]",
      "children+parents",
      "update [[9,10]]",
      "parents",
    ]);
  });

  it("around a TRUNCATE (trap 18)", () => {
    const filled = filling(true);
    const shape = shapeOf(table);
    filled.change(changeOf(shape, { before: null, after: [1, 1, 1] }), origin);
    filled.truncate(shape.table, origin);
    filled.change(changeOf(shape, { before: null, after: [1, 1, 2] }), origin);
    const kinds = filled.close(end).steps.map(({ group }) => (group instanceof Fault ? "fault" : group.kind));
    expect(kinds).toEqual(["rows", "truncate", "rows"]);
  });

  it("at each change where they are written one by one, and each knows which it was", () => {
    const filled = filling(true);
    filled.singly = true;
    const shape = shapeOf(table);
    let asked = 0;
    const numbered = (): Origin => ({ ...origin(), ordinal: ++asked });
    filled.change(changeOf(shape, { before: [1, 5, 0], after: [2, 5, 0] }), numbered);
    filled.change(changeOf(shape, { before: [2, 5, 0], after: null }), numbered);
    const { steps } = filled.close(end);
    // The change of a key is two groups here, since its unique value changes hands.
    expect(steps).toHaveLength(3);
    expect(steps.every((step) => step.origin !== null)).toBe(true);
  });
});

function icu(language: string): TextEquality {
  const collation = { name: "c", locale: "und-u-ks-level1", strength: "ai_ci", language } as const;
  return { by: "icu", collation, padded: false };
}

describe("images", () => {
  it("larger than a chunk and smaller than the one before keep every byte", () => {
    const wide = exampleTable({ name: "w", columns: { id: "int", a: "varchar(40)" }, key: ["id"] });
    const shape = shapeOf(wide);
    const filled = filling(true);
    const rows = new Map<string, Row>();
    for (let turn = 0; turn < 3000; turn++) {
      const row: Row = [turn % 700, "x".repeat((turn * 7) % 200)];
      const before = rows.get(keyOf(wide, row)) ?? null;
      filled.change(changeOf(shape, { before, after: row }), origin);
      rows.set(keyOf(wide, row), row);
    }
    const part = filled.close(end);
    const [step] = part.steps;
    if (step === undefined || step.group instanceof Fault || step.group.kind !== "rows")
      throw new Error("no rows");
    const inserts = step.group.changes[0]?.inserts;
    if (inserts === undefined) throw new Error("no inserts");
    expect(inserts.chunks.length).toBeGreaterThan(1);
    expect(text(valuesOf(wide, allColumns(wide), inserts))).toBe(text(rows.values()));
  });
});
