/**
 * `npm run bench -- check [--scale 1] [--rounds 5]`: `check`, which reads every value, beside the copy of the same
 * database, in interleaved rounds after a warm-up. Prints a Markdown table and writes it to bench/results.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { list, up } from "../../test/world/stack/servers.js";
import { median } from "../bulk/figures.js";
import { Meter } from "../bulk/cpu.js";
import { checkHeadgate, runHeadgate } from "../bulk/headgate.js";
import type { CheckFigures } from "../bulk/headgate.js";
import { databaseAt } from "../bulk/schema.js";
import { fillSource } from "../bulk/source.js";
import { freshDatabase } from "../bulk/target.js";
import { tune } from "../bulk/tune.js";

export interface CheckOptions {
  readonly scale: number;
  readonly rounds: number;
}

interface Round {
  readonly check: CheckFigures;
  /** Seconds of the copy's data phase. */
  readonly data: number;
}

const sources = ["mysql9", "mariadb"] as const;
const titles = { mysql9: "MySQL 9.7", mariadb: "MariaDB 10.11" } as const;

export async function check({ scale, rounds }: CheckOptions): Promise<void> {
  const servers = await up([...sources, "postgres18"]);
  const untune = [await tune(servers.mysql9.url), await tune(servers.mariadb.url)];
  try {
    let total = 0;
    for (const name of sources) total = await fillSource(name, servers[name].url, scale);
    const runs = { mysql9: [] as Round[], mariadb: [] as Round[] };
    for (let round = 0; round <= rounds; round++)
      for (const name of sources) {
        const target = await freshDatabase(servers.postgres18.url, "headgate_bulk");
        const looked = await checkHeadgate({ url: servers[name].url, database: databaseAt(scale) }, target);
        const meter = new Meter(servers[name].pid, servers.postgres18.pid);
        const { figures } = await runHeadgate(
          { url: servers[name].url, database: databaseAt(scale) },
          target,
          meter,
        );
        const made = { check: looked, data: figures.data ?? NaN };
        process.stderr.write(
          `${round === 0 ? "warm-up" : `round ${String(round)}`}: ${name}: ${JSON.stringify(made)}\n`,
        );
        if (round > 0) runs[name].push(made);
      }
    const page = pageOf(runs, { scale, rounds, total });
    process.stdout.write(page);
    mkdirSync("bench/results", { recursive: true });
    writeFileSync(`bench/results/check${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
  } finally {
    for (const act of untune) await act();
  }
}

function pageOf(
  runs: Readonly<Record<(typeof sources)[number], readonly Round[]>>,
  what: { readonly scale: number; readonly rounds: number; readonly total: number },
): string {
  const versions = list()
    .map((server) => `${server.name} ${server.version}`)
    .join(", ");
  const spread = (values: readonly number[], digits: number): string =>
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
  const line = (name: (typeof sources)[number]): string => {
    const rounds = runs[name];
    const walls = rounds.map((round) => round.check.wall);
    const data = rounds.map((round) => round.data);
    return `| ${titles[name]} | ${spread(walls, 1)} | ${spread(data, 1)} | ${(median(walls) / median(data)).toFixed(2)} | ${spread(
      rounds.map((round) => round.check.cpu),
      2,
    )} | ${spread(
      rounds.map((round) => round.check.rss),
      0,
    )} |`;
  };
  return [
    "# bench: check",
    "",
    `${what.total.toLocaleString("en-US")} rows; scale ${String(what.scale)}. ${new Date().toISOString().slice(0, 16)}Z; ${String(cpus().length)} cores shared by source, target and client, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.version}; ${versions}.`,
    `Medians (min to max) of ${String(what.rounds)} interleaved rounds after a warm-up round. Seconds; CPU-seconds and peak MB of check's own process. Sources with a 4 GB buffer pool.`,
    "Goals: check in at most 2 times the data phase of the copy, peak at most 200 MB.",
    "",
    "| source | check, whole command | copy, data phase | ratio | CPU-s | peak MB |",
    "|---|---|---|---|---|---|",
    ...sources.map(line),
    "",
  ].join("\n");
}
