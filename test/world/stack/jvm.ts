/**
 * Kafka, Connect and the schema registry as processes: one broker that keeps everything for good, one distributed
 * worker with its offsets in topics, so that both come back after kill -9 as a user's would. Each proves that it is
 * ours by something that only our data folder has: the cluster's id, the registry's name.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Kafka, logLevel } from "kafkajs";
import type { Home } from "./home.js";
import type { Programs } from "./offer.js";
import { serverAccount, serverFolder } from "./place.js";
import { firstPort, freePort } from "./port.js";
import { run } from "./tool.js";

/** What a server is started with. */
export interface Start {
  readonly programs: Programs;
  readonly home: Home;
  readonly port: number;
  /** Of the checkout's broker, for the worker. */
  readonly broker: number | undefined;
  /** Ports that belong to other servers. */
  readonly taken: ReadonlySet<number>;
}

export async function kafkaCommand({ programs, home, port, taken }: Start): Promise<readonly string[]> {
  const controller = await freePort(firstPort(home.data, "controller"), new Set([...taken, port]));
  const lines = [
    ...brokerProperties(home.data, port, controller),
    ...linesOfTheTest("broker").map((line) =>
      line.replaceAll("${port}", String(port)).replaceAll("${controller}", String(controller)),
    ),
  ];
  return java(programs, home, "512m", ["kafka.Kafka", propertiesFile(home, "server", lines)]);
}

/** Formats the broker's folder: what is in it afterwards has an id that no other cluster has. */
export async function kafkaInitialize(programs: Programs, home: Home, data: string): Promise<void> {
  const file = propertiesFile(home, "format", brokerProperties(data, 9092, 9093));
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
  const format = ["kafka.tools.StorageTool", "format", "-t", id, "-c", file];
  await run(java(programs, home, "128m", format), { cwd: data, ...serverAccount() });
}

/** Undefined when the broker that answers is ours. */
export async function kafkaAnswer(home: Home, port: number): Promise<string | undefined> {
  const client = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    retry: { retries: 0 },
  });
  const admin = client.admin();
  try {
    await admin.connect();
    const { clusterId } = await admin.describeCluster();
    return clusterId === clusterOf(home.data) ? undefined : "another broker answers on its port";
  } finally {
    await admin.disconnect();
  }
}

export function connectCommand({ programs, home, port, broker, taken }: Start): readonly string[] {
  if (broker === undefined) throw new Error(`a worker needs a broker; there are ${[...taken].join(" ")}`);
  const lines = [...workerProperties(programs.share ?? "", port, broker), ...linesOfTheTest("worker")];
  const file = propertiesFile(home, "worker", lines);
  return java(programs, home, "768m", ["org.apache.kafka.connect.cli.ConnectDistributed", file]);
}

export async function connectAnswer(home: Home, port: number): Promise<string | undefined> {
  const url = `http://127.0.0.1:${port}`;
  // It answers before it has joined its group, when every change is refused with 409.
  const health = await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) });
  if (!health.ok) return (await health.text()).slice(0, 200);
  const root = await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text();
  const cluster = clusterOf(join(home.data, "..", "kafka"));
  return root.includes(cluster) ? undefined : "another worker answers on its port";
}

/** In a file and not in memory: a registry that was killed must know the schemas of the topics that are left. */
export function registryCommand({ programs, home, port }: Start): readonly string[] {
  const [program = "", ...rest] = programs.server;
  return [
    program,
    ...options(home, "384m"),
    "-Dquarkus.http.host=127.0.0.1",
    `-Dquarkus.http.port=${port}`,
    `-Dapicurio.app.name=${home.data}`,
    `-Dapicurio.datasource.url=jdbc:h2:file:${home.data}/registry`,
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    ...rest,
  ];
}

export async function registryAnswer(home: Home, port: number): Promise<string | undefined> {
  const url = `http://127.0.0.1:${port}/apis`;
  const subjects = await fetch(`${url}/ccompat/v7/subjects`, { signal: AbortSignal.timeout(10_000) });
  if (!subjects.ok) return `its subjects give ${subjects.status}`;
  const info = await fetch(`${url}/registry/v3/system/info`, { signal: AbortSignal.timeout(10_000) });
  return (await info.text()).includes(home.data) ? undefined : "another registry answers on its port";
}

