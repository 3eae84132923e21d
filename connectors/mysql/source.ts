/**
 * MySQL or MariaDB as a source, put together: small statements over one connection that is opened when first
 * needed and again after it was lost, rows over raw connections of their own. The server says itself which engine
 * it is. What reads the log, the catalogue or every value is loaded when it is asked for: most commands do not.
 */
import { Fault } from "../../src/errors.js";
import type { SourceMeasures } from "../../src/measures.js";
import type {
  Catalogue,
  Finding,
  PhaseGrants,
  Plan,
  PlanColumn,
  PlanTable,
  Position,
  Range,
  ServerFacts,
} from "../../src/model.js";
import type {
  CutFrom,
  ExactCut,
  OrderedText,
  Profiler,
  QueryLimits,
  RowReader,
  ServerLoad,
  SecondHand,
  Source,
  TextRow,
  TextsOf,
} from "../../src/port.js";
import type { ChangeFeed } from "../../src/stream-port.js";
import { askSource } from "./ask.js";
import { readCatalogue } from "./catalogue.js";
import { Connection } from "./connection.js";
import type { MysqlOptions } from "./connection.js";
import { takeCut } from "./exact-cut.js";
import { factsOf } from "./facts.js";
import { phaseGrants } from "./phase-grants.js";
import { measureSource } from "./measure.js";
import { mark, marked, prepareMarkers, preparedTransactions } from "./marker.js";
import { readPosition } from "./position.js";
import { Visible } from "./visible.js";
import { readPreflight } from "./preflight.js";
import { replicaFindings } from "./replica.js";
import { fewRows, openReading, WireReader } from "./read.js";
import { loadOf } from "./server-load.js";
import { releaseSlot, takeSlot } from "./slots.js";
import { untilLocked } from "./locked.js";
import { splitTable } from "./split.js";
import { textsInOrder } from "./text-order.js";
import { textSink } from "./text-rows.js";
import type { Wire } from "./wire/wire.js";

/** Connects once, so that a wrong URL is told now, and hands over the source. */
export async function openMysql(options: MysqlOptions): Promise<Source> {
  await using first = await Connection.open(options);
  return new MysqlSource({ ...options, expect: first.identity });
}

