/** Names that cannot stay: each table that gets another one is told with the line of headgate.yaml that makes it stand. */
import { expect, it } from "vitest";
import { column } from "../typemap/example-column.js";
import { catalogue, request, table } from "./example-catalogue.js";
import { isOrdinaryName } from "./names.js";
import { plan } from "./plan.js";

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

it("a name that only needs quotes is proposed another, and init leaves it alone", () => {
  const found = plan(source, request({})).findings.find(
    ({ code, object }) => code === "name-needs-quotes" && object === "order",
  );
  expect(found?.propose).toEqual(['tables: { rename: { "order": order_ } }']);
  expect(found?.settle).toBeUndefined();
});
