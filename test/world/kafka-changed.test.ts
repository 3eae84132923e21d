/**
 * A connector whose configuration somebody changes: while it is read the stream stops at the setting's name, what was
 * changed while nobody read is refused at the next start, and the source's own log is the way on, after which the same
 * topics go on being read. Our own connector and somebody else's.
 */
import { setTimeout as pause } from "node:timers/promises";
import { expect, it } from "vitest";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { ConnectorConfig } from "../../connectors/kafka/connect.js";
import { untilRunning } from "../../connectors/kafka/connector-watch.js";
import { kafkaWorld } from "./kafka-world.js";
import type { KafkaWorld } from "./kafka-world.js";
import { startLive } from "./live.js";
import type { LiveSettings } from "./live.js";
import { sourceDatabase } from "./source-database.js";
import { targetDatabase } from "./target-database.js";

/** Gives the connector these settings too; an empty text takes one away. */
async function set({ place }: KafkaWorld, name: string, settings: ConnectorConfig): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  const connect = openConnect({ server: { url: place.connect }, signal });
  const config = { ...(await connect.config(name)), ...settings };
  await connect.put(name, Object.fromEntries(Object.entries(config).filter(([, value]) => value !== "")));
  await untilRunning(name, { connect, signal, wait: (ms) => pause(ms) });
}

it.each([
  // What check refuses, and what is as good as what it was, and another form of the records that are there.
  ["our own", "column.mask.with.3.chars", "", "hg_kafka_changed_0.t.v"],
  ["somebody's", "time.precision.mode", "microseconds", "adaptive_time_microseconds"],
] as const)("%s, by %s", async (whose, setting, good, other) => {
  const name = `hg_kafka_changed_${whose === "our own" ? "0" : "1"}`;
  await using kafka = await kafkaWorld(name);
  await using source = await sourceDatabase(name, "mysql9");
  await using target = await targetDatabase(name);
  await source.sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40), at DATETIME)");
  await source.sql("INSERT INTO t VALUES (1, 'copied', '2024-01-01 00:00:00')");
  const migration = `20261126_${name}`;
  const settings: LiveSettings = { source: source.options, target: target.options, migration };
  const own = whose === "our own";
  const connector = own ? `headgate-${migration}` : `${kafka.place.prefix}-by-somebody`;
  if (!own)
    await kafka.other({
      ...{ engine: "mysql", database: source.options, tables: ["t"], lanes: ["main"], format: "json" },
    });
  let row = 1;
  const followed = async (over: LiveSettings["over"]): Promise<void> => {
    await using live = startLive({ ...settings, ...(over === undefined ? {} : { over }) });
    await live.event("going-on");
    await source.sql("INSERT INTO t VALUES (?, 'followed', '2024-02-03 04:05:06')", [++row]);
    await live.level();
    await live.stop();
  };
  {
    await using live = startLive({ ...settings, over: kafka.over });
    await live.event("going-on");
    await source.sql("INSERT INTO t VALUES (?, 'followed', '2024-02-03 04:05:06')", [++row]);
    await live.level();
    await set(kafka, connector, { [setting]: other });
    expect(await live.ended).toMatchObject({ code: "topic-refused", facts: { settings: setting } });
  }
  await source.sql("INSERT INTO t VALUES (?, 'unseen', '2024-02-03 04:05:06')", [++row]);
  {
    await using live = startLive({ ...settings, over: kafka.over });
    expect(await live.ended).toMatchObject({
      code: "topic-refused",
      message: expect.stringContaining(setting) as string,
      next: expect.stringContaining("feed.kind: binlog") as string,
    });
  }
  await followed(undefined);
  await set(kafka, connector, { [setting]: good });
  await followed(kafka.over);
  const rows = (table: string): string => `SELECT id, v, at FROM ${table} ORDER BY id`;
  const wanted = await source.sql(rows("t"));
  expect(wanted).toHaveLength(5);
  expect(await target.sql(rows("t").replace("at FROM", "at::text AS at FROM"))).toEqual(
    wanted.map(([id, v, at]) => ({ id, v, at })),
  );
});
