/**
 * The transaction of the log that is at hand: its name, where it begins, what the sink knows of it. It is there from the
 * event that names it to the one that ends it, and one without a GTID begins with its first event.
 */
import { Fault } from "../../../src/errors.js";
import type { ChangeSink, SourceTransaction } from "../../../src/stream-port.js";
import type { FilePlace, LogFile } from "./log-file.js";
import type { Standing, TransactionName } from "./standing.js";

export interface AtHandParts {
  readonly standing: Standing;
  readonly log: LogFile;
  readonly sink: ChangeSink;
}

export class AtHand {
  name: TransactionName | null = null;
  transaction: SourceTransaction | null = null;
  /** Between BEGIN and what ends it. */
  open = false;
  /** The sink knows of it. */
  begun = false;
  /** Rows and markers that the sink has of it. */
  handed = 0;
  /** Where its first event begins. */
  start: FilePlace = { file: "", offset: 0 };
  /** Tables that a DDL in the same transaction changed (CREATE TABLE ... SELECT): rows behind it are of the new shape. */
  changing = new Set<string>();
  readonly #parts: AtHandParts;

  constructor(parts: AtHandParts) {
    this.#parts = parts;
  }

  /** Whether events of a transaction have come whose end has not. */
  get inside(): boolean {
    return this.open || this.transaction !== null;
  }

  /** What the present event belongs to, for people. */
  get place(): string {
    const { log } = this.#parts;
    return this.transaction?.name ?? `${log.file}:${String(log.start)}`;
  }

  named(name: TransactionName, committedAt: number): void {
    if (this.inside)
      throw new Fault(
        "log-refused",
        "A transaction in the source's log has no end: another one begins in it.",
      );
    const { log } = this.#parts;
    this.start = { file: log.file, offset: log.start };
    this.name = name;
    this.transaction = this.#parts.standing.transaction(name, committedAt);
  }

  /** Named by its place. */
  unnamed(committedAt: number): void {
    const { log } = this.#parts;
    this.named({ by: "none", at: { file: log.file, offset: log.start } }, committedAt);
  }

  /** The transaction; one without a GTID begins now. */
  current(timestamp: number): SourceTransaction {
    if (this.transaction === null) this.unnamed(timestamp * 1000);
    if (this.transaction === null) throw new Fault("bug", "A transaction of the log has no name.");
    return this.transaction;
  }

  tell(): void {
    if (this.begun || this.transaction === null) return;
    this.begun = true;
    this.#parts.sink.begin(this.transaction);
  }

  /** It commits rows that stand before all that is read. */
  endsUnseen(): void {
    this.tell();
    this.#parts.sink.endsUnseen();
  }

  /** It is whole. */
  commit(): void {
    const { sink, standing } = this.#parts;
    if (this.name === null)
      throw new Fault("log-refused", "A transaction in the source's log ends that did not begin.");
    standing.reach(this.name);
    // A lane that stops at a schema change must not be past it; the next transaction's end holds it for the others.
    if (this.begun || this.changing.size === 0) {
      this.tell();
      sink.commit(standing.position);
    }
    this.end();
  }

  end(): void {
    this.name = null;
    this.transaction = null;
    this.open = false;
    this.begun = false;
    this.handed = 0;
    if (this.changing.size > 0) this.changing = new Set();
  }
}
