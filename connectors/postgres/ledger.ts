/**
 * The claimed ledger: one engine's right to write for a migration, and every small fact it writes. All writes go
 * through the claim's own session, one transaction after the other, each of which proves the epoch first. When
 * that session dies the claim is gone with it, so `lost` is aborted and whatever still runs must stop.
 */
import pLimit from "p-limit";
import { Fault } from "../../src/errors.js";
import type {
  Hold,
  MigrationState,
  Plan,
  PlanStatement,
  Position,
  Range,
  RangeOrder,
} from "../../src/model.js";
import type { NightLedger, TargetNight } from "../../src/cutover-port.js";
import type { Amending, Clock, Ledger, LedgerView, QuarantinedEvent, RangeLoader } from "../../src/port.js";
import type { LaneWriter } from "../../src/stream-port.js";
import { stopReason } from "../../src/stop.js";
import type { RowMender } from "../../src/mend-port.js";
import type { VerifyLedger } from "../../src/verify-port.js";
import { takePlan } from "./amend.js";
import { PostgresLane } from "./apply/lane.js";
import { PostgresMender } from "./apply/mend.js";
import { Builder } from "./build.js";
import type { PostgresOptions, Session, SqlResult, SqlValue } from "./connection.js";
import { inEpoch } from "./epoch.js";
import type { Claim } from "./epoch.js";
import { demandForward } from "./forward.js";
import { readView } from "./ledger-view.js";
import { PostgresLoader } from "./load.js";
import { openWayBack } from "./logical/way-back.js";
import { nightLedger } from "./night/ledger.js";
import { openTargetNight } from "./night/night.js";
import { isWayBack, takeOrigin } from "./origin.js";
import { reopenTables } from "./reopen.js";
import { HostSlots } from "./slots.js";
import { dropBuilt } from "./traces.js";
import { verifyLedger } from "./verify/ledger.js";
import { forgetProofs, unprove } from "./verify/proofs.js";
import { TouchedKeys } from "./verify/touched.js";
import type { Writing } from "./verify/writing.js";

export class PostgresLedger implements Ledger {
  readonly #options: PostgresOptions;
  readonly #session: Session;
  readonly #claim: Claim;
  readonly #plan: Plan;
  readonly #lost = new AbortController();
  readonly #builder: Builder;
  readonly #slots: HostSlots;
  readonly #touched: TouchedKeys;
  readonly #verification: VerifyLedger;
  readonly #night: NightLedger;
  /** One session carries one transaction at a time. */
  readonly #turn = pLimit(1);
  /** The claim's session carries an origin. */
  #marked = false;

