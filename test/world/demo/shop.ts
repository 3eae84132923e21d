/**
 * The shop's databases and accounts: Headgate's own on both sides, with what check --grants prints and no more; the
 * application's, which is let in by one side at a time; and who raises the fence.
 */
import { createConnection } from "mysql2/promise";
import pg from "pg";
import { enginePhases, makeSourceAccount, makeTargetAccount } from "../accounts.js";
import { createShop, fillShop } from "./fill.js";
import { receiptsTable } from "./receipts.js";
import { database } from "./schema.js";

/** No secret: accounts of servers on the loopback that the demo has started itself. */
export const engineAccount = "headgate_demo";
export const enginePassword = "demo-password";
export const adminAccount = "headgate_night";
export const application = { user: "shop_app", password: "shop-password" } as const;

export interface Shop {
  readonly scale: number;
  readonly seed: number;
  /** Rights for a cutover and its way back too. */
  readonly night: boolean;
}

/** Makes both databases anew; resolves to how many rows the source has. */
export async function makeShop(source: string, target: string, shop: Shop): Promise<number> {
  const phases = shop.night ? [...enginePhases, "way back" as const] : enginePhases;
  const root = await createConnection({ uri: source, charset: "utf8mb4" });
  await root.query(`DROP DATABASE IF EXISTS ${database}`);
  await root.query("DROP DATABASE IF EXISTS headgate");
  await root.query(`CREATE DATABASE ${database}`);
  await makeSourceAccount(root, database, engineAccount, enginePassword, "copy", phases);
  for (const name of [application.user, adminAccount]) await root.query(`DROP USER IF EXISTS '${name}'@'%'`);
  await root.query(`CREATE USER '${application.user}'@'%' IDENTIFIED BY '${application.password}'`);
  await root.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${database}.* TO '${application.user}'@'%'`);
  await root.query(`USE ${database}`);
  await createShop(root);
  await root.query(receiptsTable);
  const rows = await fillShop(root, shop.seed, shop.scale, (name, count) => {
    process.stderr.write(`  ${name}: ${String(count)} rows\n`);
  });
  await root.end();
  await makeTarget(target, phases);
  return rows;
}

async function makeTarget(target: string, phases: readonly string[]): Promise<void> {
  const admin = new pg.Client({ connectionString: target });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${database}`);
  await makeTargetAccount(
    new URL(`/${database}`, target).href,
    database,
    "public",
    engineAccount,
    enginePassword,
    phases,
  );
  // The application's role: whoever is let in by CONNECT is shut out by it.
  await admin.query(`DROP ROLE IF EXISTS ${application.user}`);
  await admin.query(`CREATE ROLE ${application.user} LOGIN PASSWORD '${application.password}'`);
  await admin.query(`REVOKE CONNECT ON DATABASE ${database} FROM PUBLIC`);
  await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${engineAccount} WITH GRANT OPTION`);
  await admin.query(`GRANT pg_signal_backend, pg_read_all_stats TO ${engineAccount}`);
  await admin.end();
}

/** As headgate.yaml has it: the password is in the environment. */
export function loginOf(url: string, path: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${engineAccount}:\${DEMO_PASSWORD}@${host}/${path}`;
}
