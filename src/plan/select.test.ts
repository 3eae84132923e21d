/** Names that cannot stay: each table that gets another one is told with the line of headgate.yaml that makes it stand. */
import { expect, it } from "vitest";
import { column } from "../typemap/example-column.js";
import { catalogue, request, table } from "./example-catalogue.js";
import { isOrdinaryName } from "./names.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";

const names = ["x".repeat(64), "ü".repeat(40), `${"ü".repeat(40)}a`, "Users", "users", "order"];
const source = catalogue(
  names.map((name) => table(name, [column("id", "int"), column("c".repeat(64), "int")])),
);

function renameOf(yaml: string): [string, string] {
  const at = yaml.lastIndexOf(": ");
  return [JSON.parse(yaml.slice(0, at)) as string, yaml.slice(at + 2)];
}

it("a table that gets another name comes with the rename line that settles it", () => {
  const lower = { names: "lower" as const };
  const found = plan(source, request(lower)).findings.filter(({ code }) => code === "renamed");
  const tables = found.filter(({ object }) => !object.includes("."));
  expect(tables).toHaveLength(4);
  const lines = tables.flatMap(({ settle }) => settle ?? []);
  const rename = Object.fromEntries(lines.map(({ yaml }) => renameOf(yaml)));
  expect(lines.every(({ section }) => section === "rename")).toBe(true);
  expect(Object.keys(rename).sort()).toEqual(names.filter((name) => !/^(?:users|order)$/.test(name)).sort());
  for (const name of Object.values(rename)) expect(isOrdinaryName(name), name).toBe(true);
  expect(new Set(Object.values(rename)).size).toBe(4);
  const settled = plan(source, request({ ...lower, rename }));
  expect(settled.findings.filter(({ code, object }) => code === "renamed" && !object.includes("."))).toEqual(
    [],
  );
  expect(settled.tables.map(({ target }) => target)).toEqual(expect.arrayContaining(Object.values(rename)));
});

it("a name that only needs quotes is a warning with both ways, and a person's choice", () => {
  const found = plan(source, request({})).findings.find(
    ({ code, object }) => code === "name-needs-quotes" && object === "order",
  );
  expect(found).toMatchObject({
    severity: "warning",
    propose: [
      'tables: { rename: { "order": order_ } }',
      'overrides: [{ safeguard: source-names, value: "order", reason: "why it stays, and who agreed" }]',
    ],
    settle: [{ section: "rename", yaml: '"order": order_', byChoice: true }],
  });
});

const unusual = catalogue([
  table("order", [
    column("id", "int"),
    column("desc", "text"),
    column("2024-sales", "int"),
    column("ctid", "int"),
  ]),
  table("a b", [column("id", "int")]),
  table("a-b", [column("id", "int")]),
  table("a_b", [column("id", "int")]),
  table("constructor", [column("id", "int"), column("__proto__", "int")]),
  table("Caf\u00e9", [column("id", "int"), column("cafe\u0301", "int"), column("caf\u00e9", "int")]),
]);

/** What the proposals make of a config, and what is still told with it. */
function settled(more: Partial<PlanRequest>): readonly string[] {
  return plan(unusual, request(more)).findings.map(
    ({ code, object, severity }) => `${severity} ${code} ${object}`,
  );
}

function proposals(): { rename: Record<string, string>; columns: Record<string, Record<string, string>> } {
  const rename: Record<string, string> = {};
  const columns: Record<string, Record<string, string>> = {};
  for (const { settle = [] } of plan(unusual, request({})).findings)
    for (const { section, table: of = "", yaml } of settle) {
      const [from, to] = renameOf(yaml);
      if (section === "rename") rename[from] = to;
      if (section === "columns") columns[of] = { ...columns[of], [from]: to };
    }
  return { rename, columns };
}

it("every unusual name has a proposal, all of them fit together, and then nothing is told", () => {
  const { rename, columns } = proposals();
  expect(Object.keys(rename).sort()).toEqual(["Caf\u00e9", "a b", "a-b", "order"]);
  expect(columns["order"]).toMatchObject({ desc: "desc_", "2024-sales": "_2024_sales" });
  for (const name of [
    ...Object.values(rename),
    ...Object.values(columns).flatMap((one) => Object.values(one)),
  ])
    expect(isOrdinaryName(name), name).toBe(true);
  const made = plan(unusual, request({ rename, renameColumns: columns }));
  expect(new Set(made.tables.map(({ target }) => target)).size).toBe(6);
  expect(
    made.findings.filter(({ code }) => /renamed|needs? quotes|need-quotes|needs-quotes|alike/.test(code)),
  ).toEqual([]);
  expect(made.before.map(({ sql }) => sql).join("\n")).toContain('"desc_" text');
});

it("names that an override keeps are told as kept, and only those", () => {
  const kept = settled({ keptNames: ["order", "order.*"] });
  expect(kept).toContain("info name-needs-quotes order");
  expect(kept).toContain("info columns-need-quotes order");
  expect(kept).toContain("warning name-needs-quotes a b");
  // A system column's name is not a matter of taste.
  expect(kept).toContain("warning renamed order.ctid");
  expect(settled({ keptNames: ["order.desc"] })).toContain("warning columns-need-quotes order");
});

it("names that read alike are told, in whatever way", () => {
  expect(settled({})).toContain("warning names-alike Caf\u00e9.cafe\u0301");
  const two = catalogue([table("Users", [column("id", "int")]), table("users", [column("id", "int")])]);
  const codes = (names: "keep" | "lower"): string[] =>
    plan(two, request({ names })).findings.map(({ code }) => code);
  expect(codes("keep")).toEqual(expect.arrayContaining(["names-alike", "names-mixed-case"]));
  expect(codes("lower")).toEqual(expect.arrayContaining(["renamed"]));
  expect(codes("lower")).not.toContain("names-mixed-case");
});

it("a rename of a column that is not there is told", () => {
  expect(settled({ renameColumns: { order: { nope: "x" }, nope: { a: "b" } } })).toEqual(
    expect.arrayContaining(["warning no-such-column order.nope", "warning no-such-table nope"]),
  );
});

it("a column's new name that another column has already does not take it away", () => {
  const made = plan(unusual, request({ renameColumns: { order: { desc: "id" } } }));
  const columns = made.tables.find((one) => one.source === "order")?.columns.map((one) => one.target) ?? [];
  expect(columns).toContain("id");
  expect(new Set(columns).size).toBe(columns.length);
  expect(made.findings.some(({ code, object }) => code === "renamed" && object === "order.desc")).toBe(true);
});
