/**
 * What a person who plans the night must have on one sheet, beside what the plan itself says: tables in the order of
 * their dependencies, the locks of each step and how long they are waited for, tools, thresholds, queries that prove
 * the result, the way back from each stage, duration and disk by stated assumptions. A function of catalogue and config:
 * no clock and no measurement in it, so the same plan twice is the same to the byte, and CI can diff it.
 */
import type { Catalogue, Plan } from "../model.js";
import { mysqlName, postgresName } from "../safety/identifier.js";
import { estimate, rates } from "./estimate.js";
import { dependencyOrder } from "./dependencies.js";
import { locksOf } from "./locks.js";
import { byCodeUnit } from "./order.js";
import type { Planning, PlanningTable, WholePlan } from "./planning-sheet.js";

/** The config's part. */
export interface PlanningSettings {
  readonly rangeRows: number;
  readonly workers: number;
  readonly workersPerHost: number;
  readonly thresholds: Planning["thresholds"];
}

/** The plan with its planning. The fingerprint stays what it was: nothing of this decides what is done. */
export function withPlanning(plan: Plan, catalogue: Catalogue, settings: PlanningSettings): WholePlan {
  return { ...plan, planning: planningOf(plan, catalogue, settings) };
}

function planningOf(plan: Plan, catalogue: Catalogue, settings: PlanningSettings): Planning {
  const { ordered, cycles } = dependencyOrder(plan.tables);
  const sizes = estimate(plan, settings.rangeRows);
  const tables = ordered.flatMap(({ table, dependsOn }): PlanningTable[] => {
    const size = sizes.tables.find((each) => each.table === table.source);
    const source = catalogue.tables.find(({ name }) => name === table.source);
    return [
      {
        table: table.source,
        target: table.target,
        dependsOn,
        rows: size?.rows ?? 0,
        bytes: size?.bytes ?? 0,
        indexBytes: source?.indexBytes ?? 0,
        ranges: size?.ranges ?? 1,
      },
    ];
  });
  return {
    tables,
    cycles,
    views: (plan.views ?? []).map(({ source }) => source),
    byHand: (plan.inventory?.objects ?? [])
      .filter(({ kind }) => kind !== "view" && kind !== "sequence")
      .map(({ kind, on, name }) => `${kind} ${on === null ? name : `${on}.${name}`}`),
    locks: locksOf(plan, catalogue.engine, settings.workers),
    tooling: tooling(catalogue),
    thresholds: {
      ...settings.thresholds,
      "snapshot.workers": settings.workers,
      "workers-per-host": settings.workersPerHost,
      "snapshot.rangeRows": settings.rangeRows,
    },
    queries: queriesOf(plan),
    wayBack: wayBack(plan, catalogue.engine),
    duration: {
      copySeconds: { ...sizes.seconds },
      assumed: [
        `rows travel at ${String(rates.slow / 1e6)} to ${String(rates.fast / 1e6)} MB a second, all workers together, counted by the source's data bytes`,
        `${String(rates.perTable)} seconds a table beside its rows`,
        "keys, indexes, foreign keys and the comparison of views are not counted",
      ],
    },
    disk: disk(tables),
  };
}

function tooling(catalogue: Catalogue): Planning["tooling"] {
  return [
    {
      tool: "headgate",
      for: "check, plan, copy, build, follow, compare, repair, report; no other program is called",
    },
    {
      tool: catalogue.engine === "mariadb" ? "MariaDB client protocol" : "MySQL client protocol",
      for: "reading catalogue and rows; nothing is written at the source but in the database headgate",
    },
    {
      tool: `${catalogue.engine === "mariadb" ? "MariaDB" : "MySQL"} replication protocol`,
      for: "reading the source's log, as a replica does; run --until copied does without",
    },
    { tool: "PostgreSQL COPY (binary)", for: "loading; the ledger is the schema headgate on the target" },
    { tool: "PostgreSQL MERGE", for: "applying what the log tells, one transaction a batch" },
  ];
}

