/**
 * One table's rows on record, brought to what the source has: page by page, each reading and its writing with what has to be
 * waited for between them. Rows that events touched meanwhile are read again, and left to the events in the end.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { Pacer } from "../safety/turns.js";
import { throwIfStopped } from "../stop.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { Mended, RowMender, VerifyRun } from "../verify-port.js";
import { readForRepair } from "./repair-read.js";
import type { ReadRow } from "./repair-read.js";
import { RepairRows } from "./repair-rows.js";
import type { PolicyUse } from "./repair-rows.js";
import type { RepairRequest, RepairTools, TableRepair } from "./repair-tools.js";
import { settle } from "./settle.js";
import { again, untilSeen, waitingWithout } from "./tools.js";

/** Readings of one row before it is left to the events that touch it. */
const mostReadings = 5;
/** Rows of one page. */
const pageRows = 20_000;
/** Statements of a dry run, and sentences, that are kept. */
const mostStatements = 1_000;
const mostSentences = 100;

/** One table's rows. */
export class TableRepairing {
  readonly #tools: RepairTools;
  readonly #request: RepairRequest;
  readonly #run: VerifyRun;
  readonly #table: PlanTable;
  readonly #rows: RepairRows;
  readonly #policies: Map<string, PolicyUse>;
  readonly #done = { inserted: 0, updated: 0, deleted: 0, equal: 0 };
  readonly #left = new Set<string>();
  readonly #statements: string[] = [];

  constructor(
    tools: RepairTools,
    request: RepairRequest,
    run: VerifyRun,
    table: PlanTable,
    policies: Map<string, PolicyUse>,
  ) {
    this.#tools = tools;
    this.#request = request;
    this.#run = run;
    this.#table = table;
    this.#rows = new RepairRows(table, tools.engine);
    this.#policies = policies;
  }

