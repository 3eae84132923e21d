/**
 * `npm run checks`: `check` on each corpus database as it stands, without a line of config that settles anything, from
 * MySQL 9 and MariaDB; writes docs/checks.md. Every error that it tells is listed with its sentence, so that anybody can
 * judge whether it is one. Seconds are those of the whole command, servers and client on one machine.
 */
import { writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { asEngine } from "./accounts.js";
import { corpora, corpusMissing, dropCorpus, loadCorpus } from "./corpus.js";
import { journey } from "./journey.js";
import type { Journey } from "./journey.js";
import { engineOptions, sourceUrl } from "./source-database.js";
import { list } from "./stack/servers.js";

const path = "docs/checks.md";
const sources = ["mysql9", "mariadb"] as const;
const severities = ["error", "warning", "info"] as const;

interface Told {
  readonly code: string;
  readonly severity: (typeof severities)[number];
  readonly object: string;
  readonly sentence: string;
}

interface Looked {
  readonly source: string;
  readonly database: string;
  readonly tables: number;
  readonly rows: number;
  readonly seconds: number;
  readonly findings: readonly Told[];
}

/** Counted by the server itself, table by table. */
async function counted({ source }: Journey, database: string): Promise<Pick<Looked, "tables" | "rows">> {
  const tables = await source.sql(
    "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_TYPE = 'BASE TABLE'",
    [database],
  );
  let rows = 0;
  for (const [table] of tables) {
    const [count] = await source.sql(`SELECT COUNT(*) FROM \`${database}\`.\`${table ?? ""}\``);
    rows += Number(count?.[0]);
  }
  return { tables: tables.length, rows };
}

async function look(source: (typeof sources)[number], url: string, database: string): Promise<Looked> {
  await using trip = await journey(`checks_${source}`, source);
  await engineOptions(url, database);
  trip.configure([], { source: asEngine(url, database) });
  const started = performance.now();
  const ended = await trip.headgate("check", "--json");
  const seconds = (performance.now() - started) / 1000;
  const said = JSON.parse(ended.stdout) as { readonly findings?: readonly Told[] };
  if (said.findings === undefined || ended.code !== (said.findings.some(isError) ? 3 : 0))
    throw new Error(`${source} ${database}: exit ${String(ended.code)}\n${ended.stdout}\n${ended.stderr}`);
  return { source, database, ...(await counted(trip, database)), seconds, findings: said.findings };
}

function isError({ severity }: Told): boolean {
  return severity === "error";
}

function byCode(findings: readonly Told[], severity: Told["severity"]): string {
  const counts = new Map<string, number>();
  for (const each of findings)
    if (each.severity === severity) counts.set(each.code, (counts.get(each.code) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, count]) => (count === 1 ? code : `${code} ${String(count)}`))
    .join(", ");
}

function page(all: readonly Looked[]): string {
  const machine = `${String(cpus().length)} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GB, ${platform()} ${arch()}, Node ${process.version}`;
  const versions = list()
    .filter(({ name }) => [...sources, "postgres18"].includes(name))
    .map(({ name, version }) => `${name} ${version}`)
    .join(", ");
  const errors = all.flatMap(({ source, database, findings }) =>
    findings.filter(isError).map((each) => ({ source, database, ...each })),
  );
  return [
    "# `check` on real schemas",
    "",
    "Written by `npm run checks`: the databases of the test corpus (test/world/corpus.ts), each as it stands and without a line of",
    "config that settles anything. Every value is read. Seconds are those of the whole command; the machine had other work beside it.",
    "",
    `${new Date().toISOString().slice(0, 16)}Z; ${machine}; ${versions}.`,
    "",
    "| source | database | tables | rows | seconds | errors | warnings | notes |",
    "|---|---|---|---|---|---|---|---|",
    ...all.map(
      ({ source, database, tables, rows, seconds, findings }) =>
        `| ${source} | ${database} | ${String(tables)} | ${rows.toLocaleString("en-US")} | ${seconds.toFixed(1)} | ${severities.map((severity) => byCode(findings, severity) || "0").join(" | ")} |`,
    ),
    "",
    "## The errors, one by one",
    "",
    ...(errors.length === 0
      ? [
          "None. That none is missing either is shown by copying all of them: the oracle finds every table equal ([the gate](gate.md), parts `corpus`).",
        ]
      : errors.map((each) => `- ${each.source} ${each.database}, \`${each.code}\`: ${each.sentence}`)),
    "",
  ].join("\n");
}

if (corpusMissing !== null) throw new Error(corpusMissing);
const all: Looked[] = [];
for (const source of sources) {
  const url = await sourceUrl(source);
  for (const corpus of corpora) {
    await loadCorpus(url, corpus);
    for (const database of corpus.databases) {
      const looked = await look(source, url, database);
      process.stderr.write(`${source} ${database}: ${looked.seconds.toFixed(1)} s\n`);
      all.push(looked);
    }
    await dropCorpus(url, corpus);
  }
}
writeFileSync(path, page(all));
process.stdout.write(`${path} is written\n`);
