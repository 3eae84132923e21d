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
import type { Ledger, LedgerView, QuarantinedEvent, RangeLoader } from "../../src/port.js";
import { postgresName } from "../../src/safety/identifier.js";
import type { LaneWriter } from "../../src/stream-port.js";
import { stopReason } from "../../src/stop.js";
import type { RowMender, VerifyLedger } from "../../src/verify-port.js";
import { PostgresLane } from "./apply/lane.js";
import { PostgresMender } from "./apply/mend.js";
import { Builder } from "./build.js";
import type { PostgresOptions, Session, SqlResult, SqlValue } from "./connection.js";
import { inEpoch } from "./epoch.js";
import type { Claim } from "./epoch.js";
import { readView } from "./ledger-view.js";
import { PostgresLoader } from "./load.js";
import { HostSlots } from "./slots.js";
import { verifyLedger } from "./verify/ledger.js";
import { forgetProofs, unprove } from "./verify/proofs.js";
import { TouchedKeys } from "./verify/touched.js";

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
  /** One session carries one transaction at a time. */
  readonly #turn = pLimit(1);

  constructor(options: PostgresOptions, session: Session, claim: Claim, plan: Plan) {
    this.#options = options;
    this.#session = session;
    this.#claim = claim;
    this.#plan = plan;
    this.#builder = new Builder(options, claim, plan.schema);
    this.#slots = new HostSlots(options);
    this.#touched = new TouchedKeys(options, claim.migration);
    this.#verification = verifyLedger(
      {
        migration: claim.migration,
        write: (doing, act) => this.#turn(() => inEpoch(session, claim, doing, () => act(session))),
        read: (act) => this.#turn(() => act(session)),
      },
      this.#touched,
    );
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
    await this.#write(
      "recording the state",
      `UPDATE headgate.migration SET state = $2, since = clock_timestamp() WHERE id = $1 AND state <> $2`,
      [state],
    );
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
    await this.#turn(() =>
      inEpoch(this.#session, this.#claim, `emptying ${tables.join(", ")}`, async () => {
        const { rows } = await this.#session.query(
          `SELECT target, EXISTS (SELECT FROM pg_catalog.pg_constraint c
                                   WHERE c.contype = 'f' AND c.confrelid = to_regclass(format('%I.%I', $3::text, t.target))) AS referenced
             FROM headgate.source_table t WHERE migration = $1 AND name = ANY ($2::text[])`,
          [migration, tables, this.#plan.schema],
        );
        // TRUNCATE refuses a table that a foreign key points to. Its rows go without what the key would do to others.
        if (rows.some((row) => row["referenced"] === "t"))
          await this.#session.query("SET LOCAL session_replication_role = replica");
        for (const row of rows) {
          const name = `${postgresName(this.#plan.schema)}.${postgresName(row["target"] ?? "")}`;
          await this.#session.query(row["referenced"] === "t" ? `DELETE FROM ${name}` : `TRUNCATE ${name}`);
        }
        for (const sql of [
          "DELETE FROM headgate.range WHERE migration = $1 AND table_name = ANY ($2::text[])",
          `INSERT INTO headgate.range (migration, table_name, rank, number)
           SELECT migration, name, rank, 0 FROM headgate.source_table WHERE migration = $1 AND name = ANY ($2::text[])`,
          "UPDATE headgate.source_table SET ranges = 1 WHERE migration = $1 AND name = ANY ($2::text[])",
        ])
          await this.#session.query(sql, [migration, tables]);
        await forgetProofs(this.#session, migration, tables);
        // A batch of its own, so that it comes after whatever was compared; before the first one nothing was.
        await this.#session.query(
          `WITH moved AS (
             UPDATE headgate.lane l SET seq = seq + 1
              WHERE l.migration = $1 AND l.position IS NOT NULL
                AND EXISTS (SELECT FROM headgate.source_table t
                             WHERE t.migration = $1 AND t.lane = l.lane AND t.name = ANY ($2::text[]))
             RETURNING l.lane, l.seq, l.position)
           INSERT INTO headgate.dirty (migration, lane, seq, table_name, keys, whole, position)
           SELECT $1, m.lane, m.seq, t.name, NULL, true, m.position
             FROM moved m JOIN headgate.source_table t ON t.migration = $1 AND t.lane = m.lane
            WHERE t.name = ANY ($2::text[])`,
          [migration, tables],
        );
      }),
    );
  }

  async amend(plan: Plan): Promise<void> {
    const { migration } = this.#claim;
    await this.#turn(() =>
      inEpoch(this.#session, this.#claim, "taking another plan", async () => {
        await this.#session.query("UPDATE headgate.migration SET fingerprint = $2 WHERE id = $1", [
          migration,
          plan.fingerprint,
        ]);
        await this.#session.query(
          `INSERT INTO headgate.source_table (migration, name, target, lane, rank)
           SELECT $1, t.name, t.target, t.lane,
                  (SELECT coalesce(max(rank), -1) FROM headgate.source_table WHERE migration = $1) + t.place
             FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS t (name, target, lane, place)
           ON CONFLICT (migration, name) DO NOTHING`,
          [
            migration,
            plan.tables.map((table) => table.source),
            plan.tables.map((table) => table.target),
            plan.tables.map((table) => table.lane),
          ],
        );
        await forgetProofs(this.#session, migration, this.#changed(plan));
      }),
    );
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
    const [who, why] = how.state === "skipped" ? [how.who, how.why] : [null, null];
    const { migration } = this.#claim;
    return await this.#turn(() =>
      inEpoch(this.#session, this.#claim, "recording what became of a quarantined event", async () => {
        const { rows } = await this.#session.query(
          `UPDATE headgate.quarantine SET state = $3, who = $4, why = $5, settled_at = clock_timestamp()
            WHERE migration = $1 AND event = $2 AND state = 'kept' RETURNING table_name`,
          [migration, event, how.state, who, why],
        );
        // What was left out, and what its foreign keys would have done, is in no batch's touched keys.
        if (how.state === "skipped")
          for (const row of rows)
            await unprove(this.#session, migration, withChildren(this.#plan, row["table_name"] ?? ""));
        return rows.length === 1;
      }),
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