class MysqlSource implements Source {
  readonly #options: MysqlOptions;
  readonly #visible: Visible;
  #control: Promise<Connection> | undefined;
  /** Statements of the control connection, one after another: MySQL answers one at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: MysqlOptions) {
    this.#options = options;
    this.#visible = new Visible(options);
  }

  async facts(): Promise<ServerFacts> {
    return this.#with((connection) => factsOf(connection, this.#options));
  }

  async measure(clock: () => Date): Promise<SourceMeasures> {
    return this.#with((connection) => measureSource(connection, clock));
  }

  async catalogue(signal: AbortSignal): Promise<Catalogue> {
    return this.#own((connection) => readCatalogue(connection, signal));
  }

  async grants(cut: CutFrom): Promise<readonly PhaseGrants[]> {
    return this.#with((connection) => phaseGrants(connection, this.#options.database, cut));
  }

  async preflight(): Promise<readonly Finding[]> {
    return this.#with(readPreflight);
  }

  async follows(primary: ServerFacts, position: Position, signal: AbortSignal): Promise<readonly Finding[]> {
    const here = await this.facts();
    return this.#own((connection) => replicaFindings(connection, here, primary, position, signal));
  }

  async profiler(slots: number): Promise<Profiler | null> {
    const { openProfiler } = await import("./profiler.js");
    return openProfiler(this.#options, slots);
  }

  async inOrder(
    table: PlanTable,
    column: PlanColumn,
    which: TextsOf,
    limit: number,
    signal: AbortSignal,
  ): Promise<readonly OrderedText[]> {
    return this.#own((connection) => textsInOrder(connection, table, column, which, limit, signal));
  }

  async *split(table: PlanTable, rangeRows: number, signal: AbortSignal): AsyncGenerator<Range> {
    await using wire = await openReading(this.#options, fewRows);
    const ranges = splitTable(wire, table, rangeRows, signal);
    for (;;) {
      const next = await untilLocked(this.#options, table.source, () => ranges.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  async reader(slots: number): Promise<RowReader | null> {
    const taken = await this.#slot(slots);
    return taken === null
      ? null
      : new WireReader(taken.wire, this.#options, (wire) => releaseSlot(wire, taken.slot));
  }

  async position(): Promise<Position> {
    return this.#with((connection) => readPosition((sql) => connection.query(sql), connection.engine));
  }

  async seen(lane: string, position: Position, signal: AbortSignal): Promise<void> {
    await this.#visible.seen(lane, position, signal);
  }

  async load(): Promise<ServerLoad> {
    return this.#with(loadOf);
  }

  async prepareMarkers(lanes: readonly string[]): Promise<void> {
    await this.#with((connection) => prepareMarkers(connection, lanes));
  }

  async mark(lane: string, note: string): Promise<string> {
    return this.#with((connection) => mark(connection, lane, note));
  }

  async token(): Promise<string> {
    return this.#with(async (connection) => {
      const token = await connection.value("SELECT UUID()");
      if (token === null) throw new Fault("bug", "The source made up no UUID.");
      return token;
    });
  }

  async marked(lane: string, id: string): Promise<string | null> {
    return this.#with((connection) => marked(connection, lane, id));
  }

  async preparedTransactions(): Promise<readonly string[]> {
    return this.#with(preparedTransactions);
  }

  async exactCut(tables: readonly string[], slots: number): Promise<ExactCut | null> {
    const { engine } = await this.#with((connection) => Promise.resolve(connection));
    const taken = await this.#slot(slots);
    if (taken === null) return null;
    try {
      const close = (wire: Wire): Promise<void> => releaseSlot(wire, taken.slot);
      return await takeCut(taken.wire, { options: this.#options, tables, engine, close });
    } catch (error) {
      await taken.wire[Symbol.asyncDispose]();
      throw error;
    }
  }

  async feed(plan: Plan): Promise<ChangeFeed> {
    const { openBinlogFeed } = await import("./binlog/feed.js");
    return openBinlogFeed({ server: this.#options, plan });
  }

  /** The log is there. */
  async prepareFeed(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  /** The log is the source's own, and stays. */
  async feedTraces(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  async endFeed(): Promise<void> {
    await Promise.resolve();
  }

  /** What the log must be like is told by the preflight. */
  async feedFindings(): Promise<readonly Finding[]> {
    return Promise.resolve([]);
  }

  async secondHand(plan: Plan): Promise<SecondHand> {
    const { engine } = await this.#with((connection) => Promise.resolve(connection));
    const { positionBook } = await import("./binlog/book.js");
    const { executedLog } = await import("./binlog/executed.js");
    const { openWitness } = await import("./binlog/witness.js");
    return {
      book: positionBook(engine),
      executed: executedLog(engine, (sql) => this.#with((connection) => connection.value(sql))),
      witness: openWitness({ server: this.#options, plan, engine }),
    };
  }

  async texts(
    relation: string,
    select: readonly string[],
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<void> {
    await using reader = new WireReader(await openReading(this.#options), this.#options);
    const query = { table: relation, select, key: null, range: null, ordered: false };
    await reader.read(query, textSink(select.length, onRow), signal);
  }

  async ask(
    sql: string,
    limits: QueryLimits,
    onRow: TextRow,
    signal: AbortSignal,
  ): Promise<{ readonly whole: boolean }> {
    return await askSource(this.#options, sql, limits, onRow, signal);
  }

  /** Runs an act on a connection of its own: an abort ends the session in the middle of its statement. */
  async #own<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    await using connection = await Connection.open(this.#options);
    return await act(connection);
  }

  async #slot(slots: number): Promise<{ readonly wire: Wire; readonly slot: string } | null> {
    const wire = await openReading(this.#options);
    try {
      const slot = await takeSlot(wire, slots);
      if (slot !== null) return { wire, slot };
    } catch (error) {
      await wire[Symbol.asyncDispose]();
      throw error;
    }
    await wire[Symbol.asyncDispose]();
    return null;
  }

  /** Runs an act on the control connection; a connection that was lost is opened anew for the next one. */
  async #with<T>(act: (connection: Connection) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      this.#control ??= Connection.open(this.#options);
      const opening = this.#control;
      let connection: Connection;
      try {
        connection = await opening;
      } catch (error) {
        // Nothing was opened, so there is nothing to keep or to close.
        this.#control = undefined;
        throw error;
      }
      try {
        return await act(connection);
      } catch (error) {
        if (error instanceof Fault && error.retriable && error.code !== "source-busy")
          this.#control = undefined;
        throw error;
      }
    });
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#visible[Symbol.asyncDispose]();
    const control = this.#control;
    this.#control = undefined;
    if (control === undefined) return;
    const connection = await control;
    await connection[Symbol.asyncDispose]();
  }
}
