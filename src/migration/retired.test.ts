import { expect, it } from "vitest";
import type { Plan, SourceCheck, SourceTable } from "../model.js";
import { catalogue, counter, foreign, index, request, table } from "../plan/example-catalogue.js";
import { plan } from "../plan/plan.js";
import { column } from "../typemap/example-column.js";
import { amendment } from "./amend.js";
import { reshaping } from "./reshape.js";
import { retired } from "./retired.js";

const primary = index("PRIMARY", ["id"]);
const unique = (...parts: readonly string[]) => index("n_key", parts, { unique: true });
const check = (expression: string): SourceCheck => ({ name: "small", expression, enforced: true });
const t = (more: Partial<SourceTable> = {}): SourceTable =>
  table("t", [counter(), column("n", "int"), column("m", "int")], { indexes: [primary], ...more });
const u = (more: Partial<SourceTable> = {}): SourceTable =>
  table("u", [counter(), column("t_id", "int")], { indexes: [primary], ...more });
const of = (...tables: readonly SourceTable[]): Plan => plan(catalogue(tables), request());
const names = (before: Plan, after: Plan, rebuild: readonly string[] = []): readonly string[] =>
  retired(before, after, rebuild).statements.map(({ name }) => name);

it("a unique key, a CHECK and a foreign key that the source has dropped go, and what stands upon the key first", () => {
  const before = of(
    t({ indexes: [primary, unique("n")], checks: [check("(`n` > 0)")] }),
    u({ foreignKeys: [foreign("u_t", "t_id", "t", "id")] }),
  );
  const gone = retired(before, of(t(), u()), []);
  expect(gone.statements.map(({ name }) => name)).toEqual([
    "validate public.u u_t",
    "foreign public.u u_t",
    "check public.t",
    "unique public.t t_n_key",
  ]);
  expect(gone.statements.map(({ undo, drop }) => undo ?? drop)).toEqual([
    undefined,
    'ALTER TABLE "public"."u" DROP CONSTRAINT IF EXISTS "u_t"',
    'ALTER TABLE "public"."t" DROP CONSTRAINT IF EXISTS "small"',
    'ALTER TABLE "public"."t" DROP CONSTRAINT IF EXISTS "t_n_key"',
  ]);
  // Neither refuses the step, and no table is dropped for it.
  expect(amendment(before, of(t(), u())).refused).toEqual([]);
  expect(reshaping(before, of(t(), u()))).toMatchObject({ rebuild: [], refused: [] });
});

it("what has the same name and is something else is built anew, with the comments of its table", () => {
  const before = of(t({ indexes: [primary, unique("n"), index("i", ["n"], { comment: "by n" })] }));
  const after = of(t({ indexes: [primary, unique("m"), index("i", ["m"], { comment: "by n" })] }));
  expect(names(before, after)).toEqual([
    "comment public.t t_i",
    "unique public.t t_n_key",
    "index public.t t_i",
  ]);
  expect(names(before, after, ["t"])).toEqual([]);
  expect(reshaping(before, after).rebuild).toEqual([]);
});

it("a CHECK more is one more statement of the same name, and is not lost", () => {
  const before = of(t({ checks: [check("(`n` > 0)")] }));
  const after = of(t({ checks: [check("(`n` > 0)"), { ...check("(`m` > 0)"), name: "other" }] }));
  expect(names(before, after)).toEqual(["check public.t"]);
});

it("a foreign key that acts otherwise is validated anew", () => {
  const before = of(t(), u({ foreignKeys: [foreign("u_t", "t_id", "t", "id")] }));
  const acts = { ...foreign("u_t", "t_id", "t", "id"), onDelete: "cascade" } as const;
  expect(names(before, of(t(), u({ foreignKeys: [acts] })))).toEqual([
    "validate public.u u_t",
    "foreign public.u u_t",
  ]);
});

it("nothing goes where nothing is different, and what is new is none of it", () => {
  const before = of(t({ indexes: [primary, unique("n")] }));
  const after = of(t({ indexes: [primary, unique("n"), index("i", ["m"])], checks: [check("(`n` > 0)")] }));
  expect(names(before, before)).toEqual([]);
  expect(names(before, after)).toEqual([]);
});

it("by a plan that does not say how it is taken away, the table is made anew", () => {
  const made = of(t({ checks: [check("(`n` > 0)")] }));
  const old: Plan = {
    ...made,
    after: made.after.map(({ drop, ...statement }) => (drop === undefined ? statement : statement)),
  };
  expect(retired(old, of(t()), []).stuck).toEqual(["t"]);
  expect(reshaping(old, of(t())).rebuild).toEqual(["t"]);
  expect(amendment(old, of(t())).refused).toEqual([
    "An index, a CHECK or a key of t went or is another one.",
  ]);
});
