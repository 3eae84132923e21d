import { describe, expect, it } from "vitest";
import { connectorConfig, generatedTopics, withoutSecrets } from "./connector-config.js";
import type { ConnectorRequest } from "./connector-config.js";
import { listMatches, routed } from "./regex.js";

const request: ConnectorRequest = {
  engine: "mysql",
  prefix: "shop",
  source: { host: "db1", port: 3306, user: "dbz", password: "s3cret", tls: false, database: "my-shop" },
  tables: [
    { source: "orders", lane: "main" },
    { source: "order items", lane: "main" },
    { source: "orders_2024", lane: "main" },
    { source: "log,all", lane: "log" },
  ],
  lanes: ["main", "log"],
  brokers: ["a:9092", "b:9092"],
  security: { tls: false, ca: null, sasl: null },
  converter: { kind: "json", schemas: false },
  exactlyOnce: false,
  heartbeats: [],
};

/** Where a record of the topic ends up. */
function home(config: Readonly<Record<string, string>>, topic: string): string {
  return (config["transforms"] ?? "").split(",").reduce((at, name) => {
    const found = routed(
      config[`transforms.${name}.regex`] ?? "",
      config[`transforms.${name}.replacement`] ?? "",
      at,
    );
    if (found === null) throw new Error(`${name} has an expression that can't be read`);
    return found;
  }, topic);
}

describe("the connector that Headgate generates", () => {
  const config = connectorConfig(request);

  it("takes the plan's tables and the marker tables and no others", () => {
    const list = config["table.include.list"] ?? "";
    for (const table of ["my-shop.orders", "my-shop.order items", "my-shop.log,all", "headgate.marker_main"])
      expect(listMatches(list, table), table).toBe(true);
    for (const table of ["my-shop.orders2", "my-shopXorders", "my-shop.log", "headgate.other"])
      expect(listMatches(list, table), table).toBe(false);
    expect(listMatches(config["database.include.list"] ?? "", "my-shop")).toBe(true);
  });

  it("routes each table with its lane's markers, and nothing else", () => {
    expect(home(config, "shop.my-shop.orders")).toBe("shop.lane-main");
    expect(home(config, "shop.my-shop.order_items")).toBe("shop.lane-main");
    expect(home(config, "shop.my-shop.orders_2024")).toBe("shop.lane-main");
    expect(home(config, "shop.headgate.marker_main")).toBe("shop.lane-main");
    expect(home(config, "shop.my-shop.log_all")).toBe("shop.lane-log");
    expect(home(config, "shop.headgate.marker_log")).toBe("shop.lane-log");
    for (const topic of ["shop", "shop.transaction", "__debezium-heartbeat.shop", "shop.my-shop.orders2"])
      expect(home(config, topic)).toBe(topic);
    expect(generatedTopics(request)).toEqual({
      rows: [
        { topic: "shop.lane-main", tables: ["orders", "order items", "orders_2024"], markers: ["main"] },
        { topic: "shop.lane-log", tables: ["log,all"], markers: ["log"] },
      ],
      transactions: "shop.transaction",
      schemaChanges: "shop",
    });
  });

  it("refuses two lanes whose tables are one topic", () => {
    const tables = [
      { source: "a b", lane: "main" },
      { source: "a_b", lane: "log" },
    ];
    expect(() => connectorConfig({ ...request, tables })).toThrow(
      "Tables of the lanes main and log have one name as a topic, shop.my-shop.a_b",
    );
    expect(() =>
      connectorConfig({ ...request, tables: tables.map((t) => ({ ...t, lane: "log" })) }),
    ).not.toThrow();
  });

  it("sets what loses or changes something by default", () => {
    expect(config).toMatchObject({
      "snapshot.mode": "no_data",
      "event.converting.failure.handling.mode": "fail",
      "enable.time.adjuster": "false",
      "time.precision.mode": "microseconds",
      "decimal.handling.mode": "string",
      "bigint.unsigned.handling.mode": "precise",
      "skipped.operations": "none",
      "provide.transaction.metadata": "true",
      "tombstones.on.delete": "false",
      "value.converter.replace.null.with.default": "false",
      "key.converter.replace.null.with.default": "false",
      "topic.creation.default.partitions": "1",
      "topic.creation.default.cleanup.policy": "delete",
      "topic.creation.default.retention.ms": "-1",
    });
    expect(config["exactly.once.support"]).toBeUndefined();
    expect(connectorConfig({ ...request, exactlyOnce: true })["exactly.once.support"]).toBe("required");
  });

  it("touches a row of each lane at each heartbeat, in one statement", () => {
    expect(config["heartbeat.action.query"]).toBeUndefined();
    const heartbeats = [
      { lane: "main", id: "1" },
      { lane: "log", id: "18446744073709551615" },
    ];
    expect(connectorConfig({ ...request, heartbeats })["heartbeat.action.query"]).toBe(
      "UPDATE `headgate`.`marker_main` AS m0, `headgate`.`marker_log` AS m1 SET m0.at = CURRENT_TIMESTAMP, " +
        "m1.at = CURRENT_TIMESTAMP WHERE m0.id = 1 AND m1.id = 18446744073709551615",
    );
    expect(() => connectorConfig({ ...request, heartbeats: [{ lane: "main", id: "1 OR 1" }] })).toThrow();
  });

  it("logs in to the brokers where they want it, and shows no password to people", () => {
    const sasl = { mechanism: "scram-sha-512", username: "u", password: 'p"\\w' } as const;
    const secure = connectorConfig({ ...request, security: { tls: true, ca: "PEM\n", sasl } });
    for (const side of ["producer", "consumer"])
      expect(secure).toMatchObject({
        [`schema.history.internal.${side}.security.protocol`]: "SASL_SSL",
        [`schema.history.internal.${side}.ssl.truststore.type`]: "PEM",
        [`schema.history.internal.${side}.ssl.truststore.certificates`]: "PEM",
        [`schema.history.internal.${side}.sasl.mechanism`]: "SCRAM-SHA-512",
        [`schema.history.internal.${side}.sasl.jaas.config`]:
          'org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p\\"\\\\w";',
      });
    const shown = JSON.stringify(withoutSecrets(secure));
    expect(shown).not.toContain("s3cret");
    expect(shown).not.toContain("ScramLoginModule");
  });

  it("keeps its server id, and has another for another prefix", () => {
    const id = (prefix: string): string =>
      connectorConfig({ ...request, prefix })["database.server.id"] ?? "";
    expect(id("shop")).toBe(id("shop"));
    expect(id("shop")).not.toBe(id("shop2"));
    expect(Number(id("shop"))).toBeLessThan(2 ** 31);
  });

  it("is MariaDB's own for MariaDB, and Avro in Confluent's form where that is wanted", () => {
    const maria = connectorConfig({
      ...request,
      engine: "mariadb",
      converter: { kind: "apicurio", registry: "http://r:8081/" },
    });
    expect(maria).toMatchObject({
      "connector.class": "io.debezium.connector.mariadb.MariaDbConnector",
      "value.converter.apicurio.registry.url": "http://r:8081/apis/registry/v2",
      "value.converter.apicurio.registry.as-confluent": "true",
      "schema.name.adjustment.mode": "avro",
    });
  });
});
