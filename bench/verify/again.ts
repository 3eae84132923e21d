/**
 * `npm run bench -- verify again [--scale 1] [--rounds 5]`: what a second verification costs. The real command line on the
 * bulk bench's database, copied and level: every row compared, 1,000 rows changed at the source all over two tables,
 * then the touched keys alone. Seconds are the command's own, from its first comparison to its last, and from outside.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { createConnection } from "mysql2/promise";
import type { ResultSetHeader } from "mysql2/promise";
import { z } from "zod";
import { up } from "../../test/world/stack/servers.js";
import { median } from "../bulk/figures.js";
import { headgate, inFolder } from "../bulk/headgate.js";
import { databaseAt } from "../bulk/schema.js";
import { fillSource, scaled } from "../bulk/source.js";
import { freshDatabase } from "../bulk/target.js";
import { tune } from "../bulk/tune.js";
import type { Usage } from "../bulk/usage.js";

const told = z.object({
  seconds: z.number(),
  differences: z.literal(0),
  pending: z.literal(0),
  tables: z.array(z.object({ rowsSource: z.number(), keysCompared: z.number() })),
});

interface Verified {
  readonly seconds: number;
  readonly wall: number;
  readonly rssMb: number;
  readonly keys: number;
}

/** 500 rows of each, everywhere in the table. `by` is added to a counter of theirs, so that they can be set back. */
const changed = [
  { table: "users", rows: 1_000_000, counter: "login_count" },
  { table: "orders", rows: 2_000_000, counter: "flags" },
] as const;

export async function verifyAgain({
  scale,
  rounds,
}: {
  readonly scale: number;
  readonly rounds: number;
}): Promise<void> {
  const servers = await up(["mariadb", "postgres18"]);
  const untune = await tune(servers.mariadb.url);
  try {
    const total = await fillSource("mariadb", servers.mariadb.url, scale);
    const from = { url: servers.mariadb.url, database: databaseAt(scale) };
    const url = await freshDatabase(servers.postgres18.url, "headgate_verify_again");
    const pairs: { readonly full: Verified; readonly second: Verified }[] = [];
    await inFolder(from, url, async (folder) => {
      await headgate(folder, ["run", "--until", "ready", "--json"], null);
      const verified = async (...more: readonly string[]): Promise<Verified> => {
        const usageFile = join(folder, "usage.json");
        const began = performance.now();
        const out = await headgate(folder, ["verify", "--json", ...more], usageFile);
        const wall = (performance.now() - began) / 1000;
        const { seconds, tables } = told.parse(JSON.parse(out.trimEnd().split("\n").at(-1) ?? ""));
        const { peakMb } = JSON.parse(readFileSync(usageFile, "utf8")) as Usage;
        const keys = tables.reduce((sum, { keysCompared }) => sum + keysCompared, 0);
        return { seconds, wall, rssMb: peakMb, keys };
      };
      for (let round = 1; round <= rounds; round++) {
        const full = await verified("--full");
        await change(from, scale, round, 1);
        const second = await verified();
        if (second.keys !== 1000) throw new Error(`${String(second.keys)} keys were compared, not 1,000.`);
        await change(from, scale, round, -1);
        pairs.push({ full, second });
        process.stderr.write(`round ${String(round)}: ${JSON.stringify({ full, second })}\n`);
      }
    });
    const page = pageOf(pairs, total);
    process.stdout.write(page);
    mkdirSync("bench/results", { recursive: true });
    writeFileSync(`bench/results/verify-again${scale === 1 ? "" : `-${String(scale)}`}.md`, page);
  } finally {
    await untune();
  }
}

async function change(
  from: { readonly url: string; readonly database: string },
  scale: number,
  round: number,
  by: number,
): Promise<void> {
  const connection = await createConnection({ uri: from.url, database: from.database });
  try {
    for (const { table, rows, counter } of changed) {
      const step = Math.floor(scaled(rows, scale) / 500);
      const [{ affectedRows }] = await connection.query<ResultSetHeader>(
        `UPDATE ${table} SET ${counter} = ${counter} + ? WHERE id % ? = ? ORDER BY id LIMIT 500`,
        [by, step, round % step],
      );
      if (affectedRows !== 500) throw new Error(`${String(affectedRows)} rows of ${table} changed, not 500.`);
    }
  } finally {
    await connection.end();
  }
}

function pageOf(
  pairs: readonly { readonly full: Verified; readonly second: Verified }[],
  total: number,
): string {
  const middle = (of: "full" | "second", field: "seconds" | "wall" | "rssMb"): number =>
    median(pairs.map((pair) => pair[of][field]));
  const line = (title: string, of: "full" | "second"): string =>
    `| ${title} | ${middle(of, "seconds").toFixed(1)} | ${middle(of, "wall").toFixed(1)} | ${middle(of, "rssMb").toFixed(0)} |`;
  const share = (100 * middle("second", "seconds")) / middle("full", "seconds");
  return [
    "# bench: verify again",
    "",
    `${total.toLocaleString("en-US")} rows in 34 tables, MariaDB 10.11 and PostgreSQL 18, \`headgate verify\` with two workers; ${String(cpus().length)} cores shared by all, Node ${process.version}. ${new Date().toISOString().slice(0, 10)}. Medians of ${String(pairs.length)} rounds. The command from outside has its start, its login, and catching up with the log in it.`,
    "",
    "| | seconds of comparing | of the whole command | peak MB |",
    "|---|---|---|---|",
    line("every row", "full"),
    line("then 1,000 changed rows", "second"),
    "",
    `The second takes ${share.toFixed(1)} % of the first one's time (goal: 5 %).`,
    "",
  ].join("\n");
}
