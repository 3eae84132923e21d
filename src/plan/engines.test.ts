/** Storage engines whose rows a copy would double, miss or lose: an error with its lines until somebody has declared what is meant. */
import { expect, it } from "vitest";
import { parse } from "yaml";
import type { Finding } from "../model.js";
import { column } from "../typemap/example-column.js";
import { catalogue, index, request, table } from "./example-catalogue.js";
import { plan } from "./plan.js";
import type { PlanRequest } from "./request.js";

const of = (engine: string) => ({
  ...table("t", [column("id", "int", { nullable: false })], { indexes: [index("PRIMARY", ["id"])] }),
  engine,
});
const told = (engine: string, more: Partial<PlanRequest> = {}): readonly Finding[] =>
  plan(catalogue([of(engine)]), request(more)).findings.filter(({ object }) => object === "t");
const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ severity, code }) => `${severity} ${code}`);

it.each([
  ["InnoDB", []],
  ["MyISAM", ["warning engine-not-transactional"]],
  ["Aria", ["warning engine-not-transactional"]],
  ["CSV", ["warning engine-not-transactional"]],
  ["MRG_MYISAM", ["error rows-not-own"]],
  ["MRG_MyISAM", ["error rows-not-own"]],
  ["FEDERATED", ["error rows-not-own"]],
  ["CONNECT", ["error rows-not-own"]],
  ["BLACKHOLE", ["error rows-not-kept"]],
  ["MEMORY", ["error rows-in-memory"]],
  ["", ["error table-broken"]],
])("%s: %j", (engine, expected) => {
  expect(brief(told(engine))).toEqual(expected);
  expect(brief(told(engine, { exclude: ["t"] }))).toEqual([]);
});

it.each(["MRG_MYISAM", "FEDERATED"])(
  "%s is left out or nothing: its keys are nobody's promise either",
  (engine) => {
    const [found] = told(engine);
    expect(found?.propose).toEqual(["tables:", '  exclude: ["t"]']);
    expect(brief(told(engine, { takenEngines: ["*"] }))).toEqual(["error rows-not-own"]);
  },
);

it.each(["BLACKHOLE", "MEMORY"])("%s is settled by either of its lines, and told all the same", (engine) => {
  const [found] = told(engine);
  expect(parse(found?.propose?.join("\n") ?? "")).toMatchObject({
    tables: { exclude: ["t"] },
    overrides: [{ safeguard: "source-engines", value: "t" }],
  });
  expect(brief(told(engine, { takenEngines: ["t"] }))).toEqual([`warning ${found?.code ?? ""}`]);
});
