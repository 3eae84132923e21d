/**
 * The promise of the change stream over real Kafka, Connect and Debezium: the seeded writer changes the source while
 * the connector is registered, while the copy runs and after it, and the oracle must find both sides equal.
 * HEADGATE_SEED=n runs one seed alone.
 */
import { afterAll, beforeAll, describe, it } from "vitest";
import { freshSeed } from "../fresh-seed.js";
import { kafkaWorld } from "./kafka-world.js";
import type { KafkaWorld } from "./kafka-world.js";
import { streamed } from "./writer/streamed.js";

const chosen = process.env["HEADGATE_SEED"];
const seed = chosen === undefined || chosen === "" ? freshSeed() : Number(chosen);

describe("a writer on mysql9, over Kafka", () => {
  let kafka: KafkaWorld;
  beforeAll(async () => {
    kafka = await kafkaWorld("hg_kafka");
  });
  afterAll(async () => {
    await kafka[Symbol.asyncDispose]();
  });

  it("is on the target, all tables in one lane", async () => {
    await streamed({ name: "hg_kafka", server: "mysql9", seed, lanes: "one", xa: false, over: kafka.over });
  });
});
