/**
 * The Kafka client against a broker that asks for TLS, a login and a right: it reads with the ACLs that docs/kafka.md lists
 * for its user, each of which is needed, and whatever is amiss is refused by name, at once and without a secret.
 */
import kafkajs from "kafkajs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { configuredTopics, openKafkaClient } from "../../connectors/kafka/kafka-client.js";
import type { TopicReading } from "../../connectors/kafka/topic.js";
import { kafkaEndpoint } from "../../src/config/kafka.js";
import { kafkaSchema } from "../../src/config/kafka-keys.js";
import { Fault } from "../../src/errors.js";
import type { KafkaEndpoint } from "../../src/port.js";
import { noAuthority } from "./authority.js";
import { allow, documentedRules, forbid, named, wordsOf } from "./kafka-acl.js";
import { securedKafka } from "./secured-kafka.js";
import type { SecuredKafka } from "./secured-kafka.js";
import { until } from "./until.js";

const missing = noAuthority();
const scram = { name: "headgate", password: String.raw`hg"Pw\12$345` };
const plain = { name: "other", password: "other-Pw-12345" };
const wrong = "wrong-Pw-12345";
const names = { PREFIX: "shop" };
const own = documentedRules("Headgate's own Kafka user").map((rule) => named(rule, names));
const topic = "shop.lane-main";
let kafka: SecuredKafka;
let good: KafkaEndpoint;

beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

beforeAll(async () => {
  if (missing !== null) return;
  kafka = await securedKafka({ scram: [scram], plain: [plain] });
  good = {
    brokers: [kafka.secured],
    encrypted: true,
    ca: kafka.authority.ca,
    sasl: { mechanism: "scram-sha-512", username: scram.name, password: scram.password },
    connect: null,
    registry: null,
    format: "json",
    prefix: names.PREFIX,
  };
  await kafka.admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
  await put("first");
  for (const user of [scram, plain]) await allow(kafka.admin, user.name, own);
  // The first group of a broker makes the topic of all groups, which is waited for.
  await until(async () => (await attempt(() => heard(good))) === "first");
});
afterAll(async () => {
  if (missing === null) await kafka[Symbol.asyncDispose]();
});

async function put(value: string): Promise<void> {
  const producer = new kafkajs.Kafka({ brokers: [kafka.plain], logLevel: kafkajs.logLevel.NOTHING }).producer(
    {
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    },
  );
  await producer.connect();
  await producer.send({ topic, messages: [{ value }] });
  await producer.disconnect();
}

const tools = {
  migration: "m",
  now: () => performance.now(),
  wait: (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

/** The first record, as a reading has it; with `then`, which happens meanwhile, the one after it. */
async function heard(endpoint: KafkaEndpoint, then?: () => Promise<void>): Promise<string> {
  await using client = openKafkaClient({ ...tools, endpoint, token: crypto.randomUUID() });
  const signal = AbortSignal.timeout(30_000);
  await using reading = await client.read([{ topic, offset: 0n }], signal);
  const first = await taken(reading, signal);
  if (then === undefined) return first;
  await then();
  return await taken(reading, signal);
}

async function taken(reading: TopicReading, signal: AbortSignal): Promise<string> {
  const queue = reading.queue(topic);
  while (queue.head === null) await reading.arrived(1000, signal);
  const { value } = queue.head;
  queue.take();
  return value?.toString("utf8") ?? "";
}

/** How `check` looks, at a topic that is there and at one that is not. */
async function looked(endpoint: KafkaEndpoint): Promise<readonly number[]> {
  const facts = await configuredTopics({ endpoint, migration: "m" }, [topic, "shop.lane-none"]);
  return facts.map(({ partitions }) => partitions);
}

/** What it gives, or its fault; anything else that is thrown fails the test. */
async function attempt(act: () => Promise<unknown>): Promise<unknown> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const said = `${error.message} ${error.next} ${JSON.stringify(error.facts)}`;
    for (const secret of [scram.password, plain.password, wrong]) expect(said).not.toContain(secret);
    return { code: error.code, retriable: error.retriable, said };
  }
}

const fault = (code: string, words: RegExp): object => ({
  code,
  retriable: false,
  said: expect.stringMatching(words) as string,
});

