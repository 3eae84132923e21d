/**
 * `npm run demo`: the main job on real servers. Starts MySQL and PostgreSQL, makes a shop of about a million rows whose
 * application writes all the time, moves it with the very commands a user types until the target is level, and
 * lets the oracle say whether both sides are equal at one position. With `--feed kafka` its changes come through Kafka, by
 * a Debezium connector that the engine registers.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import pg from "pg";
import { table } from "../../../src/cli/table.js";
import { makeSourceAccount, makeTargetAccount } from "../accounts.js";
import { compare } from "../oracle/oracle.js";
import { dataFolder } from "../stack/place.js";
import { up } from "../stack/servers.js";
import { world } from "../world.js";
import { openApplication } from "./application.js";
import { createShop, fillShop, sizesAt } from "./fill.js";
import { database } from "./schema.js";

const cli = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
/** On both servers: what check --grants prints for a copy, and no more. */
const account = "headgate_demo";
const password = "demo-password";

interface Options {
  readonly scale: number;
  readonly seed: number;
  readonly feed: "binlog" | "kafka";
}

function options(argv: readonly string[]): Options {
  const value = (name: string, otherwise: number): number => {
    const at = argv.indexOf(name);
    const text = at < 0 ? undefined : argv[at + 1];
    if (at >= 0 && (text === undefined || !Number.isFinite(Number(text))))
      throw new Error(`${name} wants a number`);
    return text === undefined ? otherwise : Number(text);
  };
  const at = argv.indexOf("--feed");
  const feed = at < 0 ? "binlog" : argv[at + 1];
  if (feed !== "binlog" && feed !== "kafka") throw new Error("--feed wants binlog or kafka");
  return { scale: value("--scale", 1), seed: value("--seed", 20261122), feed };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function prepare(source: string, target: string, { scale, seed }: Options): Promise<void> {
  const root = await createConnection({ uri: source, charset: "utf8mb4" });
  await root.query(`DROP DATABASE IF EXISTS ${database}`);
  await root.query("DROP DATABASE IF EXISTS headgate");
  await root.query(`CREATE DATABASE ${database}`);
  await makeSourceAccount(root, database, account, password);
  await root.query(`USE ${database}`);
  await createShop(root);
  const rows = await fillShop(root, seed, scale, (name, count) => {
    process.stderr.write(`  ${name}: ${String(count)} rows\n`);
  });
  await root.end();
  say(`The shop has ${rows.toLocaleString("en-US")} rows (seed ${String(seed)}).`);
  const admin = new pg.Client({ connectionString: target });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${database}`);
  await admin.end();
  await makeTargetAccount(new URL(`/${database}`, target).href, database, "public", account, password);
}

function spawned(directory: string, args: readonly string[], stdout: "inherit" | "pipe"): ChildProcess {
  return spawn(process.execPath, [cli, ...args], {
    cwd: directory,
    stdio: ["inherit", stdout, "inherit"],
    env: { ...process.env, DEMO_PASSWORD: password },
  });
}

async function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      resolve(status ?? (signal === null ? 1 : 130));
    });
  });
}

/** One command as a user types it; the demo fails with its exit code when it is another one than expected. */
async function headgate(directory: string, args: readonly string[], expected = 0): Promise<void> {
  say(`\n$ headgate ${args.join(" ")}`);
  ended(args, await exitOf(spawned(directory, args, "inherit")), expected);
}

function ended(args: readonly string[], code: number, expected: number): void {
  if (code !== expected)
    throw new Error(
      `headgate ${args.join(" ")} ended with exit code ${String(code)}, not ${String(expected)}`,
    );
}

/** What `headgate status --json` says now. */
async function status(directory: string): Promise<Readonly<Record<string, unknown>>> {
  const child = spawned(directory, ["status", "--json"], "pipe");
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (part: string) => (text += part));
  const code = await exitOf(child);
  ended(["status", "--json"], code, 0);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

/** Asks again and again until `wanted` holds; an engine that has ended meanwhile ends the demo. */
async function until<T>(
  engine: ChildProcess,
  look: () => Promise<T>,
  wanted: (found: T) => boolean,
): Promise<T> {
  for (;;) {
    const found = await look();
    if (wanted(found)) return found;
    if (engine.exitCode !== null) throw new Error("the engine ended");
    await pause(500);
  }
}

function login(url: string, path: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${account}:\${DEMO_PASSWORD}@${host}/${path}`;
}

/** Whether all that the source had committed when `end` was read is on the target. */
async function reached(
  root: Connection,
  end: string,
  told: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const applied = JSON.stringify(told["position"]);
  const set = /"set":"([^"]*)"/u.exec(applied)?.[1] ?? "";
  const [rows] = await root.query({ sql: "SELECT GTID_SUBSET(?, ?)", values: [end, set], rowsAsArray: true });
  return JSON.stringify(rows) === "[[1]]";
}

