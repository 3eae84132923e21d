/**
 * Kafka, Connect with Debezium, and the schema registry, each from Maven: jars and the machine's own Java. The number at
 * the end of a cache key goes up when the recipe changes, so that a cache filled by an older checkout is left alone.
 */
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache.js";
import { findJava, javaHelp } from "./java.js";
import { mavenFile, mavenJars, mavenUnusable } from "./maven.js";
import type { Artifact } from "./maven.js";
import { kinds } from "./names.js";
import type { Name } from "./names.js";
import type { Offer } from "./offer.js";
import { Refusal, say } from "./refusal.js";
import { run } from "./tool.js";

type JavaName = Extract<Name, "kafka" | "connect" | "registry">;

/** Broker and Connect worker share their jars; the newest set of which every part is served. */
const kafka: readonly Artifact[] = [
  "org.apache.kafka:kafka_2.13:4.3.1",
  "org.apache.kafka:connect-runtime:4.3.1",
  "org.apache.kafka:connect-json:4.3.1",
  "org.apache.kafka:connect-transforms:4.3.1",
  // Writes the manifests by which a worker finds plugins without opening every class of them.
  "org.apache.kafka:kafka-tools:4.3.1",
  // Kafka brings log4j and slf4j, and nothing that ties the one to the other.
  "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4",
];

/** Each in a folder of its own, which is how a worker keeps their libraries apart. */
const plugins: Readonly<Record<string, Artifact>> = {
  "debezium-mysql": "io.debezium:debezium-connector-mysql:3.6.1.Final",
  "debezium-mariadb": "io.debezium:debezium-connector-mariadb:3.5.0.Final",
  "apicurio-converter": "io.apicurio:apicurio-registry-utils-converter:2.6.13.Final",
};

/** The newest of which every part is served. */
const jdbcSink: Readonly<Record<string, Artifact>> = {
  "debezium-jdbc": "io.debezium:debezium-connector-jdbc:3.5.0.Final",
};

/** What the worker has already must not be in a plugin too: two classes of one name are no subtypes of each other. */
const ofTheWorker =
  /^(?:jackson-(?:core|databind|annotations)|connect-api|kafka-clients|slf4j-api|lz4-java|snappy-java|zstd-jni)-/;

const registry: Artifact = "io.apicurio:apicurio-registry-app:3.0.9";

export function isJava(name: Name): name is JavaName {
  return name === "kafka" || name === "connect" || name === "registry";
}

export async function programsFromMaven(name: JavaName): Promise<Offer> {
  const java = await findJava();
  if (typeof java !== "string") return java;
  const unusable = await mavenUnusable();
  if (unusable !== undefined) return { unusable };
  const common = { provider: "packages", layout: [], env: {} } as const;
  if (name === "registry") {
    const folder = await registryFolder();
    const file = readdirSync(folder).find((one) => kinds.registry.version.test(one));
    if (file === undefined) throw new Refusal(1, `${folder} has no runner.`, `rm -r ${folder}`);
    return { ...common, version: versionOf(name, [file]), server: [java, "-jar", join(folder, file)] };
  }
  const libraries = await kafkaFolder();
  const version = versionOf(name, readdirSync(libraries));
  const server = [java, "-cp", `${libraries}/*`];
  if (name === "kafka") return { ...common, version, server };
  return { ...common, version, server, share: await pluginFolder(java, libraries) };
}

async function kafkaFolder(): Promise<string> {
  const folder = await cached("kafka-1", async (contents) => {
    say("Apache Kafka from Maven: about 60 MB to download, 60 MB on disk");
    await mavenJars(join(contents, "libs"), kafka);
  });
  return join(folder, "libs");
}

async function pluginFolder(java: string, libraries: string): Promise<string> {
  return await pluginsFromMaven(java, libraries, "connect-1", plugins, () => {
    say("Debezium for MySQL and MariaDB from Maven: about 40 MB to download, 40 MB on disk");
  });
}

/** Debezium's own way into a database, which the bench holds the engine against: what a worker is started with. */
export async function jdbcSinkPrograms(): Promise<{
  readonly worker: readonly string[];
  readonly pluginPath: string;
}> {
  const offer = await programsFromMaven("connect");
  if ("unusable" in offer)
    throw new Refusal(64, `Kafka Connect ${offer.unusable}.`, javaHelp(process.platform));
  const [java = ""] = offer.server;
  const sink = await pluginsFromMaven(java, await kafkaFolder(), "connect-jdbc-1", jdbcSink, () => {
    say("Debezium's JDBC sink from Maven: about 40 MB to download, 40 MB on disk");
  });
  return { worker: offer.server, pluginPath: `${offer.share ?? ""},${sink}` };
}

async function pluginsFromMaven(
  java: string,
  libraries: string,
  key: string,
  wanted: Readonly<Record<string, Artifact>>,
  tell: () => void,
): Promise<string> {
  const folder = await cached(key, async (contents) => {
    tell();
    const all = join(contents, "plugins");
    mkdirSync(all);
    for (const [plugin, artifact] of Object.entries(wanted)) {
      const into = join(all, plugin);
      await mavenJars(into, [artifact]);
      rmSync(`${into}.pom.xml`);
      for (const jar of readdirSync(into)) if (ofTheWorker.test(jar)) rmSync(join(into, jar));
    }
    await run([
      java,
      "-cp",
      `${libraries}/*`,
      "org.apache.kafka.tools.ConnectPluginPath",
      "sync-manifests",
      "--plugin-path",
      all,
    ]);
  });
  return join(folder, "plugins");
}

async function registryFolder(): Promise<string> {
  return cached("registry-1", async (contents) => {
    say("Apicurio Registry from Maven: 109 MB to download, 120 MB on disk");
    const file = await mavenFile(registry, "tar.gz", "all");
    await run(["tar", "-xzf", file, "--no-same-owner", "-C", contents]);
    rmSync(file);
  });
}

function versionOf(name: JavaName, files: readonly string[]): string {
  const version = files.map((file) => kinds[name].version.exec(file)?.[1]).find((one) => one !== undefined);
  if (version === undefined) throw new Refusal(1, `The jars of ${kinds[name].title} have another version.`);
  return version;
}