/** Read-only, for a person beside what run compares by itself: counts of both sides, rows without a parent. */
function queriesOf(plan: Plan): Planning["queries"] {
  const at = (name: string): string => `${postgresName(plan.schema)}.${postgresName(name)}`;
  const counts = plan.tables.map((table) => ({
    proves: `${table.source} has as many rows as its source`,
    source: `SELECT COUNT(*) FROM ${mysqlName(table.source)}`,
    target: `SELECT count(*) FROM ${at(table.target)}`,
  }));
  const orphans = plan.after.flatMap((statement) =>
    statement.violations === undefined
      ? []
      : [{ proves: `no row is in the way of ${statement.name}`, source: null, target: statement.violations }],
  );
  const generated = (plan.generated ?? []).map(({ object, table, column, sql }) => ({
    proves: `${object} holds what its expression gives`,
    source: null,
    target: `SELECT count(*) FROM ${at(table)} WHERE ${postgresName(column)} IS DISTINCT FROM (${sql})`,
  }));
  return [...counts, ...orphans, ...generated];
}

/** What takes each stage back, as far as this version goes: up to `ready`. The source serves all the time. */
function wayBack(plan: Plan, engine: Catalogue["engine"]): Planning["wayBack"] {
  const at = (name: string): string => `${postgresName(plan.schema)}.${postgresName(name)}`;
  const views = [...(plan.views ?? [])].reverse().map(({ target }) => `DROP VIEW IF EXISTS ${at(target)}`);
  const tables =
    plan.tables.length === 0
      ? []
      : [`DROP TABLE IF EXISTS ${plan.tables.map(({ target }) => at(target)).join(", ")}`];
  const made = [...plan.before, ...plan.after];
  const rest = made
    .flatMap(({ kind, creates }) =>
      (creates ?? []).flatMap(({ space, name }) =>
        space === "type"
          ? [`DROP TYPE IF EXISTS ${at(name)}`]
          : space === "function"
            ? [`DROP FUNCTION IF EXISTS ${at(name)}()`]
            : kind === "sequence"
              ? [`DROP SEQUENCE IF EXISTS ${at(name)}`]
              : [],
      ),
    )
    .sort(byCodeUnit);
  const drop = [...views, ...tables, ...new Set(rest)];
  const source = ["DROP DATABASE IF EXISTS `headgate`"];
  const target = [...drop, 'DROP SCHEMA IF EXISTS "headgate" CASCADE'];
  const server = engine === "mariadb" ? "MariaDB" : "MySQL";
  return [
    {
      stage: "checked or planned",
      does: "nothing to take back: both servers were only read",
      source: [],
      target: [],
    },
    {
      stage: "copying",
      does: `the application is untouched on ${server}; stop the run, or drop what it made. The schema and database headgate only where no other migration uses them`,
      source,
      target,
    },
    {
      stage: "copied",
      does: "the same: until the application itself is moved, the source is the truth",
      source,
      target,
    },
    {
      stage: "streaming or ready",
      does: `the same: ${server} only hands out its log, to a reader that leaves nothing behind when it ends`,
      source,
      target,
    },
  ];
}

function disk(tables: readonly PlanningTable[]): Planning["disk"] {
  const sum = (of: (table: PlanningTable) => number): number =>
    tables.reduce((total, table) => total + of(table), 0);
  const tableBytes = sum(({ bytes }) => bytes);
  const indexBytes = sum(({ indexBytes: own }) => own);
  const largest = Math.max(0, ...tables.map(({ indexBytes: own }) => own));
  return {
    target: { tableBytes, indexBytes, sortBytes: largest, walBytes: tableBytes + indexBytes },
    totalBytes: 2 * (tableBytes + indexBytes) + largest,
    assumed: [
      "rows and indexes take as many bytes on the target as the source's catalogue says of its own; InnoDB's primary key holds the rows, so PostgreSQL's own primary keys come on top",
      "an index build sorts in as many bytes as the largest table's indexes",
      "everything is logged once in WAL and kept until the next checkpoint; a standby or a slot keeps more",
    ],
  };
}
