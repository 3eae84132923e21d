/**
 * How far a topic is read ahead: while its records are taken no more than the queue's bound and one batch more wait, and
 * where a record of another topic is waited for, that comes although the first topic's queue is full.
 */
import { setTimeout as sleep } from "node:timers/promises";
import kafkajs from "kafkajs";
import { expect, it } from "vitest";
import { openKafkaClient } from "../../connectors/kafka/kafka-client.js";
import { up } from "./stack/servers.js";

const records = 6_000;
const bytes = 500;
const queueBytes = 100_000;
/** Records of one batch, as they are produced here. */
const perBatch = 500;

it("a full queue waits while it is emptied, and does not keep another topic back", async () => {
  const { kafka } = await up(["kafka"]);
  const prefix = `queue_${Date.now().toString(36)}`;
  const [long, short] = [`${prefix}.long`, `${prefix}.short`];
  const admin = new kafkajs.Kafka({ brokers: [kafka.url], logLevel: kafkajs.logLevel.NOTHING });
  const [ours, producer] = [admin.admin(), admin.producer()];
  await ours.connect();
  await ours.createTopics({ topics: [long, short].map((topic) => ({ topic, numPartitions: 1 })) });
  await producer.connect();
  for (let first = 0; first < records; first += perBatch)
    await producer.send({
      topic: long,
      messages: Array.from({ length: perBatch }, (_, at) => ({
        value: String(first + at).padEnd(bytes, "."),
      })),
    });
  const { signal } = new AbortController();
  await using client = openKafkaClient({
    ...{ migration: "20260101_queue", token: "t", queueBytes, now: () => performance.now() },
    endpoint: {
      ...{ brokers: [kafka.url], encrypted: false, ca: null, sasl: null, connect: null, registry: null },
      ...{ format: "json", prefix },
    },
    wait: (ms, stop) => sleep(ms, undefined, { signal: stop }),
  });
  await using reading = await client.read(
    [long, short].map((topic) => ({ topic, offset: 0n })),
    signal,
  );
  while (reading.queue(long).head === null) await reading.arrived(1000, signal);
  // Nothing of the long one is taken meanwhile, however often the topics are asked for more.
  for (let n = 0; n < 8; n += 1) {
    await producer.send({ topic: short, messages: [{ value: "here" }] });
    while (reading.queue(short).head === null) await reading.arrived(1000, signal);
    reading.queue(short).take();
  }
  const queue = reading.queue(long);
  let ahead = 0;
  for (let taken = 0; taken < records; taken += 1) {
    while (queue.head === null) await reading.arrived(1000, signal);
    expect(queue.head.value?.toString().replaceAll(".", "")).toBe(String(taken));
    ahead = Math.max(ahead, Number(queue.reached) - taken);
    queue.take();
  }
  // kafkajs asks for up to 1 MB at once.
  expect(ahead * bytes).toBeLessThan(queueBytes + 1_100_000);
  await producer.disconnect();
  await ours.deleteTopics({ topics: [long, short] });
  await ours.disconnect();
  const more = async (): Promise<never> => {
    for (;;) await reading.arrived(1000, signal);
  };
  await expect(more()).rejects.toMatchObject({
    code: "topic-gap",
    message: expect.stringContaining("deleted while it was read") as string,
    next: expect.stringContaining("feed.kind: binlog") as string,
  });
});
