/**
 * One table's rows on record, brought to what the source has: page by page, each reading and its writing with what has to be
 * waited for between them. Rows that events touched meanwhile are read again, and left to the events in the end.
 */
import { Fault } from "../errors.js";
import type { PlanTable, Position } from "../model.js";
import type { Pacer } from "../safety/turns.js";
import { throwIfStopped } from "../stop.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { Mended, Mending, RowMender } from "../mend-port.js";
import type { RecordedMismatch, VerifyRun } from "../verify-port.js";
import { readForRepair } from "./repair-read.js";
import type { ReadRow } from "./repair-read.js";
import { RepairRows } from "./repair-rows.js";
import type { PolicyUse } from "./repair-rows.js";
import type { RepairRequest, RepairTools, TableRepair } from "./repair-tools.js";
import { settle } from "./settle.js";
import { hasNull } from "./tuple.js";
import { again, inSlot, untilSeen, waitingWithout } from "./tools.js";

/** Readings of one row before it is left to the events that touch it. */
const mostReadings = 5;
/** Rows of one page. */
const pageRows = 20_000;
/** Statements of a dry run, and sentences, that are kept. */
const mostStatements = 1_000;
const mostSentences = 100;

/** A page of what is on record, by key. */
type Named = ReadonlyMap<string, RecordedMismatch>;

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
  /** Rows of a table without a key that are as the source has them now. */
  readonly #mended = new Set<string>();
  readonly #statements: string[] = [];
  #unshown = 0;

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
      touched += await this.#page(page, signal);
      await this.#suspect(page);
    }
    if (!this.#request.dryRun) {
      const states = table.key === null ? (["different", "suspect"] as const) : (["different"] as const);
      const more = await settle(this.#tools, this.#run, table, states, signal);
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
      unshown: this.#unshown,
      differences: dryRun ? null : count("different"),
      pending: dryRun ? null : count("pending"),
    };
  }

  /** Nobody is accused any more of the rows that were mended; in a busy table an accused row waits for a still look. */
  async #suspect(page: readonly RecordedMismatch[]): Promise<void> {
    const found = page
      .filter(({ key }) => this.#mended.has(textOf(key)))
      .map((suspect) => ({ key: suspect.key, state: "suspect" as const, suspect }));
    if (found.length > 0) await this.#tools.ledger.settle(this.#run.id, this.#table.source, found);
    this.#mended.clear();
  }

  /** How many rows of the page were touched at each reading. */
  async #page(page: readonly RecordedMismatch[], signal: AbortSignal): Promise<number> {
    let open = page.flatMap(({ key }) => (this.#nameless(key) ? [] : [key]));
    const named = new Map(page.map((each) => [textOf(each.key), each]));
    using pacer = this.#tools.pacer?.();
    for (let reading = 1; open.length > 0 && reading <= mostReadings; reading += 1) {
      const touched: Buffer[] = [];
      for (let from = 0; from < open.length;) {
        throwIfStopped(signal);
        const rest = open.slice(from);
        const step = await again(
          this.#tools,
          `repairing ${this.#table.source}`,
          () => this.#step(rest, named, pacer, signal),
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
    named: Named,
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
    const rows = this.#known(read.found, named);
    const bring = (): Promise<readonly Buffer[]> => this.#bring(mender, at, rows, join, named);
    const touched = rows.length === 0 ? [] : await inSlot(this.#tools, "target", pacer, bring, signal);
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
    named: Named,
  ): Promise<readonly Buffer[]> {
    const { dryRun, showValues } = this.#request;
    const mending = (row: ReadRow): Mending => ({
      ...row,
      run: named.get(textOf(row.key))?.run ?? this.#run.id,
    });
    const request = {
      table: this.#table,
      since: at.seq,
      join,
      dryRun,
      showValues,
    };
    try {
      return this.#note(rows, await mender.mend({ ...request, rows: rows.map(mending) }));
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
        const mended = await mender.mend({ ...request, since, rows: [mending(row)] });
        touched.push(...this.#note([row], mended));
        // Our own mark is on the whole table where no row has a key: the next row is touched by what comes after it.
        for (const { did, seq } of mended) if (this.#table.key === null && did !== "touched") since = seq;
      } catch (error) {
        if (!isRefusal(error)) throw error;
        this.#leave(error.message);
      }
    return touched;
  }

  /** No key of the source's has a NULL in it: such a row has no name that it could be asked for by. */
  #nameless(key: Buffer): boolean {
    const { key: planned, source } = this.#table;
    if (planned === null || !hasNull(key)) return false;
    this.#leave(
      `Rows of ${source} have NULL in ${planned.columns.join(", ")} on the target, which is no key there any more: delete them, and put the key back.`,
    );
    return true;
  }

  /**
   * Without the rows that the source is said not to have although the verification found them there: nothing is taken away
   * for that. The look that follows tells whether the source has deleted them since; then they are rows too many.
   */
  #known(rows: readonly ReadRow[], named: Named): readonly ReadRow[] {
    if (this.#table.key === null) return rows;
    const known = rows.filter(({ key, row }) => row !== null || named.get(textOf(key))?.kind === "extra");
    const gone = rows.length - known.length;
    if (gone > 0)
      this.#leave(
        `${String(gone)} of the rows that the verification found at the source ${gone === 1 ? "is" : "are"} not there now. What the target has of them is looked at again and not taken away by this repair.`,
      );
    return known;
  }

  #leave(sentence: string): void {
    if (this.#left.size < mostSentences) this.#left.add(sentence);
  }

  /** The keys that were touched. */
  #note(rows: readonly ReadRow[], mended: readonly Mended[]): readonly Buffer[] {
    const read = new Map(rows.map((row) => [textOf(row.key), row]));
    for (const { key, did, statements } of mended) {
      if (did === "touched") continue;
      this.#done[did] += 1;
      if (this.#table.key === null && !this.#request.dryRun) this.#mended.add(textOf(key));
      for (const statement of statements)
        if (this.#statements.length < mostStatements) this.#statements.push(statement);
        else this.#unshown += 1;
      if (did !== "inserted" && did !== "updated") continue;
      for (const use of read.get(textOf(key))?.policies ?? []) {
        const name = `${use.object} ${use.policy}`;
        const known = this.#policies.get(name)?.count ?? 0;
        this.#policies.set(name, { ...use, count: known + use.count });
      }
    }
    return mended.filter(({ did }) => did === "touched").map(({ key }) => key);
  }
}

function textOf(key: Buffer): string {
  return key.toString("latin1");
}

/** What the target will not hold. */
function isRefusal(error: unknown): error is Fault {
  return error instanceof Fault && ["constraint-refused", "value-refused"].includes(error.code);
}
