/** What a witness of the source's log keeps of it: of each transaction that it was asked about what it does, and how many rows it has. */
import { Fault } from "../../../src/errors.js";
import type { PlanTable } from "../../../src/model.js";
import type {
  ChangeSink,
  LoggedAct,
  LoggedCounts,
  LoggedTransaction,
  LogPlace,
  SourceTransaction,
} from "../../../src/stream-port.js";

/** Which transactions were asked for, by name; and whether one that was not lies behind all of them. */
export interface Asked {
  has(name: string): boolean;
  past(name: string): boolean;
}

const nothing: LoggedAct = { kind: "nothing" };

export class WitnessSink implements ChangeSink {
  readonly seen: LoggedTransaction[] = [];
  readonly #asked: Asked;
  readonly #enough: () => void;
  #name = "";
  #wanted = false;
  #rows = new Map<string, number>();
  #markers = new Map<string, number>();
  #emptied: PlanTable[] = [];
  #unseen = false;

  constructor(asked: Asked, enough: () => void) {
    this.#asked = asked;
    this.#enough = enough;
  }

  /** Whatever becomes of it is told by a transaction of its own. */
  prepares({ name }: SourceTransaction, tables: readonly string[]): void {
    this.#name = name;
    if (this.#asked.has(name)) this.#tell(tables.length === 0 ? nothing : { kind: "prepared", tables }, null);
    this.#end();
  }

  begin({ name }: SourceTransaction): void {
    this.#name = name;
    this.#wanted = this.#asked.has(name);
    this.#rows = new Map();
    this.#markers = new Map();
    this.#emptied = [];
    this.#unseen = false;
  }

  wants(): boolean {
    return this.#wanted;
  }

  change(images: { readonly table: PlanTable }): void {
    const { source } = images.table;
    this.#rows.set(source, (this.#rows.get(source) ?? 0) + 1);
  }

  truncate(table: PlanTable): void {
    this.#emptied.push(table);
  }

  /** Its rows were asked for before, or stand before the copy. */
  endsUnseen(): void {
    this.#unseen = true;
  }

  /** A marker that nobody was told of is a marker less, and no act. */
  marker(lane: string): void {
    this.#markers.set(lane, (this.#markers.get(lane) ?? 0) + 1);
  }

  commit(): void {
    if (this.#wanted) this.#tell(this.#act(), { tables: this.#rows, markers: this.#markers });
    this.#end();
  }

  schemaChange(change: Parameters<ChangeSink["schemaChange"]>[0]): void {
    const { at, tables, statement, adds } = change;
    this.#name = at;
    if (this.#asked.has(at)) this.#tell({ kind: "schema", tables, statement, adds }, null);
    this.#end();
  }

  idle(): void {
    // What was asked for may still come.
  }

  full(): boolean {
    return false;
  }

  async drained(): Promise<void> {
    await Promise.resolve();
  }

  /** What the log itself cannot be read over is an answer, where it was asked about (true); other faults are thrown on. */
  refused(error: unknown): boolean {
    const at = error instanceof Fault ? error.facts["at"] : undefined;
    if (!(error instanceof Fault) || typeof at !== "string" || error.retriable) throw error;
    const inAsked = at === this.#name ? this.#wanted : isName(at) && this.#asked.has(at);
    if (!inAsked) return false;
    // Which tables the rest of it is of nobody knows.
    const act: LoggedAct = { kind: "rows", tables: [], why: error.message };
    this.seen.push({ at: placeOf(at), act, counts: null, cut: true });
    return true;
  }

  #act(): LoggedAct {
    if (this.#unseen) return { kind: "unseen" };
    if (this.#rows.size > 0) {
      const tables = [...this.#rows.keys()];
      return { kind: "rows", tables, why: `The source's log has rows of ${tables.join(", ")} in it.` };
    }
    if (this.#emptied.length > 0) return { kind: "truncate", tables: this.#emptied };
    return nothing;
  }

  #tell(act: LoggedAct, counts: LoggedCounts | null): void {
    this.seen.push({ at: placeOf(this.#name), act, counts });
  }

  #end(): void {
    this.#wanted = false;
    if (this.#asked.past(this.#name)) this.#enough();
  }
}

function placeOf(gtid: string): LogPlace {
  return { gtid, file: "", offset: "" };
}

function isName(at: string): boolean {
  return /^(?:\d+-\d+-\d+|[0-9a-f]{8}-[^:]+:.+)$/u.test(at);
}
