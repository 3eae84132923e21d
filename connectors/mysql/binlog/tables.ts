/**
 * What the log announces before rows: which table a number stands for. Nearly every announcement is byte for byte the
 * last one of its number, so that each is read once. Of tables that are neither the plan's nor ours nothing is read
 * but the name.
 */
import { Fault } from "../../../src/errors.js";
import type { Plan, PlanTable } from "../../../src/model.js";
import { tableMap } from "../image/announced.js";
import type { AnnouncedTable } from "../image/announced-column.js";
import { imageShape } from "../image/shape.js";
import type { ImageShape } from "../image/shape.js";
import type { ImageWorld } from "../image/world.js";
import { markerDatabase } from "../own-database.js";
import { sameBytes } from "./same-bytes.js";

/** One announcement. */
export class Announced {
  /** The event's body. */
  readonly raw: Buffer;
  /** The plan's table; null where it is another one. */
  readonly table: PlanTable | null;
  /** The lane whose markers these are; null where it is no marker table of this plan. */
  readonly lane: string | null;
  readonly #world: ImageWorld;
  #read: AnnouncedTable | undefined;
  #shape: ImageShape | undefined;

  constructor(raw: Buffer, table: PlanTable | null, lane: string | null, world: ImageWorld) {
    this.raw = raw;
    this.table = table;
    this.lane = lane;
    this.#world = world;
  }

  get announced(): AnnouncedTable {
    this.#read ??= tableMap(this.raw, 0, this.raw.length, this.#world.engine);
    return this.#read;
  }

  /** Faults: schema-changed where the columns are not the plan's. */
  get shape(): ImageShape {
    if (this.#shape !== undefined) return this.#shape;
    if (this.table === null) throw new Fault("bug", "Rows of a table that is not the plan's were asked for.");
    this.#shape = imageShape(this.announced, this.table, this.#world);
    return this.#shape;
  }
}

/** More are not kept from one transaction to the next. */
const most = 10_000;

export class LogTables {
  /** The plan's tables by their names in the log. */
  readonly #tables: ReadonlyMap<string, PlanTable>;
  readonly #lanes: ReadonlyMap<string, string>;
  readonly #database: string;
  readonly #world: ImageWorld;
  /** Whether the server compares names without case, and logs them in lower case. */
  readonly #lower: boolean;
  readonly #known = new Map<number, Announced>();

  constructor(plan: Plan, world: ImageWorld, lowerCaseNames: boolean) {
    this.#lower = lowerCaseNames;
    this.#database = this.#name(plan.database);
    this.#tables = new Map(plan.tables.map((table) => [this.#name(table.source), table]));
    this.#lanes = new Map(plan.lanes.map((lane) => [this.#name(`marker_${lane}`), lane]));
    this.#world = world;
  }

  /** Body of a TABLE_MAP in bytes [at, end). */
  announce(bytes: Buffer, at: number, end: number): Announced {
    const id = bytes.readUIntLE(at, 6);
    const before = this.#known.get(id);
    if (before?.raw.length === end - at && sameBytes(before.raw, bytes, at)) return before;
    const raw = Buffer.from(bytes.subarray(at, end));
    const database = this.#name(nameAt(raw, 8));
    const name = this.#name(nameAt(raw, 10 + (raw[8] as number)));
    const announced = new Announced(
      raw,
      database === this.#database ? (this.#tables.get(name) ?? null) : null,
      database === markerDatabase ? (this.#lanes.get(name) ?? null) : null,
      this.#world,
    );
    this.#known.set(id, announced);
    return announced;
  }

  /** A transaction has ended. Each statement announces its tables itself, so that none is needed any more. */
  ended(): void {
    if (this.#known.size > most) this.#known.clear();
  }

  /** Throws Fault log-refused when the number was not announced. */
  of(id: number): Announced {
    const announced = this.#known.get(id);
    if (announced === undefined)
      throw new Fault(
        "log-refused",
        `The source's log has rows of a table (number ${id}) that it did not announce.`,
      );
    return announced;
  }

  /** The plan's table of that name in its database. */
  planned(database: string, table: string): PlanTable | null {
    if (this.#name(database) !== this.#database) return null;
    return this.#tables.get(this.#name(table)) ?? null;
  }

  #name(text: string): string {
    return this.#lower ? text.toLowerCase() : text;
  }
}

/** A name behind the byte of its length. */
function nameAt(bytes: Buffer, at: number): string {
  const length = bytes[at] ?? 0;
  if (at + 1 + length > bytes.length)
    throw new Fault("log-refused", "The source's log announces a table without its name.");
  return bytes.toString("utf8", at + 1, at + 1 + length);
}
