/**
 * A migration over a Kafka that asks for TLS, a login and a right, by the command line: its connector is registered, fills
 * the topics and is followed with the ACLs that docs/kafka.md lists, for Headgate's user and for the connector's, and
 * without one of them it ends by its name. What headgate.yaml has wrong is refused by `check` and by `run`, and nothing is
 * registered then.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { Connect } from "../../connectors/kafka/connect.js";
import { healthOf } from "../../connectors/kafka/connector-watch.js";
import { noAuthority } from "./authority.js";
import { allow, documentedRules, forbid, named, wordsOf } from "./kafka-acl.js";
import type { Rule } from "./kafka-acl.js";
import { nightJourney } from "./night-journey.js";
import type { NightJourney, Said } from "./night-journey.js";
import type { SourceName } from "./source-database.js";
import { securedKafka } from "./secured-kafka.js";
import type { SecuredKafka } from "./secured-kafka.js";

const missing =
  process.env["HEADGATE_GATE"] === "1" ? noAuthority() : "a connector for each right: in the gate";
const engine = { name: "headgate", password: String.raw`hg"Pw\12$345` };
const connector = { name: "connector", password: "conn-Pw-12345" };
const wrong = "wrong-Pw-12345";

const rules = {
  engine: [
    ...documentedRules("Headgate's own Kafka user"),
    ...documentedRules("history of table definitions in a topic"),
  ],
  /** Of MariaDB's connector, whose newest is of 3.5. */
  before36: documentedRules("Debezium before 3.6"),
  connector: documentedRules("All else the connector does"),
  once: documentedRules("With exactly-once source support"),
};

/** A broker, and a worker that makes and fills the connector's topics as a user of its own. */
class Secured implements AsyncDisposable {
  readonly #kafka: SecuredKafka;
  readonly #url: string;
  readonly connect: Connect;
  readonly #closed = new AbortController();
  #rounds = 0;

