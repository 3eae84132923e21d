/**
 * The promise of the change stream over real Kafka, Connect and Debezium: the seeded writer changes the source while
 * the connector is registered, while the copy runs and after it, and the oracle must find both sides equal. Each form of
 * events, lanes of Headgate's own connector and topics of somebody else's, one a table; the gate goes through all of them
 * from each source. HEADGATE_SEED=n runs one seed alone.
 */
import { describe, expect, it } from "vitest";
import type { LaneRequest } from "../../src/plan/request.js";
import { freshSeed } from "../fresh-seed.js";
import type { SourceDatabase, SourceName } from "./source-database.js";
import { kafkaWorld } from "./kafka-world.js";
import type { KafkaWorld, OtherConnector } from "./kafka-world.js";
import { serversAreNamed, testSources } from "./matrix.js";
import { startLive } from "./live.js";
import type { LiveSettings } from "./live.js";
import { judged, streamed } from "./writer/streamed.js";

const chosen = process.env["HEADGATE_SEED"];
const seed = chosen === undefined || chosen === "" ? freshSeed() : Number(chosen);
const gate = process.env["HEADGATE_GATE"] === "1";

type Format = OtherConnector["format"];
type Shape = "one lane" | "two lanes" | "a topic a table";

interface Life {
  readonly server: SourceName;
  readonly format: Format;
  readonly shape: Shape;
}

/** What is not tied to the other tables, and has a value of every type in it. */
const two: LaneRequest = [["numbers", "bins", "moves"]];

/**
 * Each source once, and each form and shape but JSON in one lane, which the way from log to Kafka below and the lives of
 * test/faults/kafka-kill.test.ts have. Headgate's own connector writes no schemas beside JSON.
 */
const some: readonly Life[] = [
  { server: "mysql9", format: "avro", shape: "two lanes" },
  { server: "mariadb", format: "json with schemas", shape: "a topic a table" },
];
const sources = testSources.filter((server) => server !== "mysql56");
const all = sources.flatMap((server) =>
  (["json", "json with schemas", "avro"] as const).flatMap((format) =>
    (["one lane", "two lanes", "a topic a table"] as const).flatMap((shape): readonly Life[] =>
      format === "json with schemas" && shape !== "a topic a table" ? [] : [{ server, format, shape }],
    ),
  ),
);
const lives = gate || serversAreNamed ? all : some;

describe.each(lives)("a writer on $server, over Kafka in $format", ({ server, format, shape }) => {
  it(`is on the target, in ${shape}`, async () => {
    const name = `hg_kafka_${String(lives.findIndex((one) => one.server === server && one.format === format && one.shape === shape))}`;
    await using kafka = await kafkaWorld(name, { avro: format === "avro" });
    await streamed({
      name,
      server,
      seed,
      lanes: shape === "two lanes" ? two : "one",
      xa: false,
      // INET4 and INET6: Debezium's connector dies of a table's definition with one; check refuses them by name.
      without: server === "mariadb" ? ["four", "six"] : [],
      // MariaDB's own sql_mode allows zero dates, which arrive as NULL; of a table without a key none can be read again.
      policies: server === "mariadb" ? [{ match: { table: "moves" }, zeroDate: "null" }] : [],
      over: kafka.over,
      // Where each topic ended before the first marker is noted with each lane's start.
      then: async ({ target }) => {
        const starts = await target.sql(
          "SELECT count(*)::text AS lanes FROM headgate.lane WHERE start_position->'topics'->0->>'begins' = 'true'",
        );
        expect(starts).toEqual([{ lanes: shape === "two lanes" ? "2" : "1" }]);
      },
      ...(shape === "a topic a table"
        ? { begun: (source) => somebodys(kafka, { server, format, source }) }
        : {}),
    });
  });
});

it("a migration goes from the source's log to Kafka, where the connector has begun before it, and back", async () => {
  const name = "hg_kafka_change";
  await using kafka = await kafkaWorld(name);
  await streamed({
    ...{ name, server: "mysql9", seed, lanes: "one", xa: false, before: 20, after: 20 },
    then: async ({ settings, sourceAt, target, writer }) => {
      const written = async (): Promise<void> => {
        writer.start();
        await writer.reached(writer.log.length + 40);
        await writer.stop();
      };
      const followed = async (over: LiveSettings["over"]): Promise<void> => {
        await using live = startLive({ ...settings, ...(over === undefined ? {} : { over }) });
        await live.event("going-on");
        await written();
        await live.level();
        await judged(sourceAt, target, writer);
        await live.stop();
      };
      // The connector begins after this, so its topics lack it.
      await written();
      await using early = startLive({ ...settings, over: kafka.over });
      expect(await early.ended).toMatchObject({
        code: "topic-gap",
        next: expect.stringContaining("feed.kind: binlog") as string,
      });
      for (const over of [undefined, kafka.over, undefined]) await followed(over);
    },
  });
});

/** Debezium as somebody has it running, whose topics are one a table. */
async function somebodys(
  kafka: KafkaWorld,
  { server, format, source }: Pick<Life, "server" | "format"> & { readonly source: SourceDatabase },
): Promise<void> {
  const tables = await source.sql("SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?", [
    source.name,
  ]);
  await kafka.other({
    engine: server === "mariadb" ? "mariadb" : "mysql",
    database: source.options,
    tables: tables.map(([table]) => table ?? ""),
    lanes: ["main"],
    format,
  });
}
