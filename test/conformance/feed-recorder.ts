/**
 * What feed tests share: a sink that writes down everything it is handed, rows as the values that a snapshot's SELECT
 * would have sent, and the plan of a test's database as the product makes it.
 */
import { Connection } from "../../connectors/mysql/connection.js";
import type { MysqlOptions } from "../../connectors/mysql/connection.js";
import { readCatalogue } from "../../connectors/mysql/catalogue.js";
import type { Plan, PlanTable, Position } from "../../src/model.js";
import { plan } from "../../src/plan/plan.js";
import type {
  ChangeOperation,
  ChangeSink,
  RowImages,
  SchemaChange,
  SourceTransaction,
} from "../../src/stream-port.js";
import { loadParser } from "../../src/translate/parser.js";

/** One thing that a feed handed over. Rows are `table:operation:before>after`. */
export type Recorded =
  | { readonly kind: "begin"; readonly name: string; readonly committedAt: number | null }
  | { readonly kind: "change"; readonly text: string }
  | { readonly kind: "truncate"; readonly table: string }
  | { readonly kind: "unseen" }
  | { readonly kind: "marker"; readonly lane: string; readonly id: string; readonly note: string }
  | { readonly kind: "commit"; readonly position: Position }
  | { readonly kind: "schema"; readonly change: SchemaChange; readonly position: Position };

/** Never full unless told; remembers everything. */
export class Recorder implements ChangeSink {
  readonly all: Recorded[] = [];
  readonly transactions: SourceTransaction[] = [];
  idles = 0;
  /** Tables of which nothing is wanted. */
  readonly unwanted = new Set<string>();
  /** How a row is told: the readable text of its columns where none is given. */
  readonly tell: (images: RowImages, bytes: Buffer, start: number, end: number) => string;

  constructor(tell: Recorder["tell"] = firstInts) {
    this.tell = tell;
  }

  begin(transaction: SourceTransaction): void {
    this.transactions.push(transaction);
    this.all.push({ kind: "begin", name: transaction.name, committedAt: transaction.committedAt });
  }

  wants(table: PlanTable): boolean {
    return !this.unwanted.has(table.source);
  }

  change(
    images: RowImages,
    operation: ChangeOperation,
    bytes: Buffer,
    before: number,
    beforeEnd: number,
    after: number,
    afterEnd: number,
  ): void {
    const old = before === beforeEnd ? "" : this.tell(images, bytes, before, beforeEnd);
    const now = after === afterEnd ? "" : this.tell(images, bytes, after, afterEnd);
    this.all.push({ kind: "change", text: `${images.table.source} ${operation} ${old}>${now}` });
  }

  truncate(table: PlanTable): void {
    this.all.push({ kind: "truncate", table: table.source });
  }

  endsUnseen(): void {
    this.all.push({ kind: "unseen" });
  }

  marker(lane: string, id: string, note: string): void {
    this.all.push({ kind: "marker", lane, id, note });
  }

  commit(position: () => Position): void {
    this.all.push({ kind: "commit", position: position() });
  }

  schemaChange(change: SchemaChange, position: () => Position): void {
    this.all.push({ kind: "schema", change, position: position() });
  }

  idle(): void {
    this.idles++;
  }

  full(): boolean {
    return false;
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  /** Changes, truncations, markers, schema changes in short, a `;` where a transaction with any of them ends. */
  get story(): readonly string[] {
    const told: string[] = [];
    for (const one of this.all)
      if (one.kind === "change") told.push(one.text);
      else if (one.kind === "truncate") told.push(`${one.table} truncate`);
      else if (one.kind === "unseen") told.push("unseen");
      else if (one.kind === "marker") told.push(`marker ${one.lane} ${one.note}`);
      else if (one.kind === "schema") told.push(`schema ${one.change.tables.join()}`);
      else if (one.kind === "commit" && !/^(?:;|schema .*)?$/u.test(told.at(-1) ?? "")) told.push(";");
    return told;
  }

  /** Positions of the commits, in order. */
  get positions(): readonly Position[] {
    return this.all.flatMap((one) => (one.kind === "commit" ? [one.position] : []));
  }
}

/** The first column, an int NOT NULL, and the second where it is an int: enough to tell rows of these tests apart. */
export function firstInts(images: RowImages, bytes: Buffer, start: number, end: number): string {
  const types = images.table.columns.map(({ column }) => column.type);
  const wanted = types.flatMap((type, i) => (type === "int" ? [i] : []));
  let told = "";
  images.reader(wanted).read(bytes, start, end, (packet, from) => {
    const nulls = from + 1;
    let at = nulls + ((wanted.length + 9) >> 3);
    told = wanted
      .map((_, i) => {
        if (((packet[nulls + ((i + 2) >> 3)] ?? 0) & (1 << ((i + 2) & 7))) !== 0) return "null";
        at += 4;
        return String(packet.readInt32LE(at - 4));
      })
      .join("/");
  });
  return told;
}

/** The plan that the product makes of the database, with one lane. */
export async function planOf(options: MysqlOptions): Promise<Plan> {
  await using connection = await Connection.open(options);
  await loadParser();
  return plan(await readCatalogue(connection), {
    migration: "20261126_feed",
    schema: "public",
    include: ["*"],
    exclude: ["unplanned%", "unplanned*"],
    rename: {},
    names: "keep",
    rules: [],
    policies: [],
    lanes: "one",
  });
}

/** Full after every change and every transaction, until it is asked to drain. */
export class Stopping extends Recorder {
  #full = false;
  stops = 0;

  override change(...all: Parameters<Recorder["change"]>): void {
    super.change(...all);
    this.#full = true;
  }

  override commit(position: () => Position): void {
    super.commit(position);
    this.#full = true;
  }

  override full(): boolean {
    return this.#full;
  }

  override drained(): Promise<void> {
    this.stops++;
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#full = false;
        resolve();
      });
    });
  }
}