describe("a broker that asks for TLS and a login", () => {
  it.each(["scram-sha-512", "plain"] as const)("lets in who has them: %s", async (mechanism) => {
    const { name, password } = mechanism === "plain" ? plain : scram;
    const endpoint = { ...good, sasl: { mechanism, username: name, password } };
    expect(await attempt(() => looked(endpoint))).toEqual([1, 0]);
    expect(await attempt(() => heard(endpoint))).toBe("first");
  });

  const sasl = (
    said: Partial<NonNullable<KafkaEndpoint["sasl"]>>,
  ): ((one: KafkaEndpoint) => KafkaEndpoint) => {
    return (one) => (one.sasl === null ? one : { ...one, sasl: { ...one.sasl, ...said } });
  };
  const under =
    (host: string) =>
    (one: KafkaEndpoint): KafkaEndpoint => ({ ...one, brokers: [`${host}:${String(kafka.port)}`] });

  it.each<[string, (one: KafkaEndpoint) => KafkaEndpoint, string, RegExp]>([
    [
      "a wrong password",
      sasl({ password: wrong }),
      "login-refused",
      /invalid credentials.*feed\.kafka\.sasl/u,
    ],
    ["a user whom nobody knows", sasl({ username: "nobody" }), "login-refused", /invalid credentials/u],
    [
      "a wrong password by PLAIN",
      sasl({ mechanism: "plain", username: plain.name, password: wrong }),
      "login-refused",
      /Invalid username or password/u,
    ],
    [
      "a mechanism that the listener does not have",
      sasl({ mechanism: "scram-sha-256" }),
      "login-refused",
      /SASL mechanism.*mechanism, username/u,
    ],
    [
      "no login",
      (one) => ({ ...one, sasl: null }),
      "login-refused",
      /asks for a login \((?=.*PLAIN)(?=.*SCRAM-SHA-512).*feed\.kafka\.sasl is not set/u,
    ],
    [
      "an authority that is not known",
      (one) => ({ ...one, ca: null }),
      "tls-refused",
      /certificate.*feed\.kafka\.tls\.ca/u,
    ],
    [
      "a host name that is not the certificate's",
      under("127.0.0.1"),
      "tls-refused",
      /127\.0\.0\.1 is not in the cert's list/u,
    ],
    [
      "no TLS where the listener has it",
      (one) => ({ ...one, encrypted: false }),
      "tls-refused",
      /speaks TLS, and feed\.kafka\.tls is off.*verify-full/u,
    ],
    [
      "neither TLS nor a login",
      (one) => ({ ...one, encrypted: false, sasl: null }),
      "tls-refused",
      /speaks TLS, and feed\.kafka\.tls is off/u,
    ],
    [
      "TLS where the listener has none",
      (one) => ({ ...one, brokers: [kafka.plain] }),
      "tls-refused",
      /does not speak TLS/u,
    ],
    [
      "a login where nobody logs in",
      (one) => ({ ...one, encrypted: false, brokers: [kafka.plain] }),
      "login-refused",
      /SASL/u,
    ],
  ])("refuses %s by name, and not to be tried again", async (_, change, code, words) => {
    const endpoint = change(good);
    expect(await attempt(() => looked(endpoint))).toEqual(fault(code, words));
    expect(await attempt(() => heard(endpoint))).toEqual(fault(code, words));
  });

  it("is talked to over TLS by default, whose certificate is checked whatever the environment says", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    // An address that leads to this machine and that nobody takes for it.
    const said = kafkaSchema.parse({ brokers: [`0.0.0.0:${String(kafka.port)}`], prefix: names.PREFIX });
    const read = kafkaEndpoint(said, ".");
    if ("problem" in read) throw new Error(read.problem.found);
    expect(await attempt(() => looked({ ...read.endpoint, sasl: good.sasl }))).toEqual(
      fault("tls-refused", /certificate/u),
    );
  });
});

describe("a broker that allows nothing but what its ACLs do", () => {
  it.each(own.map((rule) => [wordsOf(rule), rule] as const))("needs %s", async (_, rule) => {
    await forbid(kafka.admin, scram.name, [rule]);
    try {
      const refusals = [await attempt(() => looked(good)), await attempt(() => heard(good))];
      const words = rule.resource === "Group" ? /group.*Read on groups/u : /topic.*Read and DescribeConfigs/u;
      expect(refusals).toContainEqual(fault("grant-missing", words));
    } finally {
      await allow(kafka.admin, scram.name, [rule]);
    }
  });

  it("names the topic that is hidden, and never takes it for one that is not there", async () => {
    await forbid(kafka.admin, scram.name);
    const seen = fault("grant-missing", /the topic shop\.lane-main/u);
    expect(await attempt(() => looked(good))).toEqual(seen);
    expect(await attempt(() => heard(good))).toEqual(seen);
    const describing = own.map((rule) =>
      rule.operation === "Read" ? { ...rule, operation: "Describe" } : rule,
    );
    await allow(kafka.admin, scram.name, describing);
    expect(await attempt(() => looked(good))).toEqual([1, 0]);
    expect(await attempt(() => heard(good))).toEqual(fault("grant-missing", /authoriz/u));
    await forbid(kafka.admin, scram.name);
    await allow(kafka.admin, scram.name, own);
  });

  it("ends a reading by name when a right is taken away meanwhile", async () => {
    const read = own.filter(({ resource, operation }) => resource === "Topic" && operation === "Read");
    const forbidden = async (): Promise<void> => forbid(kafka.admin, scram.name, read);
    try {
      expect(await attempt(() => heard(good, forbidden))).toEqual(fault("grant-missing", /topic/u));
    } finally {
      await allow(kafka.admin, scram.name, read);
    }
  });

  it("keeps the groups of who may not delete them, and they are no reason to stop", async () => {
    const groups = async (): Promise<number> => (await kafka.admin.listGroups()).groups.length;
    const before = await groups();
    expect(await attempt(() => heard(good))).toBe("first");
    expect(await groups()).toBe(before + 1);
    const right = own.flatMap((rule) => (rule.resource === "Group" ? { ...rule, operation: "Delete" } : []));
    await allow(kafka.admin, scram.name, right);
    expect(await attempt(() => heard(good))).toBe("first");
    expect(await groups()).toBe(before + 1);
    await forbid(kafka.admin, scram.name, right);
  });
});
