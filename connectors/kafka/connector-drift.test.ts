/** A connector that is not set any more as its topics are read is told by the setting that matters, and by no other. */
import { describe, expect, it } from "vitest";
import type { PlanTable, Position } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import { connectorConfig } from "./connector-config.js";
import type { ConverterChoice } from "./connector-config.js";
import { alteredFault, driftOf, driftWatch } from "./connector-drift.js";
import { generatedSettings } from "./event-settings.js";
import { plannedColumn, plannedTable } from "./planned-table.fixture.js";
import { demandForm, writtenForm } from "./written-form.js";

const table = (source: string, ...types: readonly string[]): PlanTable =>
  plannedTable(source, ...types.map((type) => plannedColumn(type)));
const tables = [table("t", "decimal", "datetime"), table("u", "date")];
const plan = { engine: "mysql", database: "shop", tables, lanes: ["main"] } as const;

function generated(
  of: readonly PlanTable[] = tables,
  converter: ConverterChoice = { kind: "json", schemas: false },
  prefix = "p",
): ConnectorConfig {
  return connectorConfig({
    engine: "mysql",
    prefix,
    source: { host: "h", port: 3306, user: "u", password: "p", tls: false, database: "shop" },
    tables: of,
    lanes: plan.lanes,
    brokers: ["b:9092"],
    security: { tls: false, ca: null, sasl: null },
    converter,
    exactlyOnce: false,
    heartbeats: [],
  });
}

const read = generated();
const list = read["table.include.list"] ?? "";

describe("a configuration that is changed while topics are read", () => {
  it.each<[string, ConnectorConfig, readonly string[]]>([
    ["column.mask.with.12.chars", { "column.mask.with.12.chars": "shop.t.x" }, ["column.mask.with.12.chars"]],
    ["decimal.handling.mode", { "decimal.handling.mode": "double" }, ["decimal.handling.mode"]],
    // As good a form, and another one than the one they are read by.
    ["decimal.handling.mode", { "decimal.handling.mode": "precise" }, ["decimal.handling.mode"]],
    ["time.precision.mode", { "time.precision.mode": "adaptive_time_microseconds" }, ["time.precision.mode"]],
    ["table.include.list", { "table.include.list": list.replace("shop\\.u,", "") }, ["table.include.list"]],
    ["skipped.operations", { "skipped.operations": "d", "max.batch.size": "1" }, ["skipped.operations"]],
    ["topic.prefix", { "topic.prefix": "q" }, ["topic.prefix"]],
    // A year below 100 becomes another one, of which check only warns.
    ["enable.time.adjuster", { "enable.time.adjuster": "true" }, ["enable.time.adjuster"]],
    [
      "transforms",
      { transforms: "lane_main,mask", "transforms.mask.type": "com.example.Mask" },
      ["transforms"],
    ],
    ["transforms.lane_main.regex", { "transforms.lane_main.regex": "x" }, ["transforms.lane_main.regex"]],
  ])("is told by %s", (named, change, settings) => {
    const drift = driftOf(read, { ...read, ...change, name: "n" }, plan);
    expect(drift?.settings).toEqual(settings);
    expect(drift?.sentence).toContain(`${named} is `);
  });

  it("may be another one in what the check does not look at", () => {
    const harmless = {
      ...{ "max.batch.size": "1", "poll.interval.ms": "500", "database.password": "new", name: "n" },
      ...{ "heartbeat.interval.ms": "9000", "tombstones.on.delete": "true" },
      "exactly.once.support": "required",
    };
    expect(driftOf(read, { ...read, ...harmless }, plan)).toBeNull();
    const of = { ...plan, tables: [table("u", "date")] };
    expect(driftOf(read, { ...read, "decimal.handling.mode": "double" }, of)).toBeNull();
    // More tables than before, as another engine's plan of this migration has them.
    expect(driftOf(read, generated([...tables, table("v")]), plan)).toBeNull();
  });

  it("is a fault that names it and says how to go on", () => {
    const watch = driftWatch("n", read, plan);
    expect(watch({ ...read, "max.batch.size": "1" })).toBeNull();
    const fault = watch({ ...read, "decimal.handling.mode": "double" });
    expect(fault).toMatchObject({ code: "topic-refused", facts: { settings: "decimal.handling.mode" } });
    expect(fault?.message).toContain("decimal.handling.mode is double and was string");
    expect(fault?.next).toMatch(/feed\.kind: binlog.*headgate verify.*PUT \/connectors\/n\/config/u);
  });
});

describe("our own connector that is not as it was registered", () => {
  const altered = (there: ConnectorConfig, wanted = read) => alteredFault("n", there, wanted, plan);

  it("is not put right without a word where what it wrote meanwhile would be misread or missed", () => {
    for (const [name, value] of [
      ["decimal.handling.mode", "precise"],
      ["column.mask.with.12.chars", "shop.t.x"],
      ["table.include.list", list.replace("shop\\.u,", "")],
      ["table.include.list", list.replace(/,headgate.*/u, "")],
    ] as const)
      expect(altered({ ...read, [name]: value })?.message).toContain(name);
  });

  it("gets its new configuration where the plan, the format or the topics are others", () => {
    expect(altered(generated([table("t", "decimal", "datetime")]))).toBeNull();
    expect(altered(generated(tables, { kind: "apicurio", registry: "http://r" }))).toBeNull();
    expect(altered(read, generated(tables, { kind: "confluent", registry: "http://r" }))).toBeNull();
    expect(altered({ ...generated(tables, undefined, "q"), "decimal.handling.mode": "double" })).toBeNull();
    expect(altered({ ...read, "max.batch.size": "1" })).toBeNull();
  });
});

describe("topics that were read before", () => {
  const form = writtenForm(generatedSettings, tables);
  const at = (more: Partial<Position>): Position => ({
    ...{ kind: "gtid", set: "", file: "", offset: "0" },
    ...(more.form === undefined ? {} : { form: more.form }),
  });

  it("are not read on in another form, which may hold from anywhere", () => {
    expect(form["time.precision.mode"]).toBe("microseconds");
    demandForm(form, [at({}), at({ form })]);
    // A plan that has taken in a table with the first decimal.
    demandForm(form, [at({ form: writtenForm(generatedSettings, [table("u", "date")]) })]);
    const other = { ...form, "time.precision.mode": "adaptive_time_microseconds" };
    expect(() => {
      demandForm(other, [at({ form })]);
    }).toThrow("time.precision.mode is adaptive_time_microseconds and was microseconds");
  });
});
