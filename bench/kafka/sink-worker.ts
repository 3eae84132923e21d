/**
 * A Connect worker of the bench's own, with Debezium's JDBC sink in it, on the stack's broker: its CPU and memory are then the
 * sink's and nobody else's. What it keeps is in topics of its own.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openConnect } from "../../connectors/kafka/connect.js";
import type { Connect } from "../../connectors/kafka/connect.js";
import { jdbcSinkPrograms } from "../../test/world/stack/java-programs.js";
import { firstPort, freePort } from "../../test/world/stack/port.js";

export interface SinkWorker extends AsyncDisposable {
  readonly pid: number;
  readonly connect: Connect;
}

/** How long it may take to answer, and to end. */
const patienceMs = 120_000;
const endMs = 10_000;

export async function sinkWorker(broker: string): Promise<SinkWorker> {
  const { worker, pluginPath } = await jdbcSinkPrograms();
  const [program = "", ...rest] = worker;
  const folder = mkdtempSync(join(tmpdir(), "headgate-sink-"));
  const port = await freePort(firstPort(folder, "sink"), new Set());
  const file = join(folder, "worker.properties");
  writeFileSync(file, `${properties({ broker, port, pluginPath }).join("\n")}\n`);
  const log = openSync(join(folder, "log"), "w");
  const child = spawn(
    program,
    ["-Xms64m", "-Xmx768m", "-XX:+UseSerialGC", "-Dfile.encoding=UTF-8", ...rest, main, file],
    { stdio: ["ignore", log, log] },
  );
  closeSync(log);
  const url = `http://127.0.0.1:${String(port)}`;
  try {
    await answering(url, child);
  } catch (error) {
    await ended(child);
    throw new Error(`The sink's worker did not begin: ${join(folder, "log")}`, { cause: error });
  }
  return {
    pid: child.pid ?? 0,
    connect: openConnect({ server: { url }, signal: new AbortController().signal }),
    [Symbol.asyncDispose]: async () => {
      await ended(child);
      rmSync(folder, { recursive: true });
    },
  };
}

const main = "org.apache.kafka.connect.cli.ConnectDistributed";

interface Place {
  readonly broker: string;
  readonly port: number;
  readonly pluginPath: string;
}

function properties({ broker, port, pluginPath }: Place): readonly string[] {
  const json = "org.apache.kafka.connect.json.JsonConverter";
  return [
    `bootstrap.servers=${broker}`,
    "group.id=bench-sink",
    `listeners=http://127.0.0.1:${String(port)}`,
    "rest.advertised.host.name=127.0.0.1",
    `rest.advertised.port=${String(port)}`,
    `key.converter=${json}`,
    `value.converter=${json}`,
    ...["config", "offset", "status"].flatMap((what) => [
      `${what}.storage.topic=bench-sink-${what}`,
      `${what}.storage.replication.factor=1`,
    ]),
    "offset.storage.partitions=1",
    "status.storage.partitions=1",
    "offset.flush.interval.ms=5000",
    "scheduled.rebalance.max.delay.ms=0",
    "connector.client.config.override.policy=All",
    `plugin.path=${pluginPath}`,
    // The registry's converter has no manifest of its own.
    "plugin.discovery=hybrid_warn",
  ];
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const until = performance.now() + patienceMs;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`it ended with ${String(child.exitCode)}`);
    if (performance.now() > until) throw new Error(`it does not answer at ${url}`);
    // Nothing listens there until it has joined its group.
    const health = await fetch(`${url}/health`).catch(() => null);
    if (health?.ok === true) return;
    await sleep(200);
  }
}

/** A worker may hang in its own end. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = once(child, "close");
  child.kill();
  const late = setTimeout(() => child.kill("SIGKILL"), endMs);
  await end;
  clearTimeout(late);
}
