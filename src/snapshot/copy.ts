/**
 * One range from source to target: lease, read, encode, load, mark. The three hand-overs of a row meet here and
 * only here. What the source said it read, what the codecs wrote and what the target counted must be one number;
 * a range that fails in any way is rolled back whole and its reader, which may still hold unread rows, is closed.
 */
import { Fault } from "../errors.js";
import type { Position, PlanTable } from "../model.js";
import type {
  ByteSink,
  ExactCut,
  LeasedRange,
  Ledger,
  RangeLoader,
  RangeResult,
  RowReader,
  RowSink,
  Source,
} from "../port.js";
import type { Pacer } from "../safety/turns.js";
import type { OnEvent } from "./event.js";
import type { MomentHook } from "./moments.js";
import { withSlot } from "../safety/slot.js";
import type { SlotTools } from "../safety/slot.js";

/** A table's codecs at work on one range. `rows` counts as they come. */
export interface RowEncoder extends RowSink {
  readonly rows: number;
  /** Hands over what is left, with the end of the COPY; then the totals are final. */
  finish(): Omit<RangeResult, "position">;
}

/** What the type map makes of a table. */
export interface TableCoder {
  /** Select list, one expression for each of the encoder's cells. */
  readonly select: readonly string[];
  encode(sink: ByteSink): RowEncoder;
}

export interface CopyTools extends SlotTools {
  readonly onEvent: OnEvent;
  readonly source: Source;
  readonly ledger: Ledger;
  readonly coderOf: (table: PlanTable) => TableCoder;
  readonly moment: MomentHook;
  /** A worker's turns to write, where somebody governs them. */
  readonly pacer?: () => Pacer;
}

/** One worker's two connections. The reader is opened when needed and closed when it cannot be trusted any more. */
export class Copier implements AsyncDisposable {
  readonly #tools: CopyTools;
  readonly #loader: RangeLoader;
  readonly #worker: number;
  readonly #pacer: Pacer | null;
  #reader: RowReader | null = null;

  constructor(tools: CopyTools, loader: RangeLoader, worker: number) {
    this.#pacer = tools.pacer?.() ?? null;
    this.#tools = tools;
    this.#loader = loader;
    this.#worker = worker;
  }

  /** Copies the next open range of `tables` and returns its table; null when there is none that is not leased already. */
  async copyNext(tables: ReadonlyMap<string, PlanTable>, signal: AbortSignal): Promise<PlanTable | null> {
    await this.#pacer?.pace(signal);
    let copied: PlanTable | null = null;
    try {
      copied = await this.#copyNext(tables, signal);
      return copied;
    } finally {
      this.#pacer?.rest(copied === null ? "idle" : undefined);
    }
  }

