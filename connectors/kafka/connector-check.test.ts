/** Every setting that loses or changes something is found, each where it matters and only there. */
import { describe, expect, it } from "vitest";
import type { PlanTable } from "../../src/model.js";
import type { ConnectorConfig } from "./connect.js";
import { connectorFindings } from "./connector-check.js";
import { connectorConfig } from "./connector-config.js";
import { eventSettings, existingTopics } from "./connector-settings.js";
import { generatedSettings } from "./event-settings.js";
import { plannedColumn as column, plannedTable as table } from "./planned-table.fixture.js";
import { topicFindings } from "./topic-check.js";

const everything = table("t", column("decimal"), column("bigint", true), column("datetime"), column("date"));
const plan = { engine: "mysql", database: "shop", tables: [everything], lanes: ["main"] } as const;

const generated: ConnectorConfig = connectorConfig({
  engine: "mysql",
  prefix: "p",
  source: { host: "h", port: 3306, user: "u", password: "p", tls: false, database: "shop" },
  tables: plan.tables,
  lanes: plan.lanes,
  brokers: ["b:9092"],
  security: { tls: false, ca: null, sasl: null },
  converter: { kind: "json", schemas: false },
  exactlyOnce: false,
  heartbeats: [],
});

const told = (config: ConnectorConfig, of: readonly PlanTable[] = plan.tables): string[] =>
  connectorFindings(config, { ...plan, tables: of }).map(({ severity, object }) => `${severity} ${object}`);
const without = (...names: string[]): ConnectorConfig =>
  Object.fromEntries(Object.entries(generated).filter(([name]) => !names.includes(name)));

describe("a connector's configuration", () => {
  it("that is generated has nothing against it, and is read as what it was made to be", () => {
    expect(told(generated)).toEqual([]);
    expect(eventSettings(generated, true)).toEqual(generatedSettings);
    expect(existingTopics(generated, plan)).toEqual({
      rows: [{ topic: "p.lane-main", tables: ["t"], markers: ["main"] }],
      transactions: "p.transaction",
      schemaChanges: "p",
    });
  });

  it.each([
    ["decimal.handling.mode", "double"],
    ["bigint.unsigned.handling.mode", "long"],
    ["time.precision.mode", "connect"],
    ["time.precision.mode", "isostring"],
    ["event.converting.failure.handling.mode", "warn"],
    ["event.processing.failure.handling.mode", "skip"],
    ["inconsistent.schema.handling.mode", "warn"],
    ["errors.tolerance", "all"],
    ["skipped.operations", "t"],
    ["skipped.operations", "u,d"],
    ["include.schema.changes", "false"],
    ["column.mask.with.12.chars", "shop.t.x"],
    ["column.truncate.to.10.chars", "shop.t.x"],
    ["column.exclude.list", "shop.t.x"],
    ["gtid.source.includes", "3e11fa47-.*"],
    ["gtid.source.excludes", "3e11fa47-.*"],
    ["post.processors", "reselector"],
    ["topic.delimiter", "_"],
    ["topic.naming.strategy", "com.example.Mine"],
    ["converters", "isbn"],
    ["skip.messages.without.change", "true"],
    ["event.deserialization.failure.handling.mode", "warn"],
    ["post.processors", "reselector"],
    ["transaction.metadata.factory", "com.example.Own"],
    ["sourceinfo.struct.maker", "com.example.Own"],
    ["gtid.source.includes", ".*"],
    ["gtid.source.excludes", ".*"],
    ["value.converter", "io.confluent.connect.protobuf.ProtobufConverter"],
    ["connector.class", "io.debezium.connector.mariadb.MariaDbConnector"],
  ])("is refused for %s=%s", (name, value) => {
    const object = name === "connector.class" ? "connector.connector.class" : `connector.${name}`;
    expect(told({ ...generated, [name]: value })).toEqual([`error ${object}`]);
  });

  it("is refused for defaults of Debezium that lose something, and warned of others", () => {
    expect(told(without("skipped.operations", "event.converting.failure.handling.mode"))).toHaveLength(2);
    expect(told(without("bigint.unsigned.handling.mode"))).toEqual([
      "error connector.bigint.unsigned.handling.mode",
    ]);
    expect(told(without("decimal.handling.mode", "time.precision.mode", "errors.tolerance"))).toEqual([]);
    expect(told(without("provide.transaction.metadata", "enable.time.adjuster"))).toEqual([
      "error connector.provide.transaction.metadata",
      "warning connector.enable.time.adjuster",
    ]);
  });

  it("trap 25: is refused unless what cannot be converted or read stops it, by default and by setting", () => {
    for (const name of [
      "event.converting.failure.handling.mode",
      "event.processing.failure.handling.mode",
      "inconsistent.schema.handling.mode",
    ]) {
      expect(generated[name] ?? "fail").toBe("fail");
      for (const mode of ["warn", "skip", "ignore"])
        expect(told({ ...generated, [name]: mode })).toEqual([`error connector.${name}`]);
    }
    // Debezium's own default writes NULL where a value cannot be converted.
    expect(told(without("event.converting.failure.handling.mode"))).toEqual([
      "error connector.event.converting.failure.handling.mode",
    ]);
  });

  it("is not blamed for types that no table has", () => {
    const plain = [table("t", column("int"))];
    for (const name of ["decimal.handling.mode", "bigint.unsigned.handling.mode", "enable.time.adjuster"])
      expect(told({ ...generated, [name]: "double" }, plain)).toEqual([]);
  });

  it("must take every table, and the marker tables", () => {
    expect(told({ ...generated, "table.include.list": "shop\\.t" })).toEqual(["error headgate.marker_main"]);
    expect(told({ ...without("table.include.list"), "table.exclude.list": "shop\\.t" })).toEqual(["error t"]);
    expect(told({ ...generated, "database.include.list": "shop" })).toEqual(["error headgate.marker_main"]);
    expect(told({ ...generated, "table.include.list": "(?i:shop)++" })).toEqual([
      "warning t",
      "warning headgate.marker_main",
    ]);
  });

  it("may route records whole, and do nothing else to them", () => {
    const own = (type: string, more: ConnectorConfig = {}): ConnectorConfig => ({
      ...generated,
      transforms: "x",
      "transforms.x.type": type,
      ...more,
    });
    const router = "io.debezium.transforms.ByLogicalTableRouter";
    const routing = {
      "transforms.x.topic.regex": "p\\.([^.]+)\\..*",
      "transforms.x.topic.replacement": "p.all.$1",
    };
    expect(told(own(router, routing))).toEqual([]);
    expect(existingTopics(own(router, routing), plan)?.rows).toEqual([
      { topic: "p.all.shop", tables: ["t"], markers: [] },
      { topic: "p.all.headgate", tables: [], markers: ["main"] },
    ]);
    const unwrap = own("io.debezium.transforms.ExtractNewRecordState");
    expect(connectorFindings(unwrap, plan)[0]?.sentence).toContain('"unwrap"');
    expect(existingTopics(unwrap, plan)).toBeNull();
    expect(told(own("com.example.Mask"))).toEqual(["error connector.transforms.x"]);
    expect(told(own(router, { ...routing, "transforms.x.predicate": "some" }))).toEqual([
      "error connector.transforms.x",
    ]);
  });

  it("without routers has one topic a table", () => {
    expect(existingTopics(without("transforms"), plan)).toEqual({
      rows: [
        { topic: "p.shop.t", tables: ["t"], markers: [] },
        { topic: "p.headgate.marker_main", tables: [], markers: ["main"] },
      ],
      transactions: "p.transaction",
      schemaChanges: "p",
    });
  });

  it("has to tell of each transaction how many changes it has, and is told which line of it to change", () => {
    for (const config of [
      without("provide.transaction.metadata"),
      { ...generated, "provide.transaction.metadata": "false" },
    ]) {
      expect(existingTopics(config, plan)).toBeNull();
      expect(connectorFindings(config, plan)).toMatchObject([
        {
          severity: "error",
          object: "connector.provide.transaction.metadata",
          sentence: expect.stringContaining("leaves no trace but the counts") as string,
          fix: expect.stringMatching(/^Set "provide\.transaction\.metadata": "true"/u) as string,
        },
      ]);
    }
  });

  it("leaves NULLs in doubt unless its own converter is told to keep them", () => {
    expect(eventSettings(without("value.converter"), false)?.nullsAsDefaults).toBe(true);
    expect(eventSettings(without("value.converter.replace.null.with.default"), false)?.nullsAsDefaults).toBe(
      true,
    );
    expect(eventSettings({ ...generated, "decimal.handling.mode": "dbl" }, false)).toBeNull();
  });
});

