/**
 * `npm run bench -- verify [floor streamed digest today] [--scale 1] [--rounds 5]`: comparing MariaDB with PostgreSQL
 * after a copy, in interleaved rounds: reading both sides through the codecs with nothing compared (the floor), the
 * streamed compare, the digests inside the servers, and what a user does today. Every run is kept, so that a bench which
 * was stopped goes on with what is missing. Prints a Markdown table and writes it to bench/results.
 */
import pg from "pg";
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { up } from "../../test/world/stack/servers.js";
import { Meter } from "../bulk/cpu.js";
import { median } from "../bulk/figures.js";
import { runHeadgate } from "../bulk/headgate.js";
import { databaseAt } from "../bulk/schema.js";
import { fillSource } from "../bulk/source.js";
import { databaseUrl, freshDatabase, withClient } from "../bulk/target.js";
import { tune } from "../bulk/tune.js";
import { today } from "./today.js";

export interface VerifyBench {
  /** Contestants; all where it is empty. */
  readonly pieces: readonly string[];
  readonly scale: number;
  readonly rounds: number;
}

interface Sides {
  readonly url: string;
  readonly database: string;
}

interface Run {
  readonly wall: number;
  readonly rows: number;
  readonly cpu?: number;
  readonly rss?: number;
}

const contestants = ["floor", "streamed", "digest", "today"] as const;
type Contestant = (typeof contestants)[number];
const titles: Readonly<Record<Contestant, string>> = {
  floor: "both sides read through the codecs, nothing compared (the floor)",
  streamed: "streamed compare",
  digest: "digests inside the servers",
  today: "MD5 a row, count and sum a chunk, on both servers",
};
const target = "headgate_verify";
const rounds = fileURLToPath(new URL("rounds.js", import.meta.url));

export async function verifyBench({ pieces, scale, rounds: wanted }: VerifyBench): Promise<void> {
  const chosen = contestants.filter((name) => pieces.length === 0 || pieces.includes(name));
  const servers = await up(["mariadb", "postgres18"]);
  const untune = await tune(servers.mariadb.url);
  try {
    const total = await fillSource("mariadb", servers.mariadb.url, scale);
    const from = { url: servers.mariadb.url, database: databaseAt(scale) };
    const meter = new Meter(servers.mariadb.pid, servers.postgres18.pid);
    const url = await copied(from, servers.postgres18.url, total, meter);
    const kept = new Kept(scale);
    for (let round = 0; round <= wanted; round++)
      for (const name of chosen) {
        if (kept.of(name).length > round) continue;
        const run = name === "today" ? await today(from, url) : await ran(name, from, url);
        if (run.rows !== total) throw new Error(`${name}: ${String(run.rows)} rows of ${String(total)}.`);
        process.stderr.write(
          `${round === 0 ? "warm-up" : `round ${String(round)}`}: ${name}: ${JSON.stringify(run)}\n`,
        );
        kept.add(name, run);
      }
    const page = pageOf(kept, scale, total);
    process.stdout.write(page);
    mkdirSync("bench/results", { recursive: true });
    writeFileSync(`bench/results/verify${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
  } finally {
    await untune();
  }
}

/** The copy, unless one of as many rows is there. */
async function copied(from: Sides, admin: string, total: number, meter: Meter): Promise<string> {
  const known = await withClient(admin, (client) =>
    client.query("SELECT FROM pg_database WHERE datname = $1", [target]),
  );
  if (known.rowCount === 1) {
    const url = databaseUrl(admin, target);
    const there = await withClient(url, (client) =>
      client.query<{ n: string }>(
        "SELECT coalesce(sum(rows), 0) AS n FROM headgate.range JOIN headgate.migration ON id = migration WHERE migration.state = 'copied'",
      ),
    ).catch((error: unknown) => {
      // A copy that was cut off before its ledger: made anew. Anything else is told.
      if (error instanceof pg.DatabaseError && ["42P01", "3F000"].includes(error.code ?? "")) return null;
      throw error;
    });
    if (Number(there?.rows[0]?.n) === total) return url;
  }
  const url = await freshDatabase(admin, target);
  process.stderr.write("copying\n");
  await runHeadgate(from, url, meter);
  await withClient(url, (client) => client.query("VACUUM ANALYZE"));
  return url;
}

async function ran(name: Contestant, from: Sides, url: string): Promise<Run> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    rounds,
    name,
    from.url,
    from.database,
    url,
  ]);
  return JSON.parse(stdout) as Run;
}

/** Runs of this scale, on disk after each; the first of each contestant is its warm-up. */
class Kept {
  readonly #path: string;
  readonly #runs: Partial<Record<Contestant, Run[]>>;

  constructor(scale: number) {
    this.#path = `.stack/bench-verify-peaks-${String(scale)}.json`;
    this.#runs = existsSync(this.#path)
      ? (JSON.parse(readFileSync(this.#path, "utf8")) as Partial<Record<Contestant, Run[]>>)
      : {};
  }

  of(name: Contestant): readonly Run[] {
    return this.#runs[name] ?? [];
  }

  add(name: Contestant, run: Run): void {
    this.#runs[name] = [...this.of(name), run];
    writeFileSync(this.#path, JSON.stringify(this.#runs));
  }
}

function pageOf(kept: Kept, scale: number, total: number): string {
  const spread = (name: Contestant, field: "wall" | "cpu" | "rss", digits: number): string => {
    const all = kept
      .of(name)
      .slice(1)
      .flatMap((run) => run[field] ?? []);
    if (all.length === 0) return "-";
    return `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${Math.max(...all).toFixed(digits)})`;
  };
  const wall = (name: Contestant): number =>
    median(
      kept
        .of(name)
        .slice(1)
        .map((run) => run.wall),
    );
  const line = (name: Contestant): string =>
    `| ${titles[name]} | ${String(Math.max(0, kept.of(name).length - 1))} | ${spread(name, "wall", 1)} | ${(wall(name) / wall("floor")).toFixed(2)} | ${spread(name, "cpu", 1)} | ${spread(name, "rss", 0)} |`;
  return [
    `# bench: verify, scale ${String(scale)}`,
    "",
    `${total.toLocaleString("en-US")} rows in 34 tables, MariaDB 10.11 and PostgreSQL 18 after a copy, two workers, loopback without TLS; ${String(cpus().length)} cores and ${(totalmem() / 2 ** 30).toFixed(0)} GB shared by both servers and all contestants, Node ${process.version}. ${new Date().toISOString().slice(0, 10)}. Median and spread of interleaved rounds after a warm-up; CPU and memory are the contestant's own process.`,
    "",
    "| | runs | seconds | of the floor | CPU-seconds | peak MB |",
    "|---|---|---|---|---|---|",
    ...contestants.filter((name) => kept.of(name).length > 1).map(line),
    "",
  ].join("\n");
}
