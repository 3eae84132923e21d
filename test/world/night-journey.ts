/**
 * A night on real servers: a migration with the fence's account, an application that writes to whichever side it is routed to
 * all the time, and hooks that route it. Each write that the application saw acknowledged is on record here, so that a test
 * can ask for each of them.
 */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createConnection } from "mysql2/promise";
import type { Connection } from "mysql2/promise";
import { Client } from "pg";
import { grantStatements } from "../../connectors/postgres/grants.js";
import { originPrefix } from "../../connectors/postgres/logical/names.js";
import { engineName } from "./accounts.js";
import { sourceDatabase, sourceUrl } from "./source-database.js";
import type { SourceDatabase, SourceName } from "./source-database.js";
import { targetDatabase } from "./target-database.js";
import type { TargetDatabase, TargetName } from "./target-database.js";

const password = "night-Pw1";

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The last JSON line on stdout. */
  readonly last: Readonly<Record<string, unknown>>;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

export interface NightJourney extends AsyncDisposable {
  readonly migration: string;
  readonly folder: string;
  readonly source: SourceDatabase;
  readonly target: TargetDatabase;
  /** `headgate ...args --json`, to its end. */
  headgate(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Said>;
  /** An engine that runs until it is stopped. */
  engine(args?: readonly string[]): RunningEngine;
  readonly app: Application;
  /** The application's account, which the fence shuts out. */
  readonly logins: { readonly source: string; readonly target: string };
}

export interface RunningEngine {
  /** Resolves as soon as the log fits. */
  logged(text: RegExp): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<string>;
}

export async function nightJourney(
  name: string,
  lines: readonly string[] = [],
  server: SourceName = "mysql9",
  targetServer: TargetName = "postgres18",
  /** Lines inside the maps of these keys. */
  more: { readonly cutover?: readonly string[]; readonly hooks?: readonly string[] } = {},
): Promise<NightJourney> {
  // The source keeps what a night has decided, whichever test it was of.
  const migration = `${new Date().toISOString().replaceAll(/\D/gu, "").slice(0, 14)}_${name}`;
  const source = await sourceDatabase(name, server);
  const target = await targetDatabase(name, targetServer);
  const root = new URL(await sourceUrl(server));
  const [app, admin] = [`app_${name}`.slice(0, 16), `adm_${name}`.slice(0, 16)];
  for (const user of [app, admin]) {
    await source.sql(`DROP USER IF EXISTS '${user}'@'%'`);
    await source.sql(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
  }
  await source.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO '${app}'@'%'`);
  await source.sql(`GRANT ALL ON *.* TO '${admin}'@'%' WITH GRANT OPTION`);
  const engine = engineName(name);
  await target.sql(`DROP ROLE IF EXISTS "${app}"`).catch(async () => {
    await target.sql(`DROP OWNED BY "${app}"`);
    await target.sql(`DROP ROLE "${app}"`);
  });
  await target.sql(`CREATE ROLE "${app}" LOGIN PASSWORD '${password}'`);
  await target.sql(`REVOKE CONNECT ON DATABASE "${name}" FROM PUBLIC`);
  await target.sql(`GRANT CONNECT ON DATABASE "${name}" TO "${engine}" WITH GRANT OPTION`);
  await target.sql(`GRANT pg_signal_backend, pg_read_all_stats TO "${engine}"`);
  await target.sql(`ALTER DEFAULT PRIVILEGES FOR ROLE "${engine}" GRANT ALL ON TABLES TO "${app}"`);
  await target.sql(`ALTER DEFAULT PRIVILEGES FOR ROLE "${engine}" GRANT ALL ON SEQUENCES TO "${app}"`);
  await target.sql(`GRANT USAGE ON SCHEMA public TO "${app}"`);
  for (const { phase, statements } of grantStatements({
    role: engine,
    database: name,
    schema: "public",
    schemaExists: true,
  }))
    if (phase === "way back")
      for (const statement of statements) await target.sql(statement.replace(/;$/u, ""));
  const folder = mkdtempSync(join(tmpdir(), `headgate-${name}-`));
  const route = join(folder, "route.sh");
  writeFileSync(
    route,
    `#!/bin/sh\nprintf %s "$1" > '${folder}/route.new' && mv '${folder}/route.new' '${folder}/route'\n`,
  );
  chmodSync(route, 0o755);
  writeFileSync(join(folder, "route"), "source");
  const adminUrl = new URL(root);
  [adminUrl.username, adminUrl.password, adminUrl.pathname] = [admin, password, `/${name}`];
  const appTarget = new URL(target.url);
  [appTarget.username, appTarget.password] = [app, password];
  const appSource = new URL(root);
  [appSource.username, appSource.password, appSource.pathname] = [app, password, `/${name}`];
  writeFileSync(
    join(folder, "headgate.yaml"),
    [
      `migration: ${migration}`,
      "environment: development",
      `source: { url: "${source.url}", admin: "${adminUrl.href}" }`,
      `target: { url: "${target.options.url}" }`,
      `cutover: { maxWritePause: 60s, fence: { method: accounts, accounts: ["${app}"], probe: "${appSource.href}" }, open: { roles: ["${app}"], probe: "${appTarget.href}" }${(more.cutover ?? []).map((line) => `, ${line}`).join("")} }`,
      `hooks: { switch: ["./route.sh", "target"], after-rollback: ["./route.sh", "source"]${(more.hooks ?? []).map((line) => `, ${line}`).join("")} }`,
      'overrides: [{ safeguard: fence-accounts, value: root, reason: "the administrator of the tests" }]',
      ...lines,
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  const started: RunningEngine[] = [];
  const application = new Application(folder, { root, user: app, database: name, target: appTarget.href });
  return {
    migration,
    folder,
    source,
    target,
    app: application,
    logins: { source: appSource.href, target: appTarget.href },
    headgate: (args, env = {}) => headgate([...args, "--json"], folder, env),
    engine: (args = ["run"]) => {
      const running = begin([...args, "--json"], folder);
      started.push(running);
      return running;
    },
    [Symbol.asyncDispose]: async () => {
      await application.stop();
      for (const each of started) await each.stop("SIGKILL");
      await target.sql(
        `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = '${name}' AND active`,
      );
      await target.sql(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}'`,
      );
      // A server has room for few of them, and they are of the whole server.
      await target.sql(
        `SELECT pg_replication_origin_drop(roname) FROM pg_replication_origin WHERE roname LIKE '${originPrefix(target.options, migration).replaceAll("_", "\\_")}%'`,
      );
      rmSync(folder, { recursive: true });
      for (const user of [app, admin]) await source.sql(`DROP USER IF EXISTS '${user}'@'%'`);
      await source[Symbol.asyncDispose]();
      await target.sql(`DROP OWNED BY "${app}"`);
      await target[Symbol.asyncDispose]();
    },
  };
}

function begin(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): RunningEngine & {
  readonly end: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
} {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [resolve("dist/src/cli/main.js"), ...args], {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  const looks = new Set<() => void>();
  const tell = (): void => {
    for (const look of looks) look();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    tell();
  });
  const end = new Promise<{ code: number | null; stdout: string; stderr: string }>((ended) => {
    child.once("close", (code) => {
      ended({ code, stdout, stderr });
      tell();
    });
  });
  return {
    end,
    logged: (text) =>
      new Promise((found, failed) => {
        const look = (): void => {
          if (text.test(stderr) || text.test(stdout)) {
            looks.delete(look);
            found();
          } else if (child.exitCode !== null)
            failed(new Error(`ended before ${String(text)}:\n${stdout}\n${stderr}`));
        };
        looks.add(look);
        look();
      }),
    stop: async (signal = "SIGTERM") => {
      if (child.exitCode === null) child.kill(signal);
      const { stdout: out, stderr: err } = await end;
      return `${out}\n${err}`;
    },
  };
}

async function headgate(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Said> {
  const { end } = begin(args, cwd, env);
  const { code, stdout, stderr } = await end;
  const objects = stdout
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  return {
    code,
    stdout,
    stderr,
    last: objects.at(-1) ?? {},
    events: objects.filter((object) => "event" in object),
  };
}

interface Places {
  readonly root: URL;
  readonly user: string;
  readonly database: string;
  readonly target: string;
}

/** Writes one row after the other, each in a transaction of its own, wherever the routing file says. */
export class Application {
  /** Tokens of writes whose commit was answered. */
  readonly acknowledged: string[] = [];
  /** Those whose answer was lost: they may be there or not. */
  readonly unknown = new Set<string>();
  readonly #folder: string;
  readonly #places: Places;
  #mysql: Connection | null = null;
  #postgres: Client | null = null;
  #going = false;
  #loop: Promise<void> = Promise.resolve();
  #count = 0;

  constructor(folder: string, places: Places) {
    this.#folder = folder;
    this.#places = places;
  }

  start(): void {
    this.#going = true;
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#loop;
    this.#mysql?.destroy();
    await this.#postgres?.end().catch(() => null);
    [this.#mysql, this.#postgres] = [null, null];
  }

  /** Resolves when so many writes more are acknowledged. */
  async more(writes: number): Promise<void> {
    const until = this.acknowledged.length + writes;
    while (this.acknowledged.length < until) await sleep(5);
  }

  async #run(): Promise<void> {
    while (this.#going) {
      const side = existsSync(join(this.#folder, "route"))
        ? readFileSync(join(this.#folder, "route"), "utf8")
        : "source";
      const token = `w${String((this.#count += 1))}`;
      try {
        if (side === "target") await this.#onTarget(token);
        else await this.#onSource(token);
        this.acknowledged.push(token);
      } catch (error) {
        this.unknown.add(token);
        this.#mysql?.destroy();
        await this.#postgres?.end().catch(() => null);
        [this.#mysql, this.#postgres] = [null, null];
        if (!(error instanceof Error)) throw error;
        await sleep(10);
      }
      await sleep(1);
    }
  }

  async #onSource(token: string): Promise<void> {
    const { root, user, database } = this.#places;
    if (this.#mysql === null) {
      this.#mysql = await createConnection({
        host: root.hostname,
        port: Number(root.port),
        user,
        password,
        database,
      });
      this.#mysql.on("error", () => null);
    }
    await this.#mysql.query("INSERT INTO entries (token, side, amount) VALUES (?, 'source', 1)", [token]);
    if (this.#count % 3 === 0)
      await this.#mysql.query("UPDATE counters SET n = n + 1 WHERE id = ?", [1 + (this.#count % 5)]);
  }

  async #onTarget(token: string): Promise<void> {
    if (this.#postgres === null) {
      const client = new Client({ connectionString: this.#places.target });
      client.on("error", () => null);
      await client.connect();
      this.#postgres = client;
    }
    await this.#postgres.query("INSERT INTO entries (token, side, amount) VALUES ($1, 'target', 1)", [token]);
    if (this.#count % 3 === 0)
      await this.#postgres.query("UPDATE counters SET n = n + 1 WHERE id = $1", [1 + (this.#count % 5)]);
  }
}

/** The tables that the application writes, with a trigger on the source. */
export async function shopTables(source: SourceDatabase): Promise<void> {
  await source.sql(
    "CREATE TABLE entries (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL, side VARCHAR(10) NOT NULL, amount INT NOT NULL, made_at DATETIME(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))",
  );
  await source.sql("CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL)");
  await source.sql("CREATE TABLE audit (id BIGINT AUTO_INCREMENT PRIMARY KEY, token VARCHAR(40) NOT NULL)");
  await source.sql("INSERT INTO counters VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0)");
  await source.sql(
    "CREATE TRIGGER entries_audit AFTER INSERT ON entries FOR EACH ROW INSERT INTO audit (token) VALUES (NEW.token)",
  );
}
