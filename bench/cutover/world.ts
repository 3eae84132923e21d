/**
 * The migration that is cut over again and again: three tables with a foreign key between two of them, an account of the
 * application on either side, the fence's own, and a routing file that the hooks write and the writers follow.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { grantStatements as targetGrants } from "../../connectors/postgres/grants.js";
import { engineName } from "../../test/world/accounts.js";
import { sourceDatabase, sourceUrl } from "../../test/world/source-database.js";
import { targetDatabase } from "../../test/world/target-database.js";

const name = "bench_cutover";
const password = "night-Pw1";

export interface CutoverWorld extends AsyncDisposable {
  readonly folder: string;
  /** Holds `source` or `target`. */
  readonly routing: string;
  /** The application's. */
  readonly urls: Readonly<Record<"source" | "target", string>>;
  readonly rows: Rows;
}

export interface Rows {
  readonly customers: number;
  readonly orders: number;
}

export async function cutoverWorld(scale: number): Promise<CutoverWorld> {
  const rows = { customers: Math.round(20_000 * scale), orders: Math.round(200_000 * scale) };
  const source = await sourceDatabase(name, "mysql9");
  const target = await targetDatabase(name);
  const [app, admin] = ["bench_app", "bench_adm"];
  for (const user of [app, admin]) {
    await source.sql(`DROP USER IF EXISTS '${user}'@'%'`);
    await source.sql(`CREATE USER '${user}'@'%' IDENTIFIED BY '${password}'`);
  }
  await source.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON \`${name}\`.* TO '${app}'@'%'`);
  await source.sql(`GRANT ALL ON *.* TO '${admin}'@'%' WITH GRANT OPTION`);
  const role = engineName(name);
  for (const { phase, statements } of targetGrants({
    role,
    database: name,
    schema: "public",
    schemaExists: true,
  }))
    if (phase === "way back") for (const sql of statements) await target.sql(sql);
  const known = await target.sql("SELECT FROM pg_roles WHERE rolname = $1", [app]);
  if (known.length === 1) await target.sql(`DROP OWNED BY ${app}; DROP ROLE ${app}`);
  for (const sql of [
    `CREATE ROLE ${app} LOGIN PASSWORD '${password}'`,
    `REVOKE CONNECT ON DATABASE ${name} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE ${name} TO ${role} WITH GRANT OPTION`,
    `GRANT pg_signal_backend, pg_read_all_stats TO ${role}`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT ALL ON TABLES TO ${app}`,
    `ALTER DEFAULT PRIVILEGES FOR ROLE ${role} GRANT ALL ON SEQUENCES TO ${app}`,
    `GRANT USAGE ON SCHEMA public TO ${app}`,
  ])
    await target.sql(sql);
  for (const sql of [
    "SET SESSION cte_max_recursion_depth = 10000000",
    "CREATE TABLE customers (id INT PRIMARY KEY, email VARCHAR(60) NOT NULL UNIQUE, credit DECIMAL(12,4) NOT NULL, seen DATETIME(6) NOT NULL)",
    "CREATE TABLE orders (id BIGINT AUTO_INCREMENT PRIMARY KEY, customer_id INT NOT NULL, total DECIMAL(10,2) NOT NULL, note VARCHAR(120) NULL, at DATETIME(6) NOT NULL, KEY (customer_id), FOREIGN KEY (customer_id) REFERENCES customers (id))",
    "CREATE TABLE stock (id INT PRIMARY KEY, n BIGINT NOT NULL)",
    `INSERT INTO customers WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < ${String(rows.customers)}) SELECT n, CONCAT('c', n, '@x'), n / 8, '2026-01-01' FROM r`,
    `INSERT INTO orders (customer_id, total, note, at) WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < ${String(rows.orders)}) SELECT 1 + n % ${String(rows.customers)}, n % 1000, CONCAT('an order of some length ', n), '2026-01-01' FROM r`,
    "INSERT INTO stock WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 200) SELECT n, 1000000 FROM r",
  ])
    await source.sql(sql);
  const folder = mkdtempSync(join(tmpdir(), "headgate-bench-"));
  const routing = join(folder, "route");
  writeFileSync(routing, "source");
  const hook = join(folder, "route.sh");
  writeFileSync(hook, `#!/bin/sh\nprintf %s "$1" > '${routing}.new' && mv '${routing}.new' '${routing}'\n`);
  chmodSync(hook, 0o755);
  const [adminUrl, from, to] = [
    new URL(await sourceUrl("mysql9")),
    new URL(await sourceUrl("mysql9")),
    new URL(target.url),
  ];
  [adminUrl.username, adminUrl.password, adminUrl.pathname] = [admin, password, `/${name}`];
  [from.username, from.password, from.pathname] = [app, password, `/${name}`];
  [to.username, to.password] = [app, password];
  writeFileSync(
    join(folder, "headgate.yaml"),
    [
      `migration: 20261127_${name}`,
      "environment: development",
      `source: { url: "${source.url}", admin: "${adminUrl.href}" }`,
      `target: { url: "${target.options.url}" }`,
      `cutover: { maxWritePause: 60s, fence: { method: accounts, accounts: ["${app}"] }, open: { roles: ["${app}"] } }`,
      'overrides: [{ safeguard: fence-accounts, value: root, reason: "the administrator of the benchmark" }]',
      `hooks: { switch: ["./route.sh", "target"], after-rollback: ["./route.sh", "source"] }`,
      "",
    ].join("\n"),
    { mode: 0o600 },
  );
  return {
    ...{ folder, routing, rows },
    urls: { source: from.href, target: to.href },
    [Symbol.asyncDispose]: async () => {
      await target.sql(
        `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = '${name}' AND active`,
      );
      await target.sql(
        `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}'`,
      );
      rmSync(folder, { recursive: true });
      for (const user of [app, admin]) await source.sql(`DROP USER IF EXISTS '${user}'@'%'`);
      await source[Symbol.asyncDispose]();
      await target.sql(`DROP OWNED BY ${app}`);
      await target[Symbol.asyncDispose]();
    },
  };
}