  async #copyNext(tables: ReadonlyMap<string, PlanTable>, signal: AbortSignal): Promise<PlanTable | null> {
    // A range is leased only by someone who can read it: its lock is on the ledger while it is held.
    this.#reader ??= await withSlot(
      this.#tools,
      "source",
      (slots) => this.#tools.source.reader(slots),
      signal,
    );
    let leased: LeasedRange | null = null;
    let sent = { rows: 0, bytes: 0 };
    try {
      leased = await this.#loader.lease([...tables.keys()]);
      if (leased === null) return null;
      const { table: name, range } = leased;
      const table = tables.get(name);
      if (table === undefined)
        throw new Fault("bug", `A range of ${name} was leased, which nobody asked for.`);
      this.#tools.onEvent({ kind: "leased", table: name, range: range.number, worker: this.#worker });
      await this.#tools.moment("range:leased");
      const result = await this.#copy(table, leased, signal, (rows, bytes) => {
        sent = { rows: sent.rows + rows, bytes: sent.bytes + bytes };
        this.#tools.onEvent({ kind: "sent", table: name, rows, bytes });
      });
      await this.#tools.moment("range:copied-not-marked");
      await this.#loader.commit(result);
      this.#tools.onEvent({
        kind: "done",
        table: name,
        range: range.number,
        rows: result.rows,
        bytes: result.bytes,
      });
      await this.#tools.moment("range:committed");
      return table;
    } catch (error) {
      await this.#giveUp(error);
      if (leased !== null)
        this.#tools.onEvent({ kind: "undone", table: leased.table, range: leased.range.number, ...sent });
      throw error;
    }
  }

  /**
   * Copies tables that only one position can part from their log, each as one range in one view. Committed table by
   * table: whoever is interrupted begins again with all of them empty (design.md, decision 4).
   */
  async copyCut(tables: readonly PlanTable[], signal: AbortSignal): Promise<void> {
    await this.#closeReader();
    // Before the view is opened and not between its tables: held up, it would have the source keep old rows all the while.
    await this.#pacer?.pace(signal);
    try {
      await using cut = await withSlot(
        this.#tools,
        "source",
        (slots) =>
          this.#tools.source.exactCut(
            tables.map(({ source }) => source),
            slots,
          ),
        signal,
      );
      await this.#tools.moment("cut:opened");
      for (const table of tables) await this.#copyInCut(table, cut, signal);
    } finally {
      this.#pacer?.rest();
    }
  }

  /** Gives the source's slot back until there is something to copy. */
  async rest(): Promise<void> {
    await this.#closeReader();
  }

  async #copyInCut(table: PlanTable, cut: ExactCut, signal: AbortSignal): Promise<void> {
    const { onEvent, moment } = this.#tools;
    const name = table.source;
    let sent = { rows: 0, bytes: 0 };
    let leased: LeasedRange | null = null;
    try {
      leased = await this.#loader.lease([name]);
      if (leased === null)
        throw new Fault(
          "target-busy",
          `The range of ${name} is locked by a session that is not ours any more.`,
        );
      onEvent({ kind: "leased", table: name, range: 0, worker: this.#worker });
      await moment("range:leased");
      const result = await this.#load(table, leased, cut.reader, cut.position, signal, (rows, bytes) => {
        sent = { rows: sent.rows + rows, bytes: sent.bytes + bytes };
        onEvent({ kind: "sent", table: name, rows, bytes });
      });
      await moment("range:copied-not-marked");
      await this.#loader.commit(result);
      onEvent({ kind: "done", table: name, range: 0, rows: result.rows, bytes: result.bytes });
      await moment("range:committed");
    } catch (error) {
      await this.#giveUp(error);
      if (leased !== null) onEvent({ kind: "undone", table: name, range: 0, ...sent });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pacer?.[Symbol.dispose]();
    await this.#closeReader();
    await this.#loader[Symbol.asyncDispose]();
  }

  async #copy(
    table: PlanTable,
    leased: LeasedRange,
    signal: AbortSignal,
    onSent: (rows: number, bytes: number) => void,
  ): Promise<RangeResult> {
    if (!isExactCut(table)) {
      if (this.#reader === null) throw new Fault("bug", "A range was leased without a reader.");
      return this.#load(table, leased, this.#reader, null, signal, onSent);
    }
    // The cut reads through a slot of its own: this worker must give its slot back first, or wait for itself.
    await this.#closeReader();
    await using cut = await withSlot(
      this.#tools,
      "source",
      (slots) => this.#tools.source.exactCut([table.source], slots),
      signal,
    );
    await this.#tools.moment("cut:opened");
    return await this.#load(table, leased, cut.reader, cut.position, signal, onSent);
  }

  /** Sends the range while a slot of the target's host is held. */
  async #load(...range: Parameters<Copier["send"]>): Promise<RangeResult> {
    const signal = range[4];
    const { ledger } = this.#tools;
    const slot = await withSlot(this.#tools, "target", (slots) => ledger.slot(slots), signal);
    try {
      return await this.send(...range);
    } finally {
      await slot[Symbol.asyncDispose]();
    }
  }

  private async send(
    table: PlanTable,
    leased: LeasedRange,
    reader: RowReader,
    position: Position | null,
    signal: AbortSignal,
    onSent: (rows: number, bytes: number) => void,
  ): Promise<RangeResult> {
    const sink = await this.#loader.open(table, leased.whole);
    await this.#tools.moment("range:copy-open");
    const coder = this.#tools.coderOf(table);
    let told = 0;
    let first = true;
    const counting: ByteSink = {
      write: (bytes, released) => {
        const more = sink.write(bytes, released);
        onSent(encoder.rows - told, bytes.length);
        told = encoder.rows;
        if (first) {
          first = false;
          void this.#tools.moment("range:half-sent");
        }
        return more;
      },
      drained: () => sink.drained(),
    };
    const encoder = coder.encode(counting);
    const query = {
      table: table.source,
      select: coder.select,
      key: table.key,
      range: leased.whole ? null : leased.range,
      ordered: false,
    };
    const read = await reader.read(query, encoder, signal);
    const result = encoder.finish();
    if (result.rows !== read.rows)
      throw new Fault(
        "range-incomplete",
        `Range ${leased.range.number} of ${table.source}: the source sent ${read.rows} rows and ${result.rows} were encoded.`,
      );
    return { ...result, position };
  }

  async #giveUp(error: unknown): Promise<void> {
    const cause = error instanceof Error ? error : new Fault("bug", String(error));
    await this.#loader.abort(cause);
    await this.#closeReader();
  }

  async #closeReader(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    await reader?.[Symbol.asyncDispose]();
  }
}

/** Without a key, replay cannot mend what an ordinary range read too early or too late (decision 4). */
export function isExactCut(table: PlanTable): boolean {
  return table.exactCut || table.key === null;
}
