/**
 * The locks that each step of a run takes, on which side, what they keep out, and how long they are waited for before
 * the step gives way instead of queueing the application behind itself. The seconds are those that the connectors
 * set; a test holds this file to them.
 */
import type { Plan, PlanStatement, SourceEngine } from "../model.js";
import type { PlannedLock } from "./planning-sheet.js";

/** What the connectors set, in seconds. */
export const lockBounds = { sourceRead: 10, profile: 10, exactCut: 5, target: 30 } as const;

const shared: Readonly<Partial<Record<PlanStatement["kind"], string>>> = {
  index: "SHARE on the table: reads go on, writes wait",
  foreign: "SHARE ROW EXCLUSIVE on both tables",
  validate: "SHARE UPDATE EXCLUSIVE on the table, ROW SHARE on its parent",
  comment: "SHARE UPDATE EXCLUSIVE on the table",
  trigger: "SHARE ROW EXCLUSIVE on the table",
  analyze: "SHARE UPDATE EXCLUSIVE on the table",
  identity: "ACCESS SHARE on the table",
  view: "ACCESS SHARE on what it reads",
};

/** In the order of a run; the target's statements by kind, with how many of each. */
export function locksOf(plan: Plan, engine: SourceEngine, workers: number): readonly PlannedLock[] {
  const cut = plan.tables.filter(({ exactCut }) => exactCut).map(({ source }) => source);
  const exact = engine === "mysql" ? cut : [];
  const read = "a metadata lock that keeps out DDL alone, while one range is read";
  return [
    {
      step: "check: values",
      server: "source",
      lock: "a metadata lock that keeps out DDL alone, while one table is looked at",
      on: "each table in turn",
      waitSeconds: lockBounds.profile,
    },
    {
      step: "copy: ranges",
      server: "source",
      lock: read,
      on: `up to ${String(workers)} tables at a time`,
      waitSeconds: lockBounds.sourceRead,
    },
    ...(exact.length === 0
      ? []
      : [
          {
            step: "copy: exact cut",
            server: "source" as const,
            lock: "FLUSH TABLES ... WITH READ LOCK: writes wait until the view is opened, a moment",
            on: exact.join(", "),
            waitSeconds: lockBounds.exactCut,
          },
        ]),
    {
      step: "create",
      server: "target",
      lock: "none that anybody waits for: the tables are new",
      on: `${String(plan.before.length)} statements`,
      waitSeconds: lockBounds.target,
    },
    {
      step: "copy: load",
      server: "target",
      lock: "ROW EXCLUSIVE on the table; ACCESS EXCLUSIVE (TRUNCATE) where a table is one range",
      on: `up to ${String(workers)} tables at a time`,
      waitSeconds: lockBounds.target,
    },
    ...builds(plan),
    {
      step: "stream: apply",
      server: "target",
      lock: "ROW EXCLUSIVE on the tables of a batch",
      on: `one transaction at a time in each of ${String(plan.lanes.length)} lanes`,
      waitSeconds: lockBounds.target,
    },
    {
      step: "verify: ranges",
      server: "target",
      lock: "ACCESS SHARE on the table: keeps out DDL alone, while one range is read",
      on: `up to ${String(workers)} tables at a time; on the source as the copy does`,
      waitSeconds: lockBounds.target,
    },
  ];
}

function builds(plan: Plan): readonly PlannedLock[] {
  const kinds = [...new Set(plan.after.map(({ kind }) => kind))];
  return kinds.map((kind) => ({
    step: `build: ${kind}`,
    server: "target",
    lock: shared[kind] ?? "ACCESS EXCLUSIVE on the table",
    on: `${String(plan.after.filter((each) => each.kind === kind).length)} statements`,
    waitSeconds: lockBounds.target,
  }));
}