  constructor(options: PostgresOptions, session: Session, claim: Claim, plan: Plan) {
    this.#options = options;
    this.#session = session;
    this.#claim = claim;
    this.#plan = plan;
    this.#builder = new Builder(options, claim, plan.schema);
    this.#slots = new HostSlots(options);
    this.#touched = new TouchedKeys(options, claim.migration);
    const writing: Writing = {
      migration: claim.migration,
      write: (doing, act) => this.#turn(() => inEpoch(session, claim, doing, () => act(session))),
      read: (act) => this.#turn(() => act(session)),
    };
    this.#verification = verifyLedger(writing, this.#touched);
    this.#night = nightLedger({
      ...writing,
      claim,
      plan,
      alone: (act) => this.#turn(() => act(session)),
      moment: (name) => options.moment?.(name),
    });
    session.onDeath((fault) => {
      const sentence = `The session that holds the claim on ${claim.migration} ended, so this engine stops. ${fault.message}`;
      this.#lost.abort(new Fault("connection-lost", sentence, { cause: fault }));
    });
  }

  get epoch(): string {
    return this.#claim.epoch;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async view(): Promise<LedgerView> {
    const view = await this.#turn(() => readView(this.#session, this.#claim.migration));
    if (view === null)
      throw new Fault("ledger-mismatch", `The ledger no longer knows ${this.#claim.migration}.`);
    return view;
  }

  verification(): VerifyLedger {
    return this.#verification;
  }

  async setState(state: MigrationState): Promise<void> {
    const { migration } = this.#claim;
    await this.#turn(() =>
      inEpoch(this.#session, this.#claim, "recording the state", async () => {
        // An open target soaks until the way back or the end of it; whoever says otherwise has not looked.
        if (state !== "soaking" && state !== "completed") await demandForward(this.#session, migration);
        const { rows } = await this.#session.query(
          "SELECT state FROM headgate.migration WHERE id = $1 FOR UPDATE",
          [migration],
        );
        // An engine that was about to claim it while it was given up meets that here, before it makes anything.
        if (rows[0]?.["state"] === "abandoned" && state !== "abandoned")
          throw new Fault("abandoned", `${migration} was abandoned: nothing goes on from there.`);
        await this.#session.query(
          "UPDATE headgate.migration SET state = $2, since = clock_timestamp() WHERE id = $1 AND state <> $2",
          [migration, state],
        );
      }),
    );
  }

  night(): NightLedger {
    return this.#night;
  }

  doors(roles: readonly string[], clock: Clock): TargetNight {
    const server = this.#options;
    const { migration } = this.#claim;
    const wayBack = openWayBack({ server, migration, ...clock });
    return openTargetNight({ postgres: server, roles, claim: this.#claim, wayBack });
  }

  async dropBuilt(): Promise<void> {
    await this.#turn(() => dropBuilt(this.#session, this.#claim, this.#plan));
  }

  async build(statement: PlanStatement, signal: AbortSignal): Promise<void> {
    this.#lost.signal.throwIfAborted();
    await this.#builder.build(statement, AbortSignal.any([signal, this.#lost.signal]));
  }

  async unbuild(statement: PlanStatement, signal: AbortSignal): Promise<void> {
    this.#lost.signal.throwIfAborted();
    await this.#builder.unbuild(statement, AbortSignal.any([signal, this.#lost.signal]));
  }

  async addRanges(table: string, ranges: readonly Range[]): Promise<void> {
    checkCover(table, ranges);
    const bounds = (side: "lower" | "upper"): (string | null)[] =>
      ranges.map((range) => (range[side] === null ? null : JSON.stringify(range[side])));
    await this.#turn(() =>
      inEpoch(this.#session, this.#claim, `recording the ranges of ${table}`, async () => {
        const marked = await this.#session.query(
          "UPDATE headgate.source_table SET ranges = $3 WHERE migration = $1 AND name = $2 AND ranges IS NULL",
          [this.#claim.migration, table, ranges.length],
        );
        if (marked.count === 0) return;
        await this.#session.query(
          `INSERT INTO headgate.range (migration, table_name, rank, number, lower, upper)
           SELECT t.migration, t.name, t.rank, r.number, r.lower::json, r.upper::json
             FROM headgate.source_table t,
                  unnest($3::int[], $4::text[], $5::text[]) AS r (number, lower, upper)
            WHERE t.migration = $1 AND t.name = $2`,
          [
            this.#claim.migration,
            table,
            ranges.map((range) => range.number),
            bounds("lower"),
            bounds("upper"),
          ],
        );
      }),
    );
  }

  async hold(holds: readonly Hold[]): Promise<void> {
    const { migration } = this.#claim;
    await this.#turn(() =>
      inEpoch(this.#session, this.#claim, "recording the ranges to hold", async () => {
        await this.#session.query("DELETE FROM headgate.hold WHERE migration = $1", [migration]);
        await this.#session.query(
          `INSERT INTO headgate.hold (migration, table_name, first, last)
           SELECT $1, h.name, h.first, h.last FROM unnest($2::text[], $3::int[], $4::int[]) AS h (name, first, last)`,
          [
            migration,
            holds.map((hold) => hold.table),
            holds.map((hold) => hold.first),
            holds.map((hold) => hold.last),
          ],
        );
      }),
    );
  }

  async reopen(tables: readonly string[]): Promise<void> {
    const { migration } = this.#claim;
    await this.#turn(async () => {
      await this.#mark();
      await inEpoch(this.#session, this.#claim, `emptying ${tables.join(", ")}`, async () => {
        await demandForward(this.#session, migration);
        await reopenTables(this.#session, migration, this.#plan.schema, tables);
      });
    });
  }

  async amend(plan: Plan, amending: Amending): Promise<void> {
    const { migration } = this.#claim;
    await this.#turn(async () => {
      await this.#mark();
      await inEpoch(this.#session, this.#claim, "taking another plan", async () => {
        await demandForward(this.#session, migration);
        await takePlan(this.#session, this.#plan, plan, amending);
        await forgetProofs(this.#session, migration, this.#changed(plan));
        for (const { event, ...decision } of amending.pass) await this.#settled(event, "skipped", decision);
      });
    });
  }

  async recordStart(lane: string, position: Position, marker: string, note: string): Promise<void> {
    await this.#writeOne(
      `recording the start of lane ${lane}`,
      `UPDATE headgate.lane SET start_position = $3::json, start_marker = $4, start_note = $5
        WHERE migration = $1 AND lane = $2 AND start_marker IS NULL`,
      [lane, JSON.stringify(position), marker, note],
    );
  }

  /**
   * Refuses while a range of the lane is open or a table without bounds. Ranges are committed without waiting for
   * the disk; this commit waits, and with it every earlier one is on disk, or the server lost them and the
   * condition below finds them open again.
   */
  async recordJoin(lane: string, position: Position, marker: string): Promise<void> {
    await this.#writeOne(
      `recording the join of lane ${lane}`,
      `UPDATE headgate.lane SET join_position = $3::json, join_marker = $4
        WHERE migration = $1 AND lane = $2 AND start_marker IS NOT NULL AND join_marker IS NULL
          AND NOT EXISTS (SELECT FROM headgate.source_table t
                           WHERE t.migration = $1 AND t.lane = $2
                             AND (t.ranges IS NULL
                                  OR t.ranges <> (SELECT count(*) FROM headgate.range r
                                                   WHERE r.migration = $1 AND r.table_name = t.name
                                                     AND r.state = 'done')))`,
      [lane, JSON.stringify(position), marker],
    );
  }

  async phase(
    phase: string,
    facts: Readonly<Record<string, string | number | boolean | null>>,
    ended: boolean,
  ): Promise<void> {
    await this.#write(
      `recording the phase ${phase}`,
      `INSERT INTO headgate.phase AS p (migration, phase, started_at, ended_at, facts)
       VALUES ($1, $2, clock_timestamp(), CASE WHEN $4::bool THEN clock_timestamp() END, $3::json)
       ON CONFLICT (migration, phase) DO UPDATE
          SET facts = (p.facts::jsonb || excluded.facts::jsonb)::json, ended_at = excluded.ended_at`,
      [phase, JSON.stringify(facts), ended ? "true" : "false"],
    );
  }

  async quarantine({ event, lane, table, reason, sentence }: QuarantinedEvent): Promise<void> {
    await this.#write(
      "recording a quarantined event",
      `INSERT INTO headgate.quarantine (migration, event, lane, table_name, position, reason, sentence, kept_at)
       SELECT $1, $2, $3, $4, (SELECT l.position FROM headgate.lane l WHERE l.migration = $1 AND l.lane = $3), $5, $6,
              clock_timestamp()
       ON CONFLICT (migration, event) DO UPDATE SET reason = excluded.reason, sentence = excluded.sentence
          WHERE headgate.quarantine.state = 'kept'`,
      [event, lane, table, reason, sentence],
    );
  }

  async settle(event: string, how: Parameters<Ledger["settle"]>[1]): Promise<boolean> {
    return await this.#turn(() =>
      inEpoch(this.#session, this.#claim, "recording what became of a quarantined event", () =>
        this.#settled(event, how.state, how.state === "skipped" ? how : null),
      ),
    );
  }

  async slot(slots: number): Promise<AsyncDisposable | null> {
    if (this.#lost.signal.aborted) throw stopReason(this.#lost.signal);
    return this.#slots.take(slots);
  }

  async loader(order: RangeOrder = "oldest"): Promise<RangeLoader> {
    if (this.#lost.signal.aborted) throw stopReason(this.#lost.signal);
    return new PostgresLoader(this.#options, this.#claim, this.#plan.schema, this.#lost.signal, order);
  }

  async lane(lane: string): Promise<LaneWriter> {
    if (this.#lost.signal.aborted) throw stopReason(this.#lost.signal);
    return PostgresLane.open(this.#options, this.#claim, this.#plan, lane, this.#lost.signal);
  }

  async mender(lane: string): Promise<RowMender> {
    if (this.#lost.signal.aborted) throw stopReason(this.#lost.signal);
    return PostgresMender.open({
      options: this.#options,
      claim: this.#claim,
      plan: this.#plan,
      lane,
      lost: this.#lost.signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#builder[Symbol.asyncDispose]();
    await this.#slots[Symbol.asyncDispose]();
    await this.#touched[Symbol.asyncDispose]();
    await this.#turn(() => this.#session.close());
  }

  /** Within a transaction that has proven the epoch. */
  async #settled(
    event: string,
    state: "applied" | "skipped",
    decision: { readonly who: string; readonly why: string } | null,
  ): Promise<boolean> {
    const { migration } = this.#claim;
    const { rows } = await this.#session.query(
      `UPDATE headgate.quarantine SET state = $3, who = $4, why = $5, settled_at = clock_timestamp()
        WHERE migration = $1 AND event = $2 AND state = 'kept' RETURNING table_name`,
      [migration, event, state, decision?.who ?? null, decision?.why ?? null],
    );
    // What was left out, and what its foreign keys would have done, is in no batch's touched keys.
    if (state === "skipped")
      for (const row of rows)
        await unprove(this.#session, migration, withChildren(this.#plan, row["table_name"] ?? ""));
    return rows.length === 1;
  }

  /** What empties tables from now on is told from what the application does. */
  async #mark(): Promise<void> {
    if (this.#marked || !(await isWayBack(this.#session, this.#options, this.#claim.migration))) return;
    const role = { role: "ledger", several: false } as const;
    await takeOrigin(this.#session, this.#options, this.#claim.migration, role);
    this.#marked = true;
  }

  /** Tables that another plan reads otherwise. */
  #changed(plan: Plan): readonly string[] {
    const before = new Map(this.#plan.tables.map((table) => [table.source, JSON.stringify(table.columns)]));
    return plan.tables
      .filter((table) => JSON.stringify(table.columns) !== before.get(table.source))
      .map(({ source }) => source);
  }

  async #write(doing: string, sql: string, values: readonly SqlValue[]): Promise<SqlResult> {
    return this.#turn(() =>
      inEpoch(this.#session, this.#claim, doing, () =>
        this.#session.query(sql, [this.#claim.migration, ...values]),
      ),
    );
  }

  async #writeOne(doing: string, sql: string, values: readonly SqlValue[]): Promise<void> {
    const written = await this.#write(doing, sql, values);
    if (written.count !== 1)
      throw new Fault("ledger-mismatch", `The ledger does not stand as it must while ${doing}.`);
  }
}

/** A table's ranges must cover its keys once: numbered from 0, each beginning where the one before ended. */
function checkCover(table: string, ranges: readonly Range[]): void {
  const same = (a: readonly string[] | null | undefined, b: readonly string[] | null | undefined): boolean =>
    JSON.stringify(a) === JSON.stringify(b);
  const whole =
    ranges.length > 0 &&
    same(ranges[0]?.lower, null) &&
    same(ranges.at(-1)?.upper, null) &&
    ranges.every((range, index) => {
      if (range.number !== index) return false;
      return index === 0 || (range.lower !== null && same(range.lower, ranges[index - 1]?.upper));
    });
  if (!whole) throw new Fault("bug", `The ranges of ${table} do not cover its keys exactly once.`);
}

/** The table, and those that foreign keys tie to it, down to the last. */
function withChildren(plan: Plan, table: string): readonly string[] {
  const found = new Set([table]);
  for (const parent of found)
    for (const { source, foreignKeys } of plan.tables)
      if (foreignKeys?.some(({ referencedTable }) => referencedTable === parent) === true) found.add(source);
  return [...found];
}
