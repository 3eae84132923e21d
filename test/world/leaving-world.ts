/**
 * What stands on both servers of a night, beside the application's own tables: for tests that compare before and after. And a
 * headgate process that dies by -9 once a line of its journal is on the disk.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { NightJourney } from "./night-journey.js";

/** Preloaded into a headgate process. */
const preload = `
import { open } from "node:fs/promises";
const probe = await open("/dev/null", "a");
const handle = Object.getPrototypeOf(probe);
await probe.close();
const { appendFile, datasync } = handle;
let met = false;
handle.appendFile = async function (text, ...rest) {
  met = String(text).includes(process.env.HEADGATE_TEST_DIES_AT);
  return appendFile.call(this, text, ...rest);
};
handle.datasync = async function () {
  await datasync.call(this);
  if (met) process.kill(process.pid, "SIGKILL");
};
`;

export function dies(
  night: Pick<NightJourney, "folder">,
  step: string,
  phase: string,
): Readonly<Record<string, string>> {
  const path = join(night.folder, "dies.mjs");
  writeFileSync(path, preload);
  return {
    NODE_OPTIONS: `--import ${pathToFileURL(path).href}`,
    HEADGATE_TEST_DIES_AT: `"step":"${step}","phase":"${phase}"`,
  };
}

/** Another migration on the same pair. */
export function another(night: Pick<NightJourney, "folder">, id: string): void {
  const path = join(night.folder, "headgate.yaml");
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/^migration: .*$/mu, `migration: ${id}`), { mode: 0o600 });
}

/** A line for each object; the ledger of the target, which stays as the archive, is left out. */
export async function objectsOf(night: NightJourney, database: string): Promise<readonly string[]> {
  const source = await night.source.sql(
    `SELECT CONCAT('source table ', TABLE_SCHEMA, '.', TABLE_NAME) AS o FROM information_schema.TABLES WHERE TABLE_SCHEMA IN ('headgate', DATABASE())
      UNION ALL SELECT CONCAT('source database ', SCHEMA_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = 'headgate'
      UNION ALL SELECT CONCAT('source trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()
      ORDER BY 1`,
  );
  const target = await night.target.sql(
    `SELECT format('target %s %s.%s %s', c.relkind, n.nspname, c.relname, c.relreplident) AS o
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname !~ '^(pg_|information_schema|headgate$)'
      UNION ALL SELECT format('target type %s', typname) FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname = 'public'
      UNION ALL SELECT format('target function %s', proname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public'
      UNION ALL SELECT format('target publication %s', pubname) FROM pg_publication
      UNION ALL SELECT format('target slot %s', slot_name) FROM pg_replication_slots WHERE database = $1
      UNION ALL SELECT format('target origin %s', roname) FROM pg_replication_origin WHERE roname LIKE '%' || $2 || '%'
      ORDER BY 1`,
    [database, night.migration],
  );
  return [...source.map(([line]) => line ?? ""), ...target.map(({ o }) => o ?? "")];
}
