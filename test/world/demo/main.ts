/**
 * `npm run demo`: the whole job on real servers. Starts MySQL and PostgreSQL, makes a shop whose application writes all the
 * time, moves it with the very commands a user types, goes through the night and back and through it again, and lets the
 * oracle and the application's own receipts say whether anything was lost. `--scale 1` is a shop of about a million rows;
 * `--until-ready` ends when the target is level. With `--feed kafka` its changes come through Kafka, by
 * a Debezium connector that the engine registers.
 */
import type { ChildProcess } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import pg from "pg";
import { dataFolder } from "../stack/place.js";
import { up } from "../stack/servers.js";
import { world } from "../world.js";
import type { World } from "../world.js";
import type { Application } from "./application.js";
import { openApplication, writeWhole } from "./application.js";
import { exitOf, headgate, say, spawned, status, until, untilState } from "./commands.js";
import type { Told } from "./commands.js";
import { sizesAt } from "./fill.js";
import { night, prepareNight } from "./night.js";
import { receiptsAgree, sidesAgree } from "./reckoning.js";
import { database } from "./schema.js";
import { application, loginOf, makeShop } from "./shop.js";

interface Options {
  readonly scale: number;
  readonly seed: number;
  readonly feed: "binlog" | "kafka";
  /** The cutover, the way back and the end too. */
  readonly night: boolean;
  /** Straight to the night: nothing is damaged, verified and repaired before. */
  readonly bare: boolean;
}

/** Of a shop of a million rows: what leaves time for a whole night in under five minutes on two cores. */
const usual = 0.05;

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
  return {
    scale: value("--scale", usual),
    seed: value("--seed", 20261122),
    feed,
    night: !argv.includes("--until-ready"),
    bare: argv.includes("--bare"),
  };
}

/** Whether all that the source had committed when `end` was read is on the target. */
async function reached(root: Connection, end: string, told: Told): Promise<boolean> {
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

/** Compared, damaged, found, repaired: while the application writes. */
async function shown(directory: string, servers: World, shop: Application): Promise<void> {
  for (let look = 0; look < 3; look += 1) {
    const told = await status(directory);
    say(`lag ${Number(told["lagSeconds"]).toFixed(2)} s, ${String(shop.transactions)} transactions`);
    await pause(1000);
  }
  say("\nEvery row of both sides compared, while the application writes:");
  await headgate(directory, ["verify", "--full"]);
  await damage(servers.target);
  await headgate(directory, ["verify", "--full"], 2);
  await headgate(directory, ["repair"]);
  say("What was written past Headgate keeps a cutover back until everything was compared once more:");
  await headgate(directory, ["verify", "--full"]);
  await headgate(directory, ["status"]);
}

interface Running {
  readonly engine: ChildProcess;
  readonly ended: Promise<number>;
}

function begun(directory: string): Running {
  say("\n$ headgate run &");
  const engine = spawned(directory, ["run"], "inherit");
  return { engine, ended: exitOf(engine) };
}

async function stopped({ engine, ended }: Running): Promise<void> {
  engine.kill("SIGTERM");
  if ((await ended) !== 143) throw new Error("the engine did not end as it was told to");
}

async function main(): Promise<void> {
  const chosen = options(process.argv.slice(2));
  const started = performance.now();
  say("Starting MySQL and PostgreSQL ...");
  const servers = await world({ source: "mysql9", target: "postgres18" });
  const count = await makeShop(servers.source, servers.target, chosen);
  say(`The shop has ${count.toLocaleString("en-US")} rows (seed ${String(chosen.seed)}).`);
  if (chosen.scale < 1)
    say(
      "It is a small one, so that a whole night fits into a few minutes: npm run demo -- --scale 1 has a million rows.",
    );
  const feed = chosen.feed === "kafka" ? await overKafka() : null;
  const directory = join(dataFolder(), "demo");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const routing = join(directory, "routing");
  writeWhole(routing, "source\n");
  const shop = await openApplication({
    urls: servers,
    login: application,
    sizes: sizesAt(chosen.scale),
    seed: chosen.seed,
    routing,
    latency: join(directory, "latency.json"),
  });
  let engine: ChildProcess | null = null;
  try {
    const from = loginOf(servers.source, database);
    const init = ["init", "--source", from, "--target", loginOf(servers.target, database)];
    await headgate(directory, [...init, "--environment", "development", "--migration", "20261122_shop"]);
    if (feed !== null) {
      appendFileSync(join(directory, "headgate.yaml"), feed);
      say(`\n$ echo '${feed.trim()}' >> headgate.yaml`);
    }
    if (chosen.night) prepareNight(directory, servers);
    await headgate(directory, ["check"]);
    await headgate(directory, ["plan"]);
    const running = begun(directory);
    ({ engine } = running);
    await untilState(engine, directory, "ready");
    say(`\nReady, while the application goes on writing: ${String(shop.transactions)} transactions so far.`);
    if (!chosen.bare) await shown(directory, servers, shop);
    if (chosen.night) {
      const exact = await night({ directory, servers, engine, shop });
      if ((await running.ended) !== 0) throw new Error("the engine did not end with the migration");
      ending(exact, started);
      return;
    }
    await shop.stop();
    const root = await createConnection({ uri: servers.source });
    const end = await gtids(root);
    await until(engine, () => status(directory).then((told) => reached(root, end, told)), Boolean);
    await root.end();
    say(
      `\nThe application has stopped after ${String(shop.transactions)} transactions; all of them are applied.`,
    );
    await stopped(running);
  } finally {
    engine?.kill("SIGKILL");
    await shop.stop();
  }
  const agree = [await sidesAgree(servers), await receiptsAgree(servers, "target", shop)];
  ending(agree.every(Boolean), started);
}

function ending(exact: boolean, started: number): void {
  say("\nThe servers run on; npm run stack -- down stops them.");
  say(`${((performance.now() - started) / 1000).toFixed(1)} s in all.`);
  process.exitCode = exact ? 0 : 2;
}

await main();
