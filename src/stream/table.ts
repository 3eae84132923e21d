/**
 * What the stream knows of one table: its codecs' projections, its unique indexes, what foreign keys refer to. A
 * `Shape` is a table together with the form that the log's images have now; readers are asked for once a shape.
 */
import { Fault } from "../errors.js";
import type { Plan, PlanColumn, PlanTable, SourceEngine } from "../model.js";
import type { ImageReader, RowImages } from "../stream-port.js";
import type { Cell } from "../typemap/codec.js";
import { codecOf } from "../typemap/compile.js";
import { keyForm } from "./key.js";
import type { KeyForm } from "./key.js";
import { Projection } from "./projection.js";
import { UniqueIndexes } from "./unique.js";

/** Columns that foreign keys refer to, and on which of a parent's changes they act. */
export interface Referenced {
  readonly columns: Projection;
  readonly onDelete: boolean;
  readonly onUpdate: boolean;
}

/** The codecs' cells, for what the source tells. Fault type-pair where a column has no codec. */
export function codecCells(engine: SourceEngine): (column: PlanColumn) => Cell {
  return (column) => codecOf(column, engine).cell;
}

export class StreamTable {
  readonly plan: PlanTable;
  readonly keyForm: KeyForm;
  readonly unique: UniqueIndexes;
  readonly #cells: readonly Cell[];
  readonly #references: ReturnType<typeof referencesTo>;
  #key: Projection | null = null;
  #row: Projection | null = null;
  #uniqueColumns: Projection | null = null;
  #referenced: readonly Referenced[] | null = null;

  /** Faults: `cellOf`'s. */
  constructor(table: PlanTable, plan: Plan, cellOf: (column: PlanColumn) => Cell) {
    this.plan = table;
    this.#cells = table.columns.map(cellOf);
    this.#references = referencesTo(table, plan);
    this.keyForm = keyForm(this.#keyPlaces().map((place) => table.columns[place]?.targetType ?? ""));
    this.unique = new UniqueIndexes(table);
  }

  /** null without a key. */
  get key(): Projection | null {
    if (this.plan.key === null) return null;
    return (this.#key ??= this.#projection(this.#keyPlaces()));
  }

  get row(): Projection {
    return (this.#row ??= this.#projection(this.plan.columns.map((_, place) => place)));
  }

  /** null where the table has no unique index beside its key. */
  get uniqueColumns(): Projection | null {
    if (this.unique.places.length === 0) return null;
    return (this.#uniqueColumns ??= this.#projection(this.unique.places));
  }

  get referenced(): readonly Referenced[] {
    return (this.#referenced ??= this.#references.map(({ columns, ...on }) => ({
      columns: this.#projection(this.#places(columns)),
      ...on,
    })));
  }

  #keyPlaces(): number[] {
    return this.#places(this.plan.key?.columns ?? []);
  }

  #places(names: readonly string[]): number[] {
    return names.map((name) => {
      const place = this.plan.columns.findIndex(({ source }) => source === name);
      if (place < 0) throw new Fault("bug", `${this.plan.source} has no column ${name}.`);
      return place;
    });
  }

  #projection(places: readonly number[]): Projection {
    return new Projection(this.plan, this.#cells, places);
  }
}

/** Each set of columns of the table that foreign keys with an action point to. */
function referencesTo(
  table: PlanTable,
  plan: Plan,
): { columns: readonly string[]; onDelete: boolean; onUpdate: boolean }[] {
  const acts = (action: string): boolean => action !== "restrict" && action !== "no action";
  const found = new Map<string, { columns: readonly string[]; onDelete: boolean; onUpdate: boolean }>();
  for (const child of plan.tables)
    for (const key of child.foreignKeys ?? []) {
      if (key.referencedTable !== table.source) continue;
      const name = JSON.stringify(key.referencedColumns);
      const known = found.get(name);
      const onDelete = acts(key.onDelete) || known?.onDelete === true;
      const onUpdate = acts(key.onUpdate) || known?.onUpdate === true;
      if (onDelete || onUpdate) found.set(name, { columns: key.referencedColumns, onDelete, onUpdate });
    }
  return [...found.values()];
}

export class Shape {
  readonly table: StreamTable;
  readonly row: ImageReader;
  readonly #images: RowImages;
  #key: ImageReader | null = null;
  #unique: ImageReader | null = null;
  #referenced: ImageReader[] | null = null;

  constructor(table: StreamTable, images: RowImages) {
    this.table = table;
    this.#images = images;
    this.row = images.reader(table.row.places);
  }

  get key(): ImageReader {
    return (this.#key ??= this.#images.reader(this.table.key?.places ?? []));
  }

  get unique(): ImageReader {
    return (this.#unique ??= this.#images.reader(this.table.unique.places));
  }

  /** One for each of the table's `referenced`. */
  get referenced(): readonly ImageReader[] {
    return (this.#referenced ??= this.table.referenced.map(({ columns }) =>
      this.#images.reader(columns.places),
    ));
  }
}
