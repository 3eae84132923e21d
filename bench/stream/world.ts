/**
 * The databases of the stream's bench, kept from one piece to the next: the source is filled and copied once, and each
 * piece begins where the one before ended. `drop` takes them away again.
 */
import {
  asEngine,
  dropSourceAccount,
  dropTargetAccount,
  engineName,
  makeSourceAccount,
} from "../../test/world/accounts.js";
import { openDriver, optionsOf, sourceUrl } from "../../test/world/source-database.js";
import type { SourceDatabase } from "../../test/world/source-database.js";
import { up } from "../../test/world/stack/servers.js";
import { targetAt, targetDatabase } from "../../test/world/target-database.js";
import type { TargetDatabase } from "../../test/world/target-database.js";

/** Ends connections only. */
export interface BenchWorld extends AsyncDisposable {
  readonly migration: string;
  readonly source: Pick<SourceDatabase, "name" | "options" | "sql">;
  readonly target: Pick<TargetDatabase, "url" | "options" | "sql">;
}

/** Made anew, empty. */
export async function makeWorld(name: string, targets: readonly string[] = [name]): Promise<void> {
  const driver = await openDriver(await sourceUrl("mysql9"));
  await driver.query(`DROP DATABASE IF EXISTS \`${name}\``);
  await driver.query(`CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4`);
  await makeSourceAccount(driver, name);
  await driver.end();
  // They are not disposed of: that is what keeps them.
  for (const target of targets) await targetDatabase(target);
}

/** As an earlier piece left it. */
export async function openWorld(name: string, target = name): Promise<BenchWorld> {
  const url = await sourceUrl("mysql9");
  const driver = await openDriver(url);
  await driver.query(`USE \`${name}\``);
  return {
    migration: `20261126_${target.replace("headgate_", "")}`,
    source: {
      name,
      options: optionsOf(asEngine(url, name), name),
      sql: async (text) => {
        const [rows] = await driver.query(text);
        return Array.isArray(rows) ? (rows as (string | null)[][]) : [];
      },
    },
    target: targetAt((await up(["postgres18"])).postgres18.url, target),
    [Symbol.asyncDispose]: async () => {
      await driver.end();
    },
  };
}

export async function dropWorld(name: string, targets: readonly string[] = [name]): Promise<void> {
  const url = await sourceUrl("mysql9");
  const driver = await openDriver(url);
  await driver.query(`DROP DATABASE IF EXISTS \`${name}\``);
  await dropSourceAccount(driver, engineName(name));
  await driver.end();
  const base = (await up(["postgres18"])).postgres18.url;
  for (const target of targets) {
    await targetAt(base, "postgres").sql(`DROP DATABASE IF EXISTS "${target}" WITH (FORCE)`);
    await dropTargetAccount(base, engineName(target));
  }
}
