/**
 * What the way back stood before in one soak: changes of the target that the source does not hold. They are on record at the
 * source, beside the checkpoint that stands before them. What somebody has left out explains why its row differs from then
 * on: that row is no divergence, and a rollback says that it did not go back.
 */
import type { RefusedChange, RefusedRecord, ReverseLedger } from "../cutover-port.js";
import { Fault, skipping } from "../errors.js";
import type { Plan, SourceEngine } from "../model.js";
import type { PoisonEvent } from "../stream/poison.js";
import { keyTexts } from "../verify/key-text.js";
import { keysIn } from "../verify/tuples.js";
import type { Decision } from "./leave-out.js";

export interface RefusedOptions {
  readonly ledger: Pick<ReverseLedger, "quarantine" | "quarantined" | "leaveOut">;
  readonly plan: Plan;
  readonly engine: SourceEngine;
  readonly epoch: string;
  readonly cutover: string;
}

/** A change that was left out, as a rollback tells it. */
export interface LeftOut {
  readonly event: string;
  readonly table: string;
  readonly rows: string;
  readonly reason: string;
  readonly who: string;
  readonly why: string;
}

export class RefusedChanges {
  readonly #options: RefusedOptions;
  readonly #changes = new Map<string, RefusedChange>();
  readonly #leftOut = new Map<string, LeftOut>();
  /** By table and key, as one character a byte, the change that was left out first. */
  readonly #rows = new Map<string, Map<string, string>>();
  /** Tables of which any row may differ. */
  readonly #any = new Set<string>();
  readonly #closed = new Set<string>();

  private constructor(options: RefusedOptions) {
    this.#options = options;
  }

  static async open(options: RefusedOptions): Promise<RefusedChanges> {
    const { ledger, plan, cutover } = options;
    const refused = new RefusedChanges(options);
    for (const record of await ledger.quarantined(plan.migration)) {
      if (record.cutover !== cutover) continue;
      refused.#changes.set(record.event, record);
      if (record.state === "skipped") refused.#explain(record, record);
    }
    return refused;
  }

  /** Ids of changes that the stream leaves out. */
  get skips(): ReadonlySet<string> {
    return new Set(this.#leftOut.keys());
  }

  /** Tables whose form was another one: nothing of them comes by the log any more. */
  readonly closed = (): ReadonlySet<string> => this.#closed;

  get leftOut(): readonly LeftOut[] {
    return [...this.#leftOut.values()];
  }

  /** Whether the row may differ because a change was left out. */
  readonly explains = (table: string, key: Buffer): boolean => {
    return this.#any.has(table) || this.#rows.get(table)?.has(key.toString("latin1")) === true;
  };

  /** The change before which the way back stands, where it is of a row of which one was left out; that one with it. */
  follows({ facts }: Fault): { readonly event: string; readonly leftOut: LeftOut } | null {
    const change = this.#changes.get(String(facts["id"]));
    if (change === undefined || change.touched === null || this.#leftOut.has(change.event)) return null;
    const [row] = keysIn(change.touched);
    const by = row === undefined ? undefined : this.#rows.get(change.table)?.get(row);
    const leftOut = by === undefined ? undefined : this.#leftOut.get(by);
    return leftOut === undefined ? null : { event: change.event, leftOut };
  }

  /** What somebody reads of a standing fault: which rows it is about, and how to go on. */
  told({ message, facts }: Fault): string {
    const change = this.#changes.get(String(facts["id"]));
    if (change === undefined) return message;
    return `${message} Rows: ${change.table} ${change.about}. ${skipping(change.event)} leaves it out.`;
  }

  /** On record when this resolves. */
  async keep(poison: PoisonEvent): Promise<void> {
    const { id: event, table, operation, reason, sentence } = poison;
    const keys = [poison.key, poison.newKey].flatMap((key) =>
      key === null ? [] : [Buffer.from(key, "hex")],
    );
    const touched = keys.length === 0 ? null : Buffer.concat(keys);
    await this.#note({ event, table, operation, touched, reason, sentence });
  }

  /** A row of another form than the plan's is on record as a change of its whole table. */
  async stands(fault: Fault): Promise<void> {
    const { id, table } = fault.facts;
    if (fault.code !== "schema-changed" || typeof id !== "string" || typeof table !== "string") return;
    const { code: reason, message: sentence } = fault;
    await this.#note({ event: id, table, operation: "alter", touched: null, reason, sentence });
  }

  /** Resolves when it is on record. Fault usage where nothing of this name waits. */
  async leaveOut(event: string, decision: Decision): Promise<LeftOut> {
    const { ledger, plan, epoch } = this.#options;
    const change = this.#changes.get(event);
    if (change === undefined || !(await ledger.leaveOut(plan.migration, epoch, event, decision)))
      throw notWaiting(event);
    return this.#explain(change, decision);
  }

  async #note(change: Omit<RefusedChange, "cutover" | "about">): Promise<void> {
    const { ledger, plan, cutover } = this.#options;
    const noted = { ...change, cutover, about: this.#about(change.table, change.touched) };
    await ledger.quarantine(plan.migration, noted);
    this.#changes.set(noted.event, noted);
  }

  #about(source: string, touched: Buffer | null): string {
    const table = this.#options.plan.tables.find((each) => each.source === source);
    if (touched === null || table === undefined) return "(any)";
    const keys = [...keysIn(touched)].map((key) => Buffer.from(key, "latin1"));
    return keys.map((key) => `(${keyTexts(table, this.#options.engine, key).join(", ")})`).join(" ");
  }

  #explain(
    { event, table, about, reason, touched }: RefusedChange,
    { who, why }: { readonly who: string | null; readonly why: string | null },
  ): LeftOut {
    const left = { event, table, rows: about, reason, who: who ?? "", why: why ?? "" };
    this.#leftOut.set(event, left);
    if (reason === "schema-changed") this.#closed.add(table);
    if (touched === null) this.#any.add(table);
    else {
      const rows = this.#rows.get(table) ?? new Map<string, string>();
      for (const key of keysIn(touched)) if (!rows.has(key)) rows.set(key, event);
      this.#rows.set(table, rows);
    }
    return left;
  }
}

/** The change of this id that the way back stands before. */
export function waitingOnWayBack(records: readonly RefusedRecord[], event: string): RefusedRecord {
  const found = records.find((each) => each.event === event && each.state === "kept");
  if (found === undefined) throw notWaiting(event);
  return found;
}

function notWaiting(event: string): Fault {
  return new Fault("usage", `Nothing with the id ${event} waits for a decision on the way back.`, {
    next: "headgate status",
  });
}
