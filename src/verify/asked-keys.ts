/**
 * Up to which batches the target's foreign keys are known to hold. A look at all rows of a key says so as of the checkpoint
 * before it; the pages of touched rows that are compared afterwards carry it on, as the rows of each are asked for their
 * parents before the page counts as compared. What was compared without being asked (a whole table, rows that an earlier engine compared) leaves
 * a gap, and a key with a gap is asked as a whole inside the fence. It is kept in memory alone: an engine that took over
 * knows nothing, and asks.
 */
import type { Plan, PlanForeignKey, PlanTable, SourceEngine } from "../model.js";
import type { LaneCheckpoint } from "../stream-port.js";
import type { TableProof, TargetLook } from "../verify-port.js";
import { FencedChildren } from "./fenced-children.js";

/** The last batches of the child's and of the parent's lane whose rows were asked. */
interface Through {
  readonly child: bigint;
  readonly parent: bigint;
}

/** What a look at all rows of a key has told; source names. */
export interface AskedVerdict {
  readonly table: string;
  readonly foreignKey: string;
  readonly parent: string | null;
  /** `holds`, or what keeps it from being known. */
  readonly result: string;
}

/** A page of touched rows of one table, by their keys. */
export interface AskedPage {
  readonly table: PlanTable;
  /** Touched by batches after this one, up to that one. */
  readonly after: bigint;
  readonly upTo: bigint;
  readonly keys: readonly Buffer[];
  /** Those that neither side has any more. */
  readonly absent: readonly Buffer[];
}

export interface AskedAnswer {
  /** Keys of which nothing is known after it. */
  readonly unknown: ReadonlySet<string>;
  /** Rows were met whose parent is not there. */
  readonly orphans: boolean;
  /** Of the tables of the keys that such rows were met of. */
  readonly lanes: readonly string[];
}

export class AskedKeys {
  readonly #plan: Plan;
  readonly #engine: SourceEngine;
  readonly #through = new Map<string, Through>();
  #doubtful = false;

  constructor(plan: Plan, engine: SourceEngine) {
    this.#plan = plan;
    this.#engine = engine;
  }

  /** A page has met rows without their parent since all keys were asked last: they had better be asked again. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  /** All rows of these keys were asked, after the lanes had come to these checkpoints. */
  looked(verdicts: readonly AskedVerdict[], at: ReadonlyMap<string, LaneCheckpoint>): void {
    for (const { table: child, foreignKey, parent, result } of verdicts) {
      const [childAt, parentAt] = [this.#seqAt(child, at), this.#seqAt(parent, at)];
      const name = nameOf(child, foreignKey);
      if (result !== "holds" || childAt === null || parentAt === null) this.#through.delete(name);
      else this.#through.set(name, { child: childAt, parent: parentAt });
    }
  }

  /** All keys of all tables were asked: whatever was in doubt before is answered. */
  answered(): void {
    this.#doubtful = false;
  }

  /** Whether the table has a key, or is referred to by one. */
  concerns(table: PlanTable): boolean {
    return this.#tiesOf(table).length > 0;
  }

  /** Asks a page's rows, in a view no older than the one in which they were compared. */
  async ask(look: TargetLook, { table, keys, absent }: AskedPage, signal: AbortSignal): Promise<AskedAnswer> {
    const children = new FencedChildren(this.#plan, this.#engine, () => false);
    await children.touched(look, table, keys, absent, signal);
    const orphaned = new Set(children.found.map((each) => nameOf(each.table, each.foreignKey)));
    const ties = this.#tiesOf(table);
    const met = ties.filter(({ child, key }) => orphaned.has(nameOf(child.source, key.name)));
    const unsaid = ties.filter(({ child, key }) => children.asksAll(child.source, key.name));
    const lanes = new Set(met.flatMap(({ child, key }) => [child.lane, this.#laneOf(key.referencedTable)]));
    return {
      unknown: new Set([...met, ...unsaid].map(({ child, key }) => nameOf(child.source, key.name))),
      orphans: met.length > 0,
      lanes: [...lanes].flatMap((lane) => lane ?? []),
    };
  }

  /** The page's rows were asked, with this answer. */
  carry({ table, after, upTo }: AskedPage, { unknown, orphans }: AskedAnswer): void {
    if (orphans) this.#doubtful = true;
    for (const { child, key } of this.#tiesOf(table)) {
      const name = nameOf(child.source, key.name);
      const known = this.#through.get(name);
      if (known === undefined) continue;
      if (unknown.has(name)) {
        this.#through.delete(name);
        continue;
      }
      const [asChild, asParent] = [child.source === table.source, key.referencedTable === table.source];
      this.#through.set(name, {
        child: asChild ? carried(known.child, after, upTo) : known.child,
        parent: asParent ? carried(known.parent, after, upTo) : known.parent,
      });
    }
  }

  /** Nothing is known any more: a change was left out. */
  forget(): void {
    this.#through.clear();
  }

  /** Whether a key holds but for what was touched after its two tables were last compared. */
  known(table: string, foreignKey: string, proofs: readonly TableProof[]): boolean {
    const through = this.#through.get(nameOf(table, foreignKey));
    const parent = this.#plan.tables
      .find(({ source }) => source === table)
      ?.foreignKeys?.find(({ name }) => name === foreignKey)?.referencedTable;
    const cleanOf = (name: string | undefined): bigint | null =>
      proofs.find((proof) => proof.table === name)?.clean?.seq ?? null;
    const [childClean, parentClean] = [cleanOf(table), cleanOf(parent)];
    if (through === undefined || childClean === null || parentClean === null) return false;
    return through.child >= childClean && through.parent >= parentClean;
  }

  /** Whether all keys that the target holds its rows to are known. */
  allKnown(proofs: readonly TableProof[]): boolean {
    return this.#plan.tables.every(({ source, foreignKeys = [] }) =>
      foreignKeys.every(({ name, orphans }) => orphans !== "refuse" || this.known(source, name, proofs)),
    );
  }

  #tiesOf(table: PlanTable): readonly { readonly child: PlanTable; readonly key: PlanForeignKey }[] {
    return this.#plan.tables.flatMap((child) =>
      (child.foreignKeys ?? [])
        .filter(({ referencedTable }) => child.source === table.source || referencedTable === table.source)
        .map((key) => ({ child, key })),
    );
  }

  #laneOf(name: string | null): string | undefined {
    return this.#plan.tables.find(({ source }) => source === name)?.lane;
  }

  #seqAt(name: string | null, at: ReadonlyMap<string, LaneCheckpoint>): bigint | null {
    const lane = this.#laneOf(name);
    return lane === undefined ? null : (at.get(lane)?.seq ?? null);
  }
}

/** Batches up to `upTo` are asked where those up to `after` were. */
function carried(known: bigint, after: bigint, upTo: bigint): bigint {
  return known >= after && upTo > known ? upTo : known;
}

function nameOf(table: string, foreignKey: string): string {
  return JSON.stringify([table, foreignKey]);
}
