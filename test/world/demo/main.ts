/**
 * `npm run demo`: the main job on real servers. Starts MySQL and PostgreSQL, makes a shop of about a million rows,
 * moves it with the very commands a user types, and lets the oracle say whether both sides are equal.
 */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { table } from "../../../src/cli/table.js";
import { makeSourceAccount, makeTargetAccount } from "../accounts.js";
import { compare } from "../oracle/oracle.js";
import { dataFolder } from "../stack/place.js";
import { world } from "../world.js";
import { createShop, fillShop } from "./fill.js";
import { database } from "./schema.js";

const cli = fileURLToPath(new URL("../../../src/cli/main.js", import.meta.url));
/** On both servers: what check --grants prints for a copy, and no more. */
const account = "headgate_demo";
const password = "demo-password";

interface Options {
  readonly scale: number;
  readonly seed: number;
}

function options(argv: readonly string[]): Options {
  const value = (name: string, otherwise: number): number => {
    const at = argv.indexOf(name);
    const text = at < 0 ? undefined : argv[at + 1];
    if (at >= 0 && (text === undefined || !Number.isFinite(Number(text))))
      throw new Error(`${name} wants a number`);
    return text === undefined ? otherwise : Number(text);
  };
  return { scale: value("--scale", 1), seed: value("--seed", 20261122) };
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

/** One command as a user types it; the demo ends with its exit code when it fails. */
async function headgate(directory: string, ...args: readonly string[]): Promise<void> {
  say(`\n$ headgate ${args.join(" ")}`);
  const child = spawn(process.execPath, [cli, ...args], {
    cwd: directory,
    stdio: "inherit",
    env: { ...process.env, DEMO_PASSWORD: password },
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      resolve(status ?? (signal === null ? 1 : 130));
    });
  });
  if (code !== 0) {
    process.stderr.write(
      `The demo stops here: headgate ${args.join(" ")} ended with exit code ${String(code)}.\n`,
    );
    process.exit(code);
  }
}

function login(url: string, path: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${account}:\${DEMO_PASSWORD}@${host}/${path}`;
}

async function main(): Promise<void> {
  const chosen = options(process.argv.slice(2));
  const started = performance.now();
  say("Starting MySQL and PostgreSQL ...");
  const servers = await world({ source: "mysql9", target: "postgres18" });
  await prepare(servers.source, servers.target, chosen);
  const directory = join(dataFolder(), "demo");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const from = login(servers.source, database);
  const to = login(servers.target, database);
  await headgate(
    directory,
    "init",
    "--source",
    from,
    "--target",
    to,
    "--environment",
    "development",
    "--migration",
    "20261122_shop",
  );
  await headgate(directory, "check");
  await headgate(directory, "plan");
  await headgate(directory, "run", "--until", "copied");
  await headgate(directory, "status");

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
