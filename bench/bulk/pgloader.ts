/**
 * pgloader as Debian 12 has it, unpacked beside the stack's servers, with the options that worked best for this data
 * on this machine. From MariaDB, because it cannot log in to MySQL 9.7 (caching_sha2_password).
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianRoot } from "../../test/world/stack/debian.js";
import { used } from "./cpu.js";
import type { Meter } from "./cpu.js";
import type { Figures } from "./figures.js";
import { account } from "./source.js";

export async function pgloaderRoot(): Promise<string> {
  return await debianRoot("pgloader-12", { suite: "bookworm", packages: ["pgloader"] });
}

export async function runPgloader(
  root: string,
  { url, database }: { readonly url: string; readonly database: string },
  target: string,
  rows: number,
  meter: Meter,
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), "headgate-pgloader-"));
  try {
    const { host } = new URL(url);
    const file = join(folder, "bulk.load");
    writeFileSync(
      file,
      `LOAD DATABASE FROM mysql://${account.user}:${account.password}@${host}/${database} INTO ${target}
 WITH include drop, create tables, create indexes, reset sequences, workers = 8, concurrency = 1, prefetch rows = 20000
 ALTER SCHEMA '${database}' RENAME TO 'public';
`,
    );
    const libraries = join(root, "usr/lib/x86_64-linux-gnu");
    const started = performance.now();
    const child = spawn(
      join(root, "usr/bin/pgloader"),
      ["--dynamic-space-size", "4096", "--root-dir", folder, file],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, LD_LIBRARY_PATH: `${libraries}:${join(root, "lib/x86_64-linux-gnu")}` },
      },
    );
    const first = meter.read();
    meter.engine = child.pid ?? null;
    const looking = setInterval(() => {
      meter.look();
    }, 100);
    let out = "";
    const take = (text: string): void => void (out = (out + text).slice(-20_000));
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    const code = await new Promise<number | null>((ended, failed) => {
      child.once("error", failed);
      child.once("close", ended);
    });
    clearInterval(looking);
    const wall = (performance.now() - started) / 1000;
    if (code !== 0 || /\b(?:FATAL|Heap exhausted)\b/u.test(out))
      throw new Error(`pgloader ended with ${String(code)}:\n${out}`);
    const whole = used(first, meter.read());
    const apart = { data: null, whole };
    return { data: null, indexes: null, wall, cpu: whole.engine, rss: null, rows, bytes: null, apart };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