describe("a topic", () => {
  const topics = {
    rows: [{ topic: "a", tables: ["t"], markers: ["main"] }],
    transactions: "p.transaction",
    schemaChanges: "p",
  };
  const good = { topic: "a", partitions: 1, cleanupPolicy: "delete", retentionMs: -1, retentionBytes: -1 };
  const codes = (...changed: Partial<typeof good>[]): string[] =>
    topicFindings(
      topics,
      changed.map((one) => ({ ...good, ...one })),
      false,
    ).map(({ code, severity }) => `${severity} ${code}`);

  it("has one partition, keeps every record, and keeps it", () => {
    expect(codes({})).toEqual([]);
    expect(codes({ partitions: 3 })).toEqual(["error topic-order"]);
    expect(codes({ cleanupPolicy: "compact,delete" })).toEqual(["error topic-order"]);
    expect(codes({ retentionMs: 604_800_000 }, { retentionBytes: 1 })).toEqual([
      "warning topic-retention",
      "warning topic-retention",
    ]);
    expect(codes({ topic: "somebody-else", partitions: 12 })).toEqual([]);
  });

  it("may be missing where the connector is Headgate's, which makes it, or it is one table's own, which its first change makes", () => {
    expect(codes({ partitions: 0 })).toEqual(["error topic-missing"]);
    expect(topicFindings(topics, [{ ...good, partitions: 0 }], true)).toEqual([]);
    const own = { ...topics, rows: [...topics.rows, { topic: "b", tables: ["b"], markers: [] }] };
    expect(topicFindings(own, [{ ...good, topic: "b", partitions: 0 }], false)).toMatchObject([
      { code: "topic-missing", severity: "warning" },
    ]);
  });
});