function java(programs: Programs, home: Home, heap: string, main: readonly string[]): readonly string[] {
  const [program = "", ...rest] = programs.server;
  return [program, ...options(home, heap), ...rest, ...main];
}

function options(home: Home, heap: string): readonly string[] {
  const settings = join(serverFolder(home.files), "log4j2.properties");
  writeFileSync(settings, logging, { mode: 0o644 });
  return [
    "-Xms64m",
    `-Xmx${heap}`,
    "-XX:+UseSerialGC",
    // The stack starts its servers in the C locale; Debezium reads names and labels by this.
    "-Dfile.encoding=UTF-8",
    // Compression libraries unpack machine code there.
    `-Djava.io.tmpdir=${serverFolder(home.temp)}`,
    `-Dlog4j2.configurationFile=${settings}`,
  ];
}

const logging = `rootLogger.level = info
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m [%c{1}]%n
`;

function propertiesFile(home: Home, name: string, lines: readonly string[]): string {
  const file = join(serverFolder(home.files), `${name}.properties`);
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o644 });
  return file;
}

/**
 * What a test whose servers are its own adds to ours, of two lines for one key the later holds: `broker.properties` and
 * `worker.properties` in the folder that HEADGATE_STACK_KAFKA names.
 */
function linesOfTheTest(whose: "broker" | "worker"): readonly string[] {
  const folder = process.env["HEADGATE_STACK_KAFKA"];
  if (folder === undefined) return [];
  const file = join(folder, `${whose}.properties`);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}

/** The id of the cluster whose log folder this is. */
function clusterOf(data: string): string {
  const id = /^cluster\.id=(\S+)$/mu.exec(readFileSync(join(data, "meta.properties"), "utf8"))?.[1];
  if (id === undefined) throw new Error(`${data} is of no cluster`);
  return id;
}

function brokerProperties(data: string, port: number, controller: number): readonly string[] {
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    "controller.listener.names=CONTROLLER",
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name=PLAINTEXT",
    `log.dirs=${data}`,
    "num.partitions=1",
    "default.replication.factor=1",
    ...["offsets.topic", "transaction.state.log", "share.coordinator.state.topic"].flatMap((topic) => [
      `${topic}.replication.factor=1`,
      `${topic}.num.partitions=1`,
    ]),
    "transaction.state.log.min.isr=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    // A broker that was killed is let in again when its own session has run out.
    "broker.session.timeout.ms=3000",
    "broker.heartbeat.interval.ms=1000",
    // A topic that nobody made must be missed, not made by whoever asks for it.
    "auto.create.topics.enable=false",
    "log.retention.hours=-1",
    "log.segment.bytes=268435456",
    "message.max.bytes=67108864",
    "replica.fetch.max.bytes=67108864",
    "num.network.threads=2",
    "num.io.threads=4",
    "log.cleaner.dedupe.buffer.size=16777216",
  ];
}

function workerProperties(pluginPath: string, port: number, broker: number): readonly string[] {
  const json = "org.apache.kafka.connect.json.JsonConverter";
  return [
    `bootstrap.servers=127.0.0.1:${broker}`,
    "group.id=connect",
    `listeners=http://127.0.0.1:${port}`,
    "rest.advertised.host.name=127.0.0.1",
    `rest.advertised.port=${port}`,
    `key.converter=${json}`,
    `value.converter=${json}`,
    "key.converter.schemas.enable=false",
    "value.converter.schemas.enable=false",
    ...["config", "offset", "status"].flatMap((what) => [
      `${what}.storage.topic=connect-${what}`,
      `${what}.storage.replication.factor=1`,
    ]),
    "offset.storage.partitions=1",
    "status.storage.partitions=1",
    "offset.flush.interval.ms=5000",
    "scheduled.rebalance.max.delay.ms=0",
    "session.timeout.ms=6000",
    "heartbeat.interval.ms=2000",
    "connector.client.config.override.policy=All",
    `plugin.path=${pluginPath}`,
    "plugin.discovery=service_load",
    `exactly.once.source.support=${process.env["HEADGATE_STACK_EXACTLY_ONCE"] === "1" ? "enabled" : "disabled"}`,
    "producer.max.request.size=67108864",
    "producer.buffer.memory=67108864",
  ];
}
