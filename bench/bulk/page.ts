/**
 * The bench's page: medians of the rounds that all contestants have run, CPU-seconds of source, target and engine
 * apart, the goals, and the load that it all ran under, without which no figure of a shared machine can be read.
 */
import { cpus, totalmem } from "node:os";
import { list } from "../../test/world/stack/servers.js";
import type { Cpu } from "./cpu.js";
import { median, spread, values } from "./figures.js";
import type { Figures } from "./figures.js";
import type { Run } from "./rounds.js";
import { bigTables, smallTables } from "./schema.js";

export const contestants = [
  "floor",
  "headgate, MySQL 9.7",
  "headgate, MariaDB 10.11",
  "headgate, MySQL 9.7, a ninth of the rows",
  "pgloader, MariaDB 10.11",
] as const;
export type Contestant = (typeof contestants)[number];

/** Memory must not grow with rows: one contestant has a ninth of them, a million at scale 1. */
export const smallPart = 9;

type Field = "data" | "indexes" | "wall" | "cpu" | "rss";

export function pageOf(
  runs: readonly Run[],
  what: { readonly scale: number; readonly total: number; readonly small: number },
): string {
  const of = (name: Contestant): readonly Figures[] =>
    runs.filter(({ contestant }) => contestant === name).map(({ figures }) => figures);
  const mid = (name: Contestant, field: Field): number => median(values(of(name), field));
  const against = (name: Contestant, field: Field): string =>
    (mid(name, field) / mid("floor", field)).toFixed(2);
  const both = ["headgate, MySQL 9.7", "headgate, MariaDB 10.11"] as const;
  const pgloader = "pgloader, MariaDB 10.11";
  const phases = mid(both[1], "data") + mid(both[1], "indexes");
  const bytes = of(both[0])[0]?.bytes ?? 0;
  const versions = list()
    .map((server) => `${server.name} ${server.version}`)
    .join(", ");
  return [
    "# bench: bulk",
    "",
    `${what.total.toLocaleString("en-US")} rows, ${(bytes / 1e9).toFixed(2)} GB of COPY data, ${String(bigTables.length)} big tables and ${String(smallTables.length)} small ones; scale ${String(what.scale)}.`,
    `${span(runs)}; ${String(cpus().length)} cores shared by source, target and client, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Node ${process.version}; ${versions}.`,
    `Medians (min to max) of ${String(of("floor").length)} interleaved rounds after a warm-up round. Seconds; CPU-seconds and peak MB of the contestant's own process. Sources with a 4 GB buffer pool, PostgreSQL with 256 MB shared_buffers and default durability.`,
    loadOf(runs),
    "",
    "| | data | indexes and keys | whole command | CPU-s | peak MB |",
    "|---|---|---|---|---|---|",
    ...contestants.map(
      (name) =>
        `| ${name} | ${spread(of(name), "data")} | ${spread(of(name), "indexes")} | ${spread(of(name), "wall")} | ${spread(of(name), "cpu", 2)} | ${spread(of(name), "rss", 0)} |`,
    ),
    "",
    "CPU-seconds of the data phase (of pgloader: of all) by who used them. Half of a sum is the least wall that two idle cores can give:",
    "",
    "| | source | target | engine | sum | others meanwhile |",
    "|---|---|---|---|---|---|",
    ...contestants.map((name) => `| ${name} | ${apart(of(name)).join(" | ")} |`),
    "",
    "| | goal | MySQL 9.7 | MariaDB 10.11 |",
    "|---|---|---|---|",
    `| data against the floor | <= 1.2 | ${both.map((name) => against(name, "data")).join(" | ")} |`,
    `| indexes and keys against the floor | <= 1.1 | ${both.map((name) => against(name, "indexes")).join(" | ")} |`,
    `| pgloader's time against data and indexes | >= 3 | - | ${(mid(pgloader, "wall") / phases).toFixed(2)} |`,
    `| pgloader's time against the floor's | | - | ${(mid(pgloader, "wall") / mid("floor", "wall")).toFixed(2)} |`,
    `| pgloader's time against the whole command (its checks read every value first) | | - | ${(mid(pgloader, "wall") / mid(both[1], "wall")).toFixed(2)} |`,
    `| CPU-seconds of Node for the whole command | <= 3.5 | ${both.map((name) => mid(name, "cpu").toFixed(2)).join(" | ")} |`,
    `| peak MB of Node | <= 200 | ${both.map((name) => mid(name, "rss").toFixed(0)).join(" | ")} |`,
    `| peak MB against that of ${what.small.toLocaleString("en-US")} rows | 0.8 to 1.2 | ${(mid(both[0], "rss") / mid("headgate, MySQL 9.7, a ninth of the rows", "rss")).toFixed(2)} | - |`,
    "",
  ].join("\n");
}

/** Medians of one contestant's CPU-seconds, as cells. */
function apart(figures: readonly Figures[]): string[] {
  const all = figures.map(({ apart: { data, whole } }) => data ?? whole);
  const mid = (of: (cpu: Cpu) => number): string => (all.length === 0 ? "-" : median(all.map(of)).toFixed(1));
  return [
    mid(({ source }) => source),
    mid(({ target }) => target),
    mid(({ engine }) => engine),
    mid(({ source, target, engine }) => source + target + engine),
    mid(({ others }) => others),
  ];
}

function span(runs: readonly Run[]): string {
  const times = runs.map(({ at }) => at).sort();
  return `${times[0]?.slice(0, 16) ?? "-"}Z to ${times.at(-1)?.slice(0, 16) ?? "-"}Z`;
}

/** What the machine did beside: load average at each run's beginning, and others' CPU-seconds in each second of it. */
function loadOf(runs: readonly Run[]): string {
  if (runs.length === 0) return "No round is complete.";
  const loads = runs.map(({ load }) => load);
  const shares = runs.map(({ figures }) => figures.apart.whole.others / figures.wall);
  const range = (all: readonly number[], digits: number): string =>
    `${median(all).toFixed(digits)} (${Math.min(...all).toFixed(digits)} to ${Math.max(...all).toFixed(digits)})`;
  return `Load average when a run began: ${range(loads, 1)}. Cores that other processes kept busy during a run: ${range(shares, 2)} of ${String(cpus().length)}.`;
}
