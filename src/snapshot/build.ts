/**
 * The plan's two halves of DDL. Before the data, in order and one at a time: schema, tables, comments. After it, as
 * many at once as there are workers: what a table's key and indexes need is there first, foreign keys come when every
 * key they can point to is, and no two statements that lock the same tables run side by side, where they could
 * only wait for each other or deadlock. Big tables go first. The ledger knows what is built, so a second run goes on.
 */
import type { Plan, PlanStatement } from "../model.js";
import type { Ledger } from "../port.js";
import { retry, throwIfStopped } from "../stop.js";
import type { OnEvent } from "./event.js";
import type { MomentHook } from "./moments.js";
import { Bell, together } from "../safety/pool.js";
import { withSlot } from "../safety/slot.js";
import type { SlotTools } from "../safety/slot.js";

export interface BuildOptions extends SlotTools {
  readonly onEvent: OnEvent;
  readonly ledger: Ledger;
  readonly plan: Plan;
  readonly workers: number;
  readonly signal: AbortSignal;
  readonly moment?: MomentHook;
}

const retries = 10;

/**
 * The order of the after-data half. Up to `analyze` a statement waits for the lower steps of its own table; from
 * `foreign` on it waits for all lower steps of all tables, as a foreign key locks another table too and would stand
 * behind its index builds. Statistics come before the foreign keys, whose validation is planned with them.
 */
const steps: Readonly<Record<PlanStatement["kind"], number>> = {
  schema: 0,
  collation: 0,
  type: 0,
  table: 0,
  partition: 0,
  sequence: 0,
  primary: 1,
  unique: 2,
  index: 3,
  check: 4,
  analyze: 5,
  foreign: 6,
  validate: 7,
  identity: 8,
  trigger: 9,
  comment: 9,
  view: 10,
};

/** Tables without their keys, as the data is to find them. Resolves when all of it is built and recorded. */
export async function buildBefore(options: BuildOptions): Promise<void> {
  const signal = AbortSignal.any([options.signal, options.ledger.lost]);
  const built = new Set((await options.ledger.view()).built);
  for (const statement of options.plan.before)
    if (!built.has(statement.name)) await one(options, statement, signal);
}

/**
 * Whether the change stream must not meet it before the join: old images pass over newer rows until then, so a unique
 * value may stand twice for a while, and a child before its parent (design.md, decision 5).
 */
export function isPastJoin({ kind, undo }: PlanStatement): boolean {
  return undo !== undefined || ["validate", "identity", "trigger", "comment", "view"].includes(kind);
}

/** Those that a stream which begins again at the start must find gone, in the order in which they can go. */
export async function takeBack(options: BuildOptions): Promise<void> {
  const built = new Set((await options.ledger.view()).built);
  const gone = options.plan.after.filter(
    (statement) => statement.kind !== "view" && isPastJoin(statement) && built.has(statement.name),
  );
  for (const statement of gone.reverse()) {
    throwIfStopped(options.signal);
    await retry(() => options.ledger.unbuild(statement, options.signal), options.signal, {
      retries,
      onRetry: (fault, attempt) =>
        options.onEvent({ kind: "retry", what: `dropping ${statement.name}`, fault, attempt }),
    });
    options.onEvent({
      kind: "dropped",
      name: statement.name,
      table: statement.table,
      statement: statement.kind,
    });
  }
}

/** Keys, indexes, checks, foreign keys, identities, triggers, statistics; `wanted` says which. Resolves when all of it is built and recorded. */
export async function buildAfter(
  options: BuildOptions,
  wanted: (statement: PlanStatement) => boolean = () => true,
): Promise<void> {
  const signal = AbortSignal.any([options.signal, options.ledger.lost]);
  const built = new Set((await options.ledger.view()).built);
  const weights = new Map(options.plan.tables.map((table) => [table.target, table.estimatedBytes]));
  const weight = (statement: PlanStatement): number => weights.get(statement.table ?? "") ?? 0;
  const shared = (statement: PlanStatement): number => Math.max(steps[statement.kind], steps.analyze);
  const waiting = options.plan.after
    // Views come when all else stands, one by one, and are compared at once: src/verify/views.ts.
    .filter((statement) => statement.kind !== "view" && wanted(statement) && !built.has(statement.name))
    .sort((a, b) => shared(a) - shared(b) || weight(b) - weight(a) || steps[a.kind] - steps[b.kind]);
  const running = new Set<PlanStatement>();
  const bell = new Bell();
  const worker = async (stop: AbortSignal): Promise<void> => {
    while (waiting.length > 0) {
      throwIfStopped(stop);
      const rings = bell.rings;
      const index = waiting.findIndex((statement) => mayBegin(statement, waiting, running));
      const [statement] = index < 0 ? [] : waiting.splice(index, 1);
      if (statement === undefined) {
        await bell.next(rings, stop);
        continue;
      }
      running.add(statement);
      await usingSlot(options, statement, stop);
      running.delete(statement);
      bell.ring();
    }
  };
  await together(
    Array.from({ length: options.workers }, () => worker),
    signal,
  );
}

/** Whether nothing that must come first is left, and nothing that runs locks the same table. */
export function mayBegin(
  statement: PlanStatement,
  waiting: readonly PlanStatement[],
  running: ReadonlySet<PlanStatement>,
): boolean {
  const others = [...waiting.filter((other) => other !== statement), ...running];
  const step = steps[statement.kind];
  const everywhere = step >= steps.foreign;
  if (others.some((other) => steps[other.kind] < step && (everywhere || other.table === statement.table)))
    return false;
  // Two foreign keys may lock each other's tables in opposite order. Adding one is quick: one at a time.
  if (statement.kind === "foreign" && running.size > 0) return false;
  // Builds of several indexes read one table side by side; everything else locks it alone.
  return ![...running].some(
    (other) => other.table === statement.table && !(other.kind === "index" && statement.kind === "index"),
  );
}

/** An index build is work for the host as a load is. */
async function usingSlot(options: BuildOptions, statement: PlanStatement, stop: AbortSignal): Promise<void> {
  const slot = await withSlot(options, "target", (slots) => options.ledger.slot(slots), stop);
  try {
    await one(options, statement, stop);
  } finally {
    await slot[Symbol.asyncDispose]();
  }
}

async function one(options: BuildOptions, statement: PlanStatement, signal: AbortSignal): Promise<void> {
  const event = { name: statement.name, table: statement.table, statement: statement.kind };
  await options.moment?.("build:before");
  options.onEvent({ kind: "building", ...event });
  await retry(() => options.ledger.build(statement, signal), signal, {
    retries,
    onRetry: (fault, attempt) =>
      options.onEvent({ kind: "retry", what: `building ${statement.name}`, fault, attempt }),
  });
  options.onEvent({ kind: "built", ...event });
  await options.moment?.("build:after");
}
