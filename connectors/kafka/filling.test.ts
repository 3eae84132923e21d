/** Whose topics are read: our own connector's, somebody else's of the same prefix, or nobody's that can be told. */
import { describe, expect, it } from "vitest";
import { Fault } from "../../src/errors.js";
import type { Plan } from "../../src/model.js";
import type { Connect, ConnectorConfig } from "./connect.js";
import { demandFit, fillingOf } from "./filling.js";

const plan: Plan = {
  version: 1,
  migration: "20261127_shop",
  database: "shop",
  schema: "public",
  fingerprint: "",
  lanes: ["main"],
  before: [],
  after: [],
  findings: [],
  tables: [
    {
      source: "users",
      target: "users",
      lane: "main",
      key: null,
      columns: [],
      estimatedRows: 0,
      estimatedBytes: 0,
      exactCut: false,
    },
  ],
};

const theirs: ConnectorConfig = {
  "connector.class": "io.debezium.connector.mysql.MySqlConnector",
  "topic.prefix": "shop",
  "provide.transaction.metadata": "true",
  "value.converter": "org.apache.kafka.connect.json.JsonConverter",
  "value.converter.replace.null.with.default": "false",
};

function connectWith(connectors: Readonly<Record<string, ConnectorConfig>>): Connect {
  const unused = async (): Promise<never> => Promise.reject(new Error("not asked for"));
  return {
    place: "Kafka Connect at http://c",
    cluster: unused,
    plugins: unused,
    names: async () => Promise.resolve(Object.keys(connectors)),
    config: async (name) => Promise.resolve(connectors[name] ?? null),
    validate: unused,
    put: unused,
    status: unused,
    offsets: unused,
    forget: unused,
    pause: unused,
    resume: unused,
    stop: unused,
    restart: unused,
    remove: unused,
  };
}

describe("topics of a migration", () => {
  const own = ["shop.lane-main"];

  it("are those of the generated connector where nobody knows better", async () => {
    const elsewhere = { ...theirs, "topic.prefix": "other" };
    for (const connect of [
      null,
      connectWith({}),
      connectWith({ elsewhere, "a-sink": { topics: "shop.users" } }),
    ]) {
      const { name, theirs: config, topics } = await fillingOf(plan, "shop", connect);
      expect([name, config, topics.rows.map(({ topic }) => topic)]).toEqual([
        "headgate-20261127_shop",
        null,
        own,
      ]);
    }
  });

  it("are still our own once we are registered", async () => {
    const connect = connectWith({ "headgate-20261127_shop": { ...theirs, transforms: "lane_main" } });
    expect(await fillingOf(plan, "shop", connect)).toMatchObject({ theirs: null });
  });

  it("are one a table where somebody's connector makes them so", async () => {
    const filling = await fillingOf(plan, "shop", connectWith({ theirs }));
    expect(filling).toMatchObject({ name: "theirs", theirs });
    expect(filling.topics).toEqual({
      rows: [
        { topic: "shop.shop.users", tables: ["users"], markers: [] },
        { topic: "shop.headgate.marker_main", tables: [], markers: ["main"] },
      ],
      transactions: "shop.transaction",
      schemaChanges: "shop",
    });
  });

  it.each<[string, Readonly<Record<string, ConnectorConfig>>]>([
    ["two connectors fill them", { theirs, more: theirs }],
    ["one of somebody's beside our own does", { theirs, "headgate-20261127_shop": theirs }],
    [
      "a transformation is not known",
      { theirs: { ...theirs, transforms: "x", "transforms.x.type": "com.X" } },
    ],
  ])("are refused where %s", async (_, connectors) => {
    const error: unknown = await fillingOf(plan, "shop", connectWith(connectors)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code: "topic-refused" });
  });

  it("are refused where check has an error against their connector by now, and not for a warning", () => {
    const fit = {
      ...theirs,
      ...{ "event.converting.failure.handling.mode": "fail", "skipped.operations": "none" },
    };
    const checked = { ...plan, engine: "mysql" } as const;
    demandFit("theirs", fit, checked);
    demandFit("theirs", { ...fit, "enable.time.adjuster": "true" }, checked);
    expect(() => {
      demandFit("theirs", { ...fit, "column.mask.with.12.chars": "shop.users.name" }, checked);
    }).toThrow(/column\.mask\.with\.12\.chars.*connector theirs/u);
  });

  it("are refused where their connector does not count what a transaction has, with the line to change", async () => {
    const uncounted = connectWith({ theirs: { ...theirs, "provide.transaction.metadata": "false" } });
    await expect(fillingOf(plan, "shop", uncounted)).rejects.toMatchObject({
      code: "topic-refused",
      message: expect.stringContaining("provide.transaction.metadata=false") as string,
      next: expect.stringContaining(
        '"provide.transaction.metadata": "true" by PUT /connectors/theirs/config',
      ) as string,
    });
  });
});
