/**
 * What a plan will move and how long that may take, from the source's own estimates: rows, bytes, ranges, and two
 * times, because the link and the disks are not known before the copy has begun. Figures for people and for `plan`;
 * nothing is decided by them.
 */
import type { Plan, PlanTable } from "../model.js";

export interface TableEstimate {
  /** Source name. */
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly ranges: number;
}

export interface Estimate {
  readonly tables: readonly TableEstimate[];
  readonly rows: number;
  readonly bytes: number;
  readonly ranges: number;
  /** Seconds on one machine, and over a middling link. */
  readonly seconds: { readonly fast: number; readonly slow: number };
  /** One sentence. */
  readonly text: string;
}

/** Bytes a second: two workers on one machine (measured 140 MB/s), and a link of some 200 Mbit/s. */
export const rates = { fast: 120_000_000, slow: 20_000_000, perTable: 0.05 } as const;

/** Figures for a plan whose ranges hold about `rangeRows` rows. */
export function estimate(plan: Plan, rangeRows: number): Estimate {
  const tables = plan.tables.map((table) => tableEstimate(table, rangeRows));
  const sum = (of: (table: TableEstimate) => number): number =>
    tables.reduce((total, table) => total + of(table), 0);
  const rows = sum(({ rows: own }) => own);
  const bytes = sum(({ bytes: own }) => own);
  const ranges = sum(({ ranges: own }) => own);
  // A table costs a moment whatever it holds: create, lease, commit, keys.
  const overhead = tables.length * rates.perTable;
  const seconds = {
    fast: Math.ceil(bytes / rates.fast + overhead),
    slow: Math.ceil(bytes / rates.slow + overhead),
  };
  const text = `${plural(tables.length, "table")}, about ${grouped(rows)} rows and ${spelledBytes(bytes)} in ${plural(ranges, "range")}; copying takes ${spelledSeconds(seconds.fast)} on one machine to ${spelledSeconds(seconds.slow)} over a slow link, keys and indexes not counted.`;
  return { tables, rows, bytes, ranges, seconds, text };
}

function tableEstimate(table: PlanTable, rangeRows: number): TableEstimate {
  const { source, estimatedRows: rows, estimatedBytes: bytes, exactCut } = table;
  return { table: source, rows, bytes, ranges: exactCut ? 1 : Math.max(1, Math.ceil(rows / rangeRows)) };
}

function plural(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? "" : "s"}`;
}

/** 1,234,567, the same in every locale. */
function grouped(count: number): string {
  return String(count).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}

function spelledBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ""}`;
}

function spelledSeconds(seconds: number): string {
  if (seconds < 120) return plural(seconds, "second");
  if (seconds < 7200) return plural(Math.ceil(seconds / 60), "minute");
  return plural(Math.ceil(seconds / 3600), "hour");
}
