/**
 * The model's target: tables, a ledger with checkpoints and an epoch, ranges. A statement group is applied row by row
 * in an order that the seed chooses, as MERGE may, and unique indexes are checked at each row once they are built. A
 * commit's answer may be lost. What a lane's batch leaves behind is compared with the source's state at that position.
 */
import { Fault } from "../../src/errors.js";
import type { Plan, PlanTable, Position, Range } from "../../src/model.js";
import type { ByteSink, Ledger, LeasedRange, LedgerView, RangeLoader } from "../../src/port.js";
import type { TargetLook } from "../../src/verify-port.js";
import { allColumns, keyOf, placesOf, sameRow, valuesOf } from "../../src/stream/example-rows.js";
import type { Row } from "../../src/stream/example-rows.js";
import { applyChanges } from "../../src/stream/example-target.js";
import type { Cascade, LaneTransaction, LaneWriter, StatementGroup } from "../../src/stream-port.js";
import type { StartMarker } from "../../src/stream/settled.js";
import { modelLook, tupleOf } from "./model-look.js";
import { ModelProofs } from "./model-proofs.js";
import { countOf } from "./model-source.js";
import type { LoggedChange, ModelSource, TableState } from "./model-source.js";
import type { Random } from "./random.js";
import type { Actor, Scheduler } from "./scheduler.js";
import { uniqueValue } from "./world-tables.js";
import { act } from "./writer.js";

type Rows = Map<string, Row>;

export interface TargetFlaws {
  /** The checkpoint's epoch is not looked at, nor its number. */
  readonly unfenced?: boolean;
  /** Where a commit's answer is lost, its rows are there and its checkpoint is not. */
  readonly apart?: boolean;
  /** A look tells the checkpoints of a moment after its rows. */
  readonly lateCheckpoint?: boolean;
  /** What foreign keys did is not among the touched keys. */
  readonly untold?: boolean;
  /** A crash takes rows back whose range stays done. */
  readonly halfLost?: boolean;
  /** A table that is copied again is emptied, and its cut's position is the one of before. */
  readonly oldCut?: boolean;
}

/** A change of this table may be refused, and left out by somebody's word. */
const judged = "items";
export const refusal = "items_v_check";

interface RangeState {
  readonly range: Range;
  done: boolean;
  leasedBy: Actor | null;
}

interface LaneState {
  seq: bigint;
  position: Position | null;
  /** The engine whose transaction holds the checkpoint's lock. */
  lockedBy: Actor | null;
}

const copyHeader = 19;

export class ModelTarget {
  readonly tables = new Map<string, Rows>();
  readonly lanes = new Map<string, LaneState>();
  epoch = 0;
  unique = false;
  trouble = 0;
  /** Past the join another value of a row that stays as it is may be refused. */
  refuses = false;
  /** Ranges that no disk has yet: how each is taken back. */
  #unsafe: (() => void)[] = [];
  /** Times that the server was started. */
  #lives = 0;
  readonly #skipped: { readonly key: string; readonly number: number; readonly ordinal: number }[] = [];
  /** What a batch left that the source never was. */
  readonly broken: string[] = [];
  readonly #proofs: ModelProofs;
  /** A row whose value was changed behind everybody's back, and what it held. */
  #spoilt: { readonly table: PlanTable; readonly key: string } | null = null;
  readonly #plan: Plan;
  readonly #source: ModelSource;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #flaws: TargetFlaws;
  readonly #ranges = new Map<string, RangeState[]>();
  readonly #cuts = new Map<string, Position>();
  /** Where tables that were opened again had been cut before. */
  readonly #pastCuts = new Map<string, Position>();
  readonly #reopened = new Set<string>();
  readonly #starts = new Map<string, { position: Position; marker: string; note: string }>();
  readonly #joins = new Map<string, { position: Position; marker: string }>();
  #rowId = 0;