  private constructor(kafka: SecuredKafka, url: string) {
    this.#kafka = kafka;
    this.#url = url;
    this.connect = openConnect({ server: { url }, signal: this.#closed.signal });
  }

  static async open(clients: readonly string[]): Promise<Secured> {
    const kafka = await securedKafka({
      scram: [engine],
      plain: [connector],
      worker: ({ secured, caFile }) =>
        clients.flatMap((client) => [
          `${client}.bootstrap.servers=${secured}`,
          `${client}.security.protocol=SASL_SSL`,
          `${client}.ssl.truststore.type=PEM`,
          `${client}.ssl.truststore.location=${caFile}`,
          `${client}.sasl.mechanism=PLAIN`,
          `${client}.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="${connector.name}" password="${connector.password}";`,
        ]),
    });
    return new Secured(kafka, (await kafka.up("connect")).url);
  }

  /** A migration with topics of its own, and all of the rules but one. `said`: what its headgate.yaml has of Kafka, else what fits. */
  async round(
    less: Rule | null,
    said: (kafka: SecuredKafka) => string = fitting,
    server: SourceName = "mysql9",
  ): Promise<Round> {
    const prefix = `round${String((this.#rounds += 1))}`;
    const names = { PREFIX: prefix, GROUP: "connect", OFFSETS: "connect-offset" };
    const { admin } = this.#kafka;
    const some = (all: readonly Rule[]): readonly Rule[] =>
      all.filter((rule) => rule !== less).map((rule) => named(rule, names));
    const history = server === "mariadb" ? rules.before36 : [];
    await allow(admin, engine.name, some([...rules.engine, ...history]));
    await allow(admin, connector.name, some([...rules.connector, ...rules.once]));
    const line = `feed: { kind: kafka, kafka: { connect: "${this.#url}", prefix: ${prefix}, ${said(this.#kafka)} } }`;
    const night = await nightJourney(`kafka_${prefix}`, [line], server);
    await night.source.sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(40))");
    await night.source.sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
    const own = `headgate-${night.migration}`;
    return {
      night,
      connector: own,
      [Symbol.asyncDispose]: async () => {
        if ((await this.connect.names()).includes(own)) await this.connect.remove(own);
        await night[Symbol.asyncDispose]();
        for (const { name } of [engine, connector]) await forbid(admin, name);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await this.#kafka[Symbol.asyncDispose]();
  }
}

interface Round extends AsyncDisposable {
  readonly night: NightJourney;
  /** The name of the connector that Headgate registers. */
  readonly connector: string;
}

const login = (password: string): string =>
  `sasl: { mechanism: scram-sha-512, username: ${engine.name}, password: ${JSON.stringify(password)} }`;
const tls = ({ authority }: SecuredKafka): string => `tls: { mode: verify-full, ca: "${authority.caFile}" }`;
const fitting = (kafka: SecuredKafka): string =>
  `brokers: ["${kafka.secured}"], ${tls(kafka)}, ${login(engine.password)}`;

/** `headgate ...args`, which says no password. */
async function headgate({ night }: Round, ...args: string[]): Promise<Said> {
  const said = await night.headgate(args);
  for (const secret of [engine.password, JSON.stringify(engine.password).slice(1, -1), wrong])
    expect(said.stdout + said.stderr).not.toContain(secret);
  return said;
}

/** An engine brings this value of the source's to the target. */
async function followed({ night }: Round, value: string): Promise<void> {
  const running = night.engine();
  await expect
    .poll(() => night.target.sql("SELECT v FROM t WHERE id = 2"), { timeout: 60_000 })
    .toEqual([{ v: value }]);
  expect(await running.stop()).not.toContain(engine.password);
}

const untilReady = ["run", "--until", "ready"];
const ready = { code: 0, last: { state: "ready", blocking: [] } };
const refusal = (code: string, words: RegExp): object => ({
  last: { error: { code, retriable: false, sentence: expect.stringMatching(words) as string } },
});

let secured: Secured;
beforeEach(({ skip }) => {
  if (missing !== null) skip(missing);
});

describe("by the rights of docs/kafka.md", () => {
  beforeAll(async () => {
    if (missing === null) secured = await Secured.open(["producer", "admin"]);
  });
  afterAll(async () => {
    if (missing === null) await secured[Symbol.asyncDispose]();
  });

  it("a migration is checked, copied and followed", async () => {
    await using round = await secured.round(null);
    expect(await headgate(round, "check")).toMatchObject({ code: 0 });
    expect(await headgate(round, ...untilReady)).toMatchObject(ready);
    await round.night.source.sql("UPDATE t SET v = 'followed' WHERE id = 2");
    await followed(round, "followed");
    // Topics that are there now are looked at too.
    expect(await headgate(round, "check")).toMatchObject({ code: 0 });
  });

  it.each(["mysql9", "mariadb"] as const)("from %s a connector that begins again goes on", async (server) => {
    await using round = await secured.round(null, fitting, server);
    expect(await headgate(round, ...untilReady)).toMatchObject(ready);
    const { connect } = secured;
    await connect.stop(round.connector);
    const health = async (): Promise<unknown> => healthOf(await connect.status(round.connector));
    await expect.poll(health, { timeout: 60_000 }).toMatchObject({ kind: "stopped" });
    await connect.resume(round.connector);
    await round.night.source.sql("UPDATE t SET v = 'after it' WHERE id = 2");
    await followed(round, "after it");
  });

  it.each(rules.before36.map((rule) => [wordsOf(rule), rule] as const))(
    "from mariadb it needs %s",
    async (_, rule) => {
      await using round = await secured.round(rule, fitting, "mariadb");
      const words = /Not authorized to access group/u;
      expect(await headgate(round, ...untilReady)).toMatchObject(refusal("connector-failed", words));
    },
  );

  it.each(rules.engine.map((rule) => [wordsOf(rule), rule] as const))(
    "Headgate's user needs %s",
    async (_, rule) => {
      await using round = await secured.round(rule);
      const [code, words] = rule.name.endsWith("schema-history")
        ? (["connector-failed", /schema-history|schema history.*Authorization/u] as const)
        : (["grant-missing", /ACLs/u] as const);
      expect(await headgate(round, ...untilReady)).toMatchObject(refusal(code, words));
    },
  );

  it.each(rules.connector.map((rule) => [wordsOf(rule), rule] as const))(
    "the connector's user needs %s",
    async (_, rule) => {
      await using round = await secured.round(rule);
      const words =
        rule.operation === "Create"
          ? /failed to create new topic/u
          : /Not authorized to (?:describe|access) topic/u;
      expect(await headgate(round, ...untilReady)).toMatchObject(refusal("connector-failed", words));
    },
  );

  it.each<[string, (kafka: SecuredKafka) => string, string, RegExp]>([
    [
      "a wrong password",
      (kafka) => `brokers: ["${kafka.secured}"], ${tls(kafka)}, ${login(wrong)}`,
      "login-refused",
      /did not let us in/u,
    ],
    [
      "an authority that nobody knows",
      (kafka) => `brokers: ["${kafka.secured}"], tls: { mode: verify-full }, ${login(engine.password)}`,
      "tls-refused",
      /certificate/u,
    ],
    [
      "a name that is not the certificate's",
      (kafka) => `brokers: ["127.0.0.1:${String(kafka.port)}"], ${tls(kafka)}, ${login(engine.password)}`,
      "tls-refused",
      /cert's list/u,
    ],
    [
      "no TLS where the listener has it",
      (kafka) => `brokers: ["${kafka.secured}"], ${login(engine.password)}`,
      "tls-refused",
      /speaks TLS, and feed\.kafka\.tls is off/u,
    ],
  ])("check and run refuse %s, and register nothing", async (_, said, code, words) => {
    await using round = await secured.round(null, said);
    for (const args of [["check"], untilReady])
      expect(await headgate(round, ...args)).toMatchObject({ code: 1, ...refusal(code, words) });
    expect(await secured.connect.names()).not.toContain(round.connector);
  });
});

describe("with exactly-once source support", () => {
  const place = "HEADGATE_STACK_EXACTLY_ONCE";
  beforeAll(async () => {
    if (missing !== null) return;
    process.env[place] = "1";
    secured = await Secured.open(["producer", "admin", "consumer"]);
  });
  afterAll(async () => {
    Reflect.deleteProperty(process.env, place);
    if (missing === null) await secured[Symbol.asyncDispose]();
  });

  it("a migration gets ready, and its connector takes part", async () => {
    await using round = await secured.round(null);
    expect(await headgate(round, ...untilReady)).toMatchObject(ready);
    expect(await secured.connect.config(round.connector)).toMatchObject({
      "exactly.once.support": "required",
    });
  });

  // A worker that may not read the offsets asks for them without an end and answers nobody: not tried here.
  it.each(
    rules.once.filter(({ operation }) => operation !== "Read").map((rule) => [wordsOf(rule), rule] as const),
  )("the connector's user needs %s", async (_, rule) => {
    await using round = await secured.round(rule);
    expect(await headgate(round, ...untilReady)).toMatchObject(refusal("connector-failed", /[Aa]uthoriz/u));
  });
});