/** What nobody's log tells of: a price that is one cent higher, a payment that is gone. */
async function damage(target: string): Promise<void> {
  const client = new pg.Client({ connectionString: new URL(`/${database}`, target).href });
  await client.connect();
  await client.query("SET session_replication_role = replica");
  // Tables that the application only reads: an event for one of these rows would stop the stream, or mend it.
  await client.query("UPDATE products SET price = price + 0.01 WHERE id = (SELECT min(id) FROM products)");
  await client.query("DELETE FROM payments WHERE uid = (SELECT uid FROM payments ORDER BY uid LIMIT 1)");
  await client.end();
  say("\nSomebody has changed a price on the target by a cent, and deleted a payment there.");
}

/** Starts Kafka and Connect; the lines of headgate.yaml that name them. */
async function overKafka(): Promise<string> {
  say("Starting Kafka and Kafka Connect with Debezium ...");
  const { kafka, connect } = await up(["kafka", "connect"]);
  // A connector of an earlier demo has seen another shop: topics and connector are this run's own.
  const prefix = `shop_${Date.now().toString(36)}`;
  return `feed: { kind: kafka, kafka: { brokers: ["${kafka.url}"], connect: "${connect.url}", prefix: ${prefix} } }\n`;
}

async function gtids(root: Connection): Promise<string> {
  const [rows] = await root.query({ sql: "SELECT @@GLOBAL.gtid_executed", rowsAsArray: true });
  const [[set = ""] = []] = rows as string[][];
  return set.replaceAll(/\s/gu, "");
}

async function main(): Promise<void> {
  const chosen = options(process.argv.slice(2));
  const started = performance.now();
  say("Starting MySQL and PostgreSQL ...");
  const servers = await world({ source: "mysql9", target: "postgres18" });
  await prepare(servers.source, servers.target, chosen);
  const feed = chosen.feed === "kafka" ? await overKafka() : null;
  const directory = join(dataFolder(), "demo");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const from = login(servers.source, database);
  const to = login(servers.target, database);
  const application = await openApplication(servers.source, sizesAt(chosen.scale), chosen.seed);
  let engine: ChildProcess | null = null;
  try {
    const init = ["init", "--source", from, "--target", to, "--environment", "development"];
    await headgate(directory, [...init, "--migration", "20261122_shop"]);
    if (feed !== null) {
      appendFileSync(join(directory, "headgate.yaml"), feed);
      say(`\n$ echo '${feed.trim()}' >> headgate.yaml`);
    }
    await headgate(directory, ["check"]);
    await headgate(directory, ["plan"]);
    say("\n$ headgate run &");
    engine = spawned(directory, ["run"], "inherit");
    const ended = exitOf(engine);
    await until(
      engine,
      () => status(directory),
      (told) => told["state"] === "ready",
    );
    say(
      `\nReady, while the application goes on writing: ${String(application.transactions)} transactions so far.`,
    );
    for (let look = 0; look < 3; look += 1) {
      const told = await status(directory);
      say(`lag ${Number(told["lagSeconds"]).toFixed(2)} s, ${String(application.transactions)} transactions`);
      await pause(1000);
    }
    say("\nEvery row of both sides compared, while the application writes:");
    await headgate(directory, ["verify", "--full"]);
    await damage(servers.target);
    await headgate(directory, ["verify", "--full"], 2);
    await headgate(directory, ["repair"]);
    await headgate(directory, ["verify", "--full"]);
    await headgate(directory, ["status"]);
    await application.stop();
    const root = await createConnection({ uri: servers.source });
    const end = await gtids(root);
    await until(engine, () => status(directory).then((told) => reached(root, end, told)), Boolean);
    await root.end();
    say(
      `\nThe application has stopped after ${String(application.transactions)} transactions; all of them are applied.`,
    );
    engine.kill("SIGTERM");
    if ((await ended) !== 143) throw new Error("the engine did not end as it was told to");
  } finally {
    engine?.kill("SIGKILL");
    await application.stop();
  }

  say("\nBoth sides, counted and digested by the oracle (code of its own, inside the servers):");
  const source = await createConnection({
    uri: servers.source,
    database,
    charset: "utf8mb4",
    supportBigNumbers: true,
    bigNumberStrings: true,
  });
  const target = new pg.Client({ connectionString: new URL(`/${database}`, servers.target).href });
  await target.connect();
  const verdicts = await compare(source, target, { database, schema: "public" });
  await source.end();
  await target.end();
  const rows = verdicts.map((v) => [
    v.table,
    v.rowsSource,
    v.rowsTarget,
    v.digestSource,
    v.digestTarget,
    v.equal ? "equal" : "DIFFERENT",
  ]);
  say(
    table(["table", "rows source", "rows target", "digest source", "digest target", ""], rows, [1, 2]).join(
      "\n",
    ),
  );
  const different = verdicts.filter((verdict) => !verdict.equal);
  for (const verdict of different)
    say(
      `${verdict.table}: only in source ${JSON.stringify(verdict.onlySource)}, only in target ${JSON.stringify(verdict.onlyTarget)}`,
    );
  say(
    `\n${String(verdicts.length - different.length)} of ${String(verdicts.length)} tables equal, ${((performance.now() - started) / 1000).toFixed(1)} s in all.`,
  );
  process.exitCode = different.length === 0 ? 0 : 2;
}

await main();
