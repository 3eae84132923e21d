/**
 * One migration under the writer, from empty databases to the oracle's word: the copy and the stream run in this
 * process while the writer's sessions go on, the writer stops, the stream gets level, both sides are compared, and the
 * writer's log is held against the target's journal.
 */
import { createConnection } from "mysql2/promise";
import { expect } from "vitest";
import type { LaneRequest, PlanRequest } from "../../../src/plan/request.js";
import { judges, unequal } from "../journey.js";
import { startLive } from "../live.js";
import type { Live, LiveEvent, LiveSettings } from "../live.js";
import { compare } from "../oracle/oracle.js";
import { sourceDatabase, sourceUrl } from "../source-database.js";
import type { SourceDatabase, SourceName } from "../source-database.js";
import { targetDatabase } from "../target-database.js";
import type { TargetDatabase, TargetName } from "../target-database.js";
import { journalProblems } from "./replay.js";
import { openWriter } from "./writer.js";
import type { Writer } from "./writer.js";

export interface Streamed {
  readonly name: string;
  readonly server: SourceName;
  readonly targetServer?: TargetName;
  readonly seed: number;
  readonly lanes: LaneRequest;
  /** Transactions before the copy begins, and after the join. */
  readonly before?: number;
  readonly after?: number;
  /** Another feed than the source's own log. */
  readonly over?: LiveSettings["over"];
  readonly policies?: PlanRequest["policies"];
  /** Columns that the writer's tables are made without. */
  readonly without?: readonly string[];
  /** Whether transactions are prepared too (XA), as some feeds refuse them. */
  readonly xa?: boolean;
  /** Called before the engine begins, while the writer goes on. */
  readonly begun?: (source: SourceDatabase) => Promise<void>;
  /** Called when everything was judged, with the engine stopped and nobody writing. */
  readonly then?: (end: StreamedEnd) => Promise<void>;
}

export interface StreamedEnd {
  readonly settings: LiveSettings;
  /** An administrator's, with the database. */
  readonly sourceAt: string;
  readonly target: TargetDatabase;
  readonly writer: Writer;
  readonly events: readonly LiveEvent[];
}

/** Fails by what the oracle, the journal or the engine says. */
export async function streamed(options: Streamed): Promise<void> {
  const { name, server, seed } = options;
  console.log(`${server}, lanes ${JSON.stringify(options.lanes)}: HEADGATE_SEED=${String(seed)}`);
  await using source = await sourceDatabase(name, server);
  await using target = await targetDatabase(name, options.targetServer);
  const url = new URL(await sourceUrl(server));
  url.pathname = `/${name}`;
  await using writer = await openWriter({
    url: url.href,
    seed,
    perSecond: 60,
    without: options.without ?? [],
  });
  // A copy that begins while something is prepared is refused, by name.
  writer.xa = false;
  writer.start();
  await writer.reached(options.before ?? 80);
  await options.begun?.(source);
  const settings: LiveSettings = {
    source: source.options,
    target: target.options,
    migration: `20261126_${name}`,
    plan: { lanes: options.lanes, policies: options.policies ?? [] },
    batchRows: 200,
    ...(options.over === undefined ? {} : { over: options.over }),
  };
  await using live = startLive(settings);
  // Every lane has its start before the first range is read.
  await live.event("leased");
  writer.xa = options.xa ?? true;
  await live.event("going-on");
  const copied = writer.log.length;
  await Promise.race([writer.reached(copied + (options.after ?? 150)), failed(live)]);
  await writer.stop();
  await live.level();
  await judged(url.href, target, writer);
  expectCounted(live);
  await live.stop();
  expect(live.poison).toEqual([]);
  // A batch that is refused and goes through change by change would hide a fold that is wrong.
  expect(live.events.filter(({ kind }) => kind === "batch-failed" || kind === "replaying")).toEqual([]);
  console.log(
    `${server}: ${String(copied)} transactions before the join was done, ${String(writer.log.length)} in all, ${JSON.stringify(live.stream?.counts)}, ${JSON.stringify(writer.endings)}`,
  );
  await options.then?.({ settings, sourceAt: url.href, target, writer, events: live.events });
}

/** Rejects as soon as the engine ends by itself. */
async function failed(live: Live): Promise<never> {
  throw (await live.ended) ?? new Error("the engine ended");
}

/** The oracle's word on every table, and the writer's log beside the target's journal. */
export async function judged(
  sourceAt: string,
  target: TargetDatabase,
  writer: Pick<Writer, "log">,
): Promise<void> {
  const [from, to] = await judges(sourceAt, target.url);
  try {
    const verdicts = await compare(from, to, {
      database: decodeURIComponent(new URL(sourceAt).pathname.slice(1)),
      schema: "public",
    });
    expect(verdicts.length).toBeGreaterThan(10);
    expect(unequal(verdicts)).toEqual([]);
  } finally {
    await from.end();
    await to.end();
  }
  const journal = await target.sql("SELECT id::text AS id FROM public.journal ORDER BY id");
  expect(
    journalProblems(
      writer,
      journal.map(({ id }) => id ?? ""),
    ),
  ).toEqual([]);
  await expectBuilt(sourceAt, target);
}

/** Unique and foreign keys are there, and hold. */
async function expectBuilt(sourceAt: string, target: TargetDatabase): Promise<void> {
  const [built] = await target.sql(
    `SELECT (SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated AND connamespace = 'public'::regnamespace) AS foreign_keys,
      (SELECT count(*) FROM pg_constraint WHERE NOT convalidated AND connamespace = 'public'::regnamespace) AS not_valid,
      (SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE indisunique AND NOT indisprimary AND indisvalid AND c.relnamespace = 'public'::regnamespace) AS uniques`,
  );
  const connection = await createConnection({ uri: sourceAt, rowsAsArray: true });
  try {
    const [rows] = await connection.query(
      "SELECT COUNT(*) FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()",
    );
    expect([[Number(built?.["foreign_keys"])]]).toEqual(rows);
  } finally {
    await connection.end();
  }
  expect(built?.["not_valid"]).toBe("0");
  expect(Number(built?.["uniques"])).toBeGreaterThanOrEqual(4);
}

/** I8: nothing is lost between reading and applying. What nothing accounts for is pending, and at the end nothing is. */
function expectCounted({ stream }: Live): void {
  if (stream === null) throw new Error("there is no stream");
  expect(stream.counts.pending).toBe(0);
  expect(Math.min(...Object.values<number>({ ...stream.counts }))).toBeGreaterThanOrEqual(0);
}