  constructor(plan: Plan, source: ModelSource, scheduler: Scheduler, random: Random, flaws: TargetFlaws) {
    this.#plan = plan;
    this.#source = source;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#flaws = flaws;
    this.#proofs = new ModelProofs(plan);
    for (const { source: name } of plan.tables) this.tables.set(name, new Map());
    for (const lane of plan.lanes) this.lanes.set(lane, { seq: 0n, position: null, lockedBy: null });
  }

  async ask(actor: Actor, what: string): Promise<void> {
    const life = this.#lives;
    await this.#scheduler.step(actor, `target ${what}`);
    if (life !== this.#lives) throw new Fault("connection-lost", `target: ${what}, as it crashed`);
    if (this.#random.chance(this.trouble))
      throw new Fault(this.#random.chance(0.5) ? "connection-lost" : "target-busy", `target: ${what}`);
  }

  /** Becomes the one engine: the epoch rises, and what the one before had open is rolled back. */
  claim(actor: Actor): { ledger: Ledger; writer: (lane: string) => Promise<LaneWriter> } {
    const epoch = ++this.epoch;
    this.drop(null);
    return {
      ledger: this.#ledger(actor, epoch),
      writer: async (lane) => {
        await this.ask(actor, `open lane ${lane}`);
        return this.#laneWriter(actor, epoch, lane);
      },
    };
  }

  /** The server notices that an engine is gone; null: every engine. */
  drop(actor: Actor | null): void {
    for (const lane of this.lanes.values())
      if (actor === null || lane.lockedBy === actor) lane.lockedBy = null;
    for (const ranges of this.#ranges.values())
      for (const range of ranges) if (actor === null || range.leasedBy === actor) range.leasedBy = null;
  }

  /** The server dies, with transactions that nobody waited for, and is there again. Whether it has lost any. */
  crash(): boolean {
    const lost = this.#random.below(this.#unsafe.length + 1);
    for (const back of this.#unsafe.splice(this.#unsafe.length - lost).toReversed()) back();
    this.#unsafe = [];
    this.#lives += 1;
    // Claims die with their connections: whoever had one is none of ours any more.
    this.epoch += 1;
    this.drop(null);
    return lost > 0;
  }

  /** These tables are to be copied again: emptied, one open range each, and a batch of their lanes' own. */
  recopy(tables: readonly string[]): void {
    this.#unsafe = [];
    for (const table of tables) this.#reopen(table);
    const lanes = this.#plan.tables.flatMap(({ source, lane }) => (tables.includes(source) ? [lane] : []));
    for (const name of new Set(lanes)) {
      const lane = this.lanes.get(name);
      if (lane !== undefined && lane.position !== null) lane.seq += 1n;
    }
    if (!tables.includes(judged)) return;
    this.#skipped.length = 0;
  }

  #reopen(table: string): void {
    const range = { table, number: 0, lower: null, upper: null };
    this.#ranges.set(table, [{ range, done: false, leasedBy: null }]);
    this.tables.get(table)?.clear();
    const cut = this.#cuts.get(table);
    if (cut !== undefined) this.#pastCuts.set(table, cut);
    if (this.#flaws.oldCut !== true) this.#cuts.delete(table);
    this.#reopened.add(table);
  }

  /** A change that somebody has left out: its row is the one of before until the next change of its key. */
  skip(number: number, ordinal: number): void {
    const change = this.#source.log[number - 1]?.changes.filter(({ table }) => table === judged)[ordinal - 1];
    const table = this.#plan.tables.find(({ source }) => source === judged);
    if (table === undefined || !change?.after)
      throw new Error(`no change log:${number}#${judged}.${ordinal}`);
    this.#skipped.push({ key: keyOf(table, change.after), number, ordinal });
  }

  /** Whether the last change of a key up to there was left out. */
  #leftOut(table: PlanTable, row: Row, at: number): boolean {
    if (table.source !== judged || this.#skipped.length === 0) return false;
    const key = keyOf(table, row);
    const touches = (one: Row | null): boolean => one !== null && keyOf(table, one) === key;
    return this.#skipped.some(({ key: own, number, ordinal }) => {
      if (own !== key || number > at) return false;
      const changes = (from: number): readonly LoggedChange[] =>
        this.#source.log[from]?.changes.filter(({ table: name }) => name === judged) ?? [];
      const later = [...changes(number - 1).slice(ordinal)];
      for (let next = number; next < at; next++) {
        if (this.#source.log[next]?.truncates === judged) return false;
        later.push(...changes(next));
      }
      return !later.some(({ before, after }) => touches(before) || touches(after));
    });
  }

  get cuts(): ReadonlyMap<string, Position> {
    return this.#cuts;
  }

  get pastCuts(): ReadonlyMap<string, Position> {
    return this.#pastCuts;
  }

  get startMarkers(): ReadonlyMap<string, StartMarker> {
    return new Map([...this.#starts].map(([lane, { marker, note }]) => [lane, { id: marker, note }]));
  }

  get starts(): ReadonlyMap<string, Position> {
    return new Map([...this.#starts].map(([lane, { position }]) => [lane, position]));
  }

  get joins(): ReadonlyMap<string, Position> {
    return new Map([...this.#joins].map(([lane, { position }]) => [lane, position]));
  }

  /** One consistent view, with the checkpoints that it shows. */
  async look(actor: Actor): Promise<TargetLook> {
    await this.ask(actor, "look");
    const tables = new Map([...this.tables].map(([name, rows]) => [name, [...rows.values()]]));
    if (this.#flaws.lateCheckpoint === true)
      for (let turn = 0; turn < 10; turn++) await this.ask(actor, "checkpoints of the look");
    const checkpoints = new Map(
      [...this.lanes].map(([lane, { seq, position }]) => [lane, { seq, position }]),
    );
    return modelLook({ tables, checkpoints, ask: (what) => this.ask(actor, what) });
  }

  /** Another value in the last column of a row, and nobody is told. The row's key. */
  spoil(table: PlanTable, name: string): string {
    const rows = this.tables.get(table.source);
    const row = rows?.get(name);
    if (rows === undefined || row === undefined) throw new Error(`no row ${name}`);
    rows.set(name, [...row.slice(0, -1), -1]);
    this.#spoilt = { table, key: keyOf(table, row) };
    return this.#spoilt.key;
  }

  /** Whether a spoilt row still differs from the source's. */
  get spoilt(): boolean {
    if (this.#spoilt === null) return false;
    const { table, key } = this.#spoilt;
    const find = (rows: Iterable<Row>): string =>
      JSON.stringify([...rows].find((row) => keyOf(table, row) === key) ?? null);
    const there = this.#source.rows(table.source, this.#source.log.length);
    return find(there) !== find(this.tables.get(table.source)?.values() ?? []);
  }

  /** How a lane's tables differ from the source at a position; null when they are equal. */
  difference(lane: string | null, at: number): string | null {
    for (const table of this.#plan.tables) {
      if (lane !== null && table.lane !== lane) continue;
      // Copied again from a later place: its rows are those of there.
      const cut = this.#cuts.get(table.source);
      if (cut !== undefined && countOf(cut) > at) continue;
      const spoilt = this.#spoilt?.table === table ? this.#spoilt.key : null;
      const [there, here] = [this.#source.table(table.source, at), this.tables.get(table.source)];
      if (spoilt === null && table.key !== null && sameRows(there, here)) continue;
      const text = (rows: Iterable<Row>): string =>
        [...rows]
          .filter((row) => spoilt === null || keyOf(table, row) !== spoilt)
          .map((row) => JSON.stringify(this.#leftOut(table, row, at) ? row.slice(0, -1) : row))
          .sort()
          .join(" ");
      const want = text(there?.values() ?? []);
      const have = text(here?.values() ?? []);
      if (want !== have) return `${table.source} at ${at}: source ${want} target ${have}`;
    }
    return null;
  }

  #prove(epoch: number): void {
    if (epoch !== this.epoch && this.#flaws.unfenced !== true)
      throw new Fault("epoch-lost", "another engine has claimed the migration");
  }

  #laneWriter(actor: Actor, epoch: number, name: string): LaneWriter {
    const lane = this.lanes.get(name);
    if (lane === undefined) throw new Error(`no lane ${name}`);
    return {
      lane: name,
      checkpoint: async () => {
        await this.ask(actor, `checkpoint ${name}`);
        return { seq: lane.seq, position: lane.position };
      },
      begin: async (seq) => {
        await this.ask(actor, `begin ${name}`);
        while (lane.lockedBy !== null && lane.lockedBy !== actor)
          await this.#scheduler.step(actor, `wait for ${name}'s checkpoint`);
        this.#prove(epoch);
        if (lane.seq !== seq && this.#flaws.unfenced !== true)
          throw new Fault("checkpoint-moved", `${name} stands at ${lane.seq}, not at ${seq}`);
        lane.lockedBy = actor;
        return this.#transaction(actor, name, lane, seq);
      },
      [Symbol.asyncDispose]: async () => {
        if (lane.lockedBy === actor) lane.lockedBy = null;
      },
    };
  }

  #transaction(actor: Actor, name: string, lane: LaneState, seq: bigint): LaneTransaction {
    const own = new Map<string, Rows>();
    const touched = new Map<string, Buffer | null>();
    const rows = (table: string): Rows => {
      const known = own.get(table) ?? new Map(this.tables.get(table));
      own.set(table, known);
      return known;
    };
    const open = (): void => {
      if (lane.lockedBy !== actor && this.#flaws.unfenced !== true)
        throw new Fault("connection-lost", "the session was ended");
    };
    return {
      write: async (group) => {
        await this.ask(actor, `write ${name}`);
        open();
        this.#write(group, rows, touched);
      },
      commit: async (position) => {
        await this.ask(actor, `commit ${name}`);
        open();
        if (lane.position !== null && countOf(position) < countOf(lane.position))
          this.broken.push(`I5: ${name} went back from ${countOf(lane.position)} to ${countOf(position)}`);
        for (const [table, all] of own) this.tables.set(table, all);
        this.#unsafe = [];
        const last = lane.position;
        this.#proofs.touch(name, seq + 1n, touched);
        lane.seq = seq + 1n;
        lane.position = position;
        lane.lockedBy = null;
        this.#check(name, countOf(position));
        await this.#scheduler.step(actor, `answer of ${name}'s commit`);
        // The writer asks the checkpoint, and may not reach it either.
        if (this.#random.chance(this.trouble)) {
          if (this.#flaws.apart === true) {
            lane.seq = seq;
            lane.position = last;
          }
          throw new Fault("connection-lost", "the answer is lost");
        }
      },
      abort: async () => {
        await this.#scheduler.step(actor, `abort ${name}`);
        if (lane.lockedBy === actor) lane.lockedBy = null;
      },
    };
  }

  /** Past the join a lane's tables are the source's at its position, to the row. */
  #check(lane: string, at: number): void {
    const join = this.#joins.get(lane);
    if (join === undefined || at < countOf(join.position)) return;
    const different = this.difference(lane, at);
    if (different !== null) this.broken.push(different);
  }

  #write(group: StatementGroup, rows: (table: string) => Rows, touched: Map<string, Buffer | null>): void {
    if (group.kind === "truncate") {
      rows(group.table.source).clear();
      touched.set(group.table.source, null);
    } else if (group.kind === "cascade")
      for (const cascade of group.cascades) this.#cascade(cascade, rows, touched);
    else
      for (const changes of group.changes) {
        const { table } = changes;
        const judging = this.refuses && this.unique && table.source === judged;
        const before = judging ? new Map(rows(table.source)) : null;
        applyChanges(changes, group.strict, rows(table.source), {
          unique: (each, row) => (this.unique ? uniqueValue(each.source, row) : null),
          order: (steps) => this.#random.shuffled(steps),
        });
        if (before !== null) demandAllowed(before, rows(table.source));
        touch(touched, table.source, table.key === null ? null : Buffer.concat([...changes.touched.chunks]));
      }
  }

  #cascade(
    { parent, action, columns, values }: Cascade,
    rows: (table: string) => Rows,
    touched: Map<string, Buffer | null>,
  ): void {
    const wide = action === "update" ? [...columns, ...columns] : columns;
    const tiedTables = this.#plan.tables.filter(({ lane, key }) => lane === parent.lane && key !== null);
    const state = new Map(tiedTables.map(({ source }) => [source, rows(source)]));
    const before = new Map(tiedTables.map(({ source }) => [source, new Map(rows(source))]));
    for (const value of valuesOf(parent, wide, values))
      act(state, parent.source, value[0] ?? null, action === "update" ? (value[1] ?? null) : null);
    if (this.#flaws.untold === true) return;
    for (const table of tiedTables) {
      const [was, is] = [before.get(table.source), state.get(table.source)];
      for (const [key, row] of was ?? [])
        if (is?.get(key) !== row)
          touch(touched, table.source, tupleOf(table, row, placesOf(table, table.key?.columns ?? [])));
    }
  }

  view(): LedgerView {
    return {
      state: "copying",
      since: "",
      fingerprint: "model",
      epoch: String(this.epoch),
      holder: null,
      pace: null,
      tables: this.#plan.tables.map(({ source: table }) => {
        const ranges = this.#ranges.get(table);
        return {
          table,
          split: ranges !== undefined,
          ranges: ranges?.length ?? 0,
          rangesDone: ranges?.filter(({ done }) => done).length ?? 0,
          rangesHeld: 0,
          rows: 0,
          bytes: 0,
          cut: this.#cuts.get(table) ?? null,
          reopened: this.#reopened.has(table),
        };
      }),
      built: [],
      policies: [],
      lanes: this.#plan.lanes.map((lane) => ({
        lane,
        start: this.#starts.get(lane) ?? null,
        join: this.#joins.get(lane) ?? null,
        seq: String(this.lanes.get(lane)?.seq ?? 0n),
        applied: this.lanes.get(lane)?.position ?? null,
      })),
      phases: [],
      holds: [],
      quarantine: [],
    };
  }

  #ledger(actor: Actor, epoch: number): Ledger {
    const refuse = (): never => {
      throw new Error("not part of the model");
    };
    const act = async (what: string): Promise<void> => {
      await this.ask(actor, what);
      this.#prove(epoch);
      // This commit waits for the disk, and with it every one before it.
      this.#unsafe = [];
    };
    return {
      epoch: String(epoch),
      lost: new AbortController().signal,
      view: async () => {
        await this.ask(actor, "view");
        return this.view();
      },
      setState: refuse,
      build: refuse,
      unbuild: refuse,
      dropBuilt: refuse,
      addRanges: async (table, ranges) => {
        await act(`ranges of ${table}`);
        if (!this.#ranges.has(table))
          this.#ranges.set(
            table,
            ranges.map((range) => ({ range, done: false, leasedBy: null })),
          );
      },
      hold: async () => act("hold"),
      reopen: async (tables) => {
        await act(`reopen ${tables.join(" ")}`);
        for (const table of tables) this.#reopen(table);
      },
      recordStart: async (lane, position, marker, note) => {
        await act(`start of ${lane}`);
        if (!this.#starts.has(lane)) this.#starts.set(lane, { position, marker, note });
      },
      recordJoin: async (lane, position, marker) => {
        await act(`join of ${lane}`);
        const own = this.#plan.tables.filter((table) => table.lane === lane);
        if (own.some(({ source }) => this.#ranges.get(source)?.every(({ done }) => done) !== true))
          throw new Fault("range-incomplete", `a range of ${lane} is open`);
        if (!this.#joins.has(lane)) this.#joins.set(lane, { position, marker });
      },
      phase: refuse,
      amend: refuse,
      quarantine: refuse,
      settle: refuse,
      slot: async () => ({ [Symbol.asyncDispose]: async () => undefined }),
      loader: async () => this.#loader(actor, epoch),
      lane: refuse,
      mender: refuse,
      verification: () => this.#proofs.ledger(act, (what) => this.ask(actor, what)),
      night: refuse,
      doors: refuse,
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  #loader(actor: Actor, epoch: number): RangeLoader {
    let leased: RangeState | null = null;
    let chunks: Buffer[] = [];
    let into: PlanTable | null = null;
    const end = (): void => {
      if (leased?.leasedBy === actor) leased.leasedBy = null;
      leased = null;
      chunks = [];
    };
    return {
      lease: async (tables): Promise<LeasedRange | null> => {
        await this.ask(actor, "lease");
        this.#prove(epoch);
        const open = tables
          .flatMap((table) => this.#ranges.get(table) ?? [])
          .filter((range) => !range.done && range.leasedBy === null);
        if (open.length === 0) return null;
        leased = this.#random.pick(open);
        leased.leasedBy = actor;
        const { table } = leased.range;
        return { table, range: leased.range, whole: this.#ranges.get(table)?.length === 1 };
      },
      open: async (table): Promise<ByteSink> => {
        await this.ask(actor, `copy ${table.source}`);
        into = table;
        chunks = [];
        return {
          write: (bytes, released) => {
            chunks.push(Buffer.from(bytes));
            released();
            return true;
          },
          drained: async () => undefined,
        };
      },
      commit: async ({ rows, position }) => {
        await this.ask(actor, "commit range");
        if (leased === null || into === null || leased.leasedBy !== actor || leased.done)
          throw new Fault("connection-lost", "the session was ended");
        const bytes = Buffer.concat(chunks);
        const tuples = bytes.subarray(copyHeader, bytes.length - 2);
        const columns = allColumns(into);
        const loaded = valuesOf(into, columns, { rows, bytes: tuples.length, chunks: [tuples] });
        const { source } = into;
        const table = this.tables.get(source);
        const keys: string[] = [];
        for (const row of loaded) {
          const key = into.key === null ? `loaded ${this.#rowId++}` : keyOf(into, row);
          if (table?.has(key) === true) this.broken.push(`I7: ${into.source} ${key} was loaded twice`);
          table?.set(key, row);
          keys.push(key);
        }
        const [range, last] = [leased, this.#cuts.get(source)];
        if (position !== null && (this.#flaws.oldCut !== true || last === undefined))
          this.#cuts.set(source, position);
        leased.done = true;
        this.#unsafe.push(() => {
          for (const key of keys) this.tables.get(source)?.delete(key);
          if (this.#flaws.halfLost !== true) range.done = false;
          if (last === undefined) this.#cuts.delete(source);
          else this.#cuts.set(source, last);
        });
        end();
        await this.#scheduler.step(actor, "answer of the range's commit");
        if (this.#random.chance(this.trouble)) throw new Fault("connection-lost", "the answer is lost");
      },
      abort: async () => {
        await this.#scheduler.step(actor, "abort range");
        end();
      },
      [Symbol.asyncDispose]: async () => end(),
    };
  }
}

/** As a CHECK would have it that somebody has put upon the table: some new values of a row that is there and stays otherwise. */
function demandAllowed(before: Rows, after: Rows): void {
  for (const [key, row] of after) {
    const old = before.get(key);
    if (old === undefined || old === row || old[1] !== row[1] || old[2] === row[2]) continue;
    if (Number(row[2]) % 4 === 3) throw new Fault("constraint-refused", refusal);
  }
}

/** Whether both sides have the same rows under the same keys. */
function sameRows(one: TableState | undefined, other: TableState | undefined): boolean {
  if (one?.size !== other?.size) return false;
  for (const [key, row] of one ?? []) {
    const its = other?.get(key);
    if (its === undefined || !sameRow(row, its)) return false;
  }
  return true;
}

/** Keys beside those that are noted; once the whole table is, it stays so. */
function touch(touched: Map<string, Buffer | null>, table: string, keys: Buffer | null): void {
  const known = touched.get(table);
  if (known === null) return;
  touched.set(table, keys === null ? null : Buffer.concat([known ?? Buffer.alloc(0), keys]));
}