  async run(signal: AbortSignal): Promise<TableRepair> {
    const { ledger } = this.#tools;
    const table = this.#table;
    let named = 0;
    let touched = 0;
    for (let after: Buffer | null = null; ;) {
      const page = await ledger.mismatches(table.source, ["different"], after, pageRows);
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.key;
      named += page.length;
      touched += await this.#page(
        page.map(({ key }) => key),
        signal,
      );
    }
    if (!this.#request.dryRun) {
      const more = await settle(this.#tools, this.#run, table, ["different"], signal);
      if (more > 0)
        this.#leave(`${String(more)} more rows differ than are kept on record: copy the table again.`);
    }
    const counts = await ledger.mismatchCounts();
    const count = (state: string): bigint =>
      counts
        .filter((each) => each.table === table.source && each.state === state)
        .reduce((sum, each) => sum + BigInt(each.count), 0n);
    const { dryRun } = this.#request;
    return {
      table,
      named,
      ...this.#done,
      touched,
      left: [...this.#left],
      statements: this.#statements,
      differences: dryRun ? null : count("different"),
      pending: dryRun ? null : count("pending"),
    };
  }

  /** How many rows of the page were touched at each reading. */
  async #page(keys: readonly Buffer[], signal: AbortSignal): Promise<number> {
    let open = keys;
    using pacer = this.#tools.pacer?.();
    for (let reading = 1; open.length > 0 && reading <= mostReadings; reading += 1) {
      const touched: Buffer[] = [];
      for (let from = 0; from < open.length;) {
        throwIfStopped(signal);
        const rest = open.slice(from);
        const step = await again(
          this.#tools,
          `repairing ${this.#table.source}`,
          () => this.#step(rest, pacer, signal),
          signal,
        );
        pacer?.rest();
        from += step.taken;
        touched.push(...step.touched);
      }
      if (this.#request.dryRun) return touched.length;
      open = touched;
    }
    return open.length;
  }

  /** Reads as many of the rows as one transaction may hold, and brings them. */
  async #step(
    keys: readonly Buffer[],
    pacer: Pacer | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly taken: number; readonly touched: readonly Buffer[] }> {
    await pacer?.pace(signal);
    const { following, moment } = this.#tools;
    const { lane, source: name } = this.#table;
    await using mender = await this.#tools.mender(lane);
    const at = await mender.checkpoint();
    if (following === null && at.position !== null)
      throw new Fault(
        "no-engine",
        `Nobody applies the source's log, so it cannot be known what touched ${name} since.`,
      );
    if (following === null && this.#table.key === null) {
      this.#leave(`${name} has no key, and the source's log is not followed: copy it again.`);
      return { taken: keys.length, touched: [] };
    }
    // A pause need not wait for what is waited for here.
    pacer?.rest("idle");
    await untilSeen(this.#tools, this.#table, at, signal);
    await pacer?.pace(signal);
    const read = await readForRepair(
      waitingWithout(this.#tools, pacer),
      this.#rows,
      this.#table,
      keys,
      signal,
    );
    for (const sentence of read.refused) this.#leave(sentence);
    await moment("repair:read");
    // A pause holds the lane that is waited for, and waits itself for whoever has a turn.
    pacer?.rest();
    let join: { readonly position: Position; readonly marker: string } | null = null;
    if (following !== null) await following.caughtUp(lane, signal);
    else if (!this.#request.dryRun) join = await this.#join(lane);
    await moment("repair:caught-up");
    await pacer?.pace(signal);
    const touched = await this.#bring(mender, at, read.found, join);
    await moment("repair:mended");
    return { taken: read.taken, touched };
  }

  /** A marker behind the reading, for a lane that has applied nothing: up to it replay is that of a copy. */
  async #join(lane: string): Promise<{ readonly position: Position; readonly marker: string }> {
    const { primary } = this.#tools;
    const marker = await primary.mark(lane, "join");
    return { marker, position: await primary.position() };
  }

  /** All in one transaction, as values may have to change places; where the target will not have that, row by row. */
  async #bring(
    mender: RowMender,
    at: LaneCheckpoint,
    rows: readonly ReadRow[],
    join: { readonly position: Position; readonly marker: string } | null,
  ): Promise<readonly Buffer[]> {
    const { dryRun, showValues } = this.#request;
    const request = {
      run: this.#run.id,
      table: this.#table,
      since: at.seq,
      join,
      dryRun,
      showValues,
    };
    try {
      return this.#note(rows, await mender.mend({ ...request, rows }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (rows.length === 1) {
        this.#leave(error.message);
        return [];
      }
    }
    const touched: Buffer[] = [];
    let { since } = request;
    for (const row of rows)
      try {
        const mended = await mender.mend({ ...request, since, rows: [row] });
        touched.push(...this.#note([row], mended));
        // Our own mark is on the whole table where no row has a key: the next row is touched by what comes after it.
        for (const { did, seq } of mended) if (this.#table.key === null && did !== "touched") since = seq;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#leave(error.message);
      }
    return touched;
  }

  #leave(sentence: string): void {
    if (this.#left.size < mostSentences) this.#left.add(sentence);
  }

  /** The keys that were touched. */
  #note(rows: readonly ReadRow[], mended: readonly Mended[]): readonly Buffer[] {
    const read = new Map(rows.map((row) => [row.key.toString("latin1"), row]));
    for (const { key, did, statements } of mended) {
      if (did === "touched") continue;
      this.#done[did] += 1;
      for (const statement of statements)
        if (this.#statements.length < mostStatements) this.#statements.push(statement);
      if (did !== "inserted" && did !== "updated") continue;
      for (const use of read.get(key.toString("latin1"))?.policies ?? []) {
        const name = `${use.object} ${use.policy}`;
        const known = this.#policies.get(name)?.count ?? 0;
        this.#policies.set(name, { ...use, count: known + use.count });
      }
    }
    return mended.filter(({ did }) => did === "touched").map(({ key }) => key);
  }
}

/** What the target will not hold. */
function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && ["constraint-refused", "value-refused"].includes(error.code);
}
